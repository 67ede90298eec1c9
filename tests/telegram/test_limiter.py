"""The limiter by itself, on a clock that a test moves: its pace, its order, and what a flood wait holds back."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from telethon.errors import FloodWaitError, UserIsBlockedError

from jobs.telegram import limiter as module
from jobs.telegram.limiter import ALL_BURST, ALL_RATE, CHAT_BURST, CHAT_RATE, Limiter, Request, Urgency

ANSWER, MESSAGE, REMINDER = Urgency
TEXT = Request.TEXT


class _Timer:
    def __init__(self, at: float, callback: Callable[[], None]) -> None:
        self.at = at
        self.callback = callback
        self.cancelled = False

    def cancel(self) -> None:
        self.cancelled = True


class HandClock:
    """Stands still until it is moved; what falls due on the way is called at its own time."""

    def __init__(self) -> None:
        self._now = 1000.0
        self.timers: list[_Timer] = []

    def time(self) -> float:
        return self._now

    def call_later(self, delay: float, callback: Callable[[], None], /) -> _Timer:
        timer = _Timer(self._now + delay, callback)
        self.timers.append(timer)
        return timer

    @property
    def running(self) -> list[_Timer]:
        return [timer for timer in self.timers if not timer.cancelled]

    async def move(self, seconds: float) -> None:
        end = self._now + seconds
        while due := [timer for timer in self.running if timer.at <= end]:
            first = min(due, key=lambda timer: timer.at)
            self.timers.remove(first)
            self._now = max(self._now, first.at)
            first.callback()
            await settled()
        self._now = end
        await settled()


async def settled() -> None:
    """Everything that could go on has gone on."""
    for _ in range(10):
        await asyncio.sleep(0)


class Traffic:
    """Requests through a limiter; `out` has those that were made, in order. `floods` answers a chat's next ones."""

    def __init__(self) -> None:
        self.clock = HandClock()
        self.limiter = Limiter(self.clock)
        self.out: list[tuple[int, str]] = []
        self.floods: dict[int, list[int]] = {}
        self.under_way: dict[int, asyncio.Event] = {}
        self.tasks: list[asyncio.Task[None]] = []

    async def say(self, chat: int, text: str = "", urgency: Urgency = ANSWER, kind: Request = TEXT) -> None:
        """Make a request, again after each flood wait, as the sender does."""
        while True:
            try:
                async with self.limiter.passing(chat, kind, urgency):
                    self.out.append((chat, text))
                    if lasts := self.under_way.get(chat):
                        await lasts.wait()
                    if self.floods.get(chat):
                        raise FloodWaitError(None, self.floods[chat].pop(0))
            except FloodWaitError:
                continue
            return

    async def begin(self, chat: int, text: str = "", urgency: Urgency = ANSWER, kind: Request = TEXT) -> None:
        self.tasks.append(asyncio.create_task(self.say(chat, text, urgency, kind)))
        await settled()

    @property
    def chats(self) -> list[int]:
        return [chat for chat, _ in self.out]


@pytest.fixture
async def traffic() -> AsyncIterator[Traffic]:
    made = Traffic()
    yield made
    for task in made.tasks:
        task.cancel()
    await asyncio.gather(*made.tasks, return_exceptions=True)


async def test_an_idle_limiter_lets_a_message_out_at_once_and_has_no_timer(traffic: Traffic) -> None:
    saying = traffic.say(1)
    with pytest.raises(StopIteration):
        saying.send(None)  # it does not even yield to the event loop
    assert traffic.chats == [1]
    assert traffic.clock.timers == []


async def test_one_chat_gets_a_burst_and_then_a_message_a_second(traffic: Traffic) -> None:
    for number in range(int(CHAT_BURST) + 3):
        await traffic.begin(1, str(number))
    assert len(traffic.out) == CHAT_BURST
    for more in (1, 2, 3):
        await traffic.clock.move(1 / CHAT_RATE)
        assert len(traffic.out) == CHAT_BURST + more
    assert [text for _, text in traffic.out] == [str(number) for number in range(int(CHAT_BURST) + 3)]
    assert traffic.clock.running == []


async def test_a_chat_that_has_to_wait_keeps_no_other_waiting(traffic: Traffic) -> None:
    for _ in range(int(CHAT_BURST) + 1):
        await traffic.begin(1)
    await traffic.begin(2)
    assert traffic.chats[-1] == 2


async def test_all_chats_together_keep_to_the_global_pace(traffic: Traffic) -> None:
    for chat in range(int(ALL_BURST + 2 * ALL_RATE)):
        await traffic.begin(chat)
    assert len(traffic.out) == ALL_BURST
    await traffic.clock.move(1)
    assert len(traffic.out) == pytest.approx(ALL_BURST + ALL_RATE, abs=1)
    await traffic.clock.move(1)
    assert len(traffic.out) == ALL_BURST + 2 * ALL_RATE


async def test_when_not_all_can_go_answers_go_before_messages_before_reminders(traffic: Traffic) -> None:
    for chat in range(int(ALL_BURST)):
        await traffic.begin(chat)
    for chat, urgency in ((101, REMINDER), (102, MESSAGE), (103, ANSWER), (104, REMINDER), (105, ANSWER)):
        await traffic.begin(chat, urgency=urgency)
    await traffic.clock.move(1)
    assert traffic.chats[int(ALL_BURST) :] == [103, 105, 102, 101, 104]


