"""Times: aware UTC inside, an IANA zone where a person is concerned."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Self
from zoneinfo import ZoneInfo

GAP = timedelta(hours=26)
"""More than any clock change has ever skipped (a day, on Samoa in 2011)."""

END_OF_DAY = time(23, 59)
"""What a deadline without a time of day means."""


def now() -> datetime:
    """The present, aware, in UTC."""
    return datetime.now(UTC)


def to_text(moment: datetime) -> str:
    """As it is stored: UTC, ISO 8601, milliseconds, "Z". Raises ValueError on a naive moment."""
    if moment.tzinfo is None:
        raise ValueError("a moment needs its zone")
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def from_text(text: str) -> datetime:
    """The inverse of `to_text`."""
    return datetime.fromisoformat(text).astimezone(UTC)


def parse_local(text: str, zone: ZoneInfo) -> datetime:
    """An ISO 8601 date or date-time as a moment in UTC; without an offset it is meant in `zone`.

    A date alone is the end of that day. A local time that a clock change skips is the moment of that change; one that
    happens twice is the first (PEP 495, fold=0). Raises ValueError with a sentence for the caller.
    """
    text = text.strip()
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text!r} is not a date; write it as 2026-11-25 or 2026-11-25T18:00") from None
    if re.fullmatch(r"\d{4}-?\d{2}-?\d{2}", text):
        moment = datetime.combine(moment.date(), END_OF_DAY)
    if moment.tzinfo is None:
        return first_valid(moment, zone)
    return moment.astimezone(UTC)


def first_valid(local: datetime, zone: ZoneInfo) -> datetime:
    """A wall time (naive) as a moment in UTC: the first of two, or the end of the gap that skips it."""
    moment = local.replace(tzinfo=zone).astimezone(UTC)
    if moment.astimezone(zone).replace(tzinfo=None) == local:
        return moment
    before, after = moment - GAP, moment
    while after - before > timedelta(seconds=1):  # the change lies between: find it by halves
        middle = before + (after - before) / 2
        if middle.astimezone(zone).utcoffset() == after.astimezone(zone).utcoffset():
            after = middle
        else:
            before = middle
    return after.replace(microsecond=0)


def daily(clock: time, zone: ZoneInfo, moment: datetime) -> tuple[date, datetime, datetime]:
    """The local day of a moment, when it is `clock` on that day, and on the next; both in UTC."""
    day = moment.astimezone(zone).date()
    today, tomorrow = (datetime.combine(each, clock, zone).astimezone(UTC) for each in (day, day + timedelta(days=1)))
    return day, today, tomorrow


def local_iso(moment: datetime, zone: ZoneInfo) -> str:
    """The moment as a local ISO 8601 time with its offset, to the minute: what a model is shown."""
    return moment.astimezone(zone).isoformat(timespec="minutes")


@dataclass(frozen=True)
class QuietHours:
    """Hours of the local day in which nobody is disturbed; they may go over midnight."""

    begins: time
    ends: time

    @classmethod
    def parse(cls, text: str) -> Self:
        """From "21-9" or "21:30-08:00". Raises ValueError."""
        begins, found, ends = text.partition("-")
        if not found:
            raise ValueError("has to look like 21-9 or 21:30-08:00")
        return cls(parse_clock(begins), parse_clock(ends))

    def awake(self, moment: datetime, zone: ZoneInfo) -> datetime:
        """The moment itself, or the end of the quiet hours it falls into; in UTC."""
        local = moment.astimezone(zone)
        clock = local.timetz().replace(tzinfo=None)
        over_midnight = self.begins > self.ends
        if over_midnight and clock >= self.begins:
            return datetime.combine(local.date() + timedelta(days=1), self.ends, zone).astimezone(UTC)
        if clock < self.ends and (over_midnight or clock >= self.begins):
            return datetime.combine(local.date(), self.ends, zone).astimezone(UTC)
        return moment.astimezone(UTC)


@dataclass(frozen=True)
class ActiveHours:
    """Hours of the local day in which the owner may be spoken to unasked; they may go over midnight.

    The same hour at both ends: always.
    """

    begins: time
    ends: time

    @classmethod
    def parse(cls, text: str) -> Self:
        """From "9-22", "8:30-23:00", or "always". Raises ValueError."""
        if text.strip().lower() == "always":
            return cls(time(0), time(0))
        begins, found, ends = text.partition("-")
        if not found:
            raise ValueError("has to look like 9-22 or 8:30-23:00, or be always")
        return cls(parse_clock(begins), parse_clock(ends))

    def hold(self, moment: datetime, zone: ZoneInfo) -> bool:
        """Whether a moment falls into them."""
        clock = moment.astimezone(zone).timetz().replace(tzinfo=None)
        if self.begins < self.ends:
            return self.begins <= clock < self.ends
        return clock >= self.begins or clock < self.ends


def parse_clock(text: str) -> time:
    """A time of day: "9", "09:00". Raises ValueError."""
    match = re.fullmatch(r"\s*(\d{1,2})(?::(\d{2}))?\s*", text)
    if not match or int(match[1]) > 23 or int(match[2] or 0) > 59:
        raise ValueError("has to be a time of day such as 9:00")
    return time(int(match[1]), int(match[2] or 0))
