"""What people see before the answer: typing, from their message's arrival until its turn has ended; and progress."""

import asyncio
from pathlib import Path

import pytest
from telethon.tl import functions
from tests.telegram.post import Post
from tests.telegram.test_sending import met, say

from jobs.spine.lanes import Lanes
from jobs.spine.model import Turn, Usage
from jobs.telegram import presence, progress
from jobs_simulator.telegram import Account, Fault, TelegramSimulator


async def test_typing_is_shown_while_something_is_done_and_not_after(
    sim: TelegramSimulator, tmp_path: Path, jobs: Account, owner: Account, masha: Account
) -> None:
    async with Post(sim, tmp_path, jobs, owner) as mail:
        await met(mail, masha)
        async with mail.presence.working(masha.id):
            await sim.wait_for(lambda event: event.kind == "typing" and event.peer is masha)
        say(mail, masha, "the answer")
        await mail.until_sent("the answer")
        say(mail, owner, "later")
        await met(mail, owner)
        mail.sender.wake(owner.id)
        await mail.until_sent("later")
        kinds = [event.kind for event in sim.log.of(account=jobs, peer=masha) if event.kind != "read"]
        assert kinds == ["typing", "message"]


async def test_typing_begins_when_a_message_arrives_goes_on_through_its_turn_and_is_over_with_it(
    sim: TelegramSimulator,
    tmp_path: Path,
    jobs: Account,
    owner: Account,
    masha: Account,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(presence, "REPEAT_SECONDS", 0.02)
    monkeypatch.setattr(presence, "WAITING_SECONDS", 0.1)

    def typed() -> int:
        return len(sim.log.of("typing", account=jobs, peer=masha))

    async with Post(sim, tmp_path, jobs, owner) as mail:
        mail.inbox.on_accepted = mail.presence.noticed
        sim.send(masha, jobs, "hello")
        await sim.wait_for(lambda event: event.kind == "typing" and event.peer is masha)
        turn = mail.turns.begin(masha.id)
        assert turn is not None
        async with mail.presence.working(masha.id):
            before = typed()
            async with asyncio.timeout(5):
                while typed() < before + 10:  # longer than it would have been shown while waiting
                    await sim.wait_for(lambda event: event.kind == "typing", since=len(sim.log))
        mail.turns.finish(turn, "the answer", Usage())
        await mail.until_sent("the answer")
        after = typed()
        say(mail, masha, "later")
        await mail.until_sent("later")
        assert typed() == after
        assert mail.presence._typing == {}


@pytest.mark.parametrize("end", ["bound", "withdrawn"])
async def test_typing_for_a_message_that_nothing_begins_with_has_an_end(
    sim: TelegramSimulator,
    tmp_path: Path,
    jobs: Account,
    owner: Account,
    masha: Account,
    monkeypatch: pytest.MonkeyPatch,
    *,
    end: str,
) -> None:
    monkeypatch.setattr(presence, "REPEAT_SECONDS", 0.01)
    monkeypatch.setattr(presence, "WAITING_SECONDS", 0.1 if end == "bound" else 3600)
    async with Post(sim, tmp_path, jobs, owner) as mail:
        mail.inbox.on_accepted = mail.presence.noticed
        sim.send(masha, jobs, "hello")
        await sim.wait_for(lambda event: event.kind == "typing" and event.peer is masha)
        typing = mail.presence._typing[masha.id].task
        if end == "withdrawn":
            mail.turns.abandon(masha.id)
        async with asyncio.timeout(5):
            await typing
        assert mail.presence._typing == {}


async def test_typing_of_a_turn_that_hangs_has_an_end_too(
    sim: TelegramSimulator,
    tmp_path: Path,
    jobs: Account,
    owner: Account,
    masha: Account,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(presence, "REPEAT_SECONDS", 0.01)
    monkeypatch.setattr(presence, "WORKING_SECONDS", 0.1)
    async with Post(sim, tmp_path, jobs, owner) as mail:
        await met(mail, masha)
        async with mail.presence.working(masha.id), asyncio.timeout(5):
            await mail.presence._typing[masha.id].task
        assert len(sim.log.of("typing", account=jobs, peer=masha)) > 1


async def test_with_all_places_taken_a_hundred_people_see_that_their_message_has_arrived(
    sim: TelegramSimulator, tmp_path: Path, jobs: Account, owner: Account
) -> None:
    people = [sim.add_user(f"Person {number}") for number in range(100)]
    hang = asyncio.Event()

    async def handle(turn: Turn) -> None:
        async with mail.presence.working(turn.lane):
            await hang.wait()

    async with Post(sim, tmp_path, jobs, owner) as mail:
        lanes = Lanes(mail.inbox, mail.turns, handle, slots=2, first=owner.id)
        lanes.on_waiting = mail.presence.noticed
        lanes.start()
        for person in people:
            sim.send(person, jobs, "hello")
            await sim.wait_for(lambda event, who=person: event.kind == "typing" and event.peer is who)
        assert mail.db.value("SELECT count(*) FROM turns") == 1
        for person in people:
            (event,) = sim.log.of("typing", account=jobs, peer=person)
            assert event.account is jobs
        await lanes.drain(0)
        await mail.presence.drain()


async def test_progress_is_not_shown_while_a_flood_wait_lasts_and_comes_back_after_it(
    sim: TelegramSimulator, tmp_path: Path, jobs: Account, owner: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("FIRST_AFTER", "EDIT_EVERY", "EDIT_SLOWLY"):
        monkeypatch.setattr(progress, name, 0.01)
    async with Post(sim, tmp_path, jobs, owner) as mail:
        await met(mail, owner)
        refused = Fault(functions.messages.EditMessageRequest, jobs, error="FLOOD_WAIT_1", times=None)
        sim.faults.add(refused)
        mail.presence._streaming = "progress"
        async with mail.presence.working(owner.id) as activity:
            await sim.wait_for(lambda event: event.kind == "message" and event.peer is owner)
            activity.tool("Read", {"file_path": "one"})
            await refused.hit.wait()
            activity.tool("Read", {"file_path": "two"})
            say(mail, owner, "an answer is not held up")
            await mail.until_sent("an answer is not held up")
            assert refused.hits == 1
            sim.faults.clear()
            await sim.wait_for(lambda event: event.kind == "edit" and "two" in event.text)


async def test_typing_is_taken_back_when_nothing_came_of_it(
    sim: TelegramSimulator, tmp_path: Path, jobs: Account, owner: Account, masha: Account
) -> None:
    async def fail(mail: Post) -> None:
        async with mail.presence.working(masha.id):
            await sim.wait_for(lambda event: event.kind == "typing")
            raise LookupError

    async with Post(sim, tmp_path, jobs, owner) as mail:
        await met(mail, masha)
        with pytest.raises(LookupError):
            await fail(mail)
        await sim.wait_for(lambda event: event.kind == "cancel typing" and event.peer is masha)


async def test_a_telegram_that_does_not_answer_keeps_no_turn_from_ending(
    sim: TelegramSimulator,
    tmp_path: Path,
    jobs: Account,
    owner: Account,
    masha: Account,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(presence, "CANCEL_SECONDS", 0.05)

    async def fail(mail: Post) -> None:
        async with mail.presence.working(masha.id):
            await fault.hit.wait()
            raise LookupError

    fault = Fault(functions.messages.SetTypingRequest, jobs, swallow=True, times=None)
    async with Post(sim, tmp_path, jobs, owner) as mail:
        await met(mail, masha)
        sim.faults.add(fault)
        async with asyncio.timeout(5):
            with pytest.raises(LookupError):
                await fail(mail)
