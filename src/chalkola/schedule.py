"""At which hours a process that stays pulls: hours of the day in UTC, as GitHub's schedules have them. Pure."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta

Schedule = tuple[time, ...]
_HOUR = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9])")

USUAL: Schedule = (time(2, 0, tzinfo=UTC), time(19, 17, tzinfo=UTC))
"""The hours of `.github/workflows/daily-pull.yml`: the second one is when the American day has settled."""


def read_schedule(typed: str) -> Schedule:
    """Return the hours in `02:00,19:17`, earliest first, each once. Raises `ValueError` for anything else."""
    return tuple(sorted({_hour(part.strip()) for part in typed.split(",")}))


def next_run(schedule: Sequence[time], now: datetime) -> datetime:
    """Return the first scheduled instant after `now`."""
    today = now.astimezone(UTC).date()
    days = (today, today + timedelta(days=1))
    return min(at for day in days for hour in schedule if (at := datetime.combine(day, hour)) > now)


def _hour(typed: str) -> time:
    found = _HOUR.fullmatch(typed)
    if not found:
        raise ValueError(f"{typed!r} is not an hour like 02:00")
    return time(int(found[1]), int(found[2]), tzinfo=UTC)
