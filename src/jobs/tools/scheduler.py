"""Time as data: what is due becomes one message or one inbox row, once. One timer waits for the next due row.

Firing is one transaction: the next time, what came of this one, and the message or row it became. A task with a
check is fired in two: noted as being checked; then, when the command has spoken, done or not. A crash checks again.
"""

import asyncio
from datetime import UTC, datetime, timedelta
from itertools import takewhile
from pathlib import Path
from zoneinfo import ZoneInfo

import apsw
import structlog

from jobs.db import Database, Row
from jobs.spine.extras import Extras
from jobs.spine.inbox import Inbox
from jobs.spine.model import Choice, Incoming, Origin, OutboxKind, Turn, TurnEnd
from jobs.spine.outbox import Outbox
from jobs.spine.own_lanes import LaneKind, OwnLane
from jobs.texts import say, say_time
from jobs.times import from_text, now, to_text
from jobs.tools.checks import CheckFailed, check
from jobs.tools.recurrence import UNREADABLE, Rule
from jobs.tools.schedule_runs import Firing, Outcome, Runs
from jobs.tools.timer import Timer
from jobs.users.errands import Errand
from jobs.users.letters import Letters
from jobs.users.model import Person, Role
from jobs.users.repository import UsersRepository
from jobs.walls import Confined, unconfined

log = structlog.get_logger()

ON_TIME = timedelta(minutes=1)
"""Whatever is later than this was missed."""
WORTH_RUNNING = timedelta(hours=12)
"""How late something that recurs is still run; what happens once is always said, however late."""
FAILURES = 3
"""After so many failures in a row a task is paused. A turn counts its own (see `turn_runner.py`)."""
AT_ONCE = 50
"""Rows that are fired in one transaction; then others have their say."""
EARLIER = 3
"""Runs whose results an isolated session is told."""
HINTED = "reminder_hint"
"""The key in `meta` that says that the owner was told how to answer a reminder."""


