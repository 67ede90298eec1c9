"""One limiter for all that is said: how fast, in which order when it has to wait, and what a flood wait holds back.

**Pace.** A message a second in one chat, several in a burst, and not more than 30 a second over all chats: Telegram's
own advice to bots (core.telegram.org/bots/faq, "My bot is hitting limits"). For user accounts Telegram publishes no
number; they get the same, a little below it.

**Flood waits.** FLOOD_WAIT names neither a chat nor a reason: it can be meant for the method (the account sends too
much) or for one chat. So at first it holds that kind of request to that chat. Then one such request to another chat
goes out by itself while all others wait. If it passes, the wait is that chat's own; if it meets a flood wait too, all
requests of the kind are held until the longest of the waits is over, and then again one goes first. So an account-wide
wait costs two requests beside those that were already out.

Typing and read marks are other requests, small and short-lived: they do not count. Telethon itself repeats none of a
kind that was told to wait.
"""

import asyncio
import bisect
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import Protocol

import structlog
from telethon.errors import FloodError, RPCError

log = structlog.get_logger()

CHAT_RATE, CHAT_BURST = 1.0, 10.0
"""Messages a second in one chat, and how many may leave at once."""
ALL_RATE, ALL_BURST = 25.0, 25.0
"""The same over all chats."""
CHAT_RESERVE, ALL_RESERVE = 2.0, 12.0
"""What progress leaves untouched, so that the answer behind it does not wait."""
SHORTEST_HOLD = 1.0
"""Seconds; Telegram has been seen to answer FLOOD_WAIT_0, and would be asked again in an instant."""
UNKNOWN_HOLD = 30.0
"""Seconds after an answer of that kind which names none."""
INSTANT = 1e-6
"""Seconds that are not worth a timer; a sum of floats is never quite 1."""
MANY_CHATS = 1000
"""Chats remembered before those that are idle again are forgotten."""


SIGN_SECONDS = 0.03
"""How long the read mark and typing let what matters more go first: the message on its way to the model."""


class Urgency(IntEnum):
    """Who goes first when not all can. Progress is not among them: it never waits, see `Limiter.may_drop`."""

    ANSWER = 0
    MESSAGE = 1
    REMINDER = 2


class Request(StrEnum):
    """Kinds of requests that Telegram tells to wait separately."""

    TEXT = "text"
    MEDIA = "media"
    EDIT = "edit"


class Clock(Protocol):
    """Time that only goes forward, and timers on it: an event loop is one."""

    def time(self) -> float:
        """Seconds since any moment."""
        ...

    def call_later(self, delay: float, callback: Callable[[], None], /) -> "Timer":
        """Call back once, after so many seconds."""
        ...


class Timer(Protocol):
    def cancel(self) -> None: ...


class Bucket:
    """Tokens that come back at `rate` a second up to `burst`; a new one is full."""

    def __init__(self, rate: float, burst: float, at: float) -> None:
        self._rate = rate
        self._burst = burst
        self._tokens = burst
        self._at = at

    def lacks(self, at: float, wanted: float = 1.0) -> float:
        """Seconds until so many tokens are there; 0 when they are."""
        self._tokens = min(self._burst, self._tokens + (at - self._at) * self._rate)
        self._at = at
        seconds = (wanted - self._tokens) / self._rate
        return seconds if seconds > INSTANT else 0.0

    def take(self) -> None:
        self._tokens -= 1.0

    def is_full(self, at: float) -> bool:
        return self.lacks(at, self._burst) == 0.0


@dataclass(order=True)
class _Waiter:
    urgency: Urgency
    number: int
    chat: int = field(compare=False)
    kind: Request = field(compare=False)
    admitted: "asyncio.Future[None]" = field(compare=False)


class _Floods:
    """The flood waits of one kind of request."""

    def __init__(self) -> None:
        self.chats: dict[int, float] = {}
        """Until when each chat is held."""
        self.everything = 0.0
        """Until when all are."""
        self.probe: int | None = None
        """The chat whose request is out to see whether others are concerned."""
        self.suspected = False
        """Whether that is yet to be seen."""

    def hold(self, chat: int, at: float, seconds: float) -> None:
        until = at + max(seconds, SHORTEST_HOLD)
        self.chats = {held: end for held, end in self.chats.items() if end > at}
        others = [end for held, end in self.chats.items() if held != chat]
        self.chats[chat] = until
        if others or self.everything > at:
            self.everything = max(until, self.everything, *others)
        self.suspected = True

    def passed(self, chat: int, at: float) -> None:
        """A request to the chat met no wait, so another's is its own."""
        if self.chats.get(chat, 0.0) <= at:
            self.suspected = False

    def in_doubt(self, at: float) -> bool:
        """Whether a wait lasts of which it is not known whom it concerns."""
        return self.suspected and any(end > at for end in self.chats.values())

    def lasts(self, chat: int, at: float) -> float | None:
        """Seconds for which a request to the chat is held; None when it has to see how another one fares."""
        left = max(self.everything, self.chats.get(chat, 0.0)) - at
        if left > 0:
            return left
        return None if self.suspected and self.probe is not None else 0.0


