"""How one name is written: in two scripts, in the Russian cases, short and full.

Pure text work for `jobs.users.names`; the names and the endings themselves are data, in `names_data.json`.
"""

from __future__ import annotations

import functools
import json
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Any

from anyascii import anyascii

_WORD = re.compile(r"[^\W_]+")
_APOSTROPHES = re.compile(r"(?<=\w)['’ʼ`‘](?=\w)")
_CYRILLIC = re.compile(r"[\u0400-\u052f]")
_PATRONYMIC = re.compile(r"(.{2,}?)(?:(?:ов|ев)?ич|(?:ов|ев)на|(?:ин)?ична)")

# Letters as the Latin passport spellings have them; ambiguities are folded afterwards, for both scripts alike.
_LATIN = {
    **dict(zip("абвгдезийклмнопрстуфыэіїєґўәө", "abvgdeziiklmnoprstufieiieguao", strict=True)),
    **{"ж": "zh", "х": "h", "ц": "ts", "ч": "ch", "ш": "sh", "щ": "sh", "ъ": "", "ь": "", "ю": "iu", "я": "ia"},
}
_LATIN_TABLE = str.maketrans(_LATIN)
# Applied in order: each line takes several customary spellings of one sound to one.
_FOLDS = [
    (re.compile(pattern), spelling)
    for pattern, spelling in [
        (r"tch", "ch"),
        (r"shch|sch", "sh"),
        (r"kh", "h"),
        (r"ph", "f"),
        (r"th", "t"),
        (r"ck|q", "k"),
        (r"c(?=[eiy])", "s"),
        (r"c(?!h)", "k"),
        (r"x", "ks"),
        (r"w", "v"),
        (r"tz", "ts"),
        (r"[yj]", "i"),
        (r"(.)\1+", r"\1"),
        (r"i[eo]", "e"),
        (r"iu", "u"),
    ]
]


@dataclass(frozen=True, slots=True)
class Word:
    """One word of a name.

    `letters`: lower case, ё as е, no marks over Latin letters. `key`: the same sound in Latin letters, equal for the
    customary spellings of one name (Мария, Maria, Mariya, Marija).
    """

    letters: str
    key: str
    cyrillic: bool

    @classmethod
    def of(cls, letters: str) -> Word:
        """Build from a word that `words` or `declined_from` gave."""
        return cls(letters, latin_key(letters), bool(_CYRILLIC.search(letters)))

    @property
    def changes_by_case(self) -> bool:
        """Whether a Russian speaker would surely change it in a case other than the nominative."""
        return self.cyrillic and self.letters[-1] in "ая"

    def same(self, other: Word) -> bool:
        """Equal as written, or, where the scripts differ or both are Latin, as pronounced."""
        if self.cyrillic and other.cyrillic:
            return self.letters == other.letters
        return self.key == other.key


@functools.lru_cache(maxsize=8192)
def latin_key(letters: str) -> str:
    """Fold a word of any script to the Latin key by which spellings of one name are equal."""
    # A soft sign before a vowel is heard: Илья is ilia; й before я or ю is not written in Latin twice.
    text = re.sub(r"ь(?=[еоуяюи])", "и", letters).translate(_LATIN_TABLE)
    key = "".join(letter for letter in anyascii(text).lower() if letter.isalnum())
    for pattern, spelling in _FOLDS:
        key = pattern.sub(spelling, key)
    return key


def words(text: str) -> list[Word]:
    """Split into words: lower case, ё as е, hyphens and punctuation between words, apostrophes dropped."""
    text = unicodedata.normalize("NFKC", text).casefold()
    # Marks go from Latin letters (é, č) but й must stay one letter of its own.
    plain = "".join(
        letter if _CYRILLIC.match(letter) else unicodedata.normalize("NFD", letter)[0] for letter in text
    ).replace("ё", "е")
    plain = "".join(letter for letter in plain if not unicodedata.combining(letter))
    found = [Word.of(match) for match in _WORD.findall(_APOSTROPHES.sub("", plain))]
    return [word for word in found if word.key]


