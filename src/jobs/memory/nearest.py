"""The units nearest in meaning to a query.

In memory is one bit of each number of a vector, its sign (48 bytes a unit), by which the best few hundred are found;
these are compared exactly, with their vectors from the file. So a hundred thousand units take 5 MB, some milliseconds.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from jobs.memory.index_file import IndexFile

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from jobs.memory.embedding import Vectors

COMPARED = 384
"""Units that are compared exactly."""
BLOCK = 4_000
"""Vectors that are read at once while their signs are taken."""


class Nearest:
    """`signs` of all units' vectors, kept in step with the index file."""

    def __init__(self, index: IndexFile) -> None:
        self._index = index
        self._seen: tuple[int, int] | None = None
        self._newest = 0
        self._removed = 0
        self._units: NDArray[np.int64] | None = None
        self._signs: NDArray[np.uint64] | None = None
        self._gone: set[int] = set()

    def to(self, query: "Vectors", allowed: Callable[[], Sequence[int]] | None = None) -> dict[int, float]:
        """The COMPARED nearest units with their cosines. `allowed`: the only units to look at."""
        import numpy as np

        self._load(query.shape[0])
        if self._units is None or self._signs is None or not len(self._units):
            return {}
        units, signs = self._units, self._signs
        if allowed is not None:
            inside = np.isin(units, np.fromiter(allowed(), np.int64))
            units, signs = units[inside], signs[:, inside]
        if len(units) > COMPARED:
            differing = np.zeros(len(units), np.uint16)
            for word, asked in zip(signs, _signs(query[None])[:, 0], strict=True):
                differing += np.bitwise_count(word ^ asked)
            units = units[np.argpartition(differing, COMPARED)[:COMPARED]]
        return self.cosines(query, [unit for unit in units.tolist() if unit not in self._gone])

    def cosines(self, query: "Vectors", units: Iterable[int]) -> dict[int, float]:
        """The cosines of these units; those without a vector are left out."""
        import numpy as np

        rows: list[Any] = []
        wanted = list(units)
        for at in range(0, len(wanted), 500):
            some = wanted[at : at + 500]
            marks = ",".join("?" * len(some))
            rows += self._index.rows(f"SELECT unit, vector FROM vectors WHERE unit IN ({marks})", some)
        width = 2 * query.shape[0]
        rows = [row for row in rows if len(row[1]) == width]
        if not rows:
            return {}
        vectors = np.frombuffer(b"".join(vector for _, vector in rows), "<f2").reshape(len(rows), -1)
        return dict(zip((unit for unit, _ in rows), (vectors.astype(np.float32) @ query).tolist(), strict=True))

    def _load(self, dimension: int) -> None:
        """Read what is new, and everything when another process has written."""
        import numpy as np

        seen = (self._index.rebuilt, self._index.value("PRAGMA data_version"))
        if seen != self._seen or self._units is None or self._signs is None:
            self._units = np.empty(0, np.int64)
            self._signs = np.empty(((dimension + 63) // 64, 0), np.uint64)
            self._newest = 0
            self._gone = set()
            self._removed = len(self._index.removed)
        while rows := self._index.rows(
            "SELECT id, unit, vector FROM vectors WHERE id > ? ORDER BY id LIMIT ?", (self._newest, BLOCK)
        ):
            self._newest = rows[-1][0]
            rows = [row for row in rows if len(row[2]) == 2 * dimension]
            if rows:
                fresh = np.frombuffer(b"".join(vector for _, _, vector in rows), "<f2").reshape(len(rows), dimension)
                self._signs = np.concatenate((self._signs, _signs(fresh)), axis=1)
                self._units = np.concatenate((self._units, np.array([unit for _, unit, _ in rows], np.int64)))
                self._gone -= {unit for _, unit, _ in rows}
        self._gone.update(self._index.removed[self._removed :])
        self._removed = len(self._index.removed)
        self._seen = seen


def _signs(vectors: "NDArray[Any]") -> "NDArray[np.uint64]":
    """A column for each vector, so that all of a row are compared in one go."""
    import numpy as np

    bits = np.packbits(vectors > 0, axis=1)
    padded = np.zeros((len(bits), (bits.shape[1] + 7) // 8 * 8), np.uint8)
    padded[:, : bits.shape[1]] = bits
    return np.ascontiguousarray(padded.view(np.uint64).T)
