"""Keeps `jobs up` running, as a service manager does: whatever ends it, it is started again."""

import asyncio
import contextlib
import os
import resource
import signal
from pathlib import Path
from typing import TextIO

from jobs.users.profile import MARKER
from jobs_simulator.clock import Clock
from jobs_simulator.stage import READY, Program, Stage

RESTART_SECONDS = 1.0
"""Pause before a program that ended by itself is started again."""
NO_LIMIT = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)


class Supervisor:
    """`async with Supervisor(stage, log)`: runs the program until the end of the context; `log` gets what it prints."""

    def __init__(self, stage: Stage, log: TextIO) -> None:
        self._stage = stage
        self._log = log
        self.clock = Clock(stage.folder / "clock")
        self._program: Program | None = None
        self._pause = 0.0
        self._killed = False
        self._running: asyncio.Task[None] | None = None
        self.started = asyncio.Event()
        """Set while a program runs that has been spawned and not yet ended."""
        self.ended_by_itself: list[str] = []
        """The exit code and last line of every run that nobody had killed."""

    async def __aenter__(self) -> "Supervisor":
        self._running = asyncio.create_task(self._keep())
        await self.started.wait()
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._running:
            self._running.cancel()
            await asyncio.gather(self._running, return_exceptions=True)
        if self._program:
            await self._program.kill()

    async def _keep(self) -> None:
        while True:
            self._killed = False
            self._program = self._stage.program(self._note, ("-m", "jobs_simulator.clock", str(self.clock.path), "up"))
            await self._program.spawn()
            self.started.set()
            code = await self._program.ended()
            self.started.clear()
            self._stage.programs.remove(self._program)
            if self._killed:
                await asyncio.sleep(self._pause)
            else:
                self.ended_by_itself.append(f"exit code {code}: {(self._program.lines or [''])[-1]}")
                await asyncio.sleep(RESTART_SECONDS)

    def _note(self, line: str) -> None:
        self._log.write(line + "\n")
        self._log.flush()

    async def ready(self) -> None:
        """Wait until the program of the moment says that it is up. Raises RuntimeError when it does not."""
        await self.started.wait()
        assert self._program is not None
        await self._program.line(READY)

    async def restart(self) -> None:
        """End the program as it is meant to be ended, and wait until a new one is up."""
        await self.started.wait()
        assert self._program is not None
        ending, self._killed, self._pause = self._program, True, 0.0
        await ending.stop()
        while self._program is ending:  # noqa: ASYNC110 (the other task needs one step)
            await asyncio.sleep(0)
        await self.ready()

    async def kill(self, pause: float = 0.0) -> None:
        """kill -9; it is started again after so many seconds."""
        await self.started.wait()
        self._killed, self._pause = True, pause
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)

    @property
    def pid(self) -> int:
        assert self._program is not None
        return self._program.pid

    # ------------------------------------------------------------ sessions, disk

    def sessions(self) -> dict[str, int]:
        """The process of each session by the id of its person, found by the mark that Jobs gives it."""
        wanted = f"{MARKER}={self._stage.data}"
        found: dict[str, int] = {}
        for pid in sorted(int(folder.name) for folder in Path("/proc").glob("[0-9]*")):
            with contextlib.suppress(OSError):
                variables = Path(f"/proc/{pid}/environ").read_text(errors="replace").split("\0")
                if wanted in variables:
                    config = next(v for v in variables if v.startswith("CLAUDE_CONFIG_DIR="))
                    found.setdefault(Path(config).parent.name, pid)  # what it has started itself is younger
        return found

    def fill_disk(self, whole: bool) -> None:
        """From now on no file of Jobs' can grow past where its database's log ends; `whole`: none can be written."""
        log = self._stage.data / "db.sqlite-wal"
        room = 0 if whole or not log.exists() else log.stat().st_size + 100
        self._limit(self.pid, (room, resource.RLIM_INFINITY))

    def free_disk(self) -> None:
        """Lift that, also from the sessions that were started meanwhile."""
        for pid in (self.pid, *self.sessions().values()):
            self._limit(pid, NO_LIMIT)

    def _limit(self, pid: int, limit: tuple[int, int]) -> None:
        with contextlib.suppress(ProcessLookupError):
            resource.prlimit(pid, resource.RLIMIT_FSIZE, limit)
