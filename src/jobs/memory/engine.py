"""Memory as one synchronous thing: what `./jobs memory` uses directly, and the worker process on the app's behalf."""

import math
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self
from zoneinfo import ZoneInfo

import structlog

from jobs.memory.documents import Files, Records
from jobs.memory.embedding import DEFAULT_URL, Embedder, EmbedderFailed, Service, cores, embedder_of
from jobs.memory.index_file import IndexFile
from jobs.memory.search import Hit, Search, Wanted

if TYPE_CHECKING:
    from jobs.config import Settings
    from jobs.memory.embedding import Vectors

log = structlog.get_logger()

PIECE = 8
"""Units that each core embeds between two writes: what a kill costs."""


@dataclass(frozen=True)
class Places:
    """Where everything is."""

    workspace: Path
    data: Path
    zone: ZoneInfo
    """The owner's: in it a day begins and ends."""
    service: Service | None = None
    """Of embeddings; None: the offline one."""

    @property
    def index(self) -> Path:
        return self.data / "memory.sqlite"

    @property
    def records(self) -> Path:
        return self.data / "db.sqlite"


def places_of(settings: "Settings") -> Places:
    """Where memory is, and what embeds it."""
    service = None
    if settings.embedding_model:
        url = settings.openai_base_url or DEFAULT_URL
        key = settings.openai_api_key.get_secret_value() if settings.openai_api_key else ""
        service = Service(url, settings.embedding_model, key, settings.proxy_for(url))
    return Places(settings.workspace_dir, settings.data_dir, settings.tz, service)


class Engine:
    """Opens the index, keeps it in step, searches. Raises apsw.Error and OSError when the disk does."""

    def __init__(self, places: Places, embedder: Embedder | None) -> None:
        self._zone = places.zone
        self._service = places.service
        self._records = Records(places.records, places.zone)
        self.index = IndexFile(places.index, Files(places.workspace), self._records, embedder)
        self.found = Search(self.index)

    @classmethod
    def open(cls, places: Places) -> Self:
        """With the embedder that is installed."""
        return cls(places, embedder_of(places.service))

    def search(self, wanted: Wanted, refresh_seconds: float = math.inf) -> list[Hit]:
        """Search what there is at this moment, changes by hand included, as far as they are taken in in so long."""
        if refresh_seconds:
            self.index.refresh(refresh_seconds)
        hits = self.found.search(wanted, datetime.now(self._zone).date())
        return [
            replace(hit, link=self._records.link(hit.path, hit.line_start, hit.line_end)) if _is_said(hit) else hit
            for hit in hits
        ]

    def embed(self, seconds: float, progress: Callable[[int], None] = lambda left: None) -> None:
        """Give units their vectors for so long at most, on every core; `progress` hears how many are left.

        Stops where no vectors are to be had: words alone then find what they can.
        """
        embedder, until = self.index.embedder, time.monotonic() + seconds
        if embedder is None:
            return
        copies = [embedder, *(embedder_of(self._service) for _ in range(1, cores()))]
        with ThreadPoolExecutor(len(copies)) as pool:
            while time.monotonic() < until and (waiting := self.index.waiting(len(copies) * PIECE)):
                shares = [waiting[at :: len(copies)] for at in range(len(copies))]
                made = [pool.submit(_vectors, copy, share) for copy, share in zip(copies, shares, strict=True) if share]
                try:
                    for units, share in zip(shares, made, strict=False):
                        self.index.give((unit for unit, _ in units), share.result())
                except EmbedderFailed as error:
                    log.warning("no vectors are made", reason=str(error))
                    return
                progress(self.index.pending())

    def reindex(self, progress: Callable[[int], None] = lambda left: None) -> dict[str, Any]:
        """Make the index anew from files and records; returns its counts."""
        self.index.forget()
        self.index.refresh()
        self.embed(float("inf"), progress)
        return self.index.stats()

    def close(self) -> None:
        self.index.close()


def _vectors(embedder: Embedder | None, waiting: list[tuple[int, str]]) -> "Vectors":
    assert embedder is not None, "one was there, so others can be made"
    return embedder.passages([text for _, text in waiting])


def _is_said(hit: Hit) -> bool:
    return hit.kind == "conversation"
