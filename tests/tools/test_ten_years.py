"""Ten simulated years: whatever is killed, restarted, put to sleep or set to another time, each time counts once.

The clock stands still but for what the test does with it: the program looks when its timer would have (or late, after a
sleep of the machine), a look may be cut off by a kill anywhere in its transaction, and the clock may be set.
"""

import random
from collections.abc import Callable
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise, takewhile
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.support import OWNER, Spine, spine_in

from jobs.db import Database
from jobs.times import from_text, to_text
from jobs.tools import schedule_runs
from jobs.tools.recurrence import Rule
from jobs.tools.scheduler import ON_TIME, WORTH_RUNNING

YEARS = 10
START = datetime(2024, 1, 1, tzinfo=UTC)
END = START.replace(year=START.year + YEARS)
ZONES = ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Africa/Casablanca", "Pacific/Apia", "UTC"]
RULES = [
    None,
    "every 604800",
    "every 2592000",
    "every 93600",
    "cron 30 2 * * 0",
    "cron 15 1,3 1,15 * *",
    "cron 0 9 29 2 *",
    "rrule FREQ=MONTHLY;BYDAY=-1FR",
    "rrule FREQ=WEEKLY;INTERVAL=2;BYDAY=SU;BYHOUR=2;BYMINUTE=30",
    "rrule FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU;BYHOUR=2",
    "rrule FREQ=DAILY;INTERVAL=3;COUNT=200",
]


class Killed(Exception):
    """kill -9, as far as a transaction can tell."""


@dataclass(frozen=True)
class Task:
    rule: str | None
    zone: str
    missed: str
    starts: datetime

    def times(self) -> list[datetime]:
        """Every moment at which it is due: what a calendar would say."""
        if self.rule is None:
            return [self.starts]
        occurrences = Rule.parse(self.rule).after(self.starts - timedelta(seconds=1), self.starts, ZoneInfo(self.zone))
        return list(takewhile(lambda each: each < END, occurrences))


TASKS = st.builds(
    Task,
    st.sampled_from(RULES),
    st.sampled_from(ZONES),
    st.sampled_from(["run", "skip", "ask"]),
    st.integers(1, 60 * 24 * 400).map(lambda minutes: START + timedelta(minutes=minutes)),
)


@contextmanager
def killed_in(db: Database, statements: int) -> Any:
    """The program dies before its so-and-so-manyth statement: what was not committed has not happened."""
    execute, left = db.execute, statements

    def counted(*arguments: Any) -> Any:
        nonlocal left
        left -= 1
        if left < 0:
            raise Killed
        return execute(*arguments)

    db.execute = counted  # type: ignore[method-assign]
    try:
        with suppress(Killed):
            yield
    finally:
        db.execute = execute  # type: ignore[method-assign]


class Life:
    """The program over the years. `chance` decides what happens to it."""

    def __init__(self, spine: Spine, chance: random.Random) -> None:
        self._spine = spine
        self._chance = chance
        self._scheduler = spine.scheduler()

    def live(self, clock: Callable[[datetime], Any]) -> None:
        moment = START
        while moment < END:
            clock(moment)
            due = self._look()
            moment = min(END, self._next(moment, due or END))
        clock(END)
        while (due := self._scheduler.fire_due()) and due <= END:
            pass

    def _look(self) -> datetime | None:
        """Look at what is due; one time in ten it is killed on the way, and started again."""
        if self._chance.random() < 0.1:
            with killed_in(self._spine.db, self._chance.randrange(1, 12)):
                self._scheduler.fire_due()
            self._scheduler = self._spine.scheduler()
        while due := self._scheduler.fire_due():
            if due > from_text(to_text(datetime.now(UTC))):
                return due
        return None

    def _next(self, moment: datetime, due: datetime) -> datetime:
        """When it looks again: on time, late by a sleep, at a start in between, or after the clock was set back."""
        dice = self._chance.random()
        if dice < 0.75:
            return max(due, moment + timedelta(seconds=1)) + timedelta(milliseconds=self._chance.randrange(200))
        if dice < 0.85:
            return max(due, moment) + timedelta(hours=self._chance.choice([1, 5, 13, 24 * 3, 24 * 40]))
        if dice < 0.95:
            self._scheduler = self._spine.scheduler()
            return moment + (due - moment) / 2 + timedelta(seconds=1)
        return moment - timedelta(hours=self._chance.choice([1, 5, 30])) if moment > START + timedelta(days=2) else due


@given(tasks=st.lists(TASKS, min_size=1, max_size=4), seed=st.integers(0, 2**32))
@settings(max_examples=6, suppress_health_check=list(HealthCheck))
def test_every_time_of_ten_years_happened_once_or_is_recorded_as_missed(
    tmp_path_factory: pytest.TempPathFactory, tasks: list[Task], seed: int
) -> None:
    folder: Path = tmp_path_factory.mktemp("years")
    with spine_in(folder) as spine, time_machine.travel(START, tick=False) as clock:
        spine.db.execute("PRAGMA synchronous = OFF")
        spine.db.SYNCHRONOUS = "OFF"  # type: ignore[misc]
        for number, task in enumerate(tasks, 1):
            spine.db.execute(
                """INSERT INTO scheduled_tasks (id, text, due_at, zone, rule, starts_at, missed, created_at)
                   VALUES (?, ?, ?, ?, ?, ?, ?, ?)""",
                (
                    number,
                    f"task {number}",
                    to_text((task.times() or [END])[0]),
                    task.zone,
                    task.rule,
                    to_text(task.starts),
                    task.missed,
                    to_text(START),
                ),
            )
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(schedule_runs, "KEPT", timedelta(days=20 * 366))  # the record is what is looked at
            Life(spine, random.Random(seed)).live(clock.move_to)
        for number, task in enumerate(tasks, 1):
            _accounted_for(spine, number, task)


def _accounted_for(spine: Spine, number: int, task: Task) -> None:
    rows = spine.db.execute("SELECT * FROM schedule_runs WHERE task_id = ? ORDER BY since", (number,))
    runs = [(*(from_text(row[name]) for name in ("since", "due_at", "ran_at")), row["outcome"]) for row in rows]
    times = task.times()
    assert all(earlier[1] < later[0] for earlier, later in pairwise(runs)), "no time is accounted for twice"
    for since, due, _, _ in runs:
        assert {since, due} <= set(times), "nothing happens that was not due"
    accounted = {each for since, due, ran, _ in runs for each in times if since <= each <= max(due, ran)}
    assert accounted == set(times), "no time is forgotten"
    said = {row["key"] for row in spine.db.execute("SELECT key FROM outbox WHERE chat = ?", (OWNER,))}
    for _, due, ran, outcome in runs:
        late = ran - due
        happens = late <= ON_TIME or (task.missed == "run" and (late <= WORTH_RUNNING or task.rule is None))
        assert outcome == ("said" if happens else "missed")
        key = f"schedule:{number}:{to_text(due)}"
        assert (f"{key}:0" in said) == happens, "what happened was said, once: its key is unique"
        assert (f"{key}:missed:0" in said) == (not happens and task.missed == "ask")
    assert len([key for key in said if key.startswith(f"schedule:{number}:") and "missed" not in key]) == len(
        [outcome for *_, outcome in runs if outcome == "said"]
    ), "nothing else was said"
