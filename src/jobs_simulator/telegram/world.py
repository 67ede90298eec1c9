"""The whole state of the simulated Telegram, and how what a client names is found in it."""

import asyncio
import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha1, sha256
from typing import TYPE_CHECKING, Any

from telethon.tl import types

from .errors import RpcFailure
from .faults import Faults
from .files import FileStore
from .journal import Journal
from .model import Account, Box, Channel, Group, Peer

if TYPE_CHECKING:
    from .connection import Connection
    from .srp import SrpChallenge

SERVICE_ID = 777000
_FIRST_USER_ID = 7_000_000_001  # Beyond 32 bits, as the ids of new users are.


def now() -> datetime:
    """The time as Telegram writes it: UTC, whole seconds."""
    return datetime.now(UTC).replace(microsecond=0)


@dataclass(eq=False)
class Authorization:
    """An authorization key known to the server and, once signed in, whose it is.

    `seq` numbers the batches of updates pushed to it. `awaiting_password` is the account whose password is still to
    be given, `qr_token` the login token it showed as a QR code and `qr_account` the account that accepted it.
    """

    key: bytes
    account: Account | None = None
    salt: int = field(default_factory=lambda: int.from_bytes(os.urandom(8), "little", signed=True))
    created: datetime = field(default_factory=now)
    device: str = ""
    seq: int = 0
    connections: set["Connection"] = field(default_factory=set, repr=False)
    awaiting_password: Account | None = None
    challenge: "SrpChallenge | None" = None
    qr_token: bytes | None = None
    qr_account: Account | None = None

    @property
    def key_id(self) -> bytes:
        """The last eight bytes of the key's SHA1, by which packets name it."""
        return sha1(self.key).digest()[-8:]

    @property
    def hash(self) -> int:
        """The number by which the account's other logins may end this one."""
        return int.from_bytes(self.key_id, "little", signed=True)


class World:
    """Accounts, chats, logins and files.

    `unsupported` counts the requests nobody answers; `bugs` holds the exceptions of handlers. `difference_limit` is how
    many changes a getDifference tells at once, `button_timeout` how many seconds a bot has to answer a button.
    """

    def __init__(self) -> None:
        self.accounts: dict[int, Account] = {}
        self.groups: dict[int, Group] = {}
        self.channels: dict[int, Channel] = {}
        self.authorizations: dict[bytes, Authorization] = {}
        self.phone_code_hashes: dict[str, str] = {}
        self.files = FileStore()
        self.journal = Journal()
        self.faults = Faults()
        self.unsupported: Counter[str] = Counter()
        self.bugs: list[BaseException] = []
        self.queries: dict[int, asyncio.Future[Any]] = {}
        self.difference_limit = 100
        self.button_timeout = 10.0
        self._secret = os.urandom(16)
        self._next_number = 0
        service = Account(SERVICE_ID, "Telegram", phone="42777", service=True)
        self.accounts[SERVICE_ID] = service
        self.service = service

    def number(self) -> int:
        """A number never given before: for message uids, groups, files and queries."""
        self._next_number += 1
        return self._next_number

    def add(self, account: Account) -> Account:
        """Let an account exist. An id of 0 is replaced by a new one. Raises ValueError if something is taken."""
        account.id = account.id or next(i for i in _ids_from(_FIRST_USER_ID) if i not in self.accounts)
        for other in self.accounts.values():
            for what in ("id", "username", "phone", "token"):
                value = getattr(account, what)
                if value is not None and value == getattr(other, what):
                    raise ValueError(f"the {what} {value} is taken by {other.name}")
        account.login_code = account.login_code or f"{10_000 + account.id * 7919 % 90_000}"
        # Every box starts elsewhere, so that code which mixes up two sides' message ids shows.
        account.box = Box(first_id=10 + account.id * 37 % 1000)
        self.accounts[account.id] = account
        return account

    def logins(self, account: Account) -> list[Authorization]:
        """The authorizations signed in to the account."""
        return [a for a in self.authorizations.values() if a.account is account]

    def box_of(self, account: Account, peer: Peer) -> Box:
        """The box in which the account finds its chat with `peer`."""
        return peer.box if isinstance(peer, Channel) else account.box

    def by_username(self, username: str) -> Account | Channel | None:
        """Whose username it is, regardless of case."""
        wanted = username.removeprefix("@").casefold()
        everyone: list[Account | Channel] = [*self.accounts.values(), *self.channels.values()]
        return next((one for one in everyone if one.username and one.username.casefold() == wanted), None)

    def by_phone(self, phone: str) -> Account | None:
        """Whose phone number it is; anything but digits is ignored."""
        digits = "".join(filter(str.isdigit, phone))
        return next((account for account in self.accounts.values() if digits and account.phone == digits), None)

    def access_hash(self, viewer: Account, target: int) -> int:
        """The number `viewer` must show to address the user or channel with that id. Every viewer has another."""
        digest = sha256(self._secret + f"{viewer.id}:{target}".encode()).digest()
        return int.from_bytes(digest[:8], "little", signed=True)

    def user(self, viewer: Account, given: Any) -> Account:
        """The account an InputUser or InputPeerUser names. Raises USER_ID_INVALID for a wrong access hash."""
        return self._user(viewer, given, "USER_ID_INVALID")

    def peer(self, viewer: Account, given: Any) -> Peer:
        """The chat an InputPeer names. Raises PEER_ID_INVALID, CHANNEL_INVALID or CHANNEL_PRIVATE."""
        if isinstance(given, types.InputPeerChat):
            group = self.groups.get(given.chat_id)
            if group is None or viewer not in group.members:
                raise RpcFailure("PEER_ID_INVALID")
            return group
        if isinstance(given, (types.InputPeerChannel, types.InputChannel)):
            channel = self.channels.get(given.channel_id)
            if channel is None or given.access_hash != self.access_hash(viewer, channel.id):
                raise RpcFailure("CHANNEL_INVALID")
            if viewer not in channel.members:
                raise RpcFailure("CHANNEL_PRIVATE")
            return channel
        return self._user(viewer, given, "PEER_ID_INVALID")

    def _user(self, viewer: Account, given: Any, error: str) -> Account:
        if isinstance(given, (types.InputUserSelf, types.InputPeerSelf)):
            return viewer
        if not isinstance(given, (types.InputUser, types.InputPeerUser)):
            raise RpcFailure(error)
        account = self.accounts.get(given.user_id)
        if account is None or not self._may_address(viewer, account, given.access_hash):
            raise RpcFailure(error)
        return account

    def _may_address(self, viewer: Account, account: Account, access_hash: int) -> bool:
        if account is viewer or access_hash == self.access_hash(viewer, account.id):
            return True
        # Telegram accepts no hash at all from a bot for those who wrote to it.
        return access_hash == 0 and viewer.is_bot and account in viewer.box.dialogs


def _ids_from(first: int) -> Iterator[int]:
    while True:
        yield first
        first += 1
