"""Users, contacts and blocking."""

from typing import Any

from telethon.tl import functions, types

from jobs_simulator.telegram.errors import RpcFailure
from jobs_simulator.telegram.model import Account, Channel
from jobs_simulator.telegram.view import peer_tl, status

from .registry import Call, answers


@answers(functions.users.GetUsersRequest)
def get_users(call: Call, request: Any) -> Any:
    """The users named; an empty one where the access hash is wrong."""
    view = call.view()
    return [view.user(found) if (found := _find(call, given)) else _empty(given) for given in request.id]


def _find(call: Call, given: Any) -> Account | None:
    try:
        return call.world.user(call.account, given)
    except RpcFailure:
        # For contacts this one request works without the access hash.
        user = call.world.accounts.get(getattr(given, "user_id", 0))
        return user if user in call.account.contacts and given.access_hash == 0 else None


def _empty(given: Any) -> Any:
    return types.UserEmpty(getattr(given, "user_id", 0))


@answers(functions.users.GetFullUserRequest)
def get_full_user(call: Call, request: Any) -> Any:
    """What a profile shows."""
    view, user = call.view(), call.world.user(call.account, request.id)
    bot_info = (
        types.BotInfo(user_id=user.id, description=user.about, commands=user.menu_for(call.account))
        if user.is_bot
        else None
    )
    full = types.UserFull(
        id=user.id,
        about=user.about or None,
        blocked=user in call.account.blocked or None,
        settings=types.PeerSettings(),
        notify_settings=types.PeerNotifySettings(),
        common_chats_count=0,
        bot_info=bot_info,
    )
    view.see(user)
    return types.users.UserFull(full, [], view.users)


@answers(functions.account.UpdateProfileRequest, bots=False)
def update_profile(call: Call, request: Any) -> Any:
    """Change one's own name or description."""
    me = call.account
    me.first_name = me.first_name if request.first_name is None else request.first_name
    me.last_name = me.last_name if request.last_name is None else request.last_name
    me.about = me.about if request.about is None else request.about
    return call.view().user(me)


@answers(functions.contacts.ResolveUsernameRequest)
def resolve_username(call: Call, request: Any) -> Any:
    """Who has this username."""
    found = call.world.by_username(request.username)
    if found is None:
        raise RpcFailure("USERNAME_NOT_OCCUPIED")
    return _resolved(call, found)


@answers(functions.contacts.ResolvePhoneRequest, bots=False)
def resolve_phone(call: Call, request: Any) -> Any:
    """Who has this phone number."""
    found = call.world.by_phone(request.phone)
    if found is None:
        raise RpcFailure("PHONE_NOT_OCCUPIED")
    return _resolved(call, found)


def _resolved(call: Call, found: Account | Channel) -> Any:
    view = call.view()
    view.see(found)
    return types.contacts.ResolvedPeer(peer_tl(found), view.chats, view.users)


@answers(functions.contacts.GetContactsRequest, bots=False)
def get_contacts(call: Call, _request: Any) -> Any:
    """The address book."""
    me, view = call.account, call.view()
    contacts = sorted(me.contacts, key=lambda contact: contact.id)
    view.see(*contacts)
    lines = [types.Contact(contact.id, me in contact.contacts) for contact in contacts]
    return types.contacts.Contacts(lines, len(lines), view.users)


@answers(functions.contacts.ImportContactsRequest, bots=False)
def import_contacts(call: Call, request: Any) -> Any:
    """Put phone numbers into the address book; those that have an account become contacts."""
    view, imported = call.view(), []
    for given in request.contacts:
        account = call.world.by_phone(given.phone)
        if account is not None and account is not call.account:
            call.account.contacts.add(account)
            view.see(account)
            imported.append(types.ImportedContact(account.id, given.client_id))
    return types.contacts.ImportedContacts(imported, [], [], view.users)


@answers(functions.contacts.AddContactRequest, bots=False)
def add_contact(call: Call, request: Any) -> Any:
    """Put a user into the address book."""
    view, user = call.view(), call.world.user(call.account, request.id)
    call.account.contacts.add(user)
    view.see(user)
    return view.updates([types.UpdatePeerSettings(types.PeerUser(user.id), types.PeerSettings())])


@answers(functions.contacts.DeleteContactsRequest, bots=False)
def delete_contacts(call: Call, request: Any) -> Any:
    """Take users out of the address book."""
    view = call.view()
    for given in request.id:
        user = call.world.user(call.account, given)
        call.account.contacts.discard(user)
        view.see(user)
    return view.updates([])


@answers(functions.contacts.SearchRequest, bots=False)
def search(call: Call, request: Any) -> Any:
    """Contacts by name, and anyone by the beginning of a username."""
    view, wanted = call.view(), request.q.removeprefix("@").casefold()
    known = [user for user in call.account.contacts if wanted in user.name.casefold()]
    public = [
        user
        for user in call.world.accounts.values()
        if user not in known and user.username and user.username.casefold().startswith(wanted)
    ]
    view.see(*known, *public)
    return types.contacts.Found(
        [peer_tl(u) for u in known], [peer_tl(u) for u in public[: request.limit]], [], view.users
    )


@answers(functions.contacts.BlockRequest, bots=False)
def block(call: Call, request: Any) -> bool:
    """Stop a user from writing to the account."""
    other = _blockable(call, request)
    call.account.blocked.add(other)
    call.world.journal.add("block", call.account, other)
    return True


@answers(functions.contacts.UnblockRequest, bots=False)
def unblock(call: Call, request: Any) -> bool:
    """Let a user write again."""
    other = _blockable(call, request)
    call.account.blocked.discard(other)
    call.world.journal.add("unblock", call.account, other)
    return True


def _blockable(call: Call, request: Any) -> Account:
    other = call.peer(request.id)
    if not isinstance(other, Account) or other is call.account:
        raise RpcFailure("CONTACT_ID_INVALID")
    return other


@answers(functions.contacts.GetBlockedRequest, bots=False)
def get_blocked(call: Call, request: Any) -> Any:
    """Whom the account blocked."""
    view = call.view()
    blocked = sorted(call.account.blocked, key=lambda user: user.id)[request.offset : request.offset + request.limit]
    view.see(*blocked)
    return types.contacts.Blocked([types.PeerBlocked(peer_tl(user), None) for user in blocked], [], view.users)


@answers(functions.messages.GetChatsRequest)
def get_chats(call: Call, request: Any) -> Any:
    """Basic groups by id."""
    return types.messages.Chats([call.view().chat(_group(call, chat_id)) for chat_id in request.id])


def _group(call: Call, chat_id: int) -> Any:
    return call.peer(types.InputPeerChat(chat_id))


@answers(functions.channels.GetChannelsRequest)
def get_channels(call: Call, request: Any) -> Any:
    """Channels by id."""
    view = call.view()
    for given in request.id:
        view.see(call.peer(given))
    return types.messages.Chats(view.chats)


@answers(functions.contacts.GetStatusesRequest, bots=False)
def get_statuses(call: Call, _request: Any) -> Any:
    """When the contacts were last seen."""
    people = sorted(call.account.contacts, key=lambda contact: contact.id)
    return [types.ContactStatus(contact.id, status(contact)) for contact in people]
