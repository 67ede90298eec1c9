"""A connection that is open and silent is noticed, made anew, and what was missed is read; a long absence is told."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import structlog
from telethon.tl import functions
from tests.support import MOSCOW
from tests.telegram.post import Post

from jobs.spine.model import OutboxKind
from jobs.telegram import watchdog
from jobs.telegram.watchdog import EVERY, PATIENCE, Connection, Watchdog
from jobs_simulator.telegram import Account, Fault, TelegramSimulator

ASKED = functions.updates.GetStateRequest


class Found:
    """Counts how often Telegram was there again."""

    def __init__(self, mail: Post) -> None:
        self._mail = mail
        self.again = asyncio.Event()

    def __call__(self) -> None:
        self.again.set()
        self._mail.reconciler.look_soon()


@asynccontextmanager
async def watched(
    sim: TelegramSimulator, folder: Path, jobs: Account, owner: Account, **seconds: float
) -> AsyncIterator[tuple[Post, Connection, Found]]:
    connection = Connection()
    async with Post(sim, folder, jobs, owner) as mail:
        found = Found(mail)
        every = {"every": 0.05, "patience": 0.1, **seconds}
        task = asyncio.create_task(Watchdog(mail.client, connection, found, **every).run())
        yield mail, connection, found
        assert not task.done()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def test_a_silent_connection_is_noticed_within_a_minute() -> None:
    assert EVERY + PATIENCE < 60


async def test_a_connection_that_goes_silent_is_made_anew_and_nothing_is_missed_or_lost(
    sim: TelegramSimulator, tmp_path: Path, jobs: Account, owner: Account, masha: Account
) -> None:
    async with watched(sim, tmp_path, jobs, owner) as (mail, connection, found):
        sim.send(masha, jobs, "before")
        await mail.until_arrived("before")
        sim.silence()
        sim.send(masha, jobs, "into silence")
        mail.outbox.say("x", masha.id, OutboxKind.ANSWER, "an answer into silence")
        async with asyncio.timeout(10):
            await found.again.wait()
        await mail.until_arrived("before", "into silence")
        await mail.until_sent("an answer into silence")
        assert connection.is_there
        await mail.sender.drain(5)
        assert len([message for message in sim.messages(jobs, masha) if message.out]) == 1


async def test_while_telegram_is_silent_for_long_it_is_tried_again_and_told(
    sim: TelegramSimulator,
    tmp_path: Path,
    jobs: Account,
    owner: Account,
    masha: Account,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(watchdog, "LONG_AWAY", 0.3)
    told: asyncio.Queue[dict[str, Any]] = asyncio.Queue()

    def note(_logger: logging.Logger, _method: str, event: Any) -> str:
        told.put_nowait(dict(event))
        raise structlog.DropEvent

    monkeypatch.setattr(watchdog, "log", structlog.wrap_logger(None, [note]))
    async with watched(sim, tmp_path, jobs, owner, long_away=0.3) as (mail, connection, found):
        since = connection.since
        sim.silence(lasting=True)
        async with asyncio.timeout(10):
            assert "silent" in (await told.get())["event"]
            assert "no connection" in (await told.get())["event"]
        assert not connection.is_there
        assert connection.words(MOSCOW, "en").startswith("not connected since")
        assert connection.since >= since
        sim.send(masha, jobs, "into silence")
        sim.speak()
        async with asyncio.timeout(10):
            await found.again.wait()
        await mail.until_arrived("into silence")
        assert connection.last_absence >= 0.3
        assert "away for 0 min before that" in connection.words(MOSCOW, "en")
        assert "there again" in (await told.get())["event"]
        assert told.empty()


async def until_lost(connection: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    lost = asyncio.Event()
    note = connection.lost

    def noted(seconds: float) -> None:
        note(seconds)
        lost.set()

    monkeypatch.setattr(connection, "lost", noted)
    async with asyncio.timeout(10):
        await lost.wait()


async def test_a_server_that_is_down_is_away_until_it_is_back(
    sim: TelegramSimulator,
    tmp_path: Path,
    jobs: Account,
    owner: Account,
    masha: Account,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with watched(sim, tmp_path, jobs, owner) as (mail, connection, found):
        await sim.stop()
        await until_lost(connection, monkeypatch)
        sim.send(masha, jobs, "while it was down")
        await sim.start()
        async with asyncio.timeout(10):
            await found.again.wait()
        await mail.until_arrived("while it was down")


async def test_a_connection_on_which_something_comes_is_not_asked_about(
    sim: TelegramSimulator, tmp_path: Path, jobs: Account, owner: Account, masha: Account
) -> None:
    asked = Fault(ASKED, jobs, times=None)
    sim.faults.add(asked)
    async with watched(sim, tmp_path, jobs, owner, every=0.3) as (mail, _connection, _found):
        for number in range(20):
            sim.send(masha, jobs, str(number))
            async with asyncio.timeout(5):
                await mail.arrived.get()
        assert asked.hits <= 2
        async with asyncio.timeout(5):
            await asked.hit.wait()


async def test_an_answer_that_refuses_is_a_sign_of_life(
    sim: TelegramSimulator, tmp_path: Path, jobs: Account, owner: Account
) -> None:
    refused, again = Fault(ASKED, jobs, error="FLOOD_WAIT_60"), Fault(ASKED, jobs, error="FLOOD_WAIT_60")
    async with watched(sim, tmp_path, jobs, owner) as (_mail, connection, found):
        sim.faults.add(refused)
        sim.faults.add(again)
        async with asyncio.timeout(10):
            await again.hit.wait()
        assert connection.is_there
        assert not found.again.is_set()


async def test_while_one_question_has_no_answer_no_other_is_asked(
    sim: TelegramSimulator, tmp_path: Path, jobs: Account, owner: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted = Fault(ASKED, jobs, when=lambda _: True, delay=0, times=None)
    async with watched(sim, tmp_path, jobs, owner, every=0.3, patience=0.03) as (mail, _connection, found):
        reconnects: asyncio.Queue[None] = asyncio.Queue()
        reconnect = mail.client.reconnect

        def noted() -> None:
            reconnects.put_nowait(None)
            reconnect()

        monkeypatch.setattr(mail.client, "reconnect", noted)
        sim.silence(lasting=True)
        sim.faults.add(counted)
        async with asyncio.timeout(10):
            for _ in range(5):
                await reconnects.get()
            sim.speak()
            await found.again.wait()
        assert counted.hits == 1
