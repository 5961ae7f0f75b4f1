"""What is known of a day when an answer about it has come, and what becomes of it. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from chalkola.datasets.model import SliceState, Sums
from chalkola.store.slices import Line, Manner

TWO_ANSWERS_APART = timedelta(hours=24)
BESIDE = timedelta(minutes=30)
"""Totals that were asked for at most so long before the rows count as asked beside them."""


@dataclass(frozen=True, kw_only=True)
class Answered:
    """What is known of one marketplace-day when an answer about it has come, and what the ledger knew before."""

    rows: Sums
    row_count: int
    totals: Sums | None
    asked_at: datetime
    settles_at: datetime
    day_ends: datetime
    now: datetime
    totals_asked_at: datetime | None = None
    complete: bool = True
    """Whether the rows came in a way that leaves no ASIN out."""
    missing: bool = False
    """Whether an answer for several marketplaces had rows for others only."""
    before: Line | None = None
    totals_before: Sums | None = None
    neighbours: Sequence[Sums] = ()
    """The sums of the days around it that are closed."""

    @property
    def totals_are_older(self) -> bool:
        """Return whether the totals were asked for so long before the rows that these may tell of more."""
        return self.totals_asked_at is not None and self.totals_asked_at < self.asked_at - BESIDE


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """The state that the slice gets, and whether its rows may replace what is there."""

    state: SliceState
    rows_accepted: bool = True
    next_at: datetime | None = None
    reason: str | None = None
    ask: Manner | None = None
    residual: Sums | None = None
    residual_since: datetime | None = None
    totals_again: bool = False
    """Whether the totals are to be asked for once more: they are older than the rows."""


def retry_at(attempts: int, now: datetime) -> datetime:
    """Return when to ask again after `attempts` answers in a row that could not be used: in 4, 8, 16, at most 24 h;
    after ten of them once a week.

    Amazon aborts a report of the same kind that comes sooner than about four hours after the last (field reports).
    """
    if attempts >= 10:
        return now + timedelta(days=7)
    doublings: int = 2**attempts
    return now + min(timedelta(hours=4) * doublings, timedelta(hours=24))


def state_before(before: Line | None, otherwise: SliceState) -> SliceState:
    """Return the state that a slice keeps whose rows stay, or another one where it has none."""
    return before.state if before is not None and before.row_count else otherwise
