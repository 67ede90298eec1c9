"""Reminders: said once, when they are due, whatever happens in between."""

import asyncio
from datetime import timedelta
from typing import Any

import apsw
import pytest
import time_machine
from tests.support import OWNER, Spine

from jobs.spine.model import Origin
from jobs.spine.tool import ToolError
from jobs.times import now
from jobs.tools import timer as module
from jobs.tools.schedule_tools import (
    ListScheduledTasks,
    OneScheduledTask,
    ScheduleTask,
    ScheduleTools,
    UpdateScheduledTask,
)
from jobs.tools.scheduler import Scheduler


async def schedule(tools: ScheduleTools, text: str, **when: Any) -> Any:
    return (await tools.schedule(ScheduleTask(text=text, **when)))()


def at(moment: str) -> Any:
    return time_machine.travel(moment, tick=False)


def look(scheduler: Scheduler) -> None:
    """As a start of the program, and its end."""
    scheduler.start()
    scheduler.stop()


async def test_a_reminder_is_said_when_it_is_due(spine: Spine, scheduler: Scheduler, tools: ScheduleTools) -> None:
    said = asyncio.Event()
    spine.outbox.on_queued = lambda chat: said.set()
    scheduler.start()
    await schedule(tools, "выпить воды", in_minutes=0.001)
    async with asyncio.timeout(5):
        await said.wait()
    assert spine.said(OWNER) == ["Напоминание: выпить воды"]


async def test_what_fell_due_while_jobs_was_away_is_said_once_at_the_start(
    spine: Spine, scheduler: Scheduler, tools: ScheduleTools
) -> None:
    with time_machine.travel(now() - timedelta(days=2), tick=False):
        await schedule(tools, "one", in_minutes=30)
        await schedule(tools, "two", in_minutes=10)
    for _ in range(2):
        look(scheduler)
    assert [text.partition("): ")[2] for text in spine.said(OWNER)] == ["two", "one"]
    assert all(text.startswith("Напоминание (") for text in spine.said(OWNER)), "it says for when it was"


