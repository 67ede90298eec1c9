"""Pieces of answers that are made from the tools' results; every field but the ones named may be missing."""

import re
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

from jobs_simulator.model.request import ToolResult

from .intents import Language
from .phrases import STATUSES, pick, say

LONGEST_OUTPUT = 2500
_WEEKDAYS = (("пн", "Mon"), ("вт", "Tue"), ("ср", "Wed"), ("чт", "Thu"), ("пт", "Fri"), ("сб", "Sat"), ("вс", "Sun"))
_ERROR_TAG = re.compile(r"</?tool_use_error>")


def error_text(result: ToolResult) -> str:
    """The sentence of a failed call without the CLI's wrapping."""
    return _ERROR_TAG.sub("", result.text).strip()


def failed(language: Language, result: ToolResult) -> str:
    return say(language, "failed", error=error_text(result))


def entries(result: ToolResult, key: str) -> list[Mapping[str, Any]]:
    """The objects of a list in a result."""
    found = result.json.get(key) if isinstance(result.json, dict) else result.json
    return [entry for entry in found if isinstance(entry, dict)] if isinstance(found, list) else []


def entry(result: ToolResult, key: str) -> Mapping[str, Any]:
    """One object of a result; the result itself when the key is not there."""
    whole = result.json if isinstance(result.json, dict) else {}
    found = whole.get(key)
    return found if isinstance(found, dict) else whole


def moment(language: Language, value: Any) -> str:
    """An ISO date or time as a person writes it; what is none as it stands."""
    text = str(value or "")
    try:
        day = date.fromisoformat(text[:10])
        time = f" {datetime.fromisoformat(text):%H:%M}" if len(text) > 10 else ""
    except ValueError:
        return text
    weekday = pick(_WEEKDAYS[day.weekday()], language)
    return f"{weekday} {day:%d.%m}{time}" if language is Language.RU else f"{weekday} {day:%Y-%m-%d}{time}"


def deadline(language: Language, value: Any) -> str:
    return say(language, "deadline", when=moment(language, value)) if value else ""


def status(language: Language, value: Any) -> str:
    name = str(value or "")
    return pick(STATUSES.get(name, (name, name)), language)


def task_lines(language: Language, tasks: Iterable[Mapping[str, Any]]) -> str:
    """One line for a task: number, person, title, deadline, status, comment."""
    lines = []
    for task in tasks:
        who = f"{task['user']}: " if task.get("user") else ""
        state = f" — {status(language, task['status'])}" if task.get("status") else ""
        comment = f" ({task['comment']})" if task.get("comment") else ""
        due = deadline(language, task.get("deadline"))
        lines.append(f"№{task.get('id')} {who}{task.get('title', '')}{due}{state}{comment}")
    return "\n".join(lines)


def person_line(language: Language, person: Mapping[str, Any]) -> str:
    username = f" (@{str(person['username']).lstrip('@')})" if person.get("username") else ""
    last = f", {moment(language, person['last_contact'])}" if person.get("last_contact") else ""
    return f"• {person.get('name') or person.get('id')}{username}{last}"


def person_name(value: Any) -> str:
    """A person in a result is a name or an object with one."""
    return str(value.get("name") or value.get("id") or "") if isinstance(value, Mapping) else str(value or "")


def output(text: str) -> str:
    """The output of a command or a file, short enough for a message and safe inside a code block."""
    shown = text.strip().replace("```", "ʼʼʼ")
    return shown if len(shown) <= LONGEST_OUTPUT else shown[:LONGEST_OUTPUT] + " …"


def sentence_case(text: str) -> str:
    return text[:1].upper() + text[1:]
