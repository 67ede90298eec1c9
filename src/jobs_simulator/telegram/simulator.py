"""The simulated Telegram as a test, a demo or a benchmark uses it."""

import asyncio
import base64
import os
import socket
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Self

from telethon import TelegramClient
from telethon.crypto import AuthKey
from telethon.crypto import rsa as telethon_rsa
from telethon.sessions import MemorySession, SQLiteSession
from telethon.tl import functions, types

from .connection import Connection
from .dispatch import Dispatcher
from .faults import Fault, Faults
from .hub import Hub
from .journal import Event, Journal
from .model import Account, Box, Channel, Group, Peer, SimMessage
from .post import Draft, PostOffice
from .primes import PUBLIC_KEY_PATH
from .requests.login import token_owner
from .requests.registry import Services
from .view import DC_ID
from .world import Authorization, World, now


class TelegramSimulator:
    """A Telegram server on the loopback interface, for unmodified Telethon clients.

    Its state lives in memory and outlasts `stop()`: after another `start()` it is there again, on the same port.
    All of it belongs to the event loop that called `start()`.
    """

    def __init__(self, host: str = "127.0.0.1", port: int = 0) -> None:
        self.host = host
        self.port = port
        self.world = World()
        self._hub = Hub(self.world)
        self._post = PostOffice(self.world, self._hub)
        self._dispatcher = Dispatcher(Services(self.world, self._hub, self._post, lambda: (self.host, self.port)))
        self._server: asyncio.Server | None = None
        self._reserved: socket.socket | None = None
        self._connections: dict[Connection, asyncio.Task[None]] = {}
        self._silent = False

    async def start(self) -> None:
        """Listen. Raises OSError if the port is taken."""
        if self._server is not None:
            return
        if self._reserved is None:
            self._reserved = self._reserve()
        self._reserved.close()
        self._server = await asyncio.start_server(self._accept, self.host, self.port)
        self._reserved = None

    async def stop(self) -> None:
        """Drop all connections and refuse new ones. The port stays reserved for another `start()` until `close()`."""
        if self._server is None:
            return
        server, self._server = self._server, None
        server.close()
        tasks = list(self._connections.values())
        self.drop_connections()
        await self._dispatcher.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await server.wait_closed()
        self._reserved = self._reserve()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()
        self.close()

    def close(self) -> None:
        """Give the port of a stopped server back."""
        if self._reserved is not None:
            self._reserved.close()
            self._reserved = None

    def _reserve(self) -> socket.socket:
        # A bound socket keeps the kernel from giving the port to somebody's outgoing connection while the server is
        # down: a client that tries to reconnect could even be connected to itself.
        reserved = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        reserved.bind((self.host, self.port))
        self.port = reserved.getsockname()[1]
        return reserved

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = Connection(self.world, self._dispatcher, reader, writer)
        connection.silent = self._silent
        task = asyncio.current_task()
        assert task is not None
        self._connections[connection] = task
        try:
            await connection.serve()
        finally:
            del self._connections[connection]

    @property
    def endpoint(self) -> str:
        """Where it is, as ``<dc>@<host>:<port>``. The port is known once it was started."""
        return f"{DC_ID}@{self.host}:{self.port}"

    @property
    def public_key_path(self) -> Path:
        """The PEM file of the server's public (test) key."""
        return PUBLIC_KEY_PATH

    @property
    def log(self) -> Journal:
        """Everything that took effect so far."""
        return self.world.journal

    @property
    def faults(self) -> Faults:
        """What is to go wrong."""
        return self.world.faults

    @property
    def unsupported(self) -> Counter[str]:
        """How often which request was made that the simulator does not know."""
        return self.world.unsupported

    async def wait_for(
        self,
        predicate: Callable[[Event], bool],
        timeout: float = 5.0,
        since: int = 0,
    ) -> Event:
        """The first event in the log from `since` on that fits, now or once it happens. See Journal.wait_for."""
        return await self.log.wait_for(predicate, timeout, since)

    # Who there is

    def add_user(
        self,
        first_name: str,
        last_name: str = "",
        *,
        username: str | None = None,
        phone: str | None = None,
        lang_code: str | None = None,
        user_id: int | None = None,
        password: str | None = None,
        contact_of: Iterable[Account] = (),
    ) -> Account:
        """Register a person; `contact_of` have them in their address books. Raises ValueError for what is taken."""
        phone = phone or f"7999{1_000_000 + self.world.number()}"
        account = Account(user_id or 0, first_name, last_name, username, phone, lang_code, password=password)
        self.world.add(account)
        for other in contact_of:
            other.contacts.add(account)
        return account

    def add_bot(self, username: str, token: str | None = None, name: str = "") -> Account:
        """Register a bot. Its token is made up if none is given."""
        account = self.world.add(Account(0, name or username, username=username, token=token or os.urandom(8).hex()))
        account.token = token or f"{account.id}:{account.token}"
        return account

    def add_group(self, title: str, members: Iterable[Account]) -> Group:
        """Make a basic group; the first member is its creator."""
        everyone = list(members)
        group = Group(4_000_000 + self.world.number(), title, everyone[0], everyone, now())
        self.world.groups[group.id] = group
        return group

    def add_channel(
        self, title: str, members: Iterable[Account], *, megagroup: bool = False, username: str | None = None
    ) -> Channel:
        """Make a broadcast channel or, if `megagroup`, a supergroup; the first member is its creator."""
        everyone = list(members)
        channel = Channel(2_000_000_000 + self.world.number(), title, everyone[0], everyone, now(), megagroup, username)
        self.world.channels[channel.id] = channel
        return channel

    # Letting clients in

    def authorize(self, account: Account) -> Authorization:
        """A new login of the account, as if it had signed in on another device."""
        authorization = Authorization(os.urandom(256), account, device="simulator")
        self.world.authorizations[authorization.key_id] = authorization
        return authorization

    def write_session(self, account: Account, path: Path | str) -> Path:
        """Write a signed-in Telethon session file. Returns its path, which ends in ``.session``."""
        session = SQLiteSession(str(path))
        session.set_dc(DC_ID, self.host, self._known_port())
        session.auth_key = AuthKey(self.authorize(account).key)
        session.save()
        session.close()
        return Path(session.filename)

    def client(self, account: Account | None, **options: Any) -> TelegramClient:
        """A Telethon client, signed in as the account (None: as nobody) and ready to connect.

        `options` go to TelegramClient, `session` (a Session object; by default one in memory) included. Unless they say
        otherwise it reconnects forever and does not catch up.
        """
        telethon_rsa.add_key(PUBLIC_KEY_PATH.read_text(), old=False)
        settings = {"connection_retries": None, "retry_delay": 0.05, "catch_up": False} | options
        session = settings.pop("session", None) or MemorySession()
        session.set_dc(DC_ID, self.host, self._known_port())
        if account is not None:
            session.auth_key = AuthKey(self.authorize(account).key)
        return TelegramClient(session, settings.pop("api_id", 1), settings.pop("api_hash", "x"), **settings)

    @asynccontextmanager
    async def connected(self, account: Account | None, **options: Any) -> AsyncIterator[TelegramClient]:
        """A client for the account that is connected while the context lasts. `options` as in `client`."""
        client = self.client(account, **options)
        await client.connect()
        try:
            yield client
        finally:
            await client.disconnect()

    def accept_login(self, account: Account, url: str) -> None:
        """Scan the QR code with this ``tg://login?token=…`` with the account's phone."""
        token = url.rpartition("token=")[2]
        accepted = token_owner(self.world, base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
        accepted.qr_account = account
        self._hub.login_token(accepted)

    def _known_port(self) -> int:
        if not self.port:
            raise RuntimeError("the port is not known before start()")
        return self.port

    # Acting for people who have no client

    def send(
        self, sender: Account, to: Peer, text: str, *, reply_to: int | None = None, entities: Iterable[Any] = ()
    ) -> SimMessage:
        """Send a text as if by a device of the sender's. Raises RpcFailure where Telegram would refuse."""
        entry = self._post.send(sender, to, Draft(text=text, reply_to=reply_to, entities=list(entities)))
        assert entry.message is not None
        return entry.message

    def service_message(self, to: Account, text: str) -> SimMessage:
        """Let Telegram's own account (777000) write to somebody."""
        return self.send(self.world.service, to, text)

    def messages(self, account: Account, peer: Peer) -> list[SimMessage]:
        """The chat as the account sees it, oldest first."""
        box: Box = self.world.box_of(account, peer)
        return box.history(peer)

    def block(self, *, by: Account, who: Account) -> None:
        """Let one account block another."""
        by.blocked.add(who)
        self.log.add("block", by, who)

    # Trouble

    def drop_connections(self, account: Account | None = None) -> None:
        """Cut the account's TCP connections (None: everybody's)."""
        for connection in list(self._connections):
            authorization = connection.authorization
            if account is None or (authorization is not None and authorization.account is account):
                connection.cut()

    def silence(self, *, lasting: bool = False) -> None:
        """Swallow all that comes on the connections there are and say nothing on them, ever; they stay open.

        `lasting`: on new connections too, until `speak`.
        """
        self._silent = lasting
        for connection in self._connections:
            connection.silent = True

    def speak(self) -> None:
        """Let new connections work again. Those that are silent stay so: what they swallowed is gone."""
        self._silent = False

    def revoke(self, account: Account) -> None:
        """End all logins of the account: requests are answered AUTH_KEY_UNREGISTERED from now on."""
        for authorization in self.world.logins(account):
            authorization.account = None

    def forget_keys(self, account: Account) -> None:
        """Forget the account's authorization keys altogether: the server no longer understands those clients."""
        for authorization in self.world.logins(account):
            del self.world.authorizations[authorization.key_id]
        self.drop_connections(account)

    def deactivate(self, account: Account) -> None:
        """Delete the account: its requests fail with USER_DEACTIVATED and others see "Deleted Account"."""
        account.deactivated = True

    def difference_too_long(self, account: Account) -> Fault:
        """Answer the account's next getDifference with differenceTooLong. Returns the fault put into force."""
        fault = Fault(
            functions.updates.GetDifferenceRequest,
            account,
            answer=lambda: types.updates.DifferenceTooLong(account.box.pts),
        )
        self.faults.add(fault)
        return fault

    def expire_file_references(self) -> None:
        """Make all files known to clients undownloadable until they fetch the messages anew."""
        self.world.files.expire_references()
