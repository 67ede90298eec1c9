"""The languages Jobs speaks, and how a person's is told."""

import os
from typing import Literal

Language = Literal["ru", "en"]
LANGUAGES: tuple[Language, ...] = ("ru", "en")

Texts = dict[str, dict[Language, str]]
"""By key: the same text in every language, with places for values as `str.format` has them."""


def language_of(text: str) -> Language | None:
    """The language of a text by its letters: Russian when at least 3 in 10 are Cyrillic; None without letters."""
    letters = [character for character in text if character.isalpha()]
    if not letters:
        return None
    cyrillic = sum("\u0400" <= character <= "\u04ff" for character in letters)
    return "ru" if cyrillic * 10 >= len(letters) * 3 else "en"


def language_from_code(code: str | None) -> Language | None:
    """Telegram's language code as one of ours; None when it gives no hint."""
    if not code:
        return None
    return "ru" if code.lower().split("-")[0] in ("ru", "be", "uk", "kk") else "en"


def terminal_language() -> Language:
    """The language of whoever sits at the terminal, by the usual variables."""
    name = next((value for key in ("LC_ALL", "LC_MESSAGES", "LANG") if (value := os.environ.get(key))), "")
    return "ru" if name.lower().startswith("ru") else "en"
