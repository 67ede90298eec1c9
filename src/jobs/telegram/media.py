"""Messages that are not (only) text: as one readable line, and the file that came with them."""

import mimetypes
from datetime import datetime
from typing import Literal

from telethon.tl import types

from jobs.masks import without_codes
from jobs.spine.extras import Attachment
from jobs.telegram.file_names import safe_name
from jobs.texts import Language, say

TELEGRAM_SERVICE = 777000
"""Telegram's own account, which sends login codes."""

MALFORMED = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
"""What reading media raises that are not what their kind should be: their sender's program made them, for one a video
of endless length. Nothing but that message may suffer by it."""

_UNITS = ("B", "KB", "MB", "GB")


def readable(message: types.Message, language: Language) -> str:
    """The message as text: what it carries in brackets, then its words without Telegram's login codes. Never empty."""
    parts = [
        _media(message.media, language) if message.media else "",
        message.message or "",
    ]
    text = "\n".join(part for part in parts if part)
    text = without_codes(text, by_telegram=_is_by_telegram(message))
    return text if text.strip() else say("media_unknown", language, kind="empty")


def _is_by_telegram(message: types.Message) -> bool:
    """Whether it passes on what Telegram itself had written."""
    source = message.fwd_from.from_id if message.fwd_from else None
    return isinstance(source, types.PeerUser) and source.user_id == TELEGRAM_SERVICE


def _media(media: object, language: Language) -> str:
    try:
        return _line(media, language)
    except MALFORMED:
        return _of_unknown_kind(media, language)


def _of_unknown_kind(media: object, language: Language) -> str:
    kind = type(media).__name__.removeprefix("MessageMedia") or "unknown"
    return say("media_unknown", language, kind=kind.lower())


def _line(media: object, language: Language) -> str:
    match media:
        case types.MessageMediaWebPage() | types.MessageMediaEmpty():
            return ""
        case types.MessageMediaPhoto():
            return say("media_photo", language)
        case types.MessageMediaDocument(document=types.Document() as document):
            return _document(document, language)
        case (
            types.MessageMediaGeo(geo=types.GeoPoint() as geo) | types.MessageMediaGeoLive(geo=types.GeoPoint() as geo)
        ):
            return say("media_location", language, lat=geo.lat, lon=geo.long)
        case types.MessageMediaVenue(geo=types.GeoPoint() as geo, title=title):
            return f"{say('media_location', language, lat=geo.lat, lon=geo.long)} {_one_line(title)}"
        case types.MessageMediaContact() as contact:
            name = _one_line(f"{contact.first_name} {contact.last_name}")
            return say("media_contact", language, name=name, phone=_one_line(contact.phone_number))
        case types.MessageMediaPoll() as poll:
            answers = " / ".join(_words(answer.text) for answer in poll.poll.answers)
            return say("media_poll", language, question=f"{_words(poll.poll.question)}: {answers}")
        case types.MessageMediaDice() as dice:
            return say("media_dice", language, emoji=dice.emoticon, value=dice.value)
        case _:
            return _of_unknown_kind(media, language)


def _document(document: types.Document, language: Language) -> str:
    for attribute in document.attributes:
        match attribute:
            case types.DocumentAttributeSticker(alt=alt):
                return say("media_sticker", language, emoji=alt or "?")
            case types.DocumentAttributeAudio(voice=True, duration=seconds):
                return say("media_voice", language, seconds=seconds)
            case types.DocumentAttributeAudio(duration=seconds):
                return say("media_audio", language, seconds=seconds)
            case types.DocumentAttributeVideo(round_message=True, duration=seconds):
                return say("media_video_note", language, seconds=round(seconds))
            case types.DocumentAttributeVideo(duration=seconds):
                return say("media_video", language, seconds=round(seconds))
    name = safe_name(_file_name(document) or "", "?")
    return say("media_document", language, name=name, size=readable_size(document.size))


def attachment(media: object, sent_at: datetime) -> Attachment | None:
    """The file of a message's media, if it is one to keep. `sent_at`, in the zone of its name, names what has none."""
    try:
        return _attachment(media, sent_at)
    except MALFORMED:
        return None


def _attachment(media: object, sent_at: datetime) -> Attachment | None:
    match media:
        case types.MessageMediaPhoto(photo=types.Photo() as photo) if largest(photo) is not None:
            size = largest(photo)
            assert size is not None
            return Attachment(
                kind="photo", name=f"photo-{sent_at:%Y-%m-%d-%H%M}.jpg", mime="image/jpeg", size=size_of(size)
            )
        case types.MessageMediaDocument(document=types.Document() as document):
            kind = _kind(document)
            if kind is None:
                return None
            mime = safe_mime(document.mime_type)
            made_up = f"{kind}-{sent_at:%Y-%m-%d-%H%M}{mimetypes.guess_extension(mime) or ''}"
            name = safe_name(_file_name(document) or made_up, kind)
            return Attachment(kind=kind, name=name, mime=mime, size=document.size)
    return None


def shown_name(media: object) -> str | None:
    """The name under which a file is shown: "" for a photo, None where there is no file."""
    match media:
        case types.MessageMediaPhoto():
            return ""
        case types.MessageMediaDocument(document=types.Document() as document):
            return _file_name(document)
    return None


def largest(photo: types.Photo) -> types.TypePhotoSize | None:
    """The biggest form of a photo that can be downloaded."""
    sizes = [size for size in photo.sizes if isinstance(size, (types.PhotoSize, types.PhotoSizeProgressive))]
    return max(sizes, key=lambda size: size.w * size.h, default=None)


def size_of(size: types.TypePhotoSize) -> int:
    """Its bytes."""
    return int(max(size.sizes) if isinstance(size, types.PhotoSizeProgressive) else size.size)


def safe_mime(mime: str) -> str:
    """The type as its sender names it, if it looks like one."""
    plain = mime.isascii() and len(mime) <= 100 and all(c.isalnum() or c in "/+-." for c in mime)
    return mime.lower() if plain and "/" in mime else "application/octet-stream"


def _kind(document: types.Document) -> Literal["document", "video", "audio", "voice", "video_note"] | None:
    """None for a sticker, of which its emoji says all."""
    kind: Literal["document", "video", "audio", "voice", "video_note"] = "document"
    for attribute in document.attributes:
        match attribute:
            case types.DocumentAttributeSticker():
                return None
            case types.DocumentAttributeAudio(voice=voice):
                kind = "voice" if voice else "audio"
            case types.DocumentAttributeVideo(round_message=is_round):
                kind = "video_note" if is_round else "video"
    return kind


def _file_name(document: types.Document) -> str | None:
    names = [each.file_name for each in document.attributes if isinstance(each, types.DocumentAttributeFilename)]
    return names[0] if names else None


def _words(text: object) -> str:
    return _one_line(str(getattr(text, "text", text)))


def _one_line(text: str) -> str:
    return " ".join(text.split())


def readable_size(count: int) -> str:
    size = float(count)
    for unit in _UNITS:
        if size < 1024 or unit == _UNITS[-1]:
            break
        size /= 1024
    return f"{size:.0f} {unit}" if size >= 10 or unit == "B" else f"{size:.1f} {unit}"
