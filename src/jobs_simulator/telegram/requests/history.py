"""Dialogs and history."""

from collections.abc import Callable
from typing import Any

from telethon.tl import functions, types

from jobs_simulator.telegram.errors import RpcFailure
from jobs_simulator.telegram.model import Channel, Peer, SimMessage
from jobs_simulator.telegram.view import View

from . import updates
from .registry import Call, answers

_MAX_LIMIT = 100


@answers(functions.messages.GetDialogsRequest, bots=False)
def get_dialogs(call: Call, request: Any) -> Any:
    """The list of chats, the latest first."""
    if request.folder_id:
        return types.messages.Dialogs([], [], [], [])
    peers = _chats(call)
    start = 0
    if not isinstance(request.offset_peer, types.InputPeerEmpty):
        offset = call.peer(request.offset_peer)
        start = peers.index(offset) + 1 if offset in peers else 0
    elif request.offset_date and request.offset_date.timestamp():
        start = sum(_top(call, peer).date >= request.offset_date for peer in peers)
    page = peers[start : start + min(request.limit or _MAX_LIMIT, _MAX_LIMIT)]
    view = call.view()
    dialogs = [view.dialog(peer) for peer in page]
    messages = [view.message(_top(call, peer)) for peer in page]
    if len(page) == len(peers):
        return types.messages.Dialogs(dialogs, messages, view.chats, view.users)
    return types.messages.DialogsSlice(len(peers), dialogs, messages, view.chats, view.users)


def _chats(call: Call) -> list[Peer]:
    """All chats of the account in which something was written, the latest first."""
    peers: list[Peer] = list(call.account.box.dialogs)
    peers += [channel for channel in call.world.channels.values() if call.account in channel.members]
    peers = [peer for peer in peers if call.box(peer).history(peer)]
    return sorted(peers, key=lambda peer: (_top(call, peer).date, _top(call, peer).uid), reverse=True)


def _top(call: Call, peer: Peer) -> SimMessage:
    box = call.box(peer)
    return box.messages[box.dialogs[peer].ids[-1]]


@answers(functions.messages.GetPinnedDialogsRequest, bots=False)
def get_pinned_dialogs(call: Call, _request: Any) -> Any:
    """None."""
    return types.messages.PeerDialogs([], [], [], [], updates.state(call))


@answers(functions.messages.GetPeerDialogsRequest, bots=False)
def get_peer_dialogs(call: Call, request: Any) -> Any:
    """Chosen lines of the list of chats."""
    view = call.view()
    peers = [call.peer(given.peer) for given in request.peers]
    dialogs = [view.dialog(peer) for peer in peers]
    messages = [view.message(_top(call, peer)) for peer in peers if call.box(peer).history(peer)]
    return types.messages.PeerDialogs(dialogs, messages, view.chats, view.users, updates.state(call))


@answers(functions.messages.GetHistoryRequest, bots=False)
def get_history(call: Call, request: Any) -> Any:
    """A page of a chat, the latest first."""
    peer = call.peer(request.peer)
    return _page(call, peer, call.box(peer).history(peer), request, request.offset_date)


@answers(functions.messages.SearchRequest, bots=False)
def search(call: Call, request: Any) -> Any:
    """Messages of a chat by text, kind of media, sender and date."""
    peer = call.peer(request.peer)
    sender = call.peer(request.from_id) if request.from_id else None
    wanted = request.q.casefold()
    fits = _filter(request.filter)
    found = [
        message
        for message in call.box(peer).history(peer)
        if wanted in message.text.casefold()
        and fits(message)
        and (sender is None or message.sender is sender)
        and (not _given(request.min_date) or message.date >= request.min_date)
        and (not _given(request.max_date) or message.date <= request.max_date)
    ]
    return _page(call, peer, found, request, None)


def _given(date: Any) -> bool:
    return date is not None and date.timestamp() > 0


def _filter(given: Any) -> Callable[[SimMessage], bool]:
    kinds: dict[Any, tuple[str, ...]] = {
        types.InputMessagesFilterPhotos: ("photo",),
        types.InputMessagesFilterVideo: ("video",),
        types.InputMessagesFilterPhotoVideo: ("photo", "video"),
        types.InputMessagesFilterDocument: ("document",),
        types.InputMessagesFilterVoice: ("voice",),
        types.InputMessagesFilterMusic: ("audio",),
        types.InputMessagesFilterContacts: ("contact",),
        types.InputMessagesFilterGeo: ("geo",),
    }
    if isinstance(given, types.InputMessagesFilterEmpty):
        return lambda _message: True
    if type(given) not in kinds:
        raise RpcFailure(f"NOT_IMPLEMENTED_{type(given).__name__}", 501)
    return lambda message: message.media is not None and message.media.kind in kinds[type(given)]


def _page(call: Call, peer: Peer, messages: list[SimMessage], request: Any, offset_date: Any) -> Any:
    """Cut the page out of `messages` (oldest first) by Telegram's rules for offsets."""
    latest = messages[::-1]
    if request.offset_id:
        start = sum(message.id >= request.offset_id for message in latest)
    elif _given(offset_date):
        start = sum(message.date >= offset_date for message in latest)
    else:
        start = 0
    start += request.add_offset
    limit = min(request.limit, _MAX_LIMIT)
    page = [
        message
        for message in latest[max(start, 0) : max(start + limit, 0)]
        if (not request.max_id or message.id < request.max_id) and message.id > request.min_id
    ]
    view = call.view()
    rendered = [view.message(message) for message in page]
    if isinstance(peer, Channel):
        return types.messages.ChannelMessages(peer.box.pts, len(messages), rendered, [], view.chats, view.users)
    if len(page) == len(messages):
        return types.messages.Messages(rendered, [], view.chats, view.users)
    return types.messages.MessagesSlice(len(messages), rendered, [], view.chats, view.users)


@answers(functions.messages.GetMessagesRequest)
def get_messages(call: Call, request: Any) -> Any:
    """Messages of private chats and basic groups by id, or what they reply to."""
    view = call.view()
    messages = [_by_id(view, call.account.box.messages, given) for given in request.id]
    return types.messages.Messages(messages, [], view.chats, view.users)


@answers(functions.channels.GetMessagesRequest)
def get_channel_messages(call: Call, request: Any) -> Any:
    """Messages of a channel by id."""
    channel, view = call.peer(request.channel), call.view()
    box = call.box(channel)
    messages = [_by_id(view, box.messages, given) for given in request.id]
    return types.messages.ChannelMessages(box.pts, len(messages), messages, [], view.chats, view.users)


def _by_id(view: View, messages: dict[int, SimMessage], given: Any) -> Any:
    message = messages.get(given.id)
    if isinstance(given, types.InputMessageReplyTo):
        message = messages.get(message.reply_to or 0) if message else None
    return types.MessageEmpty(given.id, None) if message is None else view.message(message)


@answers(functions.messages.GetMessageReactionsListRequest, bots=False)
def get_message_reactions(call: Call, request: Any) -> Any:
    """Who reacted to a message."""
    view, message = call.view(), call.message(call.peer(request.peer), request.id)
    reactions = view.reactions(message).recent_reactions
    return types.messages.MessageReactionsList(len(reactions), reactions, view.chats, view.users)
