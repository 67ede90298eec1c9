"""What there is to remember: Markdown files under the workspace, and the conversations in Jobs' own records.

A document says what it is made of (`stamp`) without being read; one with the same stamp is not read again.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo

import apsw

from jobs.memory.marks import AGENT, OWNER, Mark, external
from jobs.memory.passages import Passage, Unit, day_in, passages_of, windows
from jobs.times import from_text, to_text

Kind = Literal["memory", "day", "note", "conversation"]
"""MEMORY.md, a day's log, any other Markdown file, what was said in a chat on one day."""

MEMORY = "MEMORY.md"
DAYS = "memory"
CONVERSATIONS = "conversations"
SUFFIXES = (".md", ".markdown")
LEFT_OUT = frozenset({"node_modules", "__pycache__", "site-packages"})
"""Folders that hold no notes; hidden ones are left out too."""
UPLOADS = "uploads"
HEAD = 8192
"""Bytes that are looked at to see whether a file is text."""


@dataclass(frozen=True)
class Document:
    path: str
    """Relative to the workspace, with "/"; a conversation's is `conversations/<person's id>/<day>`."""
    kind: Kind
    stamp: str
    person: str = ""
    """Whose conversation it is; "" for files."""


class Files:
    """The Markdown files under a folder. What other people sent (`uploads/<id>/`) is not memory."""

    def __init__(self, workspace: Path) -> None:
        self._workspace = workspace
        self._odd: dict[str, Path] = {}  # files whose names are no UTF-8, by the name that is shown

    def documents(self) -> Iterator[Document]:
        """All of them, by a look at the folders only."""
        stack = [self._workspace]
        while stack:
            folder = stack.pop()
            try:
                entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
            except OSError:
                continue  # gone, or not for us to read
            for entry in entries:
                if entry.name.startswith(".") or entry.name in LEFT_OUT:
                    continue
                try:
                    if entry.is_dir(follow_symlinks=False):
                        if not (folder.name == UPLOADS and entry.name.isdigit()):
                            stack.append(Path(entry.path))
                    elif entry.name.lower().endswith(SUFFIXES) and entry.is_file(follow_symlinks=False):
                        yield self._document(Path(entry.path), entry.stat(follow_symlinks=False))
                except OSError:
                    continue

    def passages(self, document: Document) -> Iterator[Passage]:
        """The passages of a file; none of a binary one. Bytes that are not UTF-8 become U+FFFD. Raises OSError."""
        path = self._odd.get(document.path, self._workspace / document.path)
        with path.open("rb") as file:
            if b"\0" in file.read(HEAD):
                return
        day = day_in(path.name)
        with path.open(encoding="utf-8", errors="replace", newline="\n") as lines:
            yield from passages_of(lines, day, single=document.kind == "memory")

    def _document(self, path: Path, stat: os.stat_result) -> Document:
        name = path.relative_to(self._workspace).as_posix()
        shown = name.encode(errors="surrogateescape").decode(errors="replace")
        if shown != name:
            self._odd[shown] = path
        kind: Kind = "note"
        if shown == MEMORY:
            kind = "memory"
        elif path.parent.name == DAYS and day_in(path.name):
            kind = "day"
        return Document(shown, kind, f"{stat.st_mtime_ns}:{stat.st_size}:{stat.st_ino}")


@dataclass(frozen=True)
class Said:
    """One message of a chat."""

    at: datetime
    who: str
    """As it is shown: a name, or Jobs."""
    source: str
    text: str

    def line(self, zone: ZoneInfo) -> str:
        return f"{self.at.astimezone(zone):%H:%M} {self.who}: {' '.join(self.text.split())}"


