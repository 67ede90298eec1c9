"""Typing: shown in a chat while a turn runs, and never after."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog
from telethon import TelegramClient
from telethon.errors import RPCError
from telethon.tl import functions, types

from jobs.telegram.chats import Chats

log = structlog.get_logger()

REPEAT_SECONDS = 4.5
"""Telegram shows typing for about six seconds after each sign."""

CANCEL_SECONDS = 2.0


class Presence:
    def __init__(self, client: TelegramClient, chats: Chats) -> None:
        self._client = client
        self._chats = chats

    @asynccontextmanager
    async def typing(self, chat: int) -> AsyncIterator[None]:
        """Typing for as long as the context lasts. A message that follows ends it; a failure takes it back."""
        task = asyncio.create_task(self._repeat(chat))
        try:
            yield
        except BaseException:
            await self._end(task)
            with contextlib.suppress(TimeoutError):  # while Telegram is away a request waits for it
                async with asyncio.timeout(CANCEL_SECONDS):
                    await self._show(chat, types.SendMessageCancelAction())
            raise
        await self._end(task)

    async def _end(self, task: asyncio.Task[None]) -> None:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task

    async def _repeat(self, chat: int) -> None:
        while await self._show(chat, types.SendMessageTypingAction()):  # noqa: ASYNC110 (a pace, not a poll)
            await asyncio.sleep(REPEAT_SECONDS)

    async def _show(self, chat: int, action: types.TypeSendMessageAction) -> bool:
        """False when there is no point in showing more."""
        try:
            await self._client(functions.messages.SetTypingRequest(self._chats.peer(chat), action))
        except RPCError as error:
            log.info("typing not shown", chat=chat, error=str(error))
            return False
        except (ConnectionError, OSError) as error:
            log.info("typing not shown", chat=chat, error=str(error) or type(error).__name__)
        return True
