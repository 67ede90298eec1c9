"""The memory's files: `MEMORY.md` for what lasts, `memory/YYYY-MM-DD.md` for the days. The files are the truth."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path

from jobs.memory.documents import DAYS, MEMORY, UPLOADS
from jobs.memory.facts import Saved, end_of, entries, put, same_fact, source_of, words_of
from jobs.memory.history import History
from jobs.memory.marks import FILE, Mark, is_foreign, marked, read_mark, shown
from jobs.memory.tidying import Change, Proposal, tidied
from jobs.memory.whole_files import StorageError as StorageError
from jobs.memory.whole_files import read, remove_unfinished, replace, replace_all
from jobs.memory.words import stems

HISTORY = ".history"
TRIES = 5
BUSY = "{} is being written by somebody else; try again"

_TIME = re.compile(r"\d{2}:\d{2} ")


class Undo(StrEnum):
    """What became of taking a change back."""

    NOTHING = ""
    """There is none."""
    DONE = "done"
    OVERTAKEN = "overtaken"
    """All that it had changed was changed by hand since, and stays as it is."""


@dataclass(frozen=True)
class Line:
    """One remembered line."""

    path: str
    """Relative to the workspace."""
    number: int
    """From 1."""
    text: str
    """As it is shown, with its source and day."""
    source: str = FILE


class MemoryStorage:
    """Reads and writes the Markdown files under the workspace.

    A write leaves the old file or the new one, whatever is killed. An edit by hand is never written over: the file is
    read anew before each change, and the version before it is kept.
    """

    def __init__(self, workspace: Path) -> None:
        self._workspace = workspace
        self.memory = workspace / MEMORY
        self.days = workspace / DAYS
        self._history = History(self.days / HISTORY)

    def append(self, text: str, section: str | None = None, mark: Mark | None = None, replaces: str = "") -> Saved:
        """Put a fact under a section of MEMORY.md, made if need be; line breaks become spaces.

        The same fact is not written twice. One that says more takes the place of the one it contains; one with the same
        key ("Phone: …") or that `replaces` another (its words) takes its place. Raises StorageError when there is none.
        """
        text, mark = _one_line(text), mark or Mark()
        wanted = _one_line(section or "")
        saved: list[Saved] = []

        def change(lines: list[str]) -> list[str]:
            saved[:] = [put(lines, text, wanted, mark, replaces)]
            return lines

        try:
            self._change_memory(change)
        except LookupError:
            raise StorageError(
                "no line of MEMORY.md has these words to be replaced; look with memory_read first"
            ) from None
        return saved[0]

    def lines(self) -> list[str]:
        """The lines of MEMORY.md as they stand in the file. Raises StorageError, as all that reads or writes does."""
        return _split(read(self.memory))

    def tidy(self, seen: list[str], proposal: Proposal, today: date, mark: Mark) -> list[Change] | None:
        """Do what a proposal about the lines `seen` asks for, as one change that one undo takes back.

        Nothing is done to a line of another person's. None: the file has changed since they were seen, and is left.
        """
        done: list[Change] = []
        is_as_seen = True

        def change(lines: list[str]) -> list[str]:
            nonlocal is_as_seen
            done.clear()
            is_as_seen = lines == seen
            if not is_as_seen:
                return lines
            after, changes = tidied(lines, proposal, today)
            done.extend(changes)
            for added in proposal.add:
                text, section = _one_line(added.text), _one_line(added.section)
                place, _ = same_fact(after, text, section)
                if place is not None and is_foreign(source_of(after[place : end_of(after, place)])):
                    continue
                saved = put(after, text, section, mark)
                if saved.done == "added":
                    done.append(Change("added", (), text))
                elif saved.before:
                    done.append(Change("joined", (saved.before,), text))
            return after

        self._change_memory(change)
        return done if is_as_seen else None

    def log(self, text: str, at: datetime, mark: Mark | None = None) -> bool:
        """Add a line to the log of a local time's day. Returns False when the same is there already."""
        text = _one_line(text)
        path = self.days / f"{at.date().isoformat()}.md"
        entry = marked(f"{at:%H:%M} {text}", mark or Mark())
        is_new = True

        def change(before: str) -> str:
            nonlocal is_new
            is_new = all(_TIME.sub("", words_of(line), count=1) != text for line in before.split("\n"))
            end = "" if before.endswith("\n") or not before else "\n"
            return f"{before}{end}- {entry}\n" if is_new else before

        _change(path, change)
        return is_new

    def find(self, words: str) -> list[Line]:
        """The lines of MEMORY.md and the day logs that have all these words, in any of their forms."""
        return self._find(_Having(words))

    def _find(self, having: "_Having") -> list[Line]:
        found: list[Line] = []
        for path in self._own():
            found += self._with(having, path)
        known = {line.text for line in found}
        # Of the kept versions what stands nowhere else, once: each has most of what the next one has.
        for path in self._history.files():
            for line in self._with(having, path):
                found += [line] if line.text not in known else []
                known.add(line.text)
        return found

    def _with(self, having: "_Having", path: Path) -> list[Line]:
        """The items and other lines of a file that are meant, each with all that is under it."""
        name = path.relative_to(self._workspace).as_posix()
        lines = read(path).split("\n")
        found = []
        for start, end in _meant(lines, having):
            whole = lines[start:end]
            text = "\n".join(shown(line.strip()) for line in whole if line.strip())
            found.append(Line(name, start + 1, text, source_of(whole)))
        return found

    def forget(self, words: str) -> list[Line]:
        """Remove what `find` finds, from the earlier versions too, so that nothing brings it back. Returns it."""
        for path in (self.memory, self.days):
            remove_unfinished(path)  # `find` does not look there
        having = _Having(words)
        gone = self._find(having)
        if not gone:
            return []

        def change(before: str) -> str:
            lines = before.split("\n")
            for start, end in reversed(list(_meant(lines, having))):
                del lines[start:end]
            return "\n".join(lines)

        before = {path: read(path) for path in (*self._own(), *self._history.files())}
        texts = {path: (text, after) for path, text in before.items() if (after := change(text)) != text}
        for path in replace_all(texts):  # somebody has just saved it
            _change(path, change)
        return gone

    def undo(self) -> Undo:
        """Take back the last change to MEMORY.md that was not taken back. What was edited by hand since stays."""
        while number := self._history.newest:
            now = read(self.memory)
            before = self._history.before(number, now)
            if before == now:
                is_over = self._history.is_before(number, now)
                if not is_over:
                    self._history.taken_back(number, now)  # its number is not used again: a button may still name it
                self._history.drop(number)
                if is_over:  # as it was before already: the one before is meant
                    continue
                return Undo.OVERTAKEN
            self._history.taken_back(number, now)
            if replace(self.memory, before, over=now):
                self._history.drop(number)
                return Undo.DONE
        return Undo.NOTHING

    @property
    def has_any(self) -> bool:
        """Whether anything was ever written down."""
        return self.memory.exists() or any(self.days.glob("*.md"))

    @property
    def newest_version(self) -> int:
        """The number of the version before the last change; 0 without one."""
        return self._history.newest

    def read(self, path: str, line_start: int = 1, line_end: int | None = None) -> list[Line]:
        """Lines of a Markdown file of the workspace, marks as a reader sees them. Raises StorageError."""
        file = (self._workspace / path).resolve()
        root = self._workspace.resolve()
        if not file.is_relative_to(root) or file.suffix.lower() not in (".md", ".markdown"):
            raise StorageError(f"{path} is not one of memory's files")
        folder, _, rest = file.relative_to(root).as_posix().partition("/")
        if folder == UPLOADS and rest.partition("/")[0].isdigit():
            raise StorageError(f"{path} came from somebody else, and is no memory; Read opens it")
        if not file.is_file():
            raise StorageError(f"there is no {path}")
        return _lines(file, path)[max(0, line_start - 1) : line_end]

    def facts(self, *, foreign: bool = True) -> str:
        """MEMORY.md as it is shown; "" when there is none. `foreign` False: without what other people have said."""
        lines = [line.text for line in _lines(self.memory, MEMORY) if foreign or not is_foreign(line.source)]
        return "\n".join(lines).strip()

    def day(self, day: date) -> list[Line]:
        """A day's log as it is shown; no lines when there is none."""
        path = self.days / f"{day.isoformat()}.md"
        return _lines(path, path.relative_to(self._workspace).as_posix()) if path.is_file() else []

    def _own(self) -> list[Path]:
        return [self.memory, *sorted(self.days.glob("????-??-??.md"), reverse=True)]

    def _change_memory(self, change: Callable[[list[str]], list[str]]) -> None:
        for _ in range(TRIES):
            before = read(self.memory)
            lines = change(_split(before))
            if lines == _split(before):
                return
            after = "\n".join(lines) + "\n"
            number = self._history.keep(before, after)
            if replace(self.memory, after, over=before):
                return
            self._history.drop(number)  # somebody has just saved it: once more, on top of that
        raise StorageError(BUSY.format(MEMORY))


