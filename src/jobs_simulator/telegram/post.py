"""The post office: what sending, editing, deleting, reading and reacting do to the boxes of all concerned."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from telethon.tl import types

from .errors import RpcFailure
from .hub import Hub
from .model import Account, Box, Channel, Entry, Group, Media, Peer, SimMessage
from .view import View, peer_tl
from .world import Authorization, World, now

MAX_TEXT = 4096
MAX_CAPTION = 1024


@dataclass
class Draft:
    """A message to be sent. `reply_to` is an id in the sender's box; lengths and offsets count UTF-16 units."""

    text: str = ""
    entities: list[Any] = field(default_factory=list)
    media: Media | None = None
    reply_to: int | None = None
    random_id: int | None = None
    grouped_id: int | None = None
    reply_markup: Any = None
    forward: Any = None
    silent: bool = False
    """Whoever gets it is not notified."""


class _Place(NamedTuple):
    """A box that gets a copy, who is told of it, and how the chat and the direction look from there."""

    box: Box
    readers: list[Account]
    peer: Peer
    out: bool


class PostOffice:
    """Everything that changes boxes. `besides` is the login that asked for it, which is not sent the update."""

    def __init__(self, world: World, hub: Hub) -> None:
        self._world = world
        self._hub = hub

    def send(self, sender: Account, peer: Peer, draft: Draft, besides: Authorization | None = None) -> Entry:
        """Put the message into all boxes concerned and push it. Returns the entry of the sender's side."""
        check_draft(draft)
        if draft.random_id is not None and draft.random_id in sender.random_ids:
            raise RpcFailure("RANDOM_ID_DUPLICATE", 500)
        self._check_may_write(sender, peer)
        replied = self._replied(sender, peer, draft.reply_to)
        if draft.random_id is not None:
            sender.random_ids.add(draft.random_id)
        uid, date, reactions = self._world.number(), now(), dict[Account, str]()
        entries: list[tuple[_Place, Entry]] = []
        for place in _places(sender, peer):
            answered = place.box.copy_of(replied.uid) if replied else None
            message = SimMessage(
                id=place.box.take_id(),
                uid=uid,
                sender=sender,
                peer=place.peer,
                out=place.out,
                date=date,
                text=draft.text,
                entities=draft.entities,
                media=draft.media,
                reply_to=answered.id if answered else None,
                random_id=draft.random_id,
                grouped_id=draft.grouped_id,
                reply_markup=draft.reply_markup,
                forward=draft.forward,
                silent=draft.silent,
                reactions=reactions,
            )
            entries.append((place, place.box.put(message)))
        own = next(entry for place, entry in entries if place.box is self._world.box_of(sender, peer))
        if isinstance(peer, Channel) and own.message:
            peer.read[sender] = own.message.id
        self._world.journal.add("message", sender, peer, draft.text, own.message, _ids(own))
        self._push_all(entries, besides)
        return own

    def edit(self, account: Account, message: SimMessage, draft: Draft, besides: Authorization | None = None) -> Entry:
        """Change text, entities, buttons and (if given) media of an own message."""
        if message.sender is not account:
            raise RpcFailure("MESSAGE_AUTHOR_REQUIRED", 403)
        draft.media = draft.media or message.media
        check_draft(draft)
        if not _differs(message, draft):
            raise RpcFailure("MESSAGE_NOT_MODIFIED")
        entries: list[tuple[_Place, Entry]] = []
        for place, copy in self._copies(message):
            copy.text, copy.entities, copy.media = draft.text, draft.entities, draft.media
            copy.reply_markup, copy.edited = draft.reply_markup, now()
            entries.append((place, place.box.record("edit", message=copy)))
        own = next(entry for _, entry in entries if entry.message is message)
        self._world.journal.add("edit", account, message.peer, draft.text, message, (message.id,))
        self._push_all(entries, besides)
        return own

    def delete(
        self, account: Account, box: Box, ids: list[int], revoke: bool, besides: Authorization | None = None
    ) -> int:
        """Delete messages of `box`, for all sides if `revoke`. Returns by how many `pts` of the box grew."""
        doomed = [box.messages[i] for i in dict.fromkeys(ids) if i in box.messages]
        by_box: dict[Box, tuple[_Place, list[int]]] = {}
        for message in doomed:
            for place, copy in self._copies(message):
                if revoke or place.box is box:
                    by_box.setdefault(place.box, (place, []))[1].append(copy.id)
        entries = []
        for place, gone in by_box.values():
            place.box.remove(gone)
            entries.append((place, place.box.record("delete", count=len(gone), ids=tuple(gone))))
        for message in doomed:
            self._world.journal.add("delete", account, message.peer, message.text, message, (message.id,))
        self._push_all(entries, besides)
        return len(doomed)

    def read(self, account: Account, peer: Peer, max_id: int, besides: Authorization | None = None) -> int:
        """Mark the chat read up to `max_id` (0: to its end) and tell the other side. Returns by how much `pts` grew."""
        dialog = self._world.box_of(account, peer).dialogs.get(peer)
        up_to = min(max_id or 2**31, dialog.ids[-1]) if dialog and dialog.ids else 0
        if isinstance(peer, Channel):
            peer.read[account] = max(peer.read.get(account, 0), up_to)
            return 0
        if dialog is None or up_to <= dialog.read_inbox:
            return 0
        newly = [account.box.messages[i] for i in dialog.ids if dialog.read_inbox < i <= up_to]
        dialog.read_inbox, dialog.unread_mark = up_to, False
        self._world.journal.add("read", account, peer, ids=tuple(m.id for m in newly if not m.out))
        self._hub.entry(account, account.box.record("read_in", peer=peer, max_id=up_to), besides)
        for sender in {m.sender for m in newly if m.sender is not account}:
            self._tell_sender(
                sender, peer if isinstance(peer, Group) else account, [m for m in newly if m.sender is sender]
            )
        return 1

    def react(
        self, account: Account, message: SimMessage, emoji: str | None, besides: Authorization | None = None
    ) -> None:
        """Set or (None) take back the account's reaction. Bots are not told."""
        if emoji is None:
            message.reactions.pop(account, None)
        else:
            message.reactions[account] = emoji
        self._world.journal.add("reaction", account, message.peer, emoji or "", message, (message.id,))
        for place, copy in self._copies(message):
            for reader in place.readers:
                if not reader.is_bot:
                    view = View(self._world, reader)
                    self._hub.passing(reader, reaction_update(view, copy), view, besides)

    def typing(self, account: Account, peer: Peer, action: Any) -> None:
        """Show the other side what the account is doing."""
        kind = "cancel typing" if isinstance(action, types.SendMessageCancelAction) else "typing"
        self._world.journal.add(kind, account, peer, type(action).__name__)
        if isinstance(peer, Account):
            if peer is not account and account not in peer.blocked:
                self._hub.passing(peer, types.UpdateUserTyping(account.id, action))
        elif isinstance(peer, Group):
            for member in peer.members:
                if member is not account:
                    update = types.UpdateChatUserTyping(peer.id, types.PeerUser(account.id), action)
                    self._hub.passing(member, update)

    def _tell_sender(self, sender: Account, peer: Peer, read: list[SimMessage]) -> None:
        copies = [copy.id for m in read if (copy := sender.box.copy_of(m.uid))]
        dialog = sender.box.dialogs.get(peer)
        if not copies or dialog is None or sender.is_bot or max(copies) <= dialog.read_outbox:
            return
        dialog.read_outbox = max(copies)
        self._hub.entry(sender, sender.box.record("read_out", peer=peer, max_id=max(copies)), None)

    def _push_all(self, entries: list[tuple[_Place, Entry]], besides: Authorization | None) -> None:
        for place, entry in entries:
            for reader in place.readers:
                self._hub.entry(reader, entry, besides, place.peer if isinstance(place.peer, Channel) else None)

    def _copies(self, message: SimMessage) -> Iterator[tuple[_Place, SimMessage]]:
        for place in _places(message.sender, self._addressee(message)):
            copy = place.box.copy_of(message.uid)
            if copy is not None:
                yield place, copy

    def _addressee(self, message: SimMessage) -> Peer:
        if message.out or not isinstance(message.peer, Account):
            return message.peer
        # The copy of an incoming message does not name its owner; the one whose box holds it is the addressee.
        return next(a for a in self._world.accounts.values() if a.box.messages.get(message.id) is message)

    def _check_may_write(self, sender: Account, peer: Peer) -> None:
        if isinstance(peer, Channel) and not peer.megagroup and peer.creator is not sender:
            raise RpcFailure("CHAT_WRITE_FORBIDDEN", 403)
        if not isinstance(peer, Account) or peer is sender:
            return
        if peer.deactivated:
            raise RpcFailure("INPUT_USER_DEACTIVATED")
        if peer in sender.blocked:
            raise RpcFailure("YOU_BLOCKED_USER")
        if sender in peer.blocked:
            raise RpcFailure("USER_IS_BLOCKED", 403 if sender.is_bot else 400)
        if sender.is_bot and peer.is_bot:
            raise RpcFailure("USER_IS_BOT")
        if sender.is_bot and peer not in sender.box.dialogs:
            raise RpcFailure("PEER_ID_INVALID")

    def _replied(self, sender: Account, peer: Peer, reply_to: int | None) -> SimMessage | None:
        if not reply_to:
            return None
        message = self._world.box_of(sender, peer).messages.get(reply_to)
        if message is None or message.peer is not peer:
            raise RpcFailure("REPLY_MESSAGE_ID_INVALID")
        return message


