"""`/mcp` and `/skills`: how the owner's things of a kind stand, and their yes or no to one of them."""

from collections.abc import Awaitable, Sequence
from typing import Protocol

from jobs.spine.model import Incoming
from jobs.telegram.commands.command import Answer, Call
from jobs.texts import say
from jobs.users.permissions import NotDone, Permissions

YES = frozenset({"да", "yes", "разрешаю", "allow"})
NO = frozenset({"нет", "no", "не разрешаю"})


class Things(Protocol):
    """What the command needs of whoever asks."""

    permissions: Permissions

    def allow(self, name: str) -> bool:
        """The owner says yes to what was asked. Returns whether anything was asked. Raises NotDone."""
        ...

    def deny(self, name: str) -> bool:
        """The owner says no. Returns whether there is such a thing. Raises NotDone."""
        ...

    async def lines(self) -> Sequence[tuple[str, str, str, int]]:
        """Everything as (name, state, reason, number of its parts)."""
        ...


class Asks(Protocol):
    """Who asks the owner questions with a name that a word may answer."""

    yes: frozenset[str]
    no: frozenset[str]

    def asked_last(self) -> list[str]:
        """What was asked about since the owner's last words."""
        ...

    def order(self, name: str, event: Incoming, *, yes: bool) -> str | None:
        """The command by which a message answers what was asked about `name`; None when it cannot be the answer."""
        ...


class Allowing:
    """`command` is also what its texts begin with: `mcp_allowed`, `mcp_denied`, …"""

    yes, no = YES, NO

    def __init__(self, command: str, things: Things) -> None:
        self._command = command
        self._things = things

    def asked_last(self) -> list[str]:
        return self._things.permissions.asked_last()

    def order(self, name: str, event: Incoming, *, yes: bool) -> str | None:
        if not self._things.permissions.may_answer(name, event):
            return None
        return f"/{self._command} {'allow' if yes else 'deny'} {name}"

    def run(self, call: Call) -> Answer | Awaitable[Answer]:
        """`/mcp`, `/mcp allow NAME`, `/mcp deny NAME`."""
        what, _, name = call.words.strip().partition(" ")
        name = name.strip()
        if what not in ("allow", "deny"):
            return self._list(call)
        try:
            if what == "allow":
                done = "allowed" if self._things.allow(name) else "not_asked"
            else:
                done = "denied" if self._things.deny(name) else "unknown"
        except NotDone as error:
            return Answer(say("allowing_failed", call.person.language, name=name, reason=error))
        return Answer(say(f"{self._command}_{done}", call.person.language, name=name))

    async def _list(self, call: Call) -> Answer:
        language = call.person.language
        lines = [
            say(
                f"{self._command}_line",
                language,
                name=name,
                state=say(f"{self._command}_state_{word}", language),
                parts=parts,
            )
            + (f"\n   {reason}" if reason else "")
            for name, word, reason, parts in await self._things.lines()
        ]
        return Answer("\n".join(lines) or say(f"{self._command}_none", language))


def meant(text: str, event: Incoming | None, *kinds: Asks) -> str | None:
    """The command that a bare "yes" or "no" is: only as the owner's next words after exactly one question, of whatever
    kind, that the word can answer; or as a reply to one of several.
    """
    if event is None:
        return None
    word, asked = _bare(text), _asked(text, kinds)
    if len(asked) > 1 and event.extras.quote is None:
        return None
    orders = (kind.order(name, event, yes=word in kind.yes) for kind, name in asked)
    return next(filter(None, orders), None)


def is_asked(text: str, *kinds: Asks) -> bool:
    """Whether anything was asked since the owner's last words that a bare "yes" or "no" may answer."""
    return bool(_asked(text, kinds))


def _asked(text: str, kinds: Sequence[Asks]) -> list[tuple[Asks, str]]:
    word = _bare(text)
    return [(kind, name) for kind in kinds if word in kind.yes | kind.no for name in kind.asked_last()]


def _bare(text: str) -> str:
    return text.casefold().strip(" .!")
