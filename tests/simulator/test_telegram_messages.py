"""Messages between people: boxes, history, edits, deletes, reads, typing, reactions, groups and limits."""

import asyncio
from typing import Any

import pytest
from telethon import errors, events, functions, types
from tests.simulator.conftest import queue_of

from jobs_simulator.chat import Chat
from jobs_simulator.telegram import Account, TelegramSimulator


@pytest.fixture
def bob(sim: TelegramSimulator, alice: Account) -> Account:
    return sim.add_user("Bob", username="bob_b", contact_of=[alice])


async def take(queue: "asyncio.Queue[Any]") -> Any:
    async with asyncio.timeout(5):
        return await queue.get()


async def test_two_people_talk(sim: TelegramSimulator, alice: Account, bob: Account) -> None:
    async with sim.connected(alice) as a, sim.connected(bob) as b:
        at_bob, at_alice = queue_of(b, events.NewMessage), queue_of(a, events.NewMessage)
        sent = await a.send_message("bob_b", "**Hello**, Bob")
        received = await take(at_bob)
        assert (received.raw_text, received.sender_id, received.out) == ("Hello, Bob", alice.id, False)
        assert isinstance(received.message.entities[0], types.MessageEntityBold)
        assert received.id != sent.id, "each side numbers its own messages"
        await received.reply("Hello, Alice")
        answer = await take(at_alice)
        assert answer.message.reply_to_msg_id == sent.id
        assert (await answer.get_reply_message()).raw_text == "Hello, Bob"
    assert [(m.out, m.text) for m in sim.messages(bob, alice)] == [(False, "Hello, Bob"), (True, "Hello, Alice")]


async def test_five_hundred_messages_arrive_once_and_in_order(
    sim: TelegramSimulator, alice: Account, bob: Account
) -> None:
    async with sim.connected(alice) as a, sim.connected(bob, sequential_updates=True) as b:
        received = queue_of(b, events.NewMessage)
        target = await a.get_input_entity("bob_b")
        for number in range(500):
            await a.send_message(target, str(number))
        assert [(await take(received)).raw_text for _ in range(500)] == [str(number) for number in range(500)]
        assert received.empty()


async def test_other_logins_see_what_was_sent_and_saved_messages_work(
    sim: TelegramSimulator, alice: Account, bob: Account
) -> None:
    async with sim.connected(alice) as phone, sim.connected(alice) as laptop:
        at_laptop, at_phone = queue_of(laptop, events.NewMessage), queue_of(phone, events.NewMessage)
        await phone.send_message("bob_b", "to Bob")
        seen = await take(at_laptop)
        assert (seen.out, seen.raw_text, seen.chat_id) == (True, "to Bob", bob.id)
        await phone.send_message("me", "to myself")
        seen = await take(at_laptop)
        assert (seen.out, seen.raw_text, seen.chat_id) == (True, "to myself", alice.id)
        assert at_phone.empty(), "a client gets no event for what it sent itself"
    assert [m.text for m in sim.messages(alice, alice)] == ["to myself"]


async def test_a_random_id_works_once(sim: TelegramSimulator, alice: Account, bob: Account) -> None:
    async with sim.connected(alice) as a:
        target = await a.get_input_entity("bob_b")
        first = await a._sender.send(functions.messages.SendMessageRequest(target, "once", random_id=7))
        assert isinstance(first, types.UpdateShortSentMessage)
        with pytest.raises(errors.RandomIdDuplicateError):
            await a._sender.send(functions.messages.SendMessageRequest(target, "once", random_id=7))
    (message,) = sim.messages(bob, alice)
    assert (message.text, message.random_id) == ("once", 7)


