"""What may be done with a scheduled task by whoever may: the tools and the commands call the same methods."""

from datetime import datetime
from zoneinfo import ZoneInfo

from jobs.db import Database, Row
from jobs.spine.model import Choice
from jobs.spine.outbox import Outbox
from jobs.texts import say, say_time
from jobs.times import from_text, now, to_text
from jobs.tools.recurrence import Rule
from jobs.tools.schedule_runs import Firing, Outcome
from jobs.tools.scheduler import Scheduler
from jobs.users.model import Person
from jobs.users.notices import label, quoted
from jobs.users.repository import LARGEST_ID, UsersRepository


class Schedules:
    def __init__(self, db: Database, outbox: Outbox, users: UsersRepository, scheduler: Scheduler) -> None:
        self._db = db
        self._outbox = outbox
        self._users = users
        self._scheduler = scheduler
        self.runs = scheduler.runs

    def changed(self) -> None:
        """Something may be due earlier now."""
        self._scheduler.timer.soon()

    def get(self, task_id: int) -> Row | None:
        if abs(task_id) > LARGEST_ID:
            return None
        return self._db.one("SELECT * FROM scheduled_tasks WHERE id = ?", (task_id,))

    def waiting(self) -> list[Row]:
        """All that is still to come, or is paused, soonest first."""
        return self._db.execute("SELECT * FROM scheduled_tasks WHERE state = 'waiting' ORDER BY due_at")

    def cancel(self, row: Row) -> None:
        self._db.execute("UPDATE scheduled_tasks SET state = 'cancelled' WHERE id = ?", (row["id"],))
        self.changed()

    def pause(self, row: Row) -> None:
        self._db.execute("UPDATE scheduled_tasks SET paused = 'owner' WHERE id = ?", (row["id"],))
        self.changed()

    def resume(self, row: Row) -> Row:
        """Let it go on: what recurs at its next time, what happens once now, if its time has passed."""
        due, moment = from_text(row["due_at"]), now()
        if due <= moment:
            zone, start = ZoneInfo(row["zone"]), from_text(row["starts_at"] or row["due_at"])
            following = Rule.parse(row["rule"]).next(moment, start, zone) if row["rule"] else None
            due = following or moment
        resumed = self._db.execute(
            "UPDATE scheduled_tasks SET paused = NULL, failure = NULL, due_at = ? WHERE id = ? RETURNING *",
            (to_text(due), row["id"]),
        )[0]
        self.changed()
        return resumed

    def run_now(self, row: Row) -> Outcome:
        """Do it now, besides its times."""
        return self._scheduler.fire_now(row)

    def show_first(self, row: Row, target: Person) -> Row:
        """A text for somebody else waits until the owner has seen it and says yes."""
        paused = self._db.execute(
            "UPDATE scheduled_tasks SET paused = 'unseen' WHERE id = ? RETURNING *", (row["id"],)
        )[0]
        owner = self._users.owner()
        when = say_time(from_text(row["due_at"]), owner.zone, owner.language)
        again = say("schedule_again" if row["rule"] else "schedule_once", owner.language)
        text = say(
            "schedule_unseen",
            owner.language,
            id=row["id"],
            name=label(target),
            when=when,
            again=again,
            text=quoted(row["text"]),
        )
        choices = (
            Choice(say("choice_allow", owner.language), f"/schedule resume {row['id']}"),
            Choice(say("choice_cancel_schedule", owner.language), f"/schedule cancel {row['id']}"),
        )
        self._outbox.ask(f"schedule:{row['id']}:{to_text(now())}:unseen", owner.id, text, choices)
        return paused

    # --------------------------------------------------------------- reminders

    def snooze(self, row: Row, until: datetime) -> Row:
        """Have it once more at a moment. What recurs keeps its times: the snoozed one is a task of its own."""
        if row["rule"] is None:
            moved = self._db.execute(
                "UPDATE scheduled_tasks SET due_at = ?, state = 'waiting', paused = NULL WHERE id = ? RETURNING *",
                (to_text(until), row["id"]),
            )[0]
        else:
            moved = self._db.execute(
                """INSERT INTO scheduled_tasks (text, kind, due_at, zone, starts_at, missed, created_at, session,
                       target, model, budget_usd, quiet)
                   SELECT text, kind, :due, zone, :due, 'run', :now, session, target, model, budget_usd, quiet
                   FROM scheduled_tasks WHERE id = :id RETURNING *""",
                {"due": to_text(until), "now": to_text(now()), "id": row["id"]},
            )[0]
        self.changed()
        return moved

    def acknowledge(self, row: Row) -> None:
        """The owner has done what the last reminder was about; one that was snoozed is not said again."""
        self._db.execute(
            """UPDATE schedule_runs SET acknowledged = ? WHERE task_id = ? AND due_at = (
                   SELECT max(due_at) FROM schedule_runs WHERE task_id = ?)""",
            (to_text(now()), row["id"], row["id"]),
        )
        if row["rule"] is None and row["state"] == "waiting":
            self._db.execute("UPDATE scheduled_tasks SET state = 'fired' WHERE id = ?", (row["id"],))
            self.changed()

    def answered(self, occasion: str | None) -> int | None:
        """The number of the task whose reminder the owner's words answer.

        `occasion`: what they reply to; without a reply it is the reminder that was said last in their chat, if nobody
        has said anything since.
        """
        if occasion is None:
            last = self._db.one(
                "SELECT key, attempts, created_at FROM outbox WHERE chat = :owner ORDER BY id DESC LIMIT 1",
                {"owner": self._users.owner_id},
            )
            since = self._db.value(
                "SELECT max(created_at) FROM inbox WHERE lane = ? AND origin = 'owner'", (self._users.owner_id,)
            )
            if last is None or last["attempts"] == 0 or (since or "") >= last["created_at"]:
                return None
            occasion = last["key"]
        firing = Firing.of(occasion)
        return firing.task_id if firing else None
