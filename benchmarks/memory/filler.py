"""Everyday lines that answer none of the questions: what a memory is full of. The same seed gives the same lines.

Each is a pattern of `filler.json` with its slots filled; a line is used once. Names, places and things of the
questions' own facts are not among them, but their subjects are: cars, doctors, meetings, trips, money.
"""

import json
import random
import re
from collections.abc import Iterator
from pathlib import Path

_DATA = json.loads(Path(__file__).with_suffix(".json").read_text(encoding="utf-8"))
_SLOT = re.compile(r"\{(\w+)\}")


def lines(language: str, kind: str, seed: int) -> Iterator[str]:
    """Endless different lines of a kind ("log" or "chat") in a language ("ru" or "en")."""
    choose = random.Random(f"{language}{kind}{seed}")
    slots, patterns = _DATA["slots"][language], _DATA["patterns"][language][kind]
    said: set[str] = set()
    while True:
        line = _SLOT.sub(lambda match: choose.choice(slots[match[1]]), choose.choice(patterns))
        if line not in said:
            said.add(line)
            yield line[0].upper() + line[1:]