async def test_history_is_paged_as_in_telegram(sim: TelegramSimulator, alice: Account, bob: Account) -> None:
    ids = [sim.send(alice, bob, f"message {number}").id for number in range(250)]
    async with sim.connected(alice) as a:
        target = await a.get_input_entity("bob_b")

        async def get(**options: Any) -> list[int]:
            return [message.id async for message in a.iter_messages(target, wait_time=0, **options)]

        assert await get(limit=None) == ids[::-1]
        assert await get(limit=None, reverse=True) == ids
        assert await get(limit=3) == ids[:-4:-1]
        assert await get(limit=None, min_id=ids[200]) == ids[:200:-1]
        assert await get(limit=None, min_id=ids[240], reverse=True) == ids[241:]
        assert await get(limit=None, max_id=ids[3]) == ids[2::-1]
        assert await get(limit=2, offset_id=ids[10]) == [ids[9], ids[8]]
        assert await get(limit=None, search="message 24") == [*ids[:239:-1], ids[24]]
        found = await a.get_messages(target, ids=[ids[5], 999_999])
        assert [message and message.id for message in found] == [ids[5], None]
        assert (await a.get_messages(target, limit=1)).total == 250


async def test_dialogs_show_the_latest_first_with_what_is_unread(
    sim: TelegramSimulator, alice: Account, bob: Account
) -> None:
    people = [sim.add_user(f"User {number}") for number in range(120)]
    for person in people:
        sim.send(person, alice, f"from {person.name}")
    sim.send(bob, alice, "one")
    last = sim.send(bob, alice, "two")
    async with sim.connected(alice) as a:
        dialogs = await a.get_dialogs()
        assert [d.name for d in dialogs] == ["Bob", *(person.name for person in reversed(people))]
        assert (dialogs[0].unread_count, dialogs[0].message.raw_text) == (2, "two")
        await a.send_read_acknowledge(bob.id)
        peer = types.InputDialogPeer(dialogs[0].input_entity)
        (line,) = (await a(functions.messages.GetPeerDialogsRequest([peer]))).dialogs
        own_id = next(m.id for m in sim.messages(alice, bob) if m.uid == last.uid)
        assert (line.unread_count, line.read_inbox_max_id) == (0, own_id)


async def test_reading_is_told_to_the_sender(sim: TelegramSimulator, alice: Account, bob: Account) -> None:
    async with sim.connected(alice) as a, sim.connected(bob) as b:
        at_alice = queue_of(a, events.MessageRead)
        at_bob = queue_of(b, events.NewMessage)
        sent = await a.send_message("bob_b", "read me")
        received = await take(at_bob)
        await received.mark_read()
        read = await take(at_alice)
        assert (read.outbox, read.max_id) == (True, sent.id)
        event = await sim.wait_for(lambda e: e.kind == "read")
        assert (event.account, event.peer, event.ids) == (bob, alice, (received.id,))
        before = bob.box.pts
        await received.mark_read()
        assert bob.box.pts == before, "reading again changes nothing"


async def test_edits_and_deletes_reach_the_other_side(sim: TelegramSimulator, alice: Account, bob: Account) -> None:
    async with sim.connected(alice) as a, sim.connected(bob) as b:
        edited, deleted = queue_of(b, events.MessageEdited), queue_of(b, events.MessageDeleted)
        sent = await a.send_message("bob_b", "draft")
        await sent.edit("final")
        event = await take(edited)
        assert (event.raw_text, event.message.edit_date is not None) == ("final", True)
        with pytest.raises(errors.MessageNotModifiedError):
            await sent.edit("final")
        with pytest.raises(errors.MessageAuthorRequiredError):
            await b.edit_message(event.message, "forged")
        await sent.delete()
        assert (await take(deleted)).deleted_ids == [event.id]
    assert sim.messages(alice, bob) == sim.messages(bob, alice) == []
    assert [e.kind for e in sim.log if e.kind != "read"] == ["message", "edit", "delete"]


async def test_deleting_for_oneself_leaves_the_other_copy(sim: TelegramSimulator, alice: Account, bob: Account) -> None:
    async with sim.connected(alice) as a:
        sent = await a.send_message("bob_b", "keep it")
        await a.delete_messages("bob_b", sent, revoke=False)
    assert (sim.messages(alice, bob), len(sim.messages(bob, alice))) == ([], 1)


