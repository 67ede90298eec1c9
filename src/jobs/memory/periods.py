"""Stretches of days as people name them, in Russian and English: "last week", "в марте", "2026-03", "позавчера".

Weeks begin on Monday. A month without a year is the last one that has begun.
"""

import re
from calendar import monthrange
from datetime import date, timedelta

from jobs.memory.words import month_of

Period = tuple[date, date]
"""First and last day, both included."""

_ONE_DAY = {
    **dict.fromkeys(("today", "сегодня"), 0),
    **dict.fromkeys(("yesterday", "вчера"), 1),
    **dict.fromkeys(("the day before yesterday", "day before yesterday", "позавчера"), 2),
}
_UNITS = {"day": "d", "ден": "d", "дня": "d", "дне": "d", "week": "w", "нед": "w", "month": "m", "мес": "m"}
_UNITS |= {"year": "y", "год": "y", "лет": "y"}
_LAST = re.compile(
    r"(?P<which>this|last|past|previous|эт\w+|прошл\w+|последн\w+)\s+(?:(?P<n>\d{1,3})\s+)?(?P<unit>[a-zа-я]+)"
)
_ISO = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?")
_MONTH = re.compile(r"([a-zа-я]+)(?:\s+(\d{4}))?")


def period(text: str, today: date) -> Period | None:
    """The days that a text names; None when it names none. "last 2 weeks" are the 14 days up to today."""
    words = re.sub(r"^(?:in|on|for|during|within|since|the|за|в|во|на|с|из)\s+", "", " ".join(text.lower().split()))
    words = words.replace("ё", "е").strip(" .?!")
    if words in _ONE_DAY:
        day = today - timedelta(days=_ONE_DAY[words])
        return day, day
    if match := _ISO.fullmatch(words):
        return _iso(match)
    if match := _LAST.fullmatch(words):
        return _last(match, today)
    match = _MONTH.fullmatch(words)
    if match and (month := month_of(match[1])):
        year = int(match[2]) if match[2] else today.year - (month > today.month)
        return _month(year, month)
    return None


def _iso(match: re.Match[str]) -> Period | None:
    year, month, day = (int(part) if part else None for part in match.groups())
    try:
        if month is None:
            return date(year or 0, 1, 1), date(year or 0, 12, 31)
        if day is None:
            return _month(year or 0, month)
        return date(year or 0, month, day), date(year or 0, month, day)
    except ValueError:
        return None


def _last(match: re.Match[str], today: date) -> Period | None:
    unit = next((kind for begin, kind in _UNITS.items() if match["unit"].startswith(begin)), None)
    if unit is None:
        return None
    if match["n"]:
        days = int(match["n"]) * {"d": 1, "w": 7, "m": 30, "y": 365}[unit]
        return today - timedelta(days=max(0, days - 1)), today
    back = 0 if match["which"].startswith(("this", "эт")) else 1
    if unit == "d":
        return today - timedelta(days=back), today - timedelta(days=back)
    if unit == "w":
        monday = today - timedelta(days=today.weekday() + 7 * back)
        return monday, monday + timedelta(days=6)
    if unit == "y":
        return date(today.year - back, 1, 1), date(today.year - back, 12, 31)
    months = today.year * 12 + today.month - 1 - back
    return _month(months // 12, months % 12 + 1)


def _month(year: int, month: int) -> Period:
    return date(year, month, 1), date(year, month, monthrange(year, month)[1])
