"""What a consolidation may do to MEMORY.md: join lines, mark stale ones, add some. Pure: text in, text out."""

from dataclasses import dataclass
from datetime import date

from pydantic import BaseModel, Field, ValidationError

from jobs.memory.facts import dash_of, end_of, entries, said_in, source_of, words_of
from jobs.memory.marks import AGENT, Mark, is_foreign, marked, read_mark, shown
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


def numbered(lines: list[str]) -> str:
    """MEMORY.md as a model is shown it: what other people said is left out, so that nothing is made of it."""
    told = [
        f"{number}: {shown(line)}"
        for at, entry in entries(lines)
        for number, line in enumerate(entry, at + 1)
        if line.strip() and not is_foreign(source_of(entry))
    ]
    return "\n".join(told)


def tidied(lines: list[str], proposal: Proposal, today: date) -> tuple[list[str], list[Change]]:
    """The lines with joins and stale marks done, and what was done. What does not fit the lines is left out.

    Each item is touched once, with the lines that go on with it, and none of another person's. One under which there
    are others is joined only together with these. `add` is for whoever keeps the file.
    """
    touched: set[int] = set()
    changes: list[Change] = []
    after: list[str | None] = list(lines)

    def own(place: int) -> list[str]:
        return lines[place : end_of(lines, place, own=True)]

    def is_free(place: int) -> bool:
        is_item = 0 <= place < len(lines) and bool(dash_of(lines[place]))
        return is_item and place not in touched and not is_foreign(source_of(own(place)))

    for join in proposal.join:
        places = sorted({number - 1 for number in join.lines})
        if len(places) < 2 or not all(map(is_free, places)):
            continue
        gone = {each for place in places for each in range(place, end_of(lines, place))}
        if any(dash_of(lines[place]) and place not in places for place in gone):
            continue
        if is_foreign(source_of([lines[place] for place in gone])):  # written under one of them, and not shown
            continue
        words = " ".join(join.text.split())
        known = {stem for place in gone for stem in stems(words_of(lines[place]))}
        newest = max((read_mark(lines[place])[1] for place in gone), key=lambda mark: mark.day or date.min)
        # Words of the old lines keep their source; any other makes it the assistant's.
        source = newest.source if set(stems(words)) <= known and newest.day else AGENT
        for place in gone:
            after[place] = None
        after[places[0]] = dash_of(lines[places[0]]) + marked(words, Mark(source, newest.day or today))
        touched |= gone
        changes.append(Change("joined", tuple(said_in(own(place)) for place in places), words))
    for stale in proposal.stale:
        place = stale.line - 1
        if not is_free(place) or STALE in lines[place] or stale.since > today:
            continue
        text, mark = read_mark(lines[place])
        words = f"{words_of(text)} {STALE}{stale.since.isoformat()})"
        after[place] = dash_of(lines[place]) + marked(words, mark)
        touched.add(place)
        changes.append(Change("stale", (words_of(text),), words))
    return [line for line in after if line is not None], changes
