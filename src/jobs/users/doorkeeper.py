"""Who is answered, and how much: strangers, bans, and each person's share of messages, turns and money.

Whatever is over a limit stays in the inbox and is answered when the window is over.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum
from typing import Any

from jobs.broker import spent
from jobs.config import Settings
from jobs.db import Database
from jobs.spine.model import Choice, OutboxKind
from jobs.spine.outbox import Outbox
from jobs.spine.own_lanes import is_persons
from jobs.texts import say
from jobs.times import from_text, now, to_text
from jobs.users.model import Person
from jobs.users.notices import label, quoted
from jobs.users.repository import UsersRepository

MINUTE = timedelta(minutes=1)
CARDS_A_DAY = 20
"""Strangers shown to the owner in a day; more are held without a card."""


class Standing(StrEnum):
    KNOWN = "known"
    ASKED = "asked"
    """A stranger: the owner was asked, and their messages wait."""
    IGNORED = "ignored"
    """A stranger while strangers are ignored: their messages wait, nobody is told."""
    MUTED = "muted"
    """Their messages wait until the owner says otherwise."""
    BANNED = "banned"
    """What they write is kept for the audit and handled by nobody."""


@dataclass(frozen=True)
class Limits:
    """What one person may use. Days are the owner's."""

    per_minute: int
    per_day: int
    turns: int
    usd: float


