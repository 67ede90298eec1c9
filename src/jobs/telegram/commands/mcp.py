"""`/mcp`: how the MCP servers stand, and the owner's yes or no to one of them."""

from collections.abc import Awaitable, Sequence
from typing import Protocol

from jobs.spine.model import Incoming
from jobs.telegram.commands.command import Answer, Call
from jobs.texts import say

YES = frozenset({"да", "yes", "разрешаю", "allow"})
NO = frozenset({"нет", "no", "не разрешаю"})


class Servers(Protocol):
    """What the command needs of the MCP manager."""

    def allow(self, name: str) -> bool:
        """The owner says yes to what was asked. Returns whether anything was asked."""
        ...

    def deny(self, name: str) -> bool:
        """The owner says no. Returns whether there is such a server."""
        ...

    def asked_last(self, message_id: int | None, occasion: str | None) -> str | None:
        """The one server that a message of the owner's may answer to; `occasion`: of what it replies to."""
        ...

    async def lines(self) -> Sequence[tuple[str, str, str, int]]:
        """Every server as (name, state, reason, number of tools)."""
        ...


class Mcp:
    def __init__(self, servers: Servers) -> None:
        self._servers = servers

    def meant(self, text: str, event: Incoming | None) -> str | None:
        """The command that a bare "yes" or "no" is: only as the owner's next words after exactly one such question."""
        word = text.casefold().strip(" .!")
        if event is None or word not in YES | NO:
            return None
        quote = event.extras.quote
        if (name := self._servers.asked_last(event.message_id, quote.occasion if quote else None)) is None:
            return None
        return f"/mcp {'allow' if word in YES else 'deny'} {name}"

    def run(self, call: Call) -> Answer | Awaitable[Answer]:
        """`/mcp`, `/mcp allow NAME`, `/mcp deny NAME`."""
        what, _, name = call.words.strip().partition(" ")
        name, language = name.strip(), call.person.language
        if what == "allow":
            return Answer(say("mcp_allowed" if self._servers.allow(name) else "mcp_not_asked", language, name=name))
        if what == "deny":
            return Answer(say("mcp_denied" if self._servers.deny(name) else "mcp_unknown", language, name=name))
        return self._list(call)

    async def _list(self, call: Call) -> Answer:
        language = call.person.language
        lines = [
            say("mcp_line", language, name=name, state=say(f"mcp_state_{word}", language), tools=tools)
            + (f"\n   {reason}" if reason else "")
            for name, word, reason, tools in await self._servers.lines()
        ]
        return Answer("\n".join(lines) or say("mcp_none", language))
