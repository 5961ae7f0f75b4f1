"""An interval cut into hours, days, weeks, months or years of a time zone. Both ends may be cut short."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta, tzinfo

_AN_HOUR = timedelta(hours=1)
_A_DAY = timedelta(days=1)


def buckets(
    start: datetime, end: datetime, granularity: str, zone: tzinfo, first_day_of_week: str
) -> Iterator[tuple[datetime, datetime]]:
    """Yield the start and end of each bucket, in UTC."""
    while start < end:
        following = end if granularity == "Total" else _next(start.astimezone(zone), granularity, first_day_of_week)
        yield start, min(following, end)
        start = following


def _next(local: datetime, granularity: str, first_day_of_week: str) -> datetime:
    """Return the instant at which the bucket of a local time ends."""
    if granularity == "Hour":
        return local.astimezone(UTC) - timedelta(minutes=local.minute, seconds=local.second) + _AN_HOUR
    day = _next_day(local.date(), granularity, first_day_of_week)
    return datetime.combine(day, time(), local.tzinfo).astimezone(UTC)


def _next_day(day: date, granularity: str, first_day_of_week: str) -> date:
    match granularity:
        case "Week":
            passed = day.weekday() if first_day_of_week == "Monday" else (day.weekday() + 1) % 7
            return day + timedelta(days=7 - passed)
        case "Month":
            return (day.replace(day=1) + timedelta(days=32)).replace(day=1)
        case "Year":
            return date(day.year + 1, 1, 1)
        case _:
            return day + _A_DAY