class Records:
    """What was said in each chat, by person and day in the owner's zone, from `db.sqlite`. Only ever read."""

    def __init__(self, database: Path, zone: ZoneInfo) -> None:
        self._path = database
        self.zone = zone
        self._db: apsw.Connection | None = None

    def marks(self) -> str:
        """How far the records go; the same marks mean that nothing was added or has changed."""
        db = self._open()
        if db is None:
            return ""
        row: Any = db.execute(
            """SELECT (SELECT coalesce(max(id), 0) FROM inbox),
                      (SELECT coalesce(min(id), 0) FROM inbox WHERE state IN ('waiting', 'taken')),
                      (SELECT coalesce(max(id), 0) FROM outbox)"""
        ).fetchone()
        newest, open_from, said = row
        settled = min(newest, open_from - 1) if open_from else newest
        return f"{settled}:{said}:{newest}"

    def changed(self, marks: str) -> Iterator[Document]:
        """The days that have something newer than these marks ("": all)."""
        db = self._open()
        if db is None:
            return
        settled, said = (int(part) for part in marks.split(":")[:2]) if marks else (0, 0)
        stamps: dict[tuple[int, date], int] = {}
        rows: Any = db.execute(
            """SELECT lane, sent_at, id FROM inbox WHERE id > ?1 UNION ALL
               SELECT chat, created_at, id FROM outbox WHERE id > ?2""",
            (settled, said),
        )
        for lane, at, number in rows:
            stamps[lane, from_text(at).astimezone(self.zone).date()] = number
        names = self._names()
        for (lane, day), newest in sorted(stamps.items()):
            path = f"{CONVERSATIONS}/{lane}/{day.isoformat()}"
            yield Document(path, "conversation", str(newest), names.get(lane, OWNER))

    def passages(self, document: Document) -> Iterator[Passage]:
        """The passages of one day's conversation."""
        _, lane, day = document.path.split("/")
        messages = self.said(int(lane), date.fromisoformat(day))
        units = (
            Unit(number, number, message.line(self.zone), mark=Mark(message.source))
            for number, message in enumerate(messages, 1)
        )
        for passage in windows(units, date.fromisoformat(day)):
            yield replace(passage, heading=document.person)

    def said(self, lane: int, day: date) -> list[Said]:
        """What was said in a chat on a day of the owner's zone, oldest first. Commands are left out."""
        db = self._open()
        if db is None:
            return []
        begin = datetime.combine(day, datetime.min.time(), self.zone)
        end = datetime.combine(date.fromordinal(day.toordinal() + 1), datetime.min.time(), self.zone)
        rows: Any = db.execute(
            """SELECT sent_at AS at, origin, extras ->> '$.forwarded_from',
                      text || coalesce(' ' || (extras ->> '$.attachments[0].transcript'), ''), id
               FROM inbox WHERE lane = :lane AND sent_at >= :begin AND sent_at < :end AND state <> 'dropped'
                   AND text NOT LIKE '/%'
               UNION ALL
               SELECT created_at, kind, NULL, text, id FROM outbox
               WHERE chat = :lane AND created_at >= :begin AND created_at < :end AND state <> 'failed' AND text <> ''
                   AND key NOT LIKE 'command:%'
               ORDER BY 1, 5""",
            {"lane": lane, "begin": to_text(begin), "end": to_text(end)},
        )
        name = self._names().get(lane)
        return [_said(from_text(at), origin, forwarded, text, name) for at, origin, forwarded, text, _ in rows]

    def _names(self) -> dict[int, str]:
        db = self._open()
        rows: Any = db.execute("SELECT id, name FROM external_users") if db else ()
        return {number: " ".join(name.split())[:100] or str(number) for number, name in rows}

    def _open(self) -> apsw.Connection | None:
        """The records, if there are any yet."""
        if self._db is None and self._path.is_file():
            db = apsw.Connection(str(self._path), flags=apsw.SQLITE_OPEN_READONLY)
            db.set_busy_timeout(2000)
            if not db.execute("SELECT 1 FROM sqlite_schema WHERE name = 'external_users'").fetchall():
                db.close()
                return None
            self._db = db
        return self._db


def _said(at: datetime, origin: str, forwarded: str | None, text: str, name: str | None) -> Said:
    """`origin`: an inbox row's, or the kind of an outbox row. `name`: whose chat it is, None for the owner."""
    if forwarded is not None:
        author = " ".join(forwarded.split())[:100] or "somebody"
        return Said(at, f"(forwarded from {author})", external(author), text)
    if origin == "external":
        return Said(at, name or "Somebody", external(name or ""), text)
    if origin == "owner":
        return Said(at, "Owner", OWNER, text)
    if origin == "notice" and name is None:  # what code tells the owner is other people's words
        return Said(at, "Jobs (notice)", "external: notice", text)
    return Said(at, "Jobs", AGENT, text)
