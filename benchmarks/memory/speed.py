"""How long a search takes, and how much memory, at 1,000, 10,000 and 100,000 passages; how soon a new line is found.

The vectors are random ones: real ones of the largest memory would take hours and are compared in the same time. The
query's is real. Baselines in the same run: words alone, and numpy over all vectors as 32-bit floats.
"""

import argparse
import asyncio
import os
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import date, timedelta
from itertools import islice
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
from filler import lines
from material import facts

from jobs.memory.embedding import MultilingualE5
from jobs.memory.engine import Engine, Places
from jobs.memory.index import MemoryIndex
from jobs.memory.search import Wanted

ITEMS_A_DAY = 40
DIMENSION = 384


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=[1_000, 10_000, 100_000])
    parser.add_argument("--one", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        _measure(options.one)
        return
    print(f"load {os.getloadavg()[0]:.1f}, {os.cpu_count()} cores")
    print("passages   words p50/p95   search p50/p95 ms   numpy float32 p50/p95   RSS MB   first index of words s")
    for size in options.sizes:  # a process of its own each, for its memory
        subprocess.run([sys.executable, __file__, "--one", str(size)], check=True)
    asyncio.run(_worker())


def _measure(size: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        places = Places(Path(folder) / "workspace", Path(folder), ZoneInfo("UTC"))
        engine = Engine(places, MultilingualE5())
        began = time.perf_counter()
        _fill(engine, size)
        indexed = time.perf_counter() - began
        _give_vectors(engine)
        queries = [question for fact in facts("ru")[:50] for question in fact.questions.values()]
        found = _times(lambda query: engine.search(Wanted(query), 0), queries)
        resident = _resident()
        embedder, engine.index.embedder = engine.index.embedder, None
        words = _times(lambda query: engine.search(Wanted(query), 0), queries)
        assert embedder is not None
        matrix = np.random.default_rng(1).standard_normal((engine.index.stats()["units"], DIMENSION), np.float32)
        exact = _times(lambda query: np.argpartition(-(matrix @ embedder.query(query)), 50)[:50], queries)
        passages = engine.index.stats()["passages"]
        engine.close()
    print(f"{passages:8} {words:>15} {found:>18} {exact:>22} {resident:>10} {indexed:>14.1f}", flush=True)


def _fill(engine: Engine, size: int) -> None:
    """Day logs until there are so many passages."""
    folder = engine.index._files._workspace / "memory"
    folder.mkdir(parents=True)
    day, number = date(2026, 7, 1), 0
    some = [*islice(lines("ru", "log", 2), 3000), *islice(lines("en", "log", 2), 1500)]
    while engine.index.value("SELECT count(*) FROM passages") < size:
        for _ in range(max(1, min(500, size // 50))):
            entries = [f"- {some[(number * 7 + at * 131) % len(some)]} ({number}.{at})\n" for at in range(ITEMS_A_DAY)]
            (folder / f"{day}.md").write_text("".join(entries), encoding="utf-8")
            day, number = day - timedelta(days=1), number + 1
        engine.index.refresh()


def _give_vectors(engine: Engine) -> None:
    choose = np.random.default_rng(0)
    while waiting := engine.index.waiting(20_000):
        vectors = choose.standard_normal((len(waiting), DIMENSION), np.float32)
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        engine.index.give((unit for unit, _ in waiting), vectors)


def _times(search: "object", queries: list[str]) -> str:
    assert callable(search)
    for query in queries[:5]:
        search(query)
    took = []
    for query in queries:
        began = time.perf_counter()
        search(query)
        took.append(1000 * (time.perf_counter() - began))
    return f"{statistics.median(took):.1f}/{np.percentile(took, 95):.1f}"


def _resident(pid: str = "self") -> int:
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return int(status.split("VmRSS:")[1].split()[0]) // 1024


async def _worker() -> None:
    """The worker as the app has it: a new line, a question while vectors are being made, its memory."""
    with tempfile.TemporaryDirectory() as folder:
        places = Places(Path(folder) / "workspace", Path(folder), ZoneInfo("UTC"))
        days = places.workspace / "memory"
        days.mkdir(parents=True)
        source = lines("ru", "log", 3)
        for number in range(50):
            text = "".join(f"- {line}\n" for line in islice(source, ITEMS_A_DAY))
            (days / f"{date(2026, 7, 1) - timedelta(days=number)}.md").write_text(text, encoding="utf-8")
        index = MemoryIndex(places)
        began = time.perf_counter()
        await index.search(Wanted("чайник"))
        print(f"first answer of a worker that was not there: {time.perf_counter() - began:.2f} s")
        busy = []
        for _ in range(30):
            began = time.perf_counter()
            await index.search(Wanted("кто принёс чайник"), fresh=False)
            busy.append(1000 * (time.perf_counter() - began))
            await asyncio.sleep(0.05)
        left = (await index.stats())["without_vector"]
        print(f"a question while vectors are made ({left} left): {statistics.median(busy):.0f}/{max(busy):.0f} ms")
        with (days / "2026-07-02.md").open("a", encoding="utf-8") as file:
            file.write("- единорог\n")
        began = time.perf_counter()
        while not any("единорог" in hit.text for hit in await index.search(Wanted("единорог"), fresh=False)):  # noqa: ASYNC110
            await asyncio.sleep(0.02)
        print(f"a new line is found without a fresh look after {time.perf_counter() - began:.2f} s")
        assert index._process is not None
        print(f"the worker's memory: {_resident(str(index._process.pid))} MB")
        await index.stop()


if __name__ == "__main__":
    main()
