"""The index as the app has it: a worker process at low priority, asked over its pipes, so that no turn waits for it.

Each request is a line of JSON, each answer another. Between requests the worker looks for changed files and new
messages and embeds what has no vector yet. It ends with its stdin, so also when Jobs is killed.
"""

import asyncio
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

import jobs
from jobs.log import set_up
from jobs.memory.embedding import EmbedderFailed, Service
from jobs.memory.engine import Engine, Places
from jobs.memory.index_file import IndexFile
from jobs.memory.search import Hit, Wanted

if TYPE_CHECKING:
    from jobs.memory.embedding import Vectors

log = structlog.get_logger()

NICE = 10
PASSED_ON = ("PATH", "LANG", "TMPDIR")
SOURCES = str(Path(jobs.__file__).parent.parent)
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
ANSWER_SECONDS = 60.0
LONGEST_ANSWER = 16 * 1024 * 1024


class IndexUnavailable(Exception):
    """The worker does not answer. One sentence, for the owner's session."""


class MemoryIndex:
    """`search` and the rest ask the worker, which is started at the first request, or by `start`."""

    def __init__(self, places: Places) -> None:
        self.places = places
        self._process: asyncio.subprocess.Process | None = None
        self._asking = asyncio.Lock()
        self._asked = 0
        self._starting: asyncio.Task[None] | None = None

    async def search(self, wanted: Wanted, seconds: float = ANSWER_SECONDS, *, fresh: bool = True) -> list[Hit]:
        """The best passages, best first. Raises IndexUnavailable, also when it takes longer than `seconds`.

        `fresh` False: as of the worker's last look, a second ago, which is quicker.
        """
        asked = asdict(wanted) | {"since": _text(wanted.since), "until": _text(wanted.until)}
        answer = await self._ask("search", {"wanted": asked, "fresh": fresh}, seconds)
        return [Hit(**hit) for hit in answer]

    async def reindex(self) -> dict[str, Any]:
        """Have the index made anew; the vectors follow after it has returned. Raises IndexUnavailable."""
        answer: dict[str, Any] = await self._ask("reindex", {}, ANSWER_SECONDS * 10)
        return answer

    async def stats(self) -> dict[str, Any]:
        """The index's counts. Raises IndexUnavailable."""
        answer: dict[str, Any] = await self._ask("stats", {}, ANSWER_SECONDS)
        return answer

    async def start(self) -> None:
        """Start the worker, if it does not run. Raises OSError."""
        if self._process and self._process.returncode is None:
            return
        if self._starting is None or self._starting.done():
            self._starting = asyncio.create_task(self._spawn())
        await asyncio.shield(self._starting)  # whoever waits for it may lose patience

    async def _spawn(self) -> None:
        places = self.places
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            __name__,
            *(str(places.workspace), str(places.data), places.zone.key),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=LONGEST_ANSWER,
            env={name: os.environ[name] for name in PASSED_ON if name in os.environ} | {"PYTHONPATH": SOURCES},
            start_new_session=True,  # Ctrl-C in the terminal is for Jobs, which then ends it
        )
        assert self._process.stdin is not None
        service = asdict(places.service) if places.service else None
        self._process.stdin.write(json.dumps(service).encode() + b"\n")

    async def stop(self) -> None:
        """End the worker. A kill harms nothing: what it was at is done again."""
        if self._starting:
            await asyncio.wait({self._starting})
        process, self._process = self._process, None
        if process and process.returncode is None:
            process.kill()
        if process:
            await process.wait()

    async def _ask(self, what: str, arguments: dict[str, Any], seconds: float) -> Any:
        try:
            async with asyncio.timeout(seconds), self._asking:
                return await self._exchange({"ask": what, "arguments": arguments})
        except TimeoutError:
            raise IndexUnavailable("the memory's index takes too long; try again later") from None
        except (OSError, ValueError, asyncio.LimitOverrunError) as error:
            log.warning("the memory's index does not answer", error=repr(error))
            await self.stop()
            raise IndexUnavailable("the memory's index cannot be reached; the log says why") from None

    async def _exchange(self, request: dict[str, Any]) -> Any:
        await self.start()
        process = self._process
        assert process is not None
        assert process.stdin is not None
        assert process.stdout is not None
        self._asked += 1
        number = self._asked
        process.stdin.write(json.dumps({"number": number, **request}).encode() + b"\n")
        await process.stdin.drain()
        while line := await process.stdout.readline():
            answer = json.loads(line)
            if answer["number"] != number:
                continue  # to a question whose asker went away
            if "error" in answer:
                raise ValueError(answer["error"])
            return answer["answer"]
        raise ValueError("it has ended")


def _text(day: date | None) -> str | None:
    return day.isoformat() if day else None


# ---------------------------------------------------------------------- the worker's side


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
