"""Brains for benchmarks and for tests that need no conversation."""

from .parts import Reply
from .request import ModelRequest
from .server import Brain


async def echo(request: ModelRequest) -> Reply:
    """Answers `ECHO: ` and the last user text."""
    return Reply(f"ECHO: {request.last_user_text}")


def fixed(text: str = "OK") -> Brain:
    """A brain that answers the same at once, whatever it is asked."""
    reply = Reply(text)

    async def brain(_: ModelRequest) -> Reply:
        return reply

    return brain
