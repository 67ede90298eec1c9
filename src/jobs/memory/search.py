"""Search: words and meaning, each with its best passages, put together by one score.

    score = (meaning + BM25 share^1.5) · up to 1.05 for what is new · 1.1 for a line of MEMORY.md

The BM25 share is the score over the most that the query's words could give, words that are nowhere counted with it: a
passage that has one common word of a long question gets little, one that has its rare words gets most. Measured in
`benchmarks/memory`.
"""

import json
import math
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import date
from itertools import islice
from typing import TYPE_CHECKING, Any

import structlog

from jobs.memory.documents import Kind
from jobs.memory.embedding import EmbedderFailed
from jobs.memory.index_file import IndexFile
from jobs.memory.marks import REPLACED, is_foreign
from jobs.memory.nearest import Nearest
from jobs.memory.word_search import WordSearch
from jobs.memory.words import other_script, query_words, sound, stem, stems

if TYPE_CHECKING:
    from jobs.memory.embedding import Vectors

log = structlog.get_logger()

WORDS = 1.0
STEEP = 1.5
"""The power of the BM25 share: half of the words is less than half a proof, all of them is one."""
BEST_UNIT = 0.7
"""How much of a passage's meaning is its best item or message; the rest is the mean of all of them."""
FACT = 0.1
"""By what share a line of MEMORY.md is better than one of anything else, and one that it has replaced is worse."""
NEW = 0.05
"""By what share the newest passage is better than one that is endlessly old: it decides between near-equals only."""
HALF_LIFE_DAYS = 120
CANDIDATES = 50
"""Of each side."""
SHARES = 4
"""Of so many times as many the BM25 share is known; what meaning finds beside them has next to none."""
JOINED_CHARACTERS = 1200
"""How long neighbouring passages may become when they are joined."""


@dataclass(frozen=True)
class Wanted:
    """What is looked for. `since` and `until` are days, both included; what has no day passes neither."""

    query: str
    limit: int = 5
    person: str | None = None
    kinds: tuple[Kind, ...] = ()
    since: date | None = None
    until: date | None = None


@dataclass(frozen=True)
class Hit:
    path: str
    line_start: int
    line_end: int
    text: str
    score: float
    """Comparable within one search; about 0 to 1.6."""
    date: str | None
    source: str
    heading: str
    kind: str
    person: str
    link: str | None = None
    """Of a conversation: the first message that Telegram knows, as its apps open it on the account that Jobs has."""


@dataclass(frozen=True)
class Candidate:
    passage: int
    meaning: float
    """Of its units' cosines with the query; 0 without a vector."""
    words: float
    """The BM25 share, 0 to 1."""
    day: date | None = None
    kind: str = ""
    is_replaced: bool = False
    """A note of what MEMORY.md said before."""


