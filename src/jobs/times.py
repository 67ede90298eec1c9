"""Times: aware UTC inside, an IANA zone where a person is concerned."""

import re
from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

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

    A date alone is the end of that day. A local time that a clock change skips moves forward with the clock; one that
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
        moment = moment.replace(tzinfo=zone)
    return moment.astimezone(UTC)


def local_iso(moment: datetime, zone: ZoneInfo) -> str:
    """The moment as a local ISO 8601 time with its offset, to the minute: what a model is shown."""
    return moment.astimezone(zone).isoformat(timespec="minutes")
