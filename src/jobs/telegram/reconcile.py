"""What came while Jobs was away, or was never pushed: read from history, through the same door.

Telethon's own catching up is not enough: its place is saved once a minute, whether or not a message was handled, and it
skips what is too long ago. A user account reads its chats' history; a bot may not, and asks for the difference since
the place up to which everything was stored.
"""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta

import apsw
import structlog
from telethon import TelegramClient
from telethon.errors import RPCError
from telethon.tl import functions, types

from jobs.db import RESTORED, Database
from jobs.telegram.chats import Chats
from jobs.telegram.client import SIGNED_OUT, Account
from jobs.telegram.receiver import Receiver
from jobs.times import from_text, now

log = structlog.get_logger()

INTERVAL = 60.0
"""Seconds between two looks while all is well."""
RETRY = 5.0
"""Seconds after a look that failed."""
STORAGE_PAUSE = 3.0
"""Seconds before looking again after a message could not be stored."""
EDIT_WINDOW = timedelta(hours=48)
"""How long after it was written a person can edit a message (Telegram's `edit_time_limit`)."""
EDITS_AMONG = 20
"""Messages of a chat among which edits are looked for that were made while Jobs was away."""
PTS = "telegram_pts"
"""The key in `meta` of how far a bot has heard Telegram's updates."""
HISTORY_KNOWN = "history_known"
"""The key that is there once all chats were looked at."""
OVERLAP = timedelta(hours=1)
"""How far before the newest message of the last look the next one goes back."""


