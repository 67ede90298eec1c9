"""Signing in to Telegram: by a QR code in the terminal, by phone number, or with a bot's token."""

from __future__ import annotations

import asyncio
import base64
import io
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from typing import Any, Protocol

import qrcode
from telethon import TelegramClient, errors, events
from telethon.tl import functions, types

from jobs.texts import Language, say
from jobs.users.names import phone_digits

ATTEMPTS = 3
"""How often each answer may be given before the sign-in is broken off."""
QR_CODES = 10
"""How many QR codes are shown one after another; each is good for about 30 seconds."""

_BAD_CODE = (errors.PhoneCodeInvalidError, errors.PhoneCodeEmptyError)
_BAD_PASSWORD = (errors.PasswordHashInvalidError, errors.SrpIdInvalidError, errors.SrpPasswordChangedError)
_BAD_TOKEN = (errors.AccessTokenInvalidError, errors.AccessTokenExpiredError)
_CODE_SENT_BY: dict[type, str] = {
    types.auth.SentCodeTypeApp: "login_code_app",
    types.auth.SentCodeTypeSms: "login_code_sms",
    types.auth.SentCodeTypeCall: "login_code_call",
    types.auth.SentCodeTypeEmailCode: "login_code_email",
}


class LoginConsole(Protocol):
    """The person at the terminal."""

    async def ask(self, question: str) -> str:
        """Ask and return the answer, which may be seen as it is typed."""
        ...

    async def ask_secret(self, question: str) -> str:
        """Ask and return the answer, which must not be seen, stored or logged."""
        ...

    def say(self, text: str) -> None:
        """Show text of one or more lines; a QR code needs a fixed-width font."""
        ...


class LoginFailed(Exception):
    """The sign-in did not come about. The message is a sentence for the person, who was told it already."""


class ApiRefused(LoginFailed):
    """Telegram does not accept the application: TG_API_ID and TG_API_HASH."""


async def login(
    client: TelegramClient,
    console: LoginConsole,
    *,
    bot_token: str | None = None,
    lang: Language = "en",
    on_token: Callable[[str], None] = lambda _: None,
) -> types.User:
    """Sign a connected client in and return the account; at once if it is signed in already.

    With `bot_token` nothing is asked unless Telegram refuses it; without, the person chooses the way. `on_token` is
    told the bot token that Telegram has accepted. Raises LoginFailed, and ConnectionError where Telegram cannot be
    reached.
    """
    if me := await client.get_me():
        return me
    wizard = _Wizard(client, console, lang, on_token)
    refused: type[LoginFailed] = LoginFailed
    try:
        return await wizard.by_token(bot_token) if bot_token else await wizard.as_chosen()
    except _Refused as refusal:
        failure = str(refusal)
    except errors.FloodWaitError as error:
        failure = wizard.text("login_flood", time=wizard.duration(error.seconds))
    except (errors.ApiIdInvalidError, errors.ApiIdPublishedFloodError):
        failure, refused = wizard.text("login_api_wrong"), ApiRefused
    except errors.RPCError as error:
        failure = wizard.text("login_refused", error=str(error).partition(" (caused by")[0])
    # Raised outside of the handlers: an RPC error would carry the request, and with it the secret, along.
    console.say(failure)
    raise refused(failure)


class _Refused(Exception):
    """Broken off, with the sentence that says why."""


