"""What people write: stored once, in order, whatever Telegram and the connection do; nobody else is answered."""

import asyncio
import errno
import math
import time
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import apsw
import pytest
from telethon import errors, events
from telethon.network import mtprotostate
from telethon.tl import functions, types
from tests.support import full_disk
from tests.telegram.post import Post, send_media

from jobs.backup import make_backup, restore_backup
from jobs.db import open_database
from jobs.mcp_manager.secrets import Secrets
from jobs.spine.model import OutboxKind
from jobs.telegram import client, receiver, reconcile
from jobs_simulator.telegram import Account, Fault, PushFault, TelegramSimulator, post


async def test_a_message_is_stored_with_what_is_known_of_its_writer_and_then_marked_read(
    sim: TelegramSimulator, tmp_path: Path, jobs: Account, owner: Account, masha: Account
) -> None:
    async with Post(sim, tmp_path, jobs, owner) as mail:
        message = sim.send(masha, jobs, "Здравствуйте, это Мария")
        await mail.until_arrived("Здравствуйте, это Мария")
        row = mail.db.one("SELECT * FROM inbox")
        assert row is not None
        (copy,) = sim.messages(jobs, masha)
        assert (row["lane"], row["origin"], row["message_id"]) == (masha.id, "external", copy.id)
        person = mail.users.get(masha.id)
        assert person is not None
        assert (person.name, person.username, person.language) == ("Мария Иванова", "masha", "ru")
        assert person.first_contact == message.date
        await mail.until_read(message)
        sim.send(owner, jobs, "и я")
        await mail.until_arrived("Здравствуйте, это Мария", "и я")
        assert mail.db.value("SELECT origin FROM inbox ORDER BY id DESC") == "owner"


async def test_bots_groups_channels_and_telegram_itself_are_not_answered(
    sim: TelegramSimulator, tmp_path: Path, jobs: Account, owner: Account, masha: Account
) -> None:
    bot = sim.add_bot("some_bot")
    sim.send(jobs, bot, "/start")
    group = sim.add_group("Friends", [masha, jobs])
    channel = sim.add_channel("News", [masha, jobs])
    supergroup = sim.add_channel("Crowd", [masha, jobs], megagroup=True)
    everything: list[tuple[Account, Any]] = [(masha, group), (masha, channel), (masha, supergroup), (bot, jobs)]

    def noise() -> None:
        for sender, peer in everything:
            sim.send(sender, peer, "noise")
        sim.service_message(jobs, "Login code: 12345")

    noise()  # to be found in the history
    async with Post(sim, tmp_path, jobs, owner) as mail:
        noise()  # to be pushed
        sim.send(masha, jobs, "a word")
        await mail.until_arrived("a word")
        await mail.reconciler.look()
        assert mail.texts() == ["a word"]
        assert [person.id for person in mail.users.everyone()] == [masha.id]


async def test_what_was_written_while_jobs_was_down_is_taken_once_and_in_order(
    sim: TelegramSimulator, tmp_path: Path, jobs: Account, owner: Account, masha: Account
) -> None:
    for number in range(3):
        sim.send(masha, jobs, f"first {number}")
    async with Post(sim, tmp_path, jobs, owner) as mail:
        await mail.until_arrived("first 0", "first 1", "first 2")
    many = [f"later {number}" for number in range(120)]  # more than a page of history
    for text in many:
        sim.send(masha, jobs, text)
    message = sim.send(owner, jobs, "me too")
    async with Post(sim, tmp_path, jobs, owner) as mail:
        wanted = ["first 0", "first 1", "first 2", *many]
        assert [text for text in mail.texts() if text != "me too"] == wanted
        assert mail.texts().count("me too") == 1
        await mail.until_read(message)
    async with Post(sim, tmp_path, jobs, owner) as mail:
        assert len(mail.texts()) == 124


async def test_what_was_read_before_jobs_had_the_account_is_left_alone(
    sim: TelegramSimulator, tmp_path: Path, jobs: Account, owner: Account, masha: Account
) -> None:
    sim.send(masha, jobs, "long ago")
    sim.send(jobs, masha, "answered by hand")
    async with sim.connected(jobs) as by_hand:
        await by_hand.send_read_acknowledge(await by_hand.get_entity("masha"))
    sim.send(masha, jobs, "not read yet")
    async with Post(sim, tmp_path, jobs, owner) as mail:
        await mail.until_arrived("not read yet")


