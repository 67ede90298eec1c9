"""What a message says about itself beside its text: what it answers, whose words it passes on, its album, its file."""

from datetime import timedelta
from zoneinfo import ZoneInfo

from telethon.tl import types
from telethon.utils import get_display_name

from jobs.db import Database
from jobs.masks import without_codes
from jobs.spine.extras import Extras, Quote
from jobs.telegram.media import attachment

ALBUM_PAUSE = timedelta(seconds=0.3)
"""How long a turn waits after a part of an album: Telegram hands all parts out at once."""

OWN_NOTICES = ("schedule:",)
"""Occasions of notices in which nobody else speaks; in any other one somebody may."""

KEPT = 2000
"""Characters of a quote that are stored."""


class Envelopes:
    def __init__(self, db: Database, zone: ZoneInfo) -> None:
        self._db = db
        self._zone = zone

    def read(self, message: types.Message, chat: int) -> Extras:
        """All that is known without asking Telegram. Names and quotes are as their authors wrote them."""
        file = attachment(message.media, message.date.astimezone(self._zone))
        return Extras(
            quote=self._quote(message, chat),
            forwarded_from=forwarded_from(message),
            attachments=(file,) if file else (),
            album=message.grouped_id,
        )

    def _quote(self, message: types.Message, chat: int) -> Quote | None:
        header = message.reply_to
        if not isinstance(header, types.MessageReplyHeader):
            return None
        marked = without_codes((header.quote_text or "")[:KEPT])
        if header.reply_from or header.reply_to_peer_id:
            return Quote(text=marked, by="other", name=getattr(header.reply_from, "from_name", None) or "")
        own = self._db.one(
            """SELECT text, kind, key, marked FROM outbox LEFT JOIN turns ON turns.id = turn_id
               WHERE chat = ? AND message_id = ? ORDER BY outbox.id DESC""",
            (chat, header.reply_to_msg_id),
        )
        if own is not None:
            is_notice = own["kind"] == "notice" and not own["key"].startswith(OWN_NOTICES)
            passes_on = is_notice or bool(own["marked"])  # an answer to the words of others may repeat them
            return Quote(text=marked or own["text"][:KEPT], by="jobs", passes_on=passes_on, occasion=own["key"])
        theirs = self._db.one(
            "SELECT text, extras FROM inbox WHERE lane = ? AND message_id = ? ORDER BY id DESC",
            (chat, header.reply_to_msg_id),
        )
        if theirs is not None:
            extras = Extras.model_validate_json(theirs["extras"])
            text = marked or theirs["text"][:KEPT]
            file = next((each.path for each in extras.attachments if each.state == "saved"), None)
            if extras.forwarded_from is not None:
                return Quote(text=text, by="other", name=extras.forwarded_from, file=file)
            return Quote(text=text, by="person", file=file)
        return Quote(text=marked, by="other", look_up=header.reply_to_msg_id)


def forwarded_from(message: types.Message) -> str | None:
    """Whose words a message passes on, "" where Telegram does not tell; None: they are its writer's own."""
    header = message.fwd_from
    if header is None:
        return None
    forward = getattr(message, "forward", None)
    source = (getattr(forward, "sender", None) or getattr(forward, "chat", None)) if forward else None
    name = header.from_name or (get_display_name(source) if source else "") or header.post_author or ""
    return str(name)[:KEPT]
