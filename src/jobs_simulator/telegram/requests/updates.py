"""State and differences: what a client asks to learn what it missed."""

from typing import Any

from telethon.tl import functions, types

from jobs_simulator.telegram.model import Channel
from jobs_simulator.telegram.world import now

from .registry import Call, answers


@answers(functions.updates.GetStateRequest)
def get_state(call: Call, _request: Any) -> Any:
    """Where the account's box stands."""
    return state(call)


def state(call: Call, pts: int | None = None) -> Any:
    """The updates.State of the caller, at `pts` if given."""
    box = call.account.box
    unread = sum(box.unread(peer, dialog.read_inbox) for peer, dialog in box.dialogs.items())
    return types.updates.State(box.pts if pts is None else pts, 0, now(), call.authorization.seq, unread)


@answers(functions.updates.GetDifferenceRequest)
def get_difference(call: Call, request: Any) -> Any:
    """The changes since `pts`, in slices of at most `difference_limit`."""
    box = call.account.box
    missed = box.since(request.pts)
    if not missed:
        return types.updates.DifferenceEmpty(now(), call.authorization.seq)
    part = missed[: call.world.difference_limit]
    view = call.view()
    new = [
        view.message(entry.message)
        for entry in part
        if entry.kind == "new" and entry.message and entry.message.id in box.messages
    ]
    other = [view.update(entry) for entry in part if entry.kind != "new"]
    if len(part) == len(missed):
        return types.updates.Difference(new, [], other, view.chats, view.users, state(call))
    return types.updates.DifferenceSlice(new, [], other, view.chats, view.users, state(call, part[-1].pts))


@answers(functions.updates.GetChannelDifferenceRequest)
def get_channel_difference(call: Call, request: Any) -> Any:
    """The changes of a channel since `pts`."""
    channel = call.peer(request.channel)
    assert isinstance(channel, Channel)
    box, view = channel.box, call.view()
    missed = box.since(request.pts)
    part = missed[: request.limit]
    if not part:
        return types.updates.ChannelDifferenceEmpty(box.pts, final=True, timeout=30)
    new = [
        view.message(entry.message)
        for entry in part
        if entry.kind == "new" and entry.message and entry.message.id in box.messages
    ]
    other = [view.update(entry, channel) for entry in part if entry.kind != "new"]
    final = len(part) == len(missed) or None
    return types.updates.ChannelDifference(part[-1].pts, new, other, view.chats, view.users, final=final, timeout=30)
