"""Days: which ones have settled, which ones Amazon still answers, and how a person types them."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from chalkola.errors import UsageError

ONE_DAY = timedelta(days=1)


def day_ends(day: date, zone: ZoneInfo) -> datetime:
    """Return the instant (UTC) at which `day` is over in `zone`: the next local midnight."""
    return datetime.combine(day + ONE_DAY, time(), zone).astimezone(UTC)


def settles_at(day: date, zone: ZoneInfo, settles_after: timedelta) -> datetime:
    """Return the instant (UTC) from which Amazon's figures for `day` are taken as settled."""
    return day_ends(day, zone) + settles_after


def newest_settled(now: datetime, zone: ZoneInfo, settles_after: timedelta) -> date:
    """Return the newest day that has settled by `now`."""
    day = (now - settles_after).astimezone(zone).date() - ONE_DAY
    while settles_at(day + ONE_DAY, zone, settles_after) <= now:
        day += ONE_DAY
    while settles_at(day, zone, settles_after) > now:
        day -= ONE_DAY
    return day


def today(now: datetime, zone: ZoneInfo) -> date:
    """Return the day that is under way in `zone`."""
    return now.astimezone(zone).date()


def oldest_answered(now: datetime, zone: ZoneInfo, kept_for: timedelta) -> date:
    """Return the oldest day that Amazon still answers: `kept_for` back from the day under way."""
    return today(now, zone) - kept_for


def days(first: date, last: date) -> Iterator[date]:
    """Yield every day from `first` to `last`, both included, oldest first; none when `last` is before `first`."""
    for ordinal in range(first.toordinal(), last.toordinal() + 1):
        yield date.fromordinal(ordinal)


def read_day(typed: str) -> date:
    """Return the day in `typed` (`2026-11-20`). Raises `UsageError` when it is none."""
    try:
        return date.fromisoformat(typed.strip())
    except ValueError as error:
        raise UsageError(f"{typed!r} is not a day.", remedy="Write days as 2026-11-20.") from error
