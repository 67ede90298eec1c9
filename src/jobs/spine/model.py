"""The spine's words, as data without I/O."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal

from jobs.spine.extras import NOTHING, Extras


class Origin(StrEnum):
    """Where an inbox row comes from: whose word it is, never what its text says of itself."""

    OWNER = "owner"
    EXTERNAL = "external"
    SCHEDULE = "schedule"
    HEARTBEAT = "heartbeat"


class OutboxKind(StrEnum):
    ANSWER = "answer"
    """The reply of a turn, in the chat of its lane."""
    MESSAGE = "message"
    """What a session said to somebody else: a task handed over, `send_to_user`."""
    NOTICE = "notice"
    """Words of the program itself: a word from another person, a reminder, a failure."""


@dataclass(frozen=True)
class Incoming:
    """Something that happened, on its way into the inbox."""

    key: str
    """Unique for the event: the same event offered twice is one row."""
    lane: int
    """The id of the person whose session handles it, or a lane of Jobs' own (`own_lanes.py`)."""
    origin: Origin
    text: str
    sent_at: datetime
    message_id: int | None = None
    extras: Extras = NOTHING
    ready_at: datetime | None = None
    """No turn begins in the lane before this: more of the same is on its way."""


@dataclass(frozen=True)
class InboxRow:
    id: int
    lane: int
    origin: Origin
    text: str
    sent_at: datetime
    message_id: int | None
    extras: Extras = NOTHING
    key: str = ""


@dataclass(frozen=True)
class Rendered:
    """One message as it will stand in the chat. `entities` is JSON-able; offsets count UTF-16 units."""

    text: str
    entities: list[dict[str, Any]] = field(default_factory=list)


MediaKind = Literal["photo", "document", "audio", "voice"]
"""As what a file is shown in a chat."""


@dataclass(frozen=True)
class OutFile:
    """A file to be sent: its path, or `content` under the name `path`."""

    kind: MediaKind
    path: str
    content: str | None = None


@dataclass(frozen=True)
class Choice:
    """One of the things a message asks to choose from: pressing `label` does what typing `command` does."""

    label: str
    command: str
    number: int | None = None
    """What may be typed in answer as well, where the text names it (`choices.py`)."""


@dataclass(frozen=True)
class OutboxRow:
    id: int
    key: str
    """The occasion, and which part of what is said on it."""
    chat: int
    kind: OutboxKind
    text: str
    entities: list[dict[str, Any]]
    random_id: int
    attempts: int
    turn_id: int | None
    file: OutFile | None = None
    album: str | None = None
    """Rows that share it are sent as one."""
    choices: tuple[Choice, ...] = ()
    """Shown as buttons where the account can show any; the text has to say the same without them."""


@dataclass(frozen=True)
class FinishedCall:
    """A tool call that an earlier attempt at the same turn had finished."""

    tool: str
    arguments: str
    result: str


@dataclass(frozen=True)
class Turn:
    """One attempt at answering what waits in a lane."""

    id: int
    lane: int
    attempt: int
    """1 for the first."""
    failures: int
    """How many attempts ended by a fault of the turn's own (not of the model's service)."""
    started_at: datetime
    """When the first attempt began."""
    rows: list[InboxRow]
    finished_calls: list[FinishedCall]


@dataclass(frozen=True)
class Usage:
    """What a turn cost, from the SDK's result."""

    input_tokens: int = 0
    output_tokens: int = 0
    cost_usd: float = 0.0
    model: str | None = None


NOTHING_USED = Usage()


@dataclass(frozen=True)
class TurnEnd:
    """How a turn ended."""

    state: Literal["done", "set_aside"]
    error: str | None
    """Why it was set aside; "stopped" when the owner ended it."""
    usage: Usage
    reply: str = ""
