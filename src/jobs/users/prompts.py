"""What a session is told: the system prompt of its role, and the blocks of each turn."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from string import Template
from typing import Any

from jobs.db import Row
from jobs.spine.model import InboxRow, Turn
from jobs.times import from_text
from jobs.users.attachments import NO_FILES, Files
from jobs.users.message_blocks import clean, message_blocks, text_block
from jobs.users.message_blocks import quoted as _quoted
from jobs.users.model import Person, Role
from jobs.users.quotations import short_name
from jobs.users.remembering import Recalled

TEMPLATES = Path(__file__).with_name("templates")
RECAP_MESSAGES = 30
"""How many of the last messages a fresh session is reminded of when the old one is lost."""
STOPPED_MESSAGES = 6
"""The same after a turn that was stopped."""
RECAP_CHARACTERS = 500
"""How much of each of them."""
RESULT_CHARACTERS = 300
"""How much of a finished tool call's result is repeated to the retried turn."""

__all__ = ["Undelivered", "clean", "more_content", "shown_time", "system_prompt", "turn_content"]


@dataclass(frozen=True)
class Undelivered:
    """Words of a session that did not reach anyone. `to`: a person; None for whom the session talks with."""

    to: str | None
    text: str
    reason: str


def system_prompt(
    person: Person, owner: Person, opened: str, about: str = "", facts: str = "", skills: str = ""
) -> str:
    """The role's template, filled in; an edit of it takes effect at the next turn.

    `about`: the errand. `facts`: what is remembered. `skills`: a line for each. Only the templates of sessions with the
    owner's power have places for these.
    """
    path = TEMPLATES / f"{person.role}.md"
    return _template(path, path.stat().st_mtime_ns).safe_substitute(
        owner=_one_line(owner.name) or "the owner",
        person=_one_line(person.name) or "somebody without a name",
        zone=person.zone.key,
        opened=opened,
        memory=clean(facts).replace("</memory", "‹/memory") or "(empty)",
        skills=clean(skills).replace("</skills", "‹/skills") or "(none)",
        about=about,
        language={"ru": "Russian", "en": "English"}[person.language],
    )


@lru_cache(maxsize=len(Role))
def _template(path: Path, _changed: int) -> Template:
    return Template(path.read_text(encoding="utf-8"))


def shown_time(moment: datetime, person: Person) -> str:
    local = moment.astimezone(person.zone)
    return f"{local.isoformat(timespec='minutes')} ({person.zone.key}, {local:%A})"


def turn_content(
    turn: Turn,
    person: Person,
    recap: Sequence[Row] = (),
    said_since: Sequence[Row] = (),
    stopped: Sequence[Row] = (),
    files: Files = NO_FILES,
    undelivered: Sequence[Undelivered] = (),
    recalled: Sequence[Recalled] = (),
    changes: Sequence[str] = (),
    earlier: Sequence[str] = (),
    scheduled: Sequence[Row] = (),
) -> list[dict[str, Any]]:
    """The turn as content blocks: what Jobs says about it in one block, then each message verbatim in its own."""
    last = turn.rows[-1]
    lines = [f"<jobs-context>\ntime: {shown_time(last.sent_at, person)}"]
    if recap:
        lines.append("You have lost your memory of this conversation. Its last messages, from the records:")
        lines.extend(_recap_line(row, person) for row in recap)
        lines.append("Go on from there without mentioning this.")
    if earlier:
        lines.append("What earlier runs of this came to, oldest first:")
        lines.extend(f"- {_quoted(each)[:RECAP_CHARACTERS]}" for each in earlier)
    if stopped:
        lines.append("They stopped your last turn, and what you did in it is not in your memory. The last messages:")
        lines.extend(_recap_line(row, person) for row in stopped)
    if said_since:
        lines.append("Since your last answer Jobs has also told them, on the owner's behalf:")
        lines.extend(f"- {shown_time(from_text(row['at']), person)}: {_quoted(row['text'])}" for row in said_since)
    if scheduled:
        lines.append("Since then what is scheduled has told them, and they may answer to it:")
        lines.extend(
            f"- {shown_time(from_text(row['at']), person)}: {_quoted(row['text'])[:RECAP_CHARACTERS]}"
            for row in scheduled
        )
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
    lines.extend(_memory_lines(recalled, changes))
    lines.append("</jobs-context>")
    return [text_block("\n".join(lines)), *message_blocks(turn.rows, person, files)]


def more_content(rows: Sequence[InboxRow], person: Person, files: Files = NO_FILES) -> list[dict[str, Any]]:
    """What came while the turn was running, as blocks like those of a turn."""
    note = (
        f"<jobs-context>\ntime: {shown_time(rows[-1].sent_at, person)}\n"
        "This came while you were working. Take it into account, and answer everything together.\n</jobs-context>"
    )
    return [text_block(note), *message_blocks(rows, person, files)]


def _memory_lines(recalled: Sequence[Recalled], changes: Sequence[str]) -> list[str]:
    """What memory has to a turn. Of other people's words only whose and when: their text would be an unasked guest."""
    lines = []
    if changes:
        lines.append("MEMORY.md has changed since you read it; what it says now holds:")
        lines.extend(_quoted(change) for change in changes)
    if own := [passage for passage in recalled if passage.text]:
        lines.append("From memory, perhaps to the point:")
        lines.extend(_recalled_line(passage) for passage in own)
    if others := [passage for passage in recalled if not passage.text]:
        lines.append("What others said may belong to it too; memory_search tells their words:")
        lines.extend(f"- {short_name(each.author)}, {each.day or 'no date'} ({_quoted(each.where)})" for each in others)
    return lines


def _recalled_line(passage: Recalled) -> str:
    about = ", ".join(_quoted(part) for part in (passage.day, passage.source, passage.where) if part)
    return f"- ({about}) {_quoted(passage.text)}"


def _undelivered_line(words: Undelivered) -> str:
    to = _quoted(words.to) if words.to else "them"
    return f"- to {to} ({_quoted(words.reason)}): {_quoted(words.text)[:RECAP_CHARACTERS]}"


def _recap_line(row: Row, person: Person) -> str:
    who = "you" if row["who"] == "jobs" else "they"
    text = _quoted(row["text"])[:RECAP_CHARACTERS]
    return f"- {shown_time(from_text(row['at']), person)} {who}: {text}"


def _one_line(name: str) -> str:
    """A name from Telegram is the person's own free text: it may not start a line of the prompt."""
    return " ".join(clean(name).split())[:100]
