"""Other people's words on their way into a session: between tags that nobody can foresee, with the writer's name."""

import re
import secrets
from typing import Any

from jobs.spine.tool import Words

NAME_WORDS = 3
NAME_CHARACTERS = 40

_NOT_OF_NAMES = re.compile(r"[^\w\s.'’-]+")


def quotation(words: Words, kind: str = "words") -> str:
    """The words as data. What they say cannot end the quotation: its tags are drawn anew each time."""
    tag = f"{kind}-{secrets.token_hex(8)}"
    return f'<{tag} of="{short_name(words.author)}">\n{words.text}\n</{tag}>'


def quoted_result(result: Any) -> tuple[Any, list[Words]]:
    """A tool's result with every `Words` in it made a quotation, and what these were."""
    found: list[Words] = []

    def walk(value: Any) -> Any:
        if isinstance(value, Words):
            found.append(value)
            return quotation(value)
        if isinstance(value, dict):
            return {key: walk(each) for key, each in value.items()}
        if isinstance(value, (list, tuple)):
            return [walk(each) for each in value]
        return value

    return walk(result), found


def short_name(name: str) -> str:
    """A name as the owner's session is shown it: people choose their own, and a long one could hold an instruction.

    At most three words of letters and digits, 40 characters in all; without any such it is "?".
    """
    words = _NOT_OF_NAMES.sub(" ", name).split()
    return " ".join(words[:NAME_WORDS])[:NAME_CHARACTERS].strip() or "?"
