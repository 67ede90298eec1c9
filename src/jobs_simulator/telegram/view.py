"""How one account sees the world: model objects turned into TL objects, with the users and chats they mention."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from telethon.tl import types

from . import files
from .model import Account, Box, Channel, Dialog, Entry, Group, Peer, SimMessage
from .world import World, now

DC_ID = 2


def peer_tl(peer: Peer) -> Any:
    """The TL Peer of a chat."""
    if isinstance(peer, Account):
        return types.PeerUser(peer.id)
    return types.PeerChat(peer.id) if isinstance(peer, Group) else types.PeerChannel(peer.id)


class View:
    """The eyes of `viewer`. Whoever is rendered is remembered and listed by `users` and `chats`."""

    def __init__(self, world: World, viewer: Account) -> None:
        self.world = world
        self.viewer = viewer
        self._seen: dict[Peer, None] = {}

    def see(self, *peers: Peer) -> None:
        """Remember to describe these to the viewer."""
        self._seen.update(dict.fromkeys(peers))

    @property
    def users(self) -> list[Any]:
        """The TL users seen so far."""
        return [self.user(peer) for peer in self._seen if isinstance(peer, Account)]

    @property
    def chats(self) -> list[Any]:
        """The TL groups and channels seen so far."""
        return [self.chat(peer) for peer in self._seen if not isinstance(peer, Account)]

    def user(self, account: Account) -> Any:
        """An account as the viewer may know it: the phone only of themselves and of contacts."""
        me, access_hash = self.viewer, self.world.access_hash(self.viewer, account.id)
        if account.deactivated:
            return types.User(id=account.id, access_hash=access_hash, deleted=True)
        mine = account in me.contacts
        knows_phone = account is me or account.service or mine or me in account.contacts
        return types.User(
            id=account.id,
            access_hash=access_hash,
            is_self=account is me or None,
            contact=mine or None,
            mutual_contact=(mine and me in account.contacts) or None,
            bot=account.is_bot or None,
            bot_info_version=1 if account.is_bot else None,
            verified=account.service or None,
            support=account.service or None,
            first_name=account.first_name,
            last_name=account.last_name or None,
            username=account.username,
            phone=account.phone if knows_phone else None,
            status=None if account.is_bot else status(account),
            lang_code=account.lang_code if me.is_bot or account is me else None,
        )

    def chat(self, chat: Group | Channel) -> Any:
        """A group or channel the viewer is in."""
        creator = chat.creator is self.viewer or None
        if isinstance(chat, Group):
            return types.Chat(
                id=chat.id,
                title=chat.title,
                photo=types.ChatPhotoEmpty(),
                participants_count=len(chat.members),
                date=chat.date,
                version=1,
                creator=creator,
            )
        return types.Channel(
            id=chat.id,
            title=chat.title,
            photo=types.ChatPhotoEmpty(),
            date=chat.date,
            creator=creator,
            left=self.viewer not in chat.members or None,
            broadcast=not chat.megagroup or None,
            megagroup=chat.megagroup or None,
            access_hash=self.world.access_hash(self.viewer, chat.id),
            username=chat.username,
        )

    def message(self, message: SimMessage) -> Any:
        """A message of the viewer's box, or of a channel's."""
        self.see(message.sender, message.peer)
        private = isinstance(message.peer, Account)
        post = isinstance(message.peer, Channel) and not message.peer.megagroup
        if message.forward is not None and isinstance(message.forward.from_id, types.PeerUser):
            self.see(self.world.accounts[message.forward.from_id.user_id])
        return types.Message(
            id=message.id,
            peer_id=peer_tl(message.peer),
            from_id=None if private or post else types.PeerUser(message.sender.id),
            out=self.outgoing(message) or None,
            post=post or None,
            date=message.date,
            message=message.text,
            entities=message.entities or None,
            media=files.render(message.media, DC_ID) if message.media else None,
            reply_to=types.MessageReplyHeader(reply_to_msg_id=message.reply_to) if message.reply_to else None,
            reply_markup=message.reply_markup,
            fwd_from=message.forward,
            silent=message.silent or None,
            edit_date=message.edited,
            grouped_id=message.grouped_id,
            reactions=self.reactions(message) if message.reactions else None,
        )

    def outgoing(self, message: SimMessage) -> bool:
        """Whether the viewer sent it. A channel's one copy is outgoing for one member only."""
        return message.sender is self.viewer if isinstance(message.peer, Channel) else message.out

    def reactions(self, message: SimMessage) -> Any:
        """All reactions to a message, counted and by person."""
        self.see(*message.reactions)
        counts: dict[str, int] = {}
        for emoji in message.reactions.values():
            counts[emoji] = counts.get(emoji, 0) + 1
        own = message.reactions.get(self.viewer)
        return types.MessageReactions(
            results=[
                types.ReactionCount(types.ReactionEmoji(emoji), count, chosen_order=0 if emoji == own else None)
                for emoji, count in counts.items()
            ],
            can_see_list=True,
            recent_reactions=[
                types.MessagePeerReaction(
                    types.PeerUser(account.id), message.date, types.ReactionEmoji(emoji), my=account is self.viewer
                )
                for account, emoji in message.reactions.items()
            ],
        )

    def update(self, entry: Entry, channel: Channel | None = None) -> Any:
        """The TL update of one entry of the viewer's box, or of a channel's."""
        if channel is not None:
            self.see(channel)
            return self._channel_update(entry, channel)
        if entry.kind == "new":
            return types.UpdateNewMessage(self.message(_required(entry)), entry.pts, entry.count)
        if entry.kind == "edit":
            return types.UpdateEditMessage(self.message(_required(entry)), entry.pts, entry.count)
        if entry.kind == "delete":
            return types.UpdateDeleteMessages(list(entry.ids), entry.pts, entry.count)
        assert entry.peer is not None
        self.see(entry.peer)
        peer = peer_tl(entry.peer)
        if entry.kind == "read_out":
            return types.UpdateReadHistoryOutbox(peer, entry.max_id, entry.pts, entry.count)
        unread = self.viewer.box.unread(entry.peer, entry.max_id)
        return types.UpdateReadHistoryInbox(peer, entry.max_id, unread, entry.pts, entry.count)

    def _channel_update(self, entry: Entry, channel: Channel) -> Any:
        if entry.kind == "delete":
            return types.UpdateDeleteChannelMessages(channel.id, list(entry.ids), entry.pts, entry.count)
        kind = types.UpdateNewChannelMessage if entry.kind == "new" else types.UpdateEditChannelMessage
        return kind(self.message(_required(entry)), entry.pts, entry.count)

    def dialog(self, peer: Peer) -> Any:
        """A line of the viewer's list of chats; for one without messages, as getPeerDialogs shows it."""
        self.see(peer)
        box: Box = self.world.box_of(self.viewer, peer)
        dialog = box.dialogs.get(peer, Dialog())
        read = peer.read.get(self.viewer, 0) if isinstance(peer, Channel) else dialog.read_inbox
        return types.Dialog(
            peer=peer_tl(peer),
            top_message=dialog.ids[-1] if dialog.ids else 0,
            read_inbox_max_id=read,
            read_outbox_max_id=dialog.read_outbox,
            unread_count=box.unread(peer, read),
            unread_mentions_count=0,
            unread_reactions_count=0,
            unread_poll_votes_count=0,
            notify_settings=types.PeerNotifySettings(),
            unread_mark=dialog.unread_mark or None,
            pts=box.pts if isinstance(peer, Channel) else None,
        )

    def updates(self, updates: Iterable[Any], seq: int = 0) -> Any:
        """A batch of updates with everyone rendered so far."""
        return types.Updates(list(updates), self.users, self.chats, now(), seq)


def status(account: Account) -> Any:
    """When the account was last seen."""
    if account.service:
        return types.UserStatusEmpty()
    if account.online:
        return types.UserStatusOnline(now() + timedelta(minutes=5))
    return types.UserStatusRecently()


def _required(entry: Entry) -> SimMessage:
    assert entry.message is not None
    return entry.message