class Doorkeeper:
    """Asked before a turn of a lane is begun. `on_free` is told when a lane that had to wait may go on."""

    def __init__(self, db: Database, users: UsersRepository, outbox: Outbox, settings: Settings) -> None:
        self._db = db
        self._users = users
        self._outbox = outbox
        self._settings = settings
        self._timers: dict[int, asyncio.TimerHandle] = {}
        self.on_free: Callable[[int], None] = lambda lane: None
        self.on_barred: Callable[[int], object] = lambda lane: None
        """Told when what waits in a lane is not to be handled."""

    def stop(self) -> None:
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()

    # --------------------------------------------------------------- standing

    def standing(self, person_id: int) -> Standing:
        """How a person stands. Whom the owner has had written to is no stranger any more."""
        value = self._db.value("SELECT standing FROM standings WHERE person_id = ?", (person_id,))
        standing = Standing(value or "known")
        if standing in (Standing.ASKED, Standing.IGNORED) and self._outbox.has_spoken(person_id):
            return Standing.KNOWN
        return standing

    def set(self, person_id: int, standing: Standing) -> None:
        """Change it; lets go on what may go on now, and drops what waits of somebody banned."""
        with self._db.transaction():
            self._db.execute(
                """INSERT INTO standings (person_id, standing) VALUES (?, ?)
                   ON CONFLICT (person_id) DO UPDATE SET standing = excluded.standing""",
                (person_id, standing),
            )
        if standing is Standing.BANNED:
            self.on_barred(person_id)
        elif standing is Standing.KNOWN:
            self.on_free(person_id)

    def met(self, person: Person, text: str) -> None:
        """Somebody whom Jobs did not know has written. Joins the caller's transaction."""
        if self._settings.strangers == "answer":
            return
        standing = Standing.ASKED if self._settings.strangers == "ask" else Standing.IGNORED
        self._db.execute("INSERT OR IGNORE INTO standings (person_id, standing) VALUES (?, ?)", (person.id, standing))
        cards = self._db.value(
            "SELECT count(*) FROM outbox WHERE key GLOB 'stranger:*' AND created_at >= ?", (to_text(self._today()),)
        )
        if standing is Standing.IGNORED or cards >= CARDS_A_DAY:
            return
        owner = self._users.owner()
        card = say("stranger", owner.language, name=label(person), text=quoted(text), id=person.id)
        choices = (
            Choice(say("choice_let_in", owner.language), f"/allow {person.id}"),
            Choice(say("choice_ban", owner.language), f"/ban {person.id}"),
        )
        self._outbox.ask(f"stranger:{person.id}", owner.id, card, choices)

    # ----------------------------------------------------------------- limits

    def limits(self, person_id: int) -> Limits:
        row: dict[str, Any] = self._db.one("SELECT * FROM standings WHERE person_id = ?", (person_id,)) or {}

        def own(name: str, setting: Any) -> Any:
            return setting if row.get(name) is None else row[name]

        settings = self._settings
        return Limits(
            own("per_minute", settings.external_messages_per_minute),
            own("per_day", settings.external_messages_per_day),
            own("turns", settings.external_turns_per_day),
            own("usd", settings.external_person_usd),
        )

    def limit(self, person_id: int, name: str, value: float | None) -> None:
        """Give one person a limit of their own, or with None the setting's. `name`: a field of Limits."""
        if name not in Limits.__dataclass_fields__:
            raise ValueError(f"there is no limit {name}")
        number = value if value is None or name == "usd" else int(value)
        self._db.execute(
            f"""INSERT INTO standings (person_id, {name}) VALUES (?, ?)
                ON CONFLICT (person_id) DO UPDATE SET {name} = excluded.{name}""",
            (person_id, number),
        )
        self.on_free(person_id)

    def may_begin(self, lane: int) -> bool:
        """Whether a turn of the lane may be begun now; if only the time is in the way, `on_free` is told then."""
        if lane == self._users.owner_id or not is_persons(lane):
            return True
        if self.standing(lane) is not Standing.KNOWN:
            return False
        until, line = self._until(lane)
        if until is None:
            return True
        if line and self._waits(lane):
            self._tell(lane, line)
        self._later(lane, (until - now()).total_seconds())
        return False

    def left(self, lane: int) -> float | None:
        """US dollars that calls of the model for this lane may still cost today, beside those under way; None: any."""
        owner = self._users.owner_id
        if lane == owner or lane < 0:  # what nobody else has asked for: an errand has a budget of its own
            return None
        used = spent(self._db, self._today(), owner, lane, reserved=True)
        return max(0.0, min(self._settings.external_daily_usd - used.others, self.limits(lane).usd - used.lane))

    def used_up(self, lane: int) -> datetime:
        """A call for this lane was refused for want of money: say so, and return when it may go on."""
        used = spent(self._db, self._today(), self._users.owner_id, lane)
        pot, share = self._settings.external_daily_usd - used.others, self.limits(lane).usd - used.lane
        self._tell(lane, "pot_empty" if pot < share else "share_used")
        return self._midnight()

    def _until(self, lane: int) -> tuple[datetime | None, str]:
        """When a lane that is over a limit may go on, and what is said about it; None: now."""
        limits, today = self.limits(lane), self._today()
        midnight = self._midnight()
        written = "SELECT sent_at FROM inbox WHERE lane = ? AND sent_at > ? ORDER BY sent_at DESC LIMIT 1 OFFSET ?"
        used = spent(self._db, today, self._users.owner_id, lane)
        if used.others >= self._settings.external_daily_usd:
            return midnight, "pot_empty"
        if used.lane >= limits.usd or self._turns(today, lane) >= limits.turns:
            return midnight, "share_used"
        if self._db.one(written, (lane, to_text(today), limits.per_day)):
            return midnight, "share_used"
        row = self._db.one(written, (lane, to_text(now() - MINUTE), limits.per_minute))
        return (from_text(row["sent_at"]) + MINUTE, "") if row else (None, "")

    def _tell(self, lane: int, line: str) -> None:
        """One polite line a day to the person; one notice a day to the owner when everyone's money is used up."""
        day = self._today().date().isoformat()
        owner, person = self._users.owner(), self._users.get(lane)
        if person:
            text = say(line, person.language, owner=owner.name)
            self._outbox.say(f"limit:{lane}:{day}", lane, OutboxKind.NOTICE, text)
        if line == "pot_empty":
            text = say("pot_empty_owner", owner.language, usd=self._settings.external_daily_usd)
            self._outbox.say(f"pot:{day}", owner.id, OutboxKind.NOTICE, text)

    def _waits(self, lane: int) -> bool:
        return bool(self._db.one("SELECT 1 FROM inbox WHERE lane = ? AND state = 'waiting' LIMIT 1", (lane,)))

    def _turns(self, since: datetime, lane: int) -> int:
        sql = "SELECT count(*) FROM turns WHERE lane = ? AND started_at >= ? AND state IN ('done', 'set_aside')"
        return int(self._db.value(sql, (lane, to_text(since))))

    def _today(self) -> datetime:
        """When the owner's day began."""
        zone = self._users.owner_zone
        return datetime.combine(now().astimezone(zone).date(), time(), zone)

    def _midnight(self) -> datetime:
        """When it ends, by the clock on the wall, also where the zone changes its offset."""
        return self._today() + timedelta(days=1)

    def _later(self, lane: int, seconds: float) -> None:
        if timer := self._timers.pop(lane, None):
            timer.cancel()
        self._timers[lane] = asyncio.get_running_loop().call_later(max(seconds, 0.05), self._free, lane)

    def _free(self, lane: int) -> None:
        self._timers.pop(lane, None)
        self.on_free(lane)
