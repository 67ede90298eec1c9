"""The owner's tool that answers with files."""

from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

from pydantic import BaseModel, Field

from jobs.spine.model import MediaKind, OutFile
from jobs.spine.outbox import Outbox
from jobs.spine.tool import Effect, Tool, ToolError

LARGEST = 2000 * 1024 * 1024
"""Bytes that Telegram takes in one file."""
LARGEST_PHOTO = 10 * 1024 * 1024
"""Bytes up to which it shows one as a photo."""
MOST_FILES = 30

PHOTOS = {".jpg", ".jpeg", ".png", ".webp"}
AUDIO = {".mp3", ".m4a", ".aac", ".ogg", ".oga", ".opus", ".flac", ".wav"}
VOICE = {".ogg", ".oga", ".opus", ".mp3", ".m4a"}


class SendFile(BaseModel):
    path: str | list[str] = Field(
        description="A file in the workspace, relative to it or absolute; several, as a list, arrive as an album"
    )
    caption: str = Field("", max_length=4000, description="Words to stand under it")
    as_voice: bool = Field(False, description="Send a sound file (ogg/opus, mp3, m4a) as a voice message")


class FileTools:
    """`chat` is where the files go: the owner's."""

    def __init__(self, outbox: Outbox, workspace: Path, chat: int) -> None:
        self._outbox = outbox
        self._workspace = workspace.resolve()
        self._chat = chat

    def tools(self, lane: int) -> list[Tool[Any]]:
        """For the session of a lane."""
        return [
            Tool(
                "send_file",
                "Send the owner files from the workspace: pictures as photos, sound as audio or voice, the rest as "
                "documents. They are read when they are sent, shortly after the call: leave them in place.",
                SendFile,
                partial(self.send_file, lane=lane),
                has_effect=True,
            )
        ]

    async def send_file(self, call: SendFile, lane: int) -> Effect:
        names = [call.path] if isinstance(call.path, str) else call.path
        if not 1 <= len(names) <= MOST_FILES:
            raise ToolError(f"Name between 1 and {MOST_FILES} files.")
        files = [self._file(name, as_voice=call.as_voice) for name in names]

        def effect() -> Any:
            self._outbox.send_files(f"files:{uuid4()}", self._chat, files, call.caption, by_lane=lane)
            return {"queued": [str(Path(file.path).relative_to(self._workspace)) for file in files]}

        return effect

    def _file(self, name: str, *, as_voice: bool) -> OutFile:
        try:
            path = (self._workspace / name).resolve(strict=True)
            size = path.stat().st_size
        except (OSError, RuntimeError, ValueError):
            raise ToolError(f"There is no file {name}.") from None
        if not path.is_relative_to(self._workspace):
            raise ToolError(f"{name} is not in the workspace; copy it there first.")
        if not path.is_file():
            raise ToolError(f"{name} is not a file.")
        if not 0 < size <= LARGEST:
            raise ToolError(f"{name} is empty." if size == 0 else f"{name} is larger than Telegram takes (2000 MB).")
        return OutFile(_kind(path, size, name, as_voice=as_voice), str(path))


def _kind(path: Path, size: int, name: str, *, as_voice: bool) -> MediaKind:
    ending = path.suffix.lower()
    if as_voice:
        if ending not in VOICE:
            raise ToolError(f"{name} cannot be a voice message; make it ogg with opus first.")
        return "voice"
    if ending in PHOTOS and size <= LARGEST_PHOTO:
        return "photo"
    return "audio" if ending in AUDIO else "document"
