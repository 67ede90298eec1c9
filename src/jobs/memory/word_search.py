"""The words side of search: BM25 over stems, as a share of the most that the query's words could give."""

import math
from typing import Any

import apsw
from rapidfuzz import process
from rapidfuzz.distance import OSA

from jobs.memory.index_file import IndexFile
from jobs.memory.words import other_script, query_words, sound, stem

K1, B = 1.2, 0.75
BM25_MOST = K1 + 1
"""What BM25 gives a word at most, in units of its rarity."""
SMALL = 400
"""Passages up to which BM25 is computed here."""
FUZZY_FROM = 4
"""Letters from which a word may be misspelt."""
ALTERNATIVES = 6
GUESSED = 2.0
"""How many times rarer a word is taken to be when only words like it are known: a guess then gives half as much."""


class WordSearch:
    def __init__(self, index: IndexFile) -> None:
        self._index = index
        index.db.register_fts5_function("small_bm25", small_bm25)

    def shares(self, query: str, limit: int, allowed: set[int] | None) -> dict[int, float]:
        """The BM25 share, 0 to 1, of the passages that have the most of the query's words, best first."""
        terms, most = self._terms(query)
        if not terms:
            return {}
        match = " OR ".join(f'"{term}"' for term in terms)
        ranked = f"SELECT rowid, {self._ranking()}(words) AS points FROM words WHERE words MATCH ?"
        if allowed is None:
            rows = self._index.rows(f"{ranked} ORDER BY points LIMIT ?", (match, limit))
        else:
            inside = [row for row in self._index.rows(ranked, (match,)) if row[0] in allowed]
            rows = sorted(inside, key=lambda row: row[1])[:limit]
        return {number: min(1.0, -points / most) for number, points in rows}

    def _ranking(self) -> str:
        return "small_bm25" if self._index.value("SELECT count(*) FROM passages") <= SMALL else "bm25"

    def _terms(self, query: str) -> tuple[list[str], float]:
        """What to look for, and the most that BM25 could give for it."""
        total = self._index.value("SELECT count(*) FROM passages")
        terms: dict[str, None] = {}
        most = 0.0
        for word in query_words(query)[:64]:
            known, certain = self.alternatives(word)
            terms |= dict.fromkeys(known)
            rarity = max((_rarity(total, known[term]) for term in known), default=_rarity(total, 0))
            most += rarity if certain else GUESSED * rarity
        return list(terms), max(most * BM25_MOST, 1e-9)

    def alternatives(self, word: str) -> tuple[dict[str, int], bool]:
        """The stems a word is looked for by, with the number of passages that have each, and whether it is meant so.

        Itself and its spelling in the other alphabet; where neither is known, words that sound like it or differ by a
        letter or two, which is a guess.
        """
        known = self._counted([stem(word), *other_script(word)])
        if known:
            return known, True
        key = sound(word)
        like: list[str] = []
        if key:
            like = [term for (term,) in self._index.rows("SELECT term FROM terms WHERE sound = ? LIMIT 50", (key,))]
        if len(word) >= FUZZY_FROM and not word.isdigit():
            like += self._misspelt(stem(word))
        guesses = dict(list(self._counted(like).items())[:ALTERNATIVES])
        return guesses, not guesses

    def _misspelt(self, term: str) -> list[str]:
        """Known stems that begin with the same letter and differ little."""
        slips = 1 if len(term) < 7 else 2
        rows = self._index.rows(
            "SELECT term FROM terms WHERE term >= ? AND term < ? AND length(term) BETWEEN ? AND ?",
            (term[0], chr(ord(term[0]) + 1), len(term) - slips, len(term) + slips),
        )
        choices = [row[0] for row in rows]
        found: Any = process.extract(term, choices, scorer=OSA.distance, score_cutoff=slips, limit=ALTERNATIVES)
        return [choice for choice, _, _ in found]

    def _counted(self, terms: list[str]) -> dict[str, int]:
        counted = {}
        for term in dict.fromkeys(terms):
            count = self._index.value("SELECT doc FROM vocabulary WHERE term = ?", (term,))
            if count:
                counted[term] = int(count)
        return counted


def _rarity(total: int, having: int) -> float:
    """The inverse document frequency as `small_bm25` and SQLite's bm25() have it."""
    share = (total - having + 0.5) / (having + 0.5)
    return math.log1p(share) if total <= SMALL else max(1e-6, math.log(share))


def small_bm25(api: apsw.FTS5ExtensionApi, *_: Any) -> float:
    """BM25 where a word in half of all passages still counts: in the memory of the first weeks every word is in many.

    SQLite's own gives such words nothing. Beyond SMALL passages the two are nearly the same, and that one is quicker.
    """
    known: tuple[float, list[float]] | None = api.aux_data
    if known is None:
        having = [0] * api.phrase_count

        def count(_api: apsw.FTS5ExtensionApi, phrase: int) -> None:
            having[phrase] += 1

        for phrase in range(api.phrase_count):
            api.query_phrase(phrase, count, phrase)
        average = api.column_total_size(-1) / max(1, api.row_count)
        known = api.aux_data = average, [_rarity(api.row_count, number) for number in having]
    average, rarities = known
    length = 1 - B + B * api.column_size(-1) / average
    points = 0.0
    for phrase, rarity in enumerate(rarities):
        times = sum(map(len, api.phrase_locations(phrase)))
        points += rarity * times * (K1 + 1) / (times + K1 * length)
    return -points
