"""The memory's files read and written whole, so that a kill leaves the old one or the new one, never a torn one."""

import errno
import os
import stat
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
    fresh = path.with_name(f".{path.name}.new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh.unlink(missing_ok=True)
        with fresh.open("x", encoding="utf-8", errors="surrogateescape", newline="") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        if path.exists():
            fresh.chmod(path.stat().st_mode & 0o777)
        if over is not None and read(path) != over:
            fresh.unlink()
            return False
        fresh.replace(path)
    except OSError as error:
        raise StorageError(f"{path.name} cannot be written ({error.strerror})") from None
    return True


def only_itself(path: str, flags: int) -> int:
    """An `opener` of regular files: follows no link, waits for no writer. Raises OSError."""
    file = os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK)
    mode = os.fstat(file).st_mode
    if stat.S_ISREG(mode) or stat.S_ISDIR(mode):  # a folder is refused by `open`
        return file
    os.close(file)
    raise OSError(errno.EINVAL, "it is a pipe or a device, not a file", path)