def _places(sender: Account, peer: Peer) -> list[_Place]:
    if peer is sender:
        return [_Place(sender.box, [sender], sender, True)]
    if isinstance(peer, Account):
        return [_Place(sender.box, [sender], peer, True), _Place(peer.box, [peer], sender, False)]
    if isinstance(peer, Group):
        return [_Place(member.box, [member], peer, member is sender) for member in peer.members]
    return [_Place(peer.box, peer.members, peer, False)]


def reaction_update(view: View, message: SimMessage) -> Any:
    """The update that shows the reactions to a message as they are now."""
    view.see(message.peer)
    return types.UpdateMessageReactions(peer_tl(message.peer), message.id, view.reactions(message))


def utf16_length(text: str) -> int:
    """The length of a text as Telegram counts it."""
    return len(text.encode("utf-16-le")) // 2


def check_draft(draft: Draft) -> None:
    """Hold the draft against Telegram's limits. Raises RpcFailure with Telegram's error."""
    length = utf16_length(draft.text)
    if draft.media is None:
        if not draft.text.strip():
            raise RpcFailure("MESSAGE_EMPTY")
        if length > MAX_TEXT:
            raise RpcFailure("MESSAGE_TOO_LONG")
    elif length > MAX_CAPTION:
        raise RpcFailure("MEDIA_CAPTION_TOO_LONG")
    for entity in draft.entities:
        if entity.offset < 0 or entity.length <= 0 or entity.offset + entity.length > length:
            raise RpcFailure("ENTITY_BOUNDS_INVALID")


def _differs(message: SimMessage, draft: Draft) -> bool:
    same = (
        message.text == draft.text
        and message.entities == draft.entities
        and message.media is draft.media
        and message.reply_markup == draft.reply_markup
    )
    return not same


def _ids(entry: Entry) -> tuple[int, ...]:
    return (entry.message.id,) if entry.message else ()
