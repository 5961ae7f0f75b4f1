"""Days, weeks from Sunday to Saturday, and months."""

from collections.abc import Iterator
from datetime import date, timedelta

_A_DAY = timedelta(days=1)


def days(start: date, end: date) -> Iterator[date]:
    """Yield the days from `start` to `end`, both included."""
    for offset in range((end - start).days + 1):
        yield start + timedelta(days=offset)


def first_answered(today: date, answered_days: int | None) -> date:
    """Return the oldest day of which Amazon still tells: two years back by the calendar, or so many days."""
    return two_years_before(today) if answered_days is None else today - timedelta(days=answered_days)


def two_years_before(day: date) -> date:
    """Return the same day two years earlier; of 29 February, the 28th."""
    return day.replace(year=day.year - 2, day=min(day.day, 28) if day.month == 2 else day.day)


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
