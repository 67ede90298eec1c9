"""The real program, a model that does as it is told, and people who send things."""

import asyncio
import base64
import io
import json
import struct
import zlib
from pathlib import Path
from typing import Any

from telethon.tl import types

from jobs_simulator.chat import Chat
from jobs_simulator.model import ModelRequest, Reply, Stall, Text, ToolCall
from jobs_simulator.stage import Stage
from jobs_simulator.telegram import Account, Media, SimMessage
from jobs_simulator.telegram.files import document
from jobs_simulator.telegram.post import Draft

CALL = "send_file "
STALL_WORD = "считай долго"
LONG_WORD = "длинно"
LONG = "\n\n".join(f"Абзац {number}. **Важно** и подробно. " + "слово " * 120 for number in range(40))


def png(red: int = 255) -> bytes:
    """A real picture of one pixel."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)
    body = zlib.compress(bytes([0, red, 0, 0]))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def named(data: bytes, name: str) -> io.BytesIO:
    file = io.BytesIO(data)
    file.name = name
    return file


class Brain:
    """Calls send_file with the JSON it is given, stalls when it is told to, else echoes."""

    def __init__(self) -> None:
        self.stall = Stall()

    async def __call__(self, request: ModelRequest) -> Reply:
        text = request.last_user_text
        if text.startswith(CALL) and not request.tool_results:
            return Reply(ToolCall("mcp__jobs__send_file", json.loads(text.removeprefix(CALL))))
        if request.tool_results:
            return Reply(Text(f"RESULT: {request.tool_results[-1].text}"))
        if LONG_WORD in text:
            return Reply(Text(LONG))
        if STALL_WORD in text and not request.said_meanwhile:
            return Reply(Text("Считаю"), self.stall, Text(" и досчитал"))
        return Reply(Text(f"ECHO: {text}"))


class Desk(Stage):
    """A stage with a person Maria and what the tests ask of it."""

    def __init__(self, folder: Path, **settings: str) -> None:
        self.brain = Brain()
        super().__init__(folder, self.brain, settings=settings)
        self.maria = self.telegram.add_user(
            "Мария", "Иванова", username="masha", phone="79000000003", lang_code="ru", contact_of=(self.jobs,)
        )

    @property
    def uploads(self) -> Path:
        return self.workspace / "uploads"

    def saved(self) -> dict[str, bytes]:
        """What lies in uploads, by path in it."""
        files = [path for path in self.uploads.rglob("*") if path.is_file()]
        return {str(path.relative_to(self.uploads)): path.read_bytes() for path in files}

    def send_document(
        self, sender: Account, data: bytes, name: str, mime: str = "application/pdf", text: str = "", *attributes: Any
    ) -> SimMessage:
        """Send a document as no client of good will would."""
        given = [types.DocumentAttributeFilename(name), *attributes]
        stored = self.telegram.world.files.add(data, mime, name, attributes=given)
        return self.send(sender, Draft(text=text, media=document(stored)))

    def send_tl(self, sender: Account, tl: Any, text: str = "") -> SimMessage:
        return self.send(sender, Draft(text=text, media=Media("any", tl=tl)))

    def send(self, sender: Account, draft: Draft) -> SimMessage:
        message = self.telegram._post.send(sender, self.jobs, draft).message
        assert message is not None
        return message

    def said(self, to: Account) -> list[SimMessage]:
        """What Jobs wrote to somebody, oldest first."""
        return [message for message in self.telegram.messages(self.jobs, to) if message.out]

    async def request(self, *words: str, after: int = 0) -> ModelRequest:
        """The turn in which the model was told all these words."""

        def fits(request: ModelRequest) -> bool:
            told = "\n".join(texts(request))
            return all(word in told for word in words)

        async with asyncio.timeout(20):
            return await self.model.wait_for_request(fits, after=after)

    async def sent(self, count: int, to: Account) -> list[SimMessage]:
        """Wait until Jobs has said so many messages with files to somebody, and return them."""
        async with asyncio.timeout(20):
            seen = 0
            while len(files := [message for message in self.said(to) if message.media]) < count:
                seen = len(self.telegram.log)
                await self.telegram.wait_for(lambda event: event.kind == "message", timeout=20, since=seen)
        return files


def blocks(request: ModelRequest) -> list[dict[str, Any]]:
    """The content blocks of the last user message."""
    content = next(message["content"] for message in reversed(request.messages) if message["role"] == "user")
    return content if isinstance(content, list) else [{"type": "text", "text": content}]


def texts(request: ModelRequest) -> list[str]:
    return [block["text"] for block in blocks(request) if block["type"] == "text"]


def images(request: ModelRequest) -> list[bytes]:
    """The pictures the model saw in the last user message."""
    return [base64.b64decode(block["source"]["data"]) for block in blocks(request) if block["type"] == "image"]


async def peer(chat: Chat) -> Any:
    return await chat.client.get_input_entity("jobs_assistant")


__all__ = ["CALL", "LONG", "LONG_WORD", "STALL_WORD", "Desk", "blocks", "images", "named", "peer", "png", "texts"]
