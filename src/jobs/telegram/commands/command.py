"""What a command is: its names, who may give it, and the code that carries it out."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from jobs.spine.choices import NOTED
from jobs.spine.model import Choice
from jobs.users.model import Person, Role


@dataclass(frozen=True)
class Call:
    """A command as somebody gave it."""

    person: Person
    words: str
    """What followed the name, as it was written."""
    key: str = ""
    """Of the inbox row that gave it."""


@dataclass(frozen=True)
class Answer:
    text: str
    choices: tuple[Choice, ...] = ()
    """Buttons where there can be some; the text names the same commands."""
    is_told: bool = False
    """Whether the person's session is told of it in its next turn, as of a message of the owner's to them."""
    asks: bool = True
    """Whether something may be answered to it. Else it confirms, and the next number answers what was asked before."""

    def occasion(self, key: str) -> str:
        """Under which it is told, when the event `key` has given the command."""
        return f"{'answer' if self.asks else NOTED}:{key}"


Handler = Callable[[Call], Answer | Awaitable[Answer | None] | None]
"""None: nothing is said now. What need not wait runs at once, in the transaction that stores the message."""


@dataclass(frozen=True)
class Command:
    name: str
    """As it stands in /help and in a bot's menu, where Telegram takes Latin letters only."""
    run: Handler
    aliases: tuple[str, ...] = ()
    is_for_all: bool = False
    """Otherwise it is the owner's; from anyone else it is words for their session."""
    takes_words: bool = False
    """Otherwise a name with words after it is no command."""
    is_listed: bool = True
    """Whether /help and the menu have it; one that is not, is named by the message that calls for it."""
    role: Role | None = None
    """Whose this form of the command is, where the same name does something else for others."""
