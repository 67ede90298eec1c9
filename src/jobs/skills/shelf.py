"""A folder of skills on the disk. No link is ever followed: the owner's agent may write there what it likes.

Jobs itself may read and write more than the agent may, so each step down a path is taken from the folder that is open.
"""

import errno
import os
import secrets
import shutil
import stat
import time
from collections.abc import Container, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path, PurePosixPath

from jobs.skills.skill import SKILL_FILE, Broken

MOST_FILES = 300
LEFT_OUT = frozenset({".git", ".hg", ".svn", "node_modules", "__MACOSX", "__pycache__", ".venv"})
"""Folders that are no part of any skill."""
LARGEST = 10 * 1024 * 1024
"""Bytes of all files of one skill."""

MOST_MARKED = 1000
"""Files and folders that are looked at to see whether anything has changed."""
SETTLED_NS = 1_000_000_000
"""How old the newest change has to be, in ns, for the next one to have another time: file systems count in ticks."""

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


@dataclass(frozen=True)
class File:
    content: bytes
    executable: bool = False


Bundle = dict[str, File]
"""The files of one skill, by their paths below its folder."""


def fingerprint(bundle: Bundle) -> str:
    """Names exactly these files: what the owner said yes to."""
    parts = [f"{path!r} {file.executable} {sha256(file.content).hexdigest()}" for path, file in sorted(bundle.items())]
    return sha256("\n".join(parts).encode("utf-8", "surrogateescape")).hexdigest()


@contextmanager
def opened(root: Path | int, parts: Sequence[str], *, make: bool = False) -> Iterator[int]:
    """A folder below `root`, a path or an open folder, as a descriptor; its parts are made if need be.

    Raises Broken when one of them is a link, a step up or no folder, FileNotFoundError when there is none.
    """
    if not all(map(is_step_down, parts)):
        raise Broken("path_out")
    here = os.dup(root) if isinstance(root, int) else os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for part in parts:
            if make:
                with suppress(FileExistsError):
                    os.mkdir(part, dir_fd=here)
            try:
                below = os.open(part, _FOLDER, dir_fd=here)
            except FileNotFoundError:
                raise
            except OSError as error:
                if error.errno in (errno.ELOOP, errno.ENOTDIR):
                    raise Broken("link", path=part) from None
                raise Broken("unreadable", path=part, reason=error.strerror) from None
            os.close(here)
            here = below
        yield here
    finally:
        os.close(here)


def is_step_down(part: str) -> bool:
    """Whether a part of a path leads to something in the folder before it."""
    return part not in ("", ".", "..") and "/" not in part and "\0" not in part


def read_file(name: str, folder: int, most: int) -> File:
    """A plain file of an open folder. Raises Broken when it is anything else, or larger than `most` bytes."""
    try:
        descriptor = os.open(name, _FILE, dir_fd=folder)
    except OSError as error:
        raise Broken("unreadable", path=name, reason=error.strerror) from None
    with os.fdopen(descriptor, "rb") as file:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise Broken("no_file", path=name)
        content = file.read(most + 1)
    if len(content) > most:
        raise Broken("large", path=name)
    return File(content, bool(status.st_mode & 0o100))


def paths_below(folder: int, most: int) -> list[str]:
    """The paths of all files below an open folder, links among them, but for those in LEFT_OUT.

    Raises Broken when there are more than `most`.
    """
    found: list[str] = []
    for where, folders, names, here in os.fwalk(".", dir_fd=folder):
        links = [name for name in folders if stat.S_ISLNK(os.stat(name, dir_fd=here, follow_symlinks=False).st_mode)]
        folders[:] = sorted(name for name in folders if name not in LEFT_OUT and name not in links)
        found += [str(PurePosixPath(where, name)) for name in sorted([*names, *links])]
        if len(found) > most:
            raise Broken("many_files", most=most)
    return found