async def test_what_was_answered_since_a_backup_that_is_restored_is_not_answered_again(
    sim: TelegramSimulator, tmp_path: Path, jobs: Account, owner: Account, masha: Account
) -> None:
    copy = tmp_path / "copy.tar.gz"
    sim.send(masha, jobs, "one")
    async with Post(sim, tmp_path, jobs, owner) as mail:
        await mail.until_arrived("one")
        make_backup(mail.settings, copy)
        sim.send(masha, jobs, "two")
        sim.send(owner, jobs, "/status")
        mail.outbox.say("turn:1", masha.id, OutboxKind.ANSWER, "the answer to two")
        await mail.until_sent("the answer to two")
        message = sim.send(masha, jobs, "three")
        await mail.until_read(message)
    restore_backup(mail.settings, copy)
    for _ in range(2):
        async with Post(sim, tmp_path, jobs, owner) as mail:
            states = {row["text"]: row["state"] for row in mail.db.execute("SELECT text, state FROM inbox")}
            assert states == {"one": "waiting", "two": "done", "/status": "waiting", "three": "waiting"}


async def test_what_goes_out_while_chats_are_looked_at_after_a_restore_answers_nothing(
    sim: TelegramSimulator, tmp_path: Path, jobs: Account, owner: Account, masha: Account
) -> None:
    """It is not in the records yet either."""
    async with Post(sim, tmp_path, jobs, owner) as mail:
        make_backup(mail.settings, tmp_path / "copy.tar.gz")
    restore_backup(mail.settings, tmp_path / "copy.tar.gz")
    db = open_database(mail.settings.data_dir / "db.sqlite")
    db.execute("UPDATE meta SET value = '2026-01-01T00:00:00.000Z' WHERE key = 'restored'")
    db.close()
    sim.send(masha, jobs, "a question")
    sim.send(jobs, masha, "a reminder, just now")
    async with Post(sim, tmp_path, jobs, owner) as mail:
        assert mail.db.execute("SELECT text, state FROM inbox") == [{"text": "a question", "state": "waiting"}]


async def test_in_saved_messages_nothing_is_answered_again_after_a_restore(
    sim: TelegramSimulator, tmp_path: Path, owner: Account
) -> None:
    """There nothing tells Jobs' own words from the owner's but the records."""
    copy = tmp_path / "copy.tar.gz"
    async with Post(sim, tmp_path, owner, owner) as mail:
        make_backup(mail.settings, copy)
        sim.send(owner, owner, "a question")
        await mail.until_arrived("a question")
        mail.outbox.say("turn:1", owner.id, OutboxKind.ANSWER, "the answer")
        await mail.until_sent("the answer")
    restore_backup(mail.settings, copy)
    async with Post(sim, tmp_path, owner, owner) as mail:
        assert [row["state"] for row in mail.db.execute("SELECT state FROM inbox")] == ["done", "done"]
        sim.send(owner, owner, "a new one")
        await mail.until_arrived("a question", "the answer", "a new one")
        assert mail.db.value("SELECT state FROM inbox ORDER BY id DESC") == "waiting"


@pytest.mark.parametrize("kind", ["withhold", "duplicate", "reorder"])
async def test_however_updates_are_pushed_each_message_is_taken_once(
    sim: TelegramSimulator, tmp_path: Path, jobs: Account, owner: Account, masha: Account, kind: Any
) -> None:
    async with Post(sim, tmp_path, jobs, owner) as mail:
        sim.send(masha, jobs, "one")
        await mail.until_arrived("one")
        sim.faults.add(PushFault(kind, jobs, when=lambda update: isinstance(update, types.UpdateNewMessage)))
        sim.send(masha, jobs, "two")
        sim.send(masha, jobs, "three")
        if kind == "withhold":
            mail.reconciler.look_soon()
        async with asyncio.timeout(5):
            while len(mail.texts()) < 3:
                await mail.arrived.get()
        await mail.reconciler.look()
        assert sorted(mail.texts()) == ["one", "three", "two"]


async def test_a_cut_connection_loses_nothing(
    sim: TelegramSimulator, tmp_path: Path, jobs: Account, owner: Account, masha: Account
) -> None:
    async with Post(sim, tmp_path, jobs, owner) as mail:
        sim.send(masha, jobs, "one")
        await mail.until_arrived("one")
        await sim.stop()
        sim.send(masha, jobs, "two")
        await sim.start()
        await mail.until_arrived("one", "two")
        sim.drop_connections(jobs)
        sim.send(masha, jobs, "three")
        await mail.until_arrived("one", "two", "three")


