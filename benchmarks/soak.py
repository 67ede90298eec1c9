"""Whether Jobs grows: an hour and more of ordinary traffic on the loopback servers, its memory, files and processes.

    PYTHONPATH=src .venv/bin/python benchmarks/soak.py [--minutes 60] [--people 12] [--pause 2] [--seed 1]

The real program is written to by the owner and some people at random moments (`pause` seconds apart on average):
small talk, tasks and their answers, facts remembered and looked up, commands of the shell, reminders, commands to Jobs.
The heartbeat beats every minute, the connection is cut every five, and more people write than sessions may be warm, so
that processes come and go all the time. Every ten seconds /proc is read; a row of the table is the median of a twelfth
of the run. The last line says by how much each number grows an hour over the second half, by least squares. What people
said is kept, so the database grows by design.
"""

import argparse
import asyncio
import os
import random
import resource
import tempfile
import time
from collections.abc import Iterable
from contextlib import AsyncExitStack
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from statistics import linear_regression, median

from rich.console import Console
from rich.table import Table

from jobs_simulator.chat import Chat
from jobs_simulator.stage import Program, Stage

SAMPLE_SECONDS = 10.0
CUT_SECONDS = 300.0
WARM = 4
ROWS = 12
ANSWER_SECONDS = 120.0
STORED = ("db.sqlite", "db.sqlite-wal", "memory.sqlite", "memory.sqlite-wal")

OWNER_SAYS = (
    "Привет!",
    "запомни, что у {name} день рождения {day} мая",
    "что ты помнишь про {name}?",
    "выполни команду: echo {day}",
    "поручи {name} прислать отчёт номер {day} до пятницы",
    "какие задачи открыты?",
    "напомни через 20 секунд проверить почту",
    "/status",
    "/tasks",
    "/schedule",
    "/usage",
)
PERSON_SAYS = ("Привет!", "что мне нужно сделать?", "сделал", "передай, что опоздаю на {day} минут", "/tasks", "/help")

console = Console(width=120)


@dataclass(frozen=True)
class Sample:
    """What the program holds at one moment."""

    minutes: float
    memory: float
    """Resident, MB, of Jobs' own process."""
    worker: float
    """Resident, MB, of the process that keeps memory's index."""
    files: int
    """Open file descriptors of Jobs' own process."""
    threads: int
    processes: int
    """Everything that descends from Jobs."""
    stored: float
    """MB of its databases."""

    @classmethod
    def taken(cls, program: Program, stage: Stage, minutes: float) -> "Sample":
        children = list(_descendants(program.pid))
        workers = [pid for pid in children if b"jobs.memory" in _command(pid)]
        proc = Path(f"/proc/{program.pid}")
        sizes = [path.stat().st_size for path in (stage.data / name for name in STORED) if path.exists()]
        return cls(
            minutes,
            _rss_mb(program.pid),
            sum(map(_rss_mb, workers)),
            len(list((proc / "fd").iterdir())),
            len(list((proc / "task").iterdir())),
            len(children),
            sum(sizes) / 1e6,
        )


