"""Who is meant by a name: from "у Маши", "Bob", "+7 (999) 000-11-22" or "@masha" to the people it fits.

The answer is every person that fits equally well, never a guess among them: whoever asks decides what to do with two
Marias. Pure: no I/O but reading the table of names once, no model, nothing heavier than a dictionary.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import IntEnum, StrEnum

from rapidfuzz import process
from rapidfuzz.distance import OSA

from jobs.users.name_forms import Word, load, words

_MAX_QUERY = 200  # characters; longer text is no name
_MAX_WORDS = 8
_MIN_PREFIX = 3
_USERNAME = re.compile(r"(?:(?<![\w@.])@|\bt(?:elegram)?\.me/)(\w{2,64})", re.IGNORECASE | re.ASCII)
_ID = re.compile(r"(?:tg://user\?id=|(?:id|user|#)[\s:#]*)?(\d{1,19})", re.IGNORECASE | re.ASCII)
_INITIAL = re.compile(r"(?<=\s)[^\W\d_](?=\s*\.)|(?<=\s)[A-ZА-ЯЁ]\b")
_PHONE = re.compile(r"(?:tel:)?\+?[\d\s().\-‐-―]{5,40}", re.ASCII)


class Why(StrEnum):
    """What a match rests on, the surest first."""

    ID = "id"
    USERNAME = "username"
    PHONE = "phone"
    FULL_NAME = "full name"  # every word of the person's name, at least two
    NAME = "name"  # every word of the query is a word of the name, possibly short or declined
    RELATED_NAME = "related name"  # the same name in another language: Михаил and Michael
    PART = "part of a name"  # beginnings, initials, or a patronymic that the contact does not have
    TYPO = "similar spelling"


_TRUNK = ("83", "84", "87", "88", "89")
"""How numbers begin that are dialled with 8 within Russia and Kazakhstan; 852… without + is Hong Kong's."""

SCORES: dict[Why, float] = {
    Why.ID: 1.0,
    Why.USERNAME: 1.0,
    Why.PHONE: 1.0,
    Why.FULL_NAME: 0.95,
    Why.NAME: 0.9,
    Why.RELATED_NAME: 0.7,
    Why.PART: 0.6,
    Why.TYPO: 0.5,
}


@dataclass(frozen=True, slots=True)
class PersonName:
    """What is known of a person by which they can be named. `username` without @; `phone` in any formatting."""

    id: int
    name: str
    username: str | None = None
    phone: str | None = None


@dataclass(frozen=True, slots=True)
class Match:
    """A person whom the query fits. `score`: 0 to 1, comparable within one answer only."""

    person: PersonName
    score: float
    why: Why


class _Kind(IntEnum):
    """How a word of the query fits a word of a name, the surest first."""

    EXACT = 0
    SHORT = 1
    RELATED = 2
    PREFIX = 3
    INITIAL = 4
    TYPO = 5


@dataclass(frozen=True, slots=True)
class _Fit:
    kind: _Kind
    declined: bool  # fits only as a case form
    stays: bool  # in the nominative, of a word that any other case would have changed
    distance: int = 0  # letters, for TYPO


_Spot = tuple[int, int]  # number of the person, number of the word in the name
_Fits = dict[_Spot, _Fit]
_Reader = Callable[[Word], _Fits]


