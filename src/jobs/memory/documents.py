"""What there is to remember: Markdown files under the workspace, and the conversations in Jobs' own records.

A document says what it is made of (`stamp`) without being read; one with the same stamp is not read again.
"""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from time import time_ns
from typing import Any, Literal
from zoneinfo import ZoneInfo

import apsw

from jobs.memory.marks import AGENT, OWNER, Mark, external
from jobs.memory.passages import LONGEST, Passage, Unit, day_in, passages_of, windows
from jobs.memory.whole_files import only_itself
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
        with open(path, "rb", opener=only_itself) as file:
            if b"\0" in file.read(HEAD):
                return
        day = day_in(path.name)
        with open(path, encoding="utf-8-sig", errors="replace", newline="\n", opener=only_itself) as lines:
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


KINDS = frozenset({"answer", "message", "notice"})
"""Of what Jobs says, as the outbox has them."""
SAID = """SELECT sent_at AS at, origin, extras ->> '$.forwarded_from',
                 text || coalesce(' ' || (extras ->> '$.attachments[0].transcript'), ''), id, message_id, 0
          FROM inbox WHERE lane = :lane AND id > :asked AND sent_at >= :begin AND sent_at < :end
              -- Commands are left out: what merely begins like one was for a turn.
              AND state <> 'dropped' AND (text NOT LIKE '/%' OR turn_id IS NOT NULL)
              -- The question that is being answered is no answer to it.
              AND (state NOT IN ('waiting', 'taken') OR origin = 'external')
          UNION ALL
          -- A long answer is a file whose beginning is the message.
          SELECT created_at, kind, NULL, iif(kind = 'answer', coalesce(content, text), text), id, message_id,
                 coalesce((SELECT marked FROM turns WHERE turns.id = turn_id), 0)
          FROM outbox WHERE chat = :lane AND id > :answered AND created_at >= :begin AND created_at < :end
              AND state <> 'failed' AND text <> '' AND key NOT LIKE 'command:%'
          ORDER BY 1, 5"""


_OPEN = ";"
"""Between the days in the marks of the records on which something is open."""


