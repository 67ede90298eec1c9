"""Typing: shown in a chat while a turn runs, and never after."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import structlog
from telethon import TelegramClient
from telethon.errors import RPCError
from telethon.tl import functions, types

from jobs.config import Streaming
from jobs.db import Database
from jobs.telegram.chats import Chats
from jobs.telegram.progress import ProgressMessage
from jobs.users.activity import Activity, Unseen
from jobs.users.repository import UsersRepository

log = structlog.get_logger()

REPEAT_SECONDS = 4.5
"""Telegram shows typing for about six seconds after each sign."""

CANCEL_SECONDS = 2.0


class Presence:
    """Shows people that Jobs is at work. `mask` hides secrets in what the owner is shown."""

    def __init__(
        self,
        client: TelegramClient,
        chats: Chats,
        db: Database,
        users: UsersRepository,
        streaming: Streaming,
        mask: Callable[[str], str],
    ) -> None:
        self._client = client
        self._chats = chats
        self._db = db
        self._users = users
        self._streaming = streaming
        self._mask = mask
        self._removing: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def working(self, chat: int) -> AsyncIterator[Activity]:
        """Typing for as long as the context lasts; to the owner also a progress message.

        A message that follows ends the typing; a failure takes it back.
        """
        owner = self._users.owner()
        watched = chat == owner.id and self._streaming != "off"
        progress = ProgressMessage(
            self._client, self._chats, self._db, chat, owner.language, self._streaming, self._mask
        )
        tasks = [asyncio.create_task(self._repeat(chat))]
        if watched:
            tasks.append(asyncio.create_task(progress.show()))
        try:
            yield progress if watched else Unseen()
        except BaseException:
            await self._end(tasks)
            with contextlib.suppress(TimeoutError):  # while Telegram is away a request waits for it
                async with asyncio.timeout(CANCEL_SECONDS):
                    await self._show(chat, types.SendMessageCancelAction())
            raise
        else:
            await self._end(tasks)
        finally:
            removing = asyncio.create_task(progress.remove())
            self._removing.add(removing)
            removing.add_done_callback(self._removing.discard)

    async def drain(self) -> None:
        """Wait a little for progress messages to be gone."""
        if self._removing:
            await asyncio.wait(self._removing, timeout=CANCEL_SECONDS)

    async def _end(self, tasks: list[asyncio.Task[None]]) -> None:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

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
