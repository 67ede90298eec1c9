"""What came of each time a scheduled task was due: kept for 90 days, with result, tokens, cost and duration."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from jobs.db import Database, Row
from jobs.spine.model import Turn, TurnEnd
from jobs.times import from_text, now, to_text

KEPT = timedelta(days=90)
RESULT_KEPT = 2000
"""Characters of what a run answered."""
KEY = "schedule"
"""How keys of firings begin: `schedule:<task>:<due>`."""


_KEY = re.compile(rf"{KEY}:(\d{{1,18}}):(\d{{4}}-\d\d-\d\dT[\d:.]{{12}}Z)(?::\d+)?")


class Outcome(StrEnum):
    SAID = "said"
    CHECKING = "checking"
    """Its check is running."""
    NOTHING = "nothing"
    """Its check says that there is nothing to do."""
    ASKED = "asked"
    """A prompt is with its session."""
    DONE = "done"
    """The session has answered."""
    STOPPED = "stopped"
    """The owner ended the run."""
    FAILED = "failed"
    MISSED = "missed"
    SKIPPED = "skipped"
    """The run before it was still going."""


@dataclass(frozen=True)
class Firing:
    """One time that a task was due."""

    task_id: int
    due: datetime

    @property
    def key(self) -> str:
        return f"{KEY}:{self.task_id}:{to_text(self.due)}"

    @classmethod
    def of(cls, key: str) -> "Firing | None":
        """From the key of an inbox or outbox row that it became; None for any other."""
        match = _KEY.fullmatch(key)
        return cls(int(match[1]), from_text(match[2])) if match else None


class Runs:
    def __init__(self, db: Database) -> None:
        self._db = db

    def note(self, firing: Firing, outcome: Outcome, since: datetime | None = None) -> Outcome:
        """A task was due, `since` for the first time of those that this one stands for."""
        self._db.execute(
            "INSERT OR IGNORE INTO schedule_runs (task_id, due_at, since, ran_at, outcome) VALUES (?, ?, ?, ?, ?)",
            (firing.task_id, to_text(firing.due), to_text(since or firing.due), to_text(now()), outcome),
        )
        return outcome

    def change(self, firing: Firing, outcome: Outcome, result: str = "") -> None:
        """What has come of one that was noted before."""
        self._db.execute(
            "UPDATE schedule_runs SET outcome = ?, result = ? WHERE task_id = ? AND due_at = ?",
            (outcome, result[:RESULT_KEPT], firing.task_id, to_text(firing.due)),
        )

    def ended(self, firing: Firing, turn: Turn, end: TurnEnd) -> None:
        """Its turn is over. A turn about several things is shared out evenly."""
        outcome = Outcome.FAILED if end.state == "set_aside" else Outcome.STOPPED if end.error else Outcome.DONE
        share, usage = max(1, len(turn.rows)), end.usage
        self.change(firing, outcome, end.error or end.reply)
        self._db.execute(
            """UPDATE schedule_runs SET turn_id = ?, input_tokens = ?, output_tokens = ?, cost_usd = ?, seconds = ?
               WHERE task_id = ? AND due_at = ?""",
            (
                turn.id,
                usage.input_tokens // share,
                usage.output_tokens // share,
                usage.cost_usd / share,
                max(0.0, (now() - turn.started_at).total_seconds()),
                firing.task_id,
                to_text(firing.due),
            ),
        )

    def checking(self) -> list[Firing]:
        """Those whose check was cut off, or is running."""
        rows = self._db.execute("SELECT task_id, due_at FROM schedule_runs WHERE outcome = 'checking'")
        return [Firing(row["task_id"], from_text(row["due_at"])) for row in rows]

    def last(self, task_id: int, limit: int) -> list[Row]:
        """The newest runs of a task, newest first."""
        return self._db.execute(
            "SELECT * FROM schedule_runs WHERE task_id = ? ORDER BY due_at DESC LIMIT ?", (task_id, limit)
        )

    def answers(self, task_id: int, limit: int) -> list[str]:
        """What the last so many runs of a task answered, oldest first.

        Left out is what was answered while words of others stood in the conversation: it may repeat them.
        """
        rows = self._db.execute(
            """SELECT result FROM schedule_runs LEFT JOIN turns ON turns.id = turn_id
               WHERE task_id = ? AND outcome = ? AND result <> '' AND coalesce(marked, 0) = 0
               ORDER BY due_at DESC LIMIT ?""",
            (task_id, Outcome.DONE, limit),
        )
        return [row["result"] for row in reversed(rows)]

    def failed_on_end(self, task_id: int, times: int) -> bool:
        """Whether the last so many runs have all failed."""
        rows = self.last(task_id, times)
        return len(rows) == times and all(row["outcome"] == Outcome.FAILED for row in rows)

    def sweep(self) -> None:
        """Drop what is older than 90 days."""
        self._db.execute("DELETE FROM schedule_runs WHERE ran_at < ?", (to_text(now() - KEPT),))
