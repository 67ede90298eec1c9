"""Files up and down: photos, documents, voice messages, albums."""

import io
import random

import pytest
from telethon import errors, functions, types

from jobs_simulator.telegram import Account, TelegramSimulator


def some_bytes(size: int) -> bytes:
    return random.Random(size).randbytes(size)


def named(data: bytes, name: str) -> io.BytesIO:
    file = io.BytesIO(data)
    file.name = name
    return file


@pytest.mark.parametrize("size", [1, 4096, 700_000, 11 * 1024 * 1024])
async def test_a_document_arrives_byte_for_byte(
    sim: TelegramSimulator, alice: Account, bob: Account, size: int
) -> None:
    data = some_bytes(size)
    async with sim.connected(alice) as a, sim.connected(bob) as b:
        await a.send_file("bob_b", named(data, "отчёт.pdf"), caption="the report", force_document=True)
        message = (await b.get_messages("alice_a", limit=1))[0]
        assert (message.raw_text, message.file.name, message.file.size) == ("the report", "отчёт.pdf", size)
        assert message.file.mime_type == "application/pdf"
        assert await message.download_media(bytes) == data
    (stored,) = sim.messages(bob, alice)
    assert stored.media
    assert (stored.media.kind, stored.media.data) == ("document", data)


async def test_a_photo_is_a_photo(sim: TelegramSimulator, alice: Account, bob: Account) -> None:
    data = some_bytes(50_000)
    async with sim.connected(alice) as a, sim.connected(bob) as b:
        sent = await a.send_file("bob_b", named(data, "cat.jpg"))
        assert sent.photo
        message = (await b.get_messages("alice_a", limit=1))[0]
        assert message.photo
        assert await message.download_media(bytes) == data


async def test_a_voice_message_says_so(sim: TelegramSimulator, alice: Account, bob: Account) -> None:
    data = some_bytes(9_000)
    async with sim.connected(alice) as a, sim.connected(bob) as b:
        attributes = [types.DocumentAttributeAudio(duration=3, voice=True)]
        await a.send_file("bob_b", named(data, "voice.ogg"), voice_note=True, attributes=attributes)
        message = (await b.get_messages("alice_a", limit=1))[0]
        assert message.voice
        assert (message.file.duration, message.media.voice) == (3, True)
        assert await message.download_media(bytes) == data
        found = await b.get_messages("alice_a", limit=5, filter=types.InputMessagesFilterVoice())
        assert [m.id for m in found] == [message.id]


async def test_an_album_shares_its_group_and_can_be_sent_on(
    sim: TelegramSimulator, alice: Account, bob: Account
) -> None:
    pictures = [some_bytes(1000 + number) for number in range(3)]
    async with sim.connected(alice) as a, sim.connected(bob) as b:
        files = [named(data, f"{number}.jpg") for number, data in enumerate(pictures)]
        sent = await a.send_file("bob_b", files, caption=["one", "", "three"])
        assert len({message.grouped_id for message in sent}) == 1
        received = (await b.get_messages("alice_a", limit=5))[::-1]
        assert [message.raw_text for message in received] == ["one", "", "three"]
        assert {message.grouped_id for message in received} == {sent[0].grouped_id}
        assert [await message.download_media(bytes) for message in received] == pictures
        await b.send_file("me", received[0].media)
    (saved,) = sim.messages(bob, bob)
    assert saved.media
    assert saved.media.data == pictures[0]


async def test_contacts_and_places_can_be_sent(sim: TelegramSimulator, alice: Account, bob: Account) -> None:
    async with sim.connected(alice) as a, sim.connected(bob) as b:
        await a.send_file("bob_b", types.InputMediaContact(bob.phone, "Bob", "", ""))
        await a.send_file("bob_b", types.InputMediaGeoPoint(types.InputGeoPoint(59.9, 30.3)))
        place, contact = await b.get_messages("alice_a", limit=2)
        assert contact.contact.user_id == bob.id
        assert (place.geo.lat, place.geo.long) == (59.9, 30.3)


async def test_expired_references_are_renewed_with_the_message(
    sim: TelegramSimulator, alice: Account, bob: Account
) -> None:
    async with sim.connected(alice) as a, sim.connected(bob) as b:
        await a.send_file("bob_b", named(b"data", "a.txt"), force_document=True)
        message = (await b.get_messages("alice_a", limit=1))[0]
        sim.expire_file_references()
        location = types.InputDocumentFileLocation(
            message.document.id, message.document.access_hash, message.document.file_reference, ""
        )
        with pytest.raises(errors.FileReferenceExpiredError):
            await b(functions.upload.GetFileRequest(location, 0, 4096))
        fresh = await b.get_messages("alice_a", ids=message.id)
        assert await fresh.download_media(bytes) == b"data"


async def test_a_missing_part_is_named(sim: TelegramSimulator, alice: Account, bob: Account) -> None:
    async with sim.connected(alice) as a:
        await a(functions.upload.SaveFilePartRequest(5, 0, b"x" * 1024))
        media = types.InputMediaUploadedDocument(types.InputFile(5, 2, "a", ""), "text/plain", [])
        with pytest.raises(errors.FilePartMissingError):
            await a(functions.messages.SendMediaRequest(await a.get_input_entity("bob_b"), media, ""))
        with pytest.raises(errors.MediaCaptionTooLongError):
            await a.send_file("bob_b", named(b"data", "a.txt"), caption="x" * 1025)