@dataclass(frozen=True)
class Said:
    """One message of a chat."""

    at: datetime
    who: str
    """As it is shown: a name, or Jobs."""
    source: str
    text: str
    row: int
    """Its number in the inbox or, where Jobs said it, in the outbox."""
    message_id: int | None = None
    """Telegram's, where it came from there or was sent."""
    is_asked: bool = True
    """Said to Jobs; otherwise by it."""
    is_notice: bool = False
    """What code tells the owner."""

    def line(self, zone: ZoneInfo) -> str:
        return f"{self._head(zone)}{' '.join(self.text.split())}"

    def parts(self, zone: ZoneInfo) -> list[str]:
        """The line as it is searched: of a long message several, each with who says it."""
        text = " ".join(self.text.split())
        return [f"{self._head(zone)}{text[at : at + LONGEST]}" for at in range(0, max(1, len(text)), LONGEST)]

    def _head(self, zone: ZoneInfo) -> str:
        return f"{self.at.astimezone(zone):%H:%M} {self.who}: "


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
            "SELECT (SELECT coalesce(max(id), 0) FROM inbox), (SELECT coalesce(max(id), 0) FROM outbox)"
        ).fetchone()
        newest, said = row
        return f"{newest}:{said}:{_OPEN.join(self._open_days(db))}"

    def _open_days(self, db: apsw.Connection) -> list[str]:
        """A mark for each day on which something was written that is still at work or waits: which day, how much."""
        rows: Any = db.execute(
            """SELECT lane, sent_at, length(text) + length(extras) FROM inbox INDEXED BY inbox_open
               WHERE state IN ('waiting', 'taken')"""
        )
        found: dict[tuple[int, date], list[int]] = {}
        for lane, at, length in rows:
            found.setdefault((lane, from_text(at).astimezone(self.zone).date()), []).append(length)
        return [
            f"{lane}@{day.isoformat()}={len(lengths)},{sum(lengths)}" for (lane, day), lengths in sorted(found.items())
        ]

    def changed(self, marks: str) -> Iterator[Document]:
        """The days that have something newer than these marks ("": all), or on which what was open has changed."""
        db = self._open()
        if db is None:
            return
        newest, said, was_open = (*marks.split(":", 2), "", "")[:3] if marks else (0, 0, "")
        stamps: dict[tuple[int, date], str] = {}
        rows: Any = db.execute(
            """SELECT lane, sent_at, id, state IN ('waiting', 'taken') FROM inbox WHERE id > ?1 UNION ALL
               SELECT chat, created_at, id, 0 FROM outbox WHERE id > ?2""",
            (int(newest), int(said)),
        )
        now = str(time_ns())
        for lane, at, number, is_open in rows:
            key = lane, from_text(at).astimezone(self.zone).date()
            # What is still at work may change without a new row.
            stamps[key] = now if is_open or stamps.get(key) == now else str(number)
        still = set(self._open_days(db))
        for mark in was_open.split(_OPEN):
            if "@" in mark and mark not in still:
                whose, _, when = mark.partition("=")[0].partition("@")
                stamps[int(whose), date.fromisoformat(when)] = now
        names = self._names()
        for (lane, day), stamp in sorted(stamps.items(), key=lambda item: item[0][1], reverse=True):
            if not self._is_forgotten(lane, names):
                path = f"{CONVERSATIONS}/{lane}/{day.isoformat()}"
                yield Document(path, "conversation", stamp, names.get(lane, OWNER))

    def passages(self, document: Document) -> Iterator[Passage]:
        """The passages of one day's conversation. All of another person's chat counts as their words."""
        lane, day = lane_and_day(document.path)
        messages = self.said(lane, day)
        units = (
            Unit(number, number, part, mark=Mark(message.source))
            for number, message in enumerate(messages, 1)
            for part in message.parts(self.zone)
        )
        for passage in windows(units, day):
            yield replace(passage, heading=document.person)

    def link(self, path: str, first: int, last: int) -> str | None:
        """Where Telegram's apps find the first of these messages of a conversation that it knows; None without one.

        Raises ValueError for what is no conversation's path.
        """
        lane, day = lane_and_day(path)
        messages = self.said(lane, day)[max(0, first - 1) : last]
        number = next((message.message_id for message in messages if message.message_id is not None), None)
        return None if number is None else f"tg://openmessage?user_id={lane}&message_id={number}"

    def said(self, lane: int, day: date) -> list[Said]:
        """What was said in a chat on a day of the owner's zone, oldest first. Commands are left out."""
        db = self._open()
        if db is None:
            return []
        begin = datetime.combine(day, datetime.min.time(), self.zone)
        end = datetime.combine(date.fromordinal(day.toordinal() + 1), datetime.min.time(), self.zone)
        limits = {"lane": lane, "begin": to_text(begin), "end": to_text(end), "asked": 0, "answered": 0}
        name = self._names().get(lane)
        rows: Any = db.execute(SAID, limits)
        return [_said(name, *row) for row in rows]

    def since(self, lane: int, asked: int, answered: int) -> list[Said]:
        """What was said in a chat after these rows of inbox and outbox, oldest first."""
        db = self._open()
        if db is None:
            return []
        limits = {"lane": lane, "begin": "", "end": "9", "asked": asked, "answered": answered}
        name = self._names().get(lane)
        rows: Any = db.execute(SAID, limits)
        return [_said(name, *row) for row in rows]

    def forgotten(self, lanes: Iterable[int]) -> set[int]:
        """Those of these people who are not known any more: they had themselves forgotten."""
        names = self._names()
        return {lane for lane in lanes if self._is_forgotten(lane, names)}

    def _is_forgotten(self, lane: int, names: dict[int, str]) -> bool:
        if lane in names or self._db is None:
            return False
        rows = self._db.execute("SELECT 1 FROM inbox WHERE lane = ? AND origin = 'external' LIMIT 1", (lane,))
        return rows.fetchone() is not None

    def _names(self) -> dict[int, str]:
        db = self._open()
        rows: Any = db.execute("SELECT id, name FROM external_users") if db else ()
        return {number: " ".join(name.split())[:100] or str(number) for number, name in rows}

    def _open(self) -> apsw.Connection | None:
        """The records, if there are any yet."""
        if self._db is None and self._path.is_file():
            db = apsw.Connection(str(self._path), flags=apsw.SQLITE_OPEN_READONLY)
            db.set_busy_timeout(2000)
            # Of an older version, whose tables say less: the next start of Jobs brings them up to date.
            if not db.execute("SELECT 1 FROM pragma_table_info('turns') WHERE name = 'marked'").fetchall():
                db.close()
                return None
            self._db = db
        return self._db


def _said(
    name: str | None,
    at: str,
    origin: str,
    forwarded: str | None,
    text: str,
    row: int,
    message_id: int | None,
    marked: int,
) -> Said:
    """`origin`: an inbox row's, or the kind of an outbox row. `name`: whose chat it is, None for the owner."""
    is_asked = origin not in KINDS
    who, source = "Jobs", AGENT
    if name is not None:
        who, source = name if origin == "external" else "Jobs", external(name)
    elif forwarded is not None:
        author = " ".join(forwarded.split())[:100] or "somebody"
        who, source = f"(forwarded from {author})", external(author)
    elif origin == "owner":
        who, source = "Owner", OWNER
    elif origin == "notice":  # what code tells the owner is other people's words
        who, source = "Jobs (notice)", external("notice")
    elif marked:  # an answer of a turn that had other people's words before it may repeat them
        source = external("")
    return Said(from_text(at), who, source, text, row, message_id, is_asked, origin == "notice")


def lane_and_day(path: str) -> tuple[int, date]:
    """Raises ValueError for what is no conversation's path."""
    folder, lane, day = path.split("/")
    if folder != CONVERSATIONS:
        raise ValueError(path)
    return int(lane), date.fromisoformat(day)