class Soak:
    """Traffic of a seed's own, and what was measured meanwhile."""

    def __init__(self, stage: Stage, people: int, pause: float, seed: int) -> None:
        self._stage = stage
        self._random = random.Random(seed)
        self._pause = pause
        names = [f"Person{number}" for number in range(people)]
        self._people = [stage.telegram.add_user(name, lang_code="ru") for name in names]
        self.samples: list[Sample] = []
        self.messages = 0
        self.answers = 0
        self.unanswered = 0

    async def run(self, program: Program, minutes: float) -> None:
        """Write, listen and measure for so long."""
        until = time.monotonic() + 60 * minutes
        async with AsyncExitStack() as open_chats:
            owner = await open_chats.enter_async_context(self._stage.person(self._stage.owner))
            people = [await open_chats.enter_async_context(self._stage.person(person)) for person in self._people]
            for chat in (owner, *people):
                chat.on_heard = self._count
            sampling = asyncio.create_task(self._sample(program))
            cutting = asyncio.create_task(self._cut())
            try:
                while time.monotonic() < until and program.running:
                    await self._write(owner, people)
                    await asyncio.sleep(self._random.expovariate(1 / self._pause))
                if not program.running:
                    raise RuntimeError("the program has ended:\n" + "\n".join(program.lines[-20:]))
                await self._settled([owner, *people])
            finally:
                sampling.cancel()
                cutting.cancel()

    async def _write(self, owner: Chat, people: list[Chat]) -> None:
        chat = owner if self._random.random() < 0.4 else self._random.choice(people)
        words = self._random.choice(OWNER_SAYS if chat is owner else PERSON_SAYS)
        name, day = self._random.choice(self._people).first_name, self._random.randint(1, 28)
        await chat.say(words.format(name=name, day=day))
        self.messages += 1

    def _count(self, _: str) -> None:
        self.answers += 1

    async def _settled(self, chats: list[Chat]) -> None:
        """Everybody is answered to the last: what they ask now comes after all that was open."""
        for chat in chats:
            try:
                await chat.ask("/help", "/tasks", timeout=ANSWER_SECONDS)
            except AssertionError:
                self.unanswered += 1

    async def _sample(self, program: Program) -> None:
        began = time.monotonic()
        while program.running:
            self.samples.append(Sample.taken(program, self._stage, (time.monotonic() - began) / 60))
            await asyncio.sleep(SAMPLE_SECONDS)

    async def _cut(self) -> None:
        while True:
            await asyncio.sleep(CUT_SECONDS)
            self._stage.telegram.drop_connections(self._stage.jobs)


def table_of(samples: list[Sample]) -> Table:
    table = Table(title="medians", title_justify="left")
    headings = ("minute", "Jobs, MB", "index worker, MB", "open files", "threads", "processes", "databases, MB")
    for heading in headings:
        table.add_column(heading, justify="right")
    size = max(1, len(samples) // ROWS)
    for start in range(0, len(samples) - size + 1, size):
        rows = [astuple(sample) for sample in samples[start : start + size]]
        table.add_row(*(f"{median(column):.1f}" for column in zip(*rows, strict=True)))
    half = samples[len(samples) // 2 :]
    growth = [f"{_an_hour(half, one.name):+.1f}" for one in fields(Sample) if one.name != "minutes"]
    table.add_section()
    table.add_row("an hour", *growth)
    return table


def _an_hour(samples: list[Sample], name: str) -> float:
    """By how much it grows an hour."""
    if len(samples) < 2:
        return 0.0
    hours = [sample.minutes / 60 for sample in samples]
    return linear_regression(hours, [getattr(sample, name) for sample in samples]).slope


def _descendants(pid: int) -> Iterable[int]:
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            found = children.read_text().split()
        except OSError:  # the thread has ended
            continue
        for child in map(int, found):
            yield child
            yield from _descendants(child)


def _command(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:  # the process has ended
        return b""


def _rss_mb(pid: int) -> float:
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except OSError:
        return 0.0
    return pages * resource.getpagesize() / 1e6


async def soak(minutes: float, people: int, pause: float, seed: int) -> None:
    settings = {
        "MAX_WARM_SESSIONS": str(WARM),
        "HEARTBEAT_INTERVAL_MINUTES": "1",
        "CONFIRM_FIRST_MESSAGES": "0",
        "UNTRUSTED_TEXT": "allow",
    }
    with tempfile.TemporaryDirectory(prefix="jobs-soak-") as folder:
        async with Stage(Path(folder), settings=settings) as stage:
            run = Soak(stage, people, pause, seed)
            program = await stage.start()
            await run.run(program, minutes)
            code = await program.stop()
    console.print(table_of(run.samples))
    console.print(
        f"{minutes:g} minutes, {run.messages} messages from the owner and {people} people, {run.answers} heard from "
        f"Jobs, {run.unanswered} chats not answered at the end, exit code {code}; at most {WARM} warm sessions; "
        f"load {os.getloadavg()[0]:.2f}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--people", type=int, default=12)
    parser.add_argument("--pause", type=float, default=2.0, help="seconds between two messages, on average")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    asyncio.run(soak(arguments.minutes, arguments.people, arguments.pause, arguments.seed))


if __name__ == "__main__":
    main()
