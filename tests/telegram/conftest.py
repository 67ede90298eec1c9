"""A loopback Telegram with Jobs, the owner and somebody else in it."""

from collections.abc import AsyncIterator

import pytest

from jobs_simulator.telegram import Account, TelegramSimulator


@pytest.fixture
async def sim() -> AsyncIterator[TelegramSimulator]:
    async with TelegramSimulator() as simulator:
        yield simulator
    assert not simulator.world.bugs
    assert not simulator.unsupported


@pytest.fixture
def jobs(sim: TelegramSimulator) -> Account:
    return sim.add_user("Jobs", username="jobs_assistant")


@pytest.fixture
def owner(sim: TelegramSimulator, jobs: Account) -> Account:
    return sim.add_user("Иван", "Петров", username="ivan_owner", lang_code="ru", contact_of=(jobs,))


@pytest.fixture
def masha(sim: TelegramSimulator) -> Account:
    return sim.add_user("Мария", "Иванова", username="masha", lang_code="en")
