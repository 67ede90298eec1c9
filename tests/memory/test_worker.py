"""The app asks a worker process: it answers, sees what is new by itself, and leaves nothing behind."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path

import pytest
from tests.support import MOSCOW

from jobs.memory.engine import Places
from jobs.memory.index import IndexUnavailable, MemoryIndex
from jobs.memory.search import Wanted


@pytest.fixture
async def index(tmp_path: Path) -> AsyncIterator[MemoryIndex]:
    (tmp_path / "workspace").mkdir()
    (tmp_path / "workspace" / "MEMORY.md").write_text("- ключи у соседа <!-- 2026-11-01 owner -->\n", encoding="utf-8")
    index = MemoryIndex(Places(tmp_path / "workspace", tmp_path, MOSCOW))
    yield index
    await index.stop()


async def test_it_answers_like_the_engine(index: MemoryIndex) -> None:
    [hit] = await index.search(Wanted("ключ", 1, since=date(2026, 1, 1)))
    assert (hit.path, hit.line_start, hit.source, hit.date) == ("MEMORY.md", 1, "owner", "2026-11-01")
    assert (await index.stats())["documents"] == {"memory": 1}
    assert (await index.reindex())["passages"] == 1


async def test_a_line_written_by_hand_is_found_by_the_next_search(index: MemoryIndex) -> None:
    await index.search(Wanted("аллергия"))
    with (index.places.workspace / "MEMORY.md").open("a", encoding="utf-8") as file:
        file.write("- аллергия на орехи\n")
    assert "орехи" in (await index.search(Wanted("аллергия")))[0].text


async def test_an_asker_that_goes_away_does_not_get_in_the_way_of_the_next(index: MemoryIndex) -> None:
    with pytest.raises(IndexUnavailable):
        await index.search(Wanted("ключи"), seconds=0.0001)
    assert "соседа" in (await index.search(Wanted("ключи")))[0].text


async def test_a_killed_worker_is_started_again(index: MemoryIndex) -> None:
    await index.search(Wanted("ключи"))
    process = index._process
    assert process is not None
    os.kill(process.pid, signal.SIGKILL)  # by the kernel when memory is short: nobody has noticed yet
    assert "соседа" in (await index.search(Wanted("ключи")))[0].text


async def test_questions_over_a_worker_that_fails_are_all_answered_by_the_next(index: MemoryIndex) -> None:
    await index.search(Wanted("ключи"))
    for path in index.places.data.glob("memory.sqlite*"):
        path.write_bytes(b"no database" * (path.stat().st_size // 11))  # by the disk
    index.places.workspace.joinpath("MEMORY.md").write_text("- ключи в сейфе\n", encoding="utf-8")
    before = index._process
    found = await asyncio.gather(*(index.search(Wanted("ключи")) for _ in range(3)))
    assert [hit.text for hits in found for hit in hits] == ["- ключи в сейфе"] * 3
    assert index._process is not before


async def test_questions_over_a_worker_that_is_killed_are_all_answered_by_the_next(index: MemoryIndex) -> None:
    await index.search(Wanted("ключи"))
    process = index._process
    assert process is not None
    os.kill(process.pid, signal.SIGSTOP)  # so that it dies with a question in its hands
    asking = [asyncio.ensure_future(index.search(Wanted("ключи"))) for _ in range(3)]
    await asyncio.sleep(0)
    os.kill(process.pid, signal.SIGKILL)
    assert [hits[0].path for hits in await asyncio.gather(*asking)] == ["MEMORY.md"] * 3


async def test_after_its_end_nobody_starts_it_again(index: MemoryIndex) -> None:
    await index.stop()
    with pytest.raises(IndexUnavailable):
        await index.search(Wanted("ключи"))
    assert index._process is None


async def test_who_asks_while_it_is_stopped_does_not_start_it_again(index: MemoryIndex) -> None:
    await index.search(Wanted("ключи"))
    assert index._process is not None
    os.kill(index._process.pid, signal.SIGSTOP)  # so that it cannot have answered before
    asking = asyncio.ensure_future(index.reindex())
    await asyncio.sleep(0)
    await index.stop()
    with pytest.raises(IndexUnavailable):
        await asking
    assert index._process is None


async def test_the_worker_ends_with_its_pipe_and_runs_at_low_priority(index: MemoryIndex) -> None:
    await index.stats()
    process = index._process
    assert process is not None
    assert process.stdin is not None
    assert os.getpriority(os.PRIO_PROCESS, process.pid) >= 10
    process.stdin.close()
    async with asyncio.timeout(20):
        assert await process.wait() == 0
