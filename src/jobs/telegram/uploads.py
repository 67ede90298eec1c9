"""Outbox rows that are files, as Telegram's requests. Uploading again after a crash is harmless: `random_id` counts."""

import asyncio
import mimetypes
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from telethon import TelegramClient
from telethon.tl import functions, types

from jobs.spine.model import OutboxRow, OutFile
from jobs.telegram.formatting import to_telethon

OPUS_RATE = 48_000
"""Samples a second in which an Ogg page of Opus counts, whatever was recorded."""
LONGEST_PAGE = 65_536


class FileGone(Exception):
    """A file to be sent is not there any more, or cannot be read."""

    def __init__(self, row: OutboxRow) -> None:
        super().__init__(row.file.path if row.file else "")
        self.row = row


async def media_request(client: TelegramClient, peer: Any, rows: Sequence[OutboxRow]) -> Any:
    """Upload the files of these rows and return the request that sends them: one medium, or an album.

    Raises FileGone, and what Telegram raises.
    """
    media = [await _uploaded(client, row) for row in rows]
    if len(rows) == 1:
        row = rows[0]
        return functions.messages.SendMediaRequest(
            peer=peer, media=media[0], message=row.text, random_id=row.random_id, entities=to_telethon(row.entities)
        )
    singles = []
    for row, each in zip(rows, media, strict=True):
        known = await client(functions.messages.UploadMediaRequest(peer, each))
        singles.append(
            types.InputSingleMedia(_again(known), row.text, random_id=row.random_id, entities=to_telethon(row.entities))
        )
    return functions.messages.SendMultiMediaRequest(peer=peer, multi_media=singles)


async def _uploaded(client: TelegramClient, row: OutboxRow) -> Any:
    file = row.file
    assert file is not None
    if file.content is not None:
        handle = await client.upload_file(file.content.encode("utf-8"), file_name=file.path)
        content_type = mimetypes.guess_type(file.path)[0] or "text/markdown"
        return types.InputMediaUploadedDocument(
            file=handle, mime_type=content_type, attributes=[types.DocumentAttributeFilename(file.path)]
        )
    path = Path(file.path)
    try:
        if path.is_symlink() or path.stat().st_size == 0:
            raise FileGone(row)
        handle = await client.upload_file(path, file_name=path.name)
    except (FileNotFoundError, PermissionError, IsADirectoryError, NotADirectoryError) as error:
        raise FileGone(row) from error
    if file.kind == "photo":
        return types.InputMediaUploadedPhoto(handle)
    attributes: list[Any] = [types.DocumentAttributeFilename(path.name)]
    if file.kind in ("audio", "voice"):
        attributes.append(await asyncio.to_thread(_sound, path, file))
    mime = "audio/ogg" if file.kind == "voice" and path.suffix.lower() in (".ogg", ".oga", ".opus") else None
    return types.InputMediaUploadedDocument(
        file=handle,
        mime_type=mime or mimetypes.guess_type(path.name)[0] or "application/octet-stream",
        attributes=attributes,
        force_file=True if file.kind == "document" else None,
    )


def _sound(path: Path, file: OutFile) -> types.DocumentAttributeAudio:
    voice = file.kind == "voice"
    return types.DocumentAttributeAudio(duration=_opus_seconds(path), voice=voice or None)


def _opus_seconds(path: Path) -> int:
    """How long an Ogg file with Opus is, by its last page; 0 for anything else."""
    with path.open("rb") as opened:
        if not opened.read(LONGEST_PAGE).startswith(b"OggS"):
            return 0
        opened.seek(max(0, path.stat().st_size - LONGEST_PAGE))
        tail = opened.read()
    place = tail.rfind(b"OggS")
    return max(0, int.from_bytes(tail[place + 6 : place + 14], "little", signed=True)) // OPUS_RATE if place >= 0 else 0


def _again(known: Any) -> Any:
    """An uploaded medium as one that Telegram has."""
    if isinstance(known, types.MessageMediaPhoto):
        photo = known.photo
        return types.InputMediaPhoto(types.InputPhoto(photo.id, photo.access_hash, photo.file_reference))
    file = known.document
    return types.InputMediaDocument(types.InputDocument(file.id, file.access_hash, file.file_reference))
