"""What a process that stays does next: functions of values, which take `now`.

Nothing of this is kept anywhere. A process that starts knows of no pull and makes one at once: a pull asks only for
what is due, so one that was missed is made up for, and one that was not costs next to nothing.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from chalkola.schedule import Schedule, next_run

_FIRST_RETRY, _LONGEST_RETRY = timedelta(minutes=5), timedelta(hours=1)
LOOKED_AGAIN_AFTER = timedelta(hours=1)
"""A backfill that has something left and nothing that it could ask is tried again after so long."""


@dataclass(frozen=True, kw_only=True)
class Pull:
    """Ask for what is due. `is_retry`: not because of the hour, but because the last one could not be made."""

    is_retry: bool = False


@dataclass(frozen=True, kw_only=True)
class Backfill:
    """Fill the history until the next pull."""

    until: datetime


@dataclass(frozen=True, kw_only=True)
class Sleep:
    """Nothing is to be done before then."""

    until: datetime


Step = Pull | Backfill | Sleep


@dataclass(frozen=True, kw_only=True)
class Standing:
    """What a process knows of what it has done."""

    pull_began: datetime | None = None
    """When the last pull began, whatever became of it; None: there was none yet."""
    failures: int = 0
    """Pulls in a row that could not be made at all."""
    retry_at: datetime | None = None
    backfill_at: datetime | None = None
    """When there is something to do for a backfill; None: not before the next pull."""
    backfill_failures: int = 0


def next_step(standing: Standing, schedule: Schedule, now: datetime) -> Step:
    """Return what to do now. A pull comes first; however many hours were missed meanwhile, one makes up for all."""
    if standing.pull_began is None or next_run(schedule, standing.pull_began) <= now:
        return Pull()
    if standing.retry_at is not None and standing.retry_at <= now:
        return Pull(is_retry=True)
    pull_at = min(filter(None, (next_run(schedule, standing.pull_began), standing.retry_at)))
    if standing.backfill_at is None:
        return Sleep(until=pull_at)
    return Backfill(until=pull_at) if standing.backfill_at <= now else Sleep(until=min(pull_at, standing.backfill_at))


def next_pull_at(standing: Standing, schedule: Schedule, now: datetime) -> datetime:
    """Return when the next pull is due as far as is known now, a retry too; `now` where it is overdue."""
    if standing.pull_began is None:
        return now
    due = min(filter(None, (next_run(schedule, standing.pull_began), standing.retry_at)))
    return max(now, due)


def after_pull(
    standing: Standing, *, began: datetime, now: datetime, was_made: bool, is_retry: bool, backfills: bool
) -> Standing:
    """Return what is known after a pull. `was_made`: it could at least be tried; what it left is in the ledger."""
    # A retry is no scheduled pull: an hour that came while it was at work is still to be kept.
    known = standing if is_retry else replace(standing, pull_began=began)
    if not was_made:
        failures = standing.failures + 1
        return replace(known, failures=failures, retry_at=now + _back_off(failures), backfill_at=None)
    return replace(known, failures=0, retry_at=None, backfill_at=now if backfills else None, backfill_failures=0)


def after_backfill(standing: Standing, *, now: datetime, was_made: bool, is_left: bool) -> Standing:
    """Return what is known after a backfill that ended of itself, or could not be made."""
    if not was_made:
        failures = standing.backfill_failures + 1
        return replace(standing, backfill_at=now + _back_off(failures), backfill_failures=failures)
    return replace(standing, backfill_at=now + LOOKED_AGAIN_AFTER if is_left else None, backfill_failures=0)


def _back_off(failures: int) -> timedelta:
    """Return how long to wait after so many failures in a row: each time twice as long, up to an hour."""
    doublings = min(failures - 1, 10)
    return min(_LONGEST_RETRY, _FIRST_RETRY * (1 << doublings))
