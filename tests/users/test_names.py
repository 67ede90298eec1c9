"""Who is meant by a name: every way a person may be called finds them, and nobody is guessed."""

from __future__ import annotations

import functools
import random
from collections.abc import Iterable

import pymorphy3
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.users.names import Match, NameMatcher, PersonName, Why, phone_digits

_FIRST_NAMES = """
александр алексей анатолий андрей антон аркадий арсений артём артур богдан борис вадим валентин валерий василий виктор
виталий владимир владислав всеволод вячеслав геннадий георгий герман глеб григорий давид даниил денис дмитрий евгений
егор ефим захар иван игнат игорь илья иннокентий кирилл константин лев леонид макар максим марк матвей мирон михаил
никита николай олег павел пётр платон роман руслан савелий святослав семён сергей станислав степан тарас тимофей тимур
фёдор филипп эдуард юрий яков ярослав агата алёна алина алиса алла анастасия ангелина анна антонина варвара валентина
валерия вера вероника виктория галина дарья диана ева евгения екатерина елена елизавета жанна зинаида зоя инна ирина
карина кира кристина ксения лариса лидия лилия любовь людмила маргарита марина мария надежда наталья нина оксана ольга
полина раиса светлана софья таисия тамара татьяна ульяна эльвира юлия яна маша саша катя петя ваня коля женя
"""
_SURNAMES = """
иванов петров сидоров смирнов кузнецов соловьёв морозов новиков фёдоров зайцев павлов голубев виноградов богданов
воробьёв михайлов беляев тарасов белов комаров орлов киселёв макаров андреев ковалёв ильин гусев титов кузьмин баранов
куликов алексеев степанов яковлев сорокин сергеев романов захаров борисов королёв герасимов пономарёв григорьев лазарев
медведев ершов никитин соболев рябов поляков толстой достоевский чайковский маяковский островский левицкий мельник
шевчук ткач иванова петрова смирнова соловьёва кузьмина ильина толстая островская левицкая
"""
FIRST_NAMES = _FIRST_NAMES.split()
SURNAMES = _SURNAMES.split()
CASES = ("nomn", "gent", "datv", "accs", "ablt", "loct")


def matcher(*names: str) -> NameMatcher:
    return NameMatcher(PersonName(number, name) for number, name in enumerate(names, 1))


def found(query: str, *names: str) -> list[str]:
    return [match.person.name for match in matcher(*names).match(query)]


@functools.cache
def analyzer() -> pymorphy3.MorphAnalyzer:
    return pymorphy3.MorphAnalyzer()


@functools.cache
def case_forms(nominative: str) -> dict[str, str]:
    """The six case forms of a name, by a dictionary that the product itself does not use."""
    parses = [parse for parse in analyzer().parse(nominative) if {"NOUN", "nomn", "sing"} in parse.tag]
    parses.sort(key=lambda parse: "Name" not in parse.tag and "Surn" not in parse.tag)
    forms = {case: parses[0].inflect({case, "sing"}) for case in CASES}
    return {case: form.word for case, form in forms.items() if form is not None}


def kinds(matches: Iterable[Match]) -> set[Why]:
    return {match.why for match in matches}


def test_the_lists_are_long_enough_to_mean_something() -> None:
    assert len(set(FIRST_NAMES)) >= 100
    assert len(set(SURNAMES)) >= 60


@pytest.mark.parametrize("name", FIRST_NAMES + SURNAMES)
def test_every_case_form_of_a_name_finds_its_bearer(name: str) -> None:
    people = matcher(name.title(), "Хосе Гонсалес")
    for case, form in case_forms(name).items():
        matches = people.match(form)
        assert [match.person.name for match in matches] == [name.title()], (case, form)
        assert kinds(matches) == {Why.NAME}


