"""Time as data: what is due becomes one message or one inbox row, once. One timer waits for the next due row."""

import asyncio
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import takewhile
from zoneinfo import ZoneInfo

import apsw
import structlog

from jobs.db import Database, Row
from jobs.spine.inbox import Inbox
from jobs.spine.model import Incoming, Origin, OutboxKind
from jobs.spine.outbox import Outbox
from jobs.spine.switches import FROZEN, is_on
from jobs.texts import say, say_time
from jobs.times import from_text, now, to_text
from jobs.tools.recurrence import Rule
from jobs.users.repository import UsersRepository

log = structlog.get_logger()

LONGEST_SLEEP = 3600.0
"""Seconds; the timer looks at the clock at least this often, so that a clock that was set is noticed."""
STORAGE_PAUSE = 5.0
"""Seconds before what is due is tried again after the database refused to be written (a full disk)."""
ON_TIME = timedelta(minutes=1)
"""Whatever is later than this was missed."""
WORTH_RUNNING = timedelta(hours=12)
"""How late something that recurs is still run; what happens once is always said, however late."""
KEPT = timedelta(days=90)
"""How long it is known what came of each time."""
FAILURES = 3
"""After so many failed runs on end a prompt is paused."""


class Outcome(StrEnum):
    SAID = "said"
    ASKED = "asked"
    """A prompt went to the session."""
    MISSED = "missed"
    SKIPPED = "skipped"
    """The run before it was still going."""


class Scheduler:
    """Fires what is due, once each. Whoever changes the table calls `look`."""

    def __init__(self, db: Database, inbox: Inbox, outbox: Outbox, users: UsersRepository) -> None:
        self._db = db
        self._inbox = inbox
        self._outbox = outbox
        self._users = users
        self._timer: asyncio.TimerHandle | None = None
        self._running = False

    def start(self) -> None:
        """Deal with what fell due while Jobs was away, and wait for the next."""
        self._running = True
        with self._db.transaction():
            self._db.execute("DELETE FROM schedule_runs WHERE ran_at < ?", (to_text(now() - KEPT),))
        self.look()

    def stop(self) -> None:
        self._running = False
        if self._timer:
            self._timer.cancel()

    def look(self) -> None:
        """Fire what is due and set the timer for what follows; while all is frozen, whoever thaws it calls this."""
        if not self._running:
            return
        try:
            self._fire_due()
        except apsw.Error as error:
            log.error("what is due was not stored", error=str(error))
            self._timer = asyncio.get_running_loop().call_later(STORAGE_PAUSE, self.look)
        else:
            self._wait()

    def look_soon(self) -> None:
        """The same once the transaction that is under way is over."""
        if self._running:
            asyncio.get_running_loop().call_soon(self.look)

    def fire(self, row: Row, due: datetime) -> Outcome:
        """Do what a row says for one time it was due, now. Joins the caller's transaction."""
        key = f"schedule:{row['id']}:{to_text(due)}"
        owner = self._users.owner()
        if row["kind"] == "text":
            late = now() - due > ON_TIME
            name = "reminder_late" if late else "reminder"
            when = say_time(due, ZoneInfo(row["zone"]), owner.language)
            text = say(name, owner.language, text=row["text"], when=when)
            self._outbox.say(key, owner.id, OutboxKind.NOTICE, text)
            return self._note(row, due, Outcome.SAID)
        if self._is_still_running(row):
            return self._note(row, due, Outcome.SKIPPED)
        self._inbox.accept(Incoming(key, owner.id, Origin.SCHEDULE, row["text"], now()))
        return self._note(row, due, Outcome.ASKED)

    def _fire_due(self) -> None:
        """Each row and what comes of it in one transaction: both or neither."""
        if is_on(self._db, FROZEN):
            return
        rows = self._db.execute(
            """SELECT * FROM scheduled_tasks WHERE state = 'waiting' AND paused IS NULL AND due_at <= ?
               ORDER BY due_at""",
            (to_text(now()),),
        )
        for row in rows:
            with self._db.transaction():
                self._fire_row(row, now())

    def _fire_row(self, row: Row, moment: datetime) -> None:
        due, latest, following = from_text(row["due_at"]), from_text(row["due_at"]), None
        if row["rule"]:
            rule, zone, start = Rule.parse(row["rule"]), ZoneInfo(row["zone"]), from_text(row["starts_at"])
            since = max(due, moment - WORTH_RUNNING) - timedelta(seconds=1)
            for latest in takewhile(lambda each: each <= moment, rule.after(since, start, zone)):  # noqa: B007
                pass
            following = rule.next(moment, start, zone)
        if following:
            self._db.execute("UPDATE scheduled_tasks SET due_at = ? WHERE id = ?", (to_text(following), row["id"]))
        else:
            self._db.execute("UPDATE scheduled_tasks SET state = 'fired' WHERE id = ?", (row["id"],))
        late = moment - latest
        if late <= ON_TIME or (row["missed"] == "run" and (late <= WORTH_RUNNING or not row["rule"])):
            if not self._keeps_failing(row):
                self.fire(row, latest)
            return
        self._note(row, latest, Outcome.MISSED)
        if row["missed"] == "ask":
            owner = self._users.owner()
            when = say_time(latest, ZoneInfo(row["zone"]), owner.language)
            text = say("schedule_missed", owner.language, id=row["id"], text=row["text"], when=when)
            self._outbox.say(f"schedule:{row['id']}:{to_text(latest)}:missed", owner.id, OutboxKind.NOTICE, text)

    def _is_still_running(self, row: Row) -> bool:
        return bool(
            self._db.one(
                "SELECT 1 FROM inbox INDEXED BY inbox_open WHERE state IN ('waiting', 'taken') AND key GLOB ?",
                (f"schedule:{row['id']}:*",),
            )
        )

    def _keeps_failing(self, row: Row) -> bool:
        """Whether its last runs were all set aside; then it is paused, and the owner told."""
        runs = self._db.execute(
            """SELECT (SELECT state FROM inbox WHERE key = 'schedule:' || task_id || ':' || due_at) AS state
               FROM schedule_runs WHERE task_id = ? AND outcome = 'asked' ORDER BY due_at DESC LIMIT ?""",
            (row["id"], FAILURES),
        )
        if len(runs) < FAILURES or any(run["state"] != "set_aside" for run in runs):
            return False
        owner = self._users.owner()
        self._db.execute("UPDATE scheduled_tasks SET paused = 'failed', state = 'waiting' WHERE id = ?", (row["id"],))
        text = say("schedule_paused", owner.language, id=row["id"], text=row["text"], n=FAILURES)
        self._outbox.say(f"schedule:{row['id']}:{row['due_at']}:paused", owner.id, OutboxKind.NOTICE, text)
        return True

    def _note(self, row: Row, due: datetime, outcome: Outcome) -> Outcome:
        self._db.execute(
            "INSERT OR IGNORE INTO schedule_runs (task_id, due_at, ran_at, outcome) VALUES (?, ?, ?, ?)",
            (row["id"], to_text(due), to_text(now()), outcome),
        )
        return outcome

    def _wait(self) -> None:
        if self._timer:
            self._timer.cancel()
            self._timer = None
        next_due = self._db.value("SELECT min(due_at) FROM scheduled_tasks WHERE state = 'waiting' AND paused IS NULL")
        if self._running and next_due and not is_on(self._db, FROZEN):
            delay = max(0.0, (from_text(next_due) - now()).total_seconds())
            self._timer = asyncio.get_running_loop().call_later(min(delay, LONGEST_SLEEP), self.look)
