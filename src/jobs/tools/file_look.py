"""A look at the files of the workspace that a pattern matches. Only folders are opened, and no link is followed."""

import fnmatch
import os
import re
import unicodedata
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

MOST_FILES = 2000
"""Files that one pattern may match."""
MOST_ENTRIES = 20_000
"""Files and folders that one look may pass on its way."""
DEEPEST = 50
"""Folders inside each other; what lies deeper is not looked at."""

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


class TooManyFiles(Exception):
    """A pattern takes in more than is looked at every few seconds; one sentence."""


@dataclass(frozen=True)
class Pattern:
    """A glob relative to a folder: `*`, `?`, `[…]` within a name, `**` for any folders.

    As in a shell, names that begin with a dot are matched only by a part that begins with one.
    """

    text: str
    parts: tuple[re.Pattern[str] | None, ...] = field(compare=False, repr=False)
    """One for each name of a path; None stands for `**`."""

    @classmethod
    def of(cls, text: str) -> Self:
        """Raises ValueError with a sentence when it is none, or leads out of the folder."""
        text = unicodedata.normalize("NFC", text.strip())
        names = [name for name in text.split("/") if name not in ("", ".")]
        # As it will be stored: what is read again has to be understood again.
        if text.startswith("/") or (names and (names[0].startswith("~") or names[0] != names[0].lstrip())):
            raise ValueError("the pattern has to be relative to the workspace, such as inbox/*.pdf")
        if ".." in names:
            raise ValueError("the pattern must stay in the workspace: no ..")
        if not names or "\0" in text:
            raise ValueError("the pattern is empty or no path")
        if "{" in text:
            raise ValueError("braces are not understood: make a watch for each of them")
        if any("**" in name and name != "**" for name in names):
            raise ValueError("** stands for any folders, and only between slashes, such as notes/**/*.md")
        if names[-1] == "**" or text.endswith("/"):
            names.append("*")
        return cls("/".join(names), tuple(None if name == "**" else _name(name) for name in names))

    def start(self) -> frozenset[int]:
        """Which parts the first name of a path may be matched by."""
        return self._with_skipped({0})

    def step(self, at: frozenset[int], name: str) -> frozenset[int]:
        """Which parts may match the next name after a folder called `name`; empty: nothing below it can match."""
        name = unicodedata.normalize("NFC", name)
        after = set()
        for place in at:
            part = self.parts[place]
            if part is None and not name.startswith("."):
                after.add(place)
            elif part is not None and part.fullmatch(name) and place + 1 < len(self.parts):
                after.add(place + 1)
        return self._with_skipped(after)

    def ends(self, at: frozenset[int], name: str) -> bool:
        """Whether a file called `name` is matched here."""
        last = self.parts[-1]
        assert last is not None
        return len(self.parts) - 1 in at and last.fullmatch(unicodedata.normalize("NFC", name)) is not None

    def _with_skipped(self, places: set[int]) -> frozenset[int]:
        """`**` may stand for no folder at all."""
        for place in range(len(self.parts) - 1):
            if place in places and self.parts[place] is None:
                places.add(place + 1)
        return frozenset(places)


def _name(part: str) -> re.Pattern[str]:
    hidden = "" if part.startswith(".") else r"(?!\.)"
    return re.compile(hidden + fnmatch.translate(part))


@dataclass
class Look:
    """What one look has found."""

    files: dict[str, str] = field(default_factory=dict)
    """The version of each file (<mtime in ns>:<size>), by its path relative to the folder."""
    unread: list[str] = field(default_factory=list)
    """Folders that could not be read, as they begin the paths in them: of what is there nothing is known."""
    entries: int = 0

    def knows_of(self, path: str) -> bool:
        """Whether the look would have found the file if it was there."""
        return not path.startswith(tuple(self.unread))


def look(folder: Path, pattern: Pattern) -> Look:
    """Find what the pattern matches. Raises TooManyFiles; of what cannot be read says so in the result."""
    found = Look()
    try:
        top = os.open(folder.resolve(), _FOLDER)
    except OSError:
        found.unread.append("")
        return found
    _look(top, "", pattern, pattern.start(), found, 0)
    return found


def _look(opened: int, before: str, pattern: Pattern, at: frozenset[int], found: Look, depth: int) -> None:
    """Look into an opened folder, and close it."""
    try:
        folders = []
        with os.scandir(opened) as entries:
            for entry in entries:
                found.entries += 1
                if found.entries > MOST_ENTRIES:
                    raise TooManyFiles(f"more than {MOST_ENTRIES} files and folders have to be looked at")
                if entry.is_dir(follow_symlinks=False):
                    folders.append(entry.name)
                elif pattern.ends(at, entry.name) and entry.is_file(follow_symlinks=False):
                    _note(entry, before, found)
        for name in folders:
            after = pattern.step(at, name)
            if after and depth < DEEPEST:
                try:
                    inner = os.open(name, _FOLDER, dir_fd=opened)
                except OSError:
                    found.unread.append(f"{before}{_readable(name)}/")
                else:
                    _look(inner, f"{before}{_readable(name)}/", pattern, after, found, depth + 1)
    except OSError:
        found.unread.append(before)
    finally:
        os.close(opened)


def _note(entry: "os.DirEntry[str]", before: str, found: Look) -> None:
    try:
        status = entry.stat(follow_symlinks=False)
    except FileNotFoundError:
        return
    if len(found.files) == MOST_FILES:
        raise TooManyFiles(f"more than {MOST_FILES} files match")
    found.files[before + _readable(entry.name)] = f"{status.st_mtime_ns}:{status.st_size}"


def _readable(name: str) -> str:
    """A name that is no UTF-8 with its bytes spelled out, so that it can be stored."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")
