"""The heartbeat: at each beat code looks first; a model is asked only when something is due, and speaks by one tool.

Everything follows from data: the beat before (`beats`) says when the next one is due, `beat_findings` what was shown
already. A beat, what it marks as shown and the inbox row it becomes are one transaction: no beat twice, none lost.
"""

import json
from collections import Counter
from datetime import UTC, datetime, time, timedelta

from jobs.config import Settings
from jobs.db import Database
from jobs.spine.extras import Extras
from jobs.spine.inbox import Inbox
from jobs.spine.model import Incoming, Origin, Turn, TurnEnd
from jobs.spine.own_lanes import LaneKind, OwnLane
from jobs.times import from_text, now, to_text
from jobs.tools.findings import Finding, Findings
from jobs.tools.timer import Timer
from jobs.users.errands import Errand
from jobs.users.model import Role
from jobs.users.repository import UsersRepository

LANE = OwnLane(LaneKind.HEARTBEAT)
FIRST = "heartbeat_since"
"""The key in `meta` of when beats began to be counted."""
KEPT = timedelta(days=90)
LEAST_USD = 0.01
"""What a beat may cost at least, however little is left of the day's money."""


class Heartbeat:
    def __init__(
        self, db: Database, inbox: Inbox, users: UsersRepository, findings: Findings, settings: Settings
    ) -> None:
        self._db = db
        self._inbox = inbox
        self._users = users
        self._findings = findings
        self._settings = settings
        self.timer = Timer(db, self.fire)

    @property
    def every(self) -> timedelta | None:
        """The time between two beats; None: there are none."""
        minutes = self._settings.heartbeat_interval_minutes
        return timedelta(minutes=minutes) if minutes else None

    def fire(self) -> datetime | None:
        """Beat if it is time; returns when the next beat is due. However many were missed: one."""
        every, moment = self.every, now()
        if every is None:
            return None
        due = self._next(every, moment)
        if moment < due:
            return due
        due += (moment - due) // every * every
        self.beat(due, moment)
        return due + every

    def next(self) -> datetime | None:
        """When the next beat is due."""
        return self._next(self.every, now()) if self.every else None

    def _next(self, every: timedelta, moment: datetime) -> datetime:
        last = self._db.value("SELECT due_at FROM beats ORDER BY rowid DESC LIMIT 1")
        if last is None:
            last = self._db.meta.setdefault(FIRST, to_text(moment))
        due = from_text(last) + every
        return due if due - moment <= every else moment  # the clock was set back: beats go on from here

    def beat(self, due: datetime, moment: datetime) -> str:
        """Look, and ask the model if there is something to decide; returns what came of it."""
        every = self.every or timedelta(minutes=30)
        with self._db.transaction():
            found = self._findings.look(moment, every)
            fresh = [finding for finding in found if self._is_fresh(finding, due)]
            outcome, shown = self._judge(fresh, moment)
            looked = json.dumps(Counter(finding.kind for finding in found))
            self._db.execute(
                "INSERT OR IGNORE INTO beats (due_at, ran_at, looked, outcome) VALUES (?, ?, ?, ?)",
                (to_text(due), to_text(moment), looked, outcome),
            )
            if outcome == "asked":
                self._ask(due, shown)
            for table in ("beats WHERE due_at", "beat_findings WHERE shown_at"):
                self._db.execute(f"DELETE FROM {table} < ?", (to_text(moment - KEPT),))
        return outcome

    def _judge(self, fresh: list[Finding], moment: datetime) -> tuple[str, list[Finding]]:
        """What comes of a beat, and which of its findings the model is shown."""
        if not fresh:
            return "nothing", []
        awake = self._settings.active_hours.hold(moment, self._users.owner().zone)
        shown = fresh if awake else [finding for finding in fresh if finding.urgent]
        if not shown:
            return "quiet hours", []
        if self._db.one("SELECT 1 FROM inbox WHERE lane = ? AND state IN ('waiting', 'taken') LIMIT 1", (LANE.id,)):
            return "busy", []
        if self._left(moment) <= 0:
            return "no money", []
        return "asked", shown

    def _is_fresh(self, finding: Finding, due: datetime) -> bool:
        shown = self._db.value("SELECT shown_at FROM beat_findings WHERE key = ?", (finding.key,))
        return shown is None or not timedelta(0) <= due - from_text(shown) < finding.pause

    def _ask(self, due: datetime, shown: list[Finding]) -> None:
        for finding in shown:
            self._db.execute(
                "INSERT OR REPLACE INTO beat_findings (key, shown_at, beat) VALUES (?, ?, ?)",
                (finding.key, to_text(due), to_text(due)),
            )
        text = "\n".join(f"{number}. {finding.text}" for number, finding in enumerate(shown, 1))
        extras = Extras(brought=tuple(finding.words for finding in shown if finding.words))
        event = Incoming(f"heartbeat:{to_text(due)}", LANE.id, Origin.HEARTBEAT, text, now(), extras=extras)
        self._inbox.accept(event)

    def _left(self, moment: datetime) -> float:
        """US dollars that beats may still cost on this day of the owner's."""
        zone = self._users.owner().zone
        midnight = datetime.combine(moment.astimezone(zone).date(), time(), zone).astimezone(UTC)
        spent = self._db.value(
            "SELECT coalesce(sum(cost_usd), 0.0) FROM turns WHERE lane = ? AND started_at >= ?",
            (LANE.id, to_text(midnight)),
        )
        return self._settings.heartbeat_daily_usd - float(spent)

    # ------------------------------------------------------------------- turns

    def errand(self) -> Errand:
        return Errand(LANE, Role.HEARTBEAT, budget_usd=max(LEAST_USD, self._left(now())))

    def notified(self, lane: OwnLane) -> None:
        """The beat's session has told the owner something."""
        if lane == LANE:
            self._db.execute("UPDATE beats SET said = said + 1 WHERE outcome = 'asked'")

    def turn_ended(self, turn: Turn, end: TurnEnd) -> None:
        """A beat's turn is over. What a failed one was shown may be shown again at the next."""
        outcome, usage = "failed" if end.error else "done", end.usage
        for row in turn.rows:
            due = row.key.removeprefix("heartbeat:")
            self._db.execute(
                """UPDATE beats SET outcome = ?, turn_id = ?, input_tokens = ?, output_tokens = ?, cost_usd = ?
                   WHERE due_at = ?""",
                (outcome, turn.id, usage.input_tokens, usage.output_tokens, usage.cost_usd, due),
            )
            if outcome == "failed":
                self._db.execute("DELETE FROM beat_findings WHERE beat = ?", (due,))
