"""People and their tasks, as data."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from jobs.texts import Language
from jobs.users.terms import Bounds, Terms


class Role(StrEnum):
    OWNER = "owner"
    EXTERNAL = "external"
    ISOLATED = "isolated"
    """The owner's work with nobody there: a scheduled prompt in a session of its own, or what a web hook set off."""
    HEARTBEAT = "heartbeat"
    """A look at what is due: it reads, and may tell the owner."""
    WATCH = "watch"
    """It judges what came in a channel, and may tell the owner; nothing else."""


@dataclass(frozen=True)
class Person:
    id: int
    """Telegram's user id."""
    role: Role
    name: str
    username: str | None
    phone: str | None
    language: Language
    zone: ZoneInfo
    first_contact: datetime | None = None
    """When they first wrote; None for somebody who only stands in the contacts."""
    last_contact: datetime | None = None
    note: str = ""
    """The owner's own words about them: never for their session."""
    muted_until: datetime | None = None
    """They asked for no reminders before this."""


class TaskKind(StrEnum):
    TASK = "task"
    QUESTION = "question"
    MEETING = "meeting"


class TaskStatus(StrEnum):
    NEW = "new"
    """Stored; the person may not have been told yet."""
    DELIVERED = "delivered"
    """Telegram has taken the message that hands it over."""
    SEEN = "seen"
    """The person has read that message, as far as Telegram says."""
    ACCEPTED = "accepted"
    IN_PROGRESS = "in_progress"
    DONE = "done"
    """So the person says; the owner has not looked yet."""
    RETURNED = "returned"
    """It was done, and the owner wants something more."""
    VERIFIED = "verified"
    """The owner agrees that it is done."""
    DECLINED = "declined"
    CANCELLED = "cancelled"


CLOSED = frozenset({TaskStatus.DONE, TaskStatus.VERIFIED, TaskStatus.DECLINED, TaskStatus.CANCELLED})
"""Statuses in which nothing more is expected of the person."""


@dataclass(frozen=True)
class Task:
    """Something that a person was asked to do."""

    id: int
    user_id: int
    kind: TaskKind
    title: str
    details: str
    deadline: datetime | None
    """Of a meeting that is agreed: its beginning."""
    zone: ZoneInfo
    """The zone the deadline was meant in."""
    status: TaskStatus
    comment: str
    """The person's last words about it."""
    bounds: Bounds
    agreed: Terms
    """What was agreed beside the deadline."""
    proposal: Terms | None
    """What the person proposed and the owner has not answered."""
    ladder_from: datetime
    """Reminders that were due up to here are behind."""


@dataclass(frozen=True)
class TaskEvent:
    """One line of a task's history.

    `change` is "created", "status", "deadline", "person", "text", "bounds", "proposal", "terms", "question", "answer",
    "comment", "reminder" or "proof"; `was` and `becomes` are values of what changed.
    """

    at: datetime
    actor: str
    change: str
    was: str
    becomes: str
    words: str


@dataclass(frozen=True)
class Proof:
    """A file that came with "done"; `path` is relative to the workspace."""

    kind: str
    name: str
    path: str
