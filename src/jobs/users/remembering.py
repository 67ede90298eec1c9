"""What the owner's session is given of memory without asking for it, and what is kept of it when it ends."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol


@dataclass(frozen=True)
class Recalled:
    """A passage that belongs to what the owner has written."""

    where: str
    """File or conversation, and lines."""
    day: str | None
    source: str
    """owner, agent, file; "" for another person."""
    text: str
    """"" for another person's words: these are never handed over unasked."""
    author: str = ""
    """The other person."""


class Remembering(Protocol):
    def facts(self) -> str:
        """MEMORY.md as far as the prompt may hold it, without what other people have said."""
        ...

    def changes(self) -> Sequence[str]:
        """Lines that have come to MEMORY.md ("+ …") or gone ("- …") since `facts` or this was last called."""
        ...

    async def find(self, texts: Sequence[str]) -> Sequence[Any]:
        """What may belong to these messages, for `choose`.

        Never takes long and never raises: without memory a turn goes on without it.
        """
        ...

    def choose(self, found: Sequence[Any], *, began: datetime | None) -> Sequence[Recalled]:
        """The few of it that are to be handed over: not what the conversation has already.

        `began`: of a new one, the moment from which on it holds what was said; None: earlier choices went into it.
        """
        ...

    def ending(self) -> None:
        """The context of the owner's conversation ends: what is worth it is written down.

        From Jobs' own records, and not before this returns: nobody waits for it.
        """
        ...

    def cut(self) -> None:
        """It is about to be cut, and goes on: `ending`, and what was handed over is not in it any more."""
        ...


class NothingRemembered:
    """No memory at all."""

    def facts(self) -> str:
        return ""

    def changes(self) -> Sequence[str]:
        return ()

    async def find(self, texts: Sequence[str]) -> Sequence[Any]:
        return ()

    def choose(self, found: Sequence[Any], *, began: datetime | None) -> Sequence[Recalled]:
        return ()

    def ending(self) -> None:
        pass

    def cut(self) -> None:
        pass
