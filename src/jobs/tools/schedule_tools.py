"""The tools for what is to happen at a time. They answer with the next three times in words: so a mistake is seen."""

import asyncio
from datetime import datetime, timedelta
from functools import partial
from itertools import islice
from typing import Any, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import BaseModel, Field, model_validator

from jobs.db import Database, Row
from jobs.spine.model import Origin
from jobs.spine.tool import Effect, Tool, ToolError
from jobs.texts import say_time
from jobs.times import from_text, local_iso, now, to_text
from jobs.tools.checks import When as CheckWhen
from jobs.tools.recurrence import Rule
from jobs.tools.schedule_runs import Firing
from jobs.tools.schedules import Schedules
from jobs.tools.when import When
from jobs.users.model import Person
from jobs.users.people import PeopleFinder
from jobs.users.repository import UsersRepository

SHOWN = 3
"""Times that are shown of what is to come."""
LISTED = 50
"""Tasks that are shown at once."""
SAME = timedelta(minutes=1)
"""Two moments so near are meant as one, when the same is scheduled twice."""


class ScheduleTask(When):
    text: str = Field(min_length=1, max_length=3000, description="A text to say to the owner, or the prompt to run")
    kind: Literal["text", "prompt"] = Field("text", description="prompt: a session gets the text when it is due")
    session: Literal["owner", "isolated"] = Field(
        "owner",
        description="Of a prompt. owner: you, in this conversation. isolated: a new session each time, with memory and "
        "tools but without this conversation; its answer is sent. For work that needs no conversation",
    )
    to: str | None = Field(None, description="Somebody else than the owner who is to get it; the owner sees it first")
    model: str | None = Field(None, max_length=200, description="isolated: a model of its own")
    budget_usd: float | None = Field(None, gt=0, le=100, description="isolated: what one run may cost")
    quiet: bool = Field(False, description="isolated: its answer is not sent; it notifies the owner if it has to")
    may_schedule: bool = Field(False, description="Its runs may schedule more: only if the owner asked for that")
    check: str | None = Field(
        None, min_length=1, max_length=2000, description="A shell command that runs first and decides whether to go on"
    )
    check_when: CheckWhen = Field("succeeds", description="Go on when the check succeeds, fails, prints or changes")
    missed: Literal["run", "skip", "ask"] = Field("run", description="When Jobs was off: run once, skip, or ask")

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        if not self.is_given:
            raise ValueError("say when: at, in_minutes, every_minutes, cron or rrule")
        if self.session == "isolated" and self.kind == "text":
            raise ValueError("a text is said by code: only a prompt has a session")
        if self.session == "owner" and (self.model or self.budget_usd or self.quiet):
            raise ValueError("model, budget_usd and quiet are for an isolated session")
        if self.to and self.kind == "prompt" and (self.session == "owner" or self.quiet):
            raise ValueError("a prompt whose answer is for somebody else runs isolated, and not quiet")
        return self


class UpdateScheduledTask(When):
    task_id: int
    text: str | None = Field(None, min_length=1, max_length=3000)
    missed: Literal["run", "skip", "ask"] | None = None
    paused: bool | None = Field(None, description="true: it waits; false: it goes on")


class OneScheduledTask(BaseModel):
    task_id: int


class ListScheduledTasks(BaseModel):
    containing: str | None = Field(None, description="Only those with these words in their text")


