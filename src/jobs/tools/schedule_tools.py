"""The owner's tools for what is to happen at a time. They answer with the next three times: so a mistake is seen."""

from datetime import datetime, timedelta
from itertools import islice
from typing import Any, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import BaseModel, Field, model_validator

from jobs.db import Database, Row
from jobs.spine.tool import Effect, NoArguments, Tool, ToolError
from jobs.times import from_text, local_iso, now, parse_local, to_text
from jobs.tools.recurrence import Rule
from jobs.tools.scheduler import Scheduler
from jobs.users.repository import UsersRepository

SHOWN = 3
"""Times that are shown of what is to come."""


class When(BaseModel):
    at: str | None = Field(None, description="Local time, ISO 8601: 2026-11-25T18:00. With a rule: its beginning")
    in_minutes: float | None = Field(None, gt=0, le=525_600, description="Or: so many minutes from now")
    every_minutes: float | None = Field(None, gt=0, description="Again after so many minutes; 1440 is every day")
    cron: str | None = Field(None, description="Again by cron, five fields: 0 9 * * 1-5")
    rrule: str | None = Field(None, description="Again by an RRULE (RFC 5545): FREQ=MONTHLY;BYDAY=-1FR")
    zone: str | None = Field(None, description="IANA zone of the times, if it is not the owner's")

    @model_validator(mode="after")
    def _one_time(self) -> Self:
        if self.at and self.in_minutes:
            raise ValueError("give either at or in_minutes")
        if sum(each is not None for each in (self.every_minutes, self.cron, self.rrule)) > 1:
            raise ValueError("give one of every_minutes, cron and rrule")
        return self

    @property
    def is_given(self) -> bool:
        return any((self.at, self.in_minutes, self.every_minutes, self.cron, self.rrule))


class ScheduleTask(When):
    text: str = Field(min_length=1, max_length=3000, description="A text to say to the owner, or the prompt to run")
    kind: Literal["text", "prompt"] = Field("text", description="prompt: you get the text as a message when it is due")
    missed: Literal["run", "skip", "ask"] = Field("run", description="When Jobs was off: run once, skip, or ask")

    @model_validator(mode="after")
    def _some_time(self) -> Self:
        if not self.is_given:
            raise ValueError("say when: at, in_minutes, every_minutes, cron or rrule")
        return self


class UpdateScheduledTask(When):
    task_id: int
    text: str | None = Field(None, min_length=1, max_length=3000)
    missed: Literal["run", "skip", "ask"] | None = None
    paused: bool | None = Field(None, description="true: it waits; false: it goes on")


class OneScheduledTask(BaseModel):
    task_id: int


