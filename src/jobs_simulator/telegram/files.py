"""Uploaded files: parts on their way in, whole files to be sent and downloaded."""

import mimetypes
import os
from datetime import UTC, datetime
from typing import Any

from telethon.tl import types

from .errors import RpcFailure
from .model import Media, StoredFile

_MAX_PART = 512 * 1024


class FileStore:
    """All files by id, and the parts that were uploaded but belong to no file yet."""

    def __init__(self) -> None:
        self.files: dict[int, StoredFile] = {}
        self._parts: dict[tuple[int, int], dict[int, bytes]] = {}

    def save_part(self, owner: int, upload_id: int, part: int, data: bytes) -> None:
        """Keep one part of what the account with the id `owner` is uploading."""
        if not data or len(data) > _MAX_PART:
            raise RpcFailure("FILE_PART_SIZE_INVALID")
        self._parts.setdefault((owner, upload_id), {})[part] = data

    def from_upload(self, owner: int, media: Any) -> Media:
        """The media an InputMediaUploadedPhoto or InputMediaUploadedDocument asks for. The parts are used up."""
        data = self._assemble(owner, media.file)
        if isinstance(media, types.InputMediaUploadedPhoto):
            return photo(self.add(data, "image/jpeg", media.file.name, is_photo=True))
        attributes = list(media.attributes)
        name = next((a.file_name for a in attributes if isinstance(a, types.DocumentAttributeFilename)), "")
        return document(self.add(data, media.mime_type, name, attributes=attributes))

    def add(
        self, data: bytes, mime_type: str, name: str, *, is_photo: bool = False, attributes: list[Any] | None = None
    ) -> StoredFile:
        """Store a whole file."""
        file = StoredFile(
            id=int.from_bytes(os.urandom(7), "little"),
            access_hash=int.from_bytes(os.urandom(8), "little", signed=True),
            data=data,
            date=datetime.now(UTC).replace(microsecond=0),
            mime_type=mime_type or mimetypes.guess_type(name)[0] or "application/octet-stream",
            name=name,
            is_photo=is_photo,
            attributes=attributes or [],
            reference=os.urandom(16),
        )
        self.files[file.id] = file
        return file

    def find(self, given: Any) -> StoredFile:
        """The file that an InputPhoto, InputDocument or file location names, with its hash and a fresh reference."""
        file = self.files.get(getattr(given, "id", 0))
        if file is None or file.access_hash != given.access_hash:
            raise RpcFailure("FILE_ID_INVALID")
        if file.reference != given.file_reference:
            raise RpcFailure("FILE_REFERENCE_EXPIRED")
        return file

    def expire_references(self) -> None:
        """Make every file reference handed out so far useless, as Telegram does after some hours."""
        for file in self.files.values():
            file.reference = os.urandom(16)

    def _assemble(self, owner: int, given: Any) -> bytes:
        parts = self._parts.get((owner, given.id), {})
        for number in range(given.parts):
            if number not in parts:
                raise RpcFailure(f"FILE_PART_{number}_MISSING")
        del self._parts[(owner, given.id)]
        return b"".join(parts[number] for number in range(given.parts))


def photo(file: StoredFile) -> Media:
    """A picture shown as such."""
    return Media("photo", file)


def document(file: StoredFile) -> Media:
    """A file; what it is shown as follows from its attributes."""
    for attribute in file.attributes:
        if isinstance(attribute, types.DocumentAttributeAudio):
            return Media("voice" if attribute.voice else "audio", file)
        if isinstance(attribute, types.DocumentAttributeVideo):
            return Media("video", file)
    return Media("document", file)


def render(media: Media, dc_id: int) -> Any:
    """The TL MessageMedia of a message's media. A picture is not decoded: its one size has nominal dimensions."""
    file = media.file
    if file is None:
        return media.tl
    if media.kind == "photo":
        size = types.PhotoSize("x", 800, 600, len(file.data))
        return types.MessageMediaPhoto(
            photo=types.Photo(file.id, file.access_hash, file.reference, file.date, [size], dc_id)
        )
    return types.MessageMediaDocument(
        video=media.kind == "video" or None,
        round=any(getattr(attribute, "round_message", None) for attribute in file.attributes) or None,
        voice=media.kind == "voice" or None,
        document=types.Document(
            id=file.id,
            access_hash=file.access_hash,
            file_reference=file.reference,
            date=file.date,
            mime_type=file.mime_type,
            size=len(file.data),
            dc_id=dc_id,
            attributes=file.attributes,
        ),
    )
