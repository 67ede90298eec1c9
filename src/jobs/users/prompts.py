"""What a session is told: the system prompt of its role, and the blocks of each turn."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib import resources
from string import Template
from typing import Any

from jobs.db import Row
from jobs.spine.model import InboxRow, Turn
from jobs.times import from_text
from jobs.users.model import Person

RECAP_MESSAGES = 30
"""How many of the last messages a fresh session is reminded of when the old one is lost."""
STOPPED_MESSAGES = 6
"""The same after a turn that was stopped."""
RECAP_CHARACTERS = 500
"""How much of each of them."""
RESULT_CHARACTERS = 300
"""How much of a finished tool call's result is repeated to the retried turn."""


@dataclass(frozen=True)
class Undelivered:
    """Words of a session that did not reach anyone. `to`: a person; None for whom the session talks with."""

    to: str | None
    text: str
    reason: str


_OWN_TAG = re.compile(r"<(?=\s*/?\s*jobs-context)", re.IGNORECASE)


def system_prompt(person: Person, owner: Person, opened: str) -> str:
    """The role's template, read anew each time so that an edit takes effect at the next turn."""
    text = (resources.files("jobs.users") / "templates" / f"{person.role}.md").read_text(encoding="utf-8")
    return Template(text).safe_substitute(
        owner=_one_line(owner.name) or "the owner",
        person=_one_line(person.name) or "somebody without a name",
        zone=person.zone.key,
        opened=opened,
    )


def shown_time(moment: datetime, person: Person) -> str:
    local = moment.astimezone(person.zone)
    return f"{local.isoformat(timespec='minutes')} ({person.zone.key}, {local:%A})"


def turn_content(
    turn: Turn,
    person: Person,
    recap: Sequence[Row] = (),
    said_since: Sequence[Row] = (),
    stopped: Sequence[Row] = (),
    undelivered: Sequence[Undelivered] = (),
) -> list[dict[str, Any]]:
    """The turn as content blocks: what Jobs says about it in one block, then each message verbatim in its own."""
    last = turn.rows[-1]
    lines = [f"<jobs-context>\ntime: {shown_time(last.sent_at, person)}"]
    if recap:
        lines.append("You have lost your memory of this conversation. Its last messages, from the records:")
        lines.extend(_recap_line(row, person) for row in recap)
        lines.append("Go on from there without mentioning this.")
    if stopped:
        lines.append("They stopped your last turn, and what you did in it is not in your memory. The last messages:")
        lines.extend(_recap_line(row, person) for row in stopped)
    if said_since:
        lines.append("Since your last answer Jobs has also told them, on the owner's behalf:")
        lines.extend(f"- {shown_time(from_text(row['at']), person)}: {_quoted(row['text'])}" for row in said_since)
    if undelivered:
        lines.append("These words of yours were not delivered:")
        lines.extend(_undelivered_line(words) for words in undelivered)
    if turn.finished_calls:
        lines.append("You were cut off while working on this. These tool calls had already been made and took effect:")
        lines.extend(
            f"- {call.tool} {_quoted(call.arguments)} → {_quoted(call.result)[:RESULT_CHARACTERS]}"
            for call in turn.finished_calls
        )
        lines.append("Do not repeat what is done; finish the rest and answer.")
    lines.append("</jobs-context>")
    blocks = ["\n".join(lines), *(row.text for row in turn.rows)]
    return [_block(block) for block in blocks]


def more_content(rows: Sequence[InboxRow], person: Person) -> list[dict[str, Any]]:
    """What came while the turn was running, as blocks like those of a turn."""
    note = (
        f"<jobs-context>\ntime: {shown_time(rows[-1].sent_at, person)}\n"
        "This came while you were working. Take it into account, and answer everything together.\n</jobs-context>"
    )
    return [_block(text) for text in (note, *(row.text for row in rows))]


def _block(text: str) -> dict[str, Any]:
    return {"type": "text", "text": clean(text)}


def clean(text: str) -> str:
    """Text that every JSON reader takes: lone surrogates become U+FFFD, NUL goes. Nothing else is touched."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").replace("\0", "")


def _undelivered_line(words: Undelivered) -> str:
    to = _quoted(words.to) if words.to else "them"
    return f"- to {to} ({_quoted(words.reason)}): {_quoted(words.text)[:RECAP_CHARACTERS]}"


def _recap_line(row: Row, person: Person) -> str:
    who = "you" if row["who"] == "jobs" else "they"
    text = _quoted(row["text"])[:RECAP_CHARACTERS]
    return f"- {shown_time(from_text(row['at']), person)} {who}: {text}"


def _quoted(text: str) -> str:
    """Somebody's words inside Jobs' own block: they start no line of it and do not end it."""
    return _OWN_TAG.sub("‹", " ".join(text.split()))


def _one_line(name: str) -> str:
    """A name from Telegram is the person's own free text: it may not start a line of the prompt."""
    return " ".join(clean(name).split())[:100]
