"""Hours of a schedule: read, and found again on every day."""

from datetime import UTC, datetime, time, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalkola.schedule import USUAL, next_run, read_schedule

HOURS = st.lists(st.times(timezones=st.just(UTC)).map(lambda t: t.replace(second=0, microsecond=0)), min_size=1)
INSTANTS = st.datetimes(datetime(2024, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


def test_hours_are_read_in_utc_earliest_first_and_each_once() -> None:
    assert read_schedule("19:17, 2:00,02:00") == USUAL
    assert read_schedule("23:59") == (time(23, 59, tzinfo=UTC),)


@pytest.mark.parametrize("typed", ["", "2", "02:00;19:17", "24:00", "02:60", "02:00,", "2:0", "02:00:00", "-1:00"])
def test_what_is_no_hour_is_refused(typed: str) -> None:
    with pytest.raises(ValueError, match="hour"):
        read_schedule(typed)


def test_the_next_one_is_after_now_over_midnight_and_the_end_of_february() -> None:
    assert next_run(USUAL, datetime(2028, 2, 29, 19, 17, tzinfo=UTC)) == datetime(2028, 3, 1, 2, tzinfo=UTC)
    elsewhere = timezone(timedelta(hours=9))
    assert next_run(USUAL, datetime(2026, 11, 20, 10, 59, tzinfo=elsewhere)) == datetime(2026, 11, 20, 2, tzinfo=UTC)


@given(hours=HOURS, now=INSTANTS)
def test_it_is_one_of_the_hours_within_a_day_and_none_lies_between(hours: list[time], now: datetime) -> None:
    found = next_run(hours, now)
    assert found.timetz() in hours
    assert timedelta(0) < found - now <= timedelta(days=1)
    assert not any(now < datetime.combine(day, h) < found for h in hours for day in (now.date(), found.date()))
