"""When something recurs: every so long, by cron, or by an RRULE (RFC 5545), in the wall time of a zone.

Pure: moments in, moments out. A local time that a clock change skips is the moment of that change; one that happens
twice is meant once, the first time.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import islice, pairwise
from typing import Literal, Self
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError
from dateutil.rrule import rrule, rrulestr
from pydantic import BaseModel, ConfigDict

from jobs.times import first_valid

SHORTEST = timedelta(minutes=1)
"""Nothing recurs more often than this."""
LONGEST = timedelta(days=3660)
DAY = timedelta(days=1)
UNREADABLE = (ValueError, KeyError, TypeError, AttributeError, OverflowError, CronSimError)
"""What a rule raises that makes no sense."""
MOST_COUNTED = 1000
"""Occurrences that an RRULE may count to."""
_PERIODS = {"DAILY": DAY, "WEEKLY": 7 * DAY}
"""Frequencies of a fixed length in wall time: by whole intervals of it a rule's beginning may be moved."""
SAMPLE = 20
"""How many occurrences are looked at to see whether a rule recurs too often."""


class Rule(BaseModel):
    """A recurrence as it is stored: its kind and, by kind, a number of seconds, a cron expression or an RRULE."""

    model_config = ConfigDict(frozen=True)

    kind: Literal["every", "cron", "rrule"]
    text: str

    @classmethod
    def parse(cls, stored: str) -> Self:
        kind, _, text = stored.partition(" ")
        return cls.model_validate({"kind": kind, "text": text})

    def __str__(self) -> str:
        return f"{self.kind} {self.text}"

    def check(self, start: datetime, zone: ZoneInfo) -> None:
        """Raises ValueError with one sentence for whoever asked for this rule."""
        try:
            first = list(islice(self.after(start - timedelta(seconds=1), start, zone), SAMPLE))
        except CronSimError as error:
            how = "write five fields, as 0 9 * * 1-5"
            raise ValueError(f"{self.text!r} is not a cron expression ({error}); {how}") from None
        except UNREADABLE as error:
            raise ValueError(f"{self.text!r} is not a rule: {error}") from None
        if not first:
            raise ValueError(f"{self.text!r} never comes")
        if any(later - earlier < SHORTEST for earlier, later in pairwise(first)):
            raise ValueError("nothing may recur more often than once a minute")

    def after(self, moment: datetime, start: datetime, zone: ZoneInfo) -> Iterator[datetime]:
        """The occurrences after a moment, in UTC, none before `start`, without end unless the rule has one."""
        match self.kind:
            case "every":
                occurrences = _every(timedelta(seconds=int(self.text)), moment, start, zone)
            case "cron":
                begin = max(moment, start - timedelta(seconds=1))
                occurrences = (each.astimezone(UTC) for each in CronSim(self.text, begin.astimezone(zone)))
            case "rrule":
                occurrences = _by_rrule(self.text, moment, start, zone)
        last = moment
        for occurrence in occurrences:
            if occurrence > last and occurrence >= start:
                yield occurrence
                last = occurrence

    def next(self, moment: datetime, start: datetime, zone: ZoneInfo) -> datetime | None:
        """The first occurrence after a moment; None when there is none any more."""
        return next(self.after(moment, start, zone), None)


def _every(step: timedelta, moment: datetime, start: datetime, zone: ZoneInfo) -> Iterator[datetime]:
    """Whole days keep the wall time; anything else is so long, whatever the clocks do."""
    if not SHORTEST <= step <= LONGEST:
        raise ValueError("it has to be from one minute to ten years")
    if step % DAY:
        number = max(0, (moment - start) // step)
        while True:
            yield start + number * step
            number += 1
    local = start.astimezone(zone).replace(tzinfo=None)
    number = max(0, (moment - start) // step - 1)
    while True:
        yield first_valid(local + number * step, zone)
        number += 1


_UNTIL = re.compile(r"(?<=UNTIL=)(\d{8}T\d{6})Z", re.IGNORECASE)


def _in_zone(zone: ZoneInfo, until: re.Match[str]) -> str:
    """An end in UTC as the wall time of the zone, in which all is counted here."""
    moment = datetime.strptime(until[1], "%Y%m%dT%H%M%S").replace(tzinfo=UTC)
    return moment.astimezone(zone).strftime("%Y%m%dT%H%M%S")


def _rrule(text: str, start: datetime, zone: ZoneInfo, since: datetime) -> rrule:
    """The rule, made to begin shortly before `since` where that changes nothing: dateutil goes through all it has been.

    Where there is no occurrence at all it goes on to the year 9999, so what would take it seconds is refused.
    """
    bare = text.strip().upper().removeprefix("RRULE:")
    if "\n" in bare:
        raise ValueError("give one RRULE, without DTSTART, EXDATE or RDATE")
    parts = dict(part.partition("=")[::2] for part in bare.split(";"))
    frequency, interval = parts.get("FREQ", ""), int(parts.get("INTERVAL") or 1)
    if frequency in ("HOURLY", "MINUTELY", "SECONDLY"):  # dateutil goes through every hour there is
        raise ValueError(
            f"FREQ={frequency} is not taken; for what comes more often than daily use every_minutes or cron"
        )
    if parts.keys() & {"BYMONTHDAY", "BYSETPOS"} and frequency not in ("MONTHLY", "YEARLY"):
        raise ValueError("BYMONTHDAY and BYSETPOS go with FREQ=MONTHLY or FREQ=YEARLY")
    if int(parts.get("COUNT") or 0) > MOST_COUNTED:
        raise ValueError(f"COUNT may be {MOST_COUNTED} at most; give an end with UNTIL instead")
    rule = rrulestr(_UNTIL.sub(partial(_in_zone, zone), bare), dtstart=start)
    assert isinstance(rule, rrule)
    if "COUNT" in parts:
        return rule
    if frequency in _PERIODS and (periods := (since - start) // (_PERIODS[frequency] * interval) - 1) > 0:
        rule = rule.replace(dtstart=start + periods * _PERIODS[frequency] * interval)
    return rule


def _by_rrule(text: str, moment: datetime, start: datetime, zone: ZoneInfo) -> Iterator[datetime]:
    """Counted in wall time, from the local time of `start`."""
    local_start = start.astimezone(zone).replace(tzinfo=None, microsecond=0)
    since = moment.astimezone(zone).replace(tzinfo=None) - DAY  # the same wall time may be an hour earlier
    for local in _rrule(text, local_start, zone, since).xafter(since, inc=True):
        yield first_valid(local, zone)
