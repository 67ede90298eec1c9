"""Failures laid over the replies: for the next requests, or for those that a predicate picks."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from .parts import Fault
from .request import ModelRequest

Predicate: TypeAlias = Callable[[ModelRequest], bool]


@dataclass
class _Rule:
    fault: Fault
    left: int | None
    predicate: Predicate


class Faults:
    """The failures that wait for requests. The oldest rule that matches a request is the one it gets."""

    def __init__(self) -> None:
        self._rules: list[_Rule] = []

    def next(self, fault: Fault, times: int = 1) -> None:
        """The next `times` requests get this fault."""
        self._rules.append(_Rule(fault, times, lambda _: True))

    def when(self, predicate: Predicate, fault: Fault, times: int | None = None) -> None:
        """Requests for which `predicate` is true get this fault, `times` of them or (None) all."""
        self._rules.append(_Rule(fault, times, predicate))

    def clear(self) -> None:
        """Forgets every rule."""
        self._rules.clear()

    def take(self, request: ModelRequest) -> Fault | None:
        """The fault for this request, counted as used."""
        for rule in self._rules:
            if rule.predicate(request):
                if rule.left is not None:
                    rule.left -= 1
                    if rule.left <= 0:
                        self._rules.remove(rule)
                return rule.fault
        return None
