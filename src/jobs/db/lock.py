"""One process per data directory: two would answer everything twice, and Telegram may end a session used by two."""

import fcntl
import os
from pathlib import Path

from jobs.db.connection import DatabaseError


class AlreadyRunning(Exception):
    """Another process holds the lock on this data directory."""


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
            raise DatabaseError(
                f"{self.path} cannot be opened ({error.strerror}); check the owner of DATA_DIR"
            ) from None
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(file, 32).decode(errors="replace").strip()
            os.close(file)
            raise AlreadyRunning(
                f"Jobs is already running on {self.path.parent} (process {holder or 'unknown'}); stop that one first"
            ) from None
        os.ftruncate(file, 0)
        os.write(file, str(os.getpid()).encode())
        self._file = file

    def release(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None
