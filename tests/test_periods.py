"""Days: where they end, when they settle, and how a person types them."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalkola.errors import UsageError
from chalkola.marketplaces import MARKETPLACES
from chalkola.periods import day_ends, days, newest_settled, oldest_answered, read_day, settles_at, today

ZONES = sorted({m.time_zone for m in MARKETPLACES})
SETTLES_AFTER = timedelta(hours=34)

instants = st.integers(0, 15 * 365 * 86400).map(lambda s: datetime(2020, 1, 1, tzinfo=UTC) + timedelta(seconds=s))
some_days = st.dates(date(2020, 1, 2), date(2034, 12, 30))
zones = st.sampled_from(ZONES).map(ZoneInfo)
waits = st.integers(0, 24 * 30).map(lambda hours: timedelta(hours=hours))


@given(some_days, zones)
def test_a_day_ends_where_the_next_one_begins(day: date, zone: ZoneInfo) -> None:
    end = day_ends(day, zone)
    assert (end - timedelta(microseconds=1)).astimezone(zone).date() == day
    assert end.astimezone(zone).date() == day + timedelta(days=1)


@given(some_days, zones)
def test_a_day_has_23_to_25_hours(day: date, zone: ZoneInfo) -> None:
    length = day_ends(day, zone) - day_ends(day - timedelta(days=1), zone)
    assert timedelta(hours=23) <= length <= timedelta(hours=25)


@given(instants, zones, waits)
def test_the_newest_settled_day_has_settled_and_the_next_has_not(
    now: datetime, zone: ZoneInfo, wait: timedelta
) -> None:
    newest = newest_settled(now, zone, wait)
    assert settles_at(newest, zone, wait) <= now < settles_at(newest + timedelta(days=1), zone, wait)


@pytest.mark.parametrize(
    ("zone", "day", "ends", "hours"),
    [
        ("America/Los_Angeles", "2026-03-08", "2026-03-09T07:00+00:00", 23),
        ("America/Los_Angeles", "2026-11-01", "2026-11-02T08:00+00:00", 25),
        ("Europe/London", "2026-03-29", "2026-03-29T23:00+00:00", 23),
        ("Europe/Berlin", "2026-10-25", "2026-10-25T23:00+00:00", 25),
        ("Australia/Sydney", "2026-04-05", "2026-04-05T14:00+00:00", 25),
        ("Australia/Sydney", "2026-10-04", "2026-10-04T13:00+00:00", 23),
        ("Asia/Tokyo", "2026-10-04", "2026-10-04T15:00+00:00", 24),
        ("Asia/Dubai", "2026-03-29", "2026-03-29T20:00+00:00", 24),
        ("America/Sao_Paulo", "2026-11-01", "2026-11-02T03:00+00:00", 24),
    ],
)
def test_a_day_on_which_the_clocks_change_ends_at_its_own_midnight(
    zone: str, day: str, ends: str, hours: int
) -> None:
    there, then = ZoneInfo(zone), date.fromisoformat(day)
    assert day_ends(then, there) == datetime.fromisoformat(ends)
    assert day_ends(then, there) - day_ends(then - timedelta(days=1), there) == timedelta(hours=hours)


def test_a_day_settles_34_hours_after_its_end_in_its_own_marketplace() -> None:
    now = datetime(2026, 11, 20, 2, tzinfo=UTC)
    newest = {m.code: newest_settled(now, m.zone, SETTLES_AFTER) for m in MARKETPLACES}
    assert newest["JP"] == date(2026, 11, 18), "Tokyo's 18th ended at 15:00 UTC, 35 hours ago"
    assert newest["US"] == newest["DE"] == date(2026, 11, 17)


@given(instants, zones)
def test_amazon_answers_as_far_back_as_it_keeps(now: datetime, zone: ZoneInfo) -> None:
    assert today(now, zone) - oldest_answered(now, zone, timedelta(days=729)) == timedelta(days=729)


@given(some_days, st.integers(0, 400))
def test_days_are_all_there_in_order(first: date, count: int) -> None:
    last = first + timedelta(days=count)
    listed = list(days(first, last))
    assert listed == sorted(set(listed))
    assert (listed[0], listed[-1], len(listed)) == (first, last, count + 1)


def test_no_day_lies_between_a_day_and_an_earlier_one() -> None:
    assert list(days(date(2026, 11, 20), date(2026, 11, 19))) == []


@given(some_days)
def test_a_day_reads_as_it_is_written(day: date) -> None:
    assert read_day(f" {day.isoformat()} ") == day


@pytest.mark.parametrize("typed", ["", "yesterday", "20.11.2026", "2026-11-31", "2026-11-20T02:00:00Z", "11/20/2026"])
def test_what_is_no_day_is_refused_with_the_accepted_form(typed: str) -> None:
    with pytest.raises(UsageError, match="Write days as 2026-11-20") as refused:
        read_day(typed)
    assert repr(typed) in str(refused.value)
