"""Where a fact goes in MEMORY.md: under which heading, and in the place of which other. Pure: lines in, lines out."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from jobs.memory.marks import FILE, OWNER, Mark, is_foreign, marked, read_mark, shown
from jobs.memory.words import stems

GENERAL = "General"
"""The section of a fact that names none."""

_ITEM = re.compile(r"\s*(?:[-*+]|\d{1,3}[.)])\s+")
_HEADING = re.compile("\ufeff?#{1,6}\\s+(.*)")
_FENCE = re.compile(r"\s*(```|~~~)")
_KEY = re.compile(r"(.{2,60}?)(?:\s*(?:(?<!\d):|:(?!\d)|=)|\s+(?P<dash>[—–-])(?=\s))\s*\S")
"""A time (10:30) and a range (9–18) have no key."""
_SIGNS = re.compile(r"\w[+#]+")
"""What tells C++ from C#, and words do not have."""


@dataclass(frozen=True)
class Saved:
    section: str
    done: str
    """added, known (it stood there), updated (it says more now) or replaced (it said something else)."""
    before: str | None = None
    before_source: str = FILE
    similar: tuple[tuple[str, str], ...] = ()
    """Other facts about much the same, each with its source, for the one who wrote to look at."""


def put(lines: list[str], text: str, section: str, mark: Mark, replaces: str = "") -> Saved:
    """Change the lines of MEMORY.md so that they say `text`.

    Raises LookupError when no line has the words that it `replaces`.
    """
    items = _items(lines)
    if replaces:
        place, done = _named(lines, items, replaces), "replaced"
        there = next((at for at, words in items.items() if _is_same(words, text)), None)
        if place is None and there is None:
            raise LookupError(replaces)
        if place is not None and there is not None and not place <= there < end_of(lines, place):
            # What takes its place stands already.
            saved = Saved(_section_of(lines, there), done, *_whole(lines, place))
            del lines[place : end_of(lines, place)]
            return saved
        place = there if place is None else place
    else:
        place, done = same_fact(lines, text, section)
    if place is not None:
        return _change(lines, place, items[place], text, mark, done)
    similar = tuple((items[at], source_of(lines[at : end_of(lines, at, own=True)])) for at in _similar(items, text))
    return Saved(_add(lines, section.strip("# ") or GENERAL, marked(text, mark)), "added", similar=similar)


def same_fact(lines: list[str], text: str, section: str) -> tuple[int | None, str]:
    """The item that a new fact belongs to, and what becomes of it; under another heading it is about another thing."""
    items = _items(lines)
    if section:
        wanted = _title(section)
        items = {at: old for at, old in items.items() if _title(_section_of(lines, at)) == wanted}
    words = stems(text)
    key = _key(text)
    for at, old in items.items():
        if _is_same(old, text):
            return at, "updated"
    keyed = [at for at, old in items.items() if key and _key(old) == key]
    if len(keyed) == 1:
        return keyed[0], "replaced"
    for at, old in items.items():
        old_words = stems(old)
        if len(old_words) >= 2 and words[: len(old_words)] == old_words and len(words) > len(old_words):
            return at, "updated"
    return None, "added"


def end_of(lines: list[str], at: int, *, own: bool = False) -> int:
    """The place after an item: after all that is written further in under it; `own`: up to the first item of that.

    What is no item is one line.
    """
    end = at + 1
    if not _ITEM.match(lines[at]):
        return end
    depth = _depth(lines[at])
    for place in range(end, len(lines)):
        if not lines[place].strip():
            continue
        if _depth(lines[place]) <= depth or (own and _ITEM.match(lines[place])):
            break
        end = place + 1
    return end


def entries(lines: list[str]) -> Iterator[tuple[int, list[str]]]:
    """The lines in order, each item's own ones together, with the place of the first; every line is in one entry."""
    at = 0
    while at < len(lines):
        end = end_of(lines, at, own=True)
        yield at, lines[at:end]
        at = end


def source_of(lines: list[str]) -> str:
    """Whose an entry is: another person's when any of its lines is marked so."""
    sources = [read_mark(line)[1].source for line in lines]
    known = (source for source in sources if source != FILE)
    return next(filter(is_foreign, sources), next(known, FILE))


def dash_of(line: str) -> str:
    """What stands before an item's words: how far in it is, its dash or number; "" of what is no item."""
    item = _ITEM.match(line)
    return item[0] if item else ""


