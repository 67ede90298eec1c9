"""Where a remembered line comes from: a comment at its end, which Markdown does not show.

- Prefers the window seat <!-- 2026-11-22 owner -->
- Sends the mock-ups on Wednesday <!-- 2026-11-22 external: Мария -->
"""

import re
from dataclasses import dataclass
from datetime import date

OWNER = "owner"
AGENT = "agent"
FILE = "file"
"""Nothing is known of it: it was written by hand, or came from elsewhere."""
EXTERNAL = "external"

_MARK = re.compile(r"\s*<!--\s*(\d{4}-\d{2}-\d{2})\s+(owner|agent|external)(?:\s*:\s*([^\n]*?))?\s*-->\s*$")
_ANY_MARK = re.compile(r"<!--|-->")


@dataclass(frozen=True)
class Mark:
    source: str = FILE
    day: date | None = None


def is_foreign(source: str) -> bool:
    """Whether a source, or one of several, is another person."""
    return source.startswith(EXTERNAL)


def author_of(source: str) -> str:
    """Whose words a foreign source tells of; "" when that is not known."""
    return source.removeprefix(EXTERNAL).removeprefix(":").strip()


REPLACED = "MEMORY.md no longer says: "
"""How the day's log begins to tell of a fact that gave way."""
SOMEBODY = "somebody"
"""The author of foreign words whose author is not known."""


def external(name: str) -> str:
    """The source of what somebody else said."""
    return f"{EXTERNAL}: {_ANY_MARK.sub('', ' '.join(name.split())).strip()[:100] or SOMEBODY}"


def read_mark(line: str) -> tuple[str, Mark]:
    """A line's words and its mark. A mark that says no real date is part of the words."""
    match = _MARK.search(line)
    if match is None:
        return line, Mark()
    try:
        day = date.fromisoformat(match[1])
    except ValueError:
        return line, Mark()
    source = external(match[3] or "") if match[2] == EXTERNAL else match[2]
    return line[: match.start()], Mark(source, day)


def marked(text: str, mark: Mark) -> str:
    """A line with its mark; text that looks like one is disarmed, so that nobody can lend themselves a source."""
    text = _ANY_MARK.sub("·", text).strip()
    return text if mark.day is None else f"{text} <!-- {mark.day.isoformat()} {mark.source} -->"


def shown(line: str) -> str:
    """A line with its mark as a reader sees it."""
    text, mark = read_mark(line)
    return text if mark.day is None else f"{text} ({mark.source}, {mark.day.isoformat()})"
