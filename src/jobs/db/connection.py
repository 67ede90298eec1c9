"""The connection: short, synchronous transactions on the event loop's own thread.

A transaction never spans an `await`, so two of them cannot interleave and no lock is needed; each takes well under a
millisecond plus one fsync (`docs/decisions.md`, "SQLite on the loop's thread").
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import apsw

from jobs.db.flushing import Flushing
from jobs.db.meta import Meta
from jobs.texts import Refusal

Row = dict[str, Any]
Bindings = Sequence[Any] | Mapping[str, Any]

BUSY_TIMEOUT_MS = 5000


class DatabaseError(Refusal):
    """The database cannot be used; one sentence for the person who starts the program."""


class Database:
    """A SQLite connection whose rows are dictionaries.

    `synchronous=FULL` in WAL mode: a commit is on the disk when it returns, so neither a kill nor a power cut takes
    back what was acknowledged. What that costs: benchmarks/delivery.py.
    """

    SYNCHRONOUS = "FULL"

    def __init__(self, path: Path) -> None:
        self.path = path
        self.meta = Meta(self)
        self._connection = apsw.Connection(str(path))
        # A log that a crash left stays where it is until it is known that the file may be used (see `configure`).
        left_behind = path.with_name(f"{path.name}-wal").exists()
        self._connection.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, int(left_behind))
        self._connection.set_busy_timeout(BUSY_TIMEOUT_MS)
        self._connection.set_row_trace(_as_dict)
        self._depth = 0
        self._flushing = Flushing(lambda: self.flush())

    def configure(self) -> None:
        """Switch to WAL and turn on what SQLite leaves off; separate from opening, since it writes to the file."""
        self._connection.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0)
        self._connection.execute("PRAGMA journal_mode = WAL").fetchall()
        self._connection.execute(f"PRAGMA synchronous = {self.SYNCHRONOUS}")
        self._connection.execute("PRAGMA foreign_keys = ON")
        self._connection.execute("PRAGMA secure_delete = ON").fetchall()  # what is forgotten is not left in free pages

    def execute(self, sql: str, bindings: Bindings = ()) -> list[Row]:
        """Run one statement and return its rows (with RETURNING, those written)."""
        rows: Any = self._connection.execute(sql, bindings).fetchall()  # dictionaries, by the row trace
        return list(rows)

    def script(self, sql: str) -> None:
        """Run several statements."""
        self._connection.execute(sql).fetchall()

    def one(self, sql: str, bindings: Bindings = ()) -> Row | None:
        """The first row, or None."""
        rows = self.execute(sql, bindings)
        return rows[0] if rows else None

    def value(self, sql: str, bindings: Bindings = ()) -> Any:
        """The first column of the first row, or None."""
        row = self.one(sql, bindings)
        return next(iter(row.values())) if row else None

    @property
    def changes(self) -> int:
        """How many rows the last INSERT, UPDATE or DELETE changed."""
        return self._connection.changes()

    @contextmanager
    def transaction(self, *, durable: bool = True) -> Iterator[None]:
        """All or nothing. Inside another transaction it is a part of that one. Do not `await` inside.

        One that is not `durable` survives a kill, but a power cut may take it back (never one that came before it, and
        never only it): for what would merely be done again, or until it is `flushed`. It costs no fsync.
        """
        if self._depth:
            with self._savepoint():
                yield
            return
        relaxed = not durable and self.SYNCHRONOUS == "FULL"
        if relaxed:
            self._connection.execute("PRAGMA synchronous = NORMAL")
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            self._depth = 1
            try:
                yield
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise
        finally:
            self._depth = 0
            if relaxed:
                self._connection.execute(f"PRAGMA synchronous = {self.SYNCHRONOUS}")

    @contextmanager
    def _savepoint(self) -> Iterator[None]:
        """A part of a transaction: whoever catches what it raises goes on without all of it."""
        name = f"part_{self._depth}"
        self._connection.execute(f"SAVEPOINT {name}")
        self._depth += 1
        try:
            yield
        except BaseException:
            if self._connection.in_transaction:  # a full disk takes the whole of it back at once
                self._connection.execute(f"ROLLBACK TO {name}")
            raise
        finally:
            self._depth -= 1
            if self._connection.in_transaction:
                self._connection.execute(f"RELEASE {name}")

    def flush(self) -> None:
        """Put all that was committed on the disk. Takes milliseconds; may be called in another thread. Raises OSError.

        SQLite itself does no more at a durable commit than to sync its log (sqlite.org/pragma.html#pragma_synchronous).
        """
        if self.SYNCHRONOUS != "FULL":
            return
        with suppress(FileNotFoundError):  # nothing was written yet
            log = os.open(self.path.with_name(f"{self.path.name}-wal"), os.O_RDONLY)
            try:
                (os.fdatasync if hasattr(os, "fdatasync") else os.fsync)(log)
            finally:
                os.close(log)

    async def flushed(self) -> None:
        """As `flush`, while the event loop goes on."""
        await self._flushing.flushed()

    def empty_log(self) -> bool:
        """Bring everything into the file itself: what was deleted is then on the disk no more.

        Returns False when somebody reads just now: it is to be called again.
        """
        self._connection.set_busy_timeout(0)
        try:
            return not self.value("PRAGMA wal_checkpoint(TRUNCATE)")
        except apsw.BusyError:
            return False
        finally:
            self._connection.set_busy_timeout(BUSY_TIMEOUT_MS)

    def close(self) -> None:
        self._connection.close()


def _as_dict(cursor: apsw.Cursor, row: tuple[Any, ...]) -> Row:
    return {column[0]: value for column, value in zip(cursor.get_description(), row, strict=True)}
