"""What a consolidation may do to MEMORY.md: join lines, mark stale ones, add some. Pure: text in, text out."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from pydantic import BaseModel, Field, ValidationError

from jobs.memory.facts import dash_of, words_of
from jobs.memory.marks import AGENT, Mark, is_foreign, marked, read_mark
from jobs.memory.words import stems

MOST_ADDED = 5
STALE = "(stale since "


class Join(BaseModel):
    lines: list[int] = Field(min_length=2, max_length=10)
    text: str = Field(min_length=1, max_length=1000)


class Stale(BaseModel):
    line: int
    since: date


class Added(BaseModel):
    section: str = Field("", max_length=100)
    text: str = Field(min_length=1, max_length=1000)


class Proposal(BaseModel):
    join: list[Join] = []
    stale: list[Stale] = []
    add: list[Added] = []


@dataclass(frozen=True)
class Change:
    """One thing that was done, for the owner."""

    kind: str
    """joined, stale or added."""
    before: tuple[str, ...]
    after: str


def proposal_in(text: str) -> Proposal | None:
    """The JSON object in a model's answer; None when there is no such."""
    try:
        return Proposal.model_validate_json(text[text.index("{") : text.rindex("}") + 1])
    except (ValueError, ValidationError):
        return None


def numbered(lines: Iterable[str]) -> str:
    """MEMORY.md as a model is shown it: what other people said is left out, so that nothing is made of it."""
    shown = []
    for number, line in enumerate(lines, 1):
        words, mark = read_mark(line)
        if line.strip() and not is_foreign(mark.source):
            shown.append(f"{number}: {words}" + (f" ({mark.source}, {mark.day})" if mark.day else ""))
    return "\n".join(shown)


def tidied(lines: list[str], proposal: Proposal, today: date) -> tuple[list[str], list[Change]]:
    """The lines with joins and stale marks done, and what was done. What does not fit the lines is left out.

    Each line is touched once, only items, and none of another person's. `add` is for whoever keeps the file.
    """
    touched: set[int] = set()
    changes: list[Change] = []
    after: list[str | None] = list(lines)

    def free(number: int) -> bool:
        place = number - 1
        is_item = 0 <= place < len(lines) and bool(dash_of(lines[place]))
        return is_item and place not in touched and not is_foreign(read_mark(lines[place])[1].source)

    for join in proposal.join:
        numbers = sorted(set(join.lines))
        if len(numbers) < 2 or not all(map(free, numbers)):
            continue
        old = [read_mark(lines[number - 1]) for number in numbers]
        words = " ".join(join.text.split())
        known = {stem for text, _ in old for stem in stems(text)}
        newest = max((mark for _, mark in old), key=lambda mark: mark.day or date.min)
        # Words of the old lines keep their source; any other makes it the assistant's.
        source = newest.source if set(stems(words)) <= known and newest.day else AGENT
        after[numbers[0] - 1] = dash_of(lines[numbers[0] - 1]) + marked(words, Mark(source, newest.day or today))
        for number in numbers[1:]:
            after[number - 1] = None
        touched.update(number - 1 for number in numbers)
        changes.append(Change("joined", tuple(words_of(text) for text, _ in old), words))
    for stale in proposal.stale:
        if not free(stale.line) or STALE in lines[stale.line - 1] or stale.since > today:
            continue
        text, mark = read_mark(lines[stale.line - 1])
        words = f"{words_of(text)} {STALE}{stale.since.isoformat()})"
        after[stale.line - 1] = dash_of(lines[stale.line - 1]) + marked(words, mark)
        touched.add(stale.line - 1)
        changes.append(Change("stale", (words_of(text),), words))
    return [line for line in after if line is not None], changes