def words_of(line: str) -> str:
    """A line's words, without an item's dash and its mark."""
    return read_mark(_ITEM.sub("", line, count=1))[0].strip()


def said_in(lines: list[str]) -> str:
    """The words of an entry, or of an item with all that is under it, in one line."""
    return "; ".join(" ".join(filter(None, map(words_of, entry))) for _, entry in entries(lines) if any(entry))


def _change(lines: list[str], place: int, before: str, text: str, mark: Mark, done: str) -> Saved:
    """Let the line say `text`, in the form of list that it has."""
    end = end_of(lines, place, own=True)
    section, source = _section_of(lines, place), source_of(lines[place:end])
    is_same = _is_same(before, text)
    # The owner's word makes a fact of what somebody else has said; theirs takes nothing away from a fact.
    is_confirmed = is_foreign(source) and mark.source == OWNER
    if is_same and ((before == text and not is_confirmed) or (is_foreign(mark.source) and not is_foreign(source))):
        return Saved(section, "known")
    if done == "replaced" and not is_same:  # what was written under the old one was about that
        end = end_of(lines, place)
        before, source = _whole(lines, place)
    lines[place:end] = [dash_of(lines[place]) + marked(text, mark)]
    return Saved(section, "updated" if is_same else done, None if before == text else before, source)


def _add(lines: list[str], section: str, entry: str) -> str:
    """Put it at the end of what stands under a heading of that name itself, at the file's end where there is none."""
    headings = list(_headings(lines))
    found = next(((at, name) for at, name in headings if _title(name) == _title(section)), None)
    if found is None:
        lines += ["", f"## {section}"] if any(lines) else [f"## {section}"]
        found = len(lines) - 1, section
    at = next((at for at, _ in headings if at > found[0]), len(lines))
    while not lines[at - 1].strip():
        at -= 1
    lines.insert(at, f"- {entry}")
    return found[1].strip("# ")


def _items(lines: list[str]) -> dict[int, str]:
    """The words of each item, by its place."""
    return {at: said_in(entry) for at, entry in entries(lines) if _ITEM.match(entry[0])}


def _whole(lines: list[str], place: int) -> tuple[str, str]:
    """The words of an item and of what is under it, and whose they are."""
    whole = lines[place : end_of(lines, place)]
    return said_in(whole), source_of(whole)


def _depth(line: str) -> int:
    """How far in a line begins, in columns."""
    return len(line := line.expandtabs(4)) - len(line.lstrip())


def _is_same(old: str, text: str) -> bool:
    words = stems(text)
    if stems(old) != words or _SIGNS.findall(old) != _SIGNS.findall(text):
        return False
    return bool(words) or old == text


def _named(lines: list[str], items: dict[int, str], replaces: str) -> int | None:
    """The item that is meant by its words or its first line's, with or without the source and day it is shown with."""
    wanted = stems(replaces)

    def is_meant(at: int) -> bool:
        whole = "\n".join(map(shown, lines[at : end_of(lines, at)]))
        return wanted in map(stems, (items[at], words_of(lines[at]), shown(lines[at]), whole))

    return next(filter(is_meant, items), None)


def _key(text: str) -> list[str]:
    """What a fact of the form "key: value" is about.

    Of one word before a dash there may be many ("Мария — сестра", "Мария — врач").
    """
    match = _KEY.match(text)
    if match is None or "http" in match[1]:
        return []
    key = stems(match[1])
    return [] if match["dash"] and len(key) < 2 else key


def _similar(items: dict[int, str], text: str) -> list[int]:
    """The places of up to three lines that have much of the text's words, the most alike first."""
    words = set(stems(text))
    alike = [(len(words & set(stems(old))) / max(1, len(words | set(stems(old)))), at) for at, old in items.items()]
    return [at for share, at in sorted(alike, reverse=True)[:3] if share >= 0.3]


def _headings(lines: list[str]) -> Iterator[tuple[int, str]]:
    """Each heading's place and name; a comment in a block of code is none."""
    is_code = False
    for at, line in enumerate(lines):
        is_code ^= bool(_FENCE.match(line))
        if not is_code and (heading := _HEADING.match(line)):
            yield at, heading[1]


def _title(name: str) -> str:
    """A heading's name as it is compared."""
    return name.strip("#*_: ").casefold()


def _section_of(lines: list[str], at: int) -> str:
    return next((name.strip("# ") for place, name in reversed(list(_headings(lines))) if place < at), "")
