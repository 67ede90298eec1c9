"""Sending: texts, media, albums and forwards."""

from typing import Any

from telethon.tl import functions, types

from jobs_simulator.telegram.errors import RpcFailure
from jobs_simulator.telegram.files import document, photo, render
from jobs_simulator.telegram.model import Account, Channel, Entry, Media, Peer
from jobs_simulator.telegram.post import Draft
from jobs_simulator.telegram.view import DC_ID, peer_tl

from .registry import Call, answers

_MAX_BUTTON_DATA = 64


@answers(functions.messages.SendMessageRequest)
def send_message(call: Call, request: Any) -> Any:
    """Send a text. In a private chat the answer is the short one, as Telegram's is."""
    peer = call.peer(request.peer)
    entry = call.post.send(call.account, peer, _draft(call, request, request.random_id), call.authorization)
    message = entry.message
    assert message is not None
    if not isinstance(peer, Account):
        return _sent(call, [(entry, request.random_id)])
    return types.UpdateShortSentMessage(
        id=message.id,
        pts=entry.pts,
        pts_count=entry.count,
        date=message.date,
        out=True,
        entities=message.entities or None,
    )


@answers(functions.messages.SendMediaRequest)
def send_media(call: Call, request: Any) -> Any:
    """Send a photo, document, voice message, contact or place."""
    draft = _draft(call, request, request.random_id)
    draft.media = media(call, request.media)
    entry = call.post.send(call.account, call.peer(request.peer), draft, call.authorization)
    return _sent(call, [(entry, request.random_id)])


@answers(functions.messages.SendMultiMediaRequest)
def send_multi_media(call: Call, request: Any) -> Any:
    """Send an album: several messages at once that share a `grouped_id`."""
    peer, grouped_id = call.peer(request.peer), call.world.number() + 2**40
    if not 1 <= len(request.multi_media) <= 10:
        raise RpcFailure("MULTI_MEDIA_TOO_LONG")
    if any(single.random_id in call.account.random_ids for single in request.multi_media):
        raise RpcFailure("RANDOM_ID_DUPLICATE", 500)
    drafts = []
    for single in request.multi_media:
        draft = _draft(call, single, single.random_id)
        draft.reply_to, draft.grouped_id = _reply_id(request), grouped_id
        draft.media = media(call, single.media)
        drafts.append(draft)
    return _sent(call, _send_all(call, peer, drafts))


@answers(functions.messages.ForwardMessagesRequest)
def forward_messages(call: Call, request: Any) -> Any:
    """Send copies that name the first sender."""
    source, target = call.peer(request.from_peer), call.peer(request.to_peer)
    drafts = []
    for message_id, random_id in zip(request.id, request.random_id, strict=True):
        message = call.message(source, message_id)
        header = message.forward or types.MessageFwdHeader(date=message.date, from_id=peer_tl(message.sender))
        drafts.append(
            Draft(
                text=message.text,
                entities=message.entities,
                media=message.media,
                random_id=random_id,
                forward=None if request.drop_author else header,
            )
        )
    return _sent(call, _send_all(call, target, drafts))


@answers(functions.messages.UploadMediaRequest)
def upload_media(call: Call, request: Any) -> Any:
    """Make media of an upload without sending it yet, as clients do for albums."""
    call.peer(request.peer)
    return render(media(call, request.media), DC_ID)


@answers(functions.messages.StartBotRequest, bots=False)
def start_bot(call: Call, request: Any) -> Any:
    """Press "Start" in the chat with a bot."""
    bot = call.world.user(call.account, request.bot)
    if not bot.is_bot:
        raise RpcFailure("BOT_INVALID")
    draft = Draft(text=f"/start {request.start_param}".rstrip(), random_id=request.random_id)
    return _sent(call, [(call.post.send(call.account, bot, draft, call.authorization), request.random_id)])


def _send_all(call: Call, peer: Peer, drafts: list[Draft]) -> list[tuple[Entry, int]]:
    return [(call.post.send(call.account, peer, draft, call.authorization), draft.random_id or 0) for draft in drafts]


def _sent(call: Call, entries: list[tuple[Entry, int]]) -> Any:
    """The answer that maps each random id to its message."""
    view, updates = call.view(), []
    for entry, random_id in entries:
        assert entry.message is not None
        peer = entry.message.peer
        updates.append(types.UpdateMessageID(entry.message.id, random_id))
        updates.append(view.update(entry, peer if isinstance(peer, Channel) else None))
    return view.updates(updates)


def _draft(call: Call, request: Any, random_id: int) -> Draft:
    if not random_id:
        raise RpcFailure("RANDOM_ID_EMPTY")
    if getattr(request, "schedule_date", None):
        raise RpcFailure("NOT_IMPLEMENTED_SCHEDULE_DATE", 501)
    return Draft(
        text=request.message,
        entities=entities(call, request.entities),
        reply_to=_reply_id(request),
        random_id=random_id,
        reply_markup=markup(call, getattr(request, "reply_markup", None)),
        silent=bool(getattr(request, "silent", None)),
    )


def _reply_id(request: Any) -> int | None:
    reply_to = getattr(request, "reply_to", None)
    return reply_to.reply_to_msg_id if isinstance(reply_to, types.InputReplyToMessage) else None


def entities(call: Call, given: list[Any] | None) -> list[Any]:
    """The entities as they are stored: a mention by InputUser becomes one by id."""
    return [
        types.MessageEntityMentionName(e.offset, e.length, call.world.user(call.account, e.user_id).id)
        if isinstance(e, types.InputMessageEntityMentionName)
        else e
        for e in given or []
    ]


def markup(call: Call, given: Any) -> Any:
    """The buttons under a message. Those of a user account are dropped without a word, as Telegram does."""
    if given is None or not call.account.is_bot:
        return None
    if isinstance(given, types.ReplyInlineMarkup):
        for row in given.rows:
            for button in row.buttons:
                if len(getattr(button.type, "data", b"")) > _MAX_BUTTON_DATA:
                    raise RpcFailure("BUTTON_DATA_INVALID")
        return given if given.rows else None
    return given


def media(call: Call, given: Any) -> Media:
    """What an InputMedia stands for. Raises MEDIA_INVALID for a kind the simulator does not know."""
    if isinstance(given, (types.InputMediaUploadedPhoto, types.InputMediaUploadedDocument)):
        return call.world.files.from_upload(call.account.id, given)
    if isinstance(given, types.InputMediaPhoto):
        return photo(call.world.files.find(given.id))
    if isinstance(given, types.InputMediaDocument):
        return document(call.world.files.find(given.id))
    if isinstance(given, types.InputMediaContact):
        owner = call.world.by_phone(given.phone_number)
        user_id = owner.id if owner else 0
        contact = types.MessageMediaContact(given.phone_number, given.first_name, given.last_name, given.vcard, user_id)
        return Media("contact", tl=contact)
    if isinstance(given, types.InputMediaGeoPoint):
        point = types.GeoPoint(given.geo_point.long, given.geo_point.lat, 0)
        return Media("geo", tl=types.MessageMediaGeo(point))
    raise RpcFailure("MEDIA_INVALID")
