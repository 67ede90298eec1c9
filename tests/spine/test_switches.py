"""What is paused or frozen is not begun, not said and not due, until it is resumed."""

import asyncio
from datetime import timedelta

import time_machine
from tests.rig import schedule_tools
from tests.support import MASHA, OWNER, Spine

from jobs.spine.lanes import Lanes
from jobs.spine.model import OutboxKind, Turn, Usage
from jobs.spine.switches import Switches
from jobs.times import now
from jobs.tools.schedule_tools import ScheduleTask


def test_switches_are_kept_and_undone_together(spine: Spine) -> None:
    switches = Switches(spine.db, OWNER)
    assert not switches.resume()
    assert switches.pause()
    assert not switches.pause(), "it was so already"
    assert (switches.may_begin(OWNER), switches.may_begin(MASHA)) == (True, False)
    assert switches.freeze()
    again = Switches(spine.db, OWNER)
    assert (again.paused, again.frozen) == (True, True)
    assert (again.may_begin(OWNER), again.may_begin(MASHA)) == (False, False)
    assert again.resume()
    assert (switches.may_begin(OWNER), switches.may_begin(MASHA)) == (True, True)


def test_a_frozen_outbox_gives_out_urgent_words_only(spine: Spine) -> None:
    switches = Switches(spine.db, OWNER)
    spine.outbox.say("x", OWNER, OutboxKind.ANSWER, "answer")
    switches.freeze()
    assert spine.outbox.next(OWNER) is None
    spine.outbox.reply("y", OWNER, "frozen", urgent=True)
    urgent = spine.outbox.next(OWNER)
    assert urgent is not None
    assert urgent.text == "frozen"
    spine.outbox.sent(urgent, 1)
    switches.resume()
    row = spine.outbox.next(OWNER)
    assert row is not None
    assert row.text == "answer"


async def test_a_lane_that_may_not_begin_keeps_what_comes_until_it_may(spine: Spine) -> None:
    switches = Switches(spine.db, OWNER)
    ended = asyncio.Queue[list[str]]()

    async def handle(turn: Turn) -> None:
        spine.turns.finish(turn, "", Usage())
        ended.put_nowait([row.text for row in turn.rows])

    lanes = Lanes(spine.inbox, spine.turns, handle, slots=2, first=OWNER, may_begin=switches.may_begin)
    joined: list[int] = []
    lanes.on_more = joined.append
    switches.pause()
    lanes.start()
    spine.accept("one")
    spine.accept("two")
    spine.accept("of the owner", lane=OWNER)
    async with asyncio.timeout(5):
        assert await ended.get() == ["of the owner"]
        assert spine.states() == ["waiting", "waiting", "done"]
        switches.resume()
        lanes.wake_all()
        assert await ended.get() == ["one", "two"]
    await lanes.drain(1)
    assert joined == []


async def test_a_turn_that_was_put_off_waits_for_the_resume_and_no_timer_spins(spine: Spine) -> None:
    switches = Switches(spine.db, OWNER)
    spine.accept("one")
    turn = spine.turns.begin(MASHA)
    assert turn is not None
    spine.turns.put_off(turn, "away", now() - timedelta(seconds=1), None, own_fault=False)
    begun = asyncio.Queue[int]()

    async def handle(turn: Turn) -> None:
        spine.turns.finish(turn, "", Usage())
        begun.put_nowait(turn.id)

    lanes = Lanes(spine.inbox, spine.turns, handle, slots=2, first=OWNER, may_begin=switches.may_begin)
    switches.freeze()
    lanes.start()
    assert lanes.busy == 0
    switches.resume()
    lanes.wake_all()
    async with asyncio.timeout(5):
        assert await begun.get() == turn.id
    await lanes.drain(1)


async def test_no_reminder_is_due_while_frozen_and_each_is_said_once_thereafter(spine: Spine) -> None:
    switches = Switches(spine.db, OWNER)
    scheduler = spine.scheduler()
    scheduler.start()
    (await schedule_tools(spine, scheduler).schedule(ScheduleTask(text="выпить воды", in_minutes=10)))()
    switches.freeze()
    with time_machine.travel(now() + timedelta(hours=1), tick=False):
        scheduler.timer.look()
        assert spine.said(OWNER) == []
        assert scheduler.timer._handle is None, "nothing is waited for"
        switches.resume()
        scheduler.timer.look()
        scheduler.timer.look()
        (said,) = spine.said(OWNER)
        assert said.endswith(": выпить воды")
    scheduler.stop()
