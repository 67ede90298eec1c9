"""The owner's morning digest: what is overdue, due today, and waits for a decision. Silent when there is nothing."""

from datetime import datetime, time, timedelta

from jobs.db import Database
from jobs.spine.model import OutboxKind
from jobs.spine.outbox import Outbox
from jobs.texts import say, say_time
from jobs.times import daily, now
from jobs.tools.timer import Timer
from jobs.users.letters import Letters
from jobs.users.model import Person, Task, TaskStatus
from jobs.users.notices import label
from jobs.users.repository import UsersRepository

LATEST = timedelta(hours=4)
"""A digest that could not be said in time (Jobs was down) is not said later than this."""
LAST = "digest"
"""The key in `meta` of the last day whose digest was looked at, said or not."""


class Digest:
    """`at`: DIGEST_TIME, in the owner's zone; None: never."""

    def __init__(self, db: Database, outbox: Outbox, users: UsersRepository, letters: Letters, at: time | None) -> None:
        self._db = db
        self._outbox = outbox
        self._users = users
        self._letters = letters
        self._at = at
        self.timer = Timer(db, self.fire)

    def fire(self) -> datetime | None:
        """Say today's digest if it is time and nobody has looked yet; returns the time of the next one."""
        if self._at is None:
            return None
        owner, moment = self._users.owner(), now()
        today, due, following = daily(self._at, owner.zone, moment)
        if moment < due:
            return due
        if self._db.meta.get(LAST) != today.isoformat():
            with self._db.transaction():
                self._db.meta[LAST] = today.isoformat()
                text = self.text(owner, moment)
                if text and moment - due < LATEST:
                    self._outbox.say(f"digest:{today.isoformat()}", owner.id, OutboxKind.NOTICE, text)
        return following

    def text(self, owner: Person, moment: datetime) -> str:
        """What there is to say now, "" when nothing."""
        day = moment.astimezone(owner.zone).date()
        overdue = self._users.overdue(moment)
        tasks = self._users.tasks()
        today = [
            task
            for task in tasks
            if task.deadline and task not in overdue and task.deadline.astimezone(owner.zone).date() == day
        ]
        waiting = [
            *(task for task in tasks if task.proposal),
            *self._users.tasks(status=TaskStatus.DONE),
            *self._declined_since(moment - timedelta(days=1)),
        ]
        parts = [
            self._section("digest_overdue", overdue, owner),
            self._section("digest_today", today, owner),
            self._section("digest_decide", waiting, owner),
        ]
        if held := self._letters.waiting():
            parts.append(say("digest_held", owner.language, numbers=", ".join(f"/send {each.id}" for each in held)))
        said = "\n\n".join(filter(None, parts))
        return f"{say('digest_head', owner.language)}\n\n{said}" if said else ""

    def _declined_since(self, moment: datetime) -> list[Task]:
        """A task from before there was a history has none."""
        declined = self._users.tasks(status=TaskStatus.DECLINED)
        return [task for task in declined if any(event.at >= moment for event in self._users.history(task.id)[-1:])]

    def _section(self, head: str, tasks: list[Task], owner: Person) -> str:
        if not tasks:
            return ""
        return "\n".join([say(head, owner.language), *(self._line(task, owner) for task in tasks)])

    def _line(self, task: Task, owner: Person) -> str:
        person = self._users.get(task.user_id)
        line = say(
            "digest_line",
            owner.language,
            id=task.id,
            title=task.title,
            name=label(person) if person else task.user_id,
            status=say(f"status_{task.status}", owner.language),
        )
        if task.deadline is None:
            return line
        return (
            f"{line}, {say('term_deadline', owner.language, value=say_time(task.deadline, owner.zone, owner.language))}"
        )