async def test_typing_is_shown_and_taken_back(sim: TelegramSimulator, alice: Account, bob: Account) -> None:
    async with sim.connected(alice) as a, sim.connected(bob) as b:
        seen = queue_of(b, events.UserUpdate)
        async with a.action("bob_b", "typing"):
            assert (await take(seen)).typing
        assert (await take(seen)).cancel
    assert [e.kind for e in sim.log] == ["typing", "cancel typing"]


async def test_reactions(sim: TelegramSimulator, alice: Account, bob: Account) -> None:
    async with sim.connected(alice) as a, sim.connected(bob) as b:
        at_alice = queue_of(a, events.Raw(types.UpdateMessageReactions))
        sent = await a.send_message("bob_b", "good news")
        own = sim.messages(bob, alice)[0].id
        peer = await b.get_input_entity("alice_a")
        await b(functions.messages.SendReactionRequest(peer, own, reaction=[types.ReactionEmoji("👍")]))
        update = await take(at_alice)
        assert (update.msg_id, update.reactions.recent_reactions[0].reaction.emoticon) == (sent.id, "👍")
        again = await a.get_messages("bob_b", ids=sent.id)
        assert again.reactions.results[0].count == 1
        await b(functions.messages.SendReactionRequest(peer, own, reaction=[]))
        assert not (await take(at_alice)).reactions.results


async def test_forwarding_names_the_first_sender(sim: TelegramSimulator, alice: Account, bob: Account) -> None:
    sim.send(bob, alice, "pass it on")
    carol = sim.add_user("Carol", username="carol_c")
    async with sim.connected(alice) as a:
        message = (await a.get_messages("bob_b", limit=1))[0]
        await a.forward_messages("carol_c", message)
    (copy,) = sim.messages(carol, alice)
    assert (copy.text, copy.forward.from_id.user_id) == ("pass it on", bob.id)


async def test_limits_of_a_message(sim: TelegramSimulator, alice: Account, bob: Account) -> None:
    async with sim.connected(alice) as a:
        target = await a.get_input_entity("bob_b")
        await a.send_message(target, "😀" * 2048)
        with pytest.raises(errors.MessageTooLongError):
            await a.send_message(target, "😀" * 2048 + "!")
        with pytest.raises(errors.MessageEmptyError):
            await a(functions.messages.SendMessageRequest(target, " "))
        await a.send_message(target, "😀!", formatting_entities=[types.MessageEntityBold(0, 3)])
        with pytest.raises(errors.EntityBoundsInvalidError):
            await a.send_message(target, "😀!", formatting_entities=[types.MessageEntityBold(0, 4)])
        with pytest.raises(errors.RPCError, match="REPLY_MESSAGE_ID_INVALID"):
            await a.send_message(target, "what?", reply_to=999_999)


async def test_an_access_hash_is_good_for_its_viewer_only(sim: TelegramSimulator, alice: Account, bob: Account) -> None:
    async with sim.connected(alice) as a, sim.connected(bob):
        right = await a.get_input_entity("bob_b")
        wrong = types.InputPeerUser(bob.id, right.access_hash + 1)
        with pytest.raises(errors.PeerIdInvalidError):
            await a(functions.messages.SendMessageRequest(wrong, "hello"))
        with pytest.raises(errors.UserIdInvalidError):
            await a(functions.users.GetFullUserRequest(types.InputUser(bob.id, wrong.access_hash)))


async def test_blocking(sim: TelegramSimulator, alice: Account, bob: Account) -> None:
    async with sim.connected(alice) as a, sim.connected(bob) as b:
        target, back = await a.get_input_entity("bob_b"), await b.get_input_entity("alice_a")
        await b(functions.contacts.BlockRequest(back))
        with pytest.raises(errors.UserIsBlockedError):
            await a.send_message(target, "hello?")
        with pytest.raises(errors.YouBlockedUserError):
            await b.send_message(back, "hello")
        assert [u.id for u in (await b(functions.contacts.GetBlockedRequest(0, 10))).users] == [alice.id]
        await b(functions.contacts.UnblockRequest(back))
        await a.send_message(target, "hello again")


