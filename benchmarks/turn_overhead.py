"""What Jobs adds to a turn: the real program over MTProto against the SDK's client alone, in one run.

    PYTHONPATH=src .venv/bin/python benchmarks/turn_overhead.py [--rounds 8] [--turns 5] [--no-memory]

Both talk to the same loopback model, which answers at once, and take turns. Way in: the message is pushed to Jobs'
connection (the SDK alone: `query`, or `connect` where there is no process yet) → the model has the request. Way out:
the model's last byte → the message is in the other person's client (the SDK alone: the result is there). "Both ways"
is their sum, turn by turn.
"""

import argparse
import asyncio
import contextlib
import json
import os
import platform
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any, Literal

from rich.console import Console
from rich.table import Table

from jobs_simulator.chat import Chat
from jobs_simulator.model import ModelRequest, fixed
from jobs_simulator.stage import Program, Stage
from jobs_simulator.telegram import Account

Kind = Literal["cold", "resumed", "warm"]

GOALS_MS: dict[Kind, float] = {"warm": 15.0, "resumed": 60.0, "cold": 60.0}
"""How much Jobs may add to a turn, both ways together, at the median."""
RSS_GOAL_MB = 100.0
START_GOAL_S = 2.0
WARM_SESSIONS = (0, 1, 5, 20)
PEOPLE = 4
"""Beside the owner, in a round: the start of a process takes very different times."""
SETTLE_SECONDS = 0.1
"""Between two turns, at least: what either side does after an answer must not fall into the other's time."""
QUIET = 0.85
"""How much of the machine has to be idle for so long before the next turn is measured."""
QUIET_PATIENCE = 3.0
"""Seconds after which a turn is measured however busy the machine is."""
PATIENCE = 30.0
TEXT = "Привет! Напомни, что у меня на сегодня."
ANSWER = "OK"
MCP_PREFIX = "mcp__jobs__"


@dataclass(frozen=True)
class Turn:
    """One measured turn, in milliseconds."""

    way_in: float
    way_out: float

    @classmethod
    def between(cls, asked: float, request: ModelRequest, answered: float) -> "Turn":
        """From moments of the monotonic clock in seconds."""
        finished = request.finished.at
        if finished is None:
            raise RuntimeError("the answer was there before the model's last byte")
        return cls(1000 * (request.received_at - asked), 1000 * (answered - finished))

    @property
    def both(self) -> float:
        return self.way_in + self.way_out


@dataclass
class Results:
    """Everything measured. Turns by (role, kind) for each side; memory in MB; starts in seconds."""

    bare: dict[tuple[str, Kind], list[Turn]] = field(default_factory=lambda: defaultdict(list))
    jobs: dict[tuple[str, Kind], list[Turn]] = field(default_factory=lambda: defaultdict(list))
    first: list[Turn] = field(default_factory=list)
    """The first turn of a fresh Jobs, which also loads the SDK."""
    starts: list[float] = field(default_factory=list)
    restarts: list[float] = field(default_factory=list)
    memory: list[tuple[int, float, float]] = field(default_factory=list)
    """(warm sessions, resident memory of Jobs, proportional memory of all CLIs)."""


class JobsSide:
    """People who write to Jobs and wait for its answer."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage

    async def turn(self, account: Account, chat: Chat, text: str) -> Turn:
        stage = self._stage
        seen, since = len(stage.model.requests), len(stage.telegram.log)
        heard: asyncio.Future[float] = asyncio.get_running_loop().create_future()

        def note(text: str) -> None:
            if text == ANSWER and not heard.done():  # on a busy machine a progress message may come before
                heard.set_result(time.monotonic())

        chat.on_heard = note
        await chat.say(text)
        async with asyncio.timeout(PATIENCE):
            answered = await heard
        pushed = next(e.at for e in stage.telegram.log[since:] if e.kind == "message" and e.account is account)
        request = _only(stage.model.requests[seen:])
        await _quiet()
        return Turn.between(pushed, request, answered)


class BareSide:
    """The SDK's client alone, in a process of its own (`bare_sdk.py`)."""

    def __init__(self, stage: Stage, process: asyncio.subprocess.Process) -> None:
        self._stage = stage
        self._process = process

    @classmethod
    @asynccontextmanager
    async def started(cls, stage: Stage) -> "AsyncIterator[BareSide]":
        folder = stage.folder / "bare"
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            str(Path(__file__).with_name("bare_sdk.py")),
            env=stage.environment(DATA_DIR=str(folder / "data"), WORKSPACE_DIR=str(folder / "workspace")),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        try:
            yield cls(stage, process)
        finally:
            assert process.stdin is not None
            process.stdin.close()
            await process.wait()

    async def turn(self, do: str, name: str, text: str, **more: Any) -> Turn:
        """`do` is open, resume or turn."""
        seen = len(self._stage.model.requests)
        times = await self._order(do, name, text=text, **more)
        request = _only(self._stage.model.requests[seen:])
        await _quiet()
        return Turn.between(times["asked"], request, times["answered"])

    async def close_all(self) -> None:
        await self._order("close")

    async def _order(self, do: str, name: str = "", **more: Any) -> dict[str, float]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"do": do, "name": name, **more}).encode() + b"\n")
        async with asyncio.timeout(PATIENCE):
            line = await self._process.stdout.readline()
        if not line:
            raise RuntimeError("the bare SDK's process has ended")
        return dict(json.loads(line))


