"""Turns as records: begun, finished, put off, set aside; and what their tools did.

The rows of a turn are marked done in the same transaction that puts its reply into the outbox, so there is no instant
at which a crash could lose a reply or make a second one.
"""

import json
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from jobs.db import Database, Row
from jobs.spine.inbox import inbox_row
from jobs.spine.model import NOTHING_USED, FinishedCall, InboxRow, OutboxKind, Turn, TurnEnd, Usage
from jobs.spine.outbox import Outbox
from jobs.spine.own_lanes import is_persons
from jobs.times import from_text, now, to_text

LONGEST_ALBUM = timedelta(seconds=2)
"""A part of an album never holds its lane for longer than this, whatever the clock says."""

_OPEN_TURN = """SELECT * FROM turns WHERE lane = ? AND state IN ('running', 'waiting')
                ORDER BY coalesce(not_before, ''), id LIMIT 1"""
"""There can be two: a turn that was set aside and is tried again beside one that was put off. The sooner goes first."""


class Turns:
    def __init__(self, db: Database, outbox: Outbox) -> None:
        self._db = db
        self._outbox = outbox
        self._due_at: dict[int, float] = {}
        """When turns that were put off are due, by their ids, in monotonic seconds: the machine's clock may
        be set meanwhile. What an earlier run put off is due at once; what the table says is for the reader."""
        self.on_ended: Callable[[Turn, TurnEnd], None] = lambda turn, end: None
        """Told of every turn that is done or set aside, in the transaction that closes it."""

    def begin(self, lane: int) -> Turn | None:
        """Take everything that waits in the lane as one turn.

        A turn that was cut off or put off is begun again, and what has come since joins it. None when there is nothing
        to do yet: nothing waits, the turn that was put off is not due and nothing new has come, or an album is coming.
        """
        if self.settles_in(lane):
            return None
        with self._db.transaction(durable=False):  # without it the rows still wait, and all that follows is gone too
            turn = self._db.one(_OPEN_TURN, (lane,))
            waiting = self._db.one("SELECT 1 FROM inbox WHERE lane = ? AND state = 'waiting' LIMIT 1", (lane,))
            if not waiting and (turn is None or self._pause(turn) > 0):
                return None
            if turn is None:
                turn = self._db.execute(
                    "INSERT INTO turns (lane, state, attempts, started_at) VALUES (?, 'running', 1, ?) RETURNING *",
                    (lane, to_text(now())),
                )[0]
            else:
                turn = self._db.execute(
                    """UPDATE turns SET state = 'running', attempts = attempts + 1, not_before = NULL
                       WHERE id = ? RETURNING *""",
                    (turn["id"],),
                )[0]
            self._db.execute(
                "UPDATE inbox SET state = 'taken', turn_id = ? WHERE lane = ? AND state = 'waiting'", (turn["id"], lane)
            )
            return self._load(turn)

    def is_open(self, lane: int) -> bool:
        """Whether anything in the lane is still to be handled, now or later."""
        sql = "SELECT 1 FROM inbox INDEXED BY inbox_open WHERE lane = ? AND state IN ('waiting', 'taken') LIMIT 1"
        return bool(self._db.one(sql, (lane,)))

    def waiting(self, lane: int) -> list[InboxRow]:
        """What waits in a lane."""
        rows = self._db.execute("SELECT * FROM inbox WHERE lane = ? AND state = 'waiting' ORDER BY id", (lane,))
        return [inbox_row(row) for row in rows]

    def join(self, turn: Turn, up_to: int) -> list[InboxRow]:
        """Take what has come to the lane since, up to that row, into the running turn, and return it."""
        with self._db.transaction():
            rows = self._db.execute(
                """UPDATE inbox SET state = 'taken', turn_id = ? WHERE lane = ? AND state = 'waiting' AND id <= ?
                   RETURNING *""",
                (turn.id, turn.lane, up_to),
            )
        return _in_order(rows)

    def calls(self, turn: Turn) -> list[str]:
        """The names of the tools that have finished in a turn, in order."""
        rows = self._db.execute("SELECT tool FROM tool_calls WHERE turn_id = ? ORDER BY id", (turn.id,))
        return [row["tool"] for row in rows]

    def abandon(self, lane: int) -> bool:
        """Drop what waits in a lane now, and the turn that was put off there. Returns whether there was anything."""
        with self._db.transaction():
            self._db.execute(
                """UPDATE inbox SET state = 'dropped' WHERE lane = :lane AND (state = 'waiting' OR state = 'taken'
                   AND turn_id IN (SELECT id FROM turns WHERE lane = :lane AND state = 'waiting'))""",
                {"lane": lane},
            )
            dropped = self._db.changes > 0
            self._db.execute(
                """UPDATE turns SET state = 'done', error = 'stopped', finished_at = ?, not_before = NULL
                   WHERE lane = ? AND state = 'waiting'""",
                (to_text(now()), lane),
            )
            return dropped

    def note_stop(self, turn: Turn) -> None:
        """Somebody has stopped a running turn: whatever happens before it has ended, it is not run again."""
        self._db.execute("UPDATE turns SET error = 'stopped' WHERE id = ? AND state = 'running'", (turn.id,))

    def cut_while_stopping(self) -> list[Turn]:
        """Turns that a crash cut off after they were stopped; to be asked before any turn is begun."""
        rows = self._db.execute("SELECT * FROM turns WHERE state = 'running' AND error = 'stopped'")
        return [self._load(row) for row in rows]

    def try_now(self) -> None:
        """What was put off is due at once: something it failed by may have changed. The lanes have to be woken."""
        self._db.execute("UPDATE turns SET not_before = ? WHERE state = 'waiting'", (to_text(now()),))

    def _load(self, turn: Row) -> Turn:
        rows = self._db.execute("SELECT * FROM inbox WHERE turn_id = ? ORDER BY id", (turn["id"],))
        calls = self._db.execute("SELECT * FROM tool_calls WHERE turn_id = ? ORDER BY id", (turn["id"],))
        return Turn(
            id=turn["id"],
            lane=turn["lane"],
            attempt=turn["attempts"],
            failures=turn["failures"],
            started_at=from_text(turn["started_at"]),
            rows=_in_order(rows),
            finished_calls=[FinishedCall(call["tool"], call["arguments"], call["result"]) for call in calls],
        )

    def settles_in(self, lane: int) -> float:
        """Seconds until what waits in the lane is complete (an album comes in parts); 0 when it is."""
        text = self._db.value("SELECT max(ready_at) FROM inbox WHERE lane = ? AND state = 'waiting'", (lane,))
        left = from_text(text) - now() if text else timedelta(0)
        return left.total_seconds() if timedelta(0) < left < LONGEST_ALBUM else 0.0

    def due_in(self, lane: int) -> float | None:
        """Seconds until the lane has something to do that waits for its time; None when there is nothing."""
        if settling := self.settles_in(lane):
            return settling
        turns = self._db.execute("SELECT * FROM turns WHERE lane = ? AND state = 'waiting'", (lane,))
        return min(map(self._pause, turns), default=None)

    def _pause(self, turn: Row) -> float:
        """Seconds until an open turn may be begun."""
        if turn["state"] == "running":
            return 0.0
        return max(0.0, self._due_at.get(turn["id"], 0.0) - time.monotonic())

    def finish(self, turn: Turn, reply: str, usage: Usage, *, stopped: bool = False, or_else: str = "") -> None:
        """The turn is done: its rows, its reply and its cost, in one transaction. `stopped`: by the person.

        `or_else` is said when nothing of the reply would be seen.
        """
        with self._db.transaction(durable=False):  # before a power cut takes it back, nobody has seen the reply
            self._close(turn, TurnEnd("done", "stopped" if stopped else None, usage, reply.strip()))
            if is_persons(turn.lane):
                key = f"turn:{turn.id}"
                self._outbox.say(key, turn.lane, OutboxKind.ANSWER, reply.strip(), turn_id=turn.id, or_else=or_else)

    def put_off(self, turn: Turn, error: str, until: datetime, notice: str | None, *, own_fault: bool) -> None:
        """Try again at `until`. `notice` is said to the person, once a turn. The rows stay open."""
        self._due_at[turn.id] = time.monotonic() + (until - now()).total_seconds()
        with self._db.transaction():
            self._db.execute(
                "UPDATE turns SET state = 'waiting', error = ?, not_before = ?, failures = failures + ? WHERE id = ?",
                (error, to_text(until), int(own_fault), turn.id),
            )
            if notice and is_persons(turn.lane):
                self._outbox.say(f"turn:{turn.id}:put-off", turn.lane, OutboxKind.NOTICE, notice, turn_id=turn.id)

    def set_aside(self, turn: Turn, error: str, notice: str, usage: Usage = NOTHING_USED) -> None:
        """Give the turn up so that it does not block its lane; `notice` is said to the person, if it is a person's."""
        with self._db.transaction():
            self._close(turn, TurnEnd("set_aside", error, usage))
            if is_persons(turn.lane):
                self._outbox.say(f"turn:{turn.id}:set-aside", turn.lane, OutboxKind.NOTICE, notice, turn_id=turn.id)

    def _close(self, turn: Turn, end: TurnEnd) -> None:
        self._due_at.pop(turn.id, None)
        usage = end.usage
        self._db.execute(
            """UPDATE turns SET state = ?, error = ?, finished_at = ?, not_before = NULL,
               input_tokens = ?, output_tokens = ?, cost_usd = ?, model = ? WHERE id = ?""",
            (
                end.state,
                end.error,
                to_text(now()),
                usage.input_tokens,
                usage.output_tokens,
                usage.cost_usd,
                usage.model,
                turn.id,
            ),
        )
        self._db.execute("UPDATE inbox SET state = ? WHERE turn_id = ?", (end.state, turn.id))
        self.on_ended(turn, end)


