"""Files that came with messages, from Telegram into the workspace: once, under safe names, within a limit."""

import asyncio
import base64
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import structlog
from telethon import TelegramClient
from telethon.errors import RPCError
from telethon.tl import functions, types

from jobs.spine.extras import Attachment
from jobs.spine.inbox import Inbox
from jobs.spine.model import InboxRow, OutboxKind
from jobs.spine.outbox import Outbox
from jobs.telegram.file_names import reserve
from jobs.telegram.media import largest, readable_size
from jobs.texts import say
from jobs.times import now
from jobs.users.attachments import Files, Image, Received
from jobs.users.model import Person, Role
from jobs.voice.transcriber import NotHeard, Transcriber

log = structlog.get_logger()

MEGABYTE = 1024 * 1024
LARGEST_IMAGE = 5 * MEGABYTE
"""Bytes of a picture that the model is shown."""
IMAGES_OF_A_TURN = 20 * MEGABYTE
"""Bytes of all of them; the Messages API takes requests of up to 32 MB, and base64 adds a third."""
AT_ONCE = 3
"""Downloads of one turn that run side by side."""
CHUNK_SECONDS = 60.0
"""How long Telegram may take for one piece of a file."""
TRIES = 2

UPLOADS = "uploads"
SOMEBODYS = "0"
"""The folder of files that the owner has passed on: nobody's id, and somebody else's words."""


class TooLarge(Exception):
    """It turned out larger than Telegram had said."""


