"""Where a skill from outside comes from: a folder or an archive of the workspace. Read, never unpacked or followed."""

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from jobs.skills.shelf import LEFT_OUT, File, is_step_down, opened, paths_below, read_file
from jobs.skills.skill import SkillError

MOST_PATHS = 20_000
"""Files in a folder or archive that are looked at."""
LARGEST_ARCHIVE = 20 * 1024 * 1024
"""Bytes of an archive."""
LARGEST_TAR = 50 * 1024 * 1024
"""Bytes of a tar archive once it is decompressed, which is done in memory."""

_COMPRESSED = ((b"\x1f\x8b", gzip.open), (b"BZh", bz2.open), (b"\xfd7zXZ", lzma.open))
_BROKEN = (
    *(tarfile.TarError, zipfile.BadZipFile, zlib.error, lzma.LZMAError),
    *(EOFError, OSError, ValueError, NotImplementedError, RuntimeError),
)
"""What the standard library raises for archives that are torn, encrypted or of an unknown kind."""


@dataclass(frozen=True)
class Source:
    """Files that skills can be taken from. `read` gives one of `paths`, at most so many bytes; raises SkillError."""

    paths: tuple[str, ...]
    read: Callable[[str, int], File]


@contextmanager
def source(workspace: Path, path: str) -> Iterator[Source]:
    """A folder or an archive (zip, tar, also compressed), by its path in the workspace or an absolute one in it.

    Raises SkillError.
    """
    parts = _parts(workspace, path)
    try:
        with opened(workspace, parts) as folder:
            yield Source(tuple(paths_below(folder, MOST_PATHS)), _reader(folder))
            return
    except FileNotFoundError:
        raise SkillError(f"there is no {path} in the workspace") from None
    except SkillError:
        if not parts or not (workspace / path).is_file():
            raise
    with opened(workspace, parts[:-1]) as folder:
        content = read_file(parts[-1], folder, LARGEST_ARCHIVE).content
    with _archive(content, path) as found:
        yield found


def _parts(workspace: Path, path: str) -> list[str]:
    """The steps from the workspace to what `path` names. Raises SkillError."""
    named = PurePosixPath(path)
    if named.is_absolute():
        for root in (workspace.absolute(), workspace.resolve()):
            if named.is_relative_to(root):
                named = named.relative_to(root)
                break
    if named.is_absolute() or ".." in named.parts:
        raise SkillError(f"{path} is not in the workspace; copy it there first")
    return list(named.parts)


def _reader(folder: int) -> Callable[[str, int], File]:
    def read(path: str, most: int) -> File:
        *folders, name = PurePosixPath(path).parts
        with opened(folder, folders) as here:
            return read_file(name, here, most)

    return read


@contextmanager
def _archive(content: bytes, path: str) -> Iterator[Source]:
    try:
        if zipfile.is_zipfile(io.BytesIO(content)):
            with zipfile.ZipFile(io.BytesIO(content)) as zipped:
                yield _of_zip(zipped)
        else:
            with tarfile.open(fileobj=io.BytesIO(_decompressed(content)), mode="r:") as tarred:
                yield _of_tar(tarred)
    except _BROKEN:
        raise SkillError(f"{path} is no folder, and no zip or tar archive that can be read") from None


def _decompressed(content: bytes) -> bytes:
    for magic, opens in _COMPRESSED:
        if content.startswith(magic):
            with opens(io.BytesIO(content)) as file:
                content = file.read(LARGEST_TAR + 1)
            if len(content) > LARGEST_TAR:
                raise SkillError(f"it is larger than {LARGEST_TAR >> 20} MB unpacked")
    return content


def _of_zip(zipped: zipfile.ZipFile) -> Source:
    members = {_path(info.filename): info for info in zipped.infolist() if not info.is_dir()}

    def read(path: str, most: int) -> File:
        info = members[path]
        mode = info.external_attr >> 16
        if mode & 0o170000 not in (0, 0o100000):
            raise SkillError(f"{path} is a link or no plain file")
        with zipped.open(info) as file:
            return _bounded(path, file.read(most + 1), most, bool(mode & 0o100))

    return Source(_wanted(members), read)


def _of_tar(tarred: tarfile.TarFile) -> Source:
    members = {_path(info.name): info for info in tarred if not info.isdir()}

    def read(path: str, most: int) -> File:
        info = members[path]
        file = tarred.extractfile(info) if info.isreg() else None
        if file is None:
            raise SkillError(f"{path} is a link or no plain file")
        return _bounded(path, file.read(most + 1), most, bool(info.mode & 0o100))

    return Source(_wanted(members), read)


def _path(name: str) -> str:
    """A member's path. Raises SkillError when it leads out of the archive."""
    path = PurePosixPath(name.replace("\\", "/"))
    if path.is_absolute() or not all(map(is_step_down, path.parts)):
        raise SkillError("a path in it leads out of it")
    return str(path)


def _wanted(paths: Iterable[str]) -> tuple[str, ...]:
    wanted = sorted(path for path in paths if not LEFT_OUT & set(PurePosixPath(path).parts))
    if len(wanted) > MOST_PATHS:
        raise SkillError(f"it has more than {MOST_PATHS} files")
    return tuple(wanted)


def _bounded(path: str, content: bytes, most: int, executable: bool) -> File:
    if len(content) > most:
        raise SkillError(f"{path} is too large")
    return File(content, executable)
