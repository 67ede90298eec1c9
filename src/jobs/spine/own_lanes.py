"""Lanes of Jobs' own, of sessions that nobody talks with. A person's is their Telegram id, above 0; these are below.

Their turns begin, run, fail and are repeated like anybody's. What they answer goes nowhere by itself: whoever had the
session run is told of the turn's end (`Turns.on_ended`) and says what is to be said, in the same transaction.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Self

SPAN = 2**40
"""How many numbers a kind has."""


class LaneKind(StrEnum):
    SCHEDULE = "schedule"
    """An isolated session of a scheduled task, by its number."""
    HEARTBEAT = "heartbeat"
    HOOK = "hook"
    """What a web hook brought, by a hash of the hook's name."""
    WATCH = "watch"
    """What came in a channel, by the number of the watch."""
    FILES = "files"
    """What has changed in the workspace, by the number of the file watch."""


@dataclass(frozen=True)
class OwnLane:
    kind: LaneKind
    number: int = 0

    @property
    def id(self) -> int:
        return -(list(LaneKind).index(self.kind) * SPAN + self.number + 1)

    @classmethod
    def of(cls, lane: int) -> Self | None:
        """None for a person's lane."""
        if lane >= 0:
            return None
        kind, number = divmod(-lane - 1, SPAN)
        return cls(list(LaneKind)[kind], number)

    @property
    def name(self) -> str:
        """As its session's files are called."""
        return f"{self.kind}-{self.number}"


def is_persons(lane: int) -> bool:
    """Whether a lane is a person's: somebody who can be answered, and shown that Jobs is at work."""
    return lane > 0
