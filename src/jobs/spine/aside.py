"""What was given up: turns that were set aside, messages that could not be delivered; and trying them again.

Works on a database that a running Jobs has open too: each function is one short transaction.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from jobs.db import Database, Row
from jobs.times import from_text, now, to_text

Kind = Literal["T", "O"]
"""A turn, or a row of the outbox."""

TAKEN_BACK = "taken back by the owner"


@dataclass(frozen=True)
class Aside:
    kind: Kind
    id: int
    person_id: int
    """Who wrote what the turn was about, or whom the message was for."""
    at: datetime
    """When the turn was set aside; when the message was queued."""
    reason: str
    text: str
    """The last message of the turn, or the one that was not delivered."""

    @property
    def name(self) -> str:
        """What `retry` takes: T12, O7."""
        return f"{self.kind}{self.id}"


def given_up(db: Database) -> list[Aside]:
    """Everything that was given up, oldest first."""
    turns = db.execute(
        """SELECT id, lane AS person, finished_at AS at, error, (
               SELECT text FROM inbox WHERE turn_id = turns.id ORDER BY id DESC LIMIT 1) AS text
           FROM turns WHERE state = 'set_aside'"""
    )
    messages = db.execute("SELECT id, chat AS person, created_at AS at, error, text FROM outbox WHERE state = 'failed'")
    found = [*(_aside("T", row) for row in turns), *(_aside("O", row) for row in messages)]
    return sorted(found, key=lambda aside: aside.at)


def retry(db: Database, kind: Kind, row_id: int) -> bool:
    """Open one of them again, with its tries counted from the start. Returns False when no such one was given up.

    What was said of the failure keeps its place under another key, so that a second failure is told as well.
    """
    with db.transaction():
        return _retry_turn(db, row_id) if kind == "T" else _retry_message(db, row_id)


def take_back(db: Database) -> int:
    """Give up what waits in the outbox, but for answers to commands; returns how many messages that were.

    Each can still be tried again. One that was on its way just then may have arrived.
    """
    db.execute("UPDATE outbox SET state = 'failed', error = ? WHERE state = 'queued' AND urgent = 0", (TAKEN_BACK,))
    return db.changes


def _retry_turn(db: Database, turn_id: int) -> bool:
    db.execute(
        """UPDATE turns SET state = 'waiting', attempts = 0, failures = 0, not_before = ?, error = NULL,
           finished_at = NULL WHERE id = ? AND state = 'set_aside'""",
        (to_text(now()), turn_id),
    )
    if not db.changes:
        return False
    db.execute("UPDATE inbox SET state = 'taken' WHERE turn_id = ? AND state = 'set_aside'", (turn_id,))
    _said_before(db, f"turn:{turn_id}:*")
    return True


def _retry_message(db: Database, row_id: int) -> bool:
    db.execute(
        "UPDATE outbox SET state = 'queued', error = NULL, told_in = NULL WHERE id = ? AND state = 'failed'", (row_id,)
    )
    if not db.changes:
        return False
    _said_before(db, f"undelivered:{row_id}:*")
    return True


def _said_before(db: Database, keys: str) -> None:
    db.execute("UPDATE outbox SET key = 'before-' || ? || ':' || key WHERE key GLOB ?", (to_text(now()), keys))


def _aside(kind: Kind, row: Row) -> Aside:
    return Aside(kind, row["id"], row["person"], from_text(row["at"]), row["error"] or "", row["text"] or "")
