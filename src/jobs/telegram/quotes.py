"""What a message answers to, where Jobs has no record of it: it was written before Jobs came, or on another device."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import structlog
from telethon import TelegramClient
from telethon.errors import RPCError
from telethon.tl import functions, types

from jobs.masks import without_codes
from jobs.spine.extras import Quote
from jobs.spine.inbox import Inbox
from jobs.spine.model import InboxRow
from jobs.telegram.client import Account
from jobs.telegram.envelope import KEPT, forwarded_from
from jobs.telegram.media import readable
from jobs.texts import Language

log = structlog.get_logger()

SECONDS = 3.0
"""How long Telegram may take; then the answer is given without."""


class Quotes:
    """`language`: of the words that stand for what is not text."""

    def __init__(self, client: TelegramClient, account: Account, inbox: Inbox, language: Language) -> None:
        self._client = client
        self._account = account
        self._inbox = inbox
        self._language = language

    async def look_up(self, rows: Sequence[InboxRow]) -> list[InboxRow]:
        """The rows with what they answer to, which is noted with them. Raises nothing of Telegram's."""
        return [await self._completed(row) for row in rows]

    async def _completed(self, row: InboxRow) -> InboxRow:
        quote = row.extras.quote
        if quote is None or quote.look_up is None:
            return row
        extras = row.extras.model_copy(update={"quote": await self._asked(quote, quote.look_up)})
        self._inbox.note(row.id, extras)
        return replace(row, extras=extras)

    async def _asked(self, quote: Quote, message_id: int) -> Quote | None:
        try:
            async with asyncio.timeout(SECONDS):
                answer = await self._client(functions.messages.GetMessagesRequest([types.InputMessageID(message_id)]))
        except (RPCError, ConnectionError, TimeoutError) as error:
            log.info("not known what is answered to", error=str(error) or type(error).__name__)
            return quote.model_copy(update={"look_up": None}) if quote.text else None
        found = answer.messages[0] if answer.messages else None
        if not isinstance(found, types.Message):
            return quote.model_copy(update={"look_up": None}) if quote.text else None
        text = quote.text or without_codes(readable(found, self._language)[:KEPT])
        if (author := forwarded_from(found)) is not None:
            return Quote(text=text, by="other", name=author)
        if found.out and not self._account.is_owner:
            # Whose words this account passed on then is known to nobody any more.
            return Quote(text=text, by="jobs", passes_on=True)
        return Quote(text=text, by="person")
