"""Stretches of days as people name them, in Russian and English: "last week", "в марте", "2026-03", "позавчера".

Weeks begin on Monday. What names no year is the last one that has begun: a search looks back. "last week" is the week
before this one, "past week" and "за последнюю неделю" are the seven days up to today. "позапрошлый" and "before last"
go one further back than "прошлый" and "last". "a couple" are one to three, "a few" and "несколько" two to seven: a
search had better look a little too far. Plurals without a number ("years ago", "прошлые недели") and two stretches in
one ("March last week") name no days.
"""

import re
from calendar import monthrange
from collections.abc import Callable
from datetime import date, timedelta

from jobs.memory.words import month_of, weekday_of

Period = tuple[date, date]
"""First and last day, both included."""

_ONE_DAY = {
    **dict.fromkeys(("today", "сегодня"), 0),
    **dict.fromkeys(("yesterday", "вчера"), 1),
    **dict.fromkeys(("the day before yesterday", "day before yesterday", "позавчера"), 2),
}
_NUMBERS = {
    **dict.fromkeys(("a", "an", "one", "один", "одну"), (1, 1)),
    **dict.fromkeys(("two", "два", "две"), (2, 2)),
    **dict.fromkeys(("three", "три"), (3, 3)),
    **dict.fromkeys(("four", "четыре"), (4, 4)),
    **dict.fromkeys(("five", "пять"), (5, 5)),
    **dict.fromkeys(("six", "шесть"), (6, 6)),
    **dict.fromkeys(("seven", "семь"), (7, 7)),
    **dict.fromkeys(("eight", "восемь"), (8, 8)),
    **dict.fromkeys(("nine", "девять"), (9, 9)),
    **dict.fromkeys(("ten", "десять"), (10, 10)),
    **dict.fromkeys(("a couple of", "couple of", "a couple", "couple", "пару", "пара"), (1, 3)),
    **dict.fromkeys(("a few", "few", "several", "несколько"), (2, 7)),
}
"""From how many to how many."""
_SHORT = (
    *(("jan", "янв"), ("feb", "фев", "февр"), ("mar", "мар"), ("apr", "апр"), (), ("jun", "июн"), ("jul", "июл")),
    *(("aug", "авг"), ("sep", "sept", "сен", "сент"), ("oct", "окт"), ("nov", "ноя", "нояб"), ("dec", "дек")),
)
_MONTH_OF = {name: month for month, names in enumerate(_SHORT, 1) for name in names}

_BEFORE = re.compile(r"(?:(?:in|on|for|during|within|since|from|over|the|за|в|во|на|с|со|из)\s+)+")
_OPEN = re.compile(r"(?:since|from|со?)\s(?!.*\s(?:to|till|until|по|до|-|–)\s)")
"""Until today, then."""
_UNIT = (
    r"(?P<unit>days?|weeks?|months?|years?|день|дн(?:я|ю|ем|е|и|ей|ям|ях)|недел(?:[яиюье]|ей|ям|ях)"
    r"|месяц(?:а|у|ем|е|ы|ев|ах)?|год(?:а|у|ом|е|ы|ов|ах)?|лет)"
)
_BACK = r"last|previous|прошл\w+"
_ROLLING = r"past|последн\w+"
_BEFORE_LAST = re.compile(r"^(\w+) before last$")
_N = rf"(?P<n>\d{{1,3}}|{'|'.join(_NUMBERS)})"
_LAST_N = re.compile(rf"(?P<which>{_BACK}|{_ROLLING})\s+{_N}\s+{_UNIT}")
_PAST = re.compile(rf"(?:(?P<which>{_ROLLING})\s+)?{_UNIT}")
_AGO = re.compile(rf"(?:{_N}\s+)?{_UNIT}\s+(?:ago|назад)")
_WHICH = rf"(?P<which>this|эт\w+|{_BACK}|{_ROLLING}|позапрошл\w+)"
_WHICH_ONE = re.compile(rf"{_WHICH}\s+{_UNIT}")
_OF_YEAR = re.compile(rf"(?<=\w)\s+(?:of\s+|в\s+)?{_WHICH}\s+(?:year|год[ау]?)$")
_WEEKDAY = re.compile(rf"(?:{_WHICH}\s+)?(?P<name>[a-zа-я]+)")
_WEEKEND = re.compile(rf"(?:{_WHICH}\s+)?(?:weekend|выходн\w+)")
_ISO = re.compile(r"(\d{4})(?:-(\d{1,2})(?:-(\d{1,2}))?)?")
_DOTTED = re.compile(r"(\d{1,2})\.(\d{1,2})(?:\.(\d{4}|\d{2}))?")
_DAY = re.compile(r"(\d{1,2})(?:st|nd|rd|th|-?го|-?е)?(?:\s+of)?\s+([a-zа-я]+)(?:,?\s+(\d{4}))?")
_NAMED_DAY = re.compile(r"([a-z]+)\s+(\d{1,2})(?:st|nd|rd|th)?(?:,?\s+(\d{4}))?")
_MONTH = re.compile(rf"(?:{_WHICH}\s+)?(?P<name>[a-zа-я]+)(?:\s+(?P<year>\d{{4}}))?")

