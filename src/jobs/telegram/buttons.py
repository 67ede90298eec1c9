"""Buttons under a bot's messages: each is a command, and pressing it does what typing the command does."""

import asyncio

import apsw
import structlog
from telethon import events
from telethon.errors import RPCError
from telethon.tl import functions, types

from jobs.db import Database
from jobs.spine.inbox import Inbox
from jobs.spine.model import Incoming, Origin, OutboxRow
from jobs.spine.outbox import Outbox
from jobs.telegram.chats import Chats
from jobs.telegram.client import Account, Client
from jobs.telegram.commands import Commands
from jobs.texts import say
from jobs.times import now
from jobs.users.model import Person, Role
from jobs.users.repository import UsersRepository

log = structlog.get_logger()


def keyboard(row: OutboxRow) -> types.ReplyInlineMarkup | None:
    """The choices of a message as buttons, one below the other. A button names its row and its place in it."""
    if not row.choices:
        return None
    rows = [
        types.KeyboardInlineButtonRow(
            [types.KeyboardInlineButton(choice.label, types.InlineButtonTypeCallback(f"{row.id}:{number}".encode()))]
        )
        for number, choice in enumerate(row.choices)
    ]
    return types.ReplyInlineMarkup(rows)


class Buttons:
    """Takes presses. What a press names is looked up in the outbox, since a client may send anything as one."""

    def __init__(
        self,
        client: Client,
        account: Account,
        db: Database,
        inbox: Inbox,
        outbox: Outbox,
        users: UsersRepository,
        chats: Chats,
        commands: Commands,
    ) -> None:
        self._client = client
        self._account = account
        self._db = db
        self._inbox = inbox
        self._outbox = outbox
        self._users = users
        self._chats = chats
        self._commands = commands

    def start(self) -> None:
        """Only a bot has buttons."""
        if self._account.is_bot:
            self._client.add_event_handler(self._on_pressed, events.Raw(types.UpdateBotCallbackQuery))

    def stop(self) -> None:
        self._client.remove_event_handler(self._on_pressed)

    async def _on_pressed(self, press: types.UpdateBotCallbackQuery) -> None:
        person = self._users.get(press.user_id)
        try:
            row = self._take(press, person) if person else None
        except apsw.Error as error:  # not answered: the person sees that nothing came of it, and presses again
            log.error("press not stored", chat=press.user_id, error=str(error))
            return
        gone = say("choice_gone", person.language) if person and row is None else None
        requests = [functions.messages.SetBotCallbackAnswerRequest(press.query_id, cache_time=0, message=gone)]
        if person is not None:
            peer = self._chats.peer(person.id)
            requests.append(functions.messages.EditMessageRequest(peer, press.msg_id))  # without its buttons
        for result in await asyncio.gather(*map(self._client, requests), return_exceptions=True):
            if isinstance(result, (RPCError, ConnectionError, OSError)):
                log.info("press not shown", chat=press.user_id, error=str(result) or type(result).__name__)
            elif isinstance(result, BaseException):
                raise result

    def _take(self, press: types.UpdateBotCallbackQuery, person: Person) -> OutboxRow | None:
        """Do what the button says, once; None when it says nothing to this person any more."""
        row_id, _, place = (press.data or b"").decode("ascii", "replace").partition(":")
        if not (row_id.isdecimal() and place.isdecimal()):
            return None
        with self._db.transaction():
            row = self._outbox.get(int(row_id[:18]))
            if row is None or row.chat != person.id or int(place[:4]) >= len(row.choices):
                return None
            command = row.choices[int(place[:4])].command
            order = self._commands.order_of(command, person)
            if order is None:
                return None
            key = f"button:{row.id}"
            origin = Origin.OWNER if person.role is Role.OWNER else Origin.EXTERNAL
            self._inbox.accept(Incoming(key, person.id, origin, command, now()), handled=True)
            self._outbox.offer(row.id, ())
            self._commands.run(order, person, key)
        return row
