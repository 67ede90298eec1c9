"""Messages that are not (only) text, as one readable line."""

from telethon.tl import types

from jobs.telegram.client import full_name
from jobs.texts import Language, say

_UNITS = ("B", "KB", "MB", "GB")


def readable(message: types.Message, language: Language) -> str:
    """The message as text: what it carries in brackets, then its words. Never empty."""
    parts = [
        _forwarded(message, language) if message.fwd_from else "",
        _media(message.media, language) if message.media else "",
        message.message or "",
    ]
    text = "\n".join(part for part in parts if part)
    return text if text.strip() else say("media_unknown", language, kind="empty")


def _forwarded(message: types.Message, language: Language) -> str:
    """Says that the words are somebody else's, and whose as far as Telegram tells."""
    sender = message.forward.sender if message.forward else None
    name = full_name(sender) if isinstance(sender, types.User) else message.fwd_from.from_name or "?"
    return say("forwarded", language, name=" ".join(name.split()))


def _media(media: object, language: Language) -> str:
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
            return f"{say('media_location', language, lat=geo.lat, lon=geo.long)} {title}"
        case types.MessageMediaContact() as contact:
            name = f"{contact.first_name} {contact.last_name}".strip()
            return say("media_contact", language, name=name, phone=contact.phone_number)
        case types.MessageMediaPoll() as poll:
            question = getattr(poll.poll.question, "text", poll.poll.question)
            return say("media_poll", language, question=question)
        case types.MessageMediaDice() as dice:
            return say("media_dice", language, emoji=dice.emoticon, value=dice.value)
        case _:
            kind = type(media).__name__.removeprefix("MessageMedia") or "unknown"
            return say("media_unknown", language, kind=kind.lower())


def _document(document: types.Document, language: Language) -> str:
    name = "?"
    for attribute in document.attributes:
        match attribute:
            case types.DocumentAttributeSticker(alt=alt):
                return say("media_sticker", language, emoji=alt or "?")
            case types.DocumentAttributeAudio(voice=True, duration=seconds):
                return say("media_voice", language, seconds=seconds)
            case types.DocumentAttributeAudio(duration=seconds):
                return say("media_audio", language, seconds=seconds)
            case types.DocumentAttributeVideo(duration=seconds):
                return say("media_video", language, seconds=round(seconds))
            case types.DocumentAttributeFilename(file_name=file_name):
                name = file_name
    return say("media_document", language, name=name, size=_size(document.size))


def _size(count: int) -> str:
    size = float(count)
    for unit in _UNITS:
        if size < 1024 or unit == _UNITS[-1]:
            break
        size /= 1024
    return f"{size:.0f} {unit}" if size >= 10 or unit == "B" else f"{size:.1f} {unit}"