_PLURAL = re.compile(r".*s|дн(?:и|ей|ям|ях)|недел(?:ь|ям|ях)|месяц(?:ы|ев|ах)|год(?:ы|ов|ах)|лет")
_ONE = frozenset(("day", "week", "month", "year", "день", "неделю", "неделя", "месяц", "год"))
"""What is one without a word that says so: "дня" and "недели" may also be several."""
_OF_MANY = ("ые", "ие", "ых", "их", "эти")


def period(text: str, today: date) -> Period | None:
    """The days that a text names; None when it names none. "last 2 weeks" are the 14 days up to today."""
    words = " ".join(text.lower().split()).replace("ё", "е").strip(" .,?!")
    is_open = _OPEN.match(words) is not None
    words = _BEFORE.sub("", words, count=1) if _BEFORE.match(words) else words
    found = _stretch(words, today)
    return (found[0], max(found[1], today)) if found and is_open else found


def _stretch(words: str, today: date) -> Period | None:
    """The same for words without what stands before the day, in small letters."""
    words = re.sub(r"(?<=\d{4}) ?(?:года|году|год|г)\.?$", "", words)
    words = _BEFORE_LAST.sub(r"позапрошлый \1", words)
    words = _OF_YEAR.sub(lambda match: f" {today.year - _back(match)}", words)
    if words in _ONE_DAY:
        day = today - timedelta(days=_ONE_DAY[words])
        return day, day
    for form, days in _FORMS:
        if match := form.fullmatch(words):
            try:
                found = days(match, today)
            except ValueError:  # no such day
                continue
            if found:
                return found
    return None


def _iso(match: re.Match[str], _today: date) -> Period | None:
    year, month, day = (int(part) if part else 0 for part in match.groups())
    if not month:
        return date(year, 1, 1), date(year, 12, 31)
    return _month(year, month) if not day else (date(year, month, day), date(year, month, day))


def _dotted(match: re.Match[str], today: date) -> Period | None:
    day, month, year = match.groups()
    return _day(int(day), int(month), f"20{year}" if year and len(year) == 2 else year, today)


def _day_named(match: re.Match[str], today: date) -> Period | None:
    return _day(int(match[1]), _month_in(match[2]), match[3], today)


def _named_day(match: re.Match[str], today: date) -> Period | None:
    return _day(int(match[2]), _month_in(match[1]), match[3], today)


def _day(day: int, month: int, year: str | None, today: date) -> Period | None:
    if not month:
        return None
    if year:
        return (date(int(year), month, day),) * 2
    for back in range(9):  # the 29th of February may be eight years away
        try:
            found = date(today.year - back, month, day)
        except ValueError:
            continue
        if found <= today:
            return found, found
    return None


def _last_n(match: re.Match[str], today: date) -> Period:
    return _up_to(today, _count(match)[1], match["unit"])


