"""Search over the memory's files by words: Russian and English stems, ranked by BM25 in SQLite's FTS5.

The index is built in memory from the files at each search, so an edit by hand is believed at once; at the size of one
person's notes that takes a few milliseconds.
"""

from dataclasses import dataclass

import apsw
from snowballstemmer import stemmer

from jobs.memory.storage import Line, MemoryStorage

_RUSSIAN = stemmer("russian")
_ENGLISH = stemmer("english")


@dataclass(frozen=True)
class Passage:
    line: Line
    score: float
    """BM25, higher is better; comparable within one search only."""


class MemoryIndex:
    def __init__(self, storage: MemoryStorage) -> None:
        self._storage = storage

    def search(self, query: str, limit: int = 5) -> list[Passage]:
        """The lines that share a word with the query, best first. Any text is a valid query."""
        words = _stems(query)
        if not words:
            return []
        lines = self._storage.lines()
        db = apsw.Connection(":memory:")
        db.execute("CREATE VIRTUAL TABLE lines USING fts5 (stems, tokenize = 'unicode61')")
        db.executemany(
            "INSERT INTO lines (rowid, stems) VALUES (?, ?)",
            ((number, " ".join(_stems(f"{line.section} {line.text}"))) for number, line in enumerate(lines)),
        )
        match = " OR ".join(f'"{word}"' for word in dict.fromkeys(words))
        rows = db.execute(
            "SELECT rowid, bm25(lines) FROM lines WHERE lines MATCH ? ORDER BY bm25(lines) LIMIT ?", (match, limit)
        )
        return [Passage(lines[number], -score) for number, score in rows]


def _stems(text: str) -> list[str]:
    """The words of a text without their endings."""
    words = "".join(character if character.isalnum() else " " for character in text.lower().replace("ё", "е")).split()
    return [(_RUSSIAN if "\u0400" <= word[0] <= "\u04ff" else _ENGLISH).stemWord(word) for word in words]
