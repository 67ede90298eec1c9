"""Text with entities cut into messages that Telegram accepts.

Offsets are UTF-16 units throughout, as Telegram counts them. Pure.
"""

from __future__ import annotations

import array
import re
import sys
import unicodedata
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, replace

MAX_ENTITIES = 100
"""Telegram refuses a message with more (ENTITIES_TOO_LONG)."""

# Control characters that Telegram refuses or that break a line in their own way, and the noncharacters.
_LINE_ENDS = re.compile("\r\n?|[\x85\u2028\u2029]")
_SPACES = re.compile("[\x0b\x0c\x1c-\x1f]")
_DROPPED = re.compile("[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\ufdd0-\ufdef\ufffe\uffff]")
_JOINED_TO_PREVIOUS = re.compile("[\u0300-\u036f\u200d\ufe00-\ufe0f\u20d0-\u20ff\udc00-\udfff]")
_UNSEEN = {"Zs", "Zl", "Zp", "Cc", "Cf", "Cn"}


@dataclass(frozen=True, slots=True)
class Span:
    """One entity: `type` as in `jobs.telegram.formatting`, the half-open range it covers."""

    type: str
    start: int
    end: int
    url: str | None = None
    language: str | None = None


def clean(text: str) -> str:
    """Return the text without what Telegram does not accept: lone surrogates become U+FFFD, control characters go.

    Line ends become \\n; tabs stay.
    """
    text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return _DROPPED.sub("", _SPACES.sub(" ", _LINE_ENDS.sub("\n", text)))


def visible(text: str) -> bool:
    """Whether anything of the text can be seen; Telegram refuses a message of which nothing can."""
    return any(unicodedata.category(letter) not in _UNSEEN for letter in text)


def utf16_units(text: str) -> str:
    """Return the text with each character outside the BMP as its two surrogates: its indices are UTF-16 offsets."""
    if not text or max(text) <= "\uffff":
        return text
    units = array.array("H", text.encode("utf-16-le"))
    if sys.byteorder == "big":
        units.byteswap()
    return "".join(map(chr, units))


def _characters(units: str) -> str:
    return units.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def split(text: str, spans: list[Span], limit: int) -> Iterator[tuple[str, list[Span]]]:
    """Yield the messages of a clean text: each at most `limit` units, visible, with the spans that fall in it.

    Cuts at the end of a paragraph, else of a line, a sentence, a word. A "pre" that fits in one message is not cut; one
    that does not is cut at line ends, and each part is a "pre" of its own. Whitespace at a cut is dropped.
    """
    units = utf16_units(text)
    spans = sorted(spans, key=lambda span: (span.start, -span.end))
    cutter = _Cutter(units, spans, limit)
    position = taken = 0
    under_way: list[Span] = []  # that began before or in this message and have not ended before it
    while (start := cutter.skip_blank(position)) < len(units):
        position = cutter.cut(start)
        end = start + len(units[start:position].rstrip())
        part = _characters(units[start:end])
        begun = cutter.spans_before(end)
        under_way = [span for span in (*under_way, *spans[taken:begun]) if span.end > start]
        taken = begun
        if visible(part):
            yield part, list(_within(under_way, units, start, end))


def _within(spans: list[Span], units: str, start: int, end: int) -> Iterator[Span]:
    """The spans clipped to a message, counted from its start, without the whitespace at their edges."""
    left = MAX_ENTITIES
    for span in spans:
        first, last = max(span.start, start), min(span.end, end)
        covered = units[first:last]
        last -= len(covered) - len(covered.rstrip())
        if span.type not in ("pre", "code"):
            first += len(covered) - len(covered.lstrip())
        if first < last and left:
            left -= 1
            yield replace(span, start=first - start, end=last - start)


class _Cutter:
    def __init__(self, units: str, spans: list[Span], limit: int) -> None:
        self._units = units
        self._limit = limit
        self._starts = [span.start for span in spans]
        self._blocks = _disjoint([span for span in spans if span.type == "pre"])
        self._block_starts = [block.start for block in self._blocks]

    def spans_before(self, end: int) -> int:
        """How many spans begin before `end`."""
        return bisect_left(self._starts, end)

    def skip_blank(self, position: int) -> int:
        """Go past blank lines, keeping the indentation of the first that is not blank."""
        found = re.compile(r"\S").search(self._units, position)
        if found is None:
            return len(self._units)
        line = self._units.rfind("\n", position, found.start()) + 1
        return max(position, line)

    def cut(self, start: int) -> int:
        """Return where the message that begins at `start` ends, at most `limit` on."""
        most = self._crowded(start, start + self._limit)
        if most >= len(self._units):
            return len(self._units)
        block = self._block_at(most)
        if block is None:
            return self._boundary(start, most) or self._whole_character(start, most)
        if start < block.start and block.end - block.start <= self._limit:
            return block.start
        if end := self._last("\n", max(start, block.start), most):
            return end
        return block.start if start < block.start else self._whole_character(start, most)

    def _boundary(self, start: int, most: int) -> int | None:
        """The best place for a cut outside of any block, preferring messages that are not nearly empty."""
        for least in (start + (most - start) // 4, start):
            for mark in ("\n\n", "\n", ". ", " "):
                if end := self._last(mark, least, most):
                    return end
        return None

    def _last(self, mark: str, start: int, most: int) -> int | None:
        """The end of the last `mark` that lies between, but in no block unless `most` is in that block too."""
        inside = self._block_at(most)
        end = min(most + len(mark), len(self._units)) if mark.isspace() else most
        while (found := self._units.rfind(mark, start + 1, end)) > start:
            block = self._block_at(found)
            if block is None or block == inside:
                return min(found + len(mark), most)
            end = block.start
        return None

    def _block_at(self, position: int) -> Span | None:
        """The block that a cut at `position` would cut in two."""
        number = bisect_left(self._block_starts, position) - 1
        return self._blocks[number] if number >= 0 and self._blocks[number].end > position else None

    def _whole_character(self, start: int, most: int) -> int:
        end = most
        while end > start + 1 and most - end < 16 and self._joined(end):
            end -= 1
        if self._joined(end):
            # A long chain of marks: only a pair of surrogates must stay whole.
            return most - 1 if "\udc00" <= self._units[most] <= "\udfff" else most
        return end

    def _joined(self, position: int) -> bool:
        """Whether a reader sees one character on both sides."""
        return self._units[position - 1] == "\u200d" or bool(_JOINED_TO_PREVIOUS.match(self._units, position))

    def _crowded(self, start: int, most: int) -> int:
        """Come back so far that no more entities begin in the message than it may have."""
        next_too_many = bisect_left(self._starts, start) + MAX_ENTITIES
        if next_too_many >= len(self._starts):
            return most
        return min(most, max(start + 2, self._starts[next_too_many]))


def _disjoint(blocks: list[Span]) -> list[Span]:
    """Blocks never overlap in what Markdown gives; drop what would."""
    kept: list[Span] = []
    for block in blocks:
        if not kept or kept[-1].end <= block.start:
            kept.append(block)
    return kept
