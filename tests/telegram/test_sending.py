"""What Jobs says: each message once and in order in its chat, whatever the connection, the limits and the people do."""

import asyncio
import errno
import threading
from pathlib import Path
from typing import Any

import pytest
from telethon import errors
from telethon.tl import functions
from tests.support import full_disk
from tests.telegram.post import Post

from jobs.spine.model import OutboxKind
from jobs.spine.switches import Switches
from jobs.telegram import limiter, sender
from jobs.telegram.limiter import Request
from jobs_simulator.telegram import Account, Fault, TelegramSimulator

SEND = functions.messages.SendMessageRequest


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sender, "PAUSES", [0.01])
    monkeypatch.setattr(limiter, "SHORTEST_HOLD", 0.1)


async def met(mail: Post, *people: Account) -> None:
    """Each writes once, so that Jobs can address them."""
    for person in people:
        mail.sim.send(person, mail.account, "hello")
    async with asyncio.timeout(5):
        for _ in people:
            await mail.arrived.get()


def said(mail: Post, person: Account) -> list[str]:
    """What Jobs' account wrote in the chat with a person."""
    return [message.text for message in mail.sim.messages(mail.account, person) if message.out]


def say(mail: Post, person: Account, *texts: str) -> None:
    for text in texts:
        mail.outbox.say(f"{person.id}:{text}", person.id, OutboxKind.ANSWER, text)


async def test_messages_go_out_in_order_with_their_formatting_and_their_ids_are_kept(
    sim: TelegramSimulator, tmp_path: Path, jobs: Account, owner: Account, masha: Account
) -> None:
    async with Post(sim, tmp_path, jobs, owner) as mail:
        await met(mail, masha)
        say(mail, masha, "**one**", "two", "x" * 5000, "four")
        await mail.until_sent("four")
        assert [len(text) for text in said(mail, masha)] == [3, 3, 4096, 904, 4]
        (first, *_) = [message for message in sim.messages(masha, jobs) if not message.out]
        assert [type(entity).__name__ for entity in first.entities] == ["MessageEntityBold"]
        await mail.sender.drain(5)
        rows = mail.db.execute("SELECT state, message_id FROM outbox ORDER BY id")
        assert [row["state"] for row in rows] == ["sent"] * 5
        assert [row["message_id"] for row in rows] == [m.id for m in sim.messages(jobs, masha) if m.out]


@pytest.mark.parametrize("moment", ["before", "after"])
async def test_a_connection_cut_around_a_send_leaves_one_message(
    sim: TelegramSimulator, tmp_path: Path, jobs: Account, owner: Account, masha: Account, moment: Any
) -> None:
    async with Post(sim, tmp_path, jobs, owner) as mail:
        await met(mail, masha)
        sim.faults.add(Fault(SEND, jobs, cut=moment))
        say(mail, masha, "once", "twice")
        await mail.until_sent("twice")
        await mail.sender.drain(5)
        assert said(mail, masha) == ["once", "twice"]
        assert mail.states("outbox") == ["sent", "sent"]


async def test_an_answer_that_never_came_leaves_one_message_after_the_next_start(
    sim: TelegramSimulator, tmp_path: Path, jobs: Account, owner: Account, masha: Account
) -> None:
    async with Post(sim, tmp_path, jobs, owner) as mail:
        await met(mail, masha)
        sim.faults.add(Fault(SEND, jobs, swallow=True))
        say(mail, masha, "once", "twice")
        await mail.until_sent("once")
        assert mail.states("outbox") == ["queued", "queued"]
    async with Post(sim, tmp_path, jobs, owner) as mail:
        await mail.until_sent("twice")
        await mail.sender.drain(5)
        assert said(mail, masha) == ["once", "twice"]
        assert mail.states("outbox") == ["sent", "sent"]


