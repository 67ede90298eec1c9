"""The index as the app has it: a worker process at low priority, asked over its pipes, so that no turn waits for it."""

import asyncio
import json
import os
import sys
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any

import structlog

import jobs
from jobs.memory.engine import Places
from jobs.memory.search import Hit, Wanted

log = structlog.get_logger()

PASSED_ON = ("PATH", "LANG", "TMPDIR")
SOURCES = str(Path(jobs.__file__).parent.parent)
ANSWER_SECONDS = 60.0
LONGEST_ANSWER = 16 * 1024 * 1024


class IndexUnavailable(Exception):
    """The worker does not answer. One sentence, for the owner's session."""


class MemoryIndex:
    """`search` and the rest ask the worker, which is started at the first request."""

    def __init__(self, places: Places) -> None:
        self.places = places
        self._process: asyncio.subprocess.Process | None = None
        self._asking = asyncio.Lock()
        self._asked = 0
        self._starting: asyncio.Task[None] | None = None
        self._is_stopped = False

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

    async def is_in_step(self) -> bool:
        """Go on taking in what has changed, for half a second; whether all of it was, and what went is in no byte left.

        Raises IndexUnavailable.
        """
        return not self.places.index.exists() or bool(await self._ask("refresh", {}, ANSWER_SECONDS))

    async def stats(self) -> dict[str, Any]:
        """The index's counts. Raises IndexUnavailable."""
        answer: dict[str, Any] = await self._ask("stats", {}, ANSWER_SECONDS)
        return answer

    async def _start(self) -> None:
        """Start the worker, if it does not run. Raises OSError; IndexUnavailable after `stop`."""
        if self._is_stopped:
            raise IndexUnavailable("the memory's index is stopped")
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
            "jobs.memory.worker",
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
        """End the worker, for good."""
        self._is_stopped = True
        if self._starting:
            await asyncio.wait({self._starting})
        await self._end()

    async def _end(self) -> None:
        """End the worker. A kill harms nothing: what it was at is done again."""
        process, self._process = self._process, None
        if process and process.returncode is None:
            process.kill()
        if process:
            await process.wait()

    async def _ask(self, what: str, arguments: dict[str, Any], seconds: float) -> Any:
        try:
            async with asyncio.timeout(seconds), self._asking:
                for _ in range(2):  # a worker that has ended, or whose file is gone, is no reason to find nothing
                    try:
                        return await self._exchange({"ask": what, "arguments": arguments})
                    except (OSError, ValueError, asyncio.LimitOverrunError) as error:
                        log.warning("the memory's index does not answer", error=repr(error))
                        await self._end()  # before anybody else asks: the next worker is theirs
        except TimeoutError:
            raise IndexUnavailable("the memory's index takes too long; try again later") from None
        raise IndexUnavailable("the memory's index cannot be reached; the log says why")

    async def _exchange(self, request: dict[str, Any]) -> Any:
        await self._start()
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
