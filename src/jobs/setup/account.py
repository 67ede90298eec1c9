"""The Telegram account that Jobs is, and the owner: signed in to, found, and known to each other."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from telethon import errors, events
from telethon.tl import functions, types

from jobs.config import Settings
from jobs.setup.answers import Answers, SetupStopped
from jobs.telegram.client import Account, Client, DamagedLogin, NotSignedIn, check_login, full_name, make_client
from jobs.telegram.login import ApiRefused, LoginFailed, login
from jobs.texts import say
from jobs.users.names import phone_digits

CONNECT_SECONDS = 15.0

OWN = ("me", "self", "я", "сам", "сама")
"""How a person says that the account is their own."""
USERNAME = re.compile(r"(?:@|(?:https?://)?t\.me/)?([A-Za-z]\w{3,31})", re.ASCII)
NUMBER = re.compile(r"\+?[\d\s()-]{5,24}")


class Unreachable(Exception):
    """Telegram did not answer."""


async def set_up_account(answers: Answers) -> tuple[Account, str]:
    """Sign in and find the owner, asking for what is missing; returns the account and the owner's name.

    Raises SetupStopped, with the sentence that says why.
    """
    while True:
        settings = answers.settings()
        try:
            async with _connected(settings) as client:
                me = await _sign_in(answers, client, settings)
                owner = await _Owner(answers, client, me).find()
                return Account.of(me, owner.id), full_name(owner)
        except Unreachable:
            answers.tell("telegram_unreachable")
            await answers.ask("HTTP_PROXY", default="", enter=answers.text("proxy_keep"))
        except ApiRefused:
            for name in ("TG_API_ID", "TG_API_HASH"):
                await answers.ask(name)
        except LoginFailed:
            raise SetupStopped(answers.text("login_failed")) from None
        except (errors.AuthKeyNotFound, errors.AuthKeyDuplicatedError, DamagedLogin) as error:
            answers.tell("login_damaged" if isinstance(error, DamagedLogin) else "login_lost")
            settings.telethon_session.unlink(missing_ok=True)
        except errors.RPCError as error:
            sentence = str(error).partition(" (caused by")[0]
            raise SetupStopped(say("login_refused", answers.language, error=sentence)) from None
        except ConnectionError:
            raise SetupStopped(answers.text("telegram_lost")) from None


@asynccontextmanager
async def _connected(settings: Settings) -> AsyncIterator[Client]:
    """A client on the session file, which only its owner can read. Raises Unreachable."""
    settings.telethon_session.touch(mode=0o600)
    settings.telethon_session.chmod(0o600)
    with suppress(NotSignedIn):
        check_login(settings.telethon_session)
    client = make_client(settings)
    try:
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                await client.connect()
        except TimeoutError:
            raise Unreachable from None
        yield client
    finally:
        await client.disconnect()


async def _sign_in(answers: Answers, client: Client, settings: Settings) -> types.User:
    accepted: list[str] = []
    token = settings.tg_bot_token.get_secret_value() if settings.tg_bot_token else None
    me = await login(client, answers.terminal, bot_token=token, lang=answers.language, on_token=accepted.append)
    if accepted and accepted[-1] != token:
        answers.keep("TG_BOT_TOKEN", accepted[-1])
    elif token and not accepted and token.partition(":")[0] != str(me.id):
        answers.tell("token_of_another", path=settings.telethon_session)
    answers.tell("signed_in", account=Account.of(me, None))
    return me


class _Owner:
    """Finds the owner's account, and has the signed-in one know it: Telegram lets nobody write to a stranger."""

    def __init__(self, answers: Answers, client: Client, me: types.User) -> None:
        self._answers = answers
        self._client = client
        self._me = me

    async def find(self) -> types.User:
        """The owner that is set already, if Jobs can write to them, else the one that the person names and confirms."""
        known = self._answers.settings().tg_user_id
        if known and (user := await self._known(known)):
            return user
        if known:
            self._answers.tell("owner_unknown", id=known)
        while True:
            user = await (self._ask_bots() if self._me.bot else self._ask())
            if user is None:
                self._answers.tell("owner_not_found")
            elif user.bot or user.deleted or user.support:
                self._answers.tell("owner_no_person")
            elif await self._answers.yes(self._answers.text("owner_right", owner=Account.of(user, None))):
                break
        if user.id != known:
            self._answers.keep("TG_USER_ID", str(user.id))
        await self._befriend(user)
        return user

    async def _known(self, user_id: int) -> types.User | None:
        """The account with this id if the signed-in one can address it; a bot's owner may be one to meet later."""
        if user_id == self._me.id:
            return None if self._me.bot else self._me
        try:
            user = await self._client.get_entity(types.PeerUser(user_id))
        except (ValueError, errors.RPCError):
            if not self._me.bot:
                return None
            self._answers.tell("owner_must_write")
            return types.User(user_id)
        return user if isinstance(user, types.User) else None

    async def _ask(self) -> types.User | None:
        answer = await self._answers.terminal.ask(self._answers.text("ask_owner"))
        if answer.casefold() in OWN:
            return self._me
        if NUMBER.fullmatch(answer):
            return await self._resolve(functions.contacts.ResolvePhoneRequest(phone_digits(answer) or answer))
        return await self._by_username(answer)

    async def _ask_bots(self) -> types.User | None:
        name = f"@{self._me.username}"
        answer = await self._answers.terminal.ask(self._answers.text("ask_owner_bot", bot=name))
        if not answer:
            return await self._first_to_write(name)
        return await (self._known(int(answer)) if answer.isdecimal() else self._by_username(answer))

    async def _by_username(self, answer: str) -> types.User | None:
        found = USERNAME.fullmatch(answer)
        return await self._resolve(functions.contacts.ResolveUsernameRequest(found[1])) if found else None

    async def _resolve(self, request: object) -> types.User | None:
        try:
            answer = await self._client(request)
        except errors.FloodWaitError:
            raise
        except errors.RPCError:
            return None
        return next((user for user in answer.users if isinstance(user, types.User)), None)

    async def _first_to_write(self, bot: str) -> types.User:
        """Whoever writes to the bot next."""
        writer: asyncio.Future[types.User] = asyncio.get_running_loop().create_future()

        async def on_message(event: events.NewMessage.Event) -> None:
            user = await event.get_sender() if event.is_private else None
            if isinstance(user, types.User) and not writer.done():
                writer.set_result(user)

        self._client.add_event_handler(on_message, events.NewMessage(incoming=True))
        try:
            self._answers.tell("owner_waiting", bot=bot)
            return await writer
        finally:
            self._client.remove_event_handler(on_message)

    async def _befriend(self, owner: types.User) -> None:
        """Put the owner into the account's contacts, so that they can be found again by a login of another day."""
        if self._me.bot or owner.id == self._me.id or owner.contact:
            return
        peer = types.InputUser(owner.id, owner.access_hash or 0)
        try:
            await self._client(
                functions.contacts.AddContactRequest(
                    peer, owner.first_name or full_name(owner), owner.last_name or "", ""
                )
            )
        except errors.RPCError:
            self._answers.tell("owner_not_added")