class NameMatcher:
    """Finds people by what they are called. Built once for a set of people; `match` does not change it."""

    def __init__(self, people: Iterable[PersonName]) -> None:
        self._people = sorted(people, key=lambda person: (person.id, person.name))
        self._table, self._declensions = load()
        self._words = [self._name_words(person.name) for person in self._people]
        self._by_letters: dict[str, list[_Spot]] = defaultdict(list)
        self._by_key: dict[str, list[_Spot]] = defaultdict(list)
        self._by_latin_key: dict[str, list[_Spot]] = defaultdict(list)
        self._by_full: dict[str, list[_Spot]] = defaultdict(list)
        self._by_kin: dict[int, list[_Spot]] = defaultdict(list)
        for number, name in enumerate(self._words):
            for place, word in enumerate(name):
                self._index(word, (number, place))
        self._letters = list(self._by_letters)
        self._keys = list(self._by_key)
        self._shorts = {
            short: spots
            for full, spots in self._by_full.items()
            for short in self._table.spellings(full)
            if len(short) >= 5 and short not in self._by_letters
        }

    def match(self, query: str) -> list[Match]:
        """Return everyone the query fits best, by descending score, then id; an empty list when it fits nobody.

        Only the best class of match is returned (see `Why`), and all of it. Never raises.
        """
        text = query.strip()
        if not text or len(text) > _MAX_QUERY:
            return []
        if found := _USERNAME.search(text):
            return self._with_username(found[1], Why.USERNAME) or self._by_raw_name(text)
        if found_numbers := self._by_number(text):
            return found_numbers
        return self._by_name(text) or self._by_raw_name(text)

    # Identifiers: exact or nothing.

    def _with_username(self, username: str, why: Why) -> list[Match]:
        wanted = username.casefold()
        return self._answer(why, (n for n, p in enumerate(self._people) if (p.username or "").casefold() == wanted))

    def _by_number(self, text: str) -> list[Match]:
        matches: list[Match] = []
        if found := _ID.fullmatch(text):
            matches += self._answer(Why.ID, (n for n, p in enumerate(self._people) if p.id == int(found[1])))
        if _PHONE.fullmatch(text) and (wanted := phone_digits(text)):
            by_phone = (n for n, p in enumerate(self._people) if p.phone and phone_digits(p.phone) == wanted)
            matches += self._answer(Why.PHONE, by_phone)
        return list({match.person.id: match for match in reversed(matches)}.values())[::-1]

    def _by_raw_name(self, text: str) -> list[Match]:
        """Names that are no words at all, such as a lone emoji."""
        same = (n for n, p in enumerate(self._people) if p.name.strip().casefold() == text.casefold())
        return self._answer(Why.FULL_NAME, same)

    # Names.

    def _by_name(self, text: str) -> list[Match]:
        wanted = self._name_words(text)
        bare = self._bare_username(text)
        if not wanted or len(wanted) > _MAX_WORDS:
            return bare
        governed = any(word.letters in self._table.governing for word in words(text))
        exact = _Search(wanted, self._words, self._exact_fits, governed=governed)
        if exact.found or bare:
            if full := exact.full():
                return self._answer(Why.FULL_NAME, full)
            named = self._answer(Why.NAME, exact.found)
            return sorted({m.person.id: m for m in (*named, *bare)}.values(), key=lambda m: (-m.score, m.person.id))
        if related := _Search(wanted, self._words, self._related_fits).found:
            return self._answer(Why.RELATED_NAME, related)
        if part := self._without_patronymic(wanted) or _Search(wanted, self._words, self._part_fits).found:
            return self._answer(Why.PART, part)
        typo = _Search(wanted, self._words, self._typo_fits)
        return self._answer(Why.TYPO, typo.found, lowered_by=0.05 * typo.distance)

    def _bare_username(self, text: str) -> list[Match]:
        """A username written without @: sure only if it cannot be a name too."""
        sure = any(letter.isdigit() or letter == "_" for letter in text)
        return self._with_username(text, Why.USERNAME if sure else Why.NAME)

    def _without_patronymic(self, wanted: list[Word]) -> list[int]:
        """«Мария Ивановна» for a contact without any patronymic."""
        kept = [word for word in wanted if not self._is_patronymic(word)]
        if not kept or len(kept) == len(wanted):
            return []
        found = _Search(kept, self._words, self._exact_fits).found
        return [number for number in found if not any(map(self._is_patronymic, self._words[number]))]

    def _is_patronymic(self, word: Word) -> bool:
        return any(map(self._table.is_patronymic, (word.letters, *self._declensions.nominatives(word))))

    def _name_words(self, text: str) -> list[Word]:
        found = list(dict.fromkeys(words(text)))
        initials = {letter.casefold() for letter in _INITIAL.findall(text)}
        left_out = self._table.surrounding - initials
        return [word for word in found if word.letters not in left_out] or found

    def _index(self, word: Word, spot: _Spot) -> None:
        self._by_letters[word.letters].append(spot)
        self._by_key[word.key].append(spot)
        if not word.cyrillic:
            self._by_latin_key[word.key].append(spot)
        full_names = self._table.full_names(word)
        for full in full_names:
            self._by_full[full].append(spot)
        for row in self._table.kin(full_names):
            self._by_kin[row].append(spot)

    def _answer(self, why: Why, numbers: Iterable[int], lowered_by: float = 0.0) -> list[Match]:
        score = round(SCORES[why] - lowered_by, 3)
        return [Match(self._people[number], score, why) for number in numbers]

    # One word of the query against every word of every name, from the narrowest reading to the widest.

    def _exact_fits(self, wanted: Word) -> _Fits:
        fits: _Fits = {}
        stays = wanted.changes_by_case
        declined = self._nominatives(wanted)
        _add(fits, self._spelled(wanted), _Fit(_Kind.EXACT, False, stays))
        for word in declined:
            _add(fits, self._spelled(word), _Fit(_Kind.EXACT, True, False))
        # What is a name as it is written is not taken for a form of another (Лена for Len's), nor the reverse.
        known = self._table.knows(wanted)
        if known or not any(map(self._table.knows, declined)):
            _add(fits, self._named(self._table.full_names(wanted)), _Fit(_Kind.SHORT, False, stays))
        for word in declined if not known else ():
            _add(fits, self._named(self._table.full_names(word)), _Fit(_Kind.SHORT, True, False))
        return fits

    def _related_fits(self, wanted: Word) -> _Fits:
        fits = self._exact_fits(wanted)
        for word in (wanted, *self._nominatives(wanted)):
            for row in self._table.kin(self._table.full_names(word)):
                _add(fits, self._by_kin.get(row, ()), _Fit(_Kind.RELATED, False, False))
        return fits

    def _part_fits(self, wanted: Word) -> _Fits:
        fits = self._related_fits(wanted)
        if any(letter.isdigit() for letter in wanted.letters):
            return fits
        for number, name in enumerate(self._words):
            for place, word in enumerate(name):
                mine, theirs = (wanted.letters, word.letters) if _one_script(wanted, word) else (wanted.key, word.key)
                if theirs.startswith(mine):
                    kind = _Kind.PREFIX if len(mine) >= _MIN_PREFIX else _Kind.INITIAL
                    fits.setdefault((number, place), _Fit(kind, False, False))
                elif len(theirs) == 1 and mine.startswith(theirs):
                    fits.setdefault((number, place), _Fit(_Kind.INITIAL, False, False))
        return fits

    def _typo_fits(self, wanted: Word) -> _Fits:
        fits = self._part_fits(wanted)
        readings = (wanted, *self._nominatives(wanted))
        # A name that is a name of its own is no misspelling of another: Инга is not Инна.
        if any(self._table.full_names(word) for word in readings) or any(map(str.isdigit, wanted.letters)):
            return fits
        for reading in readings:
            for table, choices, spelling in (
                (self._by_letters, self._letters, reading.letters),
                (self._by_key, self._keys, reading.key),
                (self._shorts, self._shorts, reading.letters),
            ):
                allowed = _typos_allowed(spelling)
                similar = process.extract(
                    spelling, choices, scorer=OSA.distance, score_cutoff=allowed, processor=None, limit=None
                )
                for choice, distance, _ in similar if allowed else ():
                    if distance <= _typos_allowed(choice):
                        _add(fits, table[choice], _Fit(_Kind.TYPO, False, False, int(distance)))
        return fits

    def _nominatives(self, wanted: Word) -> list[Word]:
        return [Word.of(letters) for letters in self._declensions.nominatives(wanted)]

    def _spelled(self, word: Word) -> Iterable[_Spot]:
        if not word.cyrillic:
            return self._by_key.get(word.key, ())
        return (*self._by_letters.get(word.letters, ()), *self._by_latin_key.get(word.key, ()))

    def _named(self, full_names: Iterable[str]) -> Iterator[_Spot]:
        for full in full_names:
            yield from self._by_full.get(full, ())