class Reconciler:
    def __init__(
        self,
        client: TelegramClient,
        account: Account,
        db: Database,
        receiver: Receiver,
        chats: Chats,
        signed_out: Callable[[Exception], None],
    ) -> None:
        self._client = client
        self._account = account
        self._db = db
        self._receiver = receiver
        self._chats = chats
        self._signed_out = signed_out
        self._newest: datetime | None = None
        """The date of the newest message at the last whole look, by Telegram's clock."""
        self._was_away = True
        self._soon = asyncio.Event()
        self.looked = asyncio.Event()
        """Set after the first look: from then on it is known in each chat what is new."""

    def look_soon(self) -> None:
        """After a reconnect: what was missed comes before what is pushed from now on."""
        self._was_away = True
        self._receiver.level.clear()
        self._soon.set()

    async def run(self) -> None:
        """Look at once, then whenever asked to, and every INTERVAL."""
        while True:
            self._soon.clear()
            done = await self.look()
            if done and not self._soon.is_set():
                self._receiver.level.set()
            self.looked.set()
            await self._wait(INTERVAL if done else RETRY)

    async def _wait(self, seconds: float) -> None:
        soon = asyncio.create_task(self._soon.wait())
        refused = asyncio.create_task(self._receiver.storage_refused.wait())
        done, waiting = await asyncio.wait({soon, refused}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        for task in waiting:
            task.cancel()
        if refused in done:
            self._receiver.storage_refused.clear()
            await asyncio.sleep(STORAGE_PAUSE)

    async def look(self) -> bool:
        """One look; returns whether it saw everything.

        A failure is logged, and the next look starts from the same place; a lost login is reported.
        """
        try:
            await (self._difference() if self._account.is_bot else self._dialogs())
        except SIGNED_OUT as error:
            self._signed_out(error)
        except (RPCError, ConnectionError, OSError, ValueError) as error:  # ValueError: Telethon knows no such person
            log.warning("history not read", error=str(error) or type(error).__name__)
        except apsw.Error as error:
            log.error("message not stored", error=str(error))
            self._receiver.refused()
        else:
            return not self._receiver.storage_refused.is_set()
        self._was_away = True
        return False

    # ------------------------------------------------------------ user account

    async def _dialogs(self) -> None:
        was_away, self._was_away = self._was_away, False
        restored_at = self._restored_at()
        since = self._newest - OVERLAP if self._newest else None
        newest = self._newest
        async for dialog in self._client.iter_dialogs():
            if dialog.date:
                if since and not dialog.pinned and dialog.date < since:
                    break
                newest = max(newest or dialog.date, dialog.date)
            if isinstance(dialog.entity, types.User):
                await self._history(dialog, restored_at)
                if was_away and dialog.date and now() - dialog.date < EDIT_WINDOW:
                    await self._edits(dialog.entity)
        if self._account.is_owner and self._chats.read_up_to(self._account.id) is None:
            self._chats.set_read_up_to(self._account.id, 0)  # nothing stands in Saved Messages yet
        self._newest = newest
        if restored_at:
            self._forget_restore()
        if not self._history_known():
            self._db.meta[HISTORY_KNOWN] = "1"

    def _history_known(self) -> bool:
        """Whether a look at all chats was ever completed: a chat not known since then is a new one."""
        return HISTORY_KNOWN in self._db.meta

    def _restored_at(self) -> datetime | None:
        """When a backup was restored; None when the chats have been looked at since."""
        at = self._db.meta.get(RESTORED)
        return from_text(at) if at else None

    def _forget_restore(self) -> None:
        self._db.meta.pop(RESTORED, None)

    async def _history(self, dialog: object, restored_at: datetime | None) -> None:
        """Read one chat from where it was read last, a new one from its beginning.

        On a new database that is the first unread message: what was read before Jobs had the account is not its own.
        Later "unread" proves nothing: Jobs marks as read up to a message, whether or not an earlier one was stored.
        """
        raw, user, top = dialog.dialog, dialog.entity, dialog.message  # type: ignore[attr-defined]
        last = self._chats.read_up_to(user.id)
        if last is None:
            before_jobs = raw.read_inbox_max_id if not user.is_self else top.id if top else 0
            last = 0 if self._history_known() else before_jobs
            self._chats.set_read_up_to(user.id, last)
        if top is None or top.id <= last:
            return
        answered = await self._answered_up_to(user, last, top.id, restored_at) if restored_at else 0
        # Telethon would wait a second before each page but the first; a flood wait is raised and ends the look.
        async for message in self._client.iter_messages(user, min_id=last, reverse=True, wait_time=0):
            await self._receiver.take(message, answered=message.id <= answered)
            if message.id >= top.id:
                break  # what follows is pushed
        self._chats.set_read_up_to(user.id, top.id)

    async def _answered_up_to(self, user: types.User, last: int, top: int, restored_at: datetime) -> int:
        """The id up to which a chat was answered since the backup was made: the newest own message not in the records.

        What is on its way just now is not in them yet either, so only what was said before the restore counts. In Saved
        Messages both sides are own ones: all counts as answered.
        """
        if user.is_self:
            return top
        async for message in self._client.iter_messages(user, min_id=last, wait_time=0):
            if message.out and message.date <= restored_at and not self._receiver.has_said(message):
                return int(message.id)
        return 0

    async def _edits(self, user: types.User) -> None:
        """What was edited while nobody was there to be told of it; of what is no news nothing comes."""
        async for message in self._client.iter_messages(user, limit=EDITS_AMONG, wait_time=0):
            if message.edit_date and not isinstance(message, types.MessageService):
                await self._receiver.take_edit(message)

    # --------------------------------------------------------------------- bot

    async def _difference(self) -> None:
        pts = self._db.meta.get(PTS)
        if pts is None or self._restored_at():  # a bot cannot look up what it has answered since the backup
            here = await self._client(functions.updates.GetStateRequest())
            self._note_pts(here.pts)
            self._forget_restore()
            return
        state = types.updates.State(pts=int(pts), qts=0, date=now(), seq=0, unread_count=0)
        while True:
            answer = await self._client(
                functions.updates.GetDifferenceRequest(pts=state.pts, date=state.date, qts=state.qts)
            )
            if isinstance(answer, types.updates.DifferenceTooLong):
                log.warning("too long away: some messages to the bot cannot be read any more")
                self._note_pts(answer.pts)
                return
            if isinstance(answer, types.updates.DifferenceEmpty):
                return
            await self._take_all(answer)
            is_whole = isinstance(answer, types.updates.Difference)
            state = answer.state if is_whole else answer.intermediate_state
            self._note_pts(state.pts)
            if is_whole:
                return

    def _note_pts(self, pts: int) -> None:
        """Only after everything before it was stored: a pushed message says nothing about those before it."""
        self._db.meta[PTS] = str(pts)

    async def _take_all(self, answer: types.updates.Difference | types.updates.DifferenceSlice) -> None:
        users = {user.id: user for user in answer.users}
        for message in answer.new_messages:
            if isinstance(message.peer_id, types.PeerUser):
                message._finish_init(self._client, users, None)
                await self._receiver.take(message)
        for update in answer.other_updates:
            if isinstance(update, types.UpdateEditMessage) and isinstance(update.message.peer_id, types.PeerUser):
                update.message._finish_init(self._client, users, None)
                await self._receiver.take_edit(update.message)
        place = answer.state if isinstance(answer, types.updates.Difference) else answer.intermediate_state
        self._note_pts(place.pts)
