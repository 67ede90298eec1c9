"""A meeting as a calendar file (RFC 5545): one event, in UTC, which every calendar shows in its own zone."""

from datetime import UTC, datetime, timedelta

from jobs.times import now
from jobs.users.model import Task

LONGEST_LINE = 75
"""Octets; a longer line goes on in the next, after a space."""


def invitation(task: Task, owner_id: int, begins: datetime, minutes: int) -> str:
    """The text of the file. The same meeting has the same UID, so that a newer file replaces it in a calendar."""
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Jobs//tasks//EN",
        "METHOD:PUBLISH",
        "BEGIN:VEVENT",
        f"UID:{owner_id}-{task.id}@jobs",
        f"DTSTAMP:{_stamp(now())}",
        f"DTSTART:{_stamp(begins)}",
        f"DTEND:{_stamp(begins + timedelta(minutes=minutes))}",
        f"SUMMARY:{_text(task.title)}",
        *([f"DESCRIPTION:{_text(task.details)}"] if task.details else []),
        "END:VEVENT",
        "END:VCALENDAR",
    ]
    return "".join(f"{folded}\r\n" for line in lines for folded in _folded(line))


def _stamp(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def _text(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")
    return "\\n".join(escaped.splitlines())


def _folded(line: str) -> list[str]:
    """Cut between characters, never inside one."""
    parts, length = [""], 0
    for character in line:
        size = len(character.encode("utf-8"))
        if length + size > LONGEST_LINE:
            parts.append(" ")
            length = 1
        parts[-1] += character
        length += size
    return parts