class ScheduleTools:
    def __init__(self, db: Database, users: UsersRepository, schedules: Schedules, people: PeopleFinder) -> None:
        self._db = db
        self._users = users
        self._schedules = schedules
        self._people = people

    def tools(self, lane: int) -> list[Tool[Any]]:
        """For the session of a lane: what a scheduled run may not do, it is refused there."""
        return [
            Tool(
                "schedule_task",
                "Have a text said, or a prompt run, at a moment or again and again. It happens by itself. Tell the "
                "owner the next times from the answer.",
                ScheduleTask,
                partial(self.schedule, lane=lane),
                has_effect=True,
            ),
            Tool("list_scheduled_tasks", "What is still to come.", ListScheduledTasks, self.list_waiting),
            Tool(
                "update_scheduled_task",
                "Change the text or the times, snooze it (in_minutes), pause it or let it go on.",
                UpdateScheduledTask,
                partial(self.update, lane=lane),
                has_effect=True,
            ),
            Tool("cancel_scheduled_task", "Take it back.", OneScheduledTask, self.cancel, has_effect=True),
            Tool(
                "run_scheduled_task_now", "Do it now, besides its times.", OneScheduledTask, self.run, has_effect=True
            ),
        ]

    async def schedule(self, call: ScheduleTask, lane: int | None = None) -> Effect:
        self._refuse_scheduled_runs(lane)
        owner = self._users.owner()
        zone = call.in_zone(owner.zone)
        due, rule, start = await asyncio.to_thread(call.times, zone)  # a rule that never comes takes a while
        target = await self._people.one(call.to) if call.to else None

        def effect() -> Any:
            if same := self._same(call, due, rule, zone, target):
                return {"task": shown(same, owner), "note": "This was scheduled already; nothing was added."}
            row = self._db.execute(
                """INSERT INTO scheduled_tasks (text, kind, due_at, zone, rule, starts_at, missed, created_at, session,
                       target, model, budget_usd, quiet, may_schedule, check_command, check_when)
                   VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING *""",
                (
                    call.text,
                    call.kind,
                    to_text(due),
                    zone.key,
                    str(rule) if rule else None,
                    to_text(start),
                    call.missed,
                    to_text(now()),
                    call.session,
                    target.id if target else None,
                    call.model,
                    call.budget_usd,
                    int(call.quiet),
                    int(call.may_schedule),
                    call.check,
                    call.check_when if call.check else None,
                ),
            )[0]
            if target and call.kind == "text":
                return {"task": shown(self._schedules.show_first(row, target), owner), "note": UNSEEN}
            self._schedules.changed()
            return {"task": shown(row, owner)}

        return effect

    async def list_waiting(self, call: ListScheduledTasks) -> Any:
        owner = self._users.owner()
        rows = self._schedules.waiting()
        if call.containing:
            rows = [row for row in rows if call.containing.casefold() in row["text"].casefold()]
        listed: dict[str, Any] = {"tasks": [shown(row, owner) for row in rows[:LISTED]]}
        return {**listed, "more": len(rows) - LISTED} if len(rows) > LISTED else listed

    async def update(self, call: UpdateScheduledTask, lane: int | None = None) -> Effect:
        owner = self._users.owner()
        row = self._waiting(call.task_id, or_fired=True)
        zone = call.in_zone(ZoneInfo(row["zone"]))
        due, rule, start = from_text(row["due_at"]), row["rule"], row["starts_at"]
        if call.is_given:
            self._refuse_scheduled_runs(lane)
            due, new_rule, begins = await asyncio.to_thread(call.times, zone)
            start = to_text(begins)
            rule = str(new_rule) if new_rule else None
            if call.in_minutes and row["rule"] and new_rule is None:  # a snooze: its rule goes on afterwards
                rule, start = row["rule"], row["starts_at"]
        elif row["state"] == "fired":
            raise ToolError("It has been done already; say when it is to come again.")
        if row["paused"] == "unseen" and call.paused is False:
            raise ToolError("It is for somebody else, and waits for the owner's yes: they were asked.")
        paused = row["paused"] if call.paused is None else "owner" if call.paused else None
        target = self._users.get(row["target"]) if row["target"] is not None else None

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
            if call.text and target and row["kind"] == "text":
                return {"task": shown(self._schedules.show_first(changed, target), owner), "note": UNSEEN}
            if row["paused"] and paused is None:
                changed = self._schedules.resume(changed)
            self._schedules.changed()
            return {"task": shown(changed, owner)}

        return effect

    async def cancel(self, call: OneScheduledTask) -> Effect:
        row = self._waiting(call.task_id)

        def effect() -> Any:
            self._schedules.cancel(row)
            return {"cancelled": shown(row, self._users.owner())}

        return effect

    async def run(self, call: OneScheduledTask) -> Effect:
        row = self._waiting(call.task_id, or_fired=True)
        if row["paused"] == "unseen":
            raise ToolError("It is for somebody else, and waits for the owner's yes: they were asked.")
        return lambda: {"outcome": self._schedules.run_now(row), "task": shown(row, self._users.owner())}

    # ---------------------------------------------------------------- helpers

    def _waiting(self, task_id: int, *, or_fired: bool = False) -> Row:
        row = self._schedules.get(task_id)
        if row is None or row["state"] not in ("waiting", *(["fired"] if or_fired else [])):
            raise ToolError(f"There is no waiting scheduled task {task_id}.")
        return row

    def _same(
        self, call: ScheduleTask, due: datetime, rule: Rule | None, zone: ZoneInfo, target: Person | None
    ) -> Row | None:
        """One that waits and is the same in everything that matters, but for the letters' case and spaces."""
        rows = self._db.execute(
            """SELECT * FROM scheduled_tasks WHERE state = 'waiting' AND rule IS ? AND kind = ? AND zone = ?
               AND session = ? AND target IS ? AND check_command IS ?""",
            (
                str(rule) if rule else None,
                call.kind,
                zone.key,
                call.session,
                target.id if target else None,
                call.check,
            ),
        )
        begins_itself = rule is not None and (rule.kind == "cron" or not call.at)
        for row in rows:
            is_then = begins_itself or abs(from_text(row["due_at"]) - due) < SAME
            if is_then and _bare(row["text"]) == _bare(call.text):
                return row
        return None

    def _refuse_scheduled_runs(self, lane: int | None) -> None:
        """A run that a schedule has begun makes no schedules, unless its task says so: else they multiply.

        Where the owner has written into the same turn, it is the owner who asks.
        """
        rows = self._db.execute(
            """SELECT key, origin FROM inbox WHERE state = 'taken' AND turn_id IN (
                   SELECT id FROM turns WHERE lane = ? AND state = 'running')""",
            (lane,),
        )
        if any(row["origin"] == Origin.OWNER for row in rows):
            return
        for row in rows:
            firing = Firing.of(row["key"])
            task = self._schedules.get(firing.task_id) if firing else None
            if row["origin"] in (Origin.SCHEDULE, Origin.EXTERNAL) and not (task and task["may_schedule"]):
                raise ToolError("This run was begun by a schedule or an event, and may not schedule anything itself.")


