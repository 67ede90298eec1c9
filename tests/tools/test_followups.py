"""Reminders by the ladder: when, to whom, how often; each step once; and the owner when nobody answers."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine
from tests.support import MASHA, MOSCOW, OWNER, PETYA, Spine

from jobs.spine.switches import Switches
from jobs.times import QuietHours, now
from jobs.tools.followups import Followups
from jobs.tools.ladder import ladder
from jobs.users.model import Task, TaskKind, TaskStatus
from jobs.users.task_answers import Answers
from jobs.users.task_states import Actor
from jobs.users.tasks import Tasks, Wanted
from jobs.users.terms import Bounds, Terms

QUIET = QuietHours(time(21), time(9))
TOKYO = ZoneInfo("Asia/Tokyo")


def moscow(day: int, hour: int, minute: int = 0) -> datetime:
    """A moment of November 2026 in the owner's zone."""
    return datetime(2026, 11, day, hour, minute, tzinfo=MOSCOW)


class Days:
    """A followed-up world whose clock the test moves. Everything begins on the 23rd at noon."""

    def __init__(self, spine: Spine, clock: Any) -> None:
        self.spine = spine
        self.clock = clock
        self.tasks: Tasks = spine.tasks(confirm=False)
        self.follow = Followups(spine.db, spine.outbox, spine.users, QUIET)

    def give(self, title: str, deadline: datetime | None, user: int = MASHA, **more: Any) -> Task:
        person = self.spine.users.get(user)
        assert person is not None
        task = self.tasks.give(person, Wanted(title, deadline=deadline, **more)).task
        self.spine.send_all(user)
        return self.tasks.get(task.id)

    def at(self, moment: datetime) -> list[str]:
        """Move the clock there; returns what is said to anybody because of it, by key."""
        before = self.keys()
        self.clock.move_to(moment)
        self.follow.fire()
        self.follow.fire()
        return [key for key in self.keys() if key not in before]

    def keys(self) -> list[str]:
        return [row["key"] for row in self.spine.db.execute("SELECT key FROM outbox WHERE key GLOB '*:0' ORDER BY id")]

    def steps(self, task: Task, until: datetime) -> list[datetime]:
        """When this task is spoken of until then, if nobody ever answers."""
        found = []
        while (step := self.follow.next_step(self.tasks.get(task.id))) and step <= until:
            found.append(step)
            self.clock.move_to(step)
            self.follow.fire()
        return found


@pytest.fixture
def days(spine: Spine) -> Iterator[Days]:
    with time_machine.travel(moscow(23, 12), tick=False) as clock:
        yield Days(spine, clock)


def test_a_day_before_and_on_the_day_then_the_owner_is_asked_and_nobody_is_reminded_any_more(days: Days) -> None:
    task = days.give("Отчёт", moscow(26, 18))
    assert days.steps(task, moscow(30, 0)) == [moscow(25, 10), moscow(26, 10), moscow(27, 10)]
    told = days.spine.db.execute("SELECT chat, text FROM outbox WHERE key GLOB 'task:1:step:*' ORDER BY id")
    assert told[0]["chat"] == MASHA
    assert OWNER in [row["chat"] for row in told]
    asked = "\n".join(row["text"] for row in told if row["chat"] == OWNER)
    assert "не отвечает" in asked
    assert "/remind 1" in asked
    assert days.follow.next_step(days.tasks.get(task.id)) is None


def test_whoever_answers_is_reminded_again_daily_when_it_is_overdue(days: Days) -> None:
    task = days.give("Отчёт", moscow(26, 18))
    for day in (25, 26, 27, 28, 29):
        assert days.at(moscow(day, 10)) == [f"task:{task.id}:step:{day - 24}:0"]
        days.spine.users.remember(MASHA, "Мария Иванова", contact_at=now() + timedelta(minutes=5))
    assert "Срок задачи 1" in days.spine.said(MASHA)[-3]


def test_several_tasks_of_a_person_are_one_message_and_each_step_is_taken(days: Days) -> None:
    first, second = days.give("Отчёт", moscow(26, 18)), days.give("Макет", moscow(26, 12))
    other = days.give("Report", moscow(26, 12), PETYA)
    assert days.at(moscow(25, 10)) == [f"task:{second.id}:step:1:0", f"task:{other.id}:step:1:0"]
    said = "\n".join(days.spine.said(MASHA))
    assert f"· Напоминаю: задача {first.id} «Отчёт»" in said
    assert f"· Напоминаю: задача {second.id} «Макет»" in said
    assert days.at(moscow(25, 15)) == []


