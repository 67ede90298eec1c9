"""What people write, into the inbox: stored before anything else is done with it, then marked read."""

import asyncio
import contextlib
from collections import defaultdict
from dataclasses import replace
from typing import Protocol

import apsw
import structlog
from telethon import TelegramClient, events
from telethon.errors import RPCError
from telethon.tl import functions, types

from jobs.db import Database, Row
from jobs.masks import MASK
from jobs.spine.extras import NOTHING, Extras
from jobs.spine.inbox import Inbox
from jobs.spine.model import Incoming, Origin
from jobs.spine.outbox import Outbox
from jobs.telegram.chats import Chats
from jobs.telegram.client import Account, full_name
from jobs.telegram.commands import Commands
from jobs.telegram.deletions import Deletions
from jobs.telegram.envelope import ALBUM_PAUSE, Envelopes
from jobs.telegram.limiter import SIGN_SECONDS
from jobs.telegram.media import TELEGRAM_SERVICE, readable, shown_name
from jobs.telegram.progress import is_progress
from jobs.texts import LANGUAGES, language_from_code, language_of
from jobs.times import now
from jobs.users.doorkeeper import Doorkeeper, Standing
from jobs.users.model import Person
from jobs.users.repository import UsersRepository

log = structlog.get_logger()

TELLING_LENGTH = 12
"""Characters from which on a text changes what is believed of its writer's language: "ok" does not."""


HISTORY_SECONDS = 10.0
"""How long a pushed message waits for older ones to be read from history, so that they come first."""


class TakesSecrets(Protocol):
    """Who has asked the owner for a secret."""

    def takes(self, event: Incoming) -> bool:
        """Whether a message is the secret."""
        ...

    def take(self, event: Incoming) -> None:
        """Keep it, answer, and note that the message has to go. Joins the caller's transaction."""
        ...