async def test_a_message_that_can_not_be_stored_is_not_marked_read_and_taken_when_there_is_room(
    sim: TelegramSimulator,
    tmp_path: Path,
    jobs: Account,
    owner: Account,
    masha: Account,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(reconcile, "STORAGE_PAUSE", 0.01)
    async with Post(sim, tmp_path, jobs, owner) as mail:
        first = sim.send(masha, jobs, "one")
        await mail.until_arrived("one")
        await mail.until_read(first)
        refused = asyncio.Event()
        accept = mail.inbox.accept

        def noticed(event: Any, **given: Any) -> bool:
            try:
                return accept(event, **given)
            except apsw.Error:
                refused.set()
                raise

        monkeypatch.setattr(mail.inbox, "accept", noticed)
        long = "x" * 4096
        with full_disk(mail.db):
            mail.db.execute("PRAGMA wal_checkpoint")
            while not refused.is_set():
                message = sim.send(masha, jobs, long)
                async with asyncio.timeout(5):
                    await asyncio.wait(
                        [asyncio.ensure_future(refused.wait()), asyncio.ensure_future(mail.arrived.get())],
                        return_when=asyncio.FIRST_COMPLETED,
                    )
            assert not mail.is_read(message)
        await mail.until_read(message)
        assert len(mail.texts()) == len(sim.messages(jobs, masha))


async def test_a_message_is_marked_read_only_once_it_is_on_the_disk(
    sim: TelegramSimulator,
    tmp_path: Path,
    jobs: Account,
    owner: Account,
    masha: Account,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(reconcile, "STORAGE_PAUSE", 0.01)
    async with Post(sim, tmp_path, jobs, owner) as mail:
        await mail.until_read(sim.send(masha, jobs, "hello"))
        flush, tried = mail.db.flush, []

        def fails_once() -> None:
            tried.append(mail.is_read(message))
            if len(tried) == 1:
                raise OSError(errno.EIO, "the disk does not take it")
            flush()

        monkeypatch.setattr(mail.db, "flush", fails_once)
        message = sim.send(masha, jobs, "are you there?")
        await mail.until_read(message)
        assert tried == [False, False]
        assert mail.texts() == ["hello", "are you there?"]


async def test_a_message_deleted_before_it_was_begun_is_forgotten_and_one_deleted_later_is_survived(
    sim: TelegramSimulator, tmp_path: Path, jobs: Account, owner: Account, masha: Account
) -> None:
    async with Post(sim, tmp_path, jobs, owner) as mail, sim.connected(masha) as client:
        peer = await client.get_input_entity("jobs_assistant")
        oops = await client.send_message(peer, "oops")
        await mail.until_arrived("oops")
        await client.delete_messages(peer, [oops.id], revoke=True)
        meant = await client.send_message(peer, "I meant this")
        await mail.until_arrived("I meant this")
        turn = mail.turns.begin(masha.id)
        assert turn is not None
        await client.delete_messages(peer, [meant.id], revoke=True)
        await client.send_message(peer, "and this")
        await mail.until_arrived("I meant this", "and this")
        # Deleted before Jobs saw anything of it:
        await sim.stop()
    sim.send(masha, jobs, "unseen")
    (*_, unseen) = sim.messages(masha, jobs)
    sim._post.delete(masha, masha.box, [unseen.id], revoke=True)
    await sim.start()
    async with Post(sim, tmp_path, jobs, owner) as mail:
        assert "unseen" not in mail.texts()


ODD = {
    "long": "я" * 100_000,
    "controls": "a\x00b\x01\x1b[31mred\x07",
    "right to left": "\u202eevil\u202c שלום",
    "unseen": "\u200b\u2060\ufeff",
    "noncharacters": "\ufffe\uffff\ufdd0",
    "combining": "e" + "\u0301" * 2000,
    "emoji": "👨‍👩‍👧‍👦" * 300,
    "markup": "<b>&amp;</b> **x** [a](tg://user?id=1) </jobs-context> {0} %s $x",
    "line ends": "a\r\nb\u2028c\x85d",
}


async def test_odd_texts_and_names_are_taken_as_they_are(
    sim: TelegramSimulator, tmp_path: Path, jobs: Account, owner: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(post, "MAX_TEXT", 10**9)
    names = ["<b>bold</b> {0} $owner", "\n\n\u202e\x00", "a" * 5000, "\u200b"]
    async with Post(sim, tmp_path, jobs, owner) as mail:
        writers = [sim.add_user(name, name) for name in names]
        for text in ODD.values():
            for writer in writers:
                sim.send(writer, jobs, text)
        async with asyncio.timeout(15):
            while len(mail.texts()) < len(ODD) * len(names):
                await mail.arrived.get()
        texts = set(mail.texts())
        assert {text.replace("\r\n", "\n") for text in ODD.values()} <= {text.replace("\r\n", "\n") for text in texts}
        assert len(mail.users.everyone()) == len(names)


async def test_bytes_that_are_no_text_are_survived(
    sim: TelegramSimulator, tmp_path: Path, jobs: Account, owner: Account, masha: Account
) -> None:
    """Half a character on the wire: the nearest that Telegram could come to a lone surrogate."""
    async with Post(sim, tmp_path, jobs, owner) as mail:
        sim.send(masha, jobs, "one")
        await mail.until_arrived("one")
        draft = post.Draft(text="x")
        draft.text = b"half \xed\xa0\x80 and \xff"  # type: ignore[assignment]
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(post, "check_draft", lambda _: None)
            patch.setattr(sim.log, "add", lambda *_, **__: None)
            sim._post.send(masha, jobs, draft)
            async with asyncio.timeout(5):
                while len(mail.texts()) < 2:
                    await mail.arrived.get()
        assert mail.texts()[1].startswith("half ")
        mail.texts()[1].encode("utf-8")


def _video(seconds: float) -> types.MessageMediaDocument:
    attributes = [types.DocumentAttributeVideo(seconds, 1, 1)]
    return types.MessageMediaDocument(
        document=types.Document(1, 1, b"", datetime(2026, 11, 25, tzinfo=UTC), "video/mp4", 1, 1, attributes)
    )


def _photo_without_sizes() -> types.MessageMediaPhoto:
    sizes = [types.PhotoSizeProgressive("x", 1, 1, [])]
    return types.MessageMediaPhoto(
        photo=types.Photo(1, 1, b"", datetime(2026, 11, 25, tzinfo=UTC), sizes, 1),
    )


async def test_media_of_any_kind_are_a_line_of_text(
    sim: TelegramSimulator, tmp_path: Path, jobs: Account, owner: Account, masha: Account
) -> None:
    media: list[Any] = [
        types.MessageMediaUnsupported(),
        types.MessageMediaDice(6, "🎲"),
        types.MessageMediaGeo(types.GeoPoint(37.6, 55.7, 1)),
        types.MessageMediaGeo(types.GeoPointEmpty()),
        types.MessageMediaContact("79990000000", "Ann", "Lee", "", 0),
        types.MessageMediaEmpty(),
        types.MessageMediaDocument(),
        types.MessageMediaPhoto(),
        types.MessageMediaStory(types.PeerUser(1), 5),
        types.MessageMediaGame(types.Game(1, 1, "g", "Game", "", types.PhotoEmpty(1))),
        # What no kind should hold: the sender's program says how long a video is.
        _video(math.inf),
        _video(math.nan),
        _photo_without_sizes(),
    ]
    async with Post(sim, tmp_path, jobs, owner) as mail:
        sim.send(masha, jobs, "Добрый день!")
        await mail.until_arrived("Добрый день!")
        for tl in media:
            send_media(sim, masha, jobs, tl)
        send_media(sim, masha, jobs, types.MessageMediaDice(1, "🎯"), "look")
        async with asyncio.timeout(5):
            while len(mail.texts()) < len(media) + 2:
                await mail.arrived.get()
        texts = mail.texts()[1:]
        assert texts[1:3] == ["[кубик 🎲: 6]", "[место на карте: 55.7, 37.6]"]
        assert texts[-1] == "[кубик 🎯: 1]\nlook"
        assert all(text.startswith("[") and text.endswith("]") for text in texts[:-1])
        mail.db.execute("DELETE FROM inbox")
        mail.db.execute("UPDATE telegram_chats SET last_message_id = 0")
        assert await mail.reconciler.look(), "the same read from history"
        assert mail.texts()[1:] == texts


# ------------------------------------------------------- the owner's own account


@pytest.mark.parametrize("answer_others", [False, True])
async def test_on_the_owners_own_account_saved_messages_are_answered_and_others_only_when_asked_for(
    sim: TelegramSimulator, tmp_path: Path, owner: Account, masha: Account, answer_others: bool
) -> None:
    sim.send(owner, owner, "an old note")
    async with Post(sim, tmp_path, owner, owner, answer_others=answer_others) as mail:
        message = sim.send(masha, owner, "hello")
        sim.send(owner, masha, "by hand")
        if answer_others:
            await mail.until_arrived("hello")
            await mail.until_read(message)
        sim.send(owner, owner, "to Jobs")
        await mail.until_arrived(*["hello"] * answer_others, "to Jobs")
        await mail.reconciler.look()
        assert mail.texts() == [*["hello"] * answer_others, "to Jobs"]
        assert mail.is_read(message) is answer_others
        assert mail.db.execute("SELECT lane, origin FROM inbox")[-1] == {"lane": owner.id, "origin": "owner"}


@pytest.mark.parametrize("notes", [[], ["an old note"]])
async def test_saved_messages_written_while_jobs_was_down_are_taken_once(
    sim: TelegramSimulator, tmp_path: Path, owner: Account, notes: list[str]
) -> None:
    for text in notes:
        sim.send(owner, owner, text)
    async with Post(sim, tmp_path, owner, owner) as mail:
        assert mail.texts() == []
    sim.send(owner, owner, "while you were out")
    async with Post(sim, tmp_path, owner, owner) as mail:
        await mail.until_arrived("while you were out")
        sim.send(owner, owner, "and now")
        await mail.until_arrived("while you were out", "and now")
    async with Post(sim, tmp_path, owner, owner) as mail:
        assert mail.texts() == ["while you were out", "and now"]


async def test_jobs_does_not_answer_its_own_words_in_saved_messages(
    sim: TelegramSimulator, tmp_path: Path, owner: Account
) -> None:
    async with Post(sim, tmp_path, owner, owner) as mail:
        mail.outbox.say("a", owner.id, OutboxKind.ANSWER, "**my** answer")
        await mail.until_sent("my answer")
        await mail.reconciler.look()
        assert mail.texts() == []
        # As after a crash between the sending and its note:
        mail.db.execute("UPDATE outbox SET state = 'queued', message_id = NULL")
    async with Post(sim, tmp_path, owner, owner) as mail:
        sim.send(owner, owner, "go on")
        await mail.until_arrived("go on")
    assert [message.text for message in sim.messages(owner, owner)] == ["my answer", "go on"]


# ------------------------------------------------------------------------- a bot


@pytest.mark.parametrize("known_before", [True, False])
async def test_what_was_written_to_a_bot_while_it_was_down_is_taken_once(
    sim: TelegramSimulator, tmp_path: Path, owner: Account, masha: Account, known_before: bool
) -> None:
    bot = sim.add_bot("jobs_bot")
    async with Post(sim, tmp_path, bot, owner) as mail:
        if known_before:
            sim.send(owner, bot, "/start")
            await mail.until_arrived("/start")
    before = ["/start"] * known_before
    many = [f"later {number}" for number in range(120)]
    for text in many:
        sim.send(masha, bot, text)
    async with Post(sim, tmp_path, bot, owner) as mail:
        assert mail.texts() == [*before, *many]
        sim.send(masha, bot, "now")
        await mail.until_arrived(*before, *many, "now")
    async with Post(sim, tmp_path, bot, owner) as mail:
        assert mail.texts() == [*before, *many, "now"]


async def test_a_message_to_a_bot_that_could_not_be_stored_is_taken_at_the_next_look(
    sim: TelegramSimulator,
    tmp_path: Path,
    owner: Account,
    masha: Account,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(reconcile, "STORAGE_PAUSE", 0.01)
    bot = sim.add_bot("jobs_bot")
    async with Post(sim, tmp_path, bot, owner) as mail:
        refuse_first(mail, monkeypatch)
        sim.send(masha, bot, "first")
        sim.send(owner, bot, "second")
        async with asyncio.timeout(5):
            while len(mail.texts()) < 2:
                await mail.arrived.get()
        assert sorted(mail.texts()) == ["first", "second"]


async def test_the_first_message_of_a_new_person_that_could_not_be_stored_is_not_lost_to_their_second(
    sim: TelegramSimulator,
    tmp_path: Path,
    jobs: Account,
    owner: Account,
    masha: Account,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with Post(sim, tmp_path, jobs, owner) as mail:
        refuse_first(mail, monkeypatch)
        monkeypatch.setattr(mail.receiver.storage_refused, "set", lambda: None)  # no look before the second is read
        monkeypatch.setattr(receiver, "HISTORY_SECONDS", 0.01)
        sim.send(masha, jobs, "first")
        second = sim.send(masha, jobs, "second")
        await mail.until_arrived("second")
        await mail.until_read(second)
        await mail.reconciler.look()
        assert sorted(mail.texts()) == ["first", "second"]


async def test_a_login_that_ended_is_noticed_by_the_next_look(
    sim: TelegramSimulator, tmp_path: Path, jobs: Account, owner: Account
) -> None:
    async with Post(sim, tmp_path, jobs, owner) as mail:
        sim.revoke(jobs)
        await mail.reconciler.look()
        assert isinstance(mail.signed_out, errors.UnauthorizedError)


def refuse_first(mail: Post, patch: pytest.MonkeyPatch) -> None:
    """The database does not take the next message."""
    accept = mail.inbox.accept

    def full(event: Any, **given: Any) -> bool:
        patch.setattr(mail.inbox, "accept", accept)
        raise apsw.FullError("database or disk is full")

    patch.setattr(mail.inbox, "accept", full)


async def test_what_follows_a_message_that_could_not_be_stored_is_stored_after_it(
    sim: TelegramSimulator,
    tmp_path: Path,
    jobs: Account,
    owner: Account,
    masha: Account,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(reconcile, "STORAGE_PAUSE", 0.01)
    async with Post(sim, tmp_path, jobs, owner) as mail:
        refuse_first(mail, monkeypatch)
        sim.send(masha, jobs, "first")
        sim.send(masha, jobs, "second")
        await mail.until_arrived("first", "second")


async def test_after_a_reconnect_what_was_missed_is_stored_before_what_is_pushed(
    sim: TelegramSimulator, tmp_path: Path, jobs: Account, owner: Account, masha: Account
) -> None:
    async with Post(sim, tmp_path, jobs, owner) as mail:
        pushed = asyncio.Event()

        async def hear(event: events.NewMessage.Event) -> None:
            if event.message.message == "pushed":
                pushed.set()

        mail.receiver.stop()
        mail.client.add_event_handler(hear, events.NewMessage())
        mail.receiver.start()  # handlers of an update run one after the other
        reading = Fault("GetDialogs", jobs, delay=asyncio.Event())
        sim.faults.add(reading)
        sim.faults.add(PushFault("withhold", jobs, when=lambda update: isinstance(update, types.UpdateNewMessage)))
        too_long = sim.difference_too_long(jobs)
        sim.send(masha, jobs, "missed")
        sim.drop_connections(jobs)
        async with asyncio.timeout(5):
            await reading.hit.wait()
            sim.send(masha, jobs, "lost with the difference that it makes Telethon ask for")
            await too_long.hit.wait()
            await mail.client.get_me()  # it has the answer to that by now
        sim.send(masha, jobs, "pushed")
        async with asyncio.timeout(5):
            await pushed.wait()
        assert isinstance(reading.delay, asyncio.Event)
        reading.delay.set()
        await mail.until_arrived("missed", "lost with the difference that it makes Telethon ask for", "pushed")


async def test_what_is_changed_or_taken_back_while_older_messages_are_read_is_not_taken_as_it_was(
    sim: TelegramSimulator, tmp_path: Path, jobs: Account, owner: Account, masha: Account
) -> None:
    async with Post(sim, tmp_path, jobs, owner) as mail, sim.connected(masha) as client:
        seen: asyncio.Queue[str] = asyncio.Queue()

        async def note_edit(_event: events.MessageEdited.Event) -> None:
            seen.put_nowait("edit")

        async def note_deletion(_event: events.MessageDeleted.Event) -> None:
            seen.put_nowait("deletion")

        mail.receiver.stop()
        mail.client.add_event_handler(note_edit, events.MessageEdited())
        mail.client.add_event_handler(note_deletion, events.MessageDeleted())
        mail.receiver.start()
        sim.faults.add(PushFault("withhold", jobs, when=lambda update: isinstance(update, types.UpdateNewMessage)))
        reading = Fault("GetHistory", jobs, delay=asyncio.Event())
        sim.faults.add(reading)
        sim.send(owner, jobs, "missed")
        mail.reconciler.look_soon()
        async with asyncio.timeout(5):
            await reading.hit.wait()
        peer = await client.get_input_entity("jobs_assistant")
        wrong = await client.send_message(peer, "buy milk")
        gone = await client.send_message(peer, "never mind")
        await client.edit_message(peer, wrong.id, "buy bread")
        await client.delete_messages(peer, [gone.id], revoke=True)
        async with asyncio.timeout(5):
            assert {await seen.get(), await seen.get()} == {"edit", "deletion"}
        assert isinstance(reading.delay, asyncio.Event)
        reading.delay.set()
        last = sim.send(masha, jobs, "and soon")
        await mail.until_read(last)
        assert mail.texts() == ["missed", "buy bread", "and soon"]


async def test_two_changes_within_a_second_are_both_heard_of(
    sim: TelegramSimulator, tmp_path: Path, jobs: Account, owner: Account, masha: Account
) -> None:
    async with Post(sim, tmp_path, jobs, owner) as mail, sim.connected(masha) as client:
        peer = await client.get_input_entity("jobs_assistant")
        message = await client.send_message(peer, "at two")
        await mail.until_arrived("at two")
        turn = mail.turns.begin(masha.id)
        assert turn is not None
        await client.edit_message(peer, message.id, "at three")
        await mail.until_arrived("at two", "at three")
        mail.turns.join(turn, mail.turns.waiting(masha.id)[-1].id)
        await client.edit_message(peer, message.id, "at four")
        await mail.until_arrived("at two", "at three", "at four")


@pytest.mark.parametrize("ahead", [-7200, -120, 120, 7200])
async def test_a_clock_that_is_set_does_not_make_it_deaf(
    sim: TelegramSimulator,
    tmp_path: Path,
    jobs: Account,
    owner: Account,
    masha: Account,
    monkeypatch: pytest.MonkeyPatch,
    ahead: int,
) -> None:
    monkeypatch.setattr(client, "CLOCK_SECONDS", 0.05)
    wrong = SimpleNamespace(time=lambda: time.time() + ahead, monotonic=time.monotonic)
    async with Post(sim, tmp_path, jobs, owner) as mail:
        watching = asyncio.create_task(mail.client.watch_clock())
        sim.send(masha, jobs, "before")
        await mail.until_arrived("before")
        for module in (mtprotostate, client):
            monkeypatch.setattr(module, "time", wrong)
        sim.send(masha, jobs, "after")
        await mail.until_arrived("before", "after")
        watching.cancel()


@pytest.mark.parametrize("ahead", [-7200, -120, 120, 7200])
async def test_a_clock_that_is_wrong_from_the_start_does_no_harm(
    sim: TelegramSimulator,
    tmp_path: Path,
    jobs: Account,
    owner: Account,
    masha: Account,
    monkeypatch: pytest.MonkeyPatch,
    ahead: int,
) -> None:
    monkeypatch.setattr(mtprotostate, "time", SimpleNamespace(time=lambda: time.time() + ahead))
    async with asyncio.timeout(10), Post(sim, tmp_path, jobs, owner) as mail:
        sim.send(masha, jobs, "hello")
        await mail.until_arrived("hello")


async def test_a_secret_that_was_taken_stays_hidden_when_its_message_changes_before_it_is_deleted(
    sim: TelegramSimulator, tmp_path: Path, jobs: Account, owner: Account
) -> None:
    """A preview of a link or a reaction is an edit too, with the whole text once more."""
    secret = "https://user:ghp-0123456789@example.org/feed"
    async with Post(sim, tmp_path, jobs, owner) as mail:
        sim.send(owner, jobs, "привет")
        await mail.until_arrived("привет")
        Secrets(mail.db, mail.outbox, mail.users, lambda *_: None).ask("notes", "TOKEN")
        kept = Fault(functions.messages.DeleteMessagesRequest, jobs, delay=asyncio.Event())
        sim.faults.add(kept)
        sim.send(owner, jobs, secret)
        await kept.hit.wait()
        (copy,) = [message for message in jobs.box.messages.values() if message.text == secret]
        sim._hub.entry(jobs, jobs.box.record("edit", message=copy), None, None)
        sim.send(owner, jobs, "дальше")
        await mail.until_arrived("привет", "***", "дальше")
        assert secret not in str(mail.dump())