class Limiter:
    """Lets requests out. Idle, it lets the next one out at once and has no timer running."""

    def __init__(self, clock: Clock | None = None) -> None:
        """`clock` is the running event loop unless a test brings its own."""
        self._clock: Clock = clock or asyncio.get_running_loop()
        self._all = Bucket(ALL_RATE, ALL_BURST, self._clock.time())
        self._chats: dict[int, Bucket] = {}
        self._floods = {kind: _Floods() for kind in Request}
        self._waiting: list[_Waiter] = []
        self._count = 0
        self._timer: Timer | None = None

    @asynccontextmanager
    async def passing(self, chat: int, kind: Request, urgency: Urgency) -> AsyncIterator[None]:
        """Wait until a request may be made, and make it inside: a FloodError that it raises is noted, and raised on."""
        await self._admitted(chat, kind, urgency)
        async with self._watched(chat, kind):
            yield

    def may_drop(self, chat: int, kind: Request) -> bool:
        """Whether what can as well not be said (progress) has to be dropped now. Takes no place in the pace."""
        at, floods = self._clock.time(), self._floods[kind]
        return bool(
            floods.lasts(chat, at) != 0.0
            or floods.in_doubt(at)
            or any(waiter.chat == chat for waiter in self._waiting)
            or self._bucket(chat, at).lacks(at, 1.0 + CHAT_RESERVE)
            or self._all.lacks(at, 1.0 + ALL_RESERVE)
        )

    @asynccontextmanager
    async def unhurried(self, chat: int, kind: Request) -> AsyncIterator[None]:
        """Make inside what `may_drop` let through; it counts."""
        self._take(chat)
        async with self._watched(chat, kind):
            yield

    def hold(self, chat: int, kind: Request, seconds: float) -> None:
        """Telegram has told a request of this kind to this chat to wait."""
        floods = self._floods[kind]
        floods.hold(chat, self._clock.time(), seconds)
        everything = floods.everything > self._clock.time()
        log.warning("flood wait", seconds=seconds, request=str(kind), chat=None if everything else chat)

    # ----------------------------------------------------------------- inside

    @asynccontextmanager
    async def _watched(self, chat: int, kind: Request) -> AsyncIterator[None]:
        floods = self._floods[kind]
        if floods.suspected and floods.probe is None:
            floods.probe = chat
        try:
            yield
        except FloodError as error:
            self.hold(chat, kind, getattr(error, "seconds", UNKNOWN_HOLD))
            raise
        except RPCError:
            floods.passed(chat, self._clock.time())
            raise
        else:
            floods.passed(chat, self._clock.time())
        finally:
            if floods.probe == chat:
                floods.probe = None
            self._pump()

    async def _admitted(self, chat: int, kind: Request, urgency: Urgency) -> None:
        self._count += 1
        waiter = _Waiter(urgency, self._count, chat, kind, asyncio.get_running_loop().create_future())
        bisect.insort(self._waiting, waiter)
        self._pump()
        if waiter.admitted.done():
            return
        try:
            await waiter.admitted
        except asyncio.CancelledError:
            if waiter in self._waiting:
                self._waiting.remove(waiter)
            elif self._floods[kind].probe == chat:
                self._floods[kind].probe = None
            self._pump()
            raise

    def _pump(self) -> None:
        """Let out whoever may go, the most urgent first, and come back when the next one may."""
        if self._timer:
            self._timer.cancel()
            self._timer = None
        at = self._clock.time()
        again: list[float] = []
        for waiter in list(self._waiting):
            floods = self._floods[waiter.kind]
            wait = floods.lasts(waiter.chat, at)
            if wait is None:
                continue  # the end of that other request comes back here
            wait = wait or self._bucket(waiter.chat, at).lacks(at)
            if wait:
                again.append(wait)
                continue
            if wait := self._all.lacks(at):
                again.append(wait)
                break  # nobody less urgent goes before
            if floods.suspected:
                floods.probe = waiter.chat
            self._take(waiter.chat)
            self._waiting.remove(waiter)
            waiter.admitted.set_result(None)
        if again:
            self._timer = self._clock.call_later(min(again), self._pump)

    def _take(self, chat: int) -> None:
        at = self._clock.time()
        self._bucket(chat, at).take()
        self._all.take()

    def _bucket(self, chat: int, at: float) -> Bucket:
        if chat not in self._chats:
            if len(self._chats) >= MANY_CHATS:
                self._chats = {key: bucket for key, bucket in self._chats.items() if not bucket.is_full(at)}
            self._chats[chat] = Bucket(CHAT_RATE, CHAT_BURST, at)
        return self._chats[chat]
