"""Commands: handled by code, at once, without a session. Their answers leave by the outbox like everything else."""

import asyncio
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import structlog

from jobs import __version__
from jobs.db import Database
from jobs.spine.model import OutboxKind
from jobs.spine.outbox import Outbox
from jobs.texts import Language, say, say_time
from jobs.times import from_text, now, to_text
from jobs.users.model import Person, Role, Task
from jobs.users.repository import UsersRepository
from jobs.users.session_manager import SessionManager
from jobs.users.turn_runner import TurnRunner

log = structlog.get_logger()

STOP_WORDS = frozenset({"стоп", "stop", "хватит", "отмена"})
"""Alone in a message they are /stop."""
USAGE_DAYS = 7
OWNER_ONLY = frozenset({"new", "status", "usage", "people"})


class Commands:
    def __init__(
        self,
        db: Database,
        outbox: Outbox,
        users: UsersRepository,
        sessions: SessionManager,
        runner: TurnRunner,
        connection: Callable[[ZoneInfo, Language], str],
    ) -> None:
        self._db = db
        self._outbox = outbox
        self._users = users
        self._sessions = sessions
        self._runner = runner
        self._connection = connection
        self._since = now()
        self._acting: set[asyncio.Task[None]] = set()
        self._answers: dict[str, Callable[[Person], str]] = {
            "help": self._help,
            "tasks": self._tasks,
            "people": self._people,
            "status": self._status,
            "usage": self._usage,
        }

    def name_of(self, text: str, person: Person) -> str | None:
        """The command a message is, for this person; None when it is for the session.

        A bare stop word from anyone but the owner is one only while something runs for them: "отмена" may be an answer.
        """
        words = text.strip().casefold()
        if words.strip(" .!?") in STOP_WORDS and (person.role is Role.OWNER or self._sessions.is_busy(person.id)):
            return "stop"
        match = re.fullmatch(r"/([a-z]+)(?:@\w+)?", words)
        name = match[1] if match else None
        if name in ("stop", "new", *self._answers) and (person.role is Role.OWNER or name not in OWNER_ONLY):
            return name
        return None

    def run(self, name: str, person: Person, key: str) -> None:
        """Carry a command out; `key` names the message that gave it. Joins the caller's transaction."""
        if name == "stop":
            self._stop(person, key)
        elif name == "new":
            task = asyncio.create_task(self._new(person, key))
            self._acting.add(task)
            task.add_done_callback(self._acted)
        else:
            self._reply(key, person, self._answers[name](person))

    def _acted(self, task: asyncio.Task[None]) -> None:
        self._acting.discard(task)
        if not task.cancelled() and (error := task.exception()):
            log.error("command failed", error=repr(error))

    def _reply(self, key: str, person: Person, text: str) -> None:
        self._outbox.say(f"command:{key}", person.id, OutboxKind.NOTICE, text)

    def _stop(self, person: Person, key: str) -> None:
        """A turn that is stopped accounts for itself."""
        was_running, dropped = self._runner.stop(person.id)
        if not was_running:
            self._reply(key, person, say("dropped" if dropped else "nothing_to_stop", person.language))

    async def _new(self, person: Person, key: str) -> None:
        if self._sessions.is_busy(person.id):
            self._reply(key, person, say("busy_renewing", person.language))
            return
        await self._sessions.forget(person.id)
        self._reply(key, person, say("renewed", person.language))

    # ----------------------------------------------------------------- answers

    def _help(self, person: Person) -> str:
        return say(f"help_{person.role}", person.language, owner=self._users.owner().name)

    def _tasks(self, person: Person) -> str:
        """The owner sees everyone's, by person; anyone else their own."""
        mine = None if person.role is Role.OWNER else person.id
        tasks = self._users.tasks(mine)
        if not tasks:
            return say("no_tasks", person.language)
        by_person: dict[int, list[str]] = {}
        for task in tasks:
            by_person.setdefault(task.user_id, []).append(_task_line(task, person))
        if mine is not None:
            return "\n".join(by_person[mine])
        names = {user_id: found.name for user_id in by_person if (found := self._users.get(user_id))}
        return "\n\n".join(
            f"{names.get(user_id, user_id)}\n" + "\n".join(lines) for user_id, lines in by_person.items()
        )

    def _people(self, person: Person) -> str:
        lines = [
            f"{known.name}: "
            + (
                say_time(known.last_contact, person.zone, person.language)
                if known.last_contact
                else say("never_wrote", person.language)
            )
            for known in self._users.everyone()
        ]
        return "\n".join(lines) or say("no_people", person.language)

    def _status(self, person: Person) -> str:
        def count(sql: str) -> int:
            return int(self._db.value(sql))

        def when(moment: datetime | None) -> str:
            return say_time(moment, person.zone, person.language) if moment else say("none", person.language)

        due = self._db.value("SELECT min(due_at) FROM scheduled_tasks WHERE state = 'waiting'")
        error = self._db.value("SELECT error FROM turns WHERE error IS NOT NULL ORDER BY id DESC LIMIT 1")
        return say(
            "status",
            person.language,
            since=when(self._since),
            connection=self._connection(person.zone, person.language),
            busy=self._sessions.busy,
            warm=self._sessions.warm,
            waiting=count("SELECT count(*) FROM inbox WHERE state IN ('waiting', 'taken')"),
            queued=count("SELECT count(*) FROM outbox WHERE state = 'queued'"),
            set_aside=count("SELECT count(*) FROM turns WHERE state = 'set_aside'"),
            error=error or say("none", person.language),
            next=when(from_text(due) if due else None),
            version=__version__,
        )

    def _usage(self, person: Person) -> str:
        """Tokens and money of the last days: by day, by role, by person."""
        since = to_text(now() - timedelta(days=USAGE_DAYS))
        lines = [say("usage_head", person.language, days=USAGE_DAYS)]
        for group, label in (
            ("substr(started_at, 1, 10)", str),
            ("lane = :owner", lambda is_owner: say("usage_owner" if is_owner else "usage_others", person.language)),
            ("lane", self._name_of_lane),
        ):
            rows = self._db.execute(
                f"""SELECT {group} AS what, count(*) AS turns, sum(input_tokens + output_tokens) AS tokens,
                    sum(cost_usd) AS cost FROM turns WHERE started_at >= :since GROUP BY what ORDER BY what""",
                {"since": since, "owner": person.id},
            )
            lines.append("")
            lines += [
                say(
                    "usage_line",
                    person.language,
                    what=label(row["what"]),
                    turns=row["turns"],
                    tokens=row["tokens"],
                    cost=row["cost"],
                )
                for row in rows
            ]
        return "\n".join(lines)

    def _name_of_lane(self, lane: int) -> str:
        person = self._users.get(lane)
        return person.name if person and person.name else str(lane)


def _task_line(task: Task, reader: Person) -> str:
    status = say(f"status_{task.status}", reader.language)
    if task.deadline is None:
        return say("task_line", reader.language, id=task.id, title=task.title, status=status)
    deadline = say_time(task.deadline, task.zone, reader.language)
    return say("task_line_due", reader.language, id=task.id, title=task.title, status=status, deadline=deadline)
