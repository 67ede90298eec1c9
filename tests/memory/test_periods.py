"""Stretches of days as people name them."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.memory.periods import period

TODAY = date(2026, 11, 25)  # a Wednesday


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("today", "2026-11-25", "2026-11-25"),
        ("Вчера", "2026-11-24", "2026-11-24"),
        ("позавчера", "2026-11-23", "2026-11-23"),
        ("last week", "2026-11-16", "2026-11-22"),
        ("на прошлой неделе", "2026-11-16", "2026-11-22"),
        ("this week", "2026-11-23", "2026-11-29"),
        ("в прошлом месяце", "2026-10-01", "2026-10-31"),
        ("last year", "2025-01-01", "2025-12-31"),
        ("last 2 weeks", "2026-11-12", "2026-11-25"),
        ("за последние 3 дня", "2026-11-23", "2026-11-25"),
        ("в марте", "2026-03-01", "2026-03-31"),
        ("December", "2025-12-01", "2025-12-31"),
        ("February 2024", "2024-02-01", "2024-02-29"),
        ("2026-02", "2026-02-01", "2026-02-28"),
        ("2026-03-05", "2026-03-05", "2026-03-05"),
        ("2025", "2025-01-01", "2025-12-31"),
        ("в 2025 году", "2025-01-01", "2025-12-31"),
        # up to today, where the last ones are not those before these
        ("past week", "2026-11-19", "2026-11-25"),
        ("за последнюю неделю", "2026-11-19", "2026-11-25"),
        ("in the past month", "2026-10-27", "2026-11-25"),
        ("за последний месяц", "2026-10-27", "2026-11-25"),
        ("за неделю", "2026-11-19", "2026-11-25"),
        ("последние две недели", "2026-11-12", "2026-11-25"),
        ("during the last three days", "2026-11-23", "2026-11-25"),
        # back
        ("3 дня назад", "2026-11-22", "2026-11-22"),
        ("a week ago", "2026-11-16", "2026-11-22"),
        ("месяц назад", "2026-10-01", "2026-10-31"),
        ("на позапрошлой неделе", "2026-11-09", "2026-11-15"),
        ("last weekend", "2026-11-21", "2026-11-22"),
        ("на выходных", "2026-11-21", "2026-11-22"),
        ("last Monday", "2026-11-23", "2026-11-23"),
        ("в среду", "2026-11-18", "2026-11-18"),
        ("в прошлую пятницу", "2026-11-20", "2026-11-20"),
        ("this Friday", "2026-11-27", "2026-11-27"),
        # days and months
        ("15 марта", "2026-03-15", "2026-03-15"),
        ("December 24", "2025-12-24", "2025-12-24"),
        ("15 March 2025", "2025-03-15", "2025-03-15"),
        ("05.03.2026", "2026-03-05", "2026-03-05"),
        ("31.12", "2025-12-31", "2025-12-31"),
        ("29 февраля", "2024-02-29", "2024-02-29"),
        ("2026-3-5", "2026-03-05", "2026-03-05"),
        ("last March", "2026-03-01", "2026-03-31"),
        ("в прошлом ноябре", "2025-11-01", "2025-11-30"),
        ("в марте прошлого года", "2025-03-01", "2025-03-31"),
        ("в марте 2025 года", "2025-03-01", "2025-03-31"),
        ("Sept", "2026-09-01", "2026-09-30"),
        # one further back than the last
        ("в позапрошлую пятницу", "2026-11-13", "2026-11-13"),
        ("позапрошлый понедельник", "2026-11-16", "2026-11-16"),
        ("Friday before last", "2026-11-13", "2026-11-13"),
        ("в позапрошлые выходные", "2026-11-14", "2026-11-15"),
        ("the weekend before last", "2026-11-14", "2026-11-15"),
        ("в позапрошлом марте", "2025-03-01", "2025-03-31"),
        ("в позапрошлом ноябре", "2024-11-01", "2024-11-30"),
        ("the week before last", "2026-11-09", "2026-11-15"),
        ("в позапрошлом году", "2024-01-01", "2024-12-31"),
        ("в марте позапрошлого года", "2024-03-01", "2024-03-31"),
        ("March of last year", "2025-03-01", "2025-03-31"),
        ("December 24 last year", "2025-12-24", "2025-12-24"),
        ("15 марта прошлого года", "2025-03-15", "2025-03-15"),
        ("в декабре этого года", "2026-12-01", "2026-12-31"),
        ("this weekend", "2026-11-28", "2026-11-29"),
        ("с прошлой недели", "2026-11-16", "2026-11-25"),
        # about how many
        ("пару недель назад", "2026-11-02", "2026-11-22"),
        ("a couple of days ago", "2026-11-22", "2026-11-24"),
        ("несколько дней назад", "2026-11-18", "2026-11-23"),
        ("a few months ago", "2026-04-01", "2026-09-30"),
        ("за последнюю пару недель", "2026-11-05", "2026-11-25"),
        ("over the last few days", "2026-11-19", "2026-11-25"),
    ],
)
def test_a_stretch_is_computed(text: str, first: str, last: str) -> None:
    assert period(text, TODAY) == (date.fromisoformat(first), date.fromisoformat(last))


@pytest.mark.parametrize(
    ("text", "today", "first", "last"),
    [
        ("last week", "2027-01-01", "2026-12-21", "2026-12-27"),
        ("this week", "2027-01-01", "2026-12-28", "2027-01-03"),
        ("в прошлом месяце", "2027-01-31", "2026-12-01", "2026-12-31"),
        ("позавчера", "2027-01-01", "2026-12-30", "2026-12-30"),
        ("в декабре", "2027-01-01", "2026-12-01", "2026-12-31"),
        ("last month", "2028-03-31", "2028-02-01", "2028-02-29"),
        ("last weekend", "2027-01-03", "2026-12-26", "2026-12-27"),
        ("на выходных", "2027-01-03", "2027-01-02", "2027-01-03"),
        ("5 месяцев назад", "2027-01-15", "2026-08-01", "2026-08-31"),
    ],
)
def test_a_stretch_may_lie_over_the_end_of_a_year(text: str, today: str, first: str, last: str) -> None:
    assert period(text, date.fromisoformat(today)) == (date.fromisoformat(first), date.fromisoformat(last))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "soon",
        "2026-13",
        "2026-02-30",
        "0000",
        "last horse",
        "март-апрель",
        "last 0 weeks x",
        "прошлым летом",
        "последние дни",
        "last weeks",
        "прошлые недели",
        "за последние недели",
        "в последние месяцы",
        "эти дни",
        "на днях",
        "years ago",
        "недели назад",
        "March last week",
        "в марте на прошлой неделе",
        "last March 2025",
        "прошлая годовщина",
        "30.02",
        "32 марта",
    ],
)
def test_what_names_no_days_is_none(text: str) -> None:
    assert period(text, TODAY) is None


@pytest.mark.parametrize("text", ["since March", "с марта", "from march", "с 1 марта"])
def test_since_a_day_means_until_today(text: str) -> None:
    assert period(text, TODAY) == (date(2026, 3, 1), date(2026, 11, 25))


DAYS = st.dates(date(2000, 1, 1), date(2100, 1, 1))
UNITS = st.sampled_from((("days", "дней"), ("weeks", "недель"), ("months", "месяцев"), ("years", "лет")))


def named(text: str, today: date) -> tuple[date, date]:
    found = period(text, today)
    assert found, text
    return found


@given(DAYS, st.sampled_from(("неделя", "месяц", "год", "пятница", "воскресенье", "март", "выходные")))
def test_the_one_before_the_last_ends_before_the_last_and_the_last_before_today(today: date, name: str) -> None:
    (last, last_end), (first, end) = named(f"прошлый {name}", today), named(f"позапрошлый {name}", today)
    assert first <= end < last <= last_end < today
    length = {"неделя": 7, "пятница": 7, "воскресенье": 7, "выходные": 7}.get(name)
    if length:
        assert last - first == timedelta(days=length)
    elif name == "месяц":
        assert end + timedelta(days=1) == last
    else:
        assert (first.year + 1, first.month, first.day) == (last.year, last.month, last.day)


@given(DAYS, UNITS, st.integers(1, 20))
def test_so_many_ago_says_the_same_in_both_languages_and_goes_back_one_by_one(
    today: date, unit: tuple[str, str], count: int
) -> None:
    first, end = named(f"{count} {unit[0]} ago", today)
    assert period(f"{count} {unit[1]} назад", today) == (first, end)
    assert first <= end < today
    assert named(f"{count + 1} {unit[0]} ago", today)[1] + timedelta(days=1) == first


@given(DAYS, UNITS)
def test_about_so_many_ago_is_a_stretch_around_so_many_ago(today: date, unit: tuple[str, str]) -> None:
    for text, counts in ((f"a couple of {unit[0]} ago", (1, 2, 3)), (f"несколько {unit[1]} назад", range(2, 8))):
        first, end = named(text, today)
        exact = [named(f"{count} {unit[0]} ago", today) for count in counts]
        assert (first, end) == (exact[-1][0], exact[0][1])