@given(
    first=st.sampled_from(FIRST_NAMES),
    last=st.sampled_from(SURNAMES),
    case=st.sampled_from(CASES),
    before=st.sampled_from(["", "для ", "у ", "с ", "«"]),
    swapped=st.booleans(),
)
@settings(max_examples=200, deadline=None)
def test_first_and_last_name_in_any_case_and_order(
    first: str, last: str, case: str, before: str, swapped: bool
) -> None:
    said = [case_forms(first)[case], case_forms(last)[case]]
    query = before + " ".join(reversed(said) if swapped else said)
    assert found(query, f"{first.title()} {last.title()}", "Хосе Гонсалес") == [f"{first.title()} {last.title()}"]


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("поручи Марии", "Мария Иванова"),
        ("у Маши", "Мария Иванова"),
        ("Машеньке", "Мария Иванова"),
        ("для Павла Смирнова", "Павел Смирнов"),
        ("Паше", "Павел Смирнов"),
        ("Льву", "Лев Толстой"),
        ("у Лёвы Толстого", "Лев Толстой"),
        ("с Олей Ивановой", "Ольга Иванова"),
        ("Катюше", "Екатерина Великая"),
        ("катя", "Екатерина Великая"),
        ("Шура", "Александр Блок"),
        ("Bob", "Robert Smith"),
        ("to Bobby Smith", "Robert Smith"),
        ("Боба Смита", "Robert Smith"),
        ("для Джона", "John Doe"),
        ("Liz", "Elizabeth Taylor"),
        ("Роберт", "Bob"),
        ("Александр", "Саша"),
        ("Ивану Иванычу", "Иван Иванович"),
        ("Сергею Ивановичу Зайцу", "Сергей Иванович Заяц"),
        ("Римскому-Корсакову", "Николай Римский-Корсаков"),
        ("Анне-Марии", "Анна-Мария Ли"),
        ("O'Brien", "Conan O’Brien"),
        ("семен", "Семён"),
        ("Алёшу", "Алеша Попович"),
        ("'маша'", "Маша"),
        ("Наталия", "Наталья"),
        ("Zoë", "Zoe"),
        ("🦊", "🦊"),
    ],
)
def test_a_person_is_found_by_what_people_call_them(query: str, name: str) -> None:
    assert found(query, name, "Хосе Гонсалес") == [name]


@pytest.mark.parametrize(
    ("cyrillic", "latin"),
    [
        ("Мария", "Maria Mariya Marija"),
        ("Маша", "Masha"),
        ("Дмитрий", "Dmitry Dmitri Dmitriy Dmitrij"),
        ("Сергей", "Sergey Sergei"),
        ("Алексей", "Alexey Aleksei Alexei Aleksey"),
        ("Юлия", "Yulia Julia Yuliya Iuliia"),
        ("Жанна", "Zhanna"),
        ("Хачатурян", "Khachaturyan Khachaturian Hachaturyan"),
        ("Евгений", "Evgeny Yevgeny Evgeniy Evgenii"),
        ("Александр", "Alexander Aleksandr Alexandr"),
        ("Наталья", "Natalia Natalya Nataliya"),
        ("Екатерина", "Ekaterina Yekaterina"),
        ("Ксения", "Ksenia Xenia Kseniya"),
        ("Соловьёв", "Solovyov Soloviev Solovyev"),
        ("Чайковский", "Tchaikovsky Chaikovsky Chaykovskiy"),
        ("Щербаков", "Shcherbakov Scherbakov"),
        ("Пётр", "Pyotr Petr"),
        ("Михаил", "Mikhail Mihail"),
        ("Людмила", "Lyudmila Ludmila Liudmila"),
        ("Виктор", "Viktor Victor"),
    ],
)
def test_one_name_in_two_scripts(cyrillic: str, latin: str) -> None:
    for spelling in latin.split():
        assert found(spelling, cyrillic, "Хосе") == [cyrillic]
        for form in case_forms(cyrillic.lower()).values():
            assert found(form, spelling, "Jose") == [spelling], form


def test_all_that_fit_equally_well_are_returned() -> None:
    assert found("Маша", "Мария Иванова", "Пётр", "Maria Petrova") == ["Мария Иванова", "Maria Petrova"]
    assert found("у Саши", "Александр Петров", "Александра Ли") == ["Александр Петров", "Александра Ли"]
    assert found("Мария", "Мария", "Мария Петрова") == ["Мария", "Мария Петрова"]
    # The genitive of one name is the nominative of the other.
    assert found("Александра", "Александр Петров", "Александра Ли") == ["Александр Петров", "Александра Ли"]
    assert found("Иванова", "Пётр Иванов", "Анна Иванова") == ["Пётр Иванов", "Анна Иванова"]


def test_what_was_said_around_the_name_settles_the_case() -> None:
    assert found("у Александра", "Александр Петров", "Александра Ли") == ["Александр Петров"]
    assert found("Саша Иванова", "Александр Иванов", "Александра Иванова") == ["Александра Иванова"]
    assert found("Саша Иванова", "Александр Иванов") == ["Александр Иванов"]


def test_every_word_that_was_said_must_fit() -> None:
    assert found("Саша Петров", "Александр Смирнов", "Иван Петров", "Саша Петров") == ["Саша Петров"]
    assert found("Саша Петров", "Александр Смирнов", "Иван Петров") == []
    assert found("Иван Иванов", "Пётр Иванов") == []


def test_the_better_class_of_match_leaves_out_the_weaker() -> None:
    assert found("Иван", "Иван Петров", "Анна Иванова") == ["Иван Петров"]
    assert found("Иван", "Анна Иванова") == ["Анна Иванова"]
    assert found("Иван Петров", "Иван Сергеевич Петров", "Петров Иван", "Ваня Петров") == ["Петров Иван"]
    assert found("Михаил", "Michael Smith", "Михаил Петров") == ["Михаил Петров"]
    assert found("Михаил", "Michael Smith") == ["Michael Smith"]
    assert found("Мария", "Марина", "Мария") == ["Мария"]


