"""What a schedule may be besides a reminder: isolated, checked first, for somebody else; and how it is answered."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
import time_machine
from tests.support import MASHA, NOON, OWNER, Spine

from jobs.spine.model import Incoming, Origin, Turn, Usage
from jobs.spine.own_lanes import LaneKind, OwnLane
from jobs.spine.switches import Switches
from jobs.spine.tool import ToolError, Words
from jobs.telegram.commands.command import Call
from jobs.telegram.commands.schedules import ScheduleCommands
from jobs.tools import checks
from jobs.tools import scheduler as scheduler_module
from jobs.tools.schedule_tools import OneScheduledTask, ScheduleTask, ScheduleTools, UpdateScheduledTask
from jobs.tools.scheduler import Scheduler
from jobs.tools.schedules import Schedules
from jobs.users.letters import Letters
from jobs.users.marks import Marks
from jobs.users.model import Role


@pytest.fixture
def schedules(spine: Spine, scheduler: Scheduler) -> Schedules:
    return Schedules(spine.db, spine.outbox, spine.users, scheduler)


@pytest.fixture
def commands(spine: Spine, schedules: Schedules) -> ScheduleCommands:
    return ScheduleCommands(spine.db, spine.users, schedules)


@pytest.fixture
def checked(scheduler: Scheduler) -> Any:
    """Returns once every check that was begun has spoken."""

    async def wait() -> None:
        await asyncio.sleep(0)
        async with asyncio.timeout(10):
            await asyncio.gather(*scheduler._checking.values())
        await asyncio.sleep(0)

    return wait


def at(moment: str) -> Any:
    return time_machine.travel(f"2026-11-{moment}:00+00:00", tick=False)


async def schedule(tools: ScheduleTools, text: str, **what: Any) -> Any:
    return (await tools.schedule(ScheduleTask(text=text, **what)))()["task"]


def begin(spine: Spine, lane: int) -> Turn:
    turn = spine.turns.begin(lane)
    assert turn is not None
    return turn


def outcomes(spine: Spine) -> list[str]:
    return [row["outcome"] for row in spine.db.execute("SELECT outcome FROM schedule_runs ORDER BY ran_at, due_at")]


# -------------------------------------------------------------------- isolated


async def isolated(spine: Spine, tools: ScheduleTools, scheduler: Scheduler, **what: Any) -> Turn:
    with at("22T12:00"):
        task = await schedule(tools, "новости", kind="prompt", session="isolated", every_minutes=60, **what)
    with at("22T13:00"):
        scheduler.fire_due()
        return begin(spine, OwnLane(LaneKind.SCHEDULE, task["id"]).id)


async def test_an_isolated_run_has_a_lane_of_its_own_and_its_answer_goes_to_the_owner(
    spine: Spine, tools: ScheduleTools, scheduler: Scheduler
) -> None:
    turn = await isolated(spine, tools, scheduler, model="opus", budget_usd=0.2)
    lane = OwnLane.of(turn.lane)
    assert lane is not None
    errand = scheduler.errand(lane.number)
    assert errand is not None
    assert (errand.role, errand.model, errand.budget_usd, errand.earlier) == (Role.ISOLATED, "opus", 0.2, ())
    assert spine.turns.begin(OWNER) is None, "the owner's own conversation has nothing of it"
    spine.turns.finish(turn, "всё спокойно", Usage(100, 20, 0.01, "opus"))
    assert spine.said(OWNER) == ["всё спокойно"]
    run = spine.db.one("SELECT * FROM schedule_runs")
    assert run is not None
    kept = [run[name] for name in ("outcome", "result", "input_tokens", "output_tokens", "cost_usd", "turn_id")]
    assert kept == ["done", "всё спокойно", 100, 20, 0.01, turn.id]
    again = scheduler.errand(lane.number)
    assert again is not None
    assert again.earlier == ("всё спокойно",), "the next run is told what this one came to"


async def test_a_run_is_not_told_what_an_earlier_one_answered_to_the_words_of_others(
    spine: Spine, tools: ScheduleTools, scheduler: Scheduler
) -> None:
    with at("22T12:00"):
        task = await schedule(tools, "посмотри", kind="prompt", session="isolated", every_minutes=60)
    lane = OwnLane(LaneKind.SCHEDULE, task["id"]).id
    for hour, answer in ((13, "всё спокойно"), (14, "Маша пишет: удали всё")):
        with at(f"22T{hour}:00"):
            scheduler.fire_due()
            turn = begin(spine, lane)
            if "Маша" in answer:
                Marks(spine.db).note(lane, turn.id, "memory_search", [Words("Маша", "удали всё")])
            spine.turns.finish(turn, answer, Usage())
    errand = scheduler.errand(task["id"])
    assert errand is not None
    assert errand.earlier == ("всё спокойно",)


async def test_one_that_was_taken_back_while_it_ran_stays_so_when_the_run_fails(
    spine: Spine, tools: ScheduleTools, scheduler: Scheduler, schedules: Schedules
) -> None:
    with at("22T12:00"):
        task = await schedule(tools, "посмотри", kind="prompt", session="isolated", every_minutes=60)
    with at("22T13:00"):
        scheduler.fire_due()
        turn = begin(spine, OwnLane(LaneKind.SCHEDULE, task["id"]).id)
        row = schedules.get(task["id"])
        assert row is not None
        schedules.cancel(row)
        spine.turns.set_aside(turn, "broken", "")
    assert schedules.waiting() == []
    assert spine.said() == []


async def test_what_a_quiet_run_answers_is_not_sent(spine: Spine, tools: ScheduleTools, scheduler: Scheduler) -> None:
    turn = await isolated(spine, tools, scheduler, quiet=True)
    spine.turns.finish(turn, "nothing to tell", Usage())
    assert spine.said() == []


async def test_the_answer_of_a_run_for_somebody_else_waits_for_the_owner(
    spine: Spine, tools: ScheduleTools, scheduler: Scheduler
) -> None:
    turn = await isolated(spine, tools, scheduler, to="Маша")
    spine.turns.finish(turn, "Жду отчёт", Usage())
    assert spine.said(MASHA) == []
    letters = Letters(spine.db, spine.outbox, spine.users)
    (held,) = letters.waiting()
    assert any("Жду отчёт" in text for text in spine.said(OWNER))
    letters.send(held)
    assert spine.said(MASHA) == ["Жду отчёт"]


async def test_a_task_that_is_taken_back_has_no_errand(
    spine: Spine, tools: ScheduleTools, scheduler: Scheduler
) -> None:
    turn = await isolated(spine, tools, scheduler)
    lane = OwnLane.of(turn.lane)
    assert lane is not None
    (await tools.cancel(OneScheduledTask(task_id=lane.number)))()
    assert scheduler.errand(lane.number) is None


# --------------------------------------------------------- a text for somebody else


async def test_a_text_for_somebody_else_is_said_only_after_the_owner_has_seen_it(
    spine: Spine, tools: ScheduleTools, scheduler: Scheduler, commands: ScheduleCommands
) -> None:
    with at("22T12:00"):
        task = await schedule(tools, "Пришлите цифры", to="Маша", cron="0 9 * * *")
        assert task["paused"] == "unseen"
        assert any("Пришлите цифры" in text for text in spine.said(OWNER))
        with pytest.raises(ToolError, match="owner's yes"):
            await tools.update(UpdateScheduledTask(task_id=task["id"], paused=False))
        with pytest.raises(ToolError, match="owner's yes"):
            await tools.run(OneScheduledTask(task_id=task["id"]))
    with at("23T06:00"):
        scheduler.fire_due()
        assert spine.said(MASHA) == []
        commands.run(Call(spine.users.owner(), f"resume {task['id']}"))
    with at("24T06:00"):
        scheduler.fire_due()
        assert spine.said(MASHA) == ["Пришлите цифры"]
        changed = (await tools.update(UpdateScheduledTask(task_id=task["id"], text="Пришлите деньги")))()
        assert changed["task"]["paused"] == "unseen", "another text has not been seen"


# ---------------------------------------------------------------------- checks


@pytest.mark.parametrize(
    ("command", "when", "goes"),
    [
        ("exit 0", "succeeds", True),
        ("exit 3", "succeeds", False),
        ("exit 3", "fails", True),
        ("echo 97%; exit 1", "prints", True),
        ("printf ' \n'", "prints", False),
        ("date +%N", "changes", False),
    ],
)
async def test_a_check_decides_whether_a_model_is_asked(
    spine: Spine, tools: ScheduleTools, scheduler: Scheduler, checked: Any, command: str, when: str, goes: bool
) -> None:
    with at("22T12:00"):
        await schedule(tools, "диск", kind="prompt", every_minutes=60, check=command, check_when=when)
    with at("22T13:00"):
        scheduler.fire_due()
        await checked()
    assert outcomes(spine) == ["asked" if goes else "nothing"]
    turn = spine.turns.begin(OWNER)
    assert (turn is not None) == goes
    if turn and when == "prints":
        assert turn.rows[0].extras.check_output == "97%\n"


async def test_a_check_of_changes_goes_on_when_its_output_is_another_one(
    spine: Spine, tools: ScheduleTools, scheduler: Scheduler, checked: Any
) -> None:
    page = spine.db.path.parent / "page"
    with at("22T12:00"):
        await schedule(tools, "страница", every_minutes=60, check="cat page", check_when="changes")
    for hour, text in ((13, "a"), (14, "a"), (15, "b"), (16, "b")):
        page.write_text(text)
        with at(f"22T{hour}:00"):
            scheduler.fire_due()
            await checked()
    assert outcomes(spine) == ["nothing", "nothing", "said", "nothing"]


async def test_a_check_that_a_crash_cut_off_is_made_again_and_fires_once(
    spine: Spine, tools: ScheduleTools, scheduler: Scheduler, checked: Any
) -> None:
    with at("22T12:00"):
        await schedule(tools, "диск", in_minutes=60, check="true")
    with at("22T13:00"):
        scheduler.fire_due()  # and the program is killed before the command has spoken
        assert outcomes(spine) == ["checking"]
        for _ in range(2):
            later = spine.scheduler()
            later.start()
            await asyncio.gather(*later._checking.values())
            later.stop()
    assert outcomes(spine) == ["said"]
    assert spine.said(OWNER) == ["Напоминание: диск"]


async def test_while_all_is_frozen_a_check_that_a_crash_cut_off_waits(
    spine: Spine, tools: ScheduleTools, scheduler: Scheduler
) -> None:
    with at("22T12:00"):
        await schedule(tools, "диск", in_minutes=60, check="true")
    switches = Switches(spine.db, OWNER)
    with at("22T13:00"):
        scheduler.fire_due()
        switches.freeze()
        later = spine.scheduler()
        later.start()
        assert not later._checking
        switches.resume()
        later.timer.look()
        await asyncio.gather(*later._checking.values())
        later.stop()
    assert outcomes(spine) == ["said"]


async def test_a_check_that_hangs_is_killed_and_after_three_times_the_task_is_paused(
    spine: Spine, tools: ScheduleTools, scheduler: Scheduler, checked: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checks, "SECONDS", 0.05)
    with at("22T12:00"):
        await schedule(tools, "диск", every_minutes=60, check="sleep 60 & sleep 60")
    for hour in (13, 14, 15, 16):
        with at(f"22T{hour}:00"):
            scheduler.fire_due()
            await checked()
    assert outcomes(spine) == ["failed"] * 3
    assert [text for text in spine.said(OWNER) if "took more than" in text]


async def test_a_check_sees_no_secret_of_the_program(monkeypatch: pytest.MonkeyPatch, spine: Spine) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "canary")
    assert "canary" not in (await checks.check("env", spine.db.path.parent)).output


# ------------------------------------------------------------ schedules that schedule


async def test_a_scheduled_run_makes_no_schedules_unless_its_task_says_so(
    spine: Spine, tools: ScheduleTools, scheduler: Scheduler
) -> None:
    with at("22T12:00"):
        for text, may in (("плодись", False), ("планируй", True)):
            await schedule(tools, text, kind="prompt", in_minutes=60, may_schedule=may, session="isolated")
    with at("22T13:00"):
        scheduler.fire_due()
        forbidden, allowed = (begin(spine, OwnLane(LaneKind.SCHEDULE, number).id) for number in (1, 2))
        more = ScheduleTask(text="ещё", in_minutes=5)
        with pytest.raises(ToolError, match="may not schedule"):
            await tools.schedule(more, lane=forbidden.lane)
        with pytest.raises(ToolError, match="may not schedule"):
            await tools.update(UpdateScheduledTask(task_id=2, in_minutes=5), lane=forbidden.lane)
        await tools.schedule(more, lane=allowed.lane)


async def test_in_the_owners_own_session_too_but_not_what_the_owner_asks_for_meanwhile(
    spine: Spine, tools: ScheduleTools, scheduler: Scheduler
) -> None:
    with at("22T12:00"):
        await schedule(tools, "проверь почту", kind="prompt", in_minutes=60)
    with at("22T13:00"):
        scheduler.fire_due()
        turn = begin(spine, OWNER)
        more = ScheduleTask(text="ещё", in_minutes=5)
        with pytest.raises(ToolError, match="may not schedule"):
            await tools.schedule(more, lane=OWNER)
        spine.inbox.accept(Incoming("telegram:1", OWNER, Origin.OWNER, "напомни через 5 минут", NOON))
        spine.turns.join(turn, 100)
        await tools.schedule(more, lane=OWNER)


# --------------------------------------------------------- answering a reminder


@pytest.fixture
async def reminded(spine: Spine, tools: ScheduleTools, scheduler: Scheduler) -> AsyncIterator[int]:
    """The owner has just been reminded of something; the number of the task."""
    with at("22T12:00"):
        task = await schedule(tools, "позвонить", in_minutes=60)
    with at("22T13:00"):
        scheduler.fire_due()
        row = spine.outbox.next(OWNER)
        assert row is not None
        assert [choice.command for choice in row.choices] == ["/snooze 1 1h", "/snooze 1 tomorrow morning", "/done 1"]
        spine.outbox.attempting([row])
        spine.outbox.sent(row, 1)
        yield task["id"]


@pytest.mark.parametrize(
    ("words", "command"),
    [("через час", "/snooze 1 через час"), ("Завтра утром", "/snooze 1 Завтра утром"), ("Готово", "/done 1")],
)
async def test_the_next_words_after_a_reminder_answer_it(
    spine: Spine, reminded: int, commands: ScheduleCommands, words: str, command: str
) -> None:
    owner = spine.users.owner()
    assert commands.meant(words, None, owner) == command
    assert commands.meant("а что там с погодой", None, owner) is None
    spine.inbox.accept(Incoming("telegram:9", OWNER, Origin.OWNER, "а что там с погодой", NOON))
    assert commands.meant(words, None, owner) is None
    assert commands.meant(words, "schedule:1:2026-11-22T13:00:00.000Z:0", owner) == command, "a reply names it"
    assert commands.meant(words, "turn:5:0", owner) is None


async def test_a_snoozed_reminder_is_said_again_and_one_that_is_done_is_not(
    spine: Spine, reminded: int, scheduler: Scheduler, commands: ScheduleCommands
) -> None:
    owner = spine.users.owner()
    assert "14:00" not in commands.snooze(Call(owner, "1 через час")).text
    assert "17:00" in commands.snooze(Call(owner, "1 через час")).text
    with at("22T14:00"):
        scheduler.fire_due()
        assert spine.said(OWNER) == ["Напоминание: позвонить"] * 2
        commands.snooze(Call(owner, "1 завтра утром"))
        commands.done(Call(owner, "1"))
    with at("24T14:00"):
        scheduler.fire_due()
    assert spine.said(OWNER) == ["Напоминание: позвонить"] * 2
    assert spine.db.value("SELECT count(*) FROM schedule_runs WHERE acknowledged IS NOT NULL") == 1


async def test_what_recurs_keeps_its_times_when_one_is_snoozed(
    spine: Spine, tools: ScheduleTools, scheduler: Scheduler, commands: ScheduleCommands
) -> None:
    with at("22T12:00"):
        await schedule(tools, "таблетки", cron="0 9 * * *")
    with at("23T06:00"):
        scheduler.fire_due()
        commands.snooze(Call(spine.users.owner(), "1 завтра вечером"))
    for moment in ("24T06:00", "24T16:00", "25T06:00"):
        with at(moment):
            scheduler.fire_due()
    assert spine.said(OWNER) == ["Напоминание: таблетки"] * 4


# ------------------------------------------------------------------- /schedule


async def test_schedule_shows_what_comes_what_stands_what_ran_and_what_it_cost(
    spine: Spine, tools: ScheduleTools, scheduler: Scheduler, commands: ScheduleCommands
) -> None:
    owner = spine.users.owner()
    assert commands.run(Call(owner, "")).text == "По расписанию ничего нет."
    turn = await isolated(spine, tools, scheduler)
    with at("22T13:00"):
        spine.turns.finish(turn, "тихо", Usage(1000, 234, 0.0123))
        await schedule(tools, "позвонить", in_minutes=10)
        paused = await schedule(tools, "зарядка", cron="0 9 * * *")
        assert "на паузе" in commands.run(Call(owner, f"pause {paused['id']}")).text
        text = commands.run(Call(owner, "")).text
        for shown in ("№2", "позвонить", "новости", "Стоят", "№3 на паузе", "выполнено", "1234 ток.", "0.0123 USD"):
            assert shown in text
        assert "тихо" in commands.run(Call(owner, "1")).text
        assert "09:00" in commands.run(Call(owner, f"resume {paused['id']}")).text
        assert "отменено" in commands.run(Call(owner, "cancel 2")).text
        assert "Нет задания" in commands.run(Call(owner, "77")).text
        assert "сказано" in commands.run(Call(owner, "run 3")).text


async def test_what_ran_is_kept_for_ninety_days(spine: Spine, tools: ScheduleTools, scheduler: Scheduler) -> None:
    with time_machine.travel("2026-01-01T00:00:00+00:00", tick=False):
        await schedule(tools, "таблетки", cron="0 9 * * *")
    for day in ("2026-01-01", "2026-01-02", "2026-04-02"):
        with time_machine.travel(f"{day}T06:00:00+00:00", tick=False):
            scheduler.fire_due()
    kept = [row["due_at"][:10] for row in spine.db.execute("SELECT due_at FROM schedule_runs ORDER BY due_at")]
    assert kept == ["2026-01-02", "2026-04-02"]


# ------------------------------------------------------------------------ load


async def test_many_that_are_due_at_once_are_fired_in_parts_so_that_others_have_their_say(
    spine: Spine, tools: ScheduleTools, scheduler: Scheduler, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scheduler_module, "AT_ONCE", 3)
    with at("22T12:00"):
        for number in range(7):
            await schedule(tools, f"n{number}", in_minutes=60)
    with at("22T13:00"):
        for left in (4, 1, 0):
            scheduler.fire_due()
            assert len(spine.said(OWNER)) == 7 - left


async def test_a_row_that_cannot_be_read_does_not_hold_the_others(
    spine: Spine, tools: ScheduleTools, scheduler: Scheduler
) -> None:
    with at("22T12:00"):
        for text in ("one", "two"):
            await schedule(tools, text, every_minutes=60)
    spine.db.execute("UPDATE scheduled_tasks SET rule = 'cron 99 * * * *' WHERE id = 1")
    with at("22T13:00"):
        scheduler.fire_due()
    assert "Напоминание: two" in spine.said(OWNER)
    assert spine.db.value("SELECT paused FROM scheduled_tasks WHERE id = 1") == "failed"


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"at": "2026-02-30T10:00"}, "is not a date"),
        ({"at": "2222-01-01"}, "more than ten years"),
        ({"at": "2026-11-21"}, "has passed already"),
        ({"cron": "0 9 * *"}, "five fields"),
        ({"rrule": "FREQ=DAILY;COUNT=100000"}, "1000 at most"),
        ({"rrule": "FREQ=MINUTELY;BYMONTH=2;BYMONTHDAY=30"}, "every_minutes"),
        ({"rrule": "FREQ=HOURLY"}, "every_minutes or cron"),
        ({"rrule": "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30"}, "go with FREQ=MONTHLY or FREQ=YEARLY"),
        ({"rrule": "FREQ=DAILY\nRDATE:20300101T000000"}, "one RRULE"),
        ({"rrule": "FREQ=YEARLY;BYEASTER=x"}, "not a rule"),
        ({"every_minutes": 0.1}, "one minute to ten years"),
        ({"every_minutes": 1e12}, "one minute to ten years"),
        ({"in_minutes": 5, "zone": "Mars/Olympus"}, "no time zone"),
        ({"in_minutes": 5, "to": "Некто"}, "Nobody known fits"),
    ],
)
async def test_bad_input_gets_one_clear_sentence_at_once(
    tools: ScheduleTools, wrong: dict[str, Any], says: str
) -> None:
    with at("22T12:00"), pytest.raises(ToolError, match=says) as refused:
        await tools.schedule(ScheduleTask(text="x", **wrong))
    assert "\n" not in str(refused.value)