class Benchmark:
    """The whole run on one stage."""

    def __init__(self, stage: Stage, rounds: int, turns: int) -> None:
        self._stage = stage
        self._rounds = rounds
        self._turns = turns
        self._jobs = JobsSide(stage)
        self._tools: dict[str, list[dict[str, Any]]] = {}
        self.results = Results()

    async def run(self) -> Results:
        """The first round is not counted: it fills the machine's caches, and shows which tools Jobs offers."""
        async with BareSide.started(self._stage) as bare:
            for number in range(self._rounds + 1):
                await self._round(number, bare)
                if number == 0:
                    self.results = Results()
                print(f"round {number} of {self._rounds}, load {os.getloadavg()[0]:.2f}", file=sys.stderr)
        return self.results

    async def _round(self, number: int, bare: BareSide) -> None:
        """A fresh Jobs: cold turns, warm ones; the same Jobs started again: resumed ones."""
        settings = self._fresh_data(f"round-{number}")
        async with AsyncExitStack() as clients:
            first = await self._person(clients, f"first{number}")
            owner = self._stage.owner, await clients.enter_async_context(self._stage.person(self._stage.owner))
            others = [await self._person(clients, f"person{number}x{each}") for each in range(PEOPLE)]
            people = [("owner", *owner), *(("external", *other) for other in others)]
            program = await self._start(self.results.starts, settings)
            self.results.first.append(await self._jobs.turn(*first, TEXT))
            self._tools["external"] = _tools(self._stage.model.requests[-1])
            await bare.turn("open", f"first-{number}", TEXT, role="external", tools=self._tools["external"])
            await self._both_sides("cold", number, people, bare, "open")
            for _ in range(self._turns):
                await self._both_sides("warm", number, people[:2], bare, "turn")
            await program.stop()
            program = await self._start(self.results.restarts, settings)
            await bare.close_all()
            await self._jobs.turn(*first, TEXT)
            await bare.turn("resume", f"first-{number}", TEXT)
            await self._both_sides("resumed", number, people, bare, "resume")
            await bare.close_all()
            await program.stop()

    async def _both_sides(
        self, kind: Kind, number: int, people: Sequence[tuple[str, Account, Chat]], bare: BareSide, do: str
    ) -> None:
        """One turn of each person on each side; which side begins changes from one to the next."""
        for each, (role, *person) in enumerate(people):
            for side in ("jobs", "bare") if (number + each) % 2 == 0 else ("bare", "jobs"):
                if side == "jobs":
                    self.results.jobs[role, kind].append(await self._jobs.turn(*person, TEXT))
                    self._tools[role] = _tools(self._stage.model.requests[-1])
                else:
                    more = {"role": role, "tools": self._tools[role]} if do == "open" else {}
                    self.results.bare[role, kind].append(await bare.turn(do, f"{each}-{number}", TEXT, **more))

    async def memory(self) -> None:
        """Resident memory of Jobs with more and more warm sessions."""
        settings = self._fresh_data("memory")
        async with AsyncExitStack() as clients:
            people = [await self._person(clients, f"many{number}") for number in range(max(WARM_SESSIONS))]
            program = await self._start([], settings)
            await _quiet()
            opened = 0
            for wanted in WARM_SESSIONS:
                for person in people[opened:wanted]:
                    await self._jobs.turn(*person, TEXT)
                opened = wanted
                self.results.memory.append((opened, _rss(program.pid), sum(map(_pss, _descendants(program.pid)))))
            await program.stop()

    async def _person(self, clients: AsyncExitStack, username: str) -> tuple[Account, Chat]:
        account = self._stage.telegram.add_user("Мария", "Иванова", username=username, lang_code="ru")
        return account, await clients.enter_async_context(self._stage.person(account))

    def _fresh_data(self, name: str) -> dict[str, str]:
        data = self._stage.folder / name / "data"
        data.mkdir(parents=True)
        self._stage.telegram.write_session(self._stage.jobs, data / "telethon.session")
        return {
            "DATA_DIR": str(data),
            "WORKSPACE_DIR": str(data.parent / "workspace"),
            "MAX_WARM_SESSIONS": str(max(WARM_SESSIONS)),
        }

    async def _start(self, times: list[float], settings: dict[str, str]) -> Program:
        began = time.monotonic()
        program = await self._stage.start(lambda _: None, **settings)
        times.append(time.monotonic() - began)
        await _quiet()
        return program


def _only(requests: Sequence[ModelRequest]) -> ModelRequest:
    if len(requests) != 1:
        raise RuntimeError(f"{len(requests)} requests for one turn")
    return requests[0]


def _tools(request: ModelRequest) -> list[dict[str, Any]]:
    """Jobs' own tools, as the model was offered them."""
    return [
        {**tool, "name": tool["name"].removeprefix(MCP_PREFIX)}
        for tool in request.body["tools"]
        if tool["name"].startswith(MCP_PREFIX)
    ]


