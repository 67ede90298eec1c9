"""Reminders: said once, when they are due, whatever happens in between."""

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import apsw
import pytest
import time_machine
from tests.support import OWNER, Spine

from jobs.spine.tool import ToolError
from jobs.times import now
from jobs.tools import scheduler as module
from jobs.tools.scheduler import CancelScheduledTask, Scheduler, ScheduleTask


@pytest.fixture
def scheduler(spine: Spine) -> Iterator[Scheduler]:
    made = Scheduler(spine.db, spine.outbox, spine.users)
    yield made
    made.stop()


async def schedule(scheduler: Scheduler, text: str, **when: Any) -> Any:
    return (await scheduler.schedule(ScheduleTask(text=text, **when)))()


async def test_a_reminder_is_said_when_it_is_due(spine: Spine, scheduler: Scheduler) -> None:
    said = asyncio.Event()
    spine.outbox.on_queued = lambda chat: said.set()
    scheduler.start()
    await schedule(scheduler, "выпить воды", in_minutes=0.001)
    async with asyncio.timeout(5):
        await said.wait()
    assert spine.said(OWNER) == ["Напоминание: выпить воды"]


async def test_what_fell_due_while_jobs_was_away_is_said_once_at_the_start(spine: Spine, scheduler: Scheduler) -> None:
    with time_machine.travel(now() - timedelta(days=2), tick=False):
        await schedule(scheduler, "one", in_minutes=30)
        await schedule(scheduler, "two", in_minutes=10)
    for _ in range(2):
        scheduler.start()
        scheduler.stop()
    assert spine.said(OWNER) == ["Напоминание: two", "Напоминание: one"]


async def test_a_reminder_that_could_not_be_stored_is_said_when_there_is_room_again(
    spine: Spine, scheduler: Scheduler, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "STORAGE_PAUSE", 0.01)
    say, tries = spine.outbox.say, 0
    said = asyncio.Event()
    spine.outbox.on_queued = lambda chat: said.set()

    def no_room_at_first(*arguments: Any, **named: Any) -> bool:
        nonlocal tries
        tries += 1
        if tries == 1:
            raise apsw.FullError("disk")
        return say(*arguments, **named)

    monkeypatch.setattr(spine.outbox, "say", no_room_at_first)
    scheduler.start()
    await schedule(scheduler, "выпить воды", in_minutes=0.0001)
    async with asyncio.timeout(5):
        await said.wait()
    assert (tries, spine.said(OWNER)) == (2, ["Напоминание: выпить воды"])


async def test_a_reminder_taken_back_is_not_said(spine: Spine, scheduler: Scheduler) -> None:
    task = (await schedule(scheduler, "one", in_minutes=10))["task"]
    (await scheduler.cancel(CancelScheduledTask(task_id=task["id"])))()
    with pytest.raises(ToolError, match="no waiting reminder"):
        (await scheduler.cancel(CancelScheduledTask(task_id=task["id"])))()
    with time_machine.travel(now() + timedelta(days=1), tick=False):
        scheduler.start()
    assert spine.said() == []


async def test_a_time_is_the_owners_local_time_and_not_in_the_past(scheduler: Scheduler) -> None:
    with time_machine.travel("2026-11-22T12:00:00+00:00", tick=False):
        task = (await schedule(scheduler, "one", at="2026-11-25T18:00"))["task"]
        assert task["next"] == ["2026-11-25T18:00+03:00"]
        with pytest.raises(ToolError, match="has passed already"):
            await schedule(scheduler, "one", at="2026-11-22T14:59")
        with pytest.raises(ToolError, match="is not a date"):
            await schedule(scheduler, "one", at="tomorrow")
