"""Messages to people who never wrote: so many new people a day, and none while Telegram forbids it.

Telegram limits accounts that write to strangers first (users report it after some 50 such messages). An answer to
somebody's own message is never one, and neither is what follows the first message to the same person.
"""

import asyncio
import json
from datetime import datetime, time, timedelta

import apsw
import structlog

from jobs.db import Database
from jobs.spine.model import OutboxKind
from jobs.spine.outbox import Outbox
from jobs.texts import say
from jobs.times import now
from jobs.users.repository import UsersRepository

log = structlog.get_logger()

RESTRICTED_PAUSES = [3600, 7200, 14400, 28800]
"""Seconds between tries while Telegram lets the account write to no strangers; the last repeats."""
ONE_TRIES = 60.0
"""Seconds that the first message after such a pause has to itself."""
LONGEST_HOLD = 3600.0
"""Seconds; the day is looked at again at least this often, so that a clock that was set is noticed."""
NOTICE_AFTER = 30.0
"""Seconds from the first person who has to wait to the notice that names all who do."""
COUNT = "first_messages"
"""The row of `meta` with the day (of the owner's zone) and the people first written to in it."""


class FirstMessages:
    """`per_day`: how many people may be first written to from midnight to midnight in the owner's zone; 0 is nobody."""

    def __init__(
        self,
        db: Database,
        outbox: Outbox,
        users: UsersRepository,
        per_day: int,
        notice_after: float = NOTICE_AFTER,
    ) -> None:
        self._db = db
        self._outbox = outbox
        self._users = users
        self._per_day = per_day
        self._notice_after = notice_after
        self._restricted_until: datetime | None = None
        self._restrictions = 0
        self._notice: asyncio.TimerHandle | None = None

    def hold(self, chat: int) -> float:
        """Seconds for which nothing may be said in a chat, 0 if something may: then it is counted.

        Raises apsw.Error when it cannot be counted.
        """
        if not self.is_cold(chat):
            return 0.0
        if left := self._restricted_for():
            return min(left, LONGEST_HOLD)
        if not self._outbox.has_reached(chat) and not self._count(chat):
            if self._notice is None:
                self._notice = asyncio.get_running_loop().call_later(self._notice_after, self._tell_who_waits)
            return min((self._midnight() - now()).total_seconds(), LONGEST_HOLD)
        if self._restrictions:  # one tries whether the restriction is over, the others see what comes of it
            self._restricted_until = now() + timedelta(seconds=ONE_TRIES)
        return 0.0

    def is_cold(self, chat: int) -> bool:
        """Whether a chat is with somebody who never wrote."""
        person = self._users.get(chat)
        return chat != self._users.owner_id and (person is None or person.first_contact is None)

    def restricted(self, chat: int) -> float:
        """Telegram answered PEER_FLOOD: it takes the account for a spammer, for hours or days.

        The owner hears of it once a day. Returns the seconds to wait before trying again.
        """
        if self._restricted_for() > ONE_TRIES:
            return self._restricted_for()  # it was on its way when another one was told
        pause = float(RESTRICTED_PAUSES[min(self._restrictions, len(RESTRICTED_PAUSES) - 1)])
        self._restrictions += 1
        self._restricted_until = now() + timedelta(seconds=pause)
        log.warning("Telegram lets the account write to no strangers for now", chat=chat, seconds=pause)
        if chat != self._users.owner_id:
            self._tell("restricted", name=self._name(chat))
        return pause

    def went_through(self, chat: int) -> None:
        """Telegram took a message to the chat: a restriction is over, unless this was on its way before it began."""
        if self._restrictions and self._restricted_for() <= ONE_TRIES and self.is_cold(chat):
            self._restrictions, self._restricted_until = 0, None

    def stop(self) -> None:
        if self._notice:
            self._notice.cancel()

    # ----------------------------------------------------------------- inside

    def _restricted_for(self) -> float:
        """Seconds; 0 while nothing is known of a restriction."""
        return max(0.0, (self._restricted_until - now()).total_seconds()) if self._restricted_until else 0.0

    def _count(self, chat: int) -> bool:
        """Whether the chat is among today's first ones, or still fits among them."""
        today = self._today()
        with self._db.transaction():
            counted = json.loads(self._db.meta.get(COUNT, "{}"))
            chats = counted["chats"] if counted.get("day") == today else []
            if chat in chats:
                return True
            if len(chats) >= self._per_day:
                return False
            self._db.meta[COUNT] = json.dumps({"day": today, "chats": [*chats, chat]})
        return True

    def _tell_who_waits(self) -> None:
        self._notice = None
        try:
            self._name_who_waits()
        except apsw.Error as error:  # whoever waits asks again within LONGEST_HOLD
            log.error("notice not stored", error=str(error))

    def _name_who_waits(self) -> None:
        waiting = [chat for chat in self._outbox.open_chats() if self.is_cold(chat)]
        names = ", ".join(self._name(chat) for chat in waiting if not self._outbox.has_reached(chat))
        if names and self._per_day:
            self._tell("first_messages_used", limit=self._per_day, names=names)
        elif names:
            self._tell("first_messages_off", names=names)

    def _tell(self, text: str, **values: object) -> None:
        """Once a day."""
        owner = self._users.owner()
        self._outbox.say(f"{text}:{self._today()}", owner.id, OutboxKind.NOTICE, say(text, owner.language, **values))

    def _name(self, chat: int) -> str:
        person = self._users.get(chat)
        return person.name if person and person.name else str(chat)

    def _today(self) -> str:
        return now().astimezone(self._users.owner().zone).date().isoformat()

    def _midnight(self) -> datetime:
        """When the owner's next day begins."""
        zone = self._users.owner().zone
        tomorrow = now().astimezone(zone).date() + timedelta(days=1)
        return datetime.combine(tomorrow, time(0), zone)
