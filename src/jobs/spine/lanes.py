"""Lanes: one turn at a time for each person, people in parallel, in the order they came."""

import asyncio
from collections.abc import Awaitable, Callable

import apsw
import structlog

from jobs.spine.inbox import Inbox
from jobs.spine.model import Turn
from jobs.spine.turns import Turns

log = structlog.get_logger()

STORAGE_PAUSE = 5.0
"""Seconds before a lane tries again after the database refused to be written (a full disk)."""


class Lanes:
    """Runs turns, at most `slots` at a time; one place is kept for the lane `first` (the owner's).

    `handle` brings a turn to an end (finished, put off or set aside) and does not raise. A lane that `may_begin`
    refuses takes nothing, not even into a running turn; whoever changes that calls `wake_all`.
    """

    def __init__(
        self,
        inbox: Inbox,
        turns: Turns,
        handle: Callable[[Turn], Awaitable[None]],
        *,
        slots: int,
        first: int,
        may_begin: Callable[[int], bool] = lambda _lane: True,
    ) -> None:
        self._inbox = inbox
        self._turns = turns
        self._handle = handle
        self._slots = asyncio.Semaphore(max(1, slots - 1))
        self._first = first
        self._may_begin = may_begin
        self._first_slot = asyncio.Semaphore(1) if slots > 1 else self._slots
        self._running: dict[int, asyncio.Task[None]] = {}
        self._woken: set[int] = set()  # woken while running: a wake between the last look and the end is not lost
        self._timers: dict[int, asyncio.TimerHandle] = {}
        self._taking = False
        self.on_more: Callable[[int], None] = lambda lane: None
        """Told when something comes to a lane whose turn is running."""
        self.on_waiting: Callable[[int], None] = lambda lane: None
        """Told when something may have come to a lane, before anything is done with it."""
        inbox.on_accepted = self.wake

    def start(self) -> None:
        """Begin with whatever was left open."""
        self._taking = True
        self.wake_all()

    def wake_all(self) -> None:
        """Look into every lane in which something is open."""
        for lane in self._inbox.open_lanes():
            self.wake(lane)

    def wake(self, lane: int) -> None:
        """Something may have to be done in the lane."""
        if timer := self._timers.pop(lane, None):
            timer.cancel()
        if not self._may_begin(lane):
            return
        self.on_waiting(lane)
        if lane in self._running:
            self._woken.add(lane)
            # Not at once: what woke the lane may be part of a transaction that is still to be committed, or taken back.
            asyncio.get_running_loop().call_soon(self._tell_of_more, lane)
        elif self._taking:
            task = asyncio.create_task(self._run(lane), name=f"lane-{lane}")
            self._running[lane] = task
            task.add_done_callback(lambda _: self._stopped(lane))

    def _tell_of_more(self, lane: int) -> None:
        try:
            if settling := self._turns.settles_in(lane):
                self._later(lane, settling)
            else:
                self.on_more(lane)
        except apsw.Error as error:
            log.error("a message did not join the running turn", lane=lane, error=str(error))  # the next one takes it

    async def _run(self, lane: int) -> None:
        while self._taking:
            async with self._first_slot if lane == self._first else self._slots:
                self._woken.discard(lane)
                if not (self._taking and self._turns.is_open(lane) and self._may_begin(lane)):
                    return
                turn = self._turns.begin(lane)
                if turn is None:
                    return
                await self._handle(turn)

    def _stopped(self, lane: int) -> None:
        """The lane's task has ended: see whether something came in the meantime, or is due later."""
        task = self._running.pop(lane)
        woken = lane in self._woken
        self._woken.discard(lane)
        if not self._taking or task.cancelled():
            return
        if error := task.exception():
            log.error("lane failed", lane=lane, error=repr(error))
            self._later(lane, STORAGE_PAUSE)
        elif woken:
            self.wake(lane)
        elif (delay := self._turns.due_in(lane)) is not None:
            self._later(lane, delay)

    def _later(self, lane: int, delay: float) -> None:
        if timer := self._timers.pop(lane, None):
            timer.cancel()
        self._timers[lane] = asyncio.get_running_loop().call_later(delay, self.wake, lane)

    @property
    def busy(self) -> int:
        """How many lanes have a turn running or waiting for a place."""
        return len(self._running)

    async def drain(self, seconds: float) -> None:
        """Begin nothing new, give running turns so long to end, then cut them off (the next start runs them again)."""
        self._taking = False
        for timer in self._timers.values():
            timer.cancel()
        tasks = list(self._running.values())
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=seconds)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
