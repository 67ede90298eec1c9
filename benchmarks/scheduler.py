"""How late what is due comes, what waiting costs, and what a week of beats with nothing due costs.

    PYTHONPATH=src .venv/bin/python benchmarks/scheduler.py [--seconds 20] [--only lateness|idle|program|beats]

- lateness: reminders fall due one after the other while so many others wait; beside the bare timer of asyncio.
- idle: CPU of the scheduler alone while nothing is due, beside a loop that has nothing at all to wait for.
- program: CPU of `jobs up` while nothing happens, without schedules and with 10,000 of them.
- beats: a week of the heartbeat, every 30 minutes, with nothing due.
"""

import argparse
import asyncio
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import time_machine
from rich.console import Console
from rich.table import Table

from jobs.config import Settings
from jobs.db import Database, open_database
from jobs.spine.inbox import Inbox
from jobs.spine.model import Rendered
from jobs.spine.outbox import Outbox
from jobs.times import from_text, now, to_text
from jobs.tools.findings import Findings
from jobs.tools.heartbeat import Heartbeat
from jobs.tools.scheduler import Scheduler
from jobs.users.letters import Letters
from jobs.users.repository import UsersRepository
from jobs_simulator.model import fixed
from jobs_simulator.stage import Stage

OWNER = 11
MANY = (10, 1_000, 10_000)
DUE = 150
"""Reminders that fall due in a part of `lateness`."""
GAP = 0.1
"""Seconds between two of them."""
GOAL_MS = 200.0
GOAL_CPU = 0.5
"""Percent of a core."""

console = Console(width=110)


class Part:
    """A scheduler on a database of its own."""

    def __init__(self, folder: Path, waiting: int) -> None:
        self.db: Database = open_database(folder / "db.sqlite")
        self.users = UsersRepository(self.db, OWNER, ZoneInfo("Europe/Moscow"))
        self.inbox = Inbox(self.db)
        self.outbox = Outbox(self.db, _one, _one)
        letters = Letters(self.db, self.outbox, self.users)
        self.scheduler = Scheduler(self.db, self.inbox, self.outbox, self.users, letters, folder)
        add_schedules(self.db, waiting)


def _one(text: str) -> list[Rendered]:
    return [Rendered(text)]


@contextmanager
def part(waiting: int) -> Iterator[Part]:
    with tempfile.TemporaryDirectory() as folder:
        made = Part(Path(folder), waiting)
        try:
            yield made
        finally:
            made.db.close()


def add_schedules(db: Database, number: int) -> None:
    """So many daily schedules that are not due before the day after tomorrow."""
    with db.transaction():
        for each in range(number):
            due = now() + timedelta(days=2, minutes=each % 1440)
            db.execute(
                """INSERT INTO scheduled_tasks (text, due_at, zone, rule, starts_at, created_at)
                   VALUES (?, ?, 'Europe/Moscow', 'every 86400', ?, ?)""",
                (f"waiting {each}", to_text(due), to_text(due), to_text(now())),
            )


# ------------------------------------------------------------------------------------------------------- lateness


async def bare_lateness() -> tuple[list[float], float]:
    """Milliseconds by which asyncio's own timer is late, and CPU milliseconds for each."""
    late: list[float] = []
    loop, done = asyncio.get_running_loop(), asyncio.Event()

    def fire(due: float) -> None:
        late.append((time.time() - due) * 1e3)
        if len(late) == DUE:
            done.set()

    begun, spent = time.time(), time.process_time()
    for number in range(DUE):
        due = begun + (number + 1) * GAP
        loop.call_later(due - time.time(), fire, due)
    await done.wait()
    return late, (time.process_time() - spent) * 1e3 / DUE


async def lateness(waiting: int) -> tuple[list[float], float]:
    """The same of reminders: from the moment one is due to its row in the outbox, committed."""
    with part(waiting) as made:
        due_of: dict[str, float] = {}
        for number in range(DUE):
            due = now() + timedelta(seconds=1 + (number + 1) * GAP)
            text = to_text(due)
            made.db.execute(
                "INSERT INTO scheduled_tasks (text, due_at, zone, created_at) VALUES (?, ?, 'UTC', ?)",
                (f"due {number}", text, to_text(now())),
            )
            due_of[f"due {number}"] = from_text(text).timestamp()
        late: list[float] = []
        done = asyncio.Event()

        def said(_chat: int) -> None:
            asyncio.get_running_loop().call_soon(committed)

        def committed() -> None:
            row = made.db.one("SELECT text FROM outbox ORDER BY id DESC LIMIT 1")
            assert row is not None
            name = next(line for line in row["text"].splitlines() if "due " in line).partition(": ")[2]
            late.append((time.time() - due_of[name]) * 1e3)
            if len(late) == DUE:
                done.set()

        made.outbox.on_queued = said
        spent = time.process_time()
        made.scheduler.start()
        await done.wait()
        made.scheduler.stop()
        return late, (time.process_time() - spent) * 1e3 / DUE


