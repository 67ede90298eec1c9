"""A Telegram server and two people in it, for tests of the simulator."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from telethon import TelegramClient

from jobs_simulator.telegram import Account, TelegramSimulator


@pytest.fixture
async def sim() -> AsyncIterator[TelegramSimulator]:
    async with TelegramSimulator() as simulator:
        yield simulator
    assert not simulator.world.bugs


@pytest.fixture
def alice(sim: TelegramSimulator) -> Account:
    return sim.add_user("Alice", username="alice_a")


@pytest.fixture
def bob(sim: TelegramSimulator) -> Account:
    return sim.add_user("Bob", username="bob_b")


def queue_of(client: TelegramClient, event: Any) -> "asyncio.Queue[Any]":
    """What a client hears of from now on."""
    queue: asyncio.Queue[Any] = asyncio.Queue()
    client.add_event_handler(queue.put, event)
    return queue
