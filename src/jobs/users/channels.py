"""Channels as the parts that watch them and the part that reads them know each other."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True)
class FoundChannel:
    """A channel that the account is in."""

    id: int
    title: str
    newest: int
    """The number of its newest post; 0: it has none."""


@dataclass(frozen=True)
class Post:
    number: int
    text: str
    at: datetime


class ChannelDirectory(Protocol):
    """Where channels are found (Telegram itself)."""

    async def find(self, query: str) -> FoundChannel:
        """The channel with this @username, link or title that the account is in. Raises ToolError."""
        ...


class ChannelReader(Protocol):
    """Who wants to have channels read."""

    on_changed: Callable[[], None]
    """Told when a channel is wanted that was not."""

    def channels(self) -> set[int]:
        """The channels that are wanted."""
        ...

    def read_up_to(self, channel: int) -> int | None:
        """The newest post of a channel that was handed over for good; None: it is not wanted."""
        ...

    def take(self, channel: int, posts: Iterable[Post]) -> None:
        """New posts of a channel, in any order. Raises apsw.Error."""
        ...
