"""What a reminder is answered with is understood: when to say it again, and that it is done."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from jobs.texts.moments import is_done, moment_in

MOSCOW = ZoneInfo("Europe/Moscow")
WEDNESDAY = datetime(2026, 11, 25, 15, 30, tzinfo=MOSCOW)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("через час", "25 16:30"),
        ("Через час.", "25 16:30"),
        ("напомни через час", "25 16:30"),
        ("Отложи на час", "25 16:30"),
        ("на час", "25 16:30"),
        ("давай через полчаса", "25 16:00"),
        ("через пять минут", "25 15:35"),
        ("через 20 минут", "25 15:50"),
        ("через 2 часа", "25 17:30"),
        ("через полтора часа", "25 17:00"),
        ("через пару часов", "25 17:30"),
        ("через день", "26 15:30"),
        ("через неделю", "02 15:30"),
        ("завтра", "26 09:00"),
        ("завтра утром", "26 09:00"),
        ("завтра вечером", "26 19:00"),
        ("завтра в 10", "26 10:00"),
        ("завтра в 10:30", "26 10:30"),
        ("послезавтра днём", "27 14:00"),
        ("сегодня вечером", "25 19:00"),
        ("сегодня", "25 19:00"),
        ("вечером", "25 19:00"),
        ("утром", "26 09:00"),
        ("в 18:00", "25 18:00"),
        ("в 6 вечера", "25 18:00"),
        ("в 9 утра", "26 09:00"),
        ("в пятницу", "27 09:00"),
        ("в среду", "02 09:00"),
        ("в понедельник в 11:15", "30 11:15"),
        ("на следующей неделе", "30 09:00"),
        ("позже", "25 16:30"),
        ("1h", "25 16:30"),
        ("15m", "25 15:45"),
        ("in an hour", "25 16:30"),
        ("in half an hour", "25 16:00"),
        ("in 20 minutes", "25 15:50"),
        ("remind me in two hours", "25 17:30"),
        ("snooze for 10 min", "25 15:40"),
        ("tomorrow", "26 09:00"),
        ("tomorrow morning", "26 09:00"),
        ("tomorrow at 10:30", "26 10:30"),
        ("tonight", "25 22:00"),
        ("this evening", "25 19:00"),
        ("at 6 pm", "25 18:00"),
        ("on Monday", "30 09:00"),
        ("next week", "30 09:00"),
        ("later", "25 16:30"),
    ],
)
def test_a_few_words_are_a_moment(words: str, expected: str) -> None:
    moment = moment_in(words, WEDNESDAY, MOSCOW)
    assert moment is not None
    assert moment.astimezone(MOSCOW).strftime("%d %H:%M") == expected
    assert moment > WEDNESDAY


@pytest.mark.parametrize(
    "words",
    [
        *("", "завтра утром купи молока", "через час позвони Маше", "сегодня утром", "18", "да", "в 25:00"),
        *("in 100000 weeks", "через 0 минут", "monday was hard", "как дела?", "утро"),
    ],
)
def test_what_says_more_or_less_than_a_moment_is_none(words: str) -> None:
    assert moment_in(words, WEDNESDAY, MOSCOW) is None


@pytest.mark.parametrize("words", ["готово", "Готово!", "Сделал", "уже сделала", "всё сделал", "done", "Done.", "✅"])
def test_done_is_done(words: str) -> None:
    assert is_done(words)


@pytest.mark.parametrize("words", ["не готово", "готово ли?", "готово, а теперь купи молока", "is it done", "да"])
def test_what_is_not_wholly_done_is_not(words: str) -> None:
    assert not is_done(words)
