"""Stretches of days as people name them."""

from datetime import date

import pytest

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
    ],
)
def test_a_stretch_is_computed(text: str, first: str, last: str) -> None:
    assert period(text, TODAY) == (date.fromisoformat(first), date.fromisoformat(last))


@pytest.mark.parametrize(
    "text", ["", "soon", "2026-13", "2026-02-30", "0000", "last horse", "март-апрель", "last 0 weeks x"]
)
def test_what_names_no_days_is_none(text: str) -> None:
    assert period(text, TODAY) is None