class Scheduler:
    """Fires what is due, once each. Whoever changes the table calls `timer.soon`."""

    def __init__(
        self,
        db: Database,
        inbox: Inbox,
        outbox: Outbox,
        users: UsersRepository,
        letters: Letters,
        workspace: Path,
        run_usd: float = 1.0,
        confined: Confined = unconfined,
    ) -> None:
        """`workspace`: where checks run, and `confined`: how, since the owner's agent writes them.

        `run_usd`: what one isolated run may cost unless its task says otherwise.
        """
        self._db = db
        self._inbox = inbox
        self._outbox = outbox
        self._users = users
        self._letters = letters
        self._workspace = workspace
        self._run_usd = run_usd
        self._confined = confined
        self._checking: dict[Firing, asyncio.Task[None]] = {}
        self._cut_off: list[Firing] = []  # checks that are to be made again, once nothing is frozen
        self._swept = datetime.min.replace(tzinfo=UTC)
        self.runs = Runs(db)
        self.timer = Timer(db, self.fire_due)

    def start(self) -> None:
        """Deal with what fell due while Jobs was away, and wait for the next."""
        self._cut_off = self.runs.checking()
        self.timer.start()

    def stop(self) -> None:
        self.timer.stop()
        for task in self._checking.values():
            task.cancel()

    # -------------------------------------------------------------------- due

    def fire_due(self) -> datetime | None:
        """Fire what is due, at most AT_ONCE of it, and return when something is due next."""
        while self._cut_off:
            self._begin_check(self._cut_off.pop())
        moment = now()
        rows = self._db.execute(
            """SELECT * FROM scheduled_tasks WHERE state = 'waiting' AND paused IS NULL AND due_at <= ?
               ORDER BY due_at LIMIT ?""",
            (to_text(moment), AT_ONCE),
        )
        if rows:
            with self._db.transaction():
                self._sweep(moment)
                for row in rows:
                    self._fire_row(row, moment)
        due = self._db.value("SELECT min(due_at) FROM scheduled_tasks WHERE state = 'waiting' AND paused IS NULL")
        return from_text(due) if due else None

    def _sweep(self, moment: datetime) -> None:
        if abs(moment - self._swept) > timedelta(days=1):
            self.runs.sweep()
            self._swept = moment

    def _fire_row(self, row: Row, moment: datetime) -> None:
        """What comes of a row that is due, and when it is due next. One that cannot be read is paused."""
        due = from_text(row["due_at"])
        try:
            latest, following = _occasion(row, due, moment)
        except UNREADABLE as error:
            self.pause_failed(row, f"its time cannot be read: {error}")
            return
        if following:
            self._db.execute("UPDATE scheduled_tasks SET due_at = ? WHERE id = ?", (to_text(following), row["id"]))
        else:
            self._db.execute("UPDATE scheduled_tasks SET state = 'fired' WHERE id = ?", (row["id"],))
        firing, late = Firing(row["id"], latest), moment - latest
        if late <= ON_TIME or (row["missed"] == "run" and (late <= WORTH_RUNNING or not row["rule"])):
            self._fire(row, firing, due)
            return
        self.runs.note(firing, Outcome.MISSED, due)
        if row["missed"] == "ask":
            owner = self._users.owner()
            when = say_time(latest, ZoneInfo(row["zone"]), owner.language)
            text = say("schedule_missed", owner.language, id=row["id"], text=row["text"], when=when)
            choices = (
                Choice(say("choice_run", owner.language), f"/schedule run {row['id']}"),
                Choice(say("choice_leave", owner.language), f"/done {row['id']}"),
            )
            self._outbox.ask(f"{firing.key}:missed", owner.id, text, choices)

    # ------------------------------------------------------------------- fire

    def fire_now(self, row: Row) -> Outcome:
        """Do what a row says now, besides its times and without its check. Joins the caller's transaction."""
        firing = Firing(row["id"], now())
        if self._is_still_running(row):
            return self.runs.note(firing, Outcome.SKIPPED)
        return self.runs.note(firing, self._do(row, firing))

    def _fire(self, row: Row, firing: Firing, since: datetime) -> None:
        if self._is_still_running(row):
            self.runs.note(firing, Outcome.SKIPPED, since)
        elif row["check_command"]:
            self.runs.note(firing, Outcome.CHECKING, since)
            asyncio.get_running_loop().call_soon(self._begin_check, firing)
        else:
            self.runs.note(firing, self._do(row, firing), since)

    def _do(self, row: Row, firing: Firing, output: str = "") -> Outcome:
        """Say the text, or hand the prompt to its session."""
        owner = self._users.owner()
        if row["kind"] == "text":
            if row["target"] is not None:
                return self._say_to(row, firing)
            self._remind(row, firing, owner)
            return Outcome.SAID
        lane = OwnLane(LaneKind.SCHEDULE, row["id"]).id if row["session"] == "isolated" else owner.id
        extras = Extras(check_output=output)
        self._inbox.accept(Incoming(firing.key, lane, Origin.SCHEDULE, row["text"], now(), extras=extras))
        return Outcome.ASKED

    def _remind(self, row: Row, firing: Firing, owner: Person) -> None:
        language = owner.language
        name = "reminder_late" if now() - firing.due > ON_TIME else "reminder"
        when = say_time(firing.due, ZoneInfo(row["zone"]), language)
        text = say(name, language, text=row["text"], when=when)
        if HINTED not in self._db.meta:
            self._db.meta[HINTED] = to_text(now())
            text += "\n\n" + say("reminder_hint", language)
        choices = (
            Choice(say("choice_in_an_hour", language), f"/snooze {row['id']} 1h"),
            Choice(say("choice_tomorrow", language), f"/snooze {row['id']} tomorrow morning"),
            Choice(say("choice_done", language), f"/done {row['id']}"),
        )
        self._outbox.ask(firing.key, owner.id, text, choices)

    def _say_to(self, row: Row, firing: Firing) -> Outcome:
        """To somebody else: the owner has seen the text when it was scheduled."""
        person = self._users.get(row["target"])
        if person is None:
            self.pause_failed(row, "the person it is for is not known any more")
            return Outcome.FAILED
        self._outbox.say(firing.key, person.id, OutboxKind.MESSAGE, row["text"])
        return Outcome.SAID

    def _is_still_running(self, row: Row) -> bool:
        if any(firing.task_id == row["id"] for firing in self._checking):
            return True
        return bool(
            self._db.one(
                "SELECT 1 FROM inbox INDEXED BY inbox_open WHERE state IN ('waiting', 'taken') AND key GLOB ?",
                (f"schedule:{row['id']}:*",),
            )
        )

    # ------------------------------------------------------------------ checks

    def _begin_check(self, firing: Firing) -> None:
        task = asyncio.create_task(self._check(firing), name=f"check-{firing.task_id}")
        self._checking[firing] = task
        task.add_done_callback(lambda done: self._checked(firing, done))

    async def _check(self, firing: Firing) -> None:
        row = self._db.one("SELECT * FROM scheduled_tasks WHERE id = ?", (firing.task_id,))
        if row is None or not row["check_command"]:
            return
        try:
            found = await check(row["check_command"], self._workspace, self._confined)
        except CheckFailed as error:
            with self._db.transaction():
                self.runs.change(firing, Outcome.FAILED, str(error))
                if self.runs.failed_on_end(firing.task_id, FAILURES):
                    self.pause_failed(row, str(error))
            return
        with self._db.transaction():
            self._db.execute("UPDATE scheduled_tasks SET check_seen = ? WHERE id = ?", (found.digest, row["id"]))
            goes = found.says_go(row["check_when"], row["check_seen"]) and row["state"] != "cancelled"
            self.runs.change(firing, self._do(row, firing, found.output) if goes else Outcome.NOTHING)

    def _checked(self, firing: Firing, task: "asyncio.Task[None]") -> None:
        self._checking.pop(firing, None)
        if not task.cancelled() and (error := task.exception()):
            log.error("check failed", task=firing.task_id, error=repr(error))
            if isinstance(error, apsw.Error):  # a full disk: the row still says that it is being checked
                asyncio.get_running_loop().call_later(ON_TIME.total_seconds(), self._begin_check, firing)

    # ------------------------------------------------------------------- turns

    def errand(self, task_id: int) -> Errand | None:
        """What an isolated session of a task is for; None when the task was taken back."""
        row = self._db.one("SELECT * FROM scheduled_tasks WHERE id = ? AND state <> 'cancelled'", (task_id,))
        if row is None:
            return None
        target = self._users.get(row["target"]) if row["target"] is not None else None
        about = "quiet" if row["quiet"] else "other" if target else "owner"
        return Errand(
            OwnLane(LaneKind.SCHEDULE, task_id),
            Role.ISOLATED,
            row["model"],
            row["budget_usd"] or self._run_usd,
            ABOUT[about],
            tuple(self.runs.answers(task_id, EARLIER)),
        )

    def turn_ended(self, turn: Turn, end: TurnEnd) -> None:
        """A turn is over: note what came of the firings in it. Joins the transaction that closes the turn."""
        for firing in filter(None, (Firing.of(row.key) for row in turn.rows)):
            row = self._db.one("SELECT * FROM scheduled_tasks WHERE id = ?", (firing.task_id,))
            if row is None:
                continue
            self.runs.ended(firing, turn, end)
            if end.state == "set_aside":
                self.pause_failed(row, end.error or "")
            elif OwnLane.of(turn.lane) and end.reply and not end.error and not row["quiet"]:
                self._deliver(row, firing, turn, end.reply)

    def _deliver(self, row: Row, firing: Firing, turn: Turn, reply: str) -> None:
        """The answer of an isolated run: to the owner at once, to anybody else after the owner has seen it."""
        person = self._users.get(row["target"]) if row["target"] is not None else None
        if person is None:
            self._outbox.say(firing.key, self._users.owner_id, OutboxKind.ANSWER, reply, turn_id=turn.id)
        else:
            self._letters.hold(firing.key, person, OutboxKind.MESSAGE, reply, question="held_scheduled")

    def pause_failed(self, row: Row, error: str) -> None:
        """It has failed: it waits until the owner lets it go on, and then does what it did not do.

        One that was taken back meanwhile stays so.
        """
        owner = self._users.owner()
        paused = self._db.execute(
            """UPDATE scheduled_tasks SET paused = 'failed', failure = ?, state = 'waiting'
               WHERE id = ? AND state <> 'cancelled' RETURNING id""",
            (error, row["id"]),
        )
        if not paused:
            return
        text = say("schedule_paused", owner.language, id=row["id"], text=row["text"], error=error)
        key = f"schedule:{row['id']}:{to_text(now())}:paused"
        choices = (
            Choice(say("choice_go_on", owner.language), f"/schedule resume {row['id']}"),
            Choice(say("choice_cancel_schedule", owner.language), f"/schedule cancel {row['id']}"),
        )
        self._outbox.ask(key, owner.id, text, choices)


ABOUT = {
    "owner": "Your reply is sent to the owner as it is.",
    "other": "Your reply goes to somebody else, as a message from the owner's assistant, once the owner has seen it.",
    "quiet": "Your reply is sent to nobody. If the owner has to hear of something, call notify_owner; if not, do not.",
}


def _occasion(row: Row, due: datetime, moment: datetime) -> tuple[datetime, datetime | None]:
    """The last time a row was due up to a moment, as far as it is worth knowing, and its first one after it."""
    zone = ZoneInfo(row["zone"])  # of one without a rule, too: it is what the owner is told it by
    if not row["rule"]:
        return due, None
    rule, start = Rule.parse(row["rule"]), from_text(row["starts_at"])
    since = max(due, moment - WORTH_RUNNING) - timedelta(seconds=1)
    latest = due
    for latest in takewhile(lambda each: each <= moment, rule.after(since, start, zone)):  # noqa: B007
        pass
    return latest, rule.next(moment, start, zone)