class _Search:
    """The people whose names have a word of their own for each word of the query.

    `found`: their numbers, ascending, of the best that there are; `distance`: their letters astray, all words together.
    """

    def __init__(self, wanted: list[Word], names: list[list[Word]], fits: _Reader, *, governed: bool = False) -> None:
        self._names = names
        self._size = len(wanted)
        by_person: list[dict[int, dict[int, _Fit]]] = []
        for word in wanted:
            people: dict[int, dict[int, _Fit]] = defaultdict(dict)
            for (number, place), fit in fits(word).items():
                people[number][place] = fit
            by_person.append(people)
        common = set(by_person[0]).intersection(*by_person[1:])
        ranked = {
            number: rank for number in sorted(common) if (rank := _rank([p[number] for p in by_person], governed))
        }
        best = min(((disagree, distance) for disagree, distance, _ in ranked.values()), default=(0, 0))
        self._short = {number: short for number, (*rank, short) in ranked.items() if tuple(rank) == best}
        self.found = list(self._short)
        self.distance = best[1]

    def full(self) -> list[int]:
        """Return those whose whole name was said, every word as it is."""
        if self._size < 2:
            return []
        return [n for n, short in self._short.items() if not short and len(self._names[n]) == self._size]


def _rank(choices: list[dict[int, _Fit]], governed: bool) -> tuple[int, int, int] | None:
    """Return (cases disagree, letters astray, words that are short forms) of the best way to give each word of the
    query a word of the name of its own, or None if there is none."""
    ranks: list[tuple[int, int, int]] = []
    for fits in _assignments(choices, frozenset()):
        # An initial says too little alone: «П» is nobody, «Иван П.» is somebody.
        if any(f.kind is _Kind.INITIAL for f in fits) and all(f.kind in (_Kind.INITIAL, _Kind.PREFIX) for f in fits):
            continue
        # «Саша Иванова» is no case form of Александр Иванов, «у Александра» is not at Александра's.
        disagree = any(fit.stays for fit in fits) and (governed or any(fit.declined for fit in fits))
        distance = sum(fit.distance for fit in fits)
        ranks.append((int(disagree), distance, sum(fit.kind is not _Kind.EXACT for fit in fits)))
    return min(ranks, default=None)