class _Wizard:
    def __init__(
        self, client: TelegramClient, console: LoginConsole, lang: Language, on_token: Callable[[str], None]
    ) -> None:
        self._client = client
        self._console = console
        self._lang = lang
        self._on_token = on_token

    def text(self, key: str, **values: object) -> str:
        return say(key, self._lang, **values)

    def duration(self, seconds: int) -> str:
        minutes, seconds = divmod(seconds, 60)
        hours, minutes = divmod(minutes, 60)
        parts = {"login_hours": hours, "login_minutes": minutes, "login_seconds": seconds}
        return " ".join(self.text(key, n=n) for key, n in parts.items() if n) or self.text("login_seconds", n=0)

    async def as_chosen(self) -> types.User:
        for _ in range(ATTEMPTS):
            match (await self._console.ask(self.text("login_how"))).strip().strip("."):
                case "1":
                    return await self.by_qr()
                case "2":
                    return await self.by_phone()
                case "3":
                    return await self.by_token(None)
            self._console.say(self.text("login_how_wrong"))
        raise _Refused(self.text("login_attempts"))

    async def by_token(self, token: str | None) -> types.User:
        for _ in range(ATTEMPTS):
            token = token or (await self._console.ask_secret(self.text("login_token"))).strip()
            try:
                # Telethon takes an empty token for a missing argument.
                me = await self._client.sign_in(bot_token=token or "-")
            except _BAD_TOKEN:
                self._console.say(self.text("login_token_wrong"))
                token = None
            else:
                self._on_token(token)
                return me
        raise _Refused(self.text("login_attempts"))

    async def by_phone(self) -> types.User:
        for _ in range(ATTEMPTS):
            phone = phone_digits(await self._console.ask(self.text("login_phone"))) or "0"
            try:
                # Not an empty number: Telethon takes that for the one before.
                return await self._with_code(phone, await self._client.send_code_request(phone))
            except errors.PhoneNumberBannedError:
                raise _Refused(self.text("login_phone_banned")) from None
            except errors.PhoneNumberUnoccupiedError:
                self._console.say(self.text("login_phone_unknown"))
            except errors.PhoneNumberInvalidError:
                self._console.say(self.text("login_phone_wrong"))
        raise _Refused(self.text("login_attempts"))

    async def _with_code(self, phone: str, sent: types.auth.SentCode) -> types.User:
        for _ in range(ATTEMPTS):
            way = _CODE_SENT_BY.get(type(sent.type))
            answer = await self._console.ask_secret(self.text("login_code", where=self.text(way) if way else ""))
            code = "".join(answer.split()).replace("-", "")
            try:
                # Without a code Telethon would have another one sent.
                return await self._client.sign_in(phone, code or "-")
            except errors.SessionPasswordNeededError:
                return await self._with_password()
            except errors.PhoneCodeExpiredError:
                sent = await self._client.send_code_request(phone)
                self._console.say(self.text("login_code_expired"))
            except _BAD_CODE:
                self._console.say(self.text("login_code_wrong"))
        raise _Refused(self.text("login_attempts"))

    async def _with_password(self) -> types.User:
        for _ in range(ATTEMPTS):
            hint = (await self._client(functions.account.GetPasswordRequest())).hint
            shown = self.text("login_password_hint", hint=hint) if hint else ""
            password = await self._console.ask_secret(self.text("login_password", hint=shown))
            try:
                if password:
                    return await self._client.sign_in(password=password)
            except _BAD_PASSWORD:
                pass  # told below, as an empty one is
            self._console.say(self.text("login_password_wrong"))
        raise _Refused(self.text("login_attempts"))

    async def by_qr(self) -> types.User:
        """Show QR codes until one is scanned.

        Not by Telethon's QRLogin: it listens for the scan only inside `wait`, and so misses one that comes while a new
        code is being fetched.
        """
        export = functions.auth.ExportLoginTokenRequest(self._client.api_id, self._client.api_hash, [])
        self._console.say(self.text("login_qr"))
        async with _scanned(self._client) as scanned:
            for shown in range(QR_CODES + 1):
                scanned.clear()
                try:
                    answer = await self._enter(await self._client(export))
                except errors.SessionPasswordNeededError:
                    return await self._with_password()
                if isinstance(answer, types.User):
                    return answer
                if shown == QR_CODES:
                    break
                if shown:
                    self._console.say(self.text("login_qr_new"))
                self._console.say(qr_picture(login_url(answer.token)))
                await _wait(scanned, answer.expires)
        raise _Refused(self.text("login_qr_late"))

    async def _enter(self, answer: Any) -> Any:
        """Return the account once the code has been scanned, else the answer that holds the code to show."""
        if isinstance(answer, types.auth.LoginTokenMigrateTo):
            await self._client._switch_dc(answer.dc_id)
            answer = await self._client(functions.auth.ImportLoginTokenRequest(answer.token))
        if isinstance(answer, types.auth.LoginTokenSuccess):
            return await self._client._on_login(answer.authorization.user)
        return answer


@asynccontextmanager
async def _scanned(client: TelegramClient) -> AsyncIterator[asyncio.Event]:
    """An event that is set whenever Telegram says that a code was scanned."""
    event = asyncio.Event()

    async def on_update(_: object) -> None:
        event.set()

    client.add_event_handler(on_update, events.Raw(types.UpdateLoginToken))
    try:
        yield event
    finally:
        client.remove_event_handler(on_update)


async def _wait(event: asyncio.Event, until: datetime) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(max(0.0, (until - datetime.now(UTC)).total_seconds())):
            await event.wait()


def login_url(token: bytes) -> str:
    """Return the link that a QR code for signing in holds."""
    return "tg://login?token=" + base64.urlsafe_b64encode(token).decode("ascii").rstrip("=")


def qr_picture(text: str) -> str:
    """Draw a QR code with half-block characters, light on a dark terminal, some 30 columns wide for a login link."""
    code = qrcode.QRCode(border=2, error_correction=qrcode.constants.ERROR_CORRECT_L)
    code.add_data(text)
    picture = io.StringIO()
    code.print_ascii(out=picture, invert=True)
    return picture.getvalue().rstrip("\n")
