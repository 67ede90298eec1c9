"""Which rows are finished for long, and their way into the archive.

The last of each chat stay however old they are: they are what a new session is told, and what says that somebody was
written to. Turns stay: they have figures only. Open rows, proofs of tasks, and what was given up stay too.
"""

from datetime import datetime
from itertools import groupby

from jobs.db import Database, Row
from jobs.times import to_text
from jobs.upkeep.archive import Archive

BATCH = 500
"""Rows in one transaction: the event loop is held up for some 20 ms."""
STAY = 100
"""How many rows of each chat stay."""

_INBOX = f"""SELECT inbox.*, lane AS person FROM inbox WHERE created_at < :before AND state IN ('done', 'dropped')
    AND id NOT IN (SELECT inbox_id FROM task_proofs)
    AND id <= (SELECT id FROM inbox AS later WHERE later.lane = inbox.lane ORDER BY id DESC LIMIT 1 OFFSET {STAY})
    ORDER BY lane, id LIMIT {BATCH}"""
_OUTBOX = f"""SELECT outbox.*, chat AS person FROM outbox WHERE created_at < :before AND state = 'sent'
    AND id <= (SELECT id FROM outbox AS later WHERE later.chat = outbox.chat ORDER BY id DESC LIMIT 1 OFFSET {STAY})
    ORDER BY chat, id LIMIT {BATCH}"""
_CALLS = f"""SELECT tool_calls.*, turns.lane AS person FROM tool_calls JOIN turns ON turns.id = turn_id
    WHERE called_at < :before AND turns.state = 'done' ORDER BY turns.lane, tool_calls.id LIMIT {BATCH}"""
ARCHIVED = {"inbox": _INBOX, "outbox": _OUTBOX, "tool_calls": _CALLS}

DROPPED = (
    "DELETE FROM model_calls WHERE at < :before AND reserved_usd = 0",
    "DELETE FROM schedule_runs WHERE ran_at < :before",
    "DELETE FROM questions WHERE asked_at < :before AND state <> 'open'",
)
"""Figures and notes that nobody asks for later."""


def archive_batch(db: Database, archive: Archive, before: datetime) -> int:
    """Move one batch of each table; returns how many rows went. 0: there is nothing left to move. Raises OSError."""
    bindings, moved = {"before": to_text(before)}, 0
    for table, sql in ARCHIVED.items():
        rows = db.execute(sql, bindings)
        for person, of_one in groupby(rows, key=_person):
            archive.add(person, table, [{name: row[name] for name in row if name != "person"} for row in of_one])
        with db.transaction():
            for row in rows:
                db.execute(f"DELETE FROM {table} WHERE id = ?", (row["id"],))
        moved += len(rows)
    return moved


def drop_old(db: Database, before: datetime) -> None:
    with db.transaction():
        for sql in DROPPED:
            db.execute(sql, {"before": to_text(before)})


def _person(row: Row) -> int:
    return int(row["person"])
