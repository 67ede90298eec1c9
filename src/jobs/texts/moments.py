"""A moment in a few words, as a person answers a reminder: "через час", "завтра утром", "in 20 minutes", "on Monday at 9".

A small closed grammar for whole messages, Russian and English alike: whatever does not fit wholly is no moment, and then
the words are for a session.
"""

import re
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from jobs.times import first_valid

DONE = frozenset(
    {
        *(
            "готово",
            "сделано",
            "сделал",
            "сделала",
            "уже сделал",
            "уже сделала",
            "выполнено",
            "всё сделал",
            "всё сделала",
        ),
        *("done", "it's done", "did it", "finished", "already done", "✅", "✔", "✔️"),
    }
)
"""What a reminder is answered with, when there is no need of it any more."""

LATER = timedelta(hours=1)
"""What "later" means."""

MORNING, DAYTIME, EVENING, NIGHT = time(9), time(14), time(19), time(22)
PARTS = {
    **dict.fromkeys(("утром", "с утра", "утра", "in the morning", "morning"), MORNING),
    **dict.fromkeys(("днем", "после обеда", "in the afternoon", "afternoon", "at noon"), DAYTIME),
    **dict.fromkeys(("вечером", "вечера", "in the evening", "evening", "this evening"), EVENING),
    **dict.fromkeys(("ночью", "tonight", "at night"), NIGHT),
}
DAYS = {"сегодня": 0, "today": 0, "завтра": 1, "tomorrow": 1, "послезавтра": 2, "the day after tomorrow": 2}
WEEKDAYS = (
    ("понедельник", "monday"),
    ("вторник", "tuesday"),
    ("среду", "wednesday"),
    ("четверг", "thursday"),
    ("пятницу", "friday"),
    ("субботу", "saturday"),
    ("воскресенье", "sunday"),
)
UNITS = {
    r"(?:секунд[уы]?|сек|seconds?|secs?|s)": timedelta(seconds=1),
    r"(?:минут[уы]?|мин|м|minutes?|mins?|m)": timedelta(minutes=1),
    r"(?:час(?:а|ов|ик)?|ч|hours?|hrs?|h)": timedelta(hours=1),
    r"(?:дней|день|дня|дн|сутки|суток|days?|d)": timedelta(days=1),
    r"(?:недел[юьи]|нед|weeks?|w)": timedelta(weeks=1),
}
NUMBERS = {
    **dict.fromkeys(("", "один", "одну", "a", "an", "one"), 1.0),
    **dict.fromkeys(("два", "две", "пару", "пара", "two", "a couple of"), 2.0),
    **dict.fromkeys(("три", "three"), 3.0),
    **dict.fromkeys(("четыре", "four"), 4.0),
    **dict.fromkeys(("пять", "five"), 5.0),
    **dict.fromkeys(("десять", "ten"), 10.0),
    **dict.fromkeys(("пятнадцать", "fifteen"), 15.0),
    **dict.fromkeys(("двадцать", "twenty"), 20.0),
    **dict.fromkeys(("тридцать", "thirty"), 30.0),
    **dict.fromkeys(("полтора", "полторы", "one and a half"), 1.5),
}

_LEAD = re.compile(
    r"(?:(?:давай|лучше|пожалуйста|please|ok|ок|хорошо)[\s,]+)*"
    r"(?:(?:напомни(?:\s+(?:мне|об\s+этом))?|отложи|перенеси|повтори|remind\s+me(?:\s+again)?|snooze(?:\s+it)?|postpone)\s*)?"
    r"(?:(?:еще\s+раз|again)\s+)?(?:(?:until|till|до|for|to)\s+)?"
)
_AHEAD = re.compile(
    rf"(?:через|на|in|after)?\s*(?P<number>\d+(?:[.,]\d+)?|{'|'.join(sorted(NUMBERS, key=len)[::-1])})?\s*"
    rf"(?P<unit>{'|'.join(UNITS)})"
)
_HALF = re.compile(r"(?:через|на|in|after)?\s*(?:полчаса|пол\s+часа|half\s+an\s+hour|a\s+half\s+hour)")
_CLOCK = re.compile(
    r"(?:в\s+|к\s+|at\s+|by\s+)?(?P<hour>\d{1,2})(?:[:.](?P<minute>\d{2}))?"
    r"(?:\s*(?:час(?:а|ов)?|o'clock))?\s*(?P<half>утра|дня|вечера|ночи|am|pm)?"
)
_DAY = re.compile(
    rf"(?:на\s+)?(?P<day>{'|'.join(sorted(DAYS, key=len)[::-1])})"
    rf"|(?:в|во|на|on|next)?\s*(?P<weekday>{'|'.join(name for pair in WEEKDAYS for name in pair)})"
)
_WEEK = re.compile(r"(?:на\s+следующей\s+неделе|next\s+week)")


