"""The Telethon client, built from the settings, and the account it is signed in to."""

import asyncio
import math
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog
from telethon import TelegramClient, errors
from telethon.crypto import rsa
from telethon.network import ConnectionTcpFull
from telethon.tl import types

from jobs.addresses import names_host
from jobs.config import Settings
from jobs.texts import Refusal

log = structlog.get_logger()

REQUEST_RETRIES = 1
"""Whoever makes a request decides whether it is made again; Telethon would pause 2 s after each failure."""

CLOCK_SECONDS = 2.0
"""How often the clock is looked at."""
CLOCK_TOLERANCE = 5.0
"""Seconds by which it may differ from the last look without having been set."""
IMPOSSIBLE_OFFSET = -86400
"""Seconds from the machine's clock to a time that Telegram refuses, with a word about the right one."""

SIGNED_OUT = (errors.UnauthorizedError, errors.AuthKeyError, errors.AuthKeyNotFound)
"""What says that Telegram accepts the login no longer."""


class NotSignedIn(Refusal):
    """There is no login, or Telegram no longer accepts it."""


class DamagedLogin(Refusal):
    """The file that holds the login cannot be read; one sentence with what to do."""


class Wire(ConnectionTcpFull):  # type: ignore[misc]
    """Telethon's usual transport, which also notes when something came."""

    heard_at: float = -math.inf
    """Of the last packet, by the event loop's clock."""

    async def _recv(self) -> bytes:
        packet: bytes = await super()._recv()
        self.heard_at = asyncio.get_running_loop().time()
        return packet


class Client(TelegramClient):  # type: ignore[misc]
    """Telethon's client, which also says when it has reconnected: it fetches nothing of what it missed by itself."""

    on_reconnected: Callable[[], None] = staticmethod(lambda: None)
    on_clock_set: Callable[[], None] = staticmethod(lambda: None)

    def __init__(self, *given: Any, **settings: Any) -> None:
        super().__init__(*given, **settings)
        self._ask_for_time()

    async def once(self, request: Any) -> Any:
        """Make a request without Telethon's own repetitions, and the pauses of 2 s that go with them.

        Raises what Telegram answers, and ConnectionError while there is no connection. The request's peers have to be
        input peers already.
        """
        return await self.ask(request)

    def ask(self, request: Any) -> "asyncio.Future[Any]":
        """The same, without waiting: Telethon makes the request again on each new connection until it is answered."""
        future: asyncio.Future[Any] = self._sender.send(request)
        return future

    @property
    def heard_at(self) -> float:
        """When anything last came from Telegram, by the event loop's clock."""
        return getattr(self._sender._connection, "heard_at", -math.inf)

    def reconnect(self) -> None:
        """Begin the connection anew, unless that is under way: Telethon would make two of it, and read from both."""
        running = self._sender._reconnect_task
        if running is None or running.done():
            self._sender._start_reconnect(None)

    async def _handle_auto_reconnect(self) -> None:
        self.on_reconnected()
        await super()._handle_auto_reconnect()

    async def watch_clock(self) -> None:
        """Begin the connection anew when the machine's clock is set; runs for ever.

        Telethon takes no packet whose time is more than 30 s ahead of the clock or 300 s behind it.
        """
        ahead = time.time() - time.monotonic()
        while True:
            await asyncio.sleep(CLOCK_SECONDS)
            jump = time.time() - time.monotonic() - ahead
            if abs(jump) > CLOCK_TOLERANCE:
                log.warning("the clock was set, or the machine slept", seconds=round(jump))
                ahead += jump
                self.on_clock_set()
                self._ask_for_time()
                self.reconnect()

    def _ask_for_time(self) -> None:
        """Let the next packet bear an impossible time: the server answers it with the right one, and Telethon keeps it.

        A clock that is slow by 30 to 300 s the server takes without a word, and Telethon would hear nothing it says.
        """
        self._sender._state.time_offset = IMPOSSIBLE_OFFSET