class TelegramAttachments:
    """Downloads under `workspace/uploads`, for the owner; under `uploads/<their id>` for anyone else,
    and for the owner under `uploads/0` what was forwarded.

    What a row's file is called, and that it is there, is noted with the row: after a crash the download is made again
    under the same name.
    """

    def __init__(
        self,
        client: TelegramClient,
        inbox: Inbox,
        outbox: Outbox,
        workspace: Path,
        limit_mb: int,
        transcriber: Transcriber,
        owner: Callable[[], Person],
    ) -> None:
        self._client = client
        self._inbox = inbox
        self._outbox = outbox
        self._workspace = workspace
        self._limit_mb = limit_mb
        self._transcriber = transcriber
        self._owner = owner

    async def fetch(self, rows: Sequence[InboxRow], person: Person) -> Files:
        """See `jobs.users.attachments.Attachments`."""
        with_files = [row for row in rows if row.extras.attachments]
        if not with_files:
            return {}
        places = asyncio.Semaphore(AT_ONCE)

        async def one(row: InboxRow) -> list[Attachment]:
            async with places:
                return [
                    await self._heard(row, await self._have(row, file, person), person)
                    for file in row.extras.attachments
                ]

        there = await asyncio.gather(*map(one, with_files))
        shown = 0
        files: dict[int, list[Received]] = {}
        for row, attachments in zip(with_files, there, strict=True):
            files[row.id] = []
            for file in attachments:
                may_show = file.size <= min(LARGEST_IMAGE, IMAGES_OF_A_TURN - shown)
                image = await asyncio.to_thread(self._image, file) if may_show else None
                shown += file.size if image else 0
                files[row.id].append(Received(file, image))
        return files

    async def _have(self, row: InboxRow, file: Attachment, person: Person) -> Attachment:
        """The attachment in its final state, which is noted."""
        if file.state != "waiting":
            return file
        if file.size > self._limit_mb * MEGABYTE:
            return self._not_there(row, file, person, "too_large")
        try:
            path = self._place(row, file, person)
            file = file.model_copy(update={"path": str(path.relative_to(self._workspace))})
            self._note(row, file)
            for last in range(1, TRIES + 1):
                try:
                    size = await self._download(row, path)
                except (RPCError, ConnectionError, TimeoutError, ValueError) as error:
                    log.warning("not downloaded", row=row.id, attempt=last, error=str(error) or type(error).__name__)
                else:
                    return self._note(row, file.model_copy(update={"state": "saved", "size": size}))
        except TooLarge:
            return self._not_there(row, file, person, "too_large")
        except OSError as error:
            log.error("not saved", row=row.id, error=str(error))
        return self._not_there(row, file, person, "failed")

    async def _heard(self, row: InboxRow, file: Attachment, person: Person) -> Attachment:
        """The attachment with what is said in it. The person sees what was understood, or that nothing was."""
        if not file.is_spoken or file.state != "saved" or file.path is None or file.transcript is not None:
            return file
        try:
            words = await self._transcriber.transcribe(self._workspace / file.path, person.language)
        except NotHeard as error:
            self._not_heard(row, person, error)
            return file
        # Said before it is noted: after a crash in between, saying it again says nothing.
        self._outbox.say(f"heard:{row.id}", person.id, OutboxKind.NOTICE, f"🎤 {words}")
        return self._note(row, file.model_copy(update={"transcript": words}))

    def _not_heard(self, row: InboxRow, person: Person, error: NotHeard) -> None:
        """The reason is the owner's to know: once a day for each person, or it would be said with every note."""
        owner = self._owner()
        if person.role is Role.OWNER:
            text = say("not_heard_reason", owner.language, reason=error)
            self._outbox.say(f"heard:{row.id}", owner.id, OutboxKind.NOTICE, text)
            return
        self._outbox.say(f"heard:{row.id}", person.id, OutboxKind.NOTICE, say("not_heard", person.language))
        text = say("not_heard_of", owner.language, name=person.name, reason=error)
        self._outbox.say(f"unheard:{person.id}:{now():%Y-%m-%d}", owner.id, OutboxKind.NOTICE, text)

    def _place(self, row: InboxRow, file: Attachment, person: Person) -> Path:
        """Where the file goes: where an earlier try began to put it, else a new place."""
        if file.path:
            return self._workspace / file.path
        folder = self._workspace / UPLOADS
        if person.role is not Role.OWNER:
            folder /= str(person.id)
        elif row.extras.forwarded_from is not None:
            folder /= SOMEBODYS
        return reserve(folder, file.name)

    async def _download(self, row: InboxRow, path: Path) -> int:
        """Fetch the message anew, since the way to its file expires, then the file. Returns its size in bytes."""
        location, dc, size = await self._location(row)
        part = path.with_name(f".{path.name}.{row.id}.part")
        written = 0
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with part.open("wb") as target:
                chunks = self._client.iter_download(location, file_size=size, dc_id=dc) if size else None
                while chunks is not None:
                    async with asyncio.timeout(CHUNK_SECONDS):
                        chunk = await anext(chunks, None)
                    if chunk is None:
                        break
                    written += len(chunk)
                    if written > self._limit_mb * MEGABYTE:
                        raise TooLarge
                    target.write(chunk)
            if isinstance(location, types.InputDocumentFileLocation) and written != size:
                raise ValueError(f"{written} of {size} bytes came")
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
        return written

    async def _location(self, row: InboxRow) -> tuple[Any, int, int]:
        """How Telegram knows the file: location, data centre, size. Raises ValueError when it is gone."""
        wanted = [types.InputMessageID(row.message_id)]
        answer = await self._client(functions.messages.GetMessagesRequest(wanted))
        match getattr(answer.messages[0] if answer.messages else None, "media", None):
            case types.MessageMediaPhoto(photo=types.Photo() as photo) if (size := largest(photo)) is not None:
                location = types.InputPhotoFileLocation(photo.id, photo.access_hash, photo.file_reference, size.type)
                return location, photo.dc_id, max(getattr(size, "sizes", None) or [size.size])
            case types.MessageMediaDocument(document=types.Document() as file):
                location = types.InputDocumentFileLocation(file.id, file.access_hash, file.file_reference, "")
                return location, file.dc_id, file.size
        raise ValueError("the message has no file any more")

    def _not_there(self, row: InboxRow, file: Attachment, person: Person, state: str) -> Attachment:
        if file.path:
            (self._workspace / file.path).unlink(missing_ok=True)
        text = say(
            f"media_{state}",
            person.language,
            name=file.name,
            size=readable_size(file.size),
            limit=self._limit_mb,
        )
        self._outbox.say(f"attachment:{row.id}", person.id, OutboxKind.NOTICE, text)
        return self._note(row, file.model_copy(update={"state": state, "path": None}))

    def _note(self, row: InboxRow, file: Attachment) -> Attachment:
        self._inbox.note(row.id, row.extras.model_copy(update={"attachments": (file,)}))
        return file

    def _image(self, file: Attachment) -> Image | None:
        """The file as a picture for the model, if it is one: by its first bytes, whatever its sender calls it."""
        if file.state != "saved" or file.path is None:
            return None
        try:
            path = self._workspace / file.path
            with path.open("rb") as opened:
                media_type = image_type(opened.read(16))
            return Image(media_type, base64.b64encode(path.read_bytes()).decode("ascii")) if media_type else None
        except OSError as error:
            log.warning("picture not read", path=file.path, error=str(error))
            return None


def image_type(head: bytes) -> str | None:
    """The type of a picture that the model can see, by its first 12 bytes; None for anything else."""
    if head.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if head.startswith((b"GIF87a", b"GIF89a")):
        return "image/gif"
    return "image/webp" if head[:4] == b"RIFF" and head[8:12] == b"WEBP" else None
