"""What the heartbeat's code finds when it looks, before any model is asked. Everything comes from data, by a key."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from jobs.db import Database
from jobs.spine.extras import Brought
from jobs.times import from_text, local_iso, to_text
from jobs.tools.checklist import read_checklist
from jobs.users.model import Person, Task, TaskStatus
from jobs.users.quotations import short_name
from jobs.users.repository import OWNER_READ_AT, UsersRepository

DAY = timedelta(days=1)
NEAR = DAY
"""A deadline so near is worth a look."""
PRESSING = timedelta(hours=2)
"""One so near is urgent."""
UNDECIDED = timedelta(hours=4)
"""For so long a person's proposal may wait for the owner."""
UNANSWERED = DAY
"""For so long the owner may leave a question, or work that was handed in."""
RECENT = timedelta(days=7)
"""Failures older than this are no news."""
WORDS_KEPT = 500
"""Characters of what somebody wrote."""
MOST_OF_A_KIND = 10


@dataclass(frozen=True)
class Finding:
    key: str
    kind: str
    """"overdue", "near", "waits", "schedule", "undelivered", "words" or "item"."""
    text: str
    """As the heartbeat's session is told it: nobody else's words."""
    pause: timedelta = DAY
    """For so long it is not shown again."""
    urgent: bool = False
    words: Brought | None = None
    """What somebody else wrote."""


class Findings:
    """`asked_owner`: whether the ladder has asked the owner about a task and waits for an answer."""

    def __init__(self, db: Database, users: UsersRepository, workspace: Path, asked_owner: Callable[[Task], bool]):
        self._db = db
        self._users = users
        self._workspace = workspace
        self._asked_owner = asked_owner

    def look(self, moment: datetime, every: timedelta) -> list[Finding]:
        """All there is at a moment, said before or not. `every`: the time between two beats."""
        return [
            *self._tasks(moment),
            *self._schedules(moment),
            *self._undelivered(moment),
            *self._unseen_words(moment),
            *(
                Finding(item.key, "item", f"to be looked at: {item.text}", item.every or every, item.urgent)
                for item in read_checklist(self._workspace)
            ),
        ]

    # ------------------------------------------------------------------- tasks

    def _tasks(self, moment: datetime) -> list[Finding]:
        overdue = {task.id for task in self._users.overdue(moment)}
        found = []
        for task in [*self._users.tasks(), *self._users.tasks(status=TaskStatus.DONE)]:
            person = self._users.get(task.user_id)
            what = f"task {task.id} «{_short(task.title)}» of {short_name(person.name) if person else '?'}"
            if finding := self._task(task, what, moment, is_overdue=task.id in overdue):
                found.append(finding)
        return found

    def _task(self, task: Task, what: str, moment: datetime, *, is_overdue: bool) -> Finding | None:
        if task.proposal or task.status is TaskStatus.DONE or self._asked_owner(task):
            return self._waiting(task, what, moment)
        if task.deadline is None:
            return None
        due = local_iso(task.deadline, task.zone)
        if is_overdue:
            return Finding(f"overdue:{task.id}:{due}", "overdue", f"{what}: overdue since {due}, {task.status}")
        left = task.deadline - moment
        if timedelta(0) <= left < NEAR:
            key = f"near:{task.id}:{due}" + (":pressing" if left < PRESSING else "")
            return Finding(key, "near", f"{what}: due {due}, {task.status}", urgent=left < PRESSING)
        return None

    def _waiting(self, task: Task, what: str, moment: datetime) -> Finding | None:
        """One that is the owner's turn, once it has been for long enough."""
        history = self._users.history(task.id)
        since = history[-1].at if history else task.ladder_from
        waits = moment - since
        key = f"waits:{task.id}:{to_text(since)}"
        if task.proposal:
            said = f"{what}: their proposal waits for the owner"
            return Finding(key, "waits", said) if waits > UNDECIDED else None
        if task.status is TaskStatus.DONE:
            said = f"{what}: handed in, waits for the owner's look"
            return Finding(key, "waits", said) if UNANSWERED < waits < RECENT else None
        said = f"{what}: no answer from them, the owner was asked"
        return Finding(key, "waits", said) if waits > UNANSWERED else None

    # --------------------------------------------------------- Jobs' own affairs

    def _schedules(self, moment: datetime) -> list[Finding]:
        rows = self._db.execute(
            """SELECT scheduled_tasks.*, (SELECT max(ran_at) FROM schedule_runs WHERE task_id = id) AS ran_at
               FROM scheduled_tasks WHERE state = 'waiting' AND paused = 'failed' ORDER BY id DESC LIMIT ?""",
            (MOST_OF_A_KIND,),
        )
        return [
            Finding(
                f"schedule:{row['id']}:{row['ran_at']}",
                "schedule",
                f"scheduled task {row['id']} «{_short(row['text'])}» failed and is paused: {row['failure']}",
                pause=RECENT,
            )
            for row in rows
        ]

    def _undelivered(self, moment: datetime) -> list[Finding]:
        rows = self._db.execute(
            """SELECT id, chat, error FROM outbox WHERE state = 'failed' AND chat <> ? AND created_at > ?
               ORDER BY id DESC LIMIT ?""",
            (self._users.owner_id, to_text(moment - RECENT), MOST_OF_A_KIND),
        )
        return [
            Finding(
                f"undelivered:{row['id']}",
                "undelivered",
                f"a message to {_name(self._users.get(row['chat']))} was not delivered: {row['error']}",
                pause=RECENT,
            )
            for row in rows
        ]

    def _unseen_words(self, moment: datetime) -> list[Finding]:
        """What people wrote since the owner was last there, and no word of it was passed on to the owner."""
        seen = self._db.value(
            """SELECT max(coalesce((SELECT max(created_at) FROM inbox WHERE lane = ? AND origin = 'owner'), ''),
                          coalesce((SELECT value FROM meta WHERE key = ?), ''))""",
            (self._users.owner_id, OWNER_READ_AT),
        )
        rows = self._db.execute(
            """SELECT id, lane, text, created_at FROM inbox
               WHERE lane > 0 AND origin = 'external' AND state IN ('done', 'waiting') AND created_at > ?
                 AND (turn_id IS NOT NULL OR state = 'waiting') AND text <> ''
                 AND NOT EXISTS (SELECT 1 FROM tool_calls WHERE tool_calls.turn_id = inbox.turn_id
                                 AND tool IN ('send_summary_to_owner', 'update_task'))
               ORDER BY id DESC LIMIT ?""",
            (max(seen, to_text(moment - RECENT)), MOST_OF_A_KIND),
        )
        return [
            Finding(
                f"words:{row['id']}",
                "words",
                f"{_name(self._users.get(row['lane']))} wrote at {_local(row['created_at'], self._users.owner())}, "
                "and the owner has not seen it",
                pause=RECENT,
                words=Brought(author=_name(self._users.get(row["lane"])), text=row["text"][:WORDS_KEPT]),
            )
            for row in reversed(rows)
        ]


def _short(text: str) -> str:
    return " ".join(text.split())[:100]


def _name(person: Person | None) -> str:
    return short_name(person.name) if person else "?"


def _local(moment: str, owner: Person) -> str:
    return local_iso(from_text(moment), owner.zone)
