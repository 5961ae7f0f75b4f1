"""Days, weeks from Sunday to Saturday, and months."""

from collections.abc import Iterator
from datetime import date, timedelta

_A_DAY = timedelta(days=1)


def days(start: date, end: date) -> Iterator[date]:
    """Yield the days from `start` to `end`, both included."""
    for offset in range((end - start).days + 1):
        yield start + timedelta(days=offset)


def period_of(day: date, granularity: str) -> tuple[date, date]:
    """Return the first and last day of the DAY, WEEK or MONTH that a day is in."""
    match granularity:
        case "WEEK":
            first = day - timedelta(days=(day.weekday() + 1) % 7)
            return first, first + timedelta(days=6)
        case "MONTH":
            first = day.replace(day=1)
            return first, (first + timedelta(days=31)).replace(day=1) - _A_DAY
        case _:
            return day, day


def whole_periods(start: date, end: date, granularity: str) -> Iterator[tuple[date, date]]:
    """Yield the periods that lie wholly between `start` and `end`; those cut at either end are left out."""
    first, last = period_of(start, granularity)
    if first < start:
        first, last = period_of(last + _A_DAY, granularity)
    while last <= end:
        yield first, last
        first, last = period_of(last + _A_DAY, granularity)
