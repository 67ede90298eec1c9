"""What people write: numbered messages that each ask for an answer and some for more, sent in bursts."""

import asyncio
import random
import re
import time
from dataclasses import dataclass
from enum import StrEnum

from jobs_simulator.telegram import Account, TelegramSimulator


class Kind(StrEnum):
    """What a message asks for beside its answer."""

    SAY = "say"
    """Nothing."""
    LONG = "long"
    """An answer that takes several Telegram messages."""
    TASK = "task"
    """The owner: a task for a person (create_user_task)."""
    WORD = "word"
    """The owner: a message to a person (send_to_user)."""
    BOTH = "both"
    """The owner: a task and a message to a person, two calls of one answer."""
    UPDATE = "update"
    """A person: something about a task of theirs (update_task)."""
    SUMMARY = "summary"
    """A person: word for the owner (send_summary_to_owner)."""


@dataclass(frozen=True)
class Message:
    """One message as it was sent. `about` is a person's @username or a task's id, by the kind."""

    number: int
    writer: str
    kind: Kind
    about: str
    sent_at: float
    """When Telegram had it, in seconds of the monotonic clock."""


MESSAGE = re.compile(r"^msg (\d{4}): (\w+) ?(\S*)$", re.MULTILINE)
"""A message's text, wherever a whole line is one."""


def text_of(number: int, kind: Kind, about: str) -> str:
    """What a person writes."""
    return f"msg {number:04}: {kind} {about}".rstrip()


TASK_NOTICE = re.compile(r"\b(\d+): job \d{4}")
"""How a task's id and title stand in what a person is told."""

OWNER_KINDS = (Kind.SAY, Kind.SAY, Kind.LONG, Kind.TASK, Kind.WORD, Kind.WORD, Kind.BOTH)
PERSON_KINDS = (Kind.SAY, Kind.SAY, Kind.SAY, Kind.LONG, Kind.SUMMARY, Kind.UPDATE, Kind.UPDATE)
PAUSES = (0.0, 0.0, 0.0, 0.02, 0.2, 1.0, 2.5)
"""Seconds between two messages: mostly bursts."""


class Traffic:
    """The people and everything they have sent.

    They write as if from a phone of theirs, so that a server that is away for Jobs keeps nobody from writing.
    """

    def __init__(self, telegram: TelegramSimulator, jobs: Account, owner: Account, rng: random.Random) -> None:
        self._telegram = telegram
        self._jobs = jobs
        self._rng = rng
        self.owner = owner
        self.others = [
            telegram.add_user(name, username=name.lower(), lang_code="en", contact_of=(jobs,))
            for name in ("Masha", "Peter", "Annika")
        ]
        self.sent: list[Message] = []

    @property
    def people(self) -> list[Account]:
        return [self.owner, *self.others]

    async def flow(self, count: int) -> None:
        """`count` messages of anybody's, in bursts."""
        for _ in range(count):
            self.write(self._rng.choice(self.people))
            await asyncio.sleep(self._rng.choice(PAUSES))

    def write(self, person: Account, kind: Kind | None = None) -> Message:
        """One message; of a kind that the person can ask for now, unless told."""
        kind, about = self._wish(person, kind)
        number = len(self.sent) + 1
        self._telegram.send(person, self._jobs, text_of(number, kind, about))
        message = Message(number, key(person), kind, about, time.monotonic())
        self.sent.append(message)
        return message

    def _wish(self, person: Account, kind: Kind | None) -> tuple[Kind, str]:
        kind = kind or self._rng.choice(OWNER_KINDS if person is self.owner else PERSON_KINDS)
        if kind in (Kind.TASK, Kind.WORD, Kind.BOTH):
            return kind, f"@{self._rng.choice(self.others).username}"
        if kind is Kind.UPDATE:
            tasks = self._tasks_of(person)
            return (kind, self._rng.choice(tasks)) if tasks else (Kind.SUMMARY, "")
        return kind, ""

    def _tasks_of(self, person: Account) -> list[str]:
        """The ids of the tasks that the person has been told of."""
        told = [message.text for message in self._telegram.messages(person, self._jobs) if not message.out]
        return [found for text in told for found in TASK_NOTICE.findall(text)]


def key(person: Account) -> str:
    """How a person is named in all records."""
    return str(person.username)
