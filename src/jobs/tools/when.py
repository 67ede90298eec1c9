"""When something is to happen, as a session says it: checked, and made a moment and a rule."""

from datetime import datetime, timedelta
from typing import Self
from zoneinfo import ZoneInfo

from pydantic import BaseModel, Field, model_validator

from jobs.spine.tool import ToolError
from jobs.times import local_iso, now, parse_local
from jobs.tools.recurrence import Rule

LONGEST_AHEAD = timedelta(days=3660)
"""Nothing is planned further ahead than ten years."""


class When(BaseModel):
    at: str | None = Field(None, description="Local time, ISO 8601: 2026-11-25T18:00. With a rule: its beginning")
    in_minutes: float | None = Field(None, gt=0, le=525_600, description="Or: so many minutes from now")
    every_minutes: float | None = Field(None, gt=0, description="Again after so many minutes; 1440 is every day")
    cron: str | None = Field(None, max_length=200, description="Again by cron, five fields: 0 9 * * 1-5")
    rrule: str | None = Field(
        None, max_length=500, description="Again by an RRULE (RFC 5545): FREQ=MONTHLY;BYDAY=-1FR, …;UNTIL=20270501"
    )
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

    def in_zone(self, default: ZoneInfo) -> ZoneInfo:
        """The zone that the times are meant in. Raises ToolError."""
        if self.zone is None:
            return default
        try:
            return ZoneInfo(self.zone)
        except (KeyError, OSError, ValueError):
            raise ToolError(f"{self.zone!r} is no time zone; use an IANA name such as Europe/Moscow.") from None

    def times(self, zone: ZoneInfo) -> tuple[datetime, Rule | None, datetime]:
        """When it is due next, its rule, and what the rule counts from. Raises ToolError."""
        present = now()
        first = self._first(present, zone)
        rule = self._rule()
        if rule is None:
            if first < present:
                raise ToolError(f"{local_iso(first, zone)} has passed already; it is {local_iso(present, zone)} now.")
            return first, None, first
        try:
            rule.check(first, zone)
        except ValueError as error:
            raise ToolError(f"The rule: {error}.") from None
        since = max(present, first - timedelta(seconds=1)) if self.at or self.in_minutes else first
        due = rule.next(since, first, zone)
        if due is None:
            raise ToolError("By that rule it never comes again.")
        return due, rule, first

    def _first(self, present: datetime, zone: ZoneInfo) -> datetime:
        if not self.at:
            return present + timedelta(minutes=self.in_minutes or 0)
        try:
            first = parse_local(self.at, zone)
        except (ValueError, OverflowError) as error:
            raise ToolError(f"The time: {error}.") from None
        if abs(first - present) > LONGEST_AHEAD:
            raise ToolError(f"{self.at} is more than ten years from now.")
        return first

    def _rule(self) -> Rule | None:
        if self.every_minutes is not None:
            return Rule(kind="every", text=str(round(self.every_minutes * 60)))
        if self.cron is not None:
            return Rule(kind="cron", text=self.cron)
        return Rule(kind="rrule", text=self.rrule) if self.rrule is not None else None