def test_a_step_is_taken_once_over_restarts(days: Days) -> None:
    task = days.give("Отчёт", moscow(26, 18))
    assert days.at(moscow(25, 10)) == [f"task:{task.id}:step:1:0"]
    again = Followups(days.spine.db, days.spine.outbox, days.spine.users, QUIET)
    assert again.fire() == moscow(26, 10)
    assert days.keys().count(f"task:{task.id}:step:1:0") == 1


def test_steps_missed_while_jobs_was_down_are_one(days: Days) -> None:
    days.give("Отчёт", moscow(26, 18))
    assert days.at(moscow(28, 11)) == ["task:1:step:1:0"]
    assert days.at(moscow(28, 12)) == []


def test_quiet_hours_and_days_are_those_of_the_persons_zone(days: Days) -> None:
    task = days.give("Отчёт", moscow(26, 12))
    assert days.follow.next_step(task) == moscow(25, 10)
    days.spine.users.set_zone(MASHA, TOKYO)
    assert days.follow.next_step(task) == datetime(2026, 11, 25, 10, tzinfo=TOKYO)
    assert days.at(datetime(2026, 11, 25, 22, tzinfo=TOKYO)) == []  # it fell due while Jobs was down
    assert days.at(datetime(2026, 11, 26, 9, tzinfo=TOKYO)) == [f"task:{task.id}:step:1:0"]


@pytest.mark.parametrize(
    ("moment", "awake"),
    [((20, 59), (20, 59)), ((21, 0), (33, 0)), ((3, 0), (9, 0)), ((9, 0), (9, 0)), ((12, 0), (12, 0))],
)
def test_what_falls_into_quiet_hours_waits_for_their_end(moment: tuple[int, int], awake: tuple[int, int]) -> None:
    midnight = moscow(25, 0)
    then = midnight + timedelta(hours=moment[0], minutes=moment[1])
    assert QUIET.awake(then, MOSCOW) == midnight + timedelta(hours=awake[0], minutes=awake[1])
    assert QuietHours(time(1), time(6)).awake(midnight, MOSCOW) == midnight
    assert QuietHours(time(1), time(6)).awake(midnight + timedelta(hours=1), MOSCOW) == midnight + timedelta(hours=6)
    assert QuietHours(time(9), time(9)).awake(midnight, MOSCOW) == midnight


def test_nobody_is_reminded_while_they_write_or_wait_for_an_answer(days: Days) -> None:
    task = days.give("Отчёт", moscow(26, 18))
    days.spine.users.remember(MASHA, "Мария Иванова", contact_at=moscow(25, 9, 55))
    assert days.follow.next_step(task) == moscow(25, 10, 5)
    assert days.at(moscow(25, 10)) == []
    days.spine.accept("уже почти", MASHA)
    days.clock.move_to(moscow(25, 11))
    assert days.follow.fire() == moscow(25, 11, 1)
    turn = days.spine.turns.begin(MASHA)
    assert turn is not None
    assert days.at(moscow(25, 11, 1)) == []
    days.spine.db.execute("UPDATE inbox SET state = 'done'")
    assert days.at(moscow(25, 11, 2)) == ["task:1:step:1:0"]


def test_a_person_may_hold_reminders_back(days: Days) -> None:
    task = days.give("Отчёт", moscow(26, 18))
    days.spine.users.mute(MASHA, moscow(25, 22))
    assert days.follow.next_step(task) == moscow(26, 9)
    days.spine.users.mute(MASHA, None)
    assert days.follow.next_step(task) == moscow(25, 10)


def test_a_deadline_that_moves_begins_the_ladder_anew_with_steps_of_its_own(days: Days) -> None:
    task = days.give("Отчёт", moscow(26, 18))
    assert days.at(moscow(25, 10)) == ["task:1:step:1:0"]
    days.tasks.change(days.tasks.get(task.id), deadline=moscow(29, 18))
    days.spine.send_all(MASHA)
    assert days.at(moscow(26, 12)) == []
    assert days.at(moscow(28, 10)) == ["task:1:step:2:0"]


