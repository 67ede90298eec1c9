"""One message that shows the owner what a long turn is doing. It is not in the outbox: it may be lost, and it goes."""

import asyncio
import contextlib
import time
from collections.abc import Callable
from typing import Any

import structlog
from telethon import TelegramClient
from telethon.errors import RPCError
from telethon.tl import functions

from jobs.config import Streaming
from jobs.db import Database
from jobs.telegram.chats import Chats
from jobs.telegram.formatting import plain
from jobs.texts import CATALOGUE, Language, say

log = structlog.get_logger()

FIRST_AFTER = 2.0
"""Seconds a turn works before anything is shown."""
EDIT_EVERY = 2.0
"""Seconds between two edits, at least; after a minute EDIT_SLOWLY."""
EDIT_SLOWLY = 10.0
STEPS_SHOWN = 3
DETAIL_LENGTH = 80
TEXT_LENGTH = 3500

DETAILS = ("command", "file_path", "pattern", "query", "url", "user", "title", "text", "description")
"""Arguments that say best what a call is about, the first that is there."""


class ProgressMessage:
    """Shown from FIRST_AFTER on, edited at a pace, deleted at the end. An `Activity` of one turn."""

    def __init__(
        self,
        client: TelegramClient,
        chats: Chats,
        db: Database,
        chat: int,
        language: Language,
        streaming: Streaming,
        mask: Callable[[str], str],
    ) -> None:
        self._client = client
        self._chats = chats
        self._db = db
        self._chat = chat
        self._language = language
        self._streaming = streaming
        self._mask = mask
        self._began = time.monotonic()
        self._steps: list[str] = []
        self._text = ""
        self._message_id: int | None = None

    # ---------------------------------------------------------- what is told

    def tool(self, name: str, arguments: dict[str, Any]) -> None:
        self._text = ""
        self._steps.append(self._words(name, arguments))

    def text(self, delta: str) -> None:
        self._text += delta

    def restart(self) -> None:
        self._text = ""

    def _words(self, name: str, arguments: dict[str, Any]) -> str:
        bare = name.removeprefix("mcp__jobs__")
        key = f"doing_{bare}"
        what = say(key, self._language) if key in CATALOGUE else say("doing", self._language, tool=bare)
        detail = next((str(arguments[name]) for name in DETAILS if arguments.get(name)), "")
        detail = " ".join(detail.split())[:DETAIL_LENGTH]
        return self._mask(f"{what}: {detail}" if detail else what)

    def _shown(self) -> str:
        seconds = round(time.monotonic() - self._began)
        elapsed = f"{seconds // 60}:{seconds % 60:02}" if seconds >= 60 else say("seconds", self._language, n=seconds)
        head = say("working", self._language, elapsed=elapsed)
        lines = [head, *(f"· {step}" for step in self._steps[-STEPS_SHOWN:])]
        if self._streaming == "text" and self._text.strip():
            lines += ["", self._mask(self._text[-TEXT_LENGTH:])]
        return "\n".join(lines)

    # ------------------------------------------------------------- the message

    async def show(self) -> None:
        """Send the message when it is time, then edit it, until cancelled. What Telegram refuses is dropped."""
        await asyncio.sleep(FIRST_AFTER)
        last = ""
        while True:
            text = self._shown()
            if text != last:
                try:
                    await self._put(text)
                    last = text
                except RPCError as error:
                    log.info("progress not shown", error=str(error))
                    await asyncio.sleep(getattr(error, "seconds", EDIT_SLOWLY))
                except (ConnectionError, OSError) as error:
                    log.info("progress not shown", error=str(error) or type(error).__name__)
            await asyncio.sleep(EDIT_EVERY if time.monotonic() - self._began < 60 else EDIT_SLOWLY)

    async def _put(self, text: str) -> None:
        body = plain(text)[0].text
        peer = self._chats.peer(self._chat)
        if self._message_id is None:
            message = await self._client.send_message(peer, body, parse_mode=None, silent=True, link_preview=False)
            self._message_id = int(message.id)
            self._db.execute(
                "INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)",
                (f"progress:{self._chat}", str(self._message_id)),
            )
        else:
            await self._client(functions.messages.EditMessageRequest(peer, self._message_id, message=body))

    async def remove(self) -> None:
        """Take the message away."""
        if self._message_id is not None:
            await remove_progress(self._client, self._db, self._chat, self._message_id)


async def remove_progress(client: TelegramClient, db: Database, chat: int, message_id: int) -> None:
    """Delete a progress message and the note of it; when it cannot be deleted now the next start tries again."""
    with contextlib.suppress(RPCError, ConnectionError, OSError):
        await client(functions.messages.DeleteMessagesRequest([message_id], revoke=True))
        db.execute("DELETE FROM meta WHERE key = ?", (f"progress:{chat}",))


async def remove_leftovers(client: TelegramClient, db: Database) -> None:
    """Delete the progress messages of turns that a crash cut off."""
    for row in db.execute("SELECT key, value FROM meta WHERE key LIKE 'progress:%'"):
        await remove_progress(client, db, int(row["key"].partition(":")[2]), int(row["value"]))