class ToolJournal:
    """What the tools of one attempt do, so that the next attempt at the same turn does not do it twice."""

    def __init__(self, db: Database, turn_id: int) -> None:
        self._db = db
        self.turn_id = turn_id
        self._calls: dict[tuple[str, str], int] = {}

    def replay(self, tool: str, arguments: dict[str, Any]) -> Any | None:
        """The result of the same call by an earlier attempt, each result once; None when the call has to be made."""
        text = canonical(arguments)
        row = self._db.one(
            "SELECT result FROM tool_calls WHERE turn_id = ? AND tool = ? AND arguments = ? AND ordinal = ?",
            (self.turn_id, tool, text, self._calls.get((tool, text), 0)),
        )
        if row is None:
            return None
        self._count(tool, text)
        return json.loads(row["result"])

    def act(self, tool: str, arguments: dict[str, Any], effect: Callable[[], Any]) -> Any:
        """Run an effect and record it, both or neither. The effect may only write to the database."""
        with self._db.transaction():
            result = effect()
            self.record(tool, arguments, result)
        self._count(tool, canonical(arguments))
        return result

    def note(self, tool: str, arguments: dict[str, Any], result: Any) -> None:
        """Record a call that something else has made."""
        self.record(tool, arguments, result)
        self._count(tool, canonical(arguments))

    def record(self, tool: str, arguments: dict[str, Any], result: Any) -> None:
        """Store a finished call under the next ordinal. A call that failed has none, so it cannot hide a later one."""
        text = canonical(arguments)
        self._db.execute(
            """INSERT OR IGNORE INTO tool_calls (turn_id, tool, arguments, ordinal, result, called_at)
               VALUES (?, ?, ?, ?, ?, ?)""",
            (
                self.turn_id,
                tool,
                text,
                self._calls.get((tool, text), 0),
                json.dumps(result, ensure_ascii=False),
                to_text(now()),
            ),
        )

    def _count(self, tool: str, text: str) -> None:
        self._calls[tool, text] = self._calls.get((tool, text), 0) + 1


def was_stopped(db: Database, turn: Turn) -> bool:
    """Whether the turn before this one in its lane was stopped by the person."""
    error = db.value("SELECT error FROM turns WHERE lane = ? AND id < ? ORDER BY id DESC LIMIT 1", (turn.lane, turn.id))
    return bool(error == "stopped")


def canonical(arguments: dict[str, Any]) -> str:
    """Arguments as JSON that is the same for the same call."""
    return json.dumps(arguments, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def _in_order(rows: list[Row]) -> list[InboxRow]:
    """As they were written: a message can be pushed before older ones are read from history."""
    key = "message_id" if all(row["message_id"] is not None for row in rows) else "id"
    return [inbox_row(row) for row in sorted(rows, key=lambda row: int(row[key]))]
