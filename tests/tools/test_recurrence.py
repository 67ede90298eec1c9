"""What recurs comes when it is meant to, whatever the clocks do."""

from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.times import first_valid
from jobs.tools.recurrence import Rule

BERLIN = ZoneInfo("Europe/Berlin")
EARLY, LATE = (datetime.fromisoformat(day) for day in ("1995-01-01", "2036-01-01"))
ZONES = ["Europe/Berlin", "America/New_York", "Asia/Tehran", "Australia/Lord_Howe", "Pacific/Apia", "UTC"]
RULES = [
    "every 86400",
    "every 5400",
    "every 604800",
    "cron 30 2 * * *",
    "cron */20 1-3 * * 0",
    "rrule FREQ=DAILY",
    "rrule FREQ=MONTHLY;BYDAY=-1FR",
    "rrule FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR;BYHOUR=2;BYMINUTE=30",
]


def local(rule: str, start: datetime, count: int) -> list[str]:
    found = islice(Rule.parse(rule).after(start, start, BERLIN), count)
    return [moment.astimezone(BERLIN).strftime("%m-%d %H:%M%z") for moment in found]


@pytest.mark.parametrize("rule", ["every 86400", "cron 30 2 * * *", "rrule FREQ=DAILY"])
def test_a_time_that_does_not_exist_is_the_next_valid_one(rule: str) -> None:
    start = datetime(2026, 3, 27, 1, 30, tzinfo=UTC)
    assert local(rule, start, 3) == ["03-28 02:30+0100", "03-29 03:00+0200", "03-30 02:30+0200"]


@pytest.mark.parametrize("rule", ["every 86400", "cron 30 2 * * *", "rrule FREQ=DAILY"])
def test_a_time_that_happens_twice_comes_once(rule: str) -> None:
    start = datetime(2026, 10, 23, 0, 30, tzinfo=UTC)
    assert local(rule, start, 3) == ["10-24 02:30+0200", "10-25 02:30+0200", "10-26 02:30+0100"]


def test_what_comes_every_so_many_minutes_does_not_mind_the_clocks() -> None:
    start = datetime(2026, 3, 29, 0, 30, tzinfo=UTC)
    assert local("every 5400", start, 2) == ["03-29 04:00+0200", "03-29 05:30+0200"]


@given(
    rule=st.sampled_from(RULES),
    zone=st.sampled_from(ZONES),
    start=st.datetimes(EARLY, LATE),
    later=st.integers(0, 400 * 86400),
)
def test_from_wherever_one_looks_the_occurrences_are_the_same(
    rule: str, zone: str, start: datetime, later: int
) -> None:
    """In order, each once, none left out: what a restart in between, or a night asleep, must not change."""
    parsed, at, begun = Rule.parse(rule), ZoneInfo(zone), start.replace(tzinfo=UTC, microsecond=0)
    looked = begun + timedelta(seconds=later)
    found = list(islice(parsed.after(looked, begun, at), 6))
    assert all(earlier < after for earlier, after in pairwise([looked, *found]))
    for number, moment in enumerate(found[:-1]):
        assert parsed.next(moment, begun, at) == found[number + 1]
    assert parsed.next(found[0] - timedelta(seconds=1), begun, at) == found[0]


@given(
    local=st.datetimes(EARLY, LATE),
    zone=st.sampled_from(ZONES),
)
def test_every_wall_time_is_one_moment_in_order(local: datetime, zone: str) -> None:
    at = ZoneInfo(zone)
    local = local.replace(microsecond=0)
    moment = first_valid(local, at)
    shown = moment.astimezone(at).replace(tzinfo=None)
    assert shown >= local, "a time that is skipped is not moved back"
    assert moment <= first_valid(local + timedelta(days=2), at)


@pytest.mark.parametrize(
    ("rule", "says"),
    [
        ("cron 99 * * * *", "five fields"),
        ("cron 0 0 30 2 *", "five fields"),
        ("cron * * * * * *", "once a minute"),
        ("rrule FREQ=SECONDLY", "every_minutes or cron"),
        ("rrule FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", "never comes"),
        ("rrule FREQ=DAILY;COUNT=0", "never comes"),
        ("rrule nonsense", "not a rule"),
        ("every 5", "one minute to ten years"),
        ("every 99999999999", "one minute to ten years"),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused_in_one_sentence(rule: str, says: str) -> None:
    with pytest.raises(ValueError, match=says) as refused:
        Rule.parse(rule).check(datetime(2026, 1, 1, tzinfo=UTC), BERLIN)
    assert "\n" not in str(refused.value)


def test_an_end_in_utc_is_an_end_in_the_zone() -> None:
    start = datetime(2026, 5, 1, 6, 0, tzinfo=UTC)
    assert local("rrule FREQ=DAILY;UNTIL=20260503T060000Z", start, 9) == ["05-02 08:00+0200", "05-03 08:00+0200"]
