"""Watched channels through a real Telethon client: pushed posts, and those that came while Jobs was away."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from tests.support import OWNER, Spine

from jobs.spine.tool import ToolError
from jobs.telegram.channels import Channels
from jobs.telegram.client import Account
from jobs.tools.watches import Watches
from jobs_simulator.telegram import TelegramSimulator


class World:
    """A channel with an author, the account that reads it, and what is told of it."""

    def __init__(self, spine: Spine, telegram: TelegramSimulator) -> None:
        self.spine = spine
        self.telegram = telegram
        self.author = telegram.add_user("Author")
        self.jobs = telegram.add_user("Jobs", username="jobs_assistant")
        self.news = telegram.add_channel("Новости", [self.author, self.jobs], username="news_of_day")
        self.told = asyncio.Condition()
        self.watches = Watches(spine.db, spine.inbox, spine.outbox, spine.users)

    def post(self, *texts: str) -> None:
        for text in texts:
            self.telegram.send(self.author, self.news, text)

    @asynccontextmanager
    async def reading(self, *, is_bot: bool = False) -> AsyncIterator[Channels]:
        """The part of the program that reads channels, running on the account."""
        async with self.telegram.connected(self.jobs) as client:
            account = Account(self.jobs.id, "Jobs", None, is_bot, False)
            channels = Channels(client, account, self.spine.db, self.watches)
            channels.start()
            task = asyncio.create_task(channels.run())
            yield channels
            channels.stop()
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def until(self, number: int) -> list[str]:
        """Wait until so many posts were told; returns their numbers' lines."""
        said = asyncio.Event()
        self.spine.outbox.on_queued = lambda _chat: said.set()
        async with asyncio.timeout(10):
            while len(found := self._found()) < number:
                await said.wait()
                said.clear()
        return found

    def _found(self) -> list[str]:
        return [text.split("пост ")[1].rstrip(":") for text in self.spine.said(OWNER) if text.startswith("В канале")]


@pytest.fixture
async def world(spine: Spine) -> AsyncIterator[World]:
    telegram = TelegramSimulator()
    await telegram.start()
    yield World(spine, telegram)
    await telegram.stop()


async def watch(world: World, channels: Channels, name: str = "@news_of_day", *words: str) -> Any:
    return world.watches.add(await channels.find(name), words, None, None)


@pytest.mark.parametrize("name", ["@news_of_day", "https://t.me/news_of_day", "новости"])
async def test_a_post_is_told_when_it_is_pushed(world: World, name: str) -> None:
    world.post("до наблюдения")
    async with world.reading() as channels:
        await watch(world, channels, name, "важно")
        world.post("важно: раз", "мимо", "важно: два")
        assert len(await world.until(2)) == 2


async def test_posts_of_the_time_away_are_read_at_the_next_start_and_none_is_told_twice(world: World) -> None:
    world.post("до наблюдения")
    async with world.reading() as channels:
        await watch(world, channels)
        world.post("один")
        await world.until(1)
    world.post(*(f"пост {number}" for number in range(120)))
    async with world.reading():
        numbers = await world.until(121)
    assert numbers == sorted(numbers, key=int)
    assert len(set(numbers)) == 121


async def test_what_cannot_be_watched_is_one_clear_sentence(world: World) -> None:
    stranger = world.telegram.add_user("Stranger")
    world.telegram.add_channel("Чужой", [stranger], username="not_mine")
    async with world.reading() as channels:
        for name in ("@not_mine", "@nobody_at_all", "Нет такого"):
            with pytest.raises(ToolError, match="join it in Telegram first"):
                await channels.find(name)
    async with world.reading(is_bot=True) as channels:
        with pytest.raises(ToolError, match="a bot cannot read channels"):
            await channels.find("@news_of_day")
