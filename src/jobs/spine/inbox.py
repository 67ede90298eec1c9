"""The inbox: the one way in."""

from collections.abc import Callable

from jobs.db import Database, Row
from jobs.spine.extras import Extras
from jobs.spine.model import InboxRow, Incoming, Origin
from jobs.times import from_text, now, to_text


class Inbox:
    """Accepts what happened, once, and tells the lanes.

    A row is on the disk when `accept` returns, or after `Database.flush` where the caller's transaction is not durable;
    only then may anyone be told that it has arrived.
    """

    def __init__(self, db: Database) -> None:
        self._db = db
        self.on_accepted: Callable[[int], None] = lambda lane: None

    def accept(self, event: Incoming, *, handled: bool = False, dropped: bool = False) -> bool:
        """Store the event. Returns False when it was there already. Raises apsw.Error when it cannot be stored.

        `handled`: code has dealt with it (a command), so it is kept as done and no session sees it.
        `dropped`: nothing is to be done with it, ever; it is kept for the record.
        """
        with self._db.transaction():
            self._db.execute(
                """INSERT INTO inbox (key, lane, origin, text, message_id, sent_at, state, created_at, extras, ready_at)
                   VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (key) DO NOTHING""",
                (
                    event.key,
                    event.lane,
                    event.origin,
                    event.text,
                    event.message_id,
                    to_text(event.sent_at),
                    "dropped" if dropped else "done" if handled else "waiting",
                    to_text(now()),
                    event.extras.to_json(),
                    to_text(event.ready_at) if event.ready_at else None,
                ),
            )
            fresh = self._db.changes == 1
        if fresh and not handled and not dropped:
            self.on_accepted(event.lane)
        return fresh

    def waiting(self, lane: int) -> int:
        """How many events wait in a lane for a turn to begin with them."""
        return int(self._db.value("SELECT count(*) FROM inbox WHERE lane = ? AND state = 'waiting'", (lane,)))

    def has(self, key: str) -> bool:
        """Whether the event was stored already."""
        return bool(self._db.one("SELECT 1 FROM inbox WHERE key = ?", (key,)))

    def get(self, row_id: int) -> InboxRow | None:
        """A row, in whatever state."""
        row = self._db.one("SELECT * FROM inbox WHERE id = ?", (row_id,))
        return inbox_row(row) if row else None

    def replace(self, row_id: int, text: str, extras: Extras) -> None:
        """Put other words in the place of those of a row that nobody has begun to handle."""
        self._db.execute("UPDATE inbox SET text = ?, extras = ? WHERE id = ?", (text, extras.to_json(), row_id))

    def note(self, row_id: int, extras: Extras) -> None:
        """Keep what has become known of a row."""
        self._db.execute("UPDATE inbox SET extras = ? WHERE id = ?", (extras.to_json(), row_id))

    def drop(self, key: str) -> bool:
        """Forget an event that nobody has begun to handle (its message was deleted). Returns whether it was there."""
        with self._db.transaction():
            self._db.execute("UPDATE inbox SET state = 'dropped' WHERE key = ? AND state = 'waiting'", (key,))
            return self._db.changes == 1

    def open_lanes(self) -> list[int]:
        """Lanes in which something waits or was cut off."""
        rows = self._db.execute(
            "SELECT DISTINCT lane FROM inbox INDEXED BY inbox_open WHERE state IN ('waiting', 'taken')"
        )
        return [row["lane"] for row in rows]


def inbox_row(row: Row) -> InboxRow:
    return InboxRow(
        id=row["id"],
        key=row["key"],
        lane=row["lane"],
        origin=Origin(row["origin"]),
        text=row["text"],
        sent_at=from_text(row["sent_at"]),
        message_id=row["message_id"],
        extras=Extras.model_validate_json(row["extras"]),
    )