class ScheduleTools:
    def __init__(self, db: Database, users: UsersRepository, scheduler: Scheduler) -> None:
        self._db = db
        self._users = users
        self._scheduler = scheduler

    def tools(self) -> list[Tool[Any]]:
        return [
            Tool(
                "schedule_task",
                "Have a text said to the owner, or a prompt run by you, at a moment or again and again. It happens by "
                "itself. Tell the owner the next times from the answer.",
                ScheduleTask,
                self.schedule,
                has_effect=True,
            ),
            Tool("list_scheduled_tasks", "What is still to come.", NoArguments, self.list_waiting),
            Tool(
                "update_scheduled_task",
                "Change the text or the times, snooze it (in_minutes), pause it or let it go on.",
                UpdateScheduledTask,
                self.update,
                has_effect=True,
            ),
            Tool("cancel_scheduled_task", "Take it back.", OneScheduledTask, self.cancel, has_effect=True),
            Tool(
                "run_scheduled_task_now", "Do it now, besides its times.", OneScheduledTask, self.run, has_effect=True
            ),
        ]

    async def schedule(self, call: ScheduleTask) -> Effect:
        zone = self._zone(call)
        due, rule, start = self._times(call, zone)

        def effect() -> Any:
            same = self._db.one(
                """SELECT * FROM scheduled_tasks WHERE state = 'waiting' AND kind = ? AND text = ? AND zone = ?
                   AND rule IS ? AND (rule IS NOT NULL OR due_at = ?)""",
                (call.kind, call.text, zone.key, str(rule) if rule else None, to_text(due)),
            )
            if same:
                return {"task": _shown(same), "note": "This was scheduled already; nothing was added."}
            row = self._db.execute(
                """INSERT INTO scheduled_tasks (text, kind, due_at, zone, rule, starts_at, missed, created_at)
                   VALUES (?, ?, ?, ?, ?, ?, ?, ?) RETURNING *""",
                (
                    call.text,
                    call.kind,
                    to_text(due),
                    zone.key,
                    str(rule) if rule else None,
                    to_text(start),
                    call.missed,
                    to_text(now()),
                ),
            )[0]
            self._scheduler.look_soon()
            return {"task": _shown(row)}

        return effect

    async def list_waiting(self, _: NoArguments) -> Any:
        rows = self._db.execute("SELECT * FROM scheduled_tasks WHERE state = 'waiting' ORDER BY due_at")
        return {"tasks": [_shown(row) for row in rows]}

    async def update(self, call: UpdateScheduledTask) -> Effect:
        row = self._waiting(call.task_id, or_fired=True)
        zone = self._zone(call) if call.zone else ZoneInfo(row["zone"])
        due, rule, start = from_text(row["due_at"]), row["rule"], row["starts_at"]
        if call.is_given:
            due, new_rule, begins = self._times(call, zone)
            start = to_text(begins)
            rule = str(new_rule) if new_rule else None
            if call.in_minutes and row["rule"]:  # a snooze: its rule goes on afterwards
                rule, start = row["rule"], row["starts_at"]
        elif row["state"] == "fired":
            raise ToolError("It has been done already; say when it is to come again.")
        paused = {True: "by the owner", False: None, None: row["paused"]}[call.paused]

        def effect() -> Any:
            changed = self._db.execute(
                """UPDATE scheduled_tasks SET text = ?, due_at = ?, rule = ?, starts_at = ?, zone = ?, missed = ?,
                   paused = ?, state = 'waiting' WHERE id = ? RETURNING *""",
                (
                    call.text or row["text"],
                    to_text(due),
                    rule,
                    start,
                    zone.key,
                    call.missed or row["missed"],
                    paused,
                    row["id"],
                ),
            )[0]
            self._scheduler.look_soon()
            return {"task": _shown(changed)}

        return effect

    async def cancel(self, call: OneScheduledTask) -> Effect:
        row = self._waiting(call.task_id)

        def effect() -> Any:
            self._db.execute("UPDATE scheduled_tasks SET state = 'cancelled' WHERE id = ?", (row["id"],))
            self._scheduler.look_soon()
            return {"cancelled": _shown(row)}

        return effect

    async def run(self, call: OneScheduledTask) -> Effect:
        row = self._waiting(call.task_id, or_fired=True)
        return lambda: {"outcome": self._scheduler.fire(row, now()), "task": _shown(row)}

    # ---------------------------------------------------------------- helpers

    def _waiting(self, task_id: int, *, or_fired: bool = False) -> Row:
        row = self._db.one("SELECT * FROM scheduled_tasks WHERE id = ?", (task_id,))
        if row is None or row["state"] not in ("waiting", *(["fired"] if or_fired else [])):
            raise ToolError(f"There is no waiting scheduled task {task_id}.")
        return row

    def _zone(self, call: When) -> ZoneInfo:
        if call.zone is None:
            return self._users.owner().zone
        try:
            return ZoneInfo(call.zone)
        except (KeyError, OSError, ValueError):
            raise ToolError(f"{call.zone!r} is no time zone; use an IANA name such as Europe/Moscow.") from None

    def _times(self, call: When, zone: ZoneInfo) -> tuple[datetime, Rule | None, datetime]:
        """When it is due next, its rule, and what the rule counts from."""
        present = now()
        first = present + timedelta(minutes=call.in_minutes) if call.in_minutes else present
        if call.at:
            try:
                first = parse_local(call.at, zone)
            except ValueError as error:
                raise ToolError(f"The time: {error}.") from None
        rule = _rule(call)
        if rule is None:
            if first < present:
                raise ToolError(f"{local_iso(first, zone)} has passed already; it is {local_iso(present, zone)} now.")
            return first, None, first
        try:
            rule.check(first, zone)
        except ValueError as error:
            raise ToolError(f"The rule: {error}.") from None
        since = max(present, first - timedelta(seconds=1)) if call.at or call.in_minutes else first
        due = rule.next(since, first, zone)
        if due is None:
            raise ToolError("By that rule it never comes again.")
        return due, rule, first


def _rule(call: When) -> Rule | None:
    if call.every_minutes is not None:
        return Rule(kind="every", text=str(round(call.every_minutes * 60)))
    if call.cron is not None:
        return Rule(kind="cron", text=call.cron)
    return Rule(kind="rrule", text=call.rrule) if call.rrule is not None else None


def _shown(row: Row) -> dict[str, Any]:
    """As a model is shown it: the next times are local, with their offset."""
    due, zone = from_text(row["due_at"]), ZoneInfo(row["zone"])
    times = [due]
    if row["rule"]:
        times += islice(Rule.parse(row["rule"]).after(due, from_text(row["starts_at"]), zone), SHOWN - 1)
    shown = {
        "id": row["id"],
        "text": row["text"],
        "kind": row["kind"],
        "next": [local_iso(each, zone) for each in times],
        "weekdays": [f"{each.astimezone(zone):%A}" for each in times],
        "zone": row["zone"],
        "rule": row["rule"],
        "missed": row["missed"],
        "paused": row["paused"],
    }
    return {name: value for name, value in shown.items() if value is not None}
