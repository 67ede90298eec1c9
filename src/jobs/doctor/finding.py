"""What one check found."""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from jobs.texts import Language, say


class Level(StrEnum):
    OK = "ok"
    WARN = "warn"
    """It works, but somebody should look at it."""
    FAIL = "fail"
    """It does not work, or was not done."""


@dataclass(frozen=True)
class Finding:
    check: str
    """Which check, such as "disk"."""
    level: Level
    key: str
    """The text in the catalogue: what is so, and what to do about it."""
    values: dict[str, Any] = field(default_factory=dict)
    fix: Callable[[], None] | None = None
    """What `--fix` does about it; only where that can harm nothing."""

    def text(self, language: Language) -> str:
        return say(self.key, language, **self.values)


def ok(check: str, key: str, **values: Any) -> Finding:
    return Finding(check, Level.OK, key, values)


def warn(check: str, key: str, fix: Callable[[], None] | None = None, **values: Any) -> Finding:
    return Finding(check, Level.WARN, key, values, fix)


def fail(check: str, key: str, fix: Callable[[], None] | None = None, **values: Any) -> Finding:
    return Finding(check, Level.FAIL, key, values, fix)