class Search:
    def __init__(self, index: IndexFile) -> None:
        self._index = index
        self._nearest = Nearest(index)
        self._words = WordSearch(index)
        self._thinking = ThreadPoolExecutor(1, "query's vector")  # has no thread until it is asked

    def search(self, wanted: Wanted, today: date) -> list[Hit]:
        """The best passages, best first, neighbours joined. Any text is a valid query; an empty one finds nothing."""
        found = self.candidates(wanted)
        ranked = sorted(((score(each, today), each.passage) for each in found), reverse=True)
        return self.hits(ranked, wanted.limit)

    def candidates(self, wanted: Wanted) -> list[Candidate]:
        """The best of each side with both of their scores."""
        if not wanted.query.strip() or wanted.limit < 1:
            return []
        allowed = self._allowed(wanted)
        most = max(CANDIDATES, 2 * wanted.limit)
        vector = self._vector_of(wanted.query)  # takes as long as all the rest, in C, on another core
        shares = self._words.shares(wanted.query, SHARES * most, allowed)
        by_words = list(shares)[:most]
        query, nearest, cosines = self._by_meaning(vector, most, allowed)
        numbers = {*by_words, *nearest}
        if not numbers:
            return []
        meanings = self._meanings(query, numbers, cosines)
        marks = ",".join("?" * len(numbers))
        rows = self._index.rows(
            f"""SELECT passages.id, day, kind, substr(text, 1, 200)
                FROM passages JOIN documents ON documents.id = document WHERE passages.id IN ({marks})""",
            list(numbers),
        )
        return [
            Candidate(
                number,
                meanings.get(number, 0.0),
                shares.get(number, 0.0),
                date.fromisoformat(day) if day else None,
                kind,
                is_replaced=REPLACED in text,
            )
            for number, day, kind, text in rows
        ]

    def _vector_of(self, query: str) -> "Future[Vectors] | None":
        """The query's vector, as soon as it is made; None where there is nothing to compare it with."""
        embedder = self._index.embedder
        if embedder is None or not self._index.value("SELECT 1 FROM vectors LIMIT 1"):
            return None
        return self._thinking.submit(embedder.query, query)

    def _by_meaning(
        self, query: "Future[Vectors] | None", most: int, allowed: set[int] | None
    ) -> "tuple[Vectors | None, list[int], dict[int, float]]":
        """The query's vector, the passages with the units nearest to it, and these units' cosines.

        None of them where vectors are not to be had.
        """
        if query is None:
            return None, [], {}
        try:
            vector = query.result()
        except EmbedderFailed as error:
            log.warning("searched by words only", reason=str(error))
            return None, [], {}
        near = self._nearest.to(vector, None if allowed is None else lambda: self._units_of(allowed))
        best = sorted(near, key=lambda unit: -near[unit])[: 2 * most]
        passages: dict[int, None] = {}
        for at in range(0, len(best), 100):  # in the order of their units
            marks = ",".join("?" * len(best[at : at + 100]))
            found: dict[int, list[int]] = {}
            for unit, passage in self._index.rows(
                f"SELECT unit, passage FROM passage_units WHERE unit IN ({marks})", best[at : at + 100]
            ):
                found.setdefault(unit, []).append(passage)
            for unit in best[at : at + 100]:
                passages |= dict.fromkeys(found.get(unit, ()))
        inside = (passage for passage in passages if allowed is None or passage in allowed)
        return vector, list(islice(inside, most)), near

    def _units_of(self, passages: set[int]) -> list[int]:
        rows = self._index.rows(
            "SELECT DISTINCT unit FROM passage_units WHERE passage IN (SELECT value FROM json_each(?))",
            (json.dumps(sorted(passages)),),
        )
        return [unit for (unit,) in rows]

    def _meanings(
        self, query: "Vectors | None", passages: set[int], known_cosines: dict[int, float]
    ) -> dict[int, float]:
        """How near each of these passages is: its best unit counts most, the others tell what it is about."""
        if query is None:
            return {}
        marks = ",".join("?" * len(passages))
        units: dict[int, list[int]] = {}
        for passage, unit in self._index.rows(
            f"SELECT passage, unit FROM passage_units WHERE passage IN ({marks})", list(passages)
        ):
            units.setdefault(passage, []).append(unit)
        others = {unit for those in units.values() for unit in those} - known_cosines.keys()
        cosines = known_cosines | self._nearest.cosines(query, others)
        found = {}
        for passage, those in units.items():
            if known := [cosines[unit] for unit in those if unit in cosines]:
                found[passage] = BEST_UNIT * max(known) + (1 - BEST_UNIT) * sum(known) / len(known)
        return found

    def hits(self, ranked: Iterable[tuple[float, int]], limit: int) -> list[Hit]:
        """Passages as they are shown. What overlaps or touches a better one of the same document goes with it."""
        shown: list[Hit] = []
        looked_at = list(islice(ranked, max(40, 4 * limit)))
        rows = self._rows_of([number for _, number in looked_at])
        for points, number in looked_at:
            hit = _hit(rows[number], points)
            for place, better in enumerate(shown):
                if (both := _joined(better, hit)) is not None:
                    shown[place] = both
                    break
            else:
                if len(shown) < limit:
                    shown.append(hit)
        return shown

    # ------------------------------------------------------------------ filters

    def _allowed(self, wanted: Wanted) -> set[int] | None:
        """The passages that pass the filters; None: all do."""
        conditions: list[str] = []
        values: list[Any] = []
        if wanted.kinds:
            conditions.append(f"kind IN ({','.join('?' * len(wanted.kinds))})")
            values += wanted.kinds
        for limit, comparison in ((wanted.since, "day >= ?"), (wanted.until, "day <= ?")):
            if limit:
                conditions.append(comparison)
                values.append(limit.isoformat())
        if not conditions and not wanted.person:
            return None
        rows = self._index.rows(
            f"""SELECT passages.id, person, source FROM passages JOIN documents ON documents.id = document
                WHERE {" AND ".join(conditions) or "1"}""",
            values,
        )
        if not wanted.person:
            return {row[0] for row in rows}
        naming = self._naming(wanted.person)
        is_theirs = _Named(wanted.person)
        return {row[0] for row in rows if row[0] in naming or is_theirs(row[1]) or is_theirs(row[2])}

    def _naming(self, person: str) -> set[int]:
        """The passages in which a person's name stands, in any case form and either alphabet."""
        words = [self._words.alternatives(word)[0] for word in query_words(person)]
        if not words or not all(words):
            return set()
        match = " AND ".join("(" + " OR ".join(f'"{term}"' for term in known) + ")" for known in words)
        return {row[0] for row in self._index.rows("SELECT rowid FROM words WHERE words MATCH ?", (match,))}

    # ------------------------------------------------------------------ showing

    def _rows_of(self, numbers: list[int]) -> dict[int, Any]:
        marks = ",".join("?" * len(numbers))
        rows = self._index.rows(
            f"""SELECT passages.id, path, kind, person, line_start, line_end, text, day, source, heading
                FROM passages JOIN documents ON documents.id = document WHERE passages.id IN ({marks})""",
            numbers,
        )
        return {row[0]: row for row in rows}


