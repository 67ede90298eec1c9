"""Markdown as passages to find: a fact, a paragraph, or a few lines that follow one another."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date

from jobs.memory.marks import Mark, is_foreign, read_mark

UNITS = 5
"""Lines or paragraphs that make a passage, at most, unless they are very short."""
CHARACTERS = 600
"""How long a passage may grow by adding lines."""
SHORT = 250
"""Below this it grows past UNITS."""
MOST_UNITS = 20
LONGEST = 1500
"""Characters of a single line in one passage; what is longer is several passages of the same line."""

_ITEM = re.compile(r"\s*(?:[-*+]|\d{1,3}[.)])\s+")
_HEADING = re.compile(r"(#{1,6})\s+(.*?)\s*#*\s*$")
_FENCE = re.compile(r"\s*(```|~~~)")
_DATE = re.compile(r"(?<!\d)(\d{4})-(\d{2})-(\d{2})(?!\d)")


@dataclass(frozen=True)
class Passage:
    """Some lines of a document. Lines count from 1."""

    line_start: int
    line_end: int
    text: str
    heading: str
    """The headings above, outermost first."""
    day: date | None
    """What its mark, its heading or its document's name says."""
    source: str
    """owner, agent, external: NAME, or file (nothing is known); "owner, agent" where both speak."""
    units: tuple[str, ...] = ()
    """Its items or messages, one by one: what it means is looked for in each."""


@dataclass(frozen=True)
class Unit:
    """What is not cut: an item, a paragraph, a message."""

    start: int
    end: int
    text: str
    heading: str = ""
    mark: Mark = field(default_factory=Mark)


def passages_of(lines: Iterable[str], day: date | None = None, *, single: bool = False) -> Iterator[Passage]:
    """The passages of a Markdown text, given line by line, in order.

    `day`: of the whole document. `single`: each item stands for itself (facts); otherwise what follows one another is
    taken together, each passage overlapping the one before by half.
    """
    return windows(_units(lines), day, single=single, apart=True)


def windows(
    units: Iterable[Unit], day: date | None = None, *, single: bool = False, apart: bool = False
) -> Iterator[Passage]:
    """The same of units that were cut already. `apart`: a passage has one source.

    Otherwise only what is another person's stands apart, so that what is not can be handed over without it.
    """
    group: list[Unit] = []
    for unit in units:
        if group and _parted(group[-1], unit, apart):
            yield from _windows(group, day, single)
            group = []
        group.append(unit)
        if len(group) >= 2000:  # a million lines are not held at once
            yield from _windows(group, day, single)
            group = []
    yield from _windows(group, day, single)


def day_in(text: str) -> date | None:
    """The first date written as 2026-11-22."""
    for match in _DATE.finditer(text):
        try:
            return date(int(match[1]), int(match[2]), int(match[3]))
        except ValueError:
            continue
    return None


def _windows(units: list[Unit], day: date | None, single: bool) -> Iterator[Passage]:
    at = 0
    while at < len(units):
        end, size = at + 1, len(units[at].text)
        while not single and end < len(units) and _grows(end - at, size, len(units[end].text)):
            size += len(units[end].text)
            end += 1
        yield _passage(units[at:end], day)
        if end >= len(units):
            return
        at += max(1, (end - at + 1) // 2)


def _parted(before: Unit, unit: Unit, apart: bool) -> bool:
    if unit.heading != before.heading or (apart and unit.mark != before.mark):
        return True
    return is_foreign(unit.mark.source) != is_foreign(before.mark.source)


def _grows(count: int, size: int, more: int) -> bool:
    return size + more <= CHARACTERS and (count < UNITS or (size < SHORT and count < MOST_UNITS))


def _passage(units: list[Unit], day: date | None) -> Passage:
    sources = {unit.mark.source for unit in units}
    external = sorted(filter(is_foreign, sources))
    # What is partly somebody else's is theirs: the stricter reading.
    source = external[0] if external else ", ".join(sorted(sources, reverse=True))
    own_day = next((unit.mark.day for unit in units if unit.mark.day), None)
    heading = units[0].heading
    text = "\n".join(unit.text for unit in units)
    return Passage(
        units[0].start,
        units[-1].end,
        text,
        heading,
        own_day or day or day_in(heading),
        source,
        tuple(unit.text for unit in units),
    )


def _units(text: Iterable[str]) -> Iterator[Unit]:
    """Items with their continuations, and paragraphs. A code block is read like any text."""
    headings: list[tuple[int, str]] = []
    lines: list[str] = []
    start = 0
    fenced = False

    def unit() -> Iterator[Unit]:
        if lines:
            marked = [read_mark(line) for line in lines]
            words = "\n".join(text for text, _ in marked).strip()
            mark = max((mark for _, mark in marked), key=lambda mark: (is_foreign(mark.source), mark.day is not None))
            heading = " / ".join(name for _, name in headings)
            for part in range(0, len(words), LONGEST):
                yield Unit(start, start + len(lines) - 1, words[part : part + LONGEST], heading, mark)

    for number, line in enumerate(text, 1):
        line = line.rstrip("\r\n")
        fenced ^= bool(_FENCE.match(line))
        heading = None if fenced else _HEADING.match(line)
        if heading or not line.strip():
            yield from unit()
            lines = []
            if heading:
                level = len(heading[1])
                headings = [*(known for known in headings if known[0] < level), (level, heading[2])]
            continue
        if lines and (_ITEM.match(line) or sum(map(len, lines)) > CHARACTERS):
            yield from unit()
            lines = []
        if not lines:
            start = number
        lines.append(line)
    yield from unit()
