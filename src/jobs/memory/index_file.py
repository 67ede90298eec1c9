"""The index's SQLite file: kept in step with the documents, read by `search.py`. Any number of processes."""

import hashlib
import json
import math
import re
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from importlib import resources
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import apsw
import structlog

from jobs.memory.documents import CONVERSATIONS, Document, Files, Records, lane_and_day
from jobs.memory.embedding import Embedder
from jobs.memory.passages import Passage
from jobs.memory.words import date_words, joined, sound

if TYPE_CHECKING:
    from jobs.memory.embedding import Vectors

log = structlog.get_logger()

VERSION = 5
"""Of the schema, the passages and the stems: another one means an index made anew."""
PIECE = 200
"""Passages that are written in one transaction, so that a question or another process waits for tenths of a second."""

EMBEDDED = 5_000
"""Items of one document that get vectors; the rest of a longer one is found by words."""
KNOWN_TERMS = 200_000
"""How many stems are remembered as being in the file."""
BUSY_MILLISECONDS = 10_000


class IndexFile:
    """`refresh` takes in what has changed; `waiting` and `give` are for whoever makes vectors."""

    def __init__(self, path: Path, files: Files, records: Records, embedder: Embedder | None) -> None:
        self.path = path
        self.embedder = embedder
        self._files = files
        self._records = records
        self.db = self._open()
        self._known_terms: set[str] = set()
        self.removed: list[int] = []
        """Units that have gone since the file was opened by this process."""
        self.rebuilt = 0
        """How often everything was made anew since then."""
        self._round: Iterator[None] | None = None  # a look that was not finished
        self._taking = ""  # the document it is at
        self._loose: set[str] = set()  # stems of what this transaction has removed
        self.is_swept = False
        """Whether the WAL has nothing of what was removed."""

    def close(self) -> None:
        self.db.close()

    # ------------------------------------------------------------------ keeping in step

    def refresh(self, seconds: float = math.inf) -> bool:
        """Take in every document that is new or different, and drop what is gone. Returns whether all of it was done.

        When `seconds` are over, the rest waits for the next call, which looks first whether MEMORY.md or a day's log
        has changed since.
        """
        until = time.monotonic() + seconds
        unfinished, self._round = self._round, None  # one that breaks off here is begun anew
        if unfinished is None:
            unfinished, self._taking = self._look(), ""
        else:
            self._take_changed(document for document in self._files.documents() if document.kind in ("memory", "day"))
        for _ in unfinished:
            if time.monotonic() > until:
                self._round = unfinished
                return False
        self._sweep()
        return True

    def _look(self) -> Iterator[None]:
        """One look at everything, in steps of PIECE passages at most."""
        yield from self._mind_zone()
        self._known_terms.clear()  # another process may have removed some
        known = dict(self._rows("SELECT path, stamp FROM documents"))
        for document in sorted(self._files.documents(), key=_urgency):
            if known.pop(document.path, None) != document.stamp:
                yield from self._take(document, self._files.passages)
        yield from self._drop([path for path in known if not path.startswith(f"{CONVERSATIONS}/")])
        marks = self._records.marks()
        if marks and marks != (before := self._state("records")):
            for document in self._records.changed(before):
                if known.get(document.path) != document.stamp:
                    yield from self._take(document, self._records.passages)
            yield from self._drop_forgotten()
            with self._writing():
                self._note("records", marks)

    def _mind_zone(self) -> Iterator[None]:
        """In another zone the days of the conversations begin and end at other messages: they are read anew."""
        zone = self._records.zone.key
        if self._state("zone") == zone:
            return
        yield from self._drop(self._conversations())
        with self._writing():
            self._note("records", "")
            self._note("zone", zone)

    def _take_changed(self, documents: Iterable[Document]) -> None:
        for document in documents:
            known = self.value("SELECT stamp FROM documents WHERE path = ?", (document.path,))
            taking = self._taking
            if known != document.stamp and document.path != taking:
                for _ in self._take(document, self._files.passages):
                    pass
                self._taking = taking

    def forget(self) -> None:
        """Forget everything: the next `refresh` reads all documents anew."""
        with self._writing():
            self.db.execute("INSERT INTO words (words) VALUES ('delete-all')")
            for table in ("passages", "stems", "documents", "terms", "vectors", "unread", "passage_units", "units"):
                self.db.execute(f"DELETE FROM {table}")
            self._note("records", "")
        self._known_terms.clear()
        self._round, self._taking, self.is_swept = None, "", False
        self.rebuilt += 1

    def pending(self) -> int:
        """How many units have no vector yet."""
        return int(self.value("SELECT count(*) FROM unread")) if self.embedder else 0

    def waiting(self, limit: int) -> list[tuple[int, str]]:
        """Some units without vectors, the newest first, as (unit, text)."""
        return self._rows(
            "SELECT unit, text FROM unread JOIN units ON units.id = unit ORDER BY unit DESC LIMIT ?", (limit,)
        )

    def give(self, units: Iterable[int], vectors: "Vectors") -> None:
        """Store the vectors of units; of one that has gone meanwhile it is dropped."""
        with self._writing():
            for unit, vector in zip(units, vectors, strict=True):
                if self.value("SELECT 1 FROM unread WHERE unit = ?", (unit,)):
                    self.db.execute(
                        "INSERT OR REPLACE INTO vectors (unit, vector) VALUES (?, ?)",
                        (unit, vector.astype("<f2").tobytes()),
                    )
                    self.db.execute("DELETE FROM unread WHERE unit = ?", (unit,))

    def stats(self) -> dict[str, Any]:
        """Counts for people: documents by kind, passages, vectors, bytes."""
        return {
            "documents": dict(self._rows("SELECT kind, count(*) FROM documents GROUP BY kind ORDER BY kind")),
            "passages": self.value("SELECT count(*) FROM passages"),
            "units": self.value("SELECT count(*) FROM units"),
            "vectors": self.value("SELECT count(*) FROM vectors"),
            "without_vector": self.pending(),
            "embedder": self.embedder.name if self.embedder else None,
            "bytes": self.path.stat().st_size,
            "path": str(self.path),
        }

    # ------------------------------------------------------------------ writing

    def _take(self, document: Document, passages: Callable[[Document], Iterator[Passage]]) -> Iterator[None]:
        """Put a document's passages in the place of those it had; what is the same in both is not touched."""
        number = self._document(document)
        self._taking = document.path
        taken = 0
        old: dict[bytes, list[tuple[int, int, int]]] = {}
        for passage, digest, start, end in self._rows(
            "SELECT id, hash, line_start, line_end FROM passages WHERE document = ? ORDER BY id DESC", (number,)
        ):
            old.setdefault(digest, []).append((passage, start, end))
        try:
            found = passages(document)
            while piece := list(islice(found, PIECE)):
                with self._writing():
                    for passage in piece:
                        taken += len(passage.units)
                        self._put(number, document, passage, old, with_units=taken <= EMBEDDED)
                if len(piece) == PIECE:
                    yield
        except OSError as error:  # gone since we looked, or not for us to read: as if it were empty
            log.warning("a file cannot be read", error=error.strerror)
        yield from self._remove(passage for left in old.values() for passage, _, _ in left)
        with self._writing():  # only now: a kill on the way means that the document is read again
            self.db.execute("UPDATE documents SET stamp = ? WHERE id = ?", (document.stamp, number))
        self._taking = ""
        yield

    def _document(self, document: Document) -> int:
        with self._writing():
            self.db.execute(
                """INSERT INTO documents (path, kind, stamp, person) VALUES (?, ?, '', ?)
                   ON CONFLICT (path) DO UPDATE SET kind = excluded.kind, person = excluded.person""",
                (document.path, document.kind, document.person),
            )
        return int(self.value("SELECT id FROM documents WHERE path = ?", (document.path,)))

    def _put(
        self,
        number: int,
        document: Document,
        passage: Passage,
        old: dict[bytes, list[tuple[int, int, int]]],
        *,
        with_units: bool,
    ) -> None:
        day = passage.day.isoformat() if passage.day else None
        digest = _digest(passage.heading, day or "", passage.source, passage.text)
        lines = (passage.line_start, passage.line_end)
        if same := old.get(digest):
            known, *at = same.pop()
            if tuple(at) != lines:
                self.db.execute("UPDATE passages SET line_start = ?, line_end = ? WHERE id = ?", (*lines, known))
            return
        text = readable(passage.text)
        self.db.execute(
            """INSERT INTO passages (document, line_start, line_end, text, heading, day, source, hash)
               VALUES (?, ?, ?, ?, ?, ?, ?, ?)""",
            (number, *lines, text, passage.heading, day, passage.source, digest),
        )
        made = self.db.last_insert_rowid()
        dated = date_words(passage.day) if passage.day else ""
        name = Path(document.path).stem if document.kind == "note" else ""
        stems = joined((dated, name, passage.heading, passage.text))
        self.db.execute("INSERT INTO stems (passage, stems) VALUES (?, ?)", (made, stems))
        self.db.execute("INSERT INTO words (rowid, stems) VALUES (?, ?)", (made, stems))
        if with_units:
            self._put_units(made, [searched(passage.heading, day, unit) for unit in passage.units])
        fresh = {term for term in stems.split() if not term[0].isdigit()} - self._known_terms
        self.db.executemany("INSERT OR IGNORE INTO terms VALUES (?, ?)", ((term, sound(term)) for term in fresh))
        if len(self._known_terms) > KNOWN_TERMS:
            self._known_terms.clear()
        self._known_terms |= fresh

    def _put_units(self, passage: int, texts: Iterable[str]) -> None:
        for text in texts:
            digest = _digest(text)
            unit = self.value("SELECT id FROM units WHERE hash = ?", (digest,))
            if unit is None:
                self.db.execute("INSERT INTO units (text, hash) VALUES (?, ?)", (readable(text), digest))
                unit = self.db.last_insert_rowid()
                self.db.execute("INSERT INTO unread VALUES (?)", (unit,))
            self.db.execute("INSERT OR IGNORE INTO passage_units VALUES (?, ?)", (passage, unit))

    def _drop(self, paths: Iterable[str]) -> Iterator[None]:
        for path in paths:
            rows = self._rows(
                "SELECT id FROM passages WHERE document = (SELECT id FROM documents WHERE path = ?)", (path,)
            )
            yield from self._remove(passage for (passage,) in rows)
            with self._writing():
                self.db.execute("DELETE FROM documents WHERE path = ?", (path,))

    def _drop_forgotten(self) -> Iterator[None]:
        paths = self._conversations()
        gone = self._records.forgotten({lane_and_day(path)[0] for path in paths})
        yield from self._drop(path for path in paths if lane_and_day(path)[0] in gone)

    def _conversations(self) -> list[str]:
        return [path for (path,) in self._rows("SELECT path FROM documents WHERE kind = 'conversation'")]

    def _remove(self, passages: Iterator[int]) -> Iterator[None]:
        """Remove passages, PIECE of them in one transaction."""
        while piece := list(islice(passages, PIECE)):
            with self._writing():
                for passage in piece:
                    self._remove_one(passage)
            yield

    def _remove_one(self, passage: int) -> None:
        units = [unit for (unit,) in self._rows("SELECT unit FROM passage_units WHERE passage = ?", (passage,))]
        stems = self.value("SELECT stems FROM stems WHERE passage = ?", (passage,))
        if stems is None:  # another process was quicker
            return
        self.db.execute("INSERT INTO words (words, rowid, stems) VALUES ('delete', ?, ?)", (passage, stems))
        self.db.execute("DELETE FROM stems WHERE passage = ?", (passage,))
        self._loose.update(stems.split())
        self.is_swept = False
        self.db.execute("DELETE FROM passages WHERE id = ?", (passage,))
        self.db.execute("DELETE FROM passage_units WHERE passage = ?", (passage,))
        for unit in units:
            if self.value("SELECT 1 FROM passage_units WHERE unit = ?", (unit,)) is None:
                for table, column in (("units", "id"), ("vectors", "unit"), ("unread", "unit")):
                    self.db.execute(f"DELETE FROM {table} WHERE {column} = ?", (unit,))
                self.removed.append(unit)

    def _drop_loose(self) -> None:
        """Forget the stems that have gone with their last passage."""
        gone = [
            term
            for term in self._loose
            if not self.value("SELECT 1 FROM words WHERE words MATCH ? LIMIT 1", (f'"{term}"',))
        ]
        self.db.executemany("DELETE FROM terms WHERE term = ?", ((term,) for term in gone))
        self._known_terms.difference_update(gone)

    def _sweep(self) -> None:
        """Leave nothing of what was removed in the WAL. While somebody reads an older state, the next look does it."""
        if self.is_swept:
            return
        self.db.set_busy_timeout(0)
        try:
            is_busy = self.value("PRAGMA wal_checkpoint(TRUNCATE)")
        finally:
            self.db.set_busy_timeout(BUSY_MILLISECONDS)
        self.is_swept = not is_busy

    @contextmanager
    def _writing(self) -> Iterator[None]:
        self.db.execute("BEGIN IMMEDIATE")
        self._loose.clear()
        try:
            yield
            self._drop_loose()
            self.db.execute("COMMIT")
        except BaseException:
            if self.db.in_transaction:
                self.db.execute("ROLLBACK")
            raise

    # ------------------------------------------------------------------ reading

    def rows(self, sql: str, bindings: Sequence[Any] = ()) -> list[Any]:
        return self._rows(sql, bindings)

    def value(self, sql: str, bindings: Sequence[Any] = ()) -> Any:
        """The first column of the first row, or None."""
        row: Any = self.db.execute(sql, bindings).fetchone()
        return row[0] if row else None

    def _rows(self, sql: str, bindings: Sequence[Any] = ()) -> list[Any]:
        return list(self.db.execute(sql, bindings))

    def _state(self, key: str) -> str:
        return str(self.value("SELECT value FROM state WHERE key = ?", (key,)) or "")

    def _note(self, key: str, value: str) -> None:
        self.db.execute("INSERT OR REPLACE INTO state VALUES (?, ?)", (key, value))

    # ------------------------------------------------------------------ the file

    def _open(self) -> apsw.Connection:
        """The file as it is; one that is broken, or of another version, is made anew."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        made_with = json.dumps([VERSION, self.embedder.name if self.embedder else None])
        try:
            db = _connected(self.path)
            if list(db.execute("SELECT 1 FROM sqlite_schema WHERE name = 'state'")):
                found: Any = db.execute("SELECT value FROM state WHERE key = 'made_with'").fetchone()
                if found and found[0] == made_with:
                    return db
            db.close()
        except (apsw.NotADBError, apsw.CorruptError, apsw.SQLError) as error:
            log.warning("the memory's index is made anew", error=str(error))
        for name in (self.path, *(self.path.with_name(self.path.name + end) for end in ("-wal", "-shm"))):
            name.unlink(missing_ok=True)
        db = _connected(self.path)
        db.execute("BEGIN IMMEDIATE")
        db.execute((resources.files("jobs.memory") / "schema.sql").read_text(encoding="utf-8")).fetchall()
        db.execute("INSERT INTO state VALUES ('made_with', ?)", (made_with,))
        db.execute("COMMIT")
        return db


def _urgency(document: Document) -> tuple[int, int, str]:
    """Facts first, then the days, the newest first, then the rest."""
    if document.kind == "day":
        return 1, -int(re.sub(r"\D", "", document.path)[-8:] or 0), document.path
    return 0 if document.kind == "memory" else 2, 0, document.path


def searched(heading: str, day: str | None, text: str) -> str:
    """What the embedder reads of a passage: dates and headings help it."""
    return "\n".join(part for part in (" ".join(filter(None, (day, heading))), text) if part)


def _connected(path: Path) -> apsw.Connection:
    db = apsw.Connection(str(path))
    db.set_busy_timeout(BUSY_MILLISECONDS)
    db.execute("PRAGMA journal_mode = WAL").fetchall()
    db.execute("PRAGMA secure_delete = ON").fetchall()  # what is forgotten is not left in free pages
    db.execute("PRAGMA synchronous = NORMAL")  # a power cut may cost a moment's indexing, which is then done again
    return db


def readable(text: str) -> str:
    """Text as SQLite keeps it: lone surrogates and NUL are replaced."""
    return text.encode("utf-8", "replace").decode("utf-8").replace("\0", "\ufffd")


def _digest(*parts: str) -> bytes:
    return hashlib.blake2b("\0".join(parts).encode("utf-8", "replace"), digest_size=16).digest()
