"""Faults: errors, delays, cuts and swallowed answers, exactly where they were asked for."""

import asyncio

import pytest
from telethon import errors, functions

from jobs_simulator.telegram import Account, Fault, TelegramSimulator

SEND = functions.messages.SendMessageRequest


async def test_a_flood_wait_hits_the_nth_request_of_one_account(
    sim: TelegramSimulator, alice: Account, bob: Account
) -> None:
    fault = Fault(SEND, alice, error="FLOOD_WAIT_7", skip=1)
    sim.faults.add(fault)
    async with sim.connected(alice, flood_sleep_threshold=0) as a, sim.connected(bob) as b:
        await a.send_message("me", "first")
        await b.send_message("me", "not hers")
        with pytest.raises(errors.FloodWaitError) as caught:
            await a.send_message("me", "second")
        assert (caught.value.seconds, caught.value.code, fault.hits) == (7, 420, 1)
    assert [m.text for m in sim.messages(alice, alice)] == ["first"]


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        ("PEER_FLOOD", errors.PeerFloodError),
        ((500, "INTERNAL"), errors.ServerError),
        ("AUTH_KEY_UNREGISTERED", errors.AuthKeyUnregisteredError),
    ],
)
async def test_any_error_can_be_answered_and_has_no_effect(
    sim: TelegramSimulator, alice: Account, error: str, expected: type[Exception]
) -> None:
    sim.faults.add(Fault("SendMessage", error=error))
    async with sim.connected(alice) as a:
        with pytest.raises(expected):
            await a._sender.send(SEND(await a.get_input_entity("me"), "hello"))
    assert not sim.messages(alice, alice)


async def test_a_predicate_and_clear(sim: TelegramSimulator, alice: Account) -> None:
    sim.faults.add(Fault(SEND, when=lambda request: "bad" in request.message, times=None, error="PEER_FLOOD"))
    async with sim.connected(alice) as a:
        await a.send_message("me", "good")
        for _ in range(2):
            with pytest.raises(errors.PeerFloodError):
                await a.send_message("me", "bad")
        sim.faults.clear()
        await a.send_message("me", "bad")


@pytest.mark.parametrize("moment", ["before", "after"])
async def test_a_cut_around_the_effect_leaves_one_message_after_the_resend(
    sim: TelegramSimulator, alice: Account, bob: Account, moment: str
) -> None:
    fault = Fault(SEND, alice, cut="before" if moment == "before" else "after")
    sim.faults.add(fault)
    async with sim.connected(alice) as a:
        request = SEND(await a.get_input_entity("bob_b"), "exactly once", random_id=42)
        async with asyncio.timeout(5):
            if moment == "before":
                await a._sender.send(request)
            else:
                with pytest.raises(errors.RandomIdDuplicateError):
                    await a._sender.send(request)
    assert fault.hits == 1
    assert [m.text for m in sim.messages(bob, alice)] == ["exactly once"]


async def test_a_delay_holds_one_request_until_the_event(sim: TelegramSimulator, alice: Account) -> None:
    release = asyncio.Event()
    fault = Fault(SEND, delay=release, when=lambda request: request.message == "slow")
    sim.faults.add(fault)
    async with sim.connected(alice) as a:
        slow = asyncio.create_task(a.send_message("me", "slow"))
        await fault.hit.wait()
        await a.send_message("me", "quick")
        assert [m.text for m in sim.messages(alice, alice)] == ["quick"]
        release.set()
        await slow
    assert [m.text for m in sim.messages(alice, alice)] == ["quick", "slow"]


async def test_a_swallowed_answer_still_took_effect(sim: TelegramSimulator, alice: Account) -> None:
    sim.faults.add(Fault(SEND, swallow=True))
    async with sim.connected(alice) as a:
        waiting = asyncio.create_task(a.send_message("me", "hello?"))
        await sim.wait_for(lambda event: event.kind == "message")
        await a.get_me()
        assert not waiting.done()
        waiting.cancel()


async def test_stopping_abandons_what_is_delayed(sim: TelegramSimulator, alice: Account) -> None:
    fault = Fault(SEND, delay=3600.0)
    sim.faults.add(fault)
    async with sim.connected(alice) as a:
        waiting = asyncio.create_task(a.send_message("me", "hello"))
        await fault.hit.wait()
        await sim.stop()
        await sim.start()
        async with asyncio.timeout(5):
            await waiting
    assert [m.text for m in sim.messages(alice, alice)] == ["hello"]
