"""Which periods a dataset has, and from when on each is asked for."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalkola.datasets.cadence import Cadence, EachWeek, EveryDay, WorkingDays
from chalkola.marketplaces import MARKETPLACES

BERLIN, TOKYO, WEST = ZoneInfo("Europe/Berlin"), ZoneInfo("Asia/Tokyo"), ZoneInfo("America/Los_Angeles")
HOLIDAY = date(2026, 12, 25)
PUBLISHED = WorkingDays(at=time(16, 15), time_zone="Europe/Berlin", closed=lambda day: day == HOLIDAY)
CADENCES: tuple[Cadence, ...] = (EveryDay(settles_after=timedelta(hours=34)), EachWeek(), PUBLISHED)


@pytest.mark.parametrize("cadence", CADENCES, ids=lambda cadence: type(cadence).__name__)
@given(
    now=st.datetimes(datetime(2024, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    zone=st.sampled_from([m.zone for m in MARKETPLACES]),
)
def test_the_newest_period_has_settled_and_the_next_one_has_not(
    cadence: Cadence, now: datetime, zone: ZoneInfo
) -> None:
    newest = cadence.newest(now, zone)
    following = next(day for n in range(1, 9) if cadence.begins(day := newest + timedelta(days=n)))
    assert cadence.begins(newest)
    assert cadence.settles_at(newest, zone) <= now < cadence.settles_at(following, zone)
    assert cadence.period(newest) == newest
    assert cadence.period(following - timedelta(days=1)) in (newest, following - timedelta(days=1))


def test_a_week_is_its_monday_and_begins_at_midnight_in_its_own_zone() -> None:
    weeks = EachWeek()
    assert [weeks.begins(date(2026, 11, day)) for day in range(16, 24)] == [True, *[False] * 6, True]
    assert weeks.period(date(2026, 11, 22)) == date(2026, 11, 16)
    sunday_evening = datetime(2026, 11, 22, 20, tzinfo=UTC)
    assert weeks.newest(sunday_evening, TOKYO) == date(2026, 11, 23)
    assert weeks.newest(sunday_evening, WEST) == date(2026, 11, 16)
    assert weeks.settles_at(date(2026, 11, 23), TOKYO) == datetime(2026, 11, 22, 15, tzinfo=UTC)


def test_what_is_published_on_working_days_has_no_weekends_and_no_holidays() -> None:
    days = [date(2026, 12, day) for day in range(21, 31)]
    assert [day.day for day in days if PUBLISHED.begins(day)] == [21, 22, 23, 24, 28, 29, 30]
    assert PUBLISHED.period(date(2026, 12, 27)) == date(2026, 12, 24)


@pytest.mark.parametrize(
    ("now", "newest"),
    [
        (datetime(2026, 11, 20, 15, 14, tzinfo=UTC), date(2026, 11, 19)),
        (datetime(2026, 11, 20, 15, 15, tzinfo=UTC), date(2026, 11, 20)),
        (datetime(2026, 11, 22, 23, 0, tzinfo=UTC), date(2026, 11, 20)),
        (datetime(2026, 7, 1, 14, 14, tzinfo=UTC), date(2026, 6, 30)),
        (datetime(2026, 7, 1, 14, 15, tzinfo=UTC), date(2026, 7, 1)),
        (datetime(2026, 12, 27, 12, 0, tzinfo=UTC), date(2026, 12, 24)),
    ],
)
def test_a_day_is_published_at_the_publishers_hour_whoever_asks(now: datetime, newest: date) -> None:
    assert {PUBLISHED.newest(now, zone) for zone in (BERLIN, TOKYO, WEST)} == {newest}