@dataclass(frozen=True)
class Account:
    """Who Jobs is in Telegram."""

    id: int
    name: str
    username: str | None
    is_bot: bool
    is_owner: bool
    """The owner's own account: then the two talk in Saved Messages."""

    @classmethod
    def of(cls, me: types.User, owner_id: int | None) -> "Account":
        return cls(me.id, full_name(me), me.username, bool(me.bot), me.id == owner_id)

    def __str__(self) -> str:
        return f"{self.name} (@{self.username}, id {self.id})" if self.username else f"{self.name} (id {self.id})"


def make_client(settings: Settings, session: Path | None = None) -> Client:
    """A client on the session file (`DATA_DIR/telethon.session` unless told otherwise), not connected yet.

    It never gives up reconnecting, and raises flood waits instead of sleeping: the sender decides what waits.
    """
    path = session or settings.telethon_session
    client = Client(
        str(path),
        settings.tg_api_id or 0,
        settings.tg_api_hash.get_secret_value() if settings.tg_api_hash else "",
        connection=Wire,
        proxy=_proxy(settings),
        connection_retries=None,
        request_retries=REQUEST_RETRIES,
        flood_sleep_threshold=0,
        raise_last_call_error=True,
        receive_updates=True,
        catch_up=False,
        device_model="Jobs",
        app_version="1",
        system_version="-",
    )
    if settings.tg_server and settings.tg_server_key:
        rsa.add_key(settings.tg_server_key.read_text(encoding="ascii"), old=False)
        client.session.set_dc(settings.tg_server.dc, settings.tg_server.host, settings.tg_server.port)
    return client


def check_login(session: Path) -> None:
    """Raise NotSignedIn when the file holds no login, or DamagedLogin. Telegram is not asked."""
    has_key = False
    if session.is_file() and session.stat().st_size > 0:
        try:
            with closing(sqlite3.connect(f"{session.absolute().as_uri()}?mode=rw", uri=True)) as db:
                has_key = any(row[0] for row in db.execute("SELECT auth_key FROM sessions"))
        except sqlite3.OperationalError as error:
            has_key = "no such table" not in str(error)  # it is in use: connecting tells
        except sqlite3.DatabaseError as error:
            raise DamagedLogin("login_damaged", path=session, why=error) from None
    if not has_key:
        raise NotSignedIn("login_none")


async def who_am_i(client: TelegramClient) -> types.User:
    """The account a connected client is signed in to. Raises NotSignedIn."""
    me = await client.get_me()
    if me is None:
        raise NotSignedIn("login_not_signed_in")
    return me


def message_id_of(answer: Any, random_id: int) -> int | None:
    """The id Telegram gave a message that was sent, from whichever form of answer it chose."""
    if isinstance(answer, types.UpdateShortSentMessage):
        return int(answer.id)
    for update in getattr(answer, "updates", []):
        if isinstance(update, types.UpdateMessageID) and update.random_id == random_id:
            return int(update.id)
    return None


def full_name(user: types.User) -> str:
    """First and last name; the @username or the id where there is no name."""
    name = " ".join(part for part in (user.first_name, user.last_name) if part)
    return name or user.username or str(user.id)


def _proxy(settings: Settings) -> dict[str, Any] | None:
    """HTTP_PROXY for Telethon. A server of one's own that NO_PROXY names is reached directly, loopback included."""
    proxy, server = settings.http_proxy, settings.tg_server
    if proxy is None or (server and names_host(settings.no_proxy_hosts, server.host)):
        return None
    kind = "socks5" if proxy.scheme == "socks5h" else "http" if proxy.scheme == "https" else proxy.scheme
    return {
        "proxy_type": kind,
        "addr": proxy.host,
        "port": proxy.port,
        "username": proxy.username,
        "password": proxy.password,
        "rdns": True,
    }
