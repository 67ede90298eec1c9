"""What the simulated Telegram holds: accounts, chats, and each account's own box of messages.

As in Telegram, a private message exists once per side: each account numbers the messages of its private chats and
basic groups by itself and has its own `pts`. Channels have a box of their own that all members share.
"""

from bisect import bisect_right
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeAlias


@dataclass(eq=False)
class Account:
    """A user or a bot. `contacts` and `blocked` hold other accounts; `login_code` is the code that signs it in."""

    id: int
    first_name: str
    last_name: str = ""
    username: str | None = None
    phone: str | None = None
    lang_code: str | None = None
    token: str | None = None
    password: str | None = None
    login_code: str = ""
    about: str = ""
    service: bool = False
    deactivated: bool = False
    online: bool = False
    contacts: set["Account"] = field(default_factory=set, repr=False)
    blocked: set["Account"] = field(default_factory=set, repr=False)
    menus: dict[tuple[int | None, str], list[Any]] = field(default_factory=dict, repr=False)
    """A bot's commands by the chat they are for (None: all chats) and the language of the client ("": any)."""
    random_ids: set[int] = field(default_factory=set, repr=False)
    box: "Box" = field(default_factory=lambda: Box(), repr=False)

    def menu_for(self, viewer: "Account") -> list[Any]:
        """The commands this bot shows to somebody: those of the chat before all, the language before any."""
        keys = [(chat, code) for chat in (viewer.id, None) for code in (viewer.lang_code or "", "")]
        return next((self.menus[key] for key in keys if self.menus.get(key)), [])

    @property
    def is_bot(self) -> bool:
        return self.token is not None

    @property
    def name(self) -> str:
        return f"{self.first_name} {self.last_name}".strip()


@dataclass(eq=False)
class Group:
    """A basic group: its messages live in the boxes of its members."""

    id: int
    title: str
    creator: Account
    members: list[Account]
    date: datetime


@dataclass(eq=False)
class Channel:
    """A broadcast channel, or a supergroup if `megagroup`: its messages live in its own box."""

    id: int
    title: str
    creator: Account
    members: list[Account]
    date: datetime
    megagroup: bool = False
    username: str | None = None
    read: dict[Account, int] = field(default_factory=dict, repr=False)
    box: "Box" = field(default_factory=lambda: Box(), repr=False)


Peer: TypeAlias = Account | Group | Channel


@dataclass(eq=False)
class StoredFile:
    """A file as the server keeps it. `reference` must be shown to download it and may be made to expire."""

    id: int
    access_hash: int
    data: bytes
    date: datetime
    mime_type: str
    name: str
    is_photo: bool
    attributes: list[Any]
    reference: bytes


@dataclass(eq=False)
class Media:
    """A photo, document, voice, audio or video with its `file`, or a contact or geo with its `tl`."""

    kind: str
    file: StoredFile | None = None
    tl: Any = None

    @property
    def data(self) -> bytes:
        """The bytes of the file. Raises ValueError for a contact or a place."""
        if self.file is None:
            raise ValueError(f"{self.kind} has no file")
        return self.file.data


@dataclass(eq=False)
class SimMessage:
    """One side's copy of a message. All copies share `uid` and `reactions`; `id` and `reply_to` are this box's."""

    id: int
    uid: int
    sender: Account
    peer: Peer
    out: bool
    date: datetime
    text: str
    entities: list[Any]
    media: Media | None = None
    reply_to: int | None = None
    random_id: int | None = None
    grouped_id: int | None = None
    reply_markup: Any = None
    forward: Any = None
    silent: bool = False
    edited: datetime | None = None
    reactions: dict[Account, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Entry:
    """One change of a box: `pts` after it, and the `count` it grew by. `kind`: new, edit, delete, read_in, read_out."""

    pts: int
    count: int
    kind: str
    message: SimMessage | None = None
    ids: tuple[int, ...] = ()
    peer: Peer | None = None
    max_id: int = 0


@dataclass(eq=False)
class Dialog:
    """A chat in a box: the ids of its messages in ascending order and how far both sides have read."""

    ids: list[int] = field(default_factory=list)
    read_inbox: int = 0
    read_outbox: int = 0
    unread_mark: bool = False


class Box:
    """The numbered messages of one account (or channel) and the log of their changes."""

    def __init__(self, first_id: int = 1) -> None:
        self.pts = 1  # Zero would mean "unknown" to a client.
        self.next_id = first_id
        self.messages: dict[int, SimMessage] = {}
        self.dialogs: dict[Peer, Dialog] = {}
        self.entries: list[Entry] = []
        self._copies: dict[int, int] = {}

    def take_id(self) -> int:
        """The id for the next message of this box."""
        self.next_id += 1
        return self.next_id - 1

    def put(self, message: SimMessage) -> Entry:
        """Add a message whose id came from `take_id`."""
        self.messages[message.id] = message
        self._copies[message.uid] = message.id
        self.dialogs.setdefault(message.peer, Dialog()).ids.append(message.id)
        return self.record("new", message=message)

    def remove(self, ids: list[int]) -> list[SimMessage]:
        """Take these messages out and return those that were there. The change is not logged."""
        gone = [self.messages.pop(i) for i in ids if i in self.messages]
        for message in gone:
            self._copies.pop(message.uid, None)
            self.dialogs[message.peer].ids.remove(message.id)
        return gone

    def copy_of(self, uid: int) -> SimMessage | None:
        """This box's copy of the message with that `uid`."""
        return self.messages.get(self._copies.get(uid, 0))

    def record(self, kind: str, count: int = 1, **what: Any) -> Entry:
        """Log a change and advance `pts`."""
        self.pts += count
        entry = Entry(self.pts, count, kind, **what)
        self.entries.append(entry)
        return entry

    def since(self, pts: int) -> list[Entry]:
        """The changes a client that stands at `pts` has not seen."""
        return self.entries[bisect_right(self.entries, pts, key=lambda entry: entry.pts) :]

    def history(self, peer: Peer) -> list[SimMessage]:
        """The messages of one chat, oldest first."""
        dialog = self.dialogs.get(peer)
        return [self.messages[i] for i in dialog.ids] if dialog else []

    def unread(self, peer: Peer, read_up_to: int) -> int:
        """How many incoming messages of the chat have an id above `read_up_to`."""
        dialog = self.dialogs.get(peer)
        if dialog is None:
            return 0
        return sum(not self.messages[i].out for i in dialog.ids[bisect_right(dialog.ids, read_up_to) :])
