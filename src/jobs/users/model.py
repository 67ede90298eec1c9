"""People and their tasks, as data."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from jobs.texts import Language


class Role(StrEnum):
    OWNER = "owner"
    EXTERNAL = "external"


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


class TaskStatus(StrEnum):
    NEW = "new"
    ACCEPTED = "accepted"
    IN_PROGRESS = "in_progress"
    DONE = "done"
    DECLINED = "declined"
    CANCELLED = "cancelled"


CLOSED = frozenset({TaskStatus.DONE, TaskStatus.DECLINED, TaskStatus.CANCELLED})
"""Statuses in which nothing more is expected of the person."""


@dataclass(frozen=True)
class Task:
    """Something that a person was asked to do."""

    id: int
    user_id: int
    title: str
    details: str
    deadline: datetime | None
    zone: ZoneInfo
    """The zone the deadline was meant in."""
    status: TaskStatus
    comment: str