class Receiver:
    """Takes messages from pushed updates, and from history (see `reconcile.py`), through the same door: `take`."""

    def __init__(
        self,
        client: TelegramClient,
        account: Account,
        db: Database,
        inbox: Inbox,
        outbox: Outbox,
        users: UsersRepository,
        chats: Chats,
        commands: Commands,
        door: Doorkeeper,
        secrets: TakesSecrets,
        deletions: Deletions,
        answer_others: bool,
    ) -> None:
        self._envelopes = Envelopes(db, users.owner().zone)
        self._client = client
        self._account = account
        self._db = db
        self._inbox = inbox
        self._outbox = outbox
        self._users = users
        self._chats = chats
        self._commands = commands
        self._door = door
        self._secrets = secrets
        self._deletions = deletions
        self._answer_others = answer_others
        self._locks: dict[int, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._marks: dict[int, asyncio.Task[None]] = {}
        self._to_mark: dict[int, int] = {}  # by chat: the newest message that is to be marked read
        self.storage_refused = asyncio.Event()
        """Set when a message could not be stored: it is unread still, and the history has to be read again."""
        self.level = asyncio.Event()
        """Set while nothing older than what is pushed now can be waiting in the history."""

    def start(self) -> None:
        self._client.add_event_handler(self._on_message, events.NewMessage())
        self._client.add_event_handler(self._on_edited, events.MessageEdited())
        self._client.add_event_handler(self._on_deleted, events.MessageDeleted())

    def stop(self) -> None:
        """Take nothing more. What arrives from now on is read from history at the next start."""
        self._client.remove_event_handler(self._on_message)
        self._client.remove_event_handler(self._on_edited)
        self._client.remove_event_handler(self._on_deleted)

    async def drain(self, seconds: float) -> None:
        """Let what was taken be marked read, for so long at most."""
        if marks := list(self._marks.values()):
            _, late = await asyncio.wait(marks, timeout=seconds)
            for mark in late:
                mark.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    async def _on_message(self, event: events.NewMessage.Event) -> None:
        message = event.message
        if not isinstance(message.peer_id, types.PeerUser):
            return
        try:
            await self._older_first()
            await self.take(message)
        except (apsw.Error, OSError, RPCError, ValueError) as error:  # ValueError: Telethon does not know the sender
            log.error("message not stored", chat=message.peer_id.user_id, message=message.id, error=str(error))
            self.refused()

    async def _older_first(self) -> None:
        """What is pushed is taken in the order in which it came, changes of it too, after what is read from history."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(HISTORY_SECONDS):
                await self.level.wait()

    def refused(self) -> None:
        """A message could not be stored: what follows it waits until it has been read from the history."""
        self.level.clear()
        self.storage_refused.set()

    async def _on_deleted(self, event: events.MessageDeleted.Event) -> None:
        # Private chats' deletions name no chat; message ids are unique over all private chats of an account.
        if event.chat_id is None:
            await self._older_first()
            for message_id in event.deleted_ids:
                sql = "SELECT key FROM inbox WHERE message_id = ? AND state = 'waiting'"
                for row in self._db.execute(sql, (message_id,)):
                    self._inbox.drop(row["key"])

    async def _on_edited(self, event: events.MessageEdited.Event) -> None:
        message = event.message
        if not isinstance(message.peer_id, types.PeerUser):
            return
        try:
            await self._older_first()
            await self.take_edit(message)
        except (apsw.Error, OSError) as error:
            log.error("edit not stored", chat=message.peer_id.user_id, message=message.id, error=str(error))

    async def take_edit(self, message: types.Message) -> None:
        """Store what a message of a private chat says now, if that is news. Raises apsw.Error."""
        chat = message.peer_id.user_id
        async with self._locks[chat]:
            if self._is_for_jobs(message, chat):
                self._correct(message, chat)  # only of a message that was taken: its writer was looked at then

    def _correct(self, message: types.Message, chat: int) -> None:
        """Replace what nobody has begun with; of what was begun or answered the new text is an event of its own.

        Telegram also calls it an edit when a preview or a reaction is added: then the text is the same.
        """
        person = self._users.get(chat)
        last = self._db.one(
            """SELECT inbox.*, turns.state AS turn FROM inbox LEFT JOIN turns ON turns.id = turn_id
               WHERE inbox.lane = ? AND message_id = ? ORDER BY inbox.id DESC LIMIT 1""",
            (chat, message.id),
        )
        if person is None or last is None or last["state"] == "dropped" or _was_secret(last):
            return
        text, extras = readable(message, person.language), self._envelopes.read(message, chat)
        is_moving = isinstance(message.media, types.MessageMediaGeoLive)
        if is_moving or last["text"] in [readable(message, language) for language in LANGUAGES]:
            return
        was = Extras.model_validate_json(last["extras"])
        if [each.size for each in extras.attachments] == [each.size for each in was.attachments]:
            extras = extras.model_copy(update={"attachments": was.attachments})  # as far as it has come
        if last["state"] == "waiting" or last["turn"] == "waiting":  # a turn that was put off begins anew
            self._inbox.replace(last["id"], text, extras.model_copy(update={"corrects": was.corrects}))
            return
        extras = extras.model_copy(update={"corrects": last["text"], "album": None})
        at = message.edit_date or message.date
        key = f"telegram:{chat}:{message.id}:edit:{int(at.timestamp())}"
        self._accept(Incoming(key, chat, Origin(last["origin"]), text, at, message.id, extras), person)

    async def take(self, message: types.Message, *, answered: bool = False) -> None:
        """Store one message of a private chat, then mark it read. Raises apsw.Error or OSError when it cannot be.

        `answered`: nothing is to be done with it any more.
        """
        chat = message.peer_id.user_id
        async with self._locks[chat]:
            if not self._is_for_jobs(message, chat):
                return
            sender = await self._sender(message, chat)
            if sender is None or sender.bot or sender.support:
                return
            self._store(message, chat, sender, answered=answered)
        if not self._account.is_bot:
            self._to_mark[chat] = max(message.id, self._to_mark.get(chat, 0))
            if chat not in self._marks:
                self._marks[chat] = asyncio.create_task(self._mark_read(chat))
                self._marks[chat].add_done_callback(lambda _: self._marks.pop(chat))

    def _store(self, message: types.Message, chat: int, sender: types.User, *, answered: bool) -> None:
        is_owner = chat == self._users.owner_id
        extras = self._envelopes.read(message, chat)
        words = "" if extras.forwarded_from is not None else message.message or ""
        is_telling = len(words) >= TELLING_LENGTH or self._users.get(chat) is None
        if words.startswith("/"):
            is_telling = False  # a command is in Latin letters whoever types it
        language = (language_of(words) if is_telling else None) or language_from_code(sender.lang_code)
        is_stranger = self._users.get(chat) is None
        # What merely waits for its turn need not hold that up: a power cut now, and it is read from the history again.
        is_durable = self._account.is_bot  # which has no history
        with self._db.transaction(durable=is_durable):
            self._users.remember(
                chat,
                full_name(sender),
                username=sender.username,
                phone=sender.phone,
                language=language,
                contact_at=message.date,
            )
            self._chats.remember(sender)
            person = self._users.get(chat)
            if person is None:
                raise LookupError(f"{chat} is not known although it was just noted")
            event = Incoming(
                key=f"telegram:{chat}:{message.id}",
                lane=chat,
                origin=Origin.OWNER if is_owner else Origin.EXTERNAL,
                text=readable(message, person.language),
                sent_at=message.date,
                message_id=message.id,
                extras=extras,
                ready_at=now() + ALBUM_PAUSE if extras.album else None,
            )
            if is_stranger:
                self._door.met(person, event.text)
            merely_waits = self._keep(event) if answered else self._accept(event, person)
        if not is_durable and not merely_waits:
            self._db.flush()

    def _keep(self, event: Incoming) -> bool:
        """Into the inbox for the record alone."""
        self._inbox.accept(event, handled=True)
        return True

    def _accept(self, event: Incoming, person: Person) -> bool:
        """Into the inbox; a command is carried out, unless it is somebody else's words or of somebody not let in.

        Returns whether nothing but that was done.
        """
        standing = self._door.standing(person.id)
        if standing is not Standing.KNOWN:
            self._inbox.accept(event, dropped=standing is Standing.BANNED)
            return True
        is_own = event.extras.forwarded_from is None
        if is_own and self._takes_secret(event, person):
            return False
        command = self._commands.order_of(event.text, person, event) if is_own else None
        with self._db.transaction():
            if self._inbox.accept(event, handled=command is not None) and command:
                self._commands.run(command, person, event.key)
        return command is None

    def _takes_secret(self, event: Incoming, person: Person) -> bool:
        """A secret that Jobs has asked for is taken by code: neither it nor the message is kept anywhere else."""
        if event.message_id is None or event.extras.attachments or self._commands.order_of(event.text, person, event):
            return False
        if not self._secrets.takes(event):
            return False
        hidden = replace(event, text=MASK, extras=NOTHING)
        if self._inbox.accept(hidden, handled=True):
            self._secrets.take(event)
            self._deletions.soon()
        return True

    def _is_for_jobs(self, message: types.Message, chat: int) -> bool:
        """Whether a message is one to answer, if a person wrote it: which chat, which side, on whose account."""
        if isinstance(message, types.MessageService) or chat == TELEGRAM_SERVICE:
            return False
        if self._account.is_owner and chat == self._account.id:
            return not self._is_own(message, chat)
        if message.out:
            return False
        return self._answer_others or not self._account.is_owner

    def has_said(self, message: types.Message) -> bool:
        """Whether a message of a private chat is one that the records know as Jobs' own."""
        return self._outbox.was_sent(message.peer_id.user_id, message.id)

    def _is_own(self, message: types.Message, chat: int) -> bool:
        """In Saved Messages both sides are `out`: whether Jobs, not the owner, wrote this one."""
        text = message.message or ""
        return (
            self._outbox.was_sent(chat, message.id)
            or is_progress(self._db, chat, message.id, text)
            or self._outbox.claim_unidentified(chat, text, message.id, message.date, shown_name(message.media))
        )

    async def _sender(self, message: types.Message, chat: int) -> types.User | None:
        """Who the chat is with: from the update where it says so, else from Telegram."""
        user = message.sender if message.sender_id == chat else None
        if not isinstance(user, types.User):
            user = await self._client.get_entity(types.PeerUser(chat))
        return user if isinstance(user, types.User) else None

    async def _mark_read(self, chat: int) -> None:
        """One mark for all that comes in one breath, once it is on the disk."""
        await asyncio.sleep(SIGN_SECONDS)
        while message_id := self._to_mark.pop(chat, 0):
            try:
                await self._db.flushed()
                await self._client(functions.messages.ReadHistoryRequest(self._chats.peer(chat), message_id))
            except (RPCError, ConnectionError) as error:
                log.info("not marked read", chat=chat, error=str(error))
            except OSError as error:
                log.error("message not on the disk", chat=chat, error=str(error))
                self.refused()


def _was_secret(row: Row) -> bool:
    """Whether a message was taken as a secret: what Telegram calls an edit of it is the secret once more."""
    return row["text"] == MASK and row["state"] == "done" and row["turn_id"] is None