def is_done(text: str) -> bool:
    """Whether the whole of a message says that what it answers is done."""
    return not text.rstrip().endswith("?") and _bare(text) in {each.replace("ё", "е") for each in DONE}


def moment_in(text: str, now: datetime, zone: ZoneInfo) -> datetime | None:
    """The moment after `now` that the whole of a message names, in UTC; None when it names none, or one too far off.

    A time of day without a day is the next one; a day without a time is its morning, "today" its evening.
    """
    words = _bare(text)
    if words in ("позже", "попозже", "later", "отложи", "snooze"):
        return now + LATER
    rest = words[len(lead[0]) :].strip() if (lead := _LEAD.match(words)) else words
    if _HALF.fullmatch(rest):
        return now + timedelta(minutes=30)
    if ahead := _AHEAD.fullmatch(rest):
        return _ahead(ahead, now)
    return _on_a_day(rest, now, zone)


def _ahead(match: re.Match[str], now: datetime) -> datetime | None:
    number = (match["number"] or "").strip()
    count = NUMBERS[number] if number in NUMBERS else float(number.replace(",", "."))
    unit = next(length for pattern, length in UNITS.items() if re.fullmatch(pattern, match["unit"]))
    if not 0 < count * unit.total_seconds() <= timedelta(days=3660).total_seconds():
        return None
    return now + count * unit


def _on_a_day(rest: str, now: datetime, zone: ZoneInfo) -> datetime | None:
    local = now.astimezone(zone)
    date, clock = None, None
    if week := _WEEK.match(rest):
        date, rest = local.date() + timedelta(days=7 - local.weekday()), rest[week.end() :].strip()
    elif day := _DAY.match(rest):
        rest = rest[day.end() :].strip(" ,")
        if day["day"]:
            date = local.date() + timedelta(days=DAYS[day["day"]])
        else:
            number = next(n for n, names in enumerate(WEEKDAYS) if day["weekday"] in names)
            date = local.date() + timedelta(days=(number - local.weekday() - 1) % 7 + 1)
    if rest in PARTS:
        clock = PARTS[rest]
    elif rest:
        clock = _clock(rest)
        if clock is None:
            return None
    if date is None and clock is None:
        return None
    if clock is None:
        clock = EVENING if date == local.date() else MORNING
    moment = first_valid(datetime.combine(date or local.date(), clock), zone)
    if moment <= now:
        if date is not None:
            return None  # it has passed: what is meant is not known
        moment = first_valid(datetime.combine(local.date() + timedelta(days=1), clock), zone)
    return moment


def _clock(text: str) -> time | None:
    match = _CLOCK.fullmatch(text)
    if match is None or (match["minute"] is None and not match["half"] and text.isdecimal()):
        return None  # a bare number may be anything
    hour, minute, half = int(match["hour"]), int(match["minute"] or 0), match["half"]
    if half in ("вечера", "дня", "pm") and hour < 12:
        hour += 12
    if half in ("утра", "ночи", "am") and hour == 12:
        hour = 0
    return time(hour, minute) if hour < 24 and minute < 60 else None


def _bare(text: str) -> str:
    return " ".join(text.casefold().replace("ё", "е").split()).strip(" .!?")
