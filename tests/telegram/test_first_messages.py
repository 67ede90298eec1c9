"""Messages to people who never wrote: so many a day, none while Telegram forbids it, and the owner knows who waits."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import time_machine
from telethon.tl import functions
from tests.telegram.post import Post
from tests.telegram.test_sending import met, said, say

from jobs.telegram.first_messages import ONE_TRIES
from jobs_simulator.telegram import Account, Fault, TelegramSimulator
from jobs_simulator.telegram.journal import Event

SEND = functions.messages.SendMessageRequest
EVENING = datetime(2026, 11, 22, 20, 30, tzinfo=UTC)
"""23:30 of the owner's day."""


@pytest.fixture
def strangers(sim: TelegramSimulator, jobs: Account) -> list[Account]:
    """Three people whom Jobs has in its contacts and who never wrote."""
    return [sim.add_user(name, contact_of=(jobs,)) for name in ("Анна", "Борис", "Вера")]


def is_notice(owner: Account) -> Any:
    return lambda event: event.kind == "message" and event.peer is owner


async def notice(mail: Post, owner: Account, *words: str) -> Event:
    """The next notice to the owner, with these words."""
    event = await mail.sim.wait_for(is_notice(owner))
    for word in words:
        assert word in event.text
    return event


async def test_more_first_messages_than_a_day_may_have_wait_and_the_owner_is_told_whose(
    sim: TelegramSimulator, tmp_path: Path, jobs: Account, owner: Account, strangers: list[Account]
) -> None:
    async with Post(sim, tmp_path, jobs, owner, first_messages_per_day=1) as mail:
        await met(mail, owner)
        for person in strangers:
            say(mail, person, "hello", "and more")
        await notice(mail, owner, "Борис, Вера", "FIRST_MESSAGES_PER_DAY", "(1)")
        assert [said(mail, person) for person in strangers] == [["hello", "and more"], [], []]
        say(mail, strangers[2], "and even more")
        say(mail, owner, "last")
        await mail.until_sent("last")
        assert len([event for event in sim.log if is_notice(owner)(event)]) == 2  # "last", and one notice a day
        await mail.sender.drain(5)
        assert mail.states("outbox").count("queued") == 5


async def test_who_waits_is_written_to_the_next_day_and_a_restart_forgets_no_count(
    sim: TelegramSimulator, tmp_path: Path, jobs: Account, owner: Account, strangers: list[Account]
) -> None:
    with time_machine.travel(EVENING) as traveller:
        for person, words in zip(strangers[:2], ("first", "second"), strict=True):
            async with Post(sim, tmp_path, jobs, owner, first_messages_per_day=1) as mail:
                say(mail, person, words)
                if words == "first":
                    await mail.until_sent(words)
                    await mail.sender.drain(5)
                else:
                    await mail.sender.drain(5)
                    assert said(mail, person) == []
        traveller.move_to(EVENING.replace(minute=59, second=59, microsecond=900_000))
        async with Post(sim, tmp_path, jobs, owner, first_messages_per_day=1) as mail:
            await mail.until_sent("second")  # a moment later it is midnight in Moscow


@pytest.mark.parametrize("limit", [0, 1])
async def test_an_answer_is_no_first_message_and_takes_what_waited_along(
    sim: TelegramSimulator, tmp_path: Path, jobs: Account, owner: Account, strangers: list[Account], *, limit: int
) -> None:
    async with Post(sim, tmp_path, jobs, owner, first_messages_per_day=limit) as mail:
        await met(mail, owner)
        for person in strangers:
            say(mail, person, "hello")
        await notice(mail, owner, "Вера")
        await met(mail, strangers[2])
        say(mail, strangers[2], "the answer")
        await mail.until_sent("the answer")
        assert said(mail, strangers[2]) == ["hello", "the answer"]
        assert said(mail, strangers[1]) == []


async def test_the_number_of_people_counts_and_not_what_was_said_to_them(
    sim: TelegramSimulator, tmp_path: Path, jobs: Account, owner: Account, strangers: list[Account]
) -> None:
    async with Post(sim, tmp_path, jobs, owner, first_messages_per_day=3) as mail:
        for words in ("one", "two", "three"):
            for person in strangers:
                say(mail, person, words)
        async with asyncio.timeout(5):
            while mail.states("outbox") != ["sent"] * 9:
                await sim.wait_for(lambda event: event.kind == "message", since=len(sim.log))
                await mail.sender.drain(5)
        assert [said(mail, person) for person in strangers] == [["one", "two", "three"]] * 3


async def test_a_restriction_stops_all_first_messages_but_no_answers_and_is_told_once(
    sim: TelegramSimulator,
    tmp_path: Path,
    jobs: Account,
    owner: Account,
    masha: Account,
    strangers: list[Account],
) -> None:
    async with Post(sim, tmp_path, jobs, owner) as mail:
        await met(mail, owner, masha)
        restricted = Fault(SEND, jobs, when=lambda request: request.message == "hi", error="PEER_FLOOD", times=None)
        sim.faults.add(restricted)
        say(mail, strangers[0], "hi")
        await notice(mail, owner, "Анна")
        for person in strangers:
            say(mail, person, "hi")
        say(mail, masha, "the answer")
        await mail.until_sent("the answer")
        assert restricted.hits == 1
        assert len([event for event in sim.log if is_notice(owner)(event)]) == 1


async def test_after_a_restriction_one_message_tries_and_when_it_passes_all_go(
    sim: TelegramSimulator, tmp_path: Path, jobs: Account, owner: Account, strangers: list[Account]
) -> None:
    with time_machine.travel(EVENING, tick=False) as traveller:
        async with Post(sim, tmp_path, jobs, owner) as mail:
            first = mail.first_messages
            one, two, three = (person.id for person in strangers)
            assert first.restricted(one) == 3600
            first.went_through(two)  # it was on its way already
            assert first.restricted(three) == 3600  # so was this
            assert [first.hold(chat) for chat in (one, two, three)] == [3600] * 3
            traveller.shift(3601)
            assert [first.hold(chat) for chat in (one, two, three)] == [0, ONE_TRIES, ONE_TRIES]
            assert first.restricted(one) == 7200
            traveller.shift(7201)
            assert first.hold(two) == 0
            first.went_through(two)
            assert [first.hold(chat) for chat in (one, two, three)] == [0, 0, 0]
            assert first.restricted(one) == 3600