async def measure_lateness() -> None:
    table = Table(title="lateness, milliseconds")
    for column in ("waiting", "n", "median", "p99", "largest", "p99 over bare", "goal", "CPU ms each"):
        table.add_column(column, justify="right")
    bare, bare_cpu = await bare_lateness()
    rows = [("asyncio's timer", bare, bare_cpu)]
    for waiting in MANY:
        late, cpu = await lateness(waiting)
        rows.append((f"{waiting:,}", late, cpu))
    for name, late, cpu in rows:
        p99 = _quantile(late, 0.99)
        goal = "" if late is bare else "met" if p99 < GOAL_MS else "MISSED"
        table.add_row(
            name,
            str(len(late)),
            f"{_quantile(late, 0.5):.1f}",
            f"{p99:.1f}",
            f"{max(late):.1f}",
            f"{p99 / max(_quantile(bare, 0.99), 0.01):.1f} ×",
            f"< {GOAL_MS:g} {goal}" if goal else "",
            f"{cpu:.2f}",
        )
    console.print(table)


def _quantile(values: list[float], part_: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * part_))]


# ----------------------------------------------------------------------------------------------------------- idle


async def measure_idle(seconds: float) -> None:
    table = Table(title=f"CPU while nothing is due, {seconds:g} s each")
    for column in ("waiting", "CPU ms", "% of a core"):
        table.add_column(column, justify="right")
    spent = time.process_time()
    await asyncio.sleep(seconds)
    rows = [("no scheduler", time.process_time() - spent)]
    for waiting in MANY:
        with part(waiting) as made:
            made.scheduler.start()
            spent = time.process_time()
            await asyncio.sleep(seconds)
            rows.append((f"{waiting:,}", time.process_time() - spent))
            made.scheduler.stop()
    for name, cpu in rows:
        table.add_row(name, f"{cpu * 1e3:.2f}", f"{cpu / seconds * 100:.3f}")
    console.print(table)


# -------------------------------------------------------------------------------------------------------- program


def cpu_seconds(pid: int) -> float:
    """What the threads of a process have run so far, as the kernel's scheduler counts it (to the nanosecond)."""
    threads = Path(f"/proc/{pid}/task").glob("*/schedstat")
    return sum(int(thread.read_text().split()[0]) for thread in threads) / 1e9


async def measure_program(seconds: float) -> None:
    table = Table(title=f"CPU of `jobs up` while nothing happens, {seconds:g} s each, heartbeat on")
    for column in ("schedules", "CPU ms", "% of a core", "goal"):
        table.add_column(column, justify="right")
    for waiting in (0, MANY[-1]):
        with tempfile.TemporaryDirectory() as folder:
            async with Stage(Path(folder), fixed("ok")) as stage:
                db = open_database(stage.data / "db.sqlite")
                add_schedules(db, waiting)
                db.close()
                program = await stage.start(HEARTBEAT_INTERVAL_MINUTES="30", LOG_LEVEL="warning")
                await asyncio.sleep(5)  # what a start still does
                before = cpu_seconds(program.pid)
                await asyncio.sleep(seconds)
                cpu = cpu_seconds(program.pid) - before
                await program.stop()
        percent = cpu / seconds * 100
        verdict = "met" if percent < GOAL_CPU else "MISSED"
        table.add_row(f"{waiting:,}", f"{cpu * 1e3:.1f}", f"{percent:.3f}", f"< {GOAL_CPU:g} {verdict}")
    console.print(table)


# ---------------------------------------------------------------------------------------------------------- beats


def measure_beats() -> None:
    """Nothing is due; the database has 10,000 schedules and 1,000 tasks without a deadline all the same."""
    with part(MANY[-1]) as made, tempfile.TemporaryDirectory() as folder:
        workspace = Path(folder)
        settings = Settings(_env_file=None, tg_user_id=OWNER, data_dir=workspace, workspace_dir=workspace)  # type: ignore[call-arg]
        (workspace / "HEARTBEAT.md").write_text("- [x] an item that is ticked off\n")
        made.users.remember(22, "Somebody")
        for number in range(1_000):
            made.users.create_task(22, f"task {number}")
        findings = Findings(made.db, made.users, workspace, lambda _task: False)
        heartbeat = Heartbeat(made.db, made.inbox, made.users, findings, settings)
        begun = now()
        spent, beats = 0.0, 0
        with time_machine.travel(begun, tick=False) as clock:
            due = heartbeat.fire()
            while due and due <= begun + timedelta(days=7):
                clock.move_to(due)
                before = time.process_time_ns()
                due = heartbeat.fire()
                spent += (time.process_time_ns() - before) / 1e6
                beats += 1
        tokens = made.db.value("SELECT coalesce(sum(input_tokens + output_tokens), 0) FROM turns")
        asked = made.db.value("SELECT count(*) FROM inbox")
    table = Table(title="a week of beats with nothing due, 10,000 schedules and 1,000 open tasks")
    for column in ("beats", "turns", "tokens", "goal", "CPU ms a beat", "CPU s a week"):
        table.add_column(column, justify="right")
    verdict = "met" if not tokens and not asked else "MISSED"
    table.add_row(str(beats), str(asked), str(tokens), f"0 {verdict}", f"{spent / beats:.1f}", f"{spent / 1e3:.1f}")
    console.print(table)


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--only", choices=("lateness", "idle", "program", "beats"))
    chosen = parser.parse_args()
    load = os.getloadavg()[0]
    if chosen.only in (None, "lateness"):
        await measure_lateness()
    if chosen.only in (None, "idle"):
        await measure_idle(chosen.seconds)
    if chosen.only in (None, "program"):
        await measure_program(chosen.seconds)
    if chosen.only in (None, "beats"):
        measure_beats()
    console.print(f"load before: {load:.2f}, after: {os.getloadavg()[0]:.2f}")


if __name__ == "__main__":
    asyncio.run(main())