async def test_contacts_and_phones(sim: TelegramSimulator, alice: Account, bob: Account) -> None:
    async with sim.connected(alice) as a, sim.connected(bob) as b:
        (contact,) = (await a(functions.contacts.GetContactsRequest(0))).users
        assert (contact.id, contact.phone) == (bob.id, bob.phone)
        stranger = sim.add_user("Carol", username="carol_c", phone="79991234567")
        assert (await b.get_entity("carol_c")).phone is None
        given = types.InputPhoneContact(0, "+7 999 123-45-67", "Carol", "")
        imported = await b(functions.contacts.ImportContactsRequest([given]))
        assert [(user.id, user.phone) for user in imported.users] == [(stranger.id, stranger.phone)]
        with pytest.raises(errors.UsernameNotOccupiedError):
            await b(functions.contacts.ResolveUsernameRequest("nobody_here"))


async def test_groups_and_channels_are_told_apart_from_private_chats(
    sim: TelegramSimulator, alice: Account, bob: Account
) -> None:
    group = sim.add_group("Family", [alice, bob])
    channel = sim.add_channel("News", [alice, bob])
    club = sim.add_channel("Club", [alice, bob], megagroup=True)
    async with sim.connected(alice) as a, sim.connected(bob) as b:
        received = queue_of(b, events.NewMessage)
        for chat in (group, channel, club):
            sim.send(alice, chat, f"in {chat.title}")
        got = {(event := await take(received)).raw_text: event for _ in range(3)}
        assert (got["in Family"].is_group, got["in Family"].sender_id) == (True, alice.id)
        assert (got["in News"].is_channel, got["in News"].is_group) == (True, False)
        assert (got["in Club"].is_channel, got["in Club"].is_group) == (True, True)
        assert not any(event.is_private for event in got.values())
        await got["in Family"].respond("hi all")
        with pytest.raises(errors.ChatWriteForbiddenError):
            await got["in News"].respond("me too")
        assert {d.name for d in await a.get_dialogs()} == {"Family", "News", "Club"}
        assert [m.raw_text for m in await a.get_messages(await a.get_input_entity(-group.id), limit=5)] == [
            "hi all",
            "in Family",
        ]
    assert [m.text for m in sim.messages(alice, group)] == ["in Family", "hi all"]


async def test_telegram_itself_writes_as_777000(sim: TelegramSimulator, alice: Account) -> None:
    async with sim.connected(alice) as a:
        received = queue_of(a, events.NewMessage)
        sim.service_message(alice, "New login")
        event = await take(received)
        sender = await event.get_sender()
        assert (sender.id, sender.verified, event.raw_text) == (777000, True, "New login")


async def test_waiting_for_an_event_that_never_comes_says_what_did(
    sim: TelegramSimulator, alice: Account, bob: Account
) -> None:
    sim.send(alice, bob, "something else")
    with pytest.raises(TimeoutError, match="something else"):
        await sim.wait_for(lambda event: event.text == "expected", timeout=0.01)
    waiting = asyncio.create_task(sim.wait_for(lambda event: event.kind == "message", since=len(sim.log)))
    await asyncio.sleep(0)
    sim.send(bob, alice, "later")
    assert (await waiting).text == "later"


async def test_what_comes_without_a_notification_is_nobodys_answer(
    sim: TelegramSimulator, alice: Account, bob: Account
) -> None:
    async with sim.connected(alice) as a, sim.connected(bob) as b:
        chat = Chat(b, alice)
        await a.send_message("bob_b", "Working: buy the milk", silent=True)
        await a.send_message("bob_b", "I will buy the milk")
        assert await chat.expect("buy the milk") == "I will buy the milk"
        assert await chat.expect_silent("milk") == "Working: buy the milk"
        assert chat.heard == ["Working: buy the milk", "I will buy the milk"]