async def test_a_send_that_could_not_be_noted_is_not_made_twice(
    sim: TelegramSimulator,
    tmp_path: Path,
    jobs: Account,
    owner: Account,
    masha: Account,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with Post(sim, tmp_path, jobs, owner) as mail:
        await met(mail, masha)
        note = mail.outbox.sent

        def no_room(*given: Any) -> None:
            monkeypatch.setattr(mail.outbox, "sent", note)
            with full_disk(mail.db):
                mail.db.execute("INSERT INTO meta (key, value) VALUES ('x', ?)", ("x" * 100_000,))

        monkeypatch.setattr(mail.outbox, "sent", no_room)
        say(mail, masha, "once", "twice")
        await mail.until_sent("twice")
        await mail.sender.drain(5)
        assert said(mail, masha) == ["once", "twice"]


async def test_a_flood_wait_is_waited_for_and_nothing_is_lost(
    sim: TelegramSimulator, tmp_path: Path, jobs: Account, owner: Account, masha: Account
) -> None:
    async with Post(sim, tmp_path, jobs, owner) as mail:
        await met(mail, masha, owner)
        fault = Fault(SEND, jobs, error="FLOOD_WAIT_1")
        sim.faults.add(fault)
        say(mail, masha, "one", "two")
        await fault.hit.wait()
        say(mail, owner, "for the owner")
        await mail.until_sent("two")
        await mail.until_sent("for the owner")
        assert (said(mail, masha), said(mail, owner)) == (["one", "two"], ["for the owner"])


@pytest.mark.parametrize("error", [(500, "INTERNAL"), (-503, "Timeout"), "FLOOD_PREMIUM_WAIT_0"])
async def test_trouble_of_telegrams_own_is_tried_again(
    sim: TelegramSimulator, tmp_path: Path, jobs: Account, owner: Account, masha: Account, error: Any
) -> None:
    async with Post(sim, tmp_path, jobs, owner) as mail:
        await met(mail, masha)
        sim.faults.add(Fault(SEND, jobs, error=error))
        say(mail, masha, "one", "two")
        await mail.until_sent("two")
        assert said(mail, masha) == ["one", "two"]


async def test_somebody_who_blocked_jobs_is_told_to_the_owner_with_the_words_that_were_meant(
    sim: TelegramSimulator, tmp_path: Path, jobs: Account, owner: Account, masha: Account
) -> None:
    async with Post(sim, tmp_path, jobs, owner) as mail:
        await met(mail, masha, owner)
        sim.block(by=masha, who=jobs)
        say(mail, masha, "are you there?")
        event = await sim.wait_for(lambda event: event.kind == "message" and event.account is jobs)
        assert event.peer is owner
        for part in ("Мария Иванова", "UserIsBlocked", "are you there?"):
            assert part in event.text
        assert said(mail, masha) == []
        sim.block(by=owner, who=jobs)
        say(mail, owner, "nobody hears this")  # and it does not go round in circles
        await mail.sender.drain(5)
        assert mail.states("outbox") == ["failed", "sent", "failed"]


async def test_a_message_that_telegram_will_never_take_does_not_hold_up_the_chat(
    sim: TelegramSimulator, tmp_path: Path, jobs: Account, owner: Account, masha: Account
) -> None:
    async with Post(sim, tmp_path, jobs, owner) as mail:
        await met(mail, masha, owner)
        for error in ("ENTITY_BOUNDS_INVALID", "SOMETHING_NEW_INVALID"):
            poison = Fault(SEND, jobs, when=lambda request: request.message == "poison", error=error, times=None)
            sim.faults.add(poison)
            mail.outbox.say(error, masha.id, OutboxKind.ANSWER, "poison")
            say(mail, masha, f"bread after {error}")
            await mail.until_sent(f"bread after {error}")
            sim.faults.clear()
        await sim.wait_for(lambda event: event.peer is owner and "poison" in event.text)


async def test_a_login_that_telegram_has_ended_is_reported_and_the_words_wait(
    sim: TelegramSimulator, tmp_path: Path, jobs: Account, owner: Account, masha: Account
) -> None:
    async with Post(sim, tmp_path, jobs, owner) as mail:
        await met(mail, masha)
        sim.revoke(jobs)
        say(mail, masha, "are you there?")
        await asyncio.wait(list(mail.sender._tasks.values()), timeout=5)
        assert isinstance(mail.signed_out, errors.UnauthorizedError)
        assert mail.states("outbox") == ["queued"]


async def test_somebody_whom_jobs_can_not_address_yet_hears_when_they_write(
    sim: TelegramSimulator, tmp_path: Path, jobs: Account, owner: Account, masha: Account
) -> None:
    async with Post(sim, tmp_path, jobs, owner) as mail:
        say(mail, masha, "waits")
        assert mail.states("outbox") == ["queued"]
        await met(mail, masha)
        mail.sender.wake(masha.id)
        await mail.until_sent("waits")


async def test_a_flood_wait_keeps_nobody_but_its_chat_waiting_when_it_is_that_chats_own(
    sim: TelegramSimulator, tmp_path: Path, jobs: Account, owner: Account, masha: Account
) -> None:
    async with Post(sim, tmp_path, jobs, owner) as mail:
        await met(mail, masha, owner)
        fault = Fault(SEND, jobs, when=lambda request: request.message == "one", error="FLOOD_WAIT_3600", times=None)
        sim.faults.add(fault)
        say(mail, masha, "one")
        await fault.hit.wait()
        say(mail, owner, "for the owner", "and more")
        await mail.until_sent("and more")
        assert fault.hits == 1


async def test_a_flood_wait_of_the_account_is_asked_about_twice_and_by_nobody_else(
    sim: TelegramSimulator, tmp_path: Path, jobs: Account, owner: Account
) -> None:
    people = [sim.add_user(f"Person {number}") for number in range(10)]
    async with Post(sim, tmp_path, jobs, owner) as mail:
        await met(mail, *people)
        limit = Fault(SEND, jobs, error="FLOOD_WAIT_1", times=2)
        sim.faults.add(limit)
        say(mail, people[0], "to 0")
        await limit.hit.wait()
        for number, person in enumerate(people[1:], 1):
            say(mail, person, f"to {number}")
        for number in range(10):
            await mail.until_sent(f"to {number}")
        assert limit.hits == 2
        assert [said(mail, person) for person in people] == [[f"to {number}"] for number in range(10)]


async def test_when_not_all_can_go_at_once_answers_go_before_messages_and_reminders_last(
    sim: TelegramSimulator, tmp_path: Path, jobs: Account, owner: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limiter, "ALL_BURST", 1.0)
    people = [sim.add_user(f"Person {number}") for number in range(5)]
    said = [
        ("x:1", OutboxKind.NOTICE, "the first takes the only place"),
        ("schedule:1:now", OutboxKind.NOTICE, "reminder"),
        ("message:1", OutboxKind.MESSAGE, "message"),
        ("command:telegram:1", OutboxKind.NOTICE, "answer to a command"),
        ("turn:1", OutboxKind.ANSWER, "answer"),
    ]
    async with Post(sim, tmp_path, jobs, owner) as mail:
        await met(mail, *people)
        for person, (key, kind, text) in zip(people, said, strict=True):
            mail.outbox.say(key, person.id, kind, text)
        await mail.until_sent("reminder")
        texts = [event.text for event in sim.log.of("message", account=jobs)]
        assert texts == [said[0][2], "answer to a command", "answer", "message", "reminder"]


async def test_what_is_frozen_while_it_waits_for_its_place_does_not_leave(
    sim: TelegramSimulator, tmp_path: Path, jobs: Account, owner: Account, masha: Account
) -> None:
    async with Post(sim, tmp_path, jobs, owner) as mail:
        await met(mail, masha)
        mail.limiter.hold(masha.id, Request.TEXT, 0)
        say(mail, masha, "withdrawn", "stays")
        await asyncio.sleep(0)
        assert mail.limiter._waiting
        mail.db.execute("UPDATE outbox SET state = 'failed' WHERE text = 'withdrawn'")
        await mail.until_sent("stays")
        assert said(mail, masha) == ["stays"]


async def test_nothing_is_sent_before_it_is_on_the_disk(
    sim: TelegramSimulator,
    tmp_path: Path,
    jobs: Account,
    owner: Account,
    masha: Account,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with Post(sim, tmp_path, jobs, owner) as mail:
        await met(mail, masha)
        flush, tried = mail.db.flush, []

        def fails_once() -> None:
            tried.append(said(mail, masha))
            if len(tried) == 1:
                raise OSError(errno.EIO, "the disk does not take it")
            flush()

        monkeypatch.setattr(mail.db, "flush", fails_once)
        say(mail, masha, "one")
        await mail.until_sent("one")
        assert tried[:2] == [[], []]


async def test_what_is_frozen_while_it_waits_for_the_disk_does_not_leave(
    sim: TelegramSimulator,
    tmp_path: Path,
    jobs: Account,
    owner: Account,
    masha: Account,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with Post(sim, tmp_path, jobs, owner) as mail:
        await met(mail, masha)
        flush, begun, may_end = mail.db.flush, threading.Event(), threading.Event()

        def slow() -> None:
            begun.set()
            may_end.wait()
            flush()

        monkeypatch.setattr(mail.db, "flush", slow)
        say(mail, masha, "halted")
        await asyncio.to_thread(begun.wait)
        Switches(mail.db, owner.id).freeze()
        may_end.set()
        await mail.sender.drain(5)
        assert said(mail, masha) == []
        assert mail.db.value("SELECT attempts FROM outbox WHERE text = 'halted'") == 0


# ------------------------------------------------------------ refused, restricted


@pytest.mark.parametrize("only_formatting", [True, False])
async def test_an_answer_to_the_owner_that_is_refused_comes_without_formatting_or_as_a_notice(
    sim: TelegramSimulator, tmp_path: Path, jobs: Account, owner: Account, *, only_formatting: bool
) -> None:
    async with Post(sim, tmp_path, jobs, owner) as mail:
        await met(mail, owner)

        def finds_fault(request: Any) -> bool:
            return bool(request.entities) if only_formatting else request.message == "the answer"

        sim.faults.add(Fault(SEND, jobs, when=finds_fault, error="ENTITY_BOUNDS_INVALID", times=None))
        say(mail, owner, "the **answer**")
        await sim.wait_for(lambda event: event.kind == "message" and "the answer" in event.text)
        await mail.sender.drain(5)
        assert mail.states("outbox") == (["sent"] if only_formatting else ["failed", "sent"])


async def test_while_telegram_restricts_the_account_words_wait_and_the_owner_hears_of_it_once(
    sim: TelegramSimulator, tmp_path: Path, jobs: Account, owner: Account, masha: Account
) -> None:
    async with Post(sim, tmp_path, jobs, owner) as mail:
        await met(mail, owner, masha)
        restricted = Fault(SEND, jobs, when=lambda request: request.message == "hi", error="PEER_FLOOD", times=None)
        sim.faults.add(restricted)
        say(mail, masha, "hi")
        await sim.wait_for(lambda event: event.kind == "message" and event.peer is owner)
        await mail.sender.drain(0)
        assert mail.states("outbox")[0] == "queued"
        sim.faults.clear()
    async with Post(sim, tmp_path, jobs, owner) as mail:
        await mail.until_sent("hi")


async def test_what_waits_out_a_flood_wait_does_not_leave_once_the_outbox_is_frozen(
    sim: TelegramSimulator, tmp_path: Path, jobs: Account, owner: Account, masha: Account
) -> None:
    async with Post(sim, tmp_path, jobs, owner) as mail:
        await met(mail, masha, owner)
        fault = Fault(SEND, jobs, error="FLOOD_WAIT_1")
        sim.faults.add(fault)
        say(mail, masha, "one")
        await fault.hit.wait()
        switches = Switches(mail.db, owner.id)
        switches.freeze()
        mail.outbox.reply("x", owner.id, "frozen", urgent=True)
        await mail.until_sent("frozen")
        await mail.sender.drain(5)
        assert said(mail, masha) == []
        switches.resume()
        mail.sender.start()
        await mail.until_sent("one")
