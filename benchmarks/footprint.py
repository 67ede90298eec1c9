"""What Jobs takes of a machine: start-up, memory, and what the credential broker adds to a call of the model.

    PYTHONPATH=src .venv/bin/python benchmarks/footprint.py [--calls 300] [--starts 5] [--image NAME]

- broker: the same request in turn to the loopback model directly and through the broker, over kept connections.
- starts: `jobs up` until it is ready, and its memory a moment later, without a session and with some.
- image: the size of a container image, by podman or docker.
"""

import argparse
import asyncio
import json
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import httpx2
from rich.console import Console
from rich.table import Table

from jobs.broker import Broker, Ledger
from jobs.config import Settings
from jobs.db import open_database
from jobs.users.profile import MARKER
from jobs_simulator.model import ModelSimulator, Reply, Text, echo
from jobs_simulator.stage import Stage

GOAL_BROKER_MS = 3.0
GOAL_READY_S = 2.0
GOAL_IDLE_MB = 100.0
WARM_UP = 20
SETTLE_SECONDS = 2.0

console = Console(width=110)


def spread(values: list[float]) -> str:
    return f"{median(values):.2f} ({quantiles(values, n=20)[-1]:.2f})"


# ---------------------------------------------------------------------------------------------------------- broker


async def broker(calls: int) -> None:
    table = Table(title="broker: milliseconds a call, median (p95)", title_justify="left")
    for column in ("request, answer", "until", "direct", "through the broker", "adds, median", "goal"):
        table.add_column(column, justify="left" if column in ("request, answer", "until") else "right")
    for title, size, chunks in (("2 KB, 1 piece", 2_000, 1), ("200 KB, 100 pieces", 200_000, 100)):
        direct, through = await _both(calls, size, chunks)
        for index, until in enumerate(("first byte", "last byte")):
            added = median(b[index] - a[index] for a, b in zip(direct, through, strict=True))
            goal = f"≤ {GOAL_BROKER_MS:g}: {'met' if added <= GOAL_BROKER_MS else 'missed'}" if index == 0 else ""
            columns = [spread([times[index] for times in side]) for side in (direct, through)]
            table.add_row(title, until, *columns, f"{added:+.2f}", goal)
    console.print(table)


async def _both(calls: int, size: int, chunks: int) -> tuple[list[tuple[float, float]], list[tuple[float, float]]]:
    async def brain(_: Any) -> Reply:
        return Reply(Text("x" * 50 * chunks, chunks))

    with tempfile.TemporaryDirectory(prefix="jobs-footprint-") as name:
        folder = Path(name)
        async with ModelSimulator(brain) as model:
            settings = Settings(  # type: ignore[call-arg]
                _env_file=None, anthropic_api_key="dummy", anthropic_base_url=model.url, data_dir=folder
            )
            db = open_database(folder / "db.sqlite")
            between = Broker(settings, Ledger(db))
            between.start()
            given = between.issue(1, "owner", lambda: None, may_browse=False)
            body = {"model": "claude-opus-4-8", "max_tokens": 1000, "stream": True}
            content = json.dumps({**body, "messages": [{"role": "user", "content": "x" * size}]}).encode()
            sides: tuple[list[tuple[float, float]], list[tuple[float, float]]] = ([], [])
            urls = (model.url, between.environment(given)["ANTHROPIC_BASE_URL"])
            async with httpx2.AsyncClient(trust_env=False, headers={"x-api-key": given.token}) as client:
                for number in range(WARM_UP + calls):
                    order = (0, 1) if number % 2 else (1, 0)
                    for side in order:
                        times = await _call(client, urls[side], content)
                        if number >= WARM_UP:
                            sides[side].append(times)
            await between.stop()
            db.close()
    return sides


async def _call(client: httpx2.AsyncClient, url: str, content: bytes) -> tuple[float, float]:
    began = time.perf_counter()
    first = 0.0
    async with client.stream("POST", f"{url}/v1/messages", content=content) as answer:
        answer.raise_for_status()
        async for _ in answer.aiter_raw():
            first = first or time.perf_counter()
    return (first - began) * 1000, (time.perf_counter() - began) * 1000


# ---------------------------------------------------------------------------------------------------------- starts


async def starts(count: int) -> None:
    ready: list[float] = []
    idle: list[float] = []
    table = Table(title="starts and memory", title_justify="left")
    for column in ("what", "measured", "goal"):
        table.add_column(column, justify="left" if column == "what" else "right")
    with tempfile.TemporaryDirectory(prefix="jobs-footprint-") as folder:
        async with Stage(Path(folder), echo, settings={"HTTP_PORT": "18471"}) as stage:
            for _ in range(count + 1):
                began = time.perf_counter()
                program = await stage.start()
                ready.append(time.perf_counter() - began)
                await asyncio.sleep(SETTLE_SECONDS)
                idle.append(_rss_mb(program.pid))
                if len(ready) <= count:
                    await program.stop()
            people = [stage.telegram.add_user(f"Person{number}") for number in range(3)]
            for person in (stage.owner, *people):
                async with stage.person(person) as chat:
                    await chat.ask("hello", "ECHO: hello")
            await asyncio.sleep(SETTLE_SECONDS)
            busy, sessions = _rss_mb(program.pid), _sessions_mb(stage.data)
            await program.stop()
    warm = ready[1:]
    table.add_row("ready, s (first start left out)", spread(warm), _goal(median(warm), GOAL_READY_S))
    table.add_row("resident memory without a session, MB", spread(idle), _goal(median(idle), GOAL_IDLE_MB))
    table.add_row("the same with 4 sessions open, MB", f"{busy:.0f}", "")
    table.add_row("their 4 CLI processes (PSS), MB", f"{sessions:.0f}", "")
    console.print(table)


def _goal(value: float, goal: float) -> str:
    return f"≤ {goal:g}: {'met' if value <= goal else 'missed'}"


def _rss_mb(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS"))


def _sessions_mb(data: Path) -> float:
    total = 0
    for entry in Path("/proc").glob("[0-9]*/environ"):
        try:
            if f"{MARKER}={data}".encode() in entry.read_bytes().split(b"\0"):
                lines = (entry.parent / "smaps_rollup").read_text().splitlines()
                total += next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
        except OSError:
            continue
    return total / 1024


# ----------------------------------------------------------------------------------------------------------- image


def image(name: str) -> None:
    engine = shutil.which("podman") or shutil.which("docker")
    if engine is None:
        console.print("image: neither podman nor docker is here")
        return
    asked = [engine, "image", "inspect", "--format", "{{.Size}}", name]
    told = subprocess.run(asked, capture_output=True, text=True, check=False)
    size = f"{int(told.stdout) / 1e6:.0f} MB" if told.returncode == 0 else told.stderr.strip()
    console.print(f"image {name}: {size}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=300)
    parser.add_argument("--starts", type=int, default=5)
    parser.add_argument("--image", default="")
    given = parser.parse_args()
    asyncio.run(broker(given.calls))
    asyncio.run(starts(given.starts))
    if given.image:
        image(given.image)


if __name__ == "__main__":
    main()