UNSEEN = "It is for somebody else: code has shown it to the owner, and it begins when they say yes."


def _bare(text: str) -> str:
    return " ".join(text.casefold().split()).strip(" .!")


def shown(row: Row, owner: Person) -> dict[str, Any]:
    """As a model is shown it: the next times local with their offset, and in words as the owner reads them."""
    due, zone = from_text(row["due_at"]), ZoneInfo(row["zone"])
    times = [due]
    if row["rule"]:
        times += islice(Rule.parse(row["rule"]).after(due, from_text(row["starts_at"]), zone), SHOWN - 1)
    values = {
        "id": row["id"],
        "text": row["text"],
        "kind": row["kind"],
        "next": [local_iso(each, zone) for each in times],
        "in_words": [say_time(each, owner.zone, owner.language) for each in times],
        "zone": row["zone"],
        "rule": row["rule"],
        "missed": row["missed"],
        "session": row["session"] if row["kind"] == "prompt" else None,
        "to": row["target"],
        "check": row["check_command"],
        "check_when": row["check_when"],
        "model": row["model"],
        "budget_usd": row["budget_usd"],
        "quiet": bool(row["quiet"]) or None,
        "paused": row["paused"],
        "failure": row["failure"] if row["paused"] == "failed" else None,
    }
    return {name: value for name, value in values.items() if value is not None}
