"""Search as it is usually built: SQLite's words, a vector a passage as the model gives it, 0.7 and 0.3 of them."""

import apsw
import numpy as np

from jobs.memory.embedding import MultilingualE5
from jobs.memory.engine import Engine
from jobs.memory.index_file import searched
from jobs.memory.words import words

CANDIDATES = 200


class Plain:
    """Over the passages of an engine."""

    def __init__(self, engine: Engine) -> None:
        rows = engine.index.rows("SELECT id, heading, day, text FROM passages ORDER BY id")
        texts = [searched(heading, day, text) for _, heading, day, text in rows]
        self._numbers = [row[0] for row in rows]
        self._model = MultilingualE5(centred=False)
        self._vectors = np.stack([self._model.passages([text])[0] for text in texts])
        self._db = apsw.Connection(":memory:")
        self._db.execute("CREATE VIRTUAL TABLE words USING fts5 (text)")
        self._db.executemany("INSERT INTO words (rowid, text) VALUES (?, ?)", zip(self._numbers, texts, strict=True))

    def rankings(self, query: str) -> dict[str, list[tuple[float, int]]]:
        """The best passages of each way, best first, as (score, passage)."""
        match = " OR ".join(f'"{word}"' for word in words(query)) or '""'
        found = self._db.execute(
            "SELECT rowid, -bm25(words) FROM words WHERE words MATCH ? ORDER BY 2 DESC LIMIT ?", (match, CANDIDATES)
        ).fetchall()
        most = max((points for _, points in found), default=1.0) or 1.0
        by_words = {int(number): float(points) / float(most) for number, points in found}
        cosines = self._vectors @ self._model.query(query)
        by_meaning = {
            self._numbers[place]: float(cosines[place]) for place in np.argsort(-cosines)[:CANDIDATES].tolist()
        }
        both = {
            number: 0.7 * by_meaning.get(number, 0.0) + 0.3 * by_words.get(number, 0.0)
            for number in {*by_words, *by_meaning}
        }
        ways = {"plain words": by_words, "plain vectors": by_meaning, "plain 0.7/0.3": both}
        return {way: sorted(((points, n) for n, points in of.items()), reverse=True) for way, of in ways.items()}
