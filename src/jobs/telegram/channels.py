"""Channels that are watched: a push only says that there is something; the posts are read from the history, in order.

Telegram does not push every post of a large channel, so each is also read now and then, and at a start or a reconnect.
"""

import asyncio
import re
from typing import Any

import apsw
import structlog
from telethon import TelegramClient, events
from telethon.errors import ChannelPrivateError, FloodWaitError, RPCError
from telethon.tl import functions, types

from jobs.db import Database
from jobs.spine.tool import ToolError
from jobs.telegram.client import Account
from jobs.users.channels import ChannelReader, FoundChannel, Post

log = structlog.get_logger()

AGAIN_SECONDS = 900.0
"""How often watched channels are read without a push."""
PAGE = 100
MOST_MISSED = 1000
"""Posts of one channel that are caught up with at once; older ones are left out."""

_LINK = re.compile(r"(?:https?://)?t\.me/(?:s/)?(\w{4,32})/?(?:\d+)?", re.IGNORECASE)


class Channels:
    def __init__(self, client: TelegramClient, account: Account, db: Database, reader: ChannelReader) -> None:
        self._client = client
        self._account = account
        self._db = db
        self._reader = reader
        self._wanted = asyncio.Event()
        self._which: set[int] | None = None  # None: all of them
        reader.on_changed = self.look_soon

    def start(self) -> None:
        if not self._account.is_bot:
            self._client.add_event_handler(self._on_post, events.NewMessage())

    def stop(self) -> None:
        self._client.remove_event_handler(self._on_post)

    def look_soon(self) -> None:
        """Read every watched channel: Jobs was away, or something is watched that was not."""
        self._which = None
        self._wanted.set()

    async def run(self) -> None:
        """Read what is new, whenever there may be something; runs for ever."""
        if self._account.is_bot:
            return
        self._wanted.set()
        while True:
            try:
                async with asyncio.timeout(AGAIN_SECONDS):
                    await self._wanted.wait()
            except TimeoutError:
                self._which = None
            self._wanted.clear()
            which, self._which = self._which, set()
            for channel in self._reader.channels():
                if which is None or channel in which:
                    await self._read(channel)

    async def _on_post(self, event: events.NewMessage.Event) -> None:
        peer = event.message.peer_id
        if isinstance(peer, types.PeerChannel) and self._reader.read_up_to(peer.channel_id) is not None:
            if self._which is not None:
                self._which.add(peer.channel_id)
            self._wanted.set()

    async def _read(self, channel: int) -> None:
        """Hand over all posts that are new to some watch of the channel."""
        row = self._db.one("SELECT * FROM telegram_channels WHERE id = ?", (channel,))
        seen = self._reader.read_up_to(channel)
        if row is None or seen is None:
            return
        peer = types.InputPeerChannel(channel, row["access_hash"])
        posts: list[Post] = []
        offset = 0
        try:
            while len(posts) < MOST_MISSED:
                page = await self._page(peer, offset, seen)
                posts += [_post(message) for message in page]
                if len(page) < PAGE:
                    break
                offset = page[-1].id
            self._reader.take(channel, posts)
        except FloodWaitError as error:
            log.warning("channel is read later", channel=channel, seconds=error.seconds)
        except (RPCError, ConnectionError, apsw.Error) as error:
            log.warning("channel not read", channel=channel, error=str(error))

    async def _page(self, peer: types.InputPeerChannel, offset: int, seen: int) -> list[Any]:
        """Posts above `seen` and below `offset` (0: the newest), newest first."""
        answer = await self._client(
            functions.messages.GetHistoryRequest(
                peer, offset_id=offset, offset_date=None, add_offset=0, limit=PAGE, max_id=0, min_id=seen, hash=0
            )
        )
        return list(answer.messages)

    # -------------------------------------------------------------------- find

    async def find(self, query: str) -> FoundChannel:
        """The channel with this @username, link or title that the account is in. Raises ToolError."""
        if self._account.is_bot:
            raise ToolError("Jobs runs as a bot here, and a bot cannot read channels: it takes a user account.")
        name = query.strip()
        match = _LINK.fullmatch(name) or re.fullmatch(r"@?(\w{4,32})", name, re.ASCII)
        try:
            found = await self._by_username(match[1]) if match else None
            found = found or await self._by_title(name)
            if found is None:
                raise ToolError(f"The account is in no channel {name!r}: join it in Telegram first, or give its @name.")
            if found.left or not found.access_hash:
                raise ToolError(f"The account is not in {name!r}: join it in Telegram first.")
            peer = types.InputPeerChannel(found.id, found.access_hash)
            newest = await self._page(peer, 0, 0)
        except ChannelPrivateError:
            raise ToolError(f"The account is not in {name!r}: join it in Telegram first.") from None
        except (RPCError, ConnectionError) as error:
            raise ToolError(f"Telegram did not tell about {name!r}: {error}") from None
        self._db.execute(
            "INSERT OR REPLACE INTO telegram_channels (id, access_hash, title) VALUES (?, ?, ?)",
            (found.id, found.access_hash, found.title),
        )
        return FoundChannel(found.id, found.title, newest[0].id if newest else 0)

    async def _by_username(self, name: str) -> types.Channel | None:
        try:
            answer = await self._client(functions.contacts.ResolveUsernameRequest(name))
        except RPCError as error:
            log.info("no such channel", error=str(error))
            return None
        return next((chat for chat in answer.chats if isinstance(chat, types.Channel)), None)

    async def _by_title(self, title: str) -> types.Channel | None:
        wanted = title.casefold()
        async for dialog in self._client.iter_dialogs(limit=500):
            if isinstance(dialog.entity, types.Channel) and dialog.entity.title.casefold() == wanted:
                return dialog.entity
        return None


def _post(message: Any) -> Post:
    return Post(message.id, getattr(message, "message", "") or "", message.date)
