"""What the owner's session is given of memory without asking for it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class Recalled:
    """A passage that belongs to what the owner has written."""

    where: str
    """File or conversation, and lines."""
    day: str | None
    source: str
    """owner, agent, file, or "external: NAME" for another person's words."""
    text: str


class Remembering(Protocol):
    def facts(self) -> str:
        """MEMORY.md as far as the prompt may hold it."""
        ...

    async def about(self, texts: Sequence[str], facts: str, session: str) -> Sequence[Recalled]:
        """What belongs to these messages and is neither in `facts` nor was handed to this `session` before.

        Never takes long and never raises: without memory a turn goes on without it.
        """
        ...


class NothingRemembered:
    """No memory at all."""

    def facts(self) -> str:
        return ""

    async def about(self, texts: Sequence[str], facts: str, session: str) -> Sequence[Recalled]:
        return ()
