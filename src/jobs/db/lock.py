"""One process per data directory: two would answer everything twice, and Telegram may end a session used by two."""

import fcntl
import os
import signal
from pathlib import Path

from jobs.db.connection import DatabaseError
from jobs.texts import Refusal

LOOK_AGAIN = signal.SIGUSR1
"""Tells a running Jobs that another process has opened something again in its database."""


class AlreadyRunning(Refusal):
    """Another process holds the lock on this data directory."""


class HolderUnknown(Refusal):
    """Some process has the lock, but not one that can be told anything from here."""


class DataLock:
    """An flock on `DATA_DIR/jobs.lock`; the kernel drops it when the process ends, however it ends."""

    def __init__(self, data_dir: Path) -> None:
        self.path = data_dir / "jobs.lock"
        self._file: int | None = None

    def acquire(self) -> None:
        """Raises AlreadyRunning when another process has it, DatabaseError when the folder cannot be written."""
        try:
            file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise DatabaseError("lock_closed", path=self.path, why=error.strerror) from None
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(file, 32).decode(errors="replace").strip()
            os.close(file)
            raise AlreadyRunning("lock_taken", folder=self.path.parent, holder=holder or "?") from None
        os.ftruncate(file, 0)
        os.write(file, str(os.getpid()).encode())
        self._file = file

    def holder(self) -> int | None:
        """The process that holds the lock, for the signal LOOK_AGAIN; None when nobody does.

        Raises HolderUnknown when it is out of reach: in another container, or where there is no /proc. A process that
        is not known to have the lock file open is never returned.
        """
        try:
            file = os.open(self.path, os.O_RDWR | os.O_CLOEXEC)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise HolderUnknown("lock_closed", path=self.path, why=error.strerror) from None
        try:
            noted = os.read(file, 32).decode(errors="replace").strip()
            if noted.isdecimal() and int(noted) != os.getpid() and _has_open(int(noted), os.fstat(file)):
                return int(noted)
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise HolderUnknown("lock_out_of_reach", folder=self.path.parent) from None
        finally:
            os.close(file)
        return None

    def release(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None


def _has_open(pid: int, file: os.stat_result) -> bool:
    """Whether a process has this very file open (Linux)."""
    for descriptor in Path(f"/proc/{pid}/fd").glob("*"):
        try:
            if os.path.samestat(descriptor.stat(), file):
                return True
        except OSError:
            continue
    return False
