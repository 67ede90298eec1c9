"""Commands that only tell something."""

from collections import Counter
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from importlib import metadata
from zoneinfo import ZoneInfo

from jobs import __version__
from jobs.db import Database, Row
from jobs.spine.own_lanes import is_persons
from jobs.spine.switches import Switches
from jobs.telegram.commands.command import Answer, Call
from jobs.telegram.commands.control import resume_choice, short
from jobs.texts import Language, say, say_time
from jobs.times import from_text, now, to_text
from jobs.users.model import Person, Role, Task
from jobs.users.models import Models
from jobs.users.notices import lane_label
from jobs.users.repository import UsersRepository
from jobs.users.session_manager import SessionManager

USAGE_DAYS = 7
LANES_SHOWN = 10
ERRORS_SHOWN = 3
LIBRARIES = ("claude-agent-sdk", "telethon")
"""Whose versions /status names beside Jobs' own."""


class Reports:
    def __init__(
        self,
        db: Database,
        users: UsersRepository,
        sessions: SessionManager,
        switches: Switches,
        models: Models,
        connection: Callable[[ZoneInfo, Language], str],
        next_step: Callable[[Task], datetime | None] = lambda _task: None,
    ) -> None:
        self._db = db
        self._users = users
        self._sessions = sessions
        self._switches = switches
        self._models = models
        self._connection = connection
        self._next_step = next_step
        self._since = now()

    def tasks(self, call: Call) -> Answer:
        """The owner sees everyone's, by person, with the next reminder; anyone else their own."""
        person = call.person
        mine = None if person.role is Role.OWNER else person.id
        tasks = self._users.tasks(mine)
        if not tasks:
            return Answer(say("no_tasks", person.language))
        by_person: dict[int, list[str]] = {}
        for task in tasks:
            line = _task_line(task, person)
            if mine is None and (step := self._next_step(task)):
                line += "\n   " + say("task_line_next", person.language, next=_when(step, person))
            by_person.setdefault(task.user_id, []).append(line)
        if mine is not None:
            return Answer("\n".join(by_person[mine]))
        return Answer(
            "\n\n".join(f"{self._name(user_id)}\n" + "\n".join(lines) for user_id, lines in by_person.items())
        )

    def people(self, call: Call) -> Answer:
        """Everyone Jobs knows: when they wrote last, what they owe, and the owner's note."""
        reader = call.person
        owed = Counter(task.user_id for task in self._users.tasks())
        lines = [self._person_line(known, owed[known.id], reader) for known in self._users.everyone()]
        return Answer("\n".join(lines) or say("no_people", reader.language))

    def _person_line(self, known: Person, owed: int, reader: Person) -> str:
        wrote = _when(known.last_contact, reader) if known.last_contact else say("never_wrote", reader.language)
        parts = [wrote, say("people_owes", reader.language, n=owed) if owed else "", short(known.note)]
        return f"{known.name}: {'; '.join(filter(None, parts))}"

    # ----------------------------------------------------------------- status

    def status(self, call: Call) -> Answer:
        reader, language = call.person, call.person.language
        connection = self._connection(reader.zone, language)
        due = self._db.value("SELECT min(due_at) FROM scheduled_tasks WHERE state = 'waiting' AND paused IS NULL")
        versions = [f"Jobs {__version__}", *(f"{name} {metadata.version(name)}" for name in LIBRARIES)]
        lines = [
            say("status_since", language, since=_when(self._since, reader), connection=connection),
            *self._halted(language),
            say(
                "status_model",
                language,
                owner=self._models.of(Role.OWNER) or say("model_of_cli", language),
                external=self._models.of(Role.EXTERNAL) or say("model_of_cli", language),
            ),
            self._queues(language),
            *self._lanes(language),
            say("status_next", language, next=_when(from_text(due), reader) if due else say("none", language)),
            *self._errors(reader),
            say("status_versions", language, versions=", ".join(versions)),
        ]
        is_halted = self._switches.paused or self._switches.frozen
        return Answer("\n".join(lines), (resume_choice(reader),) if is_halted else ())

    def _halted(self, language: Language) -> list[str]:
        if self._switches.frozen:
            return [say("status_frozen", language)]
        return [say("status_paused", language)] if self._switches.paused else []

    def _queues(self, language: Language) -> str:
        def count(sql: str) -> int:
            return int(self._db.value(sql))

        return say(
            "status_queues",
            language,
            busy=self._sessions.busy,
            warm=self._sessions.warm,
            waiting=count("SELECT count(*) FROM inbox WHERE state IN ('waiting', 'taken')"),
            queued=count("SELECT count(*) FROM outbox WHERE state = 'queued'"),
            set_aside=count("SELECT count(*) FROM turns WHERE state = 'set_aside'"),
            failed=count("SELECT count(*) FROM outbox WHERE state = 'failed'"),
        )

    def _lanes(self, language: Language) -> list[str]:
        """Whose messages wait, and for whom a turn runs."""
        rows = self._db.execute(
            """SELECT lane, count(*) AS open FROM inbox WHERE state IN ('waiting', 'taken')
               GROUP BY lane ORDER BY min(id) LIMIT ?""",
            (LANES_SHOWN,),
        )
        return [
            say(
                "status_lane_running" if self._sessions.is_busy(row["lane"]) else "status_lane",
                language,
                name=self._name(row["lane"]),
                n=row["open"],
            )
            for row in rows
        ]

    def _errors(self, reader: Person) -> list[str]:
        """The last ones, of turns (T…) and of messages that did not go out (O…)."""
        rows = self._db.execute(
            """SELECT 'T' || id AS name, error, coalesce(finished_at, started_at) AS at FROM turns
               WHERE error IS NOT NULL AND error <> 'stopped'
               UNION ALL
               SELECT 'O' || id, error, created_at FROM outbox WHERE error IS NOT NULL AND state <> 'sent'
               ORDER BY at DESC LIMIT ?""",
            (ERRORS_SHOWN,),
        )
        if not rows:
            return [say("status_no_errors", reader.language)]
        shown = [f"· {row['name']}, {_when(from_text(row['at']), reader)}: {short(row['error'])}" for row in rows]
        return [say("status_errors", reader.language), *shown]

    # ------------------------------------------------------------------ usage

    def usage(self, call: Call) -> Answer:
        """Tokens and money of the last days by the SDK's results: by day (of the owner's zone), by role, by person."""
        reader = call.person
        rows = self._db.execute(
            """SELECT started_at, lane, input_tokens + output_tokens AS tokens, cost_usd FROM turns
               WHERE started_at >= ?1
               UNION ALL SELECT at, ?2, tokens, cost_usd FROM short_turns WHERE at >= ?1 ORDER BY 1""",
            (to_text(now() - timedelta(days=USAGE_DAYS)), reader.id),
        )

        def day(row: Row) -> str:
            return from_text(row["started_at"]).astimezone(reader.zone).date().isoformat()

        def role(row: Row) -> str:
            if not is_persons(row["lane"]):
                return say("usage_errands", reader.language)
            return say("usage_owner" if row["lane"] == reader.id else "usage_others", reader.language)

        groups = (day, role, lambda row: self._name(row["lane"]))
        lines = [say("usage_head", reader.language, days=USAGE_DAYS)]
        for group in groups:
            lines += ["", *_sums(rows, group, reader.language)]
        return Answer("\n".join(lines))

    def _name(self, person_id: int) -> str:
        if own := lane_label(person_id, self._users.owner().language):
            return own
        person = self._users.get(person_id)
        return short(person.name) if person and person.name else str(person_id)


def _sums(rows: Iterable[Row], group: Callable[[Row], str], language: Language) -> list[str]:
    """A line for each group, in the order the groups first appear."""
    sums: dict[str, tuple[int, int, float]] = {}
    for row in rows:
        turns, tokens, cost = sums.get(group(row), (0, 0, 0.0))
        sums[group(row)] = (turns + 1, tokens + row["tokens"], cost + row["cost_usd"])
    return [
        say("usage_line", language, what=what, turns=turns, tokens=tokens, cost=cost)
        for what, (turns, tokens, cost) in sums.items()
    ]


def _when(moment: datetime, reader: Person) -> str:
    return say_time(moment, reader.zone, reader.language)


def _task_line(task: Task, reader: Person) -> str:
    status = say(f"status_{task.status}", reader.language)
    if task.deadline is None:
        return say("task_line", reader.language, id=task.id, title=task.title, status=status)
    deadline = say_time(task.deadline, task.zone, reader.language)
    return say("task_line_due", reader.language, id=task.id, title=task.title, status=status, deadline=deadline)
