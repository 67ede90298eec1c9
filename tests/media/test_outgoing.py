"""What Jobs answers with that is not plain text."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from telethon.tl import functions, types
from tests.media.desk import CALL, LONG, LONG_WORD, Desk, png

from jobs_simulator.chat import Chat
from jobs_simulator.telegram import Fault

MEDIA = functions.messages.SendMediaRequest
OGG = b"OggS\0\4" + (96_000).to_bytes(8, "little") + bytes(100)


async def call(owner: Chat, *words: str, **arguments: Any) -> str:
    """Have the owner's session call send_file; returns what it was told."""
    return await owner.ask(CALL + json.dumps(arguments, ensure_ascii=False), "RESULT", *words)


def attributes(file: Any) -> dict[str, Any]:
    return {type(each).__name__.removeprefix("DocumentAttribute"): each for each in file.attributes}


async def test_files_arrive_as_what_they_are_and_in_order(desk: Desk) -> None:
    (desk.workspace / "out").mkdir()
    for name, data in {"cat.png": png(), "out/отчёт.pdf": b"%PDF", "song.mp3": b"ID3", "note.ogg": OGG}.items():
        (desk.workspace / name).write_bytes(data)
    async with desk.person(desk.owner) as owner:
        await call(owner, "cat.png", path="cat.png", caption="**кот**")
        await call(owner, "отчёт.pdf", path=str(desk.workspace / "out/отчёт.pdf"))
        await call(owner, "song.mp3", path="song.mp3")
        await call(owner, "note.ogg", path="note.ogg", as_voice=True)
        photo, pdf, song, voice = await desk.sent(4, desk.owner)
        kinds = [message.media.kind for message in (photo, pdf, song, voice) if message.media]
        assert kinds == ["photo", "document", "audio", "voice"]
        assert (photo.text, type(photo.entities[0])) == ("кот", types.MessageEntityBold)
        assert pdf.media
        assert pdf.media.file
        assert (pdf.media.data, attributes(pdf.media.file)["Filename"].file_name) == (b"%PDF", "отчёт.pdf")
        assert voice.media
        assert attributes(voice.media.file)["Audio"].duration == 2
        told = [message.text for message in desk.said(desk.owner)]
        assert [text.startswith("RESULT") for text in told] == [False, True] * 4, "before the answer that follows"


async def test_several_are_an_album_and_kinds_that_do_not_mix_are_not(desk: Desk) -> None:
    for number in range(3):
        (desk.workspace / f"{number}.png").write_bytes(png(number))
    (desk.workspace / "a.txt").write_text("text")
    async with desk.person(desk.owner) as owner:
        await call(owner, path=["0.png", "1.png", "2.png", "a.txt"], caption="все")
        *album, text = await desk.sent(4, desk.owner)
        assert [message.media.data for message in album if message.media] == [png(number) for number in range(3)]
        assert len({message.grouped_id for message in album}) == 1
        assert album[0].grouped_id
        assert (album[0].text, text.grouped_id) == ("все", None)


async def test_only_files_of_the_workspace_are_sent(desk: Desk, tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("secret")
    (desk.workspace / "link").symlink_to(secret)
    (desk.workspace / "empty").touch()
    async with desk.person(desk.owner) as owner:
        for path, why in {
            "../secret.txt": "not in the workspace",
            str(secret): "not in the workspace",
            "link": "not in the workspace",
            "uploads": "not a file",
            "nothing.txt": "no file",
            "empty": "is empty",
            "x\0y": "no file",
        }.items():
            await call(owner, why, path=path)
        (desk.workspace / "a.txt").write_text("x")
        await call(owner, "voice", path="a.txt", as_voice=True)
        assert not [message for message in desk.said(desk.owner) if message.media]


async def test_a_file_deleted_before_it_is_sent_costs_one_sentence_and_nothing_waits_behind_it(desk: Desk) -> None:
    for name in ("gone.txt", "there.txt"):
        (desk.workspace / name).write_text(name)
    held = Fault(MEDIA, desk.jobs, error="FLOOD_WAIT_1")
    desk.telegram.faults.add(held)
    async with desk.person(desk.owner) as owner:
        await owner.say(CALL + json.dumps({"path": ["gone.txt"]}))
        await held.hit.wait()
        (desk.workspace / "gone.txt").unlink()
        await owner.expect("file gone.txt was not sent")
        await call(owner, path="there.txt")
        (there,) = await desk.sent(1, desk.owner)
        assert there.media
        assert there.media.data == b"there.txt"


@pytest.mark.parametrize("album", [False, True])
@pytest.mark.parametrize("moment", ["before", "after"])
async def test_a_crash_between_upload_and_its_note_leaves_one_message(desk: Desk, moment: str, album: bool) -> None:
    paths = ["0.png", "1.png"] if album else ["0.png"]
    for path in paths:
        (desk.workspace / path).write_bytes(png())
    request = functions.messages.SendMultiMediaRequest if album else MEDIA
    held = Fault(request, desk.jobs, swallow=True)
    if moment == "before":
        held = Fault(request, desk.jobs, delay=asyncio.Event())
    desk.telegram.faults.add(held)
    async with desk.person(desk.owner) as owner:
        await owner.say(CALL + json.dumps({"path": paths}))
        await held.hit.wait()
        if moment == "after":
            await desk.sent(len(paths), desk.owner)
        await desk.programs[0].kill()
        await desk.start()
        await owner.expect("RESULT")
        assert len(await desk.sent(len(paths), desk.owner)) == len(paths)


async def test_a_picture_that_telegram_refuses_as_a_photo_arrives_as_a_document(desk: Desk) -> None:
    (desk.workspace / "wide.png").write_bytes(png())
    desk.telegram.faults.add(Fault(MEDIA, desk.jobs, error="PHOTO_INVALID_DIMENSIONS"))
    async with desk.person(desk.owner) as owner:
        await call(owner, path="wide.png", caption="широкая")
        (message,) = await desk.sent(1, desk.owner)
        assert message.media
        assert (message.media.kind, message.text) == ("document", "широкая")


async def test_a_long_answer_is_its_beginning_and_the_whole_as_a_document(desk: Desk) -> None:
    async with desk.person(desk.owner) as owner:
        await owner.ask(LONG_WORD, "Абзац 0", "целиком он в файле")
        (message,) = desk.said(desk.owner)
        assert message.media
        assert message.media.file
        assert message.media.data.decode() == LONG.strip()
        assert attributes(message.media.file)["Filename"].file_name == "ответ.md"
        assert len(message.text) <= 1024
