"""Memory as one synchronous thing: what `./jobs memory` uses directly, and the worker process on the app's behalf."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Self
from zoneinfo import ZoneInfo

from jobs.memory.documents import Files, Records
from jobs.memory.embedding import Embedder, default_embedder
from jobs.memory.index_file import IndexFile
from jobs.memory.search import Hit, Search, Wanted


@dataclass(frozen=True)
class Places:
    """Where everything is."""

    workspace: Path
    data: Path
    zone: ZoneInfo
    """The owner's: in it a day begins and ends."""

    @property
    def index(self) -> Path:
        return self.data / "memory.sqlite"

    @property
    def records(self) -> Path:
        return self.data / "db.sqlite"


class Engine:
    """Opens the index, keeps it in step, searches. Raises apsw.Error and OSError when the disk does."""

    def __init__(self, places: Places, embedder: Embedder | None) -> None:
        self._zone = places.zone
        self._records = Records(places.records, places.zone)
        self.index = IndexFile(places.index, Files(places.workspace), self._records, embedder)
        self.found = Search(self.index)

    @classmethod
    def open(cls, places: Places) -> Self:
        """With the embedder that is installed."""
        return cls(places, default_embedder())

    def search(self, wanted: Wanted, refresh_seconds: float = math.inf) -> list[Hit]:
        """Search what there is at this moment, changes by hand included, as far as they are taken in in so long."""
        if refresh_seconds:
            self.index.refresh(refresh_seconds)
        hits = self.found.search(wanted, datetime.now(self._zone).date())
        return [
            replace(hit, link=self._records.link(hit.path, hit.line_start)) if _is_said(hit) else hit for hit in hits
        ]

    def embed(self, seconds: float, progress: Callable[[int], None] = lambda left: None) -> None:
        """Give passages their vectors for so long at most; `progress` hears how many are left after each batch."""
        until = time.monotonic() + seconds
        while time.monotonic() < until and self.index.embedder and self.index.embed():
            progress(self.index.pending())

    def reindex(self, progress: Callable[[int], None] = lambda left: None) -> dict[str, Any]:
        """Make the index anew from files and records; returns its counts."""
        self.index.forget()
        self.index.refresh()
        self.embed(float("inf"), progress)
        return self.index.stats()

    def close(self) -> None:
        self.index.close()


def _is_said(hit: Hit) -> bool:
    return hit.kind == "conversation"
