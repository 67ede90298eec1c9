"""The memory's files read and written whole, so that a kill leaves the old one or the new one, never a torn one."""

import errno
import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path


class StorageError(Exception):
    """What was asked cannot be done; one sentence for the owner and their session."""


def read(path: Path) -> str:
    """A file's text; "" when there is none. Raises StorageError, also for a link, a pipe or a device.

    A session could lay one in the workspace: a link to what only Jobs itself may read, a pipe that nobody writes to.
    """
    try:
        with open(path, encoding="utf-8", errors="surrogateescape", opener=only_itself) as file:
            return file.read()
    except FileNotFoundError:
        return ""
    except OSError as error:
        if path.is_symlink():
            raise StorageError(f"{path.name} is a link, which is not followed; put the file itself there") from None
        raise StorageError(
            f"{path.name} cannot be read ({error.strerror}); see whose it is and who may read it"
        ) from None


def replace(path: Path, text: str, over: str | None = None) -> bool:
    """Put `text` in the file's place, but only as long as it says `over`, where that is given.

    Returns whether it was. Raises StorageError.
    """
    with _writing(path):
        fresh = _written(path, text)
        with fresh.open() as file:
            os.fsync(file.fileno())
        return _put(fresh, path, over)


def replace_all(texts: Mapping[Path, tuple[str, str]]) -> list[Path]:
    """Put each file's second text in its place, as long as it says the first; the disk is waited for once.

    Returns those that say something else by now. Raises StorageError.
    """
    fresh: dict[Path, Path] = {}
    for path, (_, text) in texts.items():
        with _writing(path):
            fresh[path] = _written(path, text)
    if fresh:
        os.sync()
    left = []
    for path, (over, _) in texts.items():
        with _writing(path):
            left += [] if _put(fresh[path], path, over) else [path]
    return left


def remove_unfinished(path: Path) -> None:
    """Remove what a kill has left of writing a file, or those in a folder and below it. Raises StorageError."""
    for fresh in path.rglob(_fresh(Path("*.md")).name) if path.is_dir() else (_fresh(path),):
        with _writing(fresh):
            fresh.unlink(missing_ok=True)


def _fresh(path: Path) -> Path:
    return path.with_name(f".{path.name}.new")


def _written(path: Path, text: str) -> Path:
    """A new file beside another, with the same rights; the disk may not have it yet."""
    fresh = _fresh(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh.unlink(missing_ok=True)
    with fresh.open("x", encoding="utf-8", errors="surrogateescape", newline="") as file:
        file.write(text)
    if path.exists():
        fresh.chmod(path.stat().st_mode & 0o777)
    return fresh


def _put(fresh: Path, path: Path, over: str | None) -> bool:
    if over is not None and read(path) != over:
        fresh.unlink()
        return False
    fresh.replace(path)
    return True


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StorageError(f"{path.name} cannot be written ({error.strerror})") from None


def only_itself(path: str, flags: int) -> int:
    """An `opener` of regular files: follows no link, waits for no writer. Raises OSError."""
    file = os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK)
    mode = os.fstat(file).st_mode
    if stat.S_ISREG(mode) or stat.S_ISDIR(mode):  # a folder is refused by `open`
        return file
    os.close(file)
    raise OSError(errno.EINVAL, "it is a pipe or a device, not a file", path)
