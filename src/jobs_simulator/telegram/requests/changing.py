"""Editing, deleting, reading, typing and reacting."""

from typing import Any

from telethon.tl import functions, types

from jobs_simulator.telegram.errors import RpcFailure
from jobs_simulator.telegram.model import Channel
from jobs_simulator.telegram.post import Draft, reaction_update

from . import sending
from .registry import Call, affected, answers


@answers(functions.messages.EditMessageRequest)
def edit_message(call: Call, request: Any) -> Any:
    """Change an own message; what the request leaves out stays."""
    peer = call.peer(request.peer)
    message = call.message(peer, request.id)
    new_text = request.message is not None
    draft = Draft(
        text=request.message if new_text else message.text,
        entities=sending.entities(call, request.entities) if new_text else message.entities,
        media=sending.media(call, request.media) if request.media else None,
        reply_markup=sending.markup(call, request.reply_markup),
    )
    entry = call.post.edit(call.account, message, draft, call.authorization)
    view = call.view()
    return view.updates([view.update(entry, peer if isinstance(peer, Channel) else None)])


@answers(functions.messages.DeleteMessagesRequest)
def delete_messages(call: Call, request: Any) -> Any:
    """Delete messages of private chats and basic groups; a bot's are always deleted for all."""
    me = call.account
    count = call.post.delete(me, me.box, request.id, bool(request.revoke) or me.is_bot, call.authorization)
    return affected(call, count)


@answers(functions.channels.DeleteMessagesRequest)
def delete_channel_messages(call: Call, request: Any) -> Any:
    """Delete own messages of a channel."""
    channel = call.peer(request.channel)
    box = call.box(channel)
    if any(message.sender is not call.account for i in request.id if (message := box.messages.get(i))):
        raise RpcFailure("MESSAGE_DELETE_FORBIDDEN", 403)
    count = call.post.delete(call.account, box, request.id, True, call.authorization)
    return types.messages.AffectedMessages(box.pts, count)


@answers(functions.messages.DeleteHistoryRequest, bots=False)
def delete_history(call: Call, request: Any) -> Any:
    """Delete a whole chat, or up to `max_id`."""
    me, peer = call.account, call.peer(request.peer)
    ids = [m.id for m in me.box.history(peer) if not request.max_id or m.id <= request.max_id]
    count = call.post.delete(me, me.box, ids, bool(request.revoke), call.authorization)
    return types.messages.AffectedHistory(me.box.pts, count, 0)


@answers(functions.messages.ReadHistoryRequest, bots=False)
def read_history(call: Call, request: Any) -> Any:
    """Mark a chat read."""
    return affected(call, call.post.read(call.account, call.peer(request.peer), request.max_id, call.authorization))


@answers(functions.channels.ReadHistoryRequest, bots=False)
def read_channel_history(call: Call, request: Any) -> bool:
    """Mark a channel read."""
    call.post.read(call.account, call.peer(request.channel), request.max_id, call.authorization)
    return True


@answers(functions.messages.ReadMessageContentsRequest)
def read_message_contents(call: Call, _request: Any) -> Any:
    """Mark voice messages as listened to, of which the simulator keeps no record."""
    return affected(call, 0)


@answers(functions.messages.MarkDialogUnreadRequest, bots=False)
def mark_dialog_unread(call: Call, request: Any) -> bool:
    """Put an unread mark on a chat, or take it off."""
    peer = call.peer(request.peer.peer)
    dialog = call.box(peer).dialogs.get(peer)
    if dialog is None:
        raise RpcFailure("PEER_ID_INVALID")
    dialog.unread_mark = bool(request.unread)
    return True


@answers(functions.messages.SetTypingRequest)
def set_typing(call: Call, request: Any) -> bool:
    """Show what one is doing."""
    call.post.typing(call.account, call.peer(request.peer), request.action)
    return True


@answers(functions.messages.SendReactionRequest)
def send_reaction(call: Call, request: Any) -> Any:
    """React to a message, or take the reaction back."""
    message = call.message(call.peer(request.peer), request.msg_id)
    emoji = next((r.emoticon for r in request.reaction or [] if isinstance(r, types.ReactionEmoji)), None)
    call.post.react(call.account, message, emoji, call.authorization)
    view = call.view()
    return view.updates([reaction_update(view, message)])
