"""The worker process that has the index; `index.py` is the app's side of it.

Each request is a line of JSON, each answer another. Between requests the worker looks for changed files and new
messages and embeds what has no vector yet. It ends with its stdin, so also when Jobs is killed.
"""

import contextlib
import json
import os
import select
import signal
import sys
import time
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import apsw
import structlog

from jobs.log import set_up
from jobs.memory.embedding import EmbedderFailed, Service
from jobs.memory.engine import Engine, Places
from jobs.memory.index_file import IndexFile
from jobs.memory.search import Wanted

if TYPE_CHECKING:
    from jobs.memory.embedding import Vectors

log = structlog.get_logger()

NICE = 10
LOOK_SECONDS = 1.0
"""How often files and records are looked at while nobody asks."""
BUSY_SECONDS = 0.01
"""How often the worker looks whether a vector is made."""
RETRY_SECONDS = 60.0
SLICE_SECONDS = 0.1
"""How long the worker reads files before it looks whether somebody asks."""
FRESH_SECONDS = 0.5
"""How long a search may wait for what has changed to be taken in."""
IDLE_SECONDS = 600.0
"""After which a worker that nobody asks ends and gives its memory back; the next question starts another."""


class _Worker:
    """One engine, one line at a time; what may wait is done between the lines."""

    def __init__(self, places: Places) -> None:
        self._engine = Engine.open(places)
        self._unread = b""
        self._looked = 0.0
        self._background = _Background(self._engine.index)
        self._is_done = False
        self._asked = time.monotonic()

    def run(self) -> None:
        """Serve until stdin ends, or nobody has asked for IDLE_SECONDS and nothing is left to do."""
        while True:
            busy = self._background.is_working
            if self._is_done and not busy and time.monotonic() - self._asked > IDLE_SECONDS:
                return
            pause = BUSY_SECONDS if busy else LOOK_SECONDS if self._is_done else 0
            ready, _, _ = select.select([0], [], [], pause)
            if ready:
                read = os.read(0, 65536)
                if not read:
                    return
                *lines, self._unread = (self._unread + read).split(b"\n")
                for line in lines:
                    self._serve(json.loads(line))
            else:
                self._idle()

    def _serve(self, request: dict[str, Any]) -> None:
        self._asked = time.monotonic()
        number = request["number"]
        try:
            answer = {"number": number, "answer": self._answer(request["ask"], request["arguments"])}
        except (apsw.Error, OSError, ValueError) as error:
            answer = {"number": number, "error": repr(error)[:300]}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()

    def _answer(self, ask: str, arguments: dict[str, Any]) -> Any:
        if ask == "search":
            wanted = arguments["wanted"]
            for name in ("since", "until"):
                wanted[name] = date.fromisoformat(wanted[name]) if wanted[name] else None
            # What is not taken in then is on its way: an answer is worth more than all of it.
            seconds = FRESH_SECONDS if arguments["fresh"] or not self._looked else 0.0
            hits = self._engine.search(Wanted(**wanted), seconds)
            self._looked = self._looked or time.monotonic()
            return [asdict(hit) for hit in hits]
        if ask == "refresh":
            index = self._engine.index
            # A look that was under way may have passed what has changed since: the next one counts.
            return index.refresh(FRESH_SECONDS) and index.refresh(FRESH_SECONDS) and index.is_swept
        if ask == "reindex":
            self._engine.index.forget()
            self._engine.index.refresh()
        return self._engine.index.stats()

    def _idle(self) -> None:
        try:
            if not self._is_done or time.monotonic() - self._looked >= LOOK_SECONDS:
                self._is_done = self._engine.index.refresh(SLICE_SECONDS)
                self._looked = time.monotonic()
            self._background.step()
        except apsw.Error:  # somebody else writes; the next look comes soon
            time.sleep(LOOK_SECONDS)


class _Background:
    """Vectors are made in a thread, a few at a time, so that a question meanwhile waits for one of them at most."""

    def __init__(self, index: IndexFile) -> None:
        self._index = index
        self._pool = ThreadPoolExecutor(1)
        self._made: Future[Vectors] | None = None
        self._units: list[int] = []
        self._not_before = 0.0

    @property
    def is_working(self) -> bool:
        return self._made is not None

    def step(self) -> None:
        """Store what was made, and have more made."""
        embedder = self._index.embedder
        if embedder is None or (self._made and not self._made.done()):
            return
        if self._made:
            made, self._made = self._made, None
            try:
                self._index.give(self._units, made.result())
            except EmbedderFailed as error:
                log.warning("no vectors are made for now", reason=str(error))
                self._not_before = time.monotonic() + RETRY_SECONDS
        if time.monotonic() >= self._not_before and (waiting := self._index.waiting(embedder.batch)):
            self._units = [unit for unit, _ in waiting]
            self._made = self._pool.submit(embedder.passages, [text for _, text in waiting])


def main(workspace: str, data: str, zone: str) -> None:
    """The worker: on stdin first the service of embeddings (it has a secret in it) or null, then requests."""
    os.nice(NICE)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    set_up("warning", str)  # to standard error, since standard output is for answers
    with contextlib.suppress(BrokenPipeError):
        service = json.loads(_first_line())
        places = Places(Path(workspace), Path(data), ZoneInfo(zone), Service(**service) if service else None)
        _Worker(places).run()


def _first_line() -> bytes:
    """Read byte by byte: what follows is for the worker, which reads the pipe itself."""
    line = b""
    while (byte := os.read(0, 1)) not in (b"", b"\n"):
        line += byte
    return line or b"null"


if __name__ == "__main__":
    main(*sys.argv[1:4])
