"""What a client that was away can learn, and what pushed updates may suffer."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from telethon import TelegramClient, events, functions, types
from tests.simulator.conftest import queue_of

from jobs_simulator.telegram import Account, PushFault, TelegramSimulator


async def take(queue: "asyncio.Queue[Any]") -> Any:
    async with asyncio.timeout(5):
        return await queue.get()


def new_message(update: Any) -> bool:
    return isinstance(update, types.UpdateNewMessage)


async def test_a_session_file_catches_up_on_what_it_missed(
    sim: TelegramSimulator, alice: Account, bob: Account, tmp_path: Path
) -> None:
    path = sim.write_session(bob, tmp_path / "bob")
    client = TelegramClient(str(path), 1, "x")
    await client.connect()
    await client.disconnect()
    sim.world.difference_limit = 2
    for number in range(5):
        sim.send(alice, bob, str(number))
    client = TelegramClient(str(path), 1, "x", catch_up=True, sequential_updates=True)
    received = queue_of(client, events.NewMessage)
    await client.connect()
    assert [(await take(received)).raw_text for _ in range(5)] == ["0", "1", "2", "3", "4"]
    await client.disconnect()


async def test_the_difference_is_told_in_slices(sim: TelegramSimulator, alice: Account, bob: Account) -> None:
    sim.world.difference_limit = 3
    async with sim.connected(bob) as b:
        state = await b(functions.updates.GetStateRequest())
        sent = [sim.send(alice, bob, str(number)) for number in range(7)]
        texts, pts, kinds = [], state.pts, []
        while True:
            part = await b(functions.updates.GetDifferenceRequest(pts=pts, date=state.date, qts=0))
            kinds.append(type(part).__name__)
            if isinstance(part, types.updates.DifferenceEmpty):
                break
            texts += [message.message for message in part.new_messages]
            pts = (part.intermediate_state if kinds[-1] == "DifferenceSlice" else part.state).pts
        assert texts == [message.text for message in sent]
        assert kinds == ["DifferenceSlice", "DifferenceSlice", "Difference", "DifferenceEmpty"]


async def test_the_difference_tells_edits_deletes_and_reads(
    sim: TelegramSimulator, alice: Account, bob: Account
) -> None:
    async with sim.connected(alice) as a, sim.connected(bob) as b:
        state = await b(functions.updates.GetStateRequest())
        first = await a.send_message("bob_b", "one")
        second = await a.send_message("bob_b", "two")
        await first.edit("ONE")
        await second.delete()
        ask = functions.updates.GetDifferenceRequest(pts=state.pts, date=state.date, qts=0)
        difference = await b(ask)
        assert [message.message for message in difference.new_messages] == ["ONE"]
        assert [type(update) for update in difference.other_updates] == [
            types.UpdateEditMessage,
            types.UpdateDeleteMessages,
        ]
        numbers = [entry.pts for entry in bob.box.entries]
        assert numbers == sorted(set(numbers))


async def test_after_a_cut_catching_up_brings_what_was_missed(
    sim: TelegramSimulator, alice: Account, bob: Account
) -> None:
    async with sim.connected(bob, sequential_updates=True) as b:
        received = queue_of(b, events.NewMessage)
        await sim.stop()
        sim.send(alice, bob, "missed")
        await sim.start()
        async with asyncio.timeout(5):
            await b.get_me()
        assert received.empty()
        await b.catch_up()
        assert (await take(received)).raw_text == "missed"


async def test_a_withheld_update_comes_with_the_difference(
    sim: TelegramSimulator, alice: Account, bob: Account
) -> None:
    async with sim.connected(bob, sequential_updates=True) as b:
        received = queue_of(b, events.NewMessage)
        fault = PushFault("withhold", bob, when=new_message)
        sim.faults.add(fault)
        sim.send(alice, bob, "withheld")
        assert (fault.hits, fault.hit.is_set()) == (1, True)
        sim.send(alice, bob, "pushed")
        assert [(await take(received)).raw_text for _ in range(2)] == ["withheld", "pushed"]


@pytest.mark.parametrize("kind", ["duplicate", "reorder"])
async def test_doubled_and_reordered_updates_are_seen_once_and_in_order(
    sim: TelegramSimulator, alice: Account, bob: Account, kind: Any
) -> None:
    async with sim.connected(bob, sequential_updates=True) as b:
        received = queue_of(b, events.NewMessage)
        sim.faults.add(PushFault(kind, bob, skip=1))
        for number in range(4):
            sim.send(alice, bob, str(number))
        assert [(await take(received)).raw_text for _ in range(4)] == ["0", "1", "2", "3"]
        await b.get_me()
        assert received.empty()


async def test_a_difference_that_is_too_long_skips(sim: TelegramSimulator, alice: Account, bob: Account) -> None:
    async with sim.connected(bob) as b:
        received = queue_of(b, events.NewMessage)
        fault = sim.difference_too_long(bob)
        sim.faults.add(PushFault("withhold", bob))
        sim.send(alice, bob, "lost to updates")
        await b.catch_up()
        async with asyncio.timeout(5):
            await fault.hit.wait()
        await b.get_me()
        sim.send(alice, bob, "seen")
        assert (await take(received)).raw_text == "seen"
        assert [m.raw_text for m in await b.get_messages("alice_a", limit=5)] == ["seen", "lost to updates"]


async def test_a_client_that_wants_no_updates_gets_none(sim: TelegramSimulator, alice: Account, bob: Account) -> None:
    async with sim.connected(bob, receive_updates=False) as quiet, sim.connected(bob) as b:
        unwanted, received = queue_of(quiet, events.NewMessage), queue_of(b, events.NewMessage)
        sim.send(alice, bob, "hello")
        await take(received)
        await quiet.get_me()
        assert unwanted.empty()
