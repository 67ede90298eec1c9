"""Messages that have to go from the chat: they held a secret."""

import asyncio

import apsw
import structlog
from telethon import TelegramClient
from telethon.errors import RPCError
from telethon.tl import functions

from jobs.db import Database

log = structlog.get_logger()

RETRY_SECONDS = 60.0


class Deletions:
    """What is noted in `messages_to_delete` is deleted for both sides, and tried again until Telegram has done it."""

    def __init__(self, client: TelegramClient, db: Database) -> None:
        self._client = client
        self._db = db
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Delete what is noted; also what an earlier run left."""
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._delete_all(), name="deletions")

    def soon(self) -> None:
        """Something was noted, perhaps in a transaction that is still to be committed."""
        asyncio.get_running_loop().call_soon(self.start)

    def stop(self) -> None:
        if self._task:
            self._task.cancel()

    async def _delete_all(self) -> None:
        while True:
            try:
                rows = self._db.execute("SELECT message_id FROM messages_to_delete")
                if not rows:
                    return
                wanted = [int(row["message_id"]) for row in rows]
                await self._client(functions.messages.DeleteMessagesRequest(wanted, revoke=True))
                for number in wanted:
                    self._db.execute("DELETE FROM messages_to_delete WHERE message_id = ?", (number,))
            except (RPCError, ConnectionError, OSError, apsw.Error) as error:
                log.warning("messages not deleted yet", error=str(error) or type(error).__name__)
                await asyncio.sleep(RETRY_SECONDS)
