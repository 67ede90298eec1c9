"""The faults, each as one function that makes it happen at once or lays it in wait for what happens next."""

import asyncio
import contextlib
import os
import random
import signal
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Literal

from telethon.tl import functions, types

from jobs_simulator.model import ApiError, Cut, ModelRequest, Stall
from jobs_simulator.model.parts import Fault as ModelFault
from jobs_simulator.stage import Stage
from jobs_simulator.telegram import Fault, PushFault

from .brain import Clerk, open_wishes
from .supervisor import Supervisor
from .traffic import Traffic, key

SEND = functions.messages.SendMessageRequest


@dataclass(frozen=True)
class Struck:
    """A fault that took effect. `person`: whom it concerned, None for everybody."""

    kind: str
    at: float
    """Seconds of the monotonic clock."""
    person: str | None = None


class Injector:
    """Makes faults. `struck` grows by one for each that took effect; what was laid in wait may take effect later."""

    def __init__(self, stage: Stage, program: Supervisor, traffic: Traffic, clerk: Clerk, rng: random.Random) -> None:
        self._stage = stage
        self._program = program
        self._traffic = traffic
        self._clerk = clerk
        self._rng = rng
        self.struck: list[Struck] = []
        self._killed_sessions: dict[str, int] = {}  # by person: how many messages they had sent at the last kill
        self._clock_behind = 0
        self._watching: list[asyncio.Task[None]] = []
        self._names = {person.id: key(person) for person in traffic.people}
        kinds: dict[str, Callable[[], Awaitable[None]]] = {
            "kill -9 of Jobs": self.kill_jobs,
            "kill -9 of Jobs while it starts": self.kill_starting,
            "kill -9 of a CLI process": self.kill_session,
            "connection cut": self.cut,
            "connection cut before a send": lambda: self.cut_send("before"),
            "connection cut after a send": lambda: self.cut_send("after"),
            "Telegram's server gone": lambda: self.server_away(rng.uniform(0.5, 5)),
            "update delivered twice": lambda: self.push("duplicate"),
            "updates out of order": lambda: self.push("reorder"),
            "update never pushed": lambda: self.push("withhold"),
            "updates only by history": self.only_by_history,
            "FLOOD_WAIT": lambda: self.flood(rng.randint(1, 3)),
            "model: 401": lambda: self.model(ApiError(401), "model: 401"),
            "model: 429 with retry-after": lambda: self.model(
                ApiError(429, headers={"retry-after": str(rng.randint(1, 2))}), "model: 429 with retry-after"
            ),
            "model: 500": lambda: self.model(ApiError(500), "model: 500"),
            "model: 529": lambda: self.model(ApiError(529), "model: 529"),
            "model: stream cut": lambda: self.model(Cut(rng.choice([None, *range(1, 900, 50)])), "model: stream cut"),
            "model: stream stalled": lambda: self.stall(rng.uniform(1, 5)),
            "full disk": self.full_disk,
            "clock set back": self.clock_back,
        }
        self.kinds = kinds
        self.slow_kinds: dict[str, Callable[[], Awaitable[None]]] = {
            "Telegram's server gone for over a minute": lambda: self.server_away(75, "for over a minute"),
            "FLOOD_WAIT of a minute": lambda: self.flood(60, " of a minute"),
            "model: stream stalled for good": lambda: self.stall(None),
        }
        """What takes a minute to get over."""

    def _strike(self, kind: str, person: str | None = None) -> None:
        self.struck.append(Struck(kind, time.monotonic(), person))

    # --------------------------------------------------------------- processes

    async def kill_jobs(self) -> None:
        self._strike("kill -9 of Jobs")
        await self._program.kill(self._rng.choice([0.0, 0.0, 1.5]))

    async def kill_starting(self) -> None:
        """Twice: the second time at some instant of its start."""
        await self._program.kill()
        await asyncio.sleep(self._rng.uniform(0.05, 1.5))
        self._strike("kill -9 of Jobs while it starts")
        await self._program.kill()

    async def kill_session(self) -> None:
        """Of anyone's session who has written since their last one was killed: three kills of one turn end it."""
        sessions = self._program.sessions()
        written = {name: sum(m.writer == name for m in self._traffic.sent) for name in self._names.values()}
        candidates = [
            (name, sessions[str(person)])
            for person, name in sorted(self._names.items())
            if str(person) in sessions and self._killed_sessions.get(name) != written[name]
        ]
        if not candidates:
            return
        name, pid = self._rng.choice(candidates)
        self._killed_sessions[name] = written[name]
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
            self._strike("kill -9 of a CLI process", name)

    # ---------------------------------------------------------------- Telegram

    async def cut(self) -> None:
        self._strike("connection cut")
        self._stage.telegram.drop_connections(self._stage.jobs)

    async def cut_send(self, moment: Literal["before", "after"]) -> None:
        def strikes(request: Any) -> bool:
            self._strike(f"connection cut {moment} a send", self._names.get(getattr(request.peer, "user_id", 0)))
            return True

        self._stage.telegram.faults.add(Fault(SEND, self._stage.jobs, when=strikes, cut=moment))

    async def server_away(self, seconds: float, words: str = "") -> None:
        self._strike(f"Telegram's server gone {words}".strip())
        await self._stage.telegram.stop()
        await asyncio.sleep(seconds)
        await self._stage.telegram.start()

    async def push(self, how: Literal["withhold", "duplicate", "reorder"]) -> None:
        names = {"duplicate": "update delivered twice", "reorder": "updates out of order"}

        def strikes(update: Any) -> bool:
            if not isinstance(update, types.UpdateNewMessage):
                return False
            self._strike(names.get(how, "update never pushed"), self._names.get(update.message.peer_id.user_id))
            return True

        self._stage.telegram.faults.add(PushFault(how, self._stage.jobs, when=strikes))

    async def only_by_history(self) -> None:
        """For some seconds nothing is pushed; then a cut, and what was missed is too long ago for getDifference."""
        jobs, box = self._stage.jobs, self._stage.jobs.box
        withheld = PushFault("withhold", jobs, times=None)
        self._stage.telegram.faults.add(withheld)
        await asyncio.sleep(self._rng.uniform(1, 4))
        withheld.times = 0
        self._strike("updates only by history")
        missed = box.pts
        self._stage.telegram.faults.add(
            Fault(
                functions.updates.GetDifferenceRequest,
                jobs,
                when=lambda request: request.pts < missed,
                times=None,
                answer=lambda: types.updates.DifferenceTooLong(box.pts),
            )
        )
        self._stage.telegram.drop_connections(jobs)

    async def flood(self, seconds: int, words: str = "") -> None:
        """Until the time is over every send is refused, with the time that is left; as Telegram does it."""
        until: list[float] = []

        def strikes(_: Any) -> bool:
            if not until:
                until.append(time.monotonic() + seconds)
                self._strike(f"FLOOD_WAIT{words}")
            return time.monotonic() < until[0]

        def answer() -> Any:
            return types.RpcError(420, f"FLOOD_WAIT_{max(1, round(until[0] - time.monotonic()))}")

        self._stage.telegram.faults.add(Fault(SEND, self._stage.jobs, when=strikes, times=None, answer=answer))

    # ------------------------------------------------------------------- model

    async def model(self, fault: ModelFault, kind: str) -> None:
        """One to four requests on end: the CLI gets over two by itself, a third reaches Jobs."""
        times = self._rng.choice([1, 1, 2, 3, 3, 4])
        first = True

        def strikes(request: ModelRequest) -> bool:
            nonlocal first
            if first:
                first = False
                self._strike(kind, self._writer(request))
            return True

        self._stage.model.faults.when(strikes, fault, times)

    async def stall(self, seconds: float | None) -> None:
        """An answer stops in its middle for so long; None: for ever. One that is killed before does not count."""
        stall = Stall()
        self._clerk.stalls.append(stall)

        async def watch() -> None:
            await stall.reached()
            self._strike("model: stream stalled" + ("" if seconds else " for good"))
            if seconds:
                await asyncio.sleep(seconds)
                stall.release()

        self._watching.append(asyncio.create_task(watch()))

    async def stop(self) -> None:
        """Lift everything that still lies in wait."""
        self._stage.telegram.faults.clear()
        self._stage.model.faults.clear()
        self._clerk.stalls.clear()
        for task in self._watching:
            task.cancel()
        await asyncio.gather(*self._watching, return_exceptions=True)

    def _writer(self, request: ModelRequest) -> str | None:
        asked = {number for number, _, _ in open_wishes(request)}
        return next((message.writer for message in self._traffic.sent if message.number in asked), None)

    # ----------------------------------------------------------------- machine

    async def full_disk(self) -> None:
        await self._program.started.wait()
        self._strike("full disk")
        self._program.fill_disk(whole=self._rng.random() < 0.5)
        await asyncio.sleep(self._rng.uniform(0.5, 4))
        self._program.free_disk()

    async def clock_back(self) -> None:
        """By seconds up to two days; one that is behind already may be set right instead, which is forward."""
        if self._clock_behind and self._rng.random() < 0.5:
            self._clock_behind = 0
            self._strike("clock set right again")
        else:
            self._clock_behind += self._rng.choice([10, 120, 3600, 3 * 3600, 2 * 86400])
            self._strike("clock set back")
        self._program.clock.set(-self._clock_behind)
