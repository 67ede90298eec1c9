"""The one catalogue of what people are told, in Russian and English, and how times are said.

Every text that code (not a model) shows to a person in Telegram or in the terminal stands here, a file for each area.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from babel.dates import format_datetime

from jobs.called import as_called
from jobs.texts import (
    aside,
    commands,
    demo,
    doctor,
    login,
    mcp,
    media,
    people,
    replies,
    settings,
    setup,
    skills,
    terminal,
    time,
    turns,
    wall,
)
from jobs.texts.language import LANGUAGES, Language, Texts, language_from_code, language_of, terminal_language

__all__ = [
    "CATALOGUE",
    "LANGUAGES",
    "Language",
    "Refusal",
    "Saying",
    "at_terminal",
    "language_from_code",
    "language_of",
    "say",
    "say_time",
    "terminal_language",
]


def _merged(*areas: Texts) -> Texts:
    """All areas as one; a key stands in one of them only."""
    catalogue: Texts = {}
    for area in areas:
        if twice := catalogue.keys() & area.keys():
            raise ValueError(f"texts defined twice: {sorted(twice)}")
        catalogue.update(area)
    return catalogue


CATALOGUE: Texts = _merged(
    turns.TEXTS,
    aside.TEXTS,
    doctor.TEXTS,
    commands.TEXTS,
    people.TEXTS,
    terminal.TEXTS,
    replies.TEXTS,
    media.TEXTS,
    login.TEXTS,
    settings.TEXTS,
    setup.TEXTS,
    demo.TEXTS,
    wall.TEXTS,
    time.TEXTS,
    mcp.TEXTS,
    skills.TEXTS,
)


@dataclass(frozen=True)
class Saying:
    """A text whose language is chosen when it is said. As a string it is English, for the log and the model."""

    key: str
    values: Mapping[str, object]

    def said(self, language: Language) -> str:
        return say(self.key, language, **self.values)

    @property
    def told(self) -> str:
        """For whoever sits at the terminal."""
        return self.said(terminal_language())

    def __str__(self) -> str:
        return self.said("en")


class Refusal(Exception):
    """Something cannot be done, for a reason that a person is told: `saying`. As a string it is English."""

    def __init__(self, key: str, **values: object) -> None:
        """`key` and `values` as `say` takes them."""
        self.saying = Saying(key, values)
        super().__init__(str(self.saying))

    @property
    def told(self) -> str:
        """For whoever sits at the terminal."""
        return self.saying.told


def say(key: str, language: Language, **values: object) -> str:
    """The text `key` in a language, with its values filled in, and commands as they are typed here."""

    def filled(value: object) -> object:
        saying = value.saying if isinstance(value, Refusal) else value
        return saying.said(language) if isinstance(saying, Saying) else value

    values = {name: filled(value) for name, value in values.items()}
    return as_called(CATALOGUE[key][language]).format(**values)


def at_terminal(key: str, **values: object) -> str:
    """The text `key` for whoever sits at the terminal."""
    return say(key, terminal_language(), **values)


def say_time(moment: datetime, zone: ZoneInfo, language: Language) -> str:
    """A moment for people: "среда, 25 ноября, 18:00 (Europe/Moscow)"."""
    local = moment.astimezone(zone)
    pattern = "EEEE, d MMMM, HH:mm" if language == "ru" else "EEEE, MMMM d, HH:mm"
    return f"{format_datetime(local, pattern, locale=language)} ({zone.key})"
