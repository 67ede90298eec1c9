"""Throw-away tokens: what a session has instead of the real credential."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field

PREFIX = "sk-ant-jobs-"
"""Recognised by `masks.py` like a real key, so that it is not shown either."""

Budget = Callable[[], float | None]
"""US dollars that may still be spent, calls under way included; None: no limit."""


@dataclass
class Pass:
    """One session's leave to call the model. It ends with the session."""

    lane: int
    role: str
    budget: Budget
    may_browse: bool
    """Whether the proxy relay serves it."""
    token: str = field(default_factory=lambda: PREFIX + secrets.token_urlsafe(32), repr=False)
    turn_id: int | None = None
    refused: bool = False
    """A call of the running turn was refused because it could have gone over the budget."""


class Passes:
    def __init__(self) -> None:
        self._by_token: dict[str, Pass] = {}

    def issue(self, lane: int, role: str, budget: Budget, *, may_browse: bool) -> Pass:
        made = Pass(lane, role, budget, may_browse)
        self._by_token[made.token] = made
        return made

    def end(self, given: Pass) -> None:
        self._by_token.pop(given.token, None)

    def find(self, token: str) -> Pass | None:
        return self._by_token.get(token)