async def _quiet() -> None:
    """Wait until nothing else runs on the machine, other programs included."""
    async with _patience(QUIET_PATIENCE):
        idle = 0.0
        while idle < QUIET:
            before = _processor_time()
            await asyncio.sleep(SETTLE_SECONDS)
            now = _processor_time()
            idle = (now[0] - before[0]) / max(1, now[1] - before[1])


def _processor_time() -> tuple[int, int]:
    """(idle, all) time of all processors since the machine was started."""
    times = [int(part) for part in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
    return times[3] + times[4], sum(times)


@asynccontextmanager
async def _patience(seconds: float) -> AsyncIterator[None]:
    """Whatever is in it ends after so long, without an error."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            yield


# ------------------------------------------------------------------ memory, by /proc (Linux), in MB


def _rss(pid: int) -> float:
    return _kilobytes(Path(f"/proc/{pid}/status"), "VmRSS:") / 1024


def _pss(pid: int) -> float:
    return _kilobytes(Path(f"/proc/{pid}/smaps_rollup"), "Pss:") / 1024


def _kilobytes(path: Path, name: str) -> int:
    return next(int(line.split()[1]) for line in path.read_text().splitlines() if line.startswith(name))


def _descendants(pid: int) -> list[int]:
    found: list[int] = []
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in map(int, children.read_text().split()):
            found += [child, *_descendants(child)]
    return found


# ------------------------------------------------------------------ tables


def p95(values: Sequence[float]) -> float:
    """The 95th percentile, by the nearest rank."""
    return sorted(values)[max(0, -(-95 * len(values) // 100) - 1)]


def turns_table(results: Results) -> Table:
    table = Table("role", "session", "way", "n", title="milliseconds: median (p95)")
    for name in ("SDK alone", "Jobs", "Jobs adds", "ratio", "goal", ""):
        table.add_column(name, justify="right")
    for kind in ("warm", "cold", "resumed"):
        for role in ("external", "owner"):
            bare, jobs = results.bare[role, kind], results.jobs[role, kind]
            for way in ("way_in", "way_out", "both"):
                ours, theirs = [getattr(turn, way) for turn in jobs], [getattr(turn, way) for turn in bare]
                added = median(ours) - median(theirs)
                goal = GOALS_MS[kind] if way == "both" else None
                table.add_row(
                    role if way == "way_in" else "",
                    kind if way == "way_in" else "",
                    way.replace("way_", "") if way != "both" else "both",
                    str(len(ours)),
                    f"{median(theirs):.1f} ({p95(theirs):.1f})",
                    f"{median(ours):.1f} ({p95(ours):.1f})",
                    f"{added:+.1f}",
                    f"{median(ours) / median(theirs):.2f}",
                    f"≤ {goal:g}" if goal else "",
                    _verdict(added <= goal) if goal else "",
                    end_section=way == "both",
                )
    return table


def other_table(results: Results) -> Table:
    table = Table("what", "measured", "goal", "", title="starts and memory")
    for name, starts in (("first start, s", results.starts), ("second start, s", results.restarts)):
        value = median(starts)
        table.add_row(name, f"{value:.2f} ({p95(starts):.2f})", f"≤ {START_GOAL_S:g}", _verdict(value <= START_GOAL_S))
    first = [turn.both for turn in results.first]
    table.add_row("first turn of a fresh Jobs (loads the SDK), ms", f"{median(first):.0f} ({p95(first):.0f})", "", "")
    for sessions, rss, pss in results.memory:
        goal, verdict = (f"< {RSS_GOAL_MB:g}", _verdict(rss < RSS_GOAL_MB)) if sessions == 0 else ("", "")
        table.add_row(f"memory of Jobs, {sessions} warm sessions, MB", f"{rss:.0f} (CLIs {pss:.0f})", goal, verdict)
    return table


def _verdict(met: bool) -> str:
    return "[green]met[/]" if met else "[red]missed[/]"


async def measure(rounds: int, turns: int, memory: bool) -> Results:
    with tempfile.TemporaryDirectory(prefix="jobs-bench-") as folder:
        async with Stage(Path(folder), fixed(ANSWER)) as stage:
            benchmark = Benchmark(stage, rounds, turns)
            await benchmark.run()
            if memory:
                await benchmark.memory()
            return benchmark.results


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=8, help="cold and resumed turns of each role and side")
    parser.add_argument("--turns", type=int, default=5, help="warm turns of each role and side in a round")
    parser.add_argument("--no-memory", action="store_true", help="leave out the part with 20 sessions")
    arguments = parser.parse_args()
    before = os.getloadavg()
    results = asyncio.run(measure(arguments.rounds, arguments.turns, not arguments.no_memory))
    console = Console(width=110)
    console.print(turns_table(results))
    console.print(other_table(results))
    after = os.getloadavg()
    console.print(
        f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}; "
        f"load {before[0]:.2f} before, {after[0]:.2f} after"
    )


if __name__ == "__main__":
    main()
