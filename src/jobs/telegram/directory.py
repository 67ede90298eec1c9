"""People whom Jobs does not know yet: from the account's contacts, by @username, by phone."""

import re

import structlog
from telethon import TelegramClient
from telethon.errors import RPCError
from telethon.tl import functions, types

from jobs.telegram.chats import Chats
from jobs.telegram.client import Account, full_name
from jobs.texts import language_from_code
from jobs.users.names import phone_digits
from jobs.users.repository import UsersRepository

log = structlog.get_logger()

PHONE = re.compile(r"\+?[\d\s()-]{7,24}")
RUSSIAN = 11
"""Digits of a number that is written without +, 8 or 7 first; an account's id has fewer."""


class TelegramDirectory:
    def __init__(self, client: TelegramClient, account: Account, users: UsersRepository, chats: Chats) -> None:
        self._client = client
        self._account = account
        self._users = users
        self._chats = chats

    async def learn_contacts(self) -> None:
        """Note the owner, and everyone in the account's contact list. A bot has none."""
        await self._learn_owner()
        if self._account.is_bot:
            return
        try:
            answer = await self._client(functions.contacts.GetContactsRequest(hash=0))
        except (RPCError, ConnectionError) as error:
            log.warning("contacts not read", error=str(error))
            return
        for user in getattr(answer, "users", []):
            self._remember(user)

    async def _learn_owner(self) -> None:
        """The owner as Telethon met them while signing in; who was never met is known once they write."""
        if self._account.is_owner or self._chats.can_address(self._users.owner_id):
            return
        try:
            self._remember(await self._client.get_entity(types.PeerUser(self._users.owner_id)))
        except (ValueError, RPCError, ConnectionError) as error:
            log.warning("the owner is not known to this account yet; they have to write first", error=str(error))

    async def look_up(self, query: str) -> int | None:
        """Find the account with this @username or phone number, remember it, and return its id."""
        query = query.strip()
        digits = phone_digits(query) or ""
        request: object
        if re.fullmatch(r"@\w{4,32}", query):
            request = functions.contacts.ResolveUsernameRequest(query[1:])
        elif (
            PHONE.fullmatch(query)
            and ("+" in query or len(re.sub(r"\D", "", query)) == RUSSIAN)
            and not self._account.is_bot
        ):
            request = functions.contacts.ResolvePhoneRequest(digits)
        else:
            return None
        try:
            answer = await self._client(request)
        except (RPCError, ConnectionError) as error:
            log.info("not found in Telegram", error=str(error))
            return None
        for user in answer.users:
            if self._remember(user):
                return int(user.id)
        return None

    def _remember(self, user: types.TypeUser) -> bool:
        """Only people: no bots, no deleted accounts, not the account itself."""
        if not isinstance(user, types.User) or user.bot or user.deleted or user.is_self:
            return False
        self._chats.remember(user)
        self._users.remember(
            user.id,
            full_name(user),
            username=user.username,
            phone=user.phone,
            language=language_from_code(user.lang_code),
        )
        return True
