"""The scenario's steps about time: a reminder and its snooze, beats of the heartbeat, and what recurs over a kill."""

import os
from collections.abc import Awaitable, Callable
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from jobs.db import LOOK_AGAIN
from jobs_simulator.chat import Chat
from jobs_simulator.clock import Clock
from jobs_simulator.model import ModelRequest
from jobs_simulator.output import show
from jobs_simulator.stage import Program, Stage

ZONE = ZoneInfo("Europe/Moscow")
"""Where the stage's owner lives."""
NOTIFY = "mcp__jobs__notify_owner"
SCHEDULE = "mcp__jobs__schedule_task"


def move_clock(clock: Clock, program: Program, there: datetime) -> None:
    """Set the program's clock, and have it look at what is due now."""
    show(f"\n--- the clock is moved to {there:%Y-%m-%d %H:%M} ---\n")
    clock.set((there - datetime.now(ZONE)).total_seconds())
    os.kill(program.pid, LOOK_AGAIN)


class TimeSteps:
    """`step` plays one and says whether it came true; `check` says whether a claim holds."""

    def __init__(
        self,
        stage: Stage,
        clock: Clock,
        owner: Chat,
        step: Callable[[str, Awaitable[str]], Awaitable[None]],
        check: Callable[[str, bool], None],
    ) -> None:
        self._stage = stage
        self._clock = clock
        self._owner = owner
        self._step = step
        self._check = check
        self._now = datetime.now(ZONE)

    def _later(self, program: Program, **much: int) -> None:
        self._now += timedelta(**much)
        move_clock(self._clock, program, self._now)

    def _on_day(self, program: Program, days: int, clock: time) -> None:
        self._now = datetime.combine(datetime.now(ZONE).date() + timedelta(days=days), clock, ZONE)
        move_clock(self._clock, program, self._now)

    async def reminder(self, program: Program) -> None:
        owner = self._owner
        asked = owner.ask("Напомни мне через 20 минут позвонить в банк", "Напомню", "позвонить в банк")
        await self._step("a reminder is asked for", asked)
        self._later(program, minutes=21)
        await self._step("it comes when it is due", owner.expect("Напоминание: позвонить в банк"))
        await self._step("it is put off in three words", owner.ask("через час", "Напомню", "позвонить в банк"))
        self._later(program, minutes=61)
        await self._step("and comes again", owner.expect("Напоминание: позвонить в банк"))
        await self._step("and is done", owner.ask("готово", "отмечено"))

    async def beats(self, program: Program) -> None:
        owner = self._owner
        self._later(program, minutes=31)
        await self._step("the heartbeat has looked, and found nothing", owner.ask("/heartbeat", "нечего решать"))
        self._check("no model was asked because of it", self._asked_by_beats() == [])
        note = self._stage.workspace / "HEARTBEAT.md"
        note.write_text("- every 6 h: отчёт от подрядчика ещё не пришёл\n", encoding="utf-8")
        self._later(program, minutes=31)
        await self._step("a beat with something due tells the owner", owner.expect("отчёт от подрядчика"))
        self._check("exactly one request to the model came of it", len(self._asked_by_beats()) == 1)
        self._later(program, minutes=31)
        await self._step("the next beat is silent again", owner.ask("/heartbeat", "модель спрошена"))
        self._check("the same is not asked twice", len(self._asked_by_beats()) == 1)
        note.unlink()

    def _asked_by_beats(self) -> list[ModelRequest]:
        """The requests of the heartbeat's sessions: they may notify, and may not schedule."""
        return [each for each in self._stage.model.requests if NOTIFY in each.tools and SCHEDULE not in each.tools]

    async def recurring(self, program: Program) -> None:
        owner = self._owner
        await self._step(
            "something daily is asked for",
            owner.ask("Напоминай каждый день в 10:00 выпить воды", "Напомню", "выпить воды"),
        )
        self._on_day(program, 1, time(10, 0, 30))
        await self._step("it comes on the first day", owner.expect("Напоминание", "выпить воды"))

    async def recurring_after_restart(self, program: Program) -> None:
        owner = self._owner
        self._on_day(program, 2, time(10, 0, 30))
        await self._step("after the kill it comes on the second", owner.expect("Напоминание", "выпить воды"))
        said = [text for text in owner.heard if text.startswith("Напоминание") and "выпить воды" in text]
        self._check("once each day", len(said) == 2)
        await self._step("/schedule shows it", owner.ask("/schedule", "выпить воды", "повторяется"))
        await self._step("it is cancelled", owner.ask("/schedule cancel 2", "отменено"))
        self._clock.set(0)