def _past(match: re.Match[str], today: date) -> Period | None:
    return None if _is_many(match) else _up_to(today, 1, match["unit"])


def _up_to(today: date, count: int, unit: str) -> Period:
    days = count * {"d": 1, "w": 7, "m": 30, "y": 365}[_kind(unit)]
    return today - timedelta(days=max(0, days - 1)), today


def _ago(match: re.Match[str], today: date) -> Period | None:
    if match["n"] is None and match["unit"] not in _ONE:
        return None
    least, most = _count(match)
    kind = _kind(match["unit"])
    return _unit(today, kind, most)[0], _unit(today, kind, least)[1]


def _which_one(match: re.Match[str], today: date) -> Period | None:
    return None if _is_many(match) else _unit(today, _kind(match["unit"]), _back(match))


def _unit(today: date, kind: str, back: int) -> Period:
    """The day, week, month or year so many before this one."""
    if kind == "d":
        return (today - timedelta(days=back),) * 2
    if kind == "w":
        monday = today - timedelta(days=today.weekday() + 7 * back)
        return monday, monday + timedelta(days=6)
    if kind == "y":
        return date(today.year - back, 1, 1), date(today.year - back, 12, 31)
    months = today.year * 12 + today.month - 1 - back
    return _month(months // 12, months % 12 + 1)


def _weekday(match: re.Match[str], today: date) -> Period | None:
    """The last one before today; the one of this week where it is "this"."""
    number = weekday_of(match["name"])
    if number is None:
        return None
    back = _back(match)
    ago = (today.weekday() - number - 1) % 7 + 1 + 7 * (back - 1) if back else today.weekday() - number
    return (today - timedelta(days=ago),) * 2


def _weekend(match: re.Match[str], today: date) -> Period:
    """The last one that has begun; with "last", that is over; with "this", of this week."""
    back = _back(match) if match["which"] else int(today.weekday() < 5)
    saturday = today + timedelta(days=5 - today.weekday() - 7 * back)
    return saturday, saturday + timedelta(days=1)


def _month_named(match: re.Match[str], today: date) -> Period | None:
    month = _month_in(match["name"])
    if not month or (match["which"] and match["year"]):
        return None
    if match["year"]:
        return _month(int(match["year"]), month)
    if match["which"]:
        back = _back(match)
        return _month(today.year - (back - (month < today.month) if back else 0), month)
    return _month(today.year - (month > today.month), month)


def _month(year: int, month: int) -> Period:
    return date(year, month, 1), date(year, month, monthrange(year, month)[1])


def _month_in(name: str) -> int:
    return month_of(name) or _MONTH_OF.get(name, 0)


def _kind(unit: str) -> str:
    return {"d": "d", "д": "d", "w": "w", "н": "w", "m": "m", "м": "m"}.get(unit[0], "y")


def _is_many(match: re.Match[str]) -> bool:
    """Whether they are several of which nobody said how many."""
    which, unit = match["which"], match["unit"]
    if which is None:
        return unit not in _ONE
    return which.endswith(_OF_MANY) or _PLURAL.fullmatch(unit) is not None


def _count(match: re.Match[str]) -> tuple[int, int]:
    """From how many to how many."""
    number = match["n"]
    if number is None:
        return 1, 1
    return (int(number), int(number)) if number.isdecimal() else _NUMBERS[number]


def _back(match: re.Match[str]) -> int:
    """How many before this one; a day that is just named is one that has been."""
    which = match["which"] or "last"
    return 2 if which.startswith("поза") else 0 if which.startswith(("this", "эт")) else 1


_FORMS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str], date], Period | None]], ...] = (
    *((_ISO, _iso), (_DOTTED, _dotted), (_LAST_N, _last_n), (_PAST, _past), (_AGO, _ago), (_WHICH_ONE, _which_one)),
    *((_WEEKEND, _weekend), (_WEEKDAY, _weekday), (_DAY, _day_named), (_NAMED_DAY, _named_day), (_MONTH, _month_named)),
)
