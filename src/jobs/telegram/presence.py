"""Typing: shown in a chat from the moment a message has arrived until its turn has ended, and never after."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import structlog
from telethon import TelegramClient
from telethon.errors import RPCError
from telethon.tl import functions, types

from jobs.config import Streaming
from jobs.db import Database
from jobs.telegram.chats import Chats
from jobs.telegram.limiter import SIGN_SECONDS, Limiter
from jobs.telegram.progress import ProgressMessage
from jobs.users.activity import Activity, Unseen
from jobs.users.repository import UsersRepository

log = structlog.get_logger()

REPEAT_SECONDS = 4.5
"""Telegram shows typing for about six seconds after each sign."""

WAITING_SECONDS = 60.0
"""How long typing is shown for a message that no turn has begun with: all places may be taken for long."""
WORKING_SECONDS = 3600.0
"""How long it is shown for one turn at most: whatever hangs, it has an end."""

CANCEL_SECONDS = 2.0


@dataclass(eq=False)
class _Typing:
    """Typing in one chat."""

    until: float
    """By the event loop's clock."""
    working: bool
    """A turn runs; else a message waits for one."""
    task: "asyncio.Task[None]" = field(init=False)


class Presence:
    """Shows people that Jobs is at work. `mask` hides secrets in what the owner is shown."""

    def __init__(
        self,
        client: TelegramClient,
        chats: Chats,
        db: Database,
        limiter: Limiter,
        users: UsersRepository,
        streaming: Streaming,
        mask: Callable[[str], str],
    ) -> None:
        self._client = client
        self._chats = chats
        self._db = db
        self._limiter = limiter
        self._users = users
        self._streaming = streaming
        self._mask = mask
        self._removing: set[asyncio.Task[None]] = set()
        self._typing: dict[int, _Typing] = {}

    def noticed(self, chat: int) -> None:
        """A message has come: typing at once, while it waits for a turn, but for WAITING_SECONDS at most."""
        typing = self._typing.get(chat)
        if typing is None or not typing.working:
            self._begin(chat, WAITING_SECONDS, working=False)

    @asynccontextmanager
    async def working(self, chat: int) -> AsyncIterator[Activity]:
        """Typing for as long as the context lasts; to the owner also a progress message.

        A message that follows ends the typing; a failure takes it back.
        """
        owner = self._users.owner()
        watched = chat == owner.id and self._streaming != "off"
        progress = ProgressMessage(
            self._client, self._chats, self._db, self._limiter, chat, owner.language, self._streaming, self._mask
        )
        tasks = [self._begin(chat, WORKING_SECONDS, working=True)]
        if watched:
            tasks.append(asyncio.create_task(progress.show()))
        try:
            yield progress if watched else Unseen()
        except BaseException:
            self._typing.pop(chat, None)
            await self._end(tasks)
            with contextlib.suppress(TimeoutError):  # while Telegram is away a request waits for it
                async with asyncio.timeout(CANCEL_SECONDS):
                    await self._show(chat, types.SendMessageCancelAction())
            raise
        else:
            self._typing.pop(chat, None)
            await self._end(tasks)
        finally:
            removing = asyncio.create_task(progress.remove())
            self._removing.add(removing)
            removing.add_done_callback(self._removing.discard)

    async def drain(self) -> None:
        """Show no typing any more, and wait a little for progress messages to be gone."""
        await self._end([typing.task for typing in self._typing.values()])
        if self._removing:
            await asyncio.wait(self._removing, timeout=CANCEL_SECONDS)

    async def _end(self, tasks: list[asyncio.Task[None]]) -> None:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _begin(self, chat: int, seconds: float, *, working: bool) -> asyncio.Task[None]:
        """Typing for so long at most; what is being shown in the chat already goes on as this."""
        until = asyncio.get_running_loop().time() + seconds
        typing = self._typing.get(chat)
        if typing is None:
            typing = self._typing[chat] = _Typing(until, working)
            typing.task = asyncio.create_task(self._repeat(chat, typing))
        typing.until, typing.working = until, working
        return typing.task

    async def _repeat(self, chat: int, typing: _Typing) -> None:
        clock = asyncio.get_running_loop()
        try:
            await asyncio.sleep(SIGN_SECONDS)
            while clock.time() < typing.until and (typing.working or self._waits(chat)):
                if not await self._show(chat, types.SendMessageTypingAction()):
                    break
                await asyncio.sleep(REPEAT_SECONDS)
        finally:
            if self._typing.get(chat) is typing:
                del self._typing[chat]

    def _waits(self, chat: int) -> bool:
        """Whether a message waits for a turn: it may have been withdrawn, or not have been stored after all."""
        return bool(self._db.one("SELECT 1 FROM inbox WHERE lane = ? AND state = 'waiting' LIMIT 1", (chat,)))

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