def test_the_owner_who_is_asked_may_have_them_reminded_once_more(days: Days) -> None:
    task = days.give("Отчёт", moscow(26, 18))
    days.steps(task, moscow(27, 10))
    days.clock.shift(timedelta(hours=1))
    days.tasks.remind(days.tasks.get(task.id))
    assert "Напоминаю о задаче 1" in days.spine.said(MASHA)[-2]
    assert days.follow.next_step(days.tasks.get(task.id)) == moscow(28, 10)


@pytest.mark.parametrize("status", [TaskStatus.DONE, TaskStatus.DECLINED, TaskStatus.CANCELLED, TaskStatus.VERIFIED])
def test_nobody_is_reminded_of_what_is_closed(days: Days, status: TaskStatus) -> None:
    task = days.give("Отчёт", moscow(26, 18))
    actor = Actor.PERSON if status in (TaskStatus.DONE, TaskStatus.DECLINED) else Actor.OWNER
    assert days.follow.next_step(days.tasks.move(task, status, actor)) is None


def test_nobody_is_reminded_of_what_they_were_never_told_nor_while_the_owner_owes_an_answer(
    days: Days, tmp_path: Any
) -> None:
    person = days.spine.users.get(MASHA)
    assert person is not None
    untold = days.tasks.give(person, Wanted("Отчёт", deadline=moscow(26, 18))).task
    assert days.follow.next_step(untold) is None
    task = days.give("Макет", moscow(26, 18))
    Answers(days.tasks, MASHA, tmp_path).propose(task, Terms(deadline=moscow(30, 18)), "можно позже?")
    assert days.follow.next_step(days.tasks.get(task.id)) is None


def test_without_a_deadline_there_are_no_reminders_and_a_meeting_that_took_place_is_not_overdue(
    days: Days, tmp_path: Any
) -> None:
    assert days.follow.next_step(days.give("Когда-нибудь", None)) is None
    slots = (moscow(26, 15),)
    meeting = days.give("Созвон", None, kind=TaskKind.MEETING, bounds=Bounds(slots=slots))
    Answers(days.tasks, MASHA, tmp_path).pick(meeting, 1)
    assert days.steps(meeting, moscow(30, 0)) == [moscow(25, 10), moscow(26, 10)]


def test_what_is_given_at_the_last_moment_is_not_reminded_of_at_once(days: Days) -> None:
    days.clock.move_to(moscow(25, 9, 30))
    task = days.give("Отчёт", moscow(26, 18))
    assert days.follow.next_step(task) == moscow(26, 10)


def test_an_early_deadline_is_spoken_of_before_it(days: Days) -> None:
    task = days.give("Отчёт", moscow(26, 10, 30))
    days.at(moscow(25, 10))
    assert days.follow.next_step(days.tasks.get(task.id)) == moscow(26, 9, 30)


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Asia/Kolkata", "UTC"])
def test_the_ladder_keeps_to_the_local_clock_over_changes_of_it(zone: str) -> None:
    here = ZoneInfo(zone)
    deadline = datetime(2026, 3, 30, 18, tzinfo=here)
    moment, found = datetime(2026, 3, 1, tzinfo=UTC), []
    for _ in range(5):
        step = ladder().next_after(moment, deadline, here)
        assert step is not None
        found.append(step.astimezone(here))
        moment = step
    assert [(each.day, each.hour) for each in found] == [(29, 10), (30, 10), (31, 10), (1, 10), (2, 10)]


async def test_the_timer_takes_a_step_by_itself_and_not_while_all_is_frozen(spine: Spine) -> None:
    said = asyncio.Event()
    switches = Switches(spine.db, OWNER)
    tasks = spine.tasks(confirm=False)
    person = spine.users.get(MASHA)
    assert person is not None
    with time_machine.travel(moscow(23, 12), tick=False):
        task = tasks.give(person, Wanted("Отчёт", deadline=moscow(26, 18))).task
        spine.send_all(MASHA)
    spine.outbox.on_queued = lambda chat: said.set() if chat == MASHA else None
    with time_machine.travel(moscow(25, 10), tick=True):
        switches.freeze()
        follow = Followups(spine.db, spine.outbox, spine.users, QUIET)
        follow.timer.start()
        assert not said.is_set()
        switches.resume()
        follow.timer.look()
        async with asyncio.timeout(5):
            await said.wait()
        follow.timer.stop()
    assert spine.db.value("SELECT count(*) FROM task_steps WHERE task_id = ?", (task.id,)) == 1
