"""The ladder of reminders as data (`ladder.json`): which moments around a deadline are its steps.

A step is so many days after the day of the deadline (before it: negative) at a local time of day; the last may repeat
daily. After `unanswered` reminders without an answer the owner is told instead. A step within `rest_hours` of when the
task was last spoken of is left out.
"""

from datetime import UTC, datetime, time, timedelta
from functools import cache
from importlib import resources
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict

BEFORE = timedelta(hours=1)
"""A step of the deadline's own day comes at least so long before it."""


class Step(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    days: int
    at: time
    repeat: bool = False


class Ladder(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    steps: tuple[Step, ...]
    unanswered: int
    rest_hours: float

    def next_after(
        self, moment: datetime, deadline: datetime, zone: ZoneInfo, *, overdue: bool = True
    ) -> datetime | None:
        """The first step after `moment`, in UTC; None when there is none. Without `overdue` only those before it."""
        found = [step for each in self.steps if (step := self._moment(each, moment, deadline, zone))]
        return min((step for step in found if overdue or step < deadline), default=None)

    def _moment(self, step: Step, after: datetime, deadline: datetime, zone: ZoneInfo) -> datetime | None:
        """When this step comes, if that is after `after`; one that repeats: the next time it does."""
        earliest = after + timedelta(hours=self.rest_hours)
        day = deadline.astimezone(zone).date() + timedelta(days=step.days)
        if step.repeat:
            day = max(day, earliest.astimezone(zone).date())
        moment = datetime.combine(day, step.at, zone).astimezone(UTC)
        if step.days == 0:
            moment = min(moment, deadline - BEFORE)
        if step.repeat and moment < earliest:
            moment = datetime.combine(day + timedelta(days=1), step.at, zone).astimezone(UTC)
        return moment if moment >= earliest else None


@cache
def ladder() -> Ladder:
    """The ladder that comes with Jobs."""
    text = (resources.files("jobs.tools") / "ladder.json").read_text(encoding="utf-8")
    return Ladder.model_validate_json(text)