async def test_a_reminder_that_could_not_be_stored_is_said_when_there_is_room_again(
    spine: Spine, scheduler: Scheduler, monkeypatch: pytest.MonkeyPatch, tools: ScheduleTools
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
    await schedule(tools, "выпить воды", in_minutes=0.0001)
    async with asyncio.timeout(5):
        await said.wait()
    assert (tries, spine.said(OWNER)) == (2, ["Напоминание: выпить воды"])


async def test_a_reminder_taken_back_is_not_said(spine: Spine, scheduler: Scheduler, tools: ScheduleTools) -> None:
    task = (await schedule(tools, "one", in_minutes=10))["task"]
    (await tools.cancel(OneScheduledTask(task_id=task["id"])))()
    with pytest.raises(ToolError, match="no waiting scheduled task"):
        (await tools.cancel(OneScheduledTask(task_id=task["id"])))()
    with time_machine.travel(now() + timedelta(days=1), tick=False):
        scheduler.start()
    assert spine.said() == []


async def test_a_time_is_the_owners_local_time_and_not_in_the_past(scheduler: Scheduler, tools: ScheduleTools) -> None:
    with time_machine.travel("2026-11-22T12:00:00+00:00", tick=False):
        task = (await schedule(tools, "one", at="2026-11-25T18:00"))["task"]
        assert task["next"] == ["2026-11-25T18:00+03:00"]
        with pytest.raises(ToolError, match="has passed already"):
            await schedule(tools, "one", at="2026-11-22T14:59")
        with pytest.raises(ToolError, match="is not a date"):
            await schedule(tools, "one", at="tomorrow")


# ------------------------------------------------------------------- again and again


async def test_what_recurs_comes_each_time_once_over_restarts(
    spine: Spine, scheduler: Scheduler, tools: ScheduleTools
) -> None:
    with at("2026-11-22T12:00:00+00:00"):
        task = (await schedule(tools, "таблетки", cron="0 9 * * *"))["task"]
        assert task["next"] == ["2026-11-23T09:00+03:00", "2026-11-24T09:00+03:00", "2026-11-25T09:00+03:00"]
        assert task["in_words"] == [
            "понедельник, 23 ноября, 09:00 (Europe/Moscow)",
            "вторник, 24 ноября, 09:00 (Europe/Moscow)",
            "среда, 25 ноября, 09:00 (Europe/Moscow)",
        ]
    for moment in ("2026-11-23T05:59", "2026-11-23T06:00", "2026-11-23T06:00", "2026-11-24T06:00", "2026-11-24T07:00"):
        with at(f"{moment}:00+00:00"):
            look(scheduler)
    assert spine.said(OWNER) == ["Напоминание: таблетки"] * 2


@pytest.mark.parametrize(
    ("missed", "back", "said"),
    [
        ("run", "2026-11-25T08:00", ["Напоминание (среда"]),
        ("run", "2026-11-25T20:00", []),
        ("skip", "2026-11-25T08:00", []),
        ("skip", "2026-11-25T06:00", ["Напоминание: зарядка"]),
        ("ask", "2026-11-25T08:00", ["Пропущено, пока я не работал", "Если это ещё нужно"]),
    ],
)
async def test_what_was_missed_is_run_once_skipped_or_asked_about(
    spine: Spine, scheduler: Scheduler, missed: str, back: str, said: list[str], tools: ScheduleTools
) -> None:
    with at("2026-11-22T12:00:00+00:00"):
        await schedule(tools, "зарядка", cron="0 9 * * *", missed=missed)
    with at(f"{back}:00+00:00"):
        look(scheduler)
        look(scheduler)
    found = spine.said(OWNER)
    assert len(found) == len(said)
    assert all(text.startswith(opening) for text, opening in zip(found, said, strict=True))
    with at("2026-11-26T06:00:00+00:00"):
        look(scheduler)
    assert spine.said(OWNER)[len(said) :] == ["Напоминание: зарядка"], "and it goes on"


async def test_a_prompt_goes_to_the_owners_session_once(
    spine: Spine, scheduler: Scheduler, tools: ScheduleTools
) -> None:
    with at("2026-11-22T12:00:00+00:00"):
        await schedule(tools, "проверь почту", kind="prompt", every_minutes=60)
    with at("2026-11-22T13:00:00+00:00"):
        look(scheduler)
        look(scheduler)
        turn = spine.turns.begin(OWNER)
    assert turn is not None
    assert [(row.text, row.origin) for row in turn.rows] == [("проверь почту", Origin.SCHEDULE)]
    assert spine.said() == []
    with at("2026-11-22T14:00:00+00:00"):
        look(scheduler)
    assert spine.states() == ["taken"], "the run before is still going"
    assert [row["outcome"] for row in spine.db.execute("SELECT * FROM schedule_runs ORDER BY due_at")] == [
        "asked",
        "skipped",
    ]


async def test_a_prompt_that_was_given_up_is_paused_and_the_owner_told_why(
    spine: Spine, scheduler: Scheduler, tools: ScheduleTools
) -> None:
    with at("2026-11-22T12:00:00+00:00"):
        task = (await schedule(tools, "сломано", kind="prompt", every_minutes=60))["task"]
    for hour in range(13, 18):
        with at(f"2026-11-22T{hour}:00:00+00:00"):
            look(scheduler)
            if turn := spine.turns.begin(OWNER):
                spine.turns.set_aside(turn, "broken", "")
    assert spine.states() == ["set_aside"]
    assert len([text for text in spine.said(OWNER) if "приостановлено: сломано" in text]) == 1
    assert "Причина: broken" in spine.said(OWNER)
    with at("2026-11-22T17:30:00+00:00"):
        resumed = await tools.update(UpdateScheduledTask(task_id=task["id"], paused=False, text="цело"))
        assert "paused" not in resumed()["task"]


async def test_a_snooze_is_said_again_later_and_its_rule_goes_on(
    spine: Spine, scheduler: Scheduler, tools: ScheduleTools
) -> None:
    with at("2026-11-22T12:00:00+00:00"):
        once = (await schedule(tools, "позвонить", at="2026-11-22T16:00"))["task"]
        daily = (await schedule(tools, "зарядка", cron="0 9 * * *"))["task"]
    with at("2026-11-22T13:00:00+00:00"):
        look(scheduler)
        (await tools.update(UpdateScheduledTask(task_id=once["id"], in_minutes=60)))()
    with at("2026-11-22T14:00:00+00:00"):
        look(scheduler)
    assert spine.said(OWNER) == ["Напоминание: позвонить"] * 2
    with at("2026-11-23T06:00:00+00:00"):
        look(scheduler)
        later = (await tools.update(UpdateScheduledTask(task_id=daily["id"], in_minutes=30)))()
        assert later["task"]["next"] == ["2026-11-23T09:30+03:00", "2026-11-24T09:00+03:00", "2026-11-25T09:00+03:00"]


async def test_the_same_schedule_asked_for_twice_is_recognised(
    spine: Spine, scheduler: Scheduler, tools: ScheduleTools
) -> None:
    for _ in range(2):
        answer = await schedule(tools, "зарядка", cron="0 9 * * *")
    assert "already" in answer["note"]
    assert len((await tools.list_waiting(ListScheduledTasks()))["tasks"]) == 1


async def test_one_that_is_run_now_keeps_its_times(spine: Spine, scheduler: Scheduler, tools: ScheduleTools) -> None:
    with at("2026-11-22T12:00:00+00:00"):
        task = (await schedule(tools, "зарядка", cron="0 9 * * *"))["task"]
        ran = (await tools.run(OneScheduledTask(task_id=task["id"])))()
    assert spine.said(OWNER) == ["Напоминание: зарядка"]
    assert ran["task"]["next"] == task["next"]


@pytest.mark.parametrize(
    ("when", "says"),
    [
        ({"at": "2026-11-25T18:00", "zone": "Mars/Olympus"}, "no time zone"),
        ({"cron": "99 * * * *"}, "five fields"),
        ({"rrule": "FREQ=SECONDLY"}, "every_minutes or cron"),
        ({"rrule": "FREQ=DAILY;UNTIL=20200101T000000"}, "never comes"),
    ],
)
async def test_what_makes_no_sense_is_one_clear_sentence(
    spine: Spine, scheduler: Scheduler, when: dict[str, str], says: str, tools: ScheduleTools
) -> None:
    with pytest.raises(ToolError, match=says):
        await schedule(tools, "x", **when)
    assert spine.db.value("SELECT count(*) FROM scheduled_tasks") == 0