class NameTable:
    """Given names: which words name the same person, and which words around a name are no part of it."""

    def __init__(self, data: Mapping[str, Any]) -> None:
        self._by_letters: dict[str, set[str]] = defaultdict(set)
        self._by_key: dict[str, set[str]] = defaultdict(set)
        self._latin_key: dict[str, set[str]] = defaultdict(set)
        self._spellings: dict[str, set[str]] = defaultdict(set)
        self._kin: dict[str, set[int]] = defaultdict(set)
        for full, others in (data["russian"] | data["english"]).items():
            for letters in (full, *others.split()):
                self._add(Word.of(letters), full)
        for row, names in enumerate(data["related"]):
            for full in names.split():
                self._kin[full].add(row)
        self.surrounding: frozenset[str] = frozenset(data["surrounding"].split())
        self.governing: frozenset[str] = frozenset(data["governing"].split())

    def _add(self, word: Word, full: str) -> None:
        self._spellings[full].add(word.letters)
        self._by_key[word.key].add(full)
        if word.cyrillic:
            self._by_letters[word.letters].add(full)
        else:
            self._latin_key[word.key].add(full)

    def knows(self, word: Word) -> bool:
        """Whether the word, as it is written, is a given name or short for one."""
        return word.letters in self._by_letters if word.cyrillic else word.key in self._by_key

    def full_names(self, word: Word) -> frozenset[str]:
        """Return the full names that the word is, or is short for; empty when it is no known given name."""
        if word.cyrillic:
            return frozenset(self._by_letters.get(word.letters, ())) | frozenset(self._latin_key.get(word.key, ()))
        return frozenset(self._by_key.get(word.key, ()))

    def spellings(self, full: str) -> frozenset[str]:
        """Return every word, lower case, by which a person of this full name may be called; the full name included."""
        return frozenset(self._spellings.get(full, ()))

    def is_patronymic(self, letters: str) -> bool:
        """Whether a nominative is a patronymic of a known name (Сергеевна), not a surname such as Шостакович."""
        found = _PATRONYMIC.fullmatch(letters)
        if found is None:
            return False
        stem = found[1]
        fathers = [stem, stem + "й", stem + "ь", stem + "а", stem + "я", *_with_vowel(stem)]
        if stem.endswith("ь"):
            fathers.append(stem[:-1] + "ий")
        return any(father in self._spellings for father in fathers)

    def kin(self, full_names: Iterable[str]) -> frozenset[int]:
        """Return the numbers of the rows of related names (Михаил, Michael) that the full names stand in."""
        return frozenset(row for full in full_names for row in self._kin.get(full, ()))


class Declensions:
    """Russian case endings, read backwards: from a word in any case to what its nominative may be."""

    def __init__(self, rows: Iterable[tuple[str, str, str]]) -> None:
        self._by_ending: dict[str, list[tuple[str, re.Pattern[str]]]] = defaultdict(list)
        for nominative, endings, stem in rows:
            pattern = re.compile(f"(?:{stem})\\Z")
            for ending in endings.split():
                self._by_ending[ending].append((nominative, pattern))

    def nominatives(self, word: Word) -> list[str]:
        """Return what the word may be a case form of: a few guesses, most of them no name at all; not itself."""
        if not word.cyrillic:
            return []
        guesses: set[str] = set()
        for size in range(1, 4):
            stem, ending = word.letters[:-size], word.letters[-size:]
            if not stem:
                break
            for nominative, pattern in self._by_ending.get(ending, ()):
                if pattern.search(stem):
                    guesses.add(stem + nominative)
                    if nominative == "":
                        guesses.update(_with_vowel(stem))
        guesses.discard(word.letters)
        return sorted(guesses)


def _with_vowel(stem: str) -> list[str]:
    """Put back the vowel that drops out of the last syllable: павл → павел, льв → лев, зайц → заяц; not ольг → олег."""
    if len(stem) < 2:
        return []
    head, before, last = stem[:-2], stem[-2], stem[-1]
    if before in "ьй" and last in "вкц":
        return [head + "е" + last, head + "я" + last, head + before + "е" + last]
    if before in "аеиоуыэюяьй":
        return []
    return [stem[:-1] + "е" + last, stem[:-1] + "о" + last]


@functools.cache
def load() -> tuple[NameTable, Declensions]:
    """Read the data file once per process."""
    data = json.loads(resources.files("jobs.users").joinpath("names_data.json").read_text("utf-8"))
    return NameTable(data), Declensions(tuple(row) for row in data["declensions"])
