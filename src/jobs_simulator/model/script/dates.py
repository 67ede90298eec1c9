"""Times and dates in ordinary words, Russian and English, relative to the local time of a conversation."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

MORNING = time(9, 0)
_NOW_LINE = re.compile(r"^\s*time:\s*(?P<iso>\S+)(?:\s*\((?P<zone>[^,)\s]+))?", re.MULTILINE)

_WEEKDAYS = (
    r"понедельник\w*|monday|mon\b",
    r"вторник\w*|tuesday|tue\b",
    r"сред[уыае]|wednesday|wed\b",
    r"четверг\w*|thursday|thu\b",
    r"пятниц\w*|friday|fri\b",
    r"суббот\w*|saturday|sat\b",
    r"воскресень\w*|sunday|sun\b",
)
_MONTHS = (
    r"январ[ьяе]|january|jan\b",
    r"феврал[ьяе]|february|feb\b",
    r"марта?|march|mar\b",
    r"апрел[ьяе]|april|apr\b",
    r"ма[йяе]|may",
    r"июн[ьяе]|june|jun\b",
    r"июл[ьяе]|july|jul\b",
    r"августа?|august|aug\b",
    r"сентябр[ьяе]|september|sep\b",
    r"октябр[ьяе]|october|oct\b",
    r"ноябр[ьяе]|november|nov\b",
    r"декабр[ьяе]|december|dec\b",
)
_MONTH = "|".join(_MONTHS)
_PREP = r"(?:(?:не позднее|не позже|к|ко|до|на|в|во|с|by|till|until|before|on|at|due|for|no later than)\s+)?"
_NEXT = r"(?P<next>следующ\w+\s+|next\s+)?(?:эт\w+\s+|this\s+)?"

_DAY = re.compile(
    rf"""(?<![\w.:/-]){_PREP}(?:the\s+)?(?:
    (?P<iso>\d{{4}}-\d{{2}}-\d{{2}})(?:[T\s](?P<isotime>\d{{2}}:\d{{2}}))?
    | (?P<dot>\d{{1,2}}\.\d{{1,2}}(?:\.\d{{4}})?)(?![\d:])
    | (?P<dm>\d{{1,2}})(?:-?го|st|nd|rd|th)?\s+(?:of\s+)?(?P<dmonth>{_MONTH})(?:\s+(?P<dyear>\d{{4}}))?
    | (?P<mmonth>{_MONTH})\s+(?P<md>\d{{1,2}})(?:st|nd|rd|th)?(?:,?\s+(?P<myear>\d{{4}}))?
    | (?P<word>послезавтра|завтра\w*|сегодня\w*|day\s+after\s+tomorrow|tomorrow|today|tonight)
    | (?P<end>конц[ау]\s+(?:недели|дня)|end\s+of\s+(?:the\s+)?(?:week|day))
    | {_NEXT}(?P<weekday>{"|".join(_WEEKDAYS)})
    )(?!\w)""",
    re.IGNORECASE | re.VERBOSE,
)
_CLOCK = re.compile(
    r"""(?<![\w.:/-])(?:(?P<prep>к|ко|до|на|в|во|by|till|until|before|at)\s+)?(?:
    (?P<h>[01]?\d|2[0-3])[:](?P<m>[0-5]\d)\s*(?P<mark>утра|дня|вечера|ночи|am|pm|a\.m\.|p\.m\.)?
    | (?P<h2>[01]?\d|2[0-3])\s*(?P<mark2>утра|дня|вечера|ночи|am|pm|a\.m\.|p\.m\.|o'clock|час(?:ов|а|ам)?)
    | (?P<h3>[01]?\d|2[0-3])(?=\s*(?:$|[,.;:!?]\s|[,.;:!?]$|\s[^\W\d]))
      (?!\s*(?:мин|шт|%|час\w*\s+наза|руб|раз|дн|min|day|hour|week|times))
    | (?P<part>полдень|полудню|полудня|полночь|утром|утра|утру|дн[её]м|обеда|вечером|вечера|вечеру|noon|midnight
       |(?:in\s+the\s+)?(?:morning|afternoon|evening)|end\s+of\s+(?:the\s+)?day)
    )(?!\w)""",
    re.IGNORECASE | re.VERBOSE,
)
_RELATIVE = re.compile(
    r"""(?<!\w)(?:через|спустя|in)\s+(?:about\s+)?(?:
    (?P<half>полчаса|пол\s+часа|half\s+an\s+hour)
    | (?P<hourhalf>полтора\s+часа|an\s+hour\s+and\s+a\s+half)
    | (?:(?P<n>\d+|an?|one|two|three|four|five|ten|пару|две|два|три|четыре|пять|десять|пятнадцать|двадцать)\s+)?
      (?P<unit>мин(?:ут\w*)?|час\w*|дн\w+|день|недел\w+|minutes?|mins?|hours?|days?|weeks?)
    )(?!\w)""",
    re.IGNORECASE | re.VERBOSE,
)
_NUMBERS = {
    **{"a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "ten": 10, "пару": 2, "два": 2, "две": 2},
    **{"три": 3, "четыре": 4, "пять": 5, "десять": 10, "пятнадцать": 15, "двадцать": 20},
}
_PARTS = (
    (("полдень", "полудн", "noon"), time(12, 0)),
    (("полночь", "midnight"), time(0, 0)),
    (("утр", "morning"), MORNING),
    (("дн", "обед", "afternoon"), time(14, 0)),
    (("вечер", "evening"), time(19, 0)),
    (("end",), time(18, 0)),
)


@dataclass(frozen=True)
class When:
    """A time found in a text.

    Args:
        day: the local date.
        at: the local time of day, None when only a day was said.
        minutes: how many minutes from now, when it was said so ("in 10 minutes").
        rest: the text without the words that told the time.
    """

    day: date
    at: time | None
    minutes: int | None
    rest: str

    @property
    def iso(self) -> str:
        """Local ISO 8601 without an offset: a date, or a date and a time when one was said."""
        return self.day.isoformat() if self.at is None else f"{self.day.isoformat()}T{self.at:%H:%M}"

    @property
    def iso_with_time(self) -> str:
        """As `iso`, a day without a time being its morning."""
        return f"{self.day.isoformat()}T{self.at or MORNING:%H:%M}"


def local_now(context: str) -> datetime:
    """The local time told by the `time:` line of a context block; the clock in UTC when there is no such line."""
    found = _NOW_LINE.search(context)
    if found is None:
        return datetime.now(UTC)
    try:
        now = datetime.fromisoformat(found["iso"])
    except ValueError:
        return datetime.now(UTC)
    try:
        zone = ZoneInfo(found["zone"] or "UTC")
    except (ZoneInfoNotFoundError, ValueError):
        return now if now.tzinfo else now.replace(tzinfo=UTC)
    return now.astimezone(zone) if now.tzinfo else now.replace(tzinfo=zone)


def find_when(text: str, now: datetime) -> When | None:
    """The first time told in the text, or None. `now` is the local time with its zone."""
    relative = _RELATIVE.search(text)
    if relative is not None:
        return _from_relative(relative, text, now)
    day_match = _DAY.search(text)
    clock_match = _CLOCK.search(_blanked(text, day_match))
    while clock_match is not None and clock_match["h3"] and not clock_match["prep"]:
        clock_match = _CLOCK.search(_blanked(text, day_match), clock_match.end())
    if day_match is None and clock_match is None:
        return None
    at = _clock(clock_match) if clock_match else None
    if day_match is None:
        day = now.date() if at is None or at > now.time() else now.date() + timedelta(days=1)
    else:
        found = _day(day_match, now.date())
        if found is None:
            return None
        day = found
        if day_match["isotime"]:
            at = time.fromisoformat(day_match["isotime"])
        elif at is None and (day_match["word"] or "").lower() == "tonight":
            at = time(19, 0)
    rest = text
    for match in sorted(filter(None, (day_match, clock_match)), key=lambda match: -match.start()):
        rest = rest[: match.start()] + " " + rest[match.end() :]
    return When(day, at, None, _tidy(rest))


def _blanked(text: str, match: re.Match[str] | None) -> str:
    if match is None:
        return text
    return text[: match.start()] + " " * (match.end() - match.start()) + text[match.end() :]


def _from_relative(match: re.Match[str], text: str, now: datetime) -> When:
    if match["half"]:
        minutes = 30
    elif match["hourhalf"]:
        minutes = 90
    else:
        said = (match["n"] or "1").lower()
        count = int(said) if said.isdigit() else _NUMBERS[said]
        unit = match["unit"].lower()
        sizes = (("ч", 60), ("h", 60), ("д", 1440), ("d", 1440), ("н", 10080), ("w", 10080))
        minutes = count * next((size for first, size in sizes if unit.startswith(first)), 1)
    then = (now.astimezone(UTC) + timedelta(minutes=minutes)).astimezone(now.tzinfo)  # not by the wall clock
    rest = text[: match.start()] + " " + text[match.end() :]
    return When(then.date(), then.time().replace(second=0, microsecond=0, tzinfo=None), minutes, _tidy(rest))


def _clock(match: re.Match[str]) -> time:
    if match["part"]:
        said = match["part"].lower()
        return next(at for stems, at in _PARTS if any(stem in said for stem in stems))
    hour, minute = int(match["h"] or match["h2"] or match["h3"]), int(match["m"] or 0)
    mark = (match["mark"] or match["mark2"] or "").lower()
    evening = mark in ("pm", "p.m.", "вечера", "дня")
    if hour < 12 and (evening or (not mark and not match["m"] and 1 <= hour <= 6)):
        hour += 12  # a bare "at 6" is meant as the afternoon
    elif hour == 12 and mark in ("am", "a.m.", "ночи"):
        hour = 0
    return time(hour, minute)


def _day(match: re.Match[str], today: date) -> date | None:
    try:
        if match["iso"]:
            return date.fromisoformat(match["iso"])
        if match["dot"]:
            day, month, *year = (int(part) for part in match["dot"].split("."))
            return _coming(day, month, year[0] if year else None, today)
        if match["dmonth"] or match["mmonth"]:
            month = _index(_MONTHS, match["dmonth"] or match["mmonth"]) + 1
            year_said = match["dyear"] or match["myear"]
            return _coming(int(match["dm"] or match["md"]), month, int(year_said) if year_said else None, today)
    except ValueError:
        return None
    if match["word"]:
        return today + timedelta(days=_days_ahead(match["word"].lower()))
    if match["end"]:
        in_week = "недел" in match["end"].lower() or "week" in match["end"].lower()
        return today + timedelta(days=(4 - today.weekday()) % 7 if in_week else 0)
    ahead = (_index(_WEEKDAYS, match["weekday"]) - today.weekday() - 1) % 7 + 1
    same_week = today.weekday() + ahead < 7
    return today + timedelta(days=ahead + (7 if match["next"] and same_week else 0))


def _days_ahead(word: str) -> int:
    if word.startswith(("послезавтра", "day")):
        return 2
    return 1 if word.startswith(("завтра", "tomorrow")) else 0


def _coming(day: int, month: int, year: int | None, today: date) -> date:
    """The date, in the year said or in the one that makes it not past."""
    if year is not None:
        return date(year, month, day)
    this_year = date(today.year, month, day)
    return this_year if this_year >= today else date(today.year + 1, month, day)


def _index(patterns: tuple[str, ...], word: str) -> int:
    return next(i for i, pattern in enumerate(patterns) if re.fullmatch(pattern, word, re.IGNORECASE))


def _tidy(text: str) -> str:
    return re.sub(r"\s+([,.;:!?])", r"\1", re.sub(r"[ \t]+", " ", text)).strip(" ,;:-–—.")
