"""HEARTBEAT.md: a checklist that the owner or the agent keeps, one list item for each thing to look at.

    - look whether the nightly backup ran
    - every 6 h: check that example.org answers
    - ! каждые 30 мин: is the freezer's thermometer above −10?
    - [x] done with: not looked at

`!` (or "urgent:", "срочно:") means: outside the active hours too. An item without an interval is due at every beat.
"""

import hashlib
import re
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import structlog

log = structlog.get_logger()

NAME = "HEARTBEAT.md"
LARGEST = 64 * 1024
"""Bytes of the file that are read."""
MOST = 50
"""Items that are taken from it."""
LONGEST = timedelta(days=3660)
"""Between two looks at an item."""

_ITEM = re.compile(r"\s*(?:[-*+]|\d+[.)])\s+(?:\[(?P<box>[ xXхХ])\]\s+)?(?P<text>\S.*)")
_URGENT = re.compile(r"(?:!+\s*|(?:urgent|срочно)\s*:\s*)(?=\S)", re.IGNORECASE)
_UNITS = {
    r"m|min|mins|minutes?|м|мин|минут[уы]?": timedelta(minutes=1),
    r"h|hrs?|hours?|ч|час(?:а|ов)?": timedelta(hours=1),
    r"d|days?|д|дн|день|дня|дней|сутки": timedelta(days=1),
    r"w|weeks?|нед|недел[юьи]": timedelta(weeks=1),
}
_EVERY = re.compile(
    r"(?:every|each|кажд(?:ые|ый|ую|ое)|раз\s+в)\s+(?P<number>\d+(?:[.,]\d+)?)?\s*"
    rf"(?P<unit>{'|'.join(_UNITS)})\s*:\s*(?=\S)",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Item:
    text: str
    every: timedelta | None
    """None: at every beat."""
    urgent: bool

    @property
    def key(self) -> str:
        """The same as long as its words are."""
        return "item:" + hashlib.sha256(self.text.encode()).hexdigest()[:16]


def read_checklist(workspace: Path) -> list[Item]:
    """The items of the workspace's HEARTBEAT.md; none where there is no such file, or it cannot be read."""
    try:
        with (workspace / NAME).open("rb") as file:
            text = file.read(LARGEST).decode(errors="replace")
    except FileNotFoundError:
        return []
    except OSError as error:
        log.warning("HEARTBEAT.md cannot be read", error=str(error))
        return []
    return parse(text)


def parse(text: str) -> list[Item]:
    """The items of a checklist's Markdown; comments and code blocks are none, nor is what is ticked off."""
    bare = re.sub(r"<!--.*?(?:-->|\Z)|^```.*?(?:^```|\Z)", "", text, flags=re.DOTALL | re.MULTILINE)
    matches = (_ITEM.fullmatch(line.rstrip()) for line in bare.splitlines())
    return [_item(match["text"]) for match in matches if match and (match["box"] or " ") == " "][:MOST]


def _item(text: str) -> Item:
    """Its marks may stand in either order."""
    urgent, every = False, None
    for _ in range(2):
        if mark := _URGENT.match(text):
            urgent, text = True, text[mark.end() :]
        if interval := _EVERY.match(text):
            unit = next(length for pattern, length in _UNITS.items() if re.fullmatch(pattern, interval["unit"], re.I))
            every = min(float((interval["number"] or "1").replace(",", ".")), LONGEST / unit) * unit
            text = text[interval.end() :]
    return Item(text.strip(), every, urgent)
