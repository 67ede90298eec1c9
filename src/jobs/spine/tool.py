"""What a tool is: a name, arguments with types, and something it does or tells."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from pydantic import BaseModel

A = TypeVar("A", bound=BaseModel)

Effect = Callable[[], Any]
"""The writing half of a tool with an effect: synchronous, database only, run in one transaction with its record."""


class ToolError(Exception):
    """What the session is told when a call cannot be done: one sentence for the model, nothing of the system's."""


@dataclass(frozen=True)
class Words:
    """Somebody else's words in a tool's result: whoever runs the tool hands them on as a quotation, and marks."""

    author: str
    """Whose they are, as a person reads it."""
    text: str


@dataclass(frozen=True)
class Tool(Generic[A]):
    """A tool of Jobs'. Who is calling is bound into `run` when the session is built, never an argument.

    `run` returns the result as JSON-able data, in which other people's words are `Words`. With `has_effect` it instead
    looks up what it needs and returns an Effect, which the session runs and records as one, so that a turn that runs
    again does not act twice.
    """

    name: str
    description: str
    arguments: type[A]
    run: Callable[[A], Awaitable[Any]]
    has_effect: bool = False
    reaches_out: bool = False
    """It changes nothing, but its arguments leave the machine."""


class NoArguments(BaseModel):
    """For tools that take none."""