def _hit(row: Any, points: float) -> Hit:
    _, path, kind, person, start, end, text, day, source, heading = row
    return Hit(path, start, end, text, round(points, 4), day, source, heading, kind, person)


class _Named:
    """Whether a text names a person, in any case form and either alphabet."""

    def __init__(self, person: str) -> None:
        self._wanted = [{stem(word), *other_script(word), sound(word)} - {""} for word in query_words(person)]

    def __call__(self, text: str) -> bool:
        known = set(stems(text))
        known |= {sound(word) for word in known}
        return bool(self._wanted) and all(keys & known for keys in self._wanted)


def score(candidate: Candidate, today: date) -> float:
    """One number of both sides, of how new it is and of whether it holds; facts of MEMORY.md are as good as new."""
    points = candidate.meaning + WORDS * math.pow(candidate.words, STEEP)
    if candidate.kind == "memory":
        return points * (1 + FACT + NEW)
    if candidate.is_replaced:
        points *= 1 - FACT
    if candidate.day is None:
        return points
    age = max(0, (today - candidate.day).days)
    return points * (1 + NEW * math.pow(0.5, age / HALF_LIFE_DAYS))


def _joined(better: Hit, other: Hit) -> Hit | None:
    """The better hit with what its neighbour adds before or after it; None when they stay two."""
    if better.path != other.path or better.kind == "memory" or better.heading != other.heading:
        return None
    if is_foreign(better.source) != is_foreign(other.source):
        return None
    if better.line_start <= other.line_start and other.line_end <= better.line_end:
        return better
    first, second = sorted((better, other), key=lambda hit: (hit.line_start, hit.line_end))
    kept, more = first.text.split("\n"), second.text.split("\n")
    overlap = next((n for n in range(min(len(kept), len(more)), 0, -1) if kept[-n:] == more[:n]), 0)
    text = "\n".join([*kept, *more[overlap:]])
    if second.line_start > first.line_end + 1 or len(text) > JOINED_CHARACTERS:
        return None
    external = sorted(hit.source for hit in (better, other) if is_foreign(hit.source))
    return replace(
        better,
        line_start=first.line_start,
        line_end=max(first.line_end, second.line_end),
        text=text,
        source=external[0] if external else better.source,
    )
