"""Text as words to search by: Russian and English stems, numbers in one form, and what else a word may look like."""

import re
import unicodedata
from collections.abc import Iterable
from datetime import date
from functools import lru_cache

from anyascii import anyascii
from snowballstemmer import stemmer

_RUSSIAN = stemmer("russian")
_ENGLISH = stemmer("english")

LONGEST_WORD = 40
"""Characters of a word that count; what is longer is no word but data."""

_GROUPED = re.compile(r"(?<=\d)[ \u00a0\u202f,.](?=\d{3}(?!\d))")
_WORD = re.compile(r"\w+")

STOP_WORDS = frozenset(
    """и в во не что он на я с со как а то все она так его но да ты к у же вы за бы по только ее мне было вот от меня
    еще нет о из ему теперь когда даже ну вдруг ли если уже или ни быть был него до вас нибудь опять уж вам ведь там
    потом себя ничего ей может они тут где есть надо ней для мы тебя их чем была сам чтоб без будто чего раз тоже себе
    под будет ж тогда кто этот того потому этого какой совсем ним здесь этом один почти мой тем чтобы нее сейчас были
    куда зачем всех никогда можно при наконец два об другой хоть после над больше тот через эти нас про всего них какая
    много разве три эту моя впрочем хорошо свою этой перед иногда лучше чуть том нельзя такой им более всегда конечно
    всю между какие каком какого какую сколько почему мной мои моего моей
    a about above after again all am an and any are as at be because been before being below between both but by can
    could did do does doing down during each few for from further had has have having he her here hers him his how i if
    in into is it its just me more most my no nor not now of off on once only or other our out over own said same she
    should so some such than that the their them then there these they this those through to too under until up us very
    was we were what when where which while who whom why will with would you your""".replace("ё", "е").split()
)
"""Words of a query that say nothing about what is looked for."""


def words(text: str) -> list[str]:
    """The words of a text in lower case, "ё" as "е", digits of a number together: "45 000" and "45,000" are 45000."""
    text = unicodedata.normalize("NFKC", text).lower().replace("ё", "е")
    return [word[:LONGEST_WORD] for word in _WORD.findall(_GROUPED.sub("", text).replace("_", " "))]


@lru_cache(maxsize=200_000)
def stem(word: str) -> str:
    """A word in lower case without its ending."""
    if word.isdigit():
        return word.lstrip("0") or "0"
    return str((_RUSSIAN if "\u0400" <= word[0] <= "\u04ff" else _ENGLISH).stemWord(word))


def stems(text: str) -> list[str]:
    """The words of a text as they stand in the index."""
    return [stem(word) for word in words(text)]


def query_words(query: str) -> list[str]:
    """The words of a query to look for, each once. Of nothing but stop words all are kept."""
    found = list(dict.fromkeys([*day_words(query), *words(query)]))
    return [word for word in found if word not in STOP_WORDS] or found


_TO_CYRILLIC = (
    *(("shch", "щ"), ("sch", "щ"), ("zh", "ж"), ("kh", "х"), ("ts", "ц"), ("ch", "ч"), ("sh", "ш"), ("yu", "ю")),
    *(("ya", "я"), ("yo", "е"), ("ye", "е"), ("iy", "ий"), ("ck", "к"), ("ph", "ф"), ("x", "кс"), ("a", "а")),
    *(("b", "б"), ("c", "к"), ("d", "д"), ("e", "е"), ("f", "ф"), ("g", "г"), ("h", "х"), ("i", "и"), ("j", "дж")),
    *(("k", "к"), ("l", "л"), ("m", "м"), ("n", "н"), ("o", "о"), ("p", "п"), ("q", "к"), ("r", "р"), ("s", "с")),
    *(("t", "т"), ("u", "у"), ("v", "в"), ("w", "в"), ("y", "й"), ("z", "з")),
)
_SOUNDS = (
    *(("shch", "s"), ("sch", "s"), ("zh", "j"), ("dj", "j"), ("dzh", "j"), ("kh", "h"), ("ts", "c"), ("ph", "f")),
    *(("ck", "k"), ("ch", "c"), ("sh", "s"), ("th", "t"), ("x", "ks"), ("w", "v"), ("q", "k")),
)
_SILENT = re.compile(r"[^a-z0-9]")
_VOWELS = re.compile(r"[aeiouy]")
_TWICE = re.compile(r"(.)\1+")