async def test_progress_is_dropped_rather_than_taking_the_place_of_what_is_said(traffic: Traffic) -> None:
    limiter = traffic.limiter
    assert not limiter.may_drop(1, Request.EDIT)
    for _ in range(int(CHAT_BURST) - 2):
        async with limiter.unhurried(1, Request.EDIT):
            pass
    assert limiter.may_drop(1, Request.EDIT)
    await traffic.begin(1)
    await traffic.begin(1)
    assert len(traffic.out) == 2  # what progress had left
    assert not limiter.may_drop(2, Request.EDIT)
    for chat in range(100, 100 + int(ALL_BURST)):
        await traffic.begin(chat)
    assert limiter.may_drop(2, Request.EDIT)
    await traffic.clock.move(30)
    assert not limiter.may_drop(1, Request.EDIT)


async def test_an_edit_at_the_usual_pace_never_delays_an_answer(traffic: Traffic) -> None:
    for _ in range(60):
        assert not traffic.limiter.may_drop(1, Request.EDIT)
        async with traffic.limiter.unhurried(1, Request.EDIT):
            pass
        await traffic.clock.move(2)
    await traffic.begin(1)
    assert traffic.chats == [1]


async def test_a_flood_wait_of_one_chat_holds_that_chat_alone(traffic: Traffic) -> None:
    traffic.floods[1] = [60]
    await traffic.begin(1)
    assert traffic.chats == [1]
    for chat in (2, 3, 2):
        await traffic.begin(chat)
    assert traffic.chats == [1, 2, 3, 2]
    await traffic.clock.move(59)
    assert traffic.chats == [1, 2, 3, 2]
    await traffic.clock.move(2)
    assert traffic.chats == [1, 2, 3, 2, 1]


async def test_while_it_is_not_known_whom_a_flood_wait_concerns_one_request_finds_out(traffic: Traffic) -> None:
    traffic.floods[1] = [60]
    await traffic.begin(1)
    traffic.under_way[2] = asyncio.Event()
    for chat in (2, 3, 4):
        await traffic.begin(chat)
    assert traffic.chats == [1, 2]
    traffic.under_way[2].set()
    await settled()
    assert traffic.chats == [1, 2, 3, 4]


async def test_a_flood_wait_that_a_second_chat_meets_too_holds_everyone_until_the_longest_is_over(
    traffic: Traffic,
) -> None:
    traffic.floods.update({1: [60], 2: [90]})
    for chat in range(1, 20):
        await traffic.begin(chat)
    assert traffic.chats == [1, 2]
    await traffic.clock.move(89)
    assert traffic.chats == [1, 2]
    await traffic.clock.move(2)
    assert sorted(traffic.chats[2:]) == list(range(1, 20))


async def test_a_flood_wait_that_comes_again_when_it_is_over_is_asked_for_twice_and_not_by_everyone(
    traffic: Traffic,
) -> None:
    traffic.floods.update({chat: [60, 60] for chat in range(1, 20)})
    for chat in range(1, 20):
        await traffic.begin(chat)
    assert len(traffic.out) == 2
    await traffic.clock.move(61)
    assert len(traffic.out) == 4


async def test_a_flood_wait_concerns_its_own_kind_of_request(traffic: Traffic) -> None:
    traffic.floods[1] = [60]
    await traffic.begin(1, kind=Request.EDIT)
    assert traffic.limiter.may_drop(1, Request.EDIT)
    await traffic.begin(1)
    assert traffic.chats == [1, 1]
    await traffic.begin(1, kind=Request.MEDIA)
    assert traffic.chats == [1, 1, 1]


async def test_progress_does_not_find_out_whom_a_flood_wait_concerns_but_comes_back_after_it(traffic: Traffic) -> None:
    traffic.limiter.hold(1, Request.EDIT, 60)
    assert traffic.limiter.may_drop(2, Request.EDIT)
    await traffic.clock.move(60)
    assert not traffic.limiter.may_drop(2, Request.EDIT)


async def test_a_refusal_that_is_no_flood_wait_says_that_others_may_go(traffic: Traffic) -> None:
    traffic.floods[1] = [60]
    await traffic.begin(1)
    with pytest.raises(UserIsBlockedError):
        async with traffic.limiter.passing(2, TEXT, ANSWER):
            raise UserIsBlockedError(None)
    assert not traffic.limiter.may_drop(3, TEXT)


@asynccontextmanager
async def waiting(traffic: Traffic, chat: int) -> AsyncIterator[asyncio.Task[None]]:
    task = asyncio.create_task(traffic.say(chat))
    await settled()
    yield task
    await asyncio.gather(task, return_exceptions=True)


async def test_who_gives_up_waiting_keeps_nobody_waiting(traffic: Traffic) -> None:
    traffic.floods[1] = [60]
    await traffic.begin(1)
    traffic.under_way[2] = asyncio.Event()
    async with waiting(traffic, 2) as finding_out, waiting(traffic, 3) as next_one:
        finding_out.cancel()
        await settled()
        assert next_one.done()
    traffic.tasks[0].cancel()
    await settled()
    assert traffic.clock.running == []


async def test_a_flood_wait_of_no_length_is_not_asked_about_again_at_once(traffic: Traffic) -> None:
    traffic.floods[1] = [0]
    await traffic.begin(1)
    assert traffic.chats == [1]
    await traffic.clock.move(module.SHORTEST_HOLD)
    assert traffic.chats == [1, 1]


async def test_chats_that_are_idle_again_are_forgotten(traffic: Traffic, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MANY_CHATS", 10)
    for chat in range(30):
        await traffic.begin(chat)
        await traffic.clock.move(10)
    assert len(traffic.limiter._chats) <= 11
