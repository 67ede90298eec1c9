"""One message that shows the owner what a long turn is doing. It is not in the outbox: it may be lost, and it goes."""

import asyncio
import contextlib
import json
import secrets
import time
from collections.abc import Callable
from typing import Any

import structlog
from telethon import TelegramClient
from telethon.errors import RandomIdDuplicateError, RPCError
from telethon.tl import functions

from jobs.config import Streaming
from jobs.db import Database
from jobs.telegram.chats import Chats
from jobs.telegram.client import message_id_of
from jobs.telegram.formatting import plain
from jobs.telegram.limiter import Limiter, Request
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

LOOK_BACK = 20
"""Messages of a chat among which a lost progress message is looked for."""

DETAILS = ("command", "file_path", "pattern", "query", "url", "user", "title", "text", "description")
"""Arguments that say best what a call is about, the first that is there."""


class ProgressMessage:
    """Shown from FIRST_AFTER on, edited at a pace, deleted at the end. An `Activity` of one turn."""

    def __init__(
        self,
        client: TelegramClient,
        chats: Chats,
        db: Database,
        limiter: Limiter,
        chat: int,
        language: Language,
        streaming: Streaming,
        mask: Callable[[str], str],
    ) -> None:
        self._client = client
        self._chats = chats
        self._db = db
        self._limiter = limiter
        self._chat = chat
        self._language = language
        self._streaming = streaming
        self._mask = mask
        self._began = time.monotonic()
        self._steps: list[str] = []
        self._text = ""
        self._message_id: int | None = None
        self._random_id = secrets.randbits(63) or 1
        self._first: str | None = None
        """What the message said when it was first sent, or tried to."""
        self._sending: asyncio.Task[None] | None = None

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
            kind = Request.TEXT if self._message_id is None else Request.EDIT
            if text != last and not self._limiter.may_drop(self._chat, kind):
                try:
                    await self._put(text)
                    last = text
                except RPCError as error:
                    log.info("progress not shown", error=str(error))  # a flood wait is the limiter's to remember
                    await asyncio.sleep(EDIT_SLOWLY)
                except (ConnectionError, OSError) as error:
                    log.info("progress not shown", error=str(error) or type(error).__name__)
            await asyncio.sleep(EDIT_EVERY if time.monotonic() - self._began < 60 else EDIT_SLOWLY)

    async def _put(self, text: str) -> None:
        body = plain(text)[0].text
        peer = self._chats.peer(self._chat)
        if self._message_id is None:
            # When the turn ends meanwhile the message has to be known all the same, to be taken away again.
            self._sending = asyncio.create_task(self._send(body))
            await asyncio.shield(self._sending)
        else:
            async with self._limiter.unhurried(self._chat, Request.EDIT):
                await self._client(functions.messages.EditMessageRequest(peer, self._message_id, message=body))

    async def _send(self, body: str) -> None:
        """The note is there before the message: in Saved Messages Jobs must know it for its own.

        A try that failed may have arrived: the next one is the same message, words and all.
        """
        if self._first is None:
            await _remove_left(self._client, self._db, self._chats, self._chat)  # else the note of it is lost
            self._first = body
            self._note(None, body)
        request = functions.messages.SendMessageRequest(
            self._chats.peer(self._chat), self._first, random_id=self._random_id, silent=True, no_webpage=True
        )
        try:
            async with self._limiter.unhurried(self._chat, Request.TEXT):
                answer = await self._client(request)
        except RandomIdDuplicateError:
            self._message_id = await _find(self._client, self._chats, self._chat, self._first)
        else:
            self._message_id = message_id_of(answer, self._random_id)
        self._note(self._message_id, self._first)

    def _note(self, message_id: int | None, text: str) -> None:
        """Where both sides are one account a note that is lost with the power has the message taken for a person's."""
        _note(self._db, self._chat, message_id, text, durable=self._chats.is_own(self._chat))

    async def remove(self) -> None:
        """Take the message away."""
        if self._sending is None or self._first is None:
            return
        await asyncio.gather(self._sending, return_exceptions=True)  # `show` has logged what went wrong
        if self._message_id is None:
            with contextlib.suppress(RPCError, ConnectionError, OSError):
                self._message_id = await _find(self._client, self._chats, self._chat, self._first)
        if self._message_id is not None:
            await remove_progress(self._client, self._db, self._chat, self._message_id)


def _key(chat: int) -> str:
    return f"progress:{chat}"


def _note(db: Database, chat: int, message_id: int | None, text: str, *, durable: bool) -> None:
    """Remember the chat's progress message. A note that is not `durable` may go with the power, and costs no fsync."""
    value = json.dumps({"id": message_id, "text": text}, ensure_ascii=False)
    with db.transaction(durable=durable):
        db.meta[_key(chat)] = value


def is_progress(db: Database, chat: int, message_id: int, text: str) -> bool:
    """Whether a message of the chat is Jobs' progress message: by its id, or by its words until the id is known."""
    value = db.meta.get(_key(chat))
    if value is None:
        return False
    note = json.loads(value)
    if note["id"] is not None:
        return bool(note["id"] == message_id)
    first_line = str(note["text"]).partition("\n")[0]
    return text.startswith(first_line)


async def remove_progress(client: TelegramClient, db: Database, chat: int, message_id: int) -> None:
    """Delete a progress message; when that cannot be done now the chat's next one, or the next start, tries again.

    The id stays noted, without words: a page of history that was fetched before may still have the message in it.
    """
    with contextlib.suppress(RPCError, ConnectionError, OSError):
        await _delete(client, db, chat, message_id)


async def _delete(client: TelegramClient, db: Database, chat: int, message_id: int) -> None:
    await client(functions.messages.DeleteMessagesRequest([message_id], revoke=True))
    with db.transaction(durable=False):
        db.execute(
            "UPDATE meta SET value = ? WHERE key = ? AND json_extract(value, '$.id') = ?",
            (json.dumps({"id": message_id, "text": ""}), _key(chat), message_id),
        )


async def remove_leftovers(client: TelegramClient, db: Database, chats: Chats) -> None:
    """Delete the progress messages of turns that a crash cut off."""
    for key in db.meta:
        note, _, chat = key.partition(":")
        if note == "progress":
            with contextlib.suppress(RPCError, ConnectionError, OSError):
                await _remove_left(client, db, chats, int(chat))


async def _remove_left(client: TelegramClient, db: Database, chats: Chats, chat: int) -> None:
    """Delete the chat's last progress message if it is still there. Raises what Telegram or the connection raise."""
    value = db.meta.get(_key(chat))
    note: dict[str, Any] = json.loads(value) if value else {"id": None, "text": ""}
    if not note["text"]:
        return
    message_id: int | None = note["id"]
    if message_id is None:
        message_id = await _find(client, chats, chat, note["text"])
    if message_id is None:
        db.meta.pop(_key(chat), None)
    else:
        _note(db, chat, message_id, note["text"], durable=chats.is_own(chat))
        await _delete(client, db, chat, message_id)


async def _find(client: TelegramClient, chats: Chats, chat: int, text: str) -> int | None:
    """The id of a message that was sent, but whose id was not learnt. A bot may not read history."""
    if not chats.is_bot:
        for message in await client.get_messages(chats.peer(chat), limit=LOOK_BACK):
            if message.out and message.message == text:
                return int(message.id)
    return None