def _assignments(choices: list[dict[int, _Fit]], taken: frozenset[int]) -> Iterator[list[_Fit]]:
    if not choices:
        yield []
        return
    for place, fit in choices[0].items():
        if place not in taken and place < _MAX_WORDS:
            for rest in _assignments(choices[1:], taken | {place}):
                yield [fit, *rest]


def _add(fits: _Fits, spots: Iterable[_Spot], fit: _Fit) -> None:
    """Keep the better fit of a spot: by kind, then by letters astray; the first of equals."""
    for spot in spots:
        known = fits.get(spot)
        if known is None or (fit.kind, fit.distance) < (known.kind, known.distance):
            fits[spot] = fit


def _one_script(one: Word, other: Word) -> bool:
    return one.cyrillic and other.cyrillic


def _typos_allowed(spelling: str) -> int:
    return 0 if len(spelling) < 4 else 1 if len(spelling) < 8 else 2


def phone_digits(text: str) -> str | None:
    """Return the digits of a phone number as it is dialled from abroad, without +; None when there are too few.

    A Russian number may begin with 8 or with the area code: 8 999 000-11-22, 999 000-11-22 and +7… are one number.
    """
    digits = "".join(letter for letter in text if letter.isascii() and letter.isdigit())
    if len(digits) == 11 and digits.startswith(_TRUNK) and "+" not in text:
        digits = "7" + digits[1:]
    elif len(digits) == 10 and digits.startswith("9") and "+" not in text:
        digits = "7" + digits
    elif digits.startswith("00"):
        digits = digits[2:]
    return digits if len(digits) >= 7 else None