class Shelf:
    """The skills in the folder `parts` below `root`: `<name>/SKILL.md` and what lies beside it."""

    def __init__(self, root: Path, *parts: str) -> None:
        self._root = root
        self._parts = parts

    def names(self) -> list[str]:
        """What lies there under a name that does not begin with a dot, in order. Raises Broken."""
        try:
            with opened(self._root, self._parts) as folder:
                return sorted(name for name in os.listdir(folder) if not name.startswith("."))
        except FileNotFoundError:
            return []

    def has(self, name: str) -> bool:
        return name in self.names()

    def mark(self, known: Container[str]) -> tuple[tuple[object, ...], ...] | None:
        """What is another as soon as anything has changed: of `known` ones their SKILL.md, of others any file.

        Read from the folders only, so it costs little. None when it cannot be told: a change was just now, so that the
        next one could look the same; there are too many files; the folder cannot be read.
        """
        marks: list[tuple[object, ...]] = []
        newest = 0
        try:
            with opened(self._root, self._parts) as shelf:
                for path, status in _statuses(shelf, known):
                    marks.append((path, status.st_mode, status.st_ino, status.st_size, status.st_ctime_ns))
                    newest = max(newest, status.st_ctime_ns)
                    if len(marks) > MOST_MARKED:
                        return None
        except (OSError, Broken):
            return None
        return tuple(marks) if time.time_ns() - newest > SETTLED_NS else None

    def text(self, name: str) -> str:
        """The SKILL.md of one. Raises Broken."""
        return as_text(self._file(name, SKILL_FILE))

    def files(self, name: str) -> list[str]:
        """The paths of all files of one. Raises Broken."""
        with self._of(name) as folder:
            return paths_below(folder, MOST_FILES)

    def bundle(self, name: str) -> Bundle:
        """All files of one. Raises Broken."""
        bundle: Bundle = {}
        left = LARGEST
        for path in self.files(name):
            bundle[path] = file = self._file(name, path, left)
            left -= len(file.content)
        return bundle

    def put(self, name: str, bundle: Bundle) -> None:
        """Place a skill: all of it or nothing, whatever is killed. Raises Broken when one of that name is there."""
        fresh = f".{name}.{secrets.token_hex(4)}"
        with opened(self._root, self._parts, make=True) as shelf:
            for left in os.listdir(shelf):
                if left.startswith(f".{name}."):  # of a start that was killed
                    shutil.rmtree(left, ignore_errors=True, dir_fd=shelf)
            os.mkdir(fresh, dir_fd=shelf)
            try:
                for path, file in bundle.items():
                    _write(shelf, [fresh, *PurePosixPath(path).parts], file)
                if name in os.listdir(shelf):  # also a link, which a rename would take the place of
                    raise Broken("there_already", name=name)
                os.rename(fresh, name, src_dir_fd=shelf, dst_dir_fd=shelf)
                os.fsync(shelf)
            except BaseException:
                shutil.rmtree(fresh, ignore_errors=True, dir_fd=shelf)
                raise

    def rewrite(self, name: str, text: str) -> None:
        """Replace the SKILL.md of one; a kill leaves the old one or the new one. Raises Broken."""
        with self._of(name) as folder:
            fresh = f".{SKILL_FILE}.new"
            with suppress(FileNotFoundError):
                os.unlink(fresh, dir_fd=folder)
            _write(folder, [fresh], File(text.encode("utf-8", "replace")))
            os.replace(fresh, SKILL_FILE, src_dir_fd=folder, dst_dir_fd=folder)

    def remove(self, name: str) -> None:
        """Take one away with all its files; a link goes, not what it leads to. None of that name is no error."""
        if not is_step_down(name):
            raise Broken("path_out")
        try:
            with opened(self._root, self._parts) as shelf:
                if stat.S_ISDIR(os.stat(name, dir_fd=shelf, follow_symlinks=False).st_mode):
                    shutil.rmtree(name, dir_fd=shelf)
                else:
                    os.unlink(name, dir_fd=shelf)
        except FileNotFoundError:
            return

    @contextmanager
    def _of(self, name: str) -> Iterator[int]:
        try:
            with opened(self._root, [*self._parts, name]) as folder:
                yield folder
        except FileNotFoundError:
            raise Broken("gone", name=name) from None

    def _file(self, name: str, path: str, most: int = LARGEST) -> File:
        *folders, last = PurePosixPath(path).parts
        try:
            with opened(self._root, [*self._parts, name, *folders]) as folder:
                return read_file(last, folder, most)
        except FileNotFoundError:
            raise Broken("lacks", path=path) from None


def _statuses(shelf: int, known: Container[str]) -> Iterator[tuple[str, os.stat_result]]:
    """What lies on an open shelf, with its status; no link is followed."""
    for name in sorted(os.listdir(shelf)):
        if name.startswith("."):
            continue
        status = os.stat(name, dir_fd=shelf, follow_symlinks=False)
        yield name, status
        if not stat.S_ISDIR(status.st_mode):
            continue
        if name in known:
            with suppress(FileNotFoundError):
                path = f"{name}/{SKILL_FILE}"
                yield path, os.stat(path, dir_fd=shelf, follow_symlinks=False)
            continue
        for where, folders, names, here in os.fwalk(name, dir_fd=shelf):
            folders[:] = sorted(folder for folder in folders if folder not in LEFT_OUT)
            for each in sorted([*folders, *names]):
                yield f"{where}/{each}", os.stat(each, dir_fd=here, follow_symlinks=False)


def as_text(file: File) -> str:
    """Raises Broken when it is no UTF-8."""
    try:
        return file.content.decode("utf-8")
    except UnicodeDecodeError:
        raise Broken("no_text") from None


def _write(folder: int, parts: Sequence[str], file: File) -> None:
    """Write a new file below an open folder."""
    mode = 0o777 if file.executable else 0o666
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    with opened(folder, parts[:-1], make=True) as here:
        if not is_step_down(parts[-1]):
            raise Broken("path_out")
        with os.fdopen(os.open(parts[-1], flags, mode, dir_fd=here), "wb") as target:
            target.write(file.content)
            target.flush()
            os.fsync(target.fileno())
