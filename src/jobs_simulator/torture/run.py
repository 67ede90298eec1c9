"""The torture itself: rounds of traffic under faults on one and the same program, and the account of them."""

import asyncio
import contextlib
import random
import time
from collections.abc import Collection
from pathlib import Path

import apsw
from telethon.tl import types

from jobs_simulator.stage import Stage
from jobs_simulator.telegram import Account
from jobs_simulator.telegram.journal import Event

from .brain import Clerk
from .check import ANSWER, Findings, Mark, check, expected, marks
from .faults import Injector
from .report import Account as Result
from .supervisor import Supervisor
from .traffic import Message, Traffic, key

FAULTS_A_ROUND = 5
MESSAGES_A_ROUND = 12
ROUND_SECONDS = 8.0
"""Over how long a round's faults are spread."""
SLOW_EVERY = 20
"""Every so many rounds one fault is of those that take a minute."""
PATIENCE = 150.0
"""Seconds after the last fault of a round within which everything has to have been said."""
WARM_SESSIONS = "3"
"""Fewer than people, so that sessions also close and resume."""


class Torture:
    """`rounds` rounds from `seed`; `folder` holds the program's data and its log. `only`: no other kinds of faults."""

    def __init__(self, folder: Path, rounds: int, seed: int, only: Collection[str] | None = None) -> None:
        self._rounds = rounds
        self._seed = seed
        self._rng = random.Random(seed)
        self._only = only
        self._clerk = Clerk()
        self._folder = folder
        self._stage = Stage(folder, self._clerk, settings={"MAX_WARM_SESSIONS": WARM_SESSIONS, "LOG_LEVEL": "info"})
        self._traffic = Traffic(self._stage.telegram, self._stage.jobs, self._stage.owner, self._rng)
        self._heard: dict[tuple[str, Mark], float] = {}  # when each thing was first said
        self._events = 0
        self._bag: list[str] = []

    async def run(self) -> Result:
        """Run it all; returns the account."""
        began = time.monotonic()
        with (self._folder / "jobs.log").open("w", encoding="utf-8") as log:
            async with self._stage, Supervisor(self._stage, log) as program:
                await program.ready()
                injector = Injector(self._stage, program, self._traffic, self._clerk, self._rng)
                settled = True
                for number in range(1, self._rounds + 1):
                    await self._round(injector, number)
                    settled = await self._settled()
                    self._say_round(number, injector, settled)
                    if not settled:
                        break
                await injector.stop()
                if settled:
                    await program.restart()  # what a start would say again shows now
                    settled = await self._settled()
                findings = await self._findings()
                return Result(
                    self._rounds,
                    self._seed,
                    self._traffic.sent,
                    injector.struck,
                    findings,
                    self._answered(),
                    program.ended_by_itself,
                    time.monotonic() - began,
                )

    # ------------------------------------------------------------------- rounds

    async def _round(self, injector: Injector, number: int) -> None:
        """Bursts of messages while faults strike at random instants; then everybody writes once more."""
        kinds = [self._draw(injector) for _ in range(FAULTS_A_ROUND)]
        faults = [injector.kinds[kind] for kind in kinds]
        if number % SLOW_EVERY == 0:
            slow = list(injector.slow_kinds.values())
            faults[-1] = slow[number // SLOW_EVERY % len(slow)]
        instants = sorted(self._rng.uniform(0, ROUND_SECONDS) for _ in faults)

        async def strike() -> None:
            waiting: list[asyncio.Task[None]] = []
            began = time.monotonic()
            for instant, fault in zip(instants, faults, strict=True):
                await asyncio.sleep(began + instant - time.monotonic())
                waiting.append(asyncio.ensure_future(fault()))
            await asyncio.sleep(max(0.0, began + ROUND_SECONDS - time.monotonic()))
            for person in self._traffic.people:
                self._traffic.write(person)
            await asyncio.gather(*waiting)

        await asyncio.gather(strike(), self._traffic.flow(MESSAGES_A_ROUND))
        for person in self._traffic.people:
            self._traffic.write(person)

    def _draw(self, injector: Injector) -> str:
        """A kind of fault; every kind once before any comes again."""
        if not self._bag:
            self._bag = [kind for kind in injector.kinds if self._only is None or kind in self._only]
            self._rng.shuffle(self._bag)
        return self._bag.pop()

    def _say_round(self, number: int, injector: Injector, settled: bool) -> None:
        state = "settled" if settled else f"not settled after {PATIENCE:g} s"
        so_far = f"{len(self._traffic.sent)} messages, {len(injector.struck)} faults"
        print(f"round {number}/{self._rounds}: {so_far}, {state}", flush=True)

    # ----------------------------------------------------------------- listening

    async def _settled(self) -> bool:
        """Wait until everything was said that has to be. False when that takes too long."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE):
                while self._open():
                    await self._stage.telegram.wait_for(self._is_said, timeout=PATIENCE, since=self._events)
                return True
        return False

    def _open(self) -> set[tuple[str, Mark]]:
        self._listen()
        wanted = expected(self._traffic.sent, key(self._traffic.owner))
        return {(person, mark) for person, found in wanted.items() for mark in found} - self._heard.keys()

    def _is_said(self, event: Event) -> bool:
        return event.kind == "message" and event.account is self._stage.jobs

    def _listen(self) -> None:
        """Note when each thing was said for the first time, from the server's journal."""
        log = self._stage.telegram.log
        for event in log[self._events :]:
            if self._is_said(event) and isinstance(event.peer, Account):
                person = key(event.peer)
                media = event.message.media if event.message else None
                text = media.data.decode() if media else event.text  # an answer over three messages is a document
                for mark in marks(text, to_owner=person == key(self._traffic.owner)):
                    self._heard.setdefault((person, mark), event.at)
        self._events = len(log)

    def _answered(self) -> list[tuple[Message, float]]:
        """Every message that was answered, with when."""
        answers = ((message, (message.writer, Mark(ANSWER, message.number))) for message in self._traffic.sent)
        return [(message, self._heard[said]) for message, said in answers if said in self._heard]

    # ------------------------------------------------------------------ checking

    async def _findings(self) -> Findings:
        """What everyone's client shows in the chat with Jobs, and the tasks there are, held against what was sent."""
        seen = {}
        for person in self._traffic.people:
            async with self._stage.person(person) as chat:
                messages = chat.client.iter_messages(self._stage.jobs.username, reverse=True)
                seen[key(person)] = [await _words(message) async for message in messages if not message.out]
        database = apsw.Connection(str(self._stage.data / "db.sqlite"), flags=apsw.SQLITE_OPEN_READONLY)
        try:
            titles = [str(title) for (title,) in database.execute("SELECT title FROM user_tasks")]
        finally:
            database.close()
        findings = check(self._traffic.sent, seen, key(self._traffic.owner), titles)
        troubles = [*self._stage.telegram.world.bugs, *self._stage.model.brain_errors]
        findings.strange += [f"the simulator itself failed: {error!r}" for error in troubles]
        return findings


async def _words(message: types.Message) -> str:
    """All that a message says: a long answer is a document, under its beginning."""
    if not message.document:
        return str(message.message)
    content = await message.download_media(bytes)
    return bytes(content).decode()