@lru_cache(maxsize=200_000)
def sound(word: str) -> str:
    """A key that a word and its spelling in the other alphabet share more often than not; "" where it says too little.

    The consonants, roughly: "jenkins" and "дженкинс" are both "jnkns".
    """
    latin = _SILENT.sub("", anyascii(word).lower())
    latin = latin.replace("dzh", "j")
    for letters, one in _SOUNDS:
        latin = latin.replace(letters, one)
    if not latin or latin.isdigit():
        return ""
    key = _TWICE.sub(r"\1", latin[0].replace("y", "i") + _VOWELS.sub("", latin[1:]))
    return key if len(key) >= 3 else ""


def other_script(word: str) -> list[str]:
    """Stems that a word in lower case may have in the other alphabet: of "ivanov" the one of "иванов"."""
    if "\u0400" <= word[0] <= "\u04ff":
        latin = _SILENT.sub("", anyascii(word).lower())
        return [stem(latin)] if latin else []
    if not word.isascii() or not word.isalpha():
        return []
    cyrillic = word
    for letters, one in _TO_CYRILLIC:
        cyrillic = cyrillic.replace(letters, one)
    return [stem(cyrillic)]


_MONTHS = (
    *(("январь", "января", "january"), ("февраль", "февраля", "february"), ("март", "марта", "march")),
    *(("апрель", "апреля", "april"), ("май", "мая", "may"), ("июнь", "июня", "june"), ("июль", "июля", "july")),
    *(("август", "августа", "august"), ("сентябрь", "сентября", "september"), ("октябрь", "октября", "october")),
    *(("ноябрь", "ноября", "november"), ("декабрь", "декабря", "december")),
)
_WEEKDAYS = (
    *(("понедельник", "monday"), ("вторник", "tuesday"), ("среда", "wednesday"), ("четверг", "thursday")),
    *(("пятница", "friday"), ("суббота", "saturday"), ("воскресенье", "sunday")),
)


def date_words(day: date) -> str:
    """A day as people may ask for it, in both languages."""
    names = {*_MONTHS[day.month - 1], *_WEEKDAYS[day.weekday()]}
    return f"{day.isoformat()} {' '.join(sorted(names))}"


_MONTH_OF = {stem(name): month for month, names in enumerate(_MONTHS, 1) for name in names}
_WEEKDAY_OF = {stem(name): number for number, names in enumerate(_WEEKDAYS) for name in names}
_ISO_DAY = re.compile(r"(?<!\d)(\d{4})-(\d{2})-(\d{2})(?!\d)")
_DOTTED_DAY = re.compile(r"(?<![\d.])(\d{1,2})\.(\d{1,2})\.(\d{4}|\d{2})(?![\d])")
_NAMED_DAY = re.compile(r"(?<!\d)(\d{1,2})(?:st|nd|rd|th|-?го|-?е)?(?:\s+of)?\s+([^\W\d_]{3,12})", re.IGNORECASE)
_DAY_NAMED = re.compile(r"\b([a-z]{3,12})\s+(\d{1,2})(?:st|nd|rd|th)?(?![\d:])", re.IGNORECASE)


def day_words(text: str) -> list[str]:
    """The days of a year that a text names, one word for each however it is written: of "15 ноября" it is day1115."""
    days = [(int(match[2]), int(match[3])) for match in _ISO_DAY.finditer(text)]
    days += [(int(match[2]), int(match[1])) for match in _DOTTED_DAY.finditer(text)]
    days += [(month_of(match[2]), int(match[1])) for match in _NAMED_DAY.finditer(text)]
    days += [(month_of(match[1]), int(match[2])) for match in _DAY_NAMED.finditer(text)]
    return [f"day{month:02}{day:02}" for month, day in dict.fromkeys(days) if 1 <= month <= 12 and 1 <= day <= 31]


def weekday_of(name: str) -> int | None:
    """The number of a day of the week from its name in any form, Monday 0; None when it is none."""
    return _WEEKDAY_OF.get(stem(name.lower()))


def month_of(name: str) -> int:
    """The number of a month from its name in any form; 0 when it is none."""
    return _MONTH_OF.get(stem(name.lower()), 0)


def joined(parts: Iterable[str]) -> str:
    """Some texts as one line of stems."""
    return " ".join(word for part in parts for word in (*stems(part), *day_words(part)))
