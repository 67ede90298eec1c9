"""Reminders: a text for the owner at a moment. Time is data in `scheduled_tasks`; one timer waits for the next row."""

import asyncio
from datetime import timedelta
from typing import Any, Self
from zoneinfo import ZoneInfo

import apsw
import structlog
from pydantic import BaseModel, Field, model_validator

from jobs.db import Database, Row
from jobs.spine.model import OutboxKind
from jobs.spine.outbox import Outbox
from jobs.spine.switches import FROZEN, is_on
from jobs.spine.tool import Effect, NoArguments, Tool, ToolError
from jobs.texts import say
from jobs.times import from_text, local_iso, now, parse_local, to_text
from jobs.users.repository import UsersRepository

log = structlog.get_logger()

LONGEST_SLEEP = 3600.0
"""Seconds; the timer looks at the clock at least this often, so that a clock that was set is noticed."""
STORAGE_PAUSE = 5.0
"""Seconds before a reminder is tried again after the database refused to be written (a full disk)."""


class ScheduleTask(BaseModel):
    text: str = Field(min_length=1, max_length=3000, description="What to remind the owner of, in their language")
    at: str | None = Field(None, description="Local time of the owner, ISO 8601: 2026-11-25T18:00")
    in_minutes: float | None = Field(None, gt=0, le=525_600, description="Or: so many minutes from now")

    @model_validator(mode="after")
    def _one_time(self) -> Self:
        if (self.at is None) == (self.in_minutes is None):
            raise ValueError("give either at or in_minutes")
        return self


class CancelScheduledTask(BaseModel):
    task_id: int


class Scheduler:
    """Fires what is due into the outbox, once each, and says the rest when its time comes."""

    def __init__(self, db: Database, outbox: Outbox, users: UsersRepository) -> None:
        self._db = db
        self._outbox = outbox
        self._users = users
        self._timer: asyncio.TimerHandle | None = None
        self._running = False

    def start(self) -> None:
        """Fire what fell due while Jobs was away, and wait for the next."""
        self._running = True
        self.look()

    def stop(self) -> None:
        self._running = False
        if self._timer:
            self._timer.cancel()

    def look(self) -> None:
        """Say what is due and set the timer for what follows; while all is frozen, whoever thaws it calls this."""
        if not self._running:
            return
        try:
            self._fire_due()
        except apsw.Error as error:
            log.error("reminder not stored", error=str(error))
            self._timer = asyncio.get_running_loop().call_later(STORAGE_PAUSE, self.look)
        else:
            self._wait()

    def _fire_due(self) -> None:
        """Each row and its message in one transaction: it is fired and said, or neither."""
        if is_on(self._db, FROZEN):
            return
        for row in self._db.execute(
            "SELECT * FROM scheduled_tasks WHERE state = 'waiting' AND due_at <= ? ORDER BY due_at", (to_text(now()),)
        ):
            with self._db.transaction():
                self._db.execute("UPDATE scheduled_tasks SET state = 'fired' WHERE id = ?", (row["id"],))
                owner = self._users.owner()
                text = say("reminder", owner.language, text=row["text"])
                self._outbox.say(f"schedule:{row['id']}:{row['due_at']}", owner.id, OutboxKind.NOTICE, text)

    def _wait(self) -> None:
        if self._timer:
            self._timer.cancel()
            self._timer = None
        next_due = self._db.value("SELECT min(due_at) FROM scheduled_tasks WHERE state = 'waiting'")
        if self._running and next_due and not is_on(self._db, FROZEN):
            delay = max(0.0, (from_text(next_due) - now()).total_seconds())
            self._timer = asyncio.get_running_loop().call_later(min(delay, LONGEST_SLEEP), self.look)

    # ------------------------------------------------------------------ tools

    def tools(self) -> list[Tool[Any]]:
        return [
            Tool(
                "schedule_task",
                "Remind the owner of something at a moment. It is said by itself; nothing more has to be done.",
                ScheduleTask,
                self.schedule,
                has_effect=True,
            ),
            Tool("list_scheduled_tasks", "Reminders still to come.", NoArguments, self.list_waiting),
            Tool("cancel_scheduled_task", "Take a reminder back.", CancelScheduledTask, self.cancel, has_effect=True),
        ]

    async def schedule(self, call: ScheduleTask) -> Effect:
        zone = self._users.owner().zone
        if call.in_minutes is not None:
            due = now() + timedelta(minutes=call.in_minutes)
        else:
            try:
                due = parse_local(call.at or "", zone)
            except ValueError as error:
                raise ToolError(f"The time: {error}.") from None
            if due <= now():
                raise ToolError(f"{local_iso(due, zone)} has passed already; it is {local_iso(now(), zone)} now.")

        def effect() -> Any:
            row = self._db.execute(
                "INSERT INTO scheduled_tasks (text, due_at, zone, created_at) VALUES (?, ?, ?, ?) RETURNING *",
                (call.text, to_text(due), zone.key, to_text(now())),
            )[0]
            self._wait()
            return {"task": _shown(row)}

        return effect

    async def list_waiting(self, _: NoArguments) -> Any:
        rows = self._db.execute("SELECT * FROM scheduled_tasks WHERE state = 'waiting' ORDER BY due_at")
        return {"tasks": [_shown(row) for row in rows]}

    async def cancel(self, call: CancelScheduledTask) -> Effect:
        def effect() -> Any:
            rows = self._db.execute(
                "UPDATE scheduled_tasks SET state = 'cancelled' WHERE id = ? AND state = 'waiting' RETURNING *",
                (call.task_id,),
            )
            if not rows:
                raise ToolError(f"There is no waiting reminder {call.task_id}.")
            self._wait()
            return {"cancelled": _shown(rows[0])}

        return effect


def _shown(row: Row) -> dict[str, Any]:
    due = local_iso(from_text(row["due_at"]), ZoneInfo(row["zone"]))
    return {"id": row["id"], "text": row["text"], "next": [due], "zone": row["zone"]}
