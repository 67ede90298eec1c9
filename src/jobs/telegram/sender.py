"""The outbox into Telegram: each chat in its order, each message once, whatever the connection does."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import apsw
import structlog
from telethon import errors as rpc
from telethon.tl import functions

from jobs.spine.choices import NOTED
from jobs.spine.model import OutboxKind, OutboxRow
from jobs.spine.outbox import Outbox
from jobs.telegram.buttons import keyboard
from jobs.telegram.chats import Chats
from jobs.telegram.client import SIGNED_OUT, Client, message_id_of
from jobs.telegram.first_messages import FirstMessages
from jobs.telegram.formatting import to_telethon
from jobs.telegram.limiter import Limiter, Request, Urgency
from jobs.telegram.uploads import FileGone, media_request
from jobs.texts import say
from jobs.users.repository import UsersRepository

log = structlog.get_logger()

UNREACHABLE = (
    rpc.UserIsBlockedError,
    rpc.YouBlockedUserError,
    rpc.InputUserDeactivatedError,
    rpc.UserPrivacyRestrictedError,
    rpc.PeerIdInvalidError,
    rpc.ChatWriteForbiddenError,
)
"""Answers after which no message to the same person will go through."""

NOT_A_PHOTO = (
    rpc.ImageProcessFailedError,
    rpc.PhotoExtInvalidError,
    rpc.PhotoInvalidDimensionsError,
    rpc.PhotoInvalidError,
    rpc.PhotoSaveFileInvalidError,
)
"""Answers after which a picture is sent as a plain file."""

REFUSED = (rpc.BadRequestError, rpc.ForbiddenError)
TRIES_OF_REFUSED = 3
"""How often a message is tried that Telegram finds fault with, before it makes way for what follows it. The last time
it goes without its formatting."""

PAUSES = [1, 2, 4, 8, 15, 30]
"""Seconds between tries while Telegram cannot be reached or fails; the last repeats."""

ANSWERS = ("command:", "answer:", f"{NOTED}:", "turn:")
"""Occasions (see `OutboxRow.key`) of notices that answer what a person has just written."""
REMINDERS = ("schedule:",)


class _Changed(Exception):
    """While a message waited for its place it became another one, or was not to be sent any more."""


class Sender:
    def __init__(
        self,
        client: Client,
        outbox: Outbox,
        users: UsersRepository,
        chats: Chats,
        limiter: Limiter,
        first_messages: FirstMessages,
        signed_out: Callable[[Exception], None],
    ) -> None:
        self._client = client
        self._outbox = outbox
        self._users = users
        self._chats = chats
        self._limiter = limiter
        self._first_messages = first_messages
        self._signed_out = signed_out
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._woken: set[int] = set()
        self._refusals: dict[int, int] = {}  # by row: how often Telegram found fault with it
        self._timers: dict[int, asyncio.TimerHandle] = {}  # chats that are looked at again without being woken
        outbox.on_queued = self.wake
        self._running = False

    def start(self) -> None:
        """Begin with whatever an earlier run left unsent."""
        self._running = True
        for chat in self._outbox.open_chats():
            self.wake(chat)

    def wake(self, chat: int) -> None:
        """Something is to be said in the chat."""
        if timer := self._timers.pop(chat, None):
            timer.cancel()
        if chat in self._tasks:
            self._woken.add(chat)
        elif self._running:
            task = asyncio.create_task(self._send_all(chat), name=f"send-{chat}")
            self._tasks[chat] = task
            task.add_done_callback(lambda _: self._stopped(chat))

    def _stopped(self, chat: int) -> None:
        task = self._tasks.pop(chat)
        woken = chat in self._woken
        self._woken.discard(chat)
        if not task.cancelled() and (error := task.exception()):
            log.error("sending failed", chat=chat, error=repr(error))
            self._wake_in(PAUSES[-1], chat)
        elif woken:
            self.wake(chat)

    def _wake_in(self, seconds: float, chat: int) -> None:
        self._timers[chat] = asyncio.get_running_loop().call_later(seconds, self.wake, chat)

    async def drain(self, seconds: float) -> None:
        """Send what is queued for so long at most, then stop; the rest goes out at the next start."""
        if self._tasks:
            await asyncio.wait(list(self._tasks.values()), timeout=seconds)
        self._running = False
        self._first_messages.stop()
        for timer in self._timers.values():
            timer.cancel()
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _send_all(self, chat: int) -> None:
        if not self._chats.can_address(chat):
            return  # it stays queued until they have written, which wakes the chat again
        while row := self._outbox.next(chat):
            if hold := self._first_messages.hold(chat):
                self._wake_in(hold, chat)
                return
            if pause := await self._send(row):
                await asyncio.sleep(pause)

    async def _send(self, row: OutboxRow) -> float:
        """Try once; returns how many seconds to wait before the next try of this chat."""
        rows = [row, *self._outbox.rest_of_album(row)]
        try:
            async with self._limiter.passing(row.chat, Request.MEDIA if row.file else Request.TEXT, _urgency(row)):
                request = await self._request(rows)
                await self._outbox.stored()
                if self._outbox.next(row.chat) != row:  # nothing is waited for between this look and the sending
                    raise _Changed
                self._outbox.attempting(rows, durable=self._chats.is_own(row.chat))
                answer = await self._client.once(request)
        except _Changed:
            return 0.0
        except rpc.RandomIdDuplicateError:
            for each in rows:
                self._outbox.sent(each, None)  # an earlier try had arrived
        except FileGone as error:
            self._gone(error.row)
        except NOT_A_PHOTO as error:
            if row.file is None or row.file.kind != "photo":
                self._undeliverable(rows, error)
            else:
                self._outbox.as_documents(rows)
        except rpc.FloodError as error:
            self._outbox.attempted(row, str(error))  # the limiter has noted how long that lasts
        except rpc.PeerFloodError:
            self._outbox.attempted(row, "PeerFlood")
            pause = self._first_messages.restricted(row.chat)
            return 0.0 if self._first_messages.is_cold(row.chat) else pause
        except UNREACHABLE as error:
            self._undeliverable(rows, error)
        except SIGNED_OUT as error:
            self._running = False
            self._signed_out(error)
            raise asyncio.CancelledError from error
        except (rpc.RPCError, ConnectionError, OSError, ValueError) as error:
            if isinstance(error, REFUSED):
                if self._is_last_try(row):
                    self._undeliverable(rows, error)
                    return 0.0
                self._refusals[row.id] = self._refusals.get(row.id, 0) + 1
            reason = str(error) or type(error).__name__
            log.warning("not sent yet", row=row.id, chat=row.chat, error=reason)
            self._outbox.attempted(row, reason)
            return float(PAUSES[min(row.attempts, len(PAUSES) - 1)])
        else:
            self._first_messages.went_through(row.chat)
            for each in rows:
                self._note_sent(each, message_id_of(answer, each.random_id))
        return 0.0

    def _is_last_try(self, row: OutboxRow) -> bool:
        return self._refusals.get(row.id, 0) + 1 >= TRIES_OF_REFUSED

    async def _request(self, rows: list[OutboxRow]) -> Any:
        """What sends these rows: one message, or an album. Raises FileGone."""
        row = rows[0]
        if row.file is not None:
            return await media_request(self._client, self._chats.peer(row.chat), rows)
        return functions.messages.SendMessageRequest(
            peer=self._chats.peer(row.chat),
            message=row.text,
            random_id=row.random_id,
            entities=to_telethon([] if self._is_last_try(row) else row.entities),
            no_webpage=True,
            reply_markup=keyboard(row) if self._chats.is_bot else None,
        )

    def _note_sent(self, row: OutboxRow, message_id: int | None) -> None:
        """A full disk must not send twice: the row stays queued, and Telegram knows its `random_id` the next time."""
        try:
            self._outbox.sent(row, message_id)
        except apsw.Error as error:
            log.error("sent, but not noted", row=row.id, error=str(error))
            raise

    def _gone(self, row: OutboxRow) -> None:
        """A file that was to be sent is not there; what was to stand under it is said all the same."""
        log.warning("file gone", row=row.id)
        owner = self._users.owner()
        text = say("file_gone", owner.language, name=_name_of(row))
        self._outbox.failed([row], "FileGone", tell=owner.id, notice=f"{text}\n{row.text}".strip())

    def _undeliverable(self, rows: list[OutboxRow], error: Exception) -> None:
        """Give up what was to be sent as one; the owner gets the words, unless it was the owner who cannot be reached.

        A notice to the owner that is refused has nothing plainer to be said instead.
        """
        reason = type(error).__name__.removesuffix("Error")
        row = rows[0]
        log.warning("undeliverable", row=row.id, chat=row.chat, error=reason)
        self._refusals.pop(row.id, None)
        owner = self._users.owner()
        if row.chat == owner.id and (isinstance(error, UNREACHABLE) or row.kind is OutboxKind.NOTICE):
            self._outbox.failed(rows, reason)
            return
        person = self._users.get(row.chat)
        name = person.name if person else str(row.chat)
        if row.chat == owner.id and row.file is not None:
            text = say("file_refused", owner.language, name=", ".join(map(_name_of, rows)), reason=reason)
        else:
            words = "\n".join(part for each in rows for part in (_name_of(each), each.text) if part)
            text = say("undelivered", owner.language, name=name, reason=reason, text=words)
        self._outbox.failed(rows, reason, tell=owner.id, notice=text)


def _urgency(row: OutboxRow) -> Urgency:
    if row.kind is OutboxKind.ANSWER or row.key.startswith(ANSWERS):
        return Urgency.ANSWER
    return Urgency.REMINDER if row.key.startswith(REMINDERS) else Urgency.MESSAGE


def _name_of(row: OutboxRow) -> str:
    return Path(row.file.path).name if row.file else ""
