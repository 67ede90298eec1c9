"""The morning digest: what it says, once a day, and that it is silent when there is nothing."""

from datetime import datetime, time

import pytest
import time_machine
from tests.support import MASHA, MOSCOW, OWNER, PETYA, Spine

from jobs.tools.digest import Digest
from jobs.users.model import Task, TaskStatus
from jobs.users.task_states import Actor
from jobs.users.tasks import Tasks, Wanted


def moscow(day: int, hour: int) -> datetime:
    return datetime(2026, 11, day, hour, tzinfo=MOSCOW)


@pytest.fixture
def tasks(spine: Spine) -> Tasks:
    return spine.tasks()


def give(tasks: Tasks, title: str, deadline: datetime | None, user: int = MASHA) -> Task:
    person = tasks.users.get(user)
    assert person is not None
    return tasks.give(person, Wanted(title, deadline=deadline)).task


def digest(spine: Spine, tasks: Tasks, at: time | None = time(9)) -> Digest:
    return Digest(spine.db, spine.outbox, spine.users, tasks.letters, at)


def digests(spine: Spine) -> list[str]:
    rows = spine.db.execute(
        "SELECT group_concat(text, char(10)) AS text FROM outbox WHERE key GLOB 'digest:*' GROUP BY substr(key, 1, 17)"
    )
    return [row["text"] for row in rows]


def test_it_says_what_is_overdue_due_today_and_waits_for_a_decision(spine: Spine, tasks: Tasks) -> None:
    with time_machine.travel(moscow(23, 12), tick=False):
        give(tasks, "Опоздало", moscow(24, 18))
        give(tasks, "Сегодня", moscow(25, 18))
        give(tasks, "Потом", moscow(28, 18))
        tasks.move(give(tasks, "Готово", moscow(28, 18)), TaskStatus.DONE, Actor.PERSON)
        give(tasks, "Not sent", None, PETYA)
    with time_machine.travel(moscow(25, 9), tick=False):
        assert digest(spine, tasks).fire() == moscow(26, 9)
    (said,) = digests(spine)
    heads = ["Просрочено:", "Опоздало", "Срок сегодня:", "Сегодня", "Ждёт вашего решения:", "Готово", "/send 1"]
    assert sorted(heads, key=said.index) == heads
    assert "Потом" not in said
    assert spine.db.value("SELECT chat FROM outbox WHERE key GLOB 'digest:*'") == OWNER


def test_it_comes_once_a_day_over_restarts_and_not_hours_late(spine: Spine, tasks: Tasks) -> None:
    with time_machine.travel(moscow(23, 12), tick=False):
        give(tasks, "Отчёт", moscow(24, 18))
    for day, hour, count in ((25, 8, 0), (25, 9, 1), (25, 10, 1), (26, 20, 1), (26, 21, 1), (27, 11, 2)):
        with time_machine.travel(moscow(day, hour), tick=False):
            digest(spine, tasks).fire()
        assert len(digests(spine)) == count, (day, hour)


def test_it_is_silent_when_there_is_nothing_and_when_it_is_off(spine: Spine, tasks: Tasks) -> None:
    with time_machine.travel(moscow(25, 9), tick=False):
        assert digest(spine, tasks).fire() == moscow(26, 9)
        give(tasks, "Сегодня", moscow(25, 18))
        digest(spine, tasks).fire()  # a task that came after the morning waits for the next one
        assert digest(spine, tasks, None).fire() is None
    assert digests(spine) == []


def test_a_declined_task_from_before_there_was_a_history_does_not_break_it(spine: Spine, tasks: Tasks) -> None:
    with time_machine.travel(moscow(24, 12), tick=False):
        tasks.move(give(tasks, "Старое", None), TaskStatus.DECLINED, Actor.PERSON)
    spine.db.execute("DELETE FROM task_history")
    with time_machine.travel(moscow(25, 9), tick=False):
        assert digest(spine, tasks).fire() == moscow(26, 9)
    assert digests(spine) == []