def _change(path: Path, change: Callable[[str], str]) -> None:
    """Change a file's text; an edit by hand at the same moment is not written over."""
    for _ in range(TRIES):
        before = read(path)
        after = change(before)
        if after == before or replace(path, after, over=before):
            return
    raise StorageError(BUSY.format(path.name))


class _Having:
    """Whether an entry has all of some words, in any of their forms; a heading is none.

    It looks at each only once, however many of the kept versions have it.
    """

    def __init__(self, words: str) -> None:
        self._wanted = set(stems(words))
        self._known: dict[tuple[str, ...], bool] = {}

    def __call__(self, entry: list[str]) -> bool:
        key = tuple(entry)
        if key not in self._known:
            found = {stem for line in entry for stem in stems(words_of(line))}
            self._known[key] = bool(self._wanted) and self._wanted <= found and not entry[0].startswith("#")
        return self._known[key]


def _meant(lines: list[str], having: _Having) -> Iterator[tuple[int, int]]:
    """Where what is meant begins and ends, in order; what is under it goes with it."""
    over = 0
    for at, entry in entries(lines):
        if at >= over and having(entry):
            over = end_of(lines, at)
            yield at, over


def _split(text: str) -> list[str]:
    return text.removesuffix("\n").split("\n") if text else []


def _lines(path: Path, name: str) -> list[Line]:
    text = read(path).removesuffix("\n").split("\n")
    return [
        Line(name, number, shown(line), source if is_foreign(source) else read_mark(line)[1].source)
        for at, entry in entries(text)
        for source in (source_of(entry),)
        for number, line in enumerate(entry, at + 1)
    ]


def _one_line(text: str) -> str:
    """As one item of a list: without line breaks, a dash of its own, and what no file of text holds."""
    whole = text.encode("utf-8", "replace").decode("utf-8").replace("\0", " ")
    return re.sub(r"^[-*•] ", "", " ".join(whole.split()))
