"""A voice or video note is transcribed, shown as it was understood, and handled like written words."""

import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from email import message_from_bytes
from pathlib import Path

import pytest
from telethon.tl import types
from tests.media.desk import Desk, peer, texts
from tests.support import settings

from jobs.voice.local import LocalEngine
from jobs.voice.transcriber import NotHeard, Transcriber
from jobs_simulator.model.http import HttpRequest, HttpServer, Responder
from jobs_simulator.telegram import Account
from jobs_simulator.telegram.files import document
from jobs_simulator.telegram.post import Draft

KEY = "sk-loopback-ear"
OGG = b"OggS" + bytes(200)
VOICE = types.DocumentAttributeAudio(duration=3, voice=True)
ROUND = types.DocumentAttributeVideo(duration=2.0, w=240, h=240, round_message=True)


class Ear:
    """A transcription service on loopback. `answer` gives the status and the JSON for each request."""

    def __init__(self, answer: Callable[[int], tuple[int, object]]) -> None:
        self._answer = answer
        self.requests: list[dict[str, bytes]] = []
        self.keys: list[str] = []

    async def handle(self, request: HttpRequest, responder: Responder) -> None:
        assert (request.method, request.path) == ("POST", "/v1/audio/transcriptions")
        self.keys.append(request.headers["authorization"])
        head = f"content-type: {request.headers['content-type']}\r\n\r\n".encode()
        fields: dict[str, bytes] = {}
        for part in message_from_bytes(head + request.body).get_payload():
            assert not isinstance(part, str)
            content = part.get_payload(decode=True)
            assert isinstance(content, bytes)
            fields[str(part.get_param("name", header="content-disposition"))] = content
        self.requests.append(fields)
        await responder.send_json(*self._answer(len(self.requests)))

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[str]:
        server = HttpServer(self.handle, "127.0.0.1", 0)
        await server.start()
        try:
            yield f"http://127.0.0.1:{server.port}/v1"
        finally:
            await server.stop()


def hears(*words: str) -> Callable[[int], tuple[int, object]]:
    return lambda number: (200, {"text": words[number - 1]})


@asynccontextmanager
async def at_desk(folder: Path, ear: Ear, **changes: str) -> AsyncIterator[Desk]:
    async with ear.serving() as url, Desk(folder, OPENAI_API_KEY=KEY, OPENAI_BASE_URL=url, **changes) as desk:
        await desk.start()
        yield desk


def speak(desk: Desk, who: Account, name: str = "note.oga") -> None:
    desk.send_document(who, OGG, name, "audio/ogg", "", VOICE)


async def test_a_voice_note_is_answered_as_if_it_were_written_and_shown_as_it_was_understood(tmp_path: Path) -> None:
    ear = Ear(hears("купи молока", "я всё сделала", "чужие слова"))
    async with at_desk(tmp_path, ear) as desk, desk.person(desk.owner) as owner, desk.person(desk.maria) as maria:
        speak(desk, desk.owner)
        await owner.expect("🎤 купи молока")
        await owner.expect("ECHO", "купи молока")
        assert ear.keys == [f"Bearer {KEY}"]
        asked = ear.requests[0]
        assert (asked["file"], asked["model"]) == (OGG, b"whisper-1")
        assert "по-русски" in asked["prompt"].decode()
        assert "language" not in asked, "the language is detected"
        request = await desk.request("купи молока")
        assert "may have misheard" in request.context_text

        desk.send_document(desk.maria, b"mp4", "round.mp4", "video/mp4", "", ROUND)
        await maria.expect("🎤 я всё сделала")
        await maria.expect("ECHO", "я всё сделала")

        given = [types.DocumentAttributeFilename("hers.oga"), VOICE]
        hers = document(desk.telegram.world.files.add(OGG, "audio/ogg", "hers.oga", attributes=given))
        desk.telegram._post.send(desk.maria, desk.owner, Draft(media=hers))
        (message,) = await owner.client.get_messages("masha", limit=1)
        await owner.client.forward_messages(await peer(owner), message)
        await owner.expect("🎤 чужие слова")
        request = await desk.request("чужие слова")
        assert any(block.startswith("<forwarded-") and "чужие слова" in block for block in texts(request))
        assert (desk.uploads / "0" / "hers.oga").exists(), "where what is read of it is somebody else's words"


async def test_a_note_that_cannot_be_made_out_is_kept_and_its_sender_told(tmp_path: Path) -> None:
    ear = Ear(lambda number: (500, {}) if number < 3 else (200, {"text": "  "}) if number == 3 else (400, {}))
    async with at_desk(tmp_path, ear) as desk, desk.person(desk.owner) as owner, desk.person(desk.maria) as maria:
        speak(desk, desk.owner, "one.oga")
        await owner.expect("не смог разобрать", "answered 500", "uploads")
        await owner.expect("ECHO")
        assert len(ear.requests) == 2, "a fault of the service's is worth a second try"
        assert desk.saved()["one.oga"] == OGG
        speak(desk, desk.owner, "two.oga")
        await owner.expect("не смог разобрать", "nothing was said")
        speak(desk, desk.maria, "three.oga")
        await maria.expect("не смог разобрать", "текстом")
        await owner.expect("мария иванова", "answered 400")
        assert KEY not in "\n".join((*desk.programs[0].lines, *owner.heard, *maria.heard))


async def test_without_an_engine_the_owner_is_told_what_to_set(desk: Desk) -> None:
    async with desk.person(desk.owner) as owner:
        speak(desk, desk.owner)
        await owner.expect("не смог разобрать", "OPENAI_API_KEY", "WHISPER_MODEL")


async def test_the_local_engine_takes_over_when_the_service_is_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed = tmp_path / "packages"
    model = tmp_path / "model"
    for folder in (installed, model):
        folder.mkdir()
    (installed / "faster_whisper.py").write_text(
        """
import os
class Segment:
    def __init__(self, text): self.text = text
class WhisperModel:
    def __init__(self, model, **options):
        assert options["local_files_only"] and not [name for name in os.environ if "KEY" in name]
    def transcribe(self, path, **options):
        if "broken" in path: raise RuntimeError("no such codec\\nat line 1")
        return iter([Segment(" раз"), Segment(" два ")]), None
""",
        encoding="utf-8",
    )
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(installed), str(Path(__file__).parents[2] / "src")]))
    monkeypatch.setenv("OPENAI_API_KEY", "canary")
    note = tmp_path / "note.oga"
    note.write_bytes(OGG)
    wanted = settings(tmp_path, openai_base_url="http://127.0.0.1:9/v1", whisper_model=model)
    assert await Transcriber.of(wanted).transcribe(note, "ru") == "раз два"
    broken = note.rename(tmp_path / "broken.oga")
    with pytest.raises(NotHeard, match=r"cannot be reached.*no such codec$"):
        await Transcriber.of(wanted).transcribe(broken, "ru")
    (installed / "faster_whisper.py").write_text("raise ImportError")
    with pytest.raises(ValueError, match="not installed"):
        await LocalEngine(model).transcribe(broken, "ru")
