"""Read receipts: what Telegram tells a user account (never a bot) of how far a person has read."""

import apsw
import structlog
from telethon import TelegramClient, events
from telethon.tl import types

from jobs.times import now
from jobs.users.tasks import Tasks

log = structlog.get_logger()


class Receipts:
    """Nothing hangs on one that is missed while Jobs is away: what the person then says of the task says more."""

    def __init__(self, client: TelegramClient, tasks: Tasks) -> None:
        self._client = client
        self._tasks = tasks

    def start(self) -> None:
        self._client.add_event_handler(self._on_read, events.Raw(types.UpdateReadHistoryOutbox))

    def stop(self) -> None:
        self._client.remove_event_handler(self._on_read)

    async def _on_read(self, update: types.UpdateReadHistoryOutbox) -> None:
        if isinstance(update.peer, types.PeerUser):
            try:
                self._tasks.read(update.peer.user_id, update.max_id)
                if update.peer.user_id == self._tasks.users.owner_id:
                    self._tasks.users.owner_was_seen(now())
            except apsw.Error as error:
                log.warning("read receipt not noted", chat=update.peer.user_id, error=str(error))
