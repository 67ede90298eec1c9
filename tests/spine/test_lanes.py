"""Lanes: one turn at a time for a person, people side by side, nothing that came is left lying."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import timedelta

import apsw
import pytest
from tests.support import MASHA, OWNER, PETYA, Spine, full_disk

from jobs.spine import lanes as module
from jobs.spine.lanes import Lanes
from jobs.spine.model import Turn, Usage
from jobs.times import now


class Handler:
    """Handles turns when it is let to, and keeps what it saw."""

    def __init__(self, spine: Spine) -> None:
        self._spine = spine
        self.seen: list[list[str]] = []
        self.running: list[int] = []
        self.most_at_once = 0
        self.begun: asyncio.Queue[Turn] = asyncio.Queue()
        self.ended: asyncio.Queue[Turn] = asyncio.Queue()
        self.gate = asyncio.Event()
        self.gate.set()

    async def __call__(self, turn: Turn) -> None:
        assert turn.lane not in self.running, "two turns in one lane"
        self.running.append(turn.lane)
        self.most_at_once = max(self.most_at_once, len(self.running))
        self.seen.append([row.text for row in turn.rows])
        self.begun.put_nowait(turn)
        try:
            await self.gate.wait()
            self._spine.turns.finish(turn, "", Usage())
            self.ended.put_nowait(turn)
        finally:
            self.running.remove(turn.lane)


@pytest.fixture
def handler(spine: Spine) -> Handler:
    return Handler(spine)


@pytest.fixture
async def lanes(spine: Spine, handler: Handler) -> AsyncIterator[Lanes]:
    made = Lanes(spine.inbox, spine.turns, handler, slots=4, first=OWNER)
    async with asyncio.timeout(10):
        yield made
        await made.drain(0)


async def test_what_was_left_open_is_begun_at_the_start(spine: Spine, lanes: Lanes, handler: Handler) -> None:
    spine.accept("cut off")
    spine.turns.begin(MASHA)
    spine.accept("waits", lane=PETYA)
    lanes.start()
    await handler.ended.get()
    await handler.ended.get()
    assert sorted(handler.seen) == [["cut off"], ["waits"]]


async def test_one_turn_at_a_time_for_each_and_people_side_by_side(
    spine: Spine, lanes: Lanes, handler: Handler
) -> None:
    lanes.start()
    handler.gate.clear()
    spine.accept("m1")
    spine.accept("p1", lane=PETYA)
    await handler.begun.get()
    await handler.begun.get()
    for number in range(2, 6):
        spine.accept(f"m{number}")
    assert handler.most_at_once == 2
    handler.gate.set()
    for _ in range(3):
        await handler.ended.get()
    assert sorted(handler.seen) == [["m1"], ["m2", "m3", "m4", "m5"], ["p1"]]


async def test_more_people_than_places_take_turns(spine: Spine, handler: Handler) -> None:
    lanes = Lanes(spine.inbox, spine.turns, handler, slots=3, first=OWNER)
    for lane in range(100, 110):
        spine.accept("hello", lane=lane)
    handler.gate.clear()
    lanes.start()
    async with asyncio.timeout(10):
        await handler.begun.get()
        await handler.begun.get()
        handler.gate.set()
        for _ in range(10):
            await handler.ended.get()
    assert handler.most_at_once == 2
    await lanes.drain(1)


async def test_a_person_with_much_to_say_does_not_keep_others_waiting(spine: Spine, handler: Handler) -> None:
    lanes = Lanes(spine.inbox, spine.turns, handler, slots=1, first=OWNER)
    handler.gate.clear()
    spine.accept("m1")
    lanes.start()
    await handler.begun.get()
    spine.accept("m2")
    spine.accept("p1", lane=PETYA)
    await asyncio.sleep(0)  # lets the other lane get in line
    handler.gate.set()
    async with asyncio.timeout(10):
        for _ in range(3):
            await handler.ended.get()
    assert handler.seen == [["m1"], ["p1"], ["m2"]]
    await lanes.drain(1)


async def test_the_owner_is_not_kept_waiting_by_however_many_others(spine: Spine, handler: Handler) -> None:
    lanes = Lanes(spine.inbox, spine.turns, handler, slots=2, first=OWNER)
    handler.gate.clear()
    for lane in range(100, 110):
        spine.accept("hello", lane=lane)
    lanes.start()
    async with asyncio.timeout(10):
        await handler.begun.get()
        spine.accept("now", lane=OWNER)
        assert (await handler.begun.get()).lane == OWNER
    assert handler.most_at_once == 2
    handler.gate.set()
    await lanes.drain(1)


async def test_a_wake_during_the_last_look_is_not_lost(
    spine: Spine, lanes: Lanes, handler: Handler, monkeypatch: pytest.MonkeyPatch
) -> None:
    is_open = spine.turns.is_open

    def look_and_then_something_comes(lane: int) -> bool:
        found = is_open(lane)
        if not found:
            monkeypatch.undo()
            spine.accept("just in time")
        return found

    monkeypatch.setattr(spine.turns, "is_open", look_and_then_something_comes)
    lanes.start()
    spine.accept("first")
    await handler.ended.get()
    await handler.ended.get()
    assert handler.seen == [["first"], ["just in time"]]


async def test_a_turn_put_off_is_begun_again_when_it_is_due(spine: Spine) -> None:
    attempts: list[int] = []
    done = asyncio.Event()

    async def handle(turn: Turn) -> None:
        attempts.append(turn.attempt)
        if turn.attempt < 3:
            spine.turns.put_off(turn, "away", now() + timedelta(milliseconds=20), None, own_fault=False)
        else:
            spine.turns.finish(turn, "", Usage())
            done.set()

    lanes = Lanes(spine.inbox, spine.turns, handle, slots=1, first=OWNER)
    lanes.start()
    spine.accept("hello")
    async with asyncio.timeout(10):
        await done.wait()
    await lanes.drain(1)
    assert attempts == [1, 2, 3]


async def test_a_turn_put_off_before_the_start_is_waited_for(spine: Spine, lanes: Lanes, handler: Handler) -> None:
    spine.accept("hello")
    turn = spine.turns.begin(MASHA)
    assert turn is not None
    spine.turns.put_off(turn, "away", now() + timedelta(milliseconds=50), None, own_fault=False)
    lanes.start()
    assert (await handler.ended.get()).attempt == 2


async def test_a_lane_goes_on_when_there_is_room_on_the_disk_again(
    spine: Spine, lanes: Lanes, handler: Handler, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "STORAGE_PAUSE", 0.01)
    finish = spine.turns.finish
    refused = asyncio.Event()

    def no_room(turn: Turn, *_: object) -> None:
        refused.set()
        with full_disk(spine.db):
            finish(turn, "x" * 100_000, Usage())

    lanes.start()
    with monkeypatch.context() as patch:
        patch.setattr(spine.turns, "finish", no_room)
        spine.accept("hello")
        await refused.wait()
        await asyncio.wait_for(_until_idle(lanes), 5)
    while (turn := await handler.ended.get()).attempt < 2:
        pass
    assert turn.rows[0].text == "hello"
    assert spine.states() == ["done"]


async def _until_idle(lanes: Lanes) -> None:
    await asyncio.gather(*lanes._running.values(), return_exceptions=True)


async def test_draining_lets_turns_end_and_begins_nothing_new(spine: Spine, lanes: Lanes, handler: Handler) -> None:
    lanes.start()
    handler.gate.clear()
    spine.accept("first")
    await handler.begun.get()
    spine.accept("second")
    draining = asyncio.create_task(lanes.drain(5))
    await asyncio.sleep(0)
    handler.gate.set()
    await draining
    assert (handler.seen, spine.states(), lanes.busy) == ([["first"]], ["done", "waiting"], 0)


async def test_a_turn_that_does_not_end_in_time_is_cut_off_and_begun_by_the_next_start(
    spine: Spine, lanes: Lanes, handler: Handler
) -> None:
    lanes.start()
    handler.gate.clear()
    spine.accept("long")
    await handler.begun.get()
    await lanes.drain(0.01)
    assert (handler.running, spine.states()) == ([], ["taken"])
    handler.gate.set()
    following = Lanes(spine.inbox, spine.turns, handler, slots=1, first=OWNER)
    following.start()
    assert (await handler.ended.get()).attempt == 2
    await following.drain(1)


async def test_nothing_is_begun_before_the_start(spine: Spine, lanes: Lanes, handler: Handler) -> None:
    spine.accept("early")
    await asyncio.sleep(0)
    assert (handler.seen, lanes.busy) == ([], 0)


def test_full_disk_is_what_it_says(spine: Spine) -> None:
    with full_disk(spine.db), pytest.raises(apsw.FullError):
        spine.db.execute("INSERT INTO meta (key, value) VALUES ('a', ?)", ("x" * 100_000,))


async def test_what_could_not_be_stored_does_not_reach_the_running_turn(
    spine: Spine, lanes: Lanes, handler: Handler
) -> None:
    """Else it is answered within that turn, and again once it is read from history."""
    lanes.start()
    handler.gate.clear()
    spine.accept("m1")
    await handler.begun.get()
    joined: asyncio.Queue[list[str]] = asyncio.Queue()
    lanes.on_more = lambda lane: joined.put_nowait([row.text for row in spine.turns.waiting(lane)])
    with contextlib.suppress(OSError), spine.db.transaction():
        spine.accept("m2")
        raise OSError("the disk is full")
    assert await joined.get() == []
    spine.accept("m3")
    assert await joined.get() == ["m3"]
