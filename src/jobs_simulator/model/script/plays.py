"""What a play is: the steps of one intent, a generator that yields tool calls and gets their real results."""

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias

from jobs_simulator.model.parts import ToolCall
from jobs_simulator.model.request import ToolResult

from .intents import JOBS_PREFIX, Intent, Language
from .phrases import say

Play: TypeAlias = Generator[ToolCall, ToolResult, str]


@dataclass(frozen=True)
class Scene:
    """What a play works from.

    Args:
        intent: what is asked.
        language: the language to answer in.
        now: the local time of the conversation.
        said: the user's text as it stands.
        last_reply: what the assistant said before it.
        owner: the owner's name as the system prompt tells it, "" when it does not.
        told: what Jobs says about the message, with the words that it answers to.
    """

    intent: Intent
    language: Language
    now: datetime
    said: str = ""
    last_reply: str = ""
    owner: str = ""
    told: str = ""

    def say(self, sentence: str, **values: Any) -> str:
        return say(self.language, sentence, **values)


Plays: TypeAlias = Mapping[str, Callable[[Scene], Play]]


def call(tool: str, **arguments: Any) -> ToolCall:
    """A call of one of Jobs's tools; arguments that are None are left out."""
    return ToolCall(JOBS_PREFIX + tool, {name: value for name, value in arguments.items() if value is not None})


def told(text: str) -> Play:
    """A play of one sentence and no calls."""
    yield from ()
    return text