def test_parts_of_a_name() -> None:
    assert found("Хачат", "Арам Хачатурян", "Олег") == ["Арам Хачатурян"]
    assert found("Маша И.", "Мария Иванова", "Мария Петрова") == ["Мария Иванова"]
    assert found("Тимуру Петрову", "Тимур П.", "Тимур Ли") == ["Тимур П."]
    assert found("И", "Иван", "Игорь") == []
    assert found("Марии Ивановне", "Мария Петрова", "Мария Сергеевна Ли") == ["Мария Петрова"]
    assert found("Дмитрий Шостакович", "Дмитрий Петров") == []


@pytest.mark.parametrize(
    ("query", "name"),
    [("Хачетуряну", "Арам Хачатурян"), ("Ивна", "Иван"), ("Алексндр", "Александр"), ("Jhonson", "Mark Johnson")],
)
def test_small_slips_are_forgiven_when_nothing_else_fits(query: str, name: str) -> None:
    matches = matcher(name, "Хосе Гонсалес").match(query)
    assert [match.person.name for match in matches] == [name]
    assert kinds(matches) == {Why.TYPO}


def test_a_name_of_its_own_is_not_a_slip() -> None:
    assert found("Инга", "Инна") == []
    assert found("Ольга", "Олег") == []


@pytest.mark.parametrize("query", ["", "  ", "абракадабра", "кот", "???", "ы", "\x00", "9" * 5000, "я " * 5000])
def test_nonsense_finds_nobody(query: str) -> None:
    assert found(query, "Мария Иванова", "Иван Петров", "Bob") == []


PEOPLE = [
    PersonName(1001, "Мария Иванова", "masha_iv", "+7 999 000-11-22"),
    PersonName(1002, "Мария Петрова", "Masha", "8 (999) 000-11-23"),
    PersonName(1003, "Bob", None, "+1 415 555 26 71"),
]


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ("1002", [1002]),
        ("id 1002", [1002]),
        ("1004", []),
        ("@masha", [1002]),
        ("у @MASHA", [1002]),
        ("https://t.me/masha_iv", [1001]),
        ("masha_iv", [1001]),
        ("masha", [1001, 1002]),
        ("@mash", []),
        ("@masha_iw", []),
        ("+79990001122", [1001]),
        ("8 999 000 11 22", [1001]),
        ("(999) 000-11-22", [1001]),
        ("007 999 000 11 22", [1001]),
        ("+7 (999) 000‑11‑23", [1002]),
        ("14155552671", [1003]),
        ("+7 999 000-11-2", []),
        ("+7 999 000-11-32", []),
    ],
)
def test_ids_usernames_and_phones_are_exact_or_nothing(query: str, ids: list[int]) -> None:
    assert [match.person.id for match in NameMatcher(PEOPLE).match(query)] == ids


def test_a_phone_number_has_one_form() -> None:
    same = {phone_digits(text) for text in ("+7 999 000-11-22", "8(999)0001122", "9990001122", "007-999-000-11-22")}
    assert same == {"79990001122"}
    assert phone_digits("12-34") is None
    assert phone_digits("852 9123 4567") == "85291234567", "written without +, and no Russian one"


@given(st.text(max_size=80), st.lists(st.text(max_size=40), max_size=6))
@settings(max_examples=300, deadline=None)
def test_no_text_is_an_error(query: str, names: list[str]) -> None:
    for match in matcher(*names).match(query):
        assert 0 < match.score <= 1


@given(
    st.text(alphabet="аеоиМмшнИвП ья-.ёЙMasha@7+'", max_size=24),
    st.lists(st.text(alphabet="аеоиМмшнИвП ья-.ёЙMasha", max_size=16), max_size=6),
)
@settings(max_examples=300, deadline=None)
def test_no_name_like_text_is_an_error(query: str, names: list[str]) -> None:
    scores = [match.score for match in matcher(*names).match(query)]
    assert scores == sorted(scores, reverse=True)


@given(st.randoms(use_true_random=False), st.sampled_from(["Маша", "Иванова", "Саша Петров", "Ивна", "Мих", "@masha"]))
@settings(max_examples=60, deadline=None)
def test_the_answer_does_not_depend_on_the_order_of_people(shuffler: random.Random, query: str) -> None:
    names = ["Мария Иванова", "Маша", "Александр Петров", "Иван", "Михаил", "Саша Петров", "Пётр Иванов"]
    people = [PersonName(number, name) for number, name in enumerate(names)] + PEOPLE
    shuffled = people.copy()
    shuffler.shuffle(shuffled)
    assert NameMatcher(shuffled).match(query) == NameMatcher(people).match(query)
