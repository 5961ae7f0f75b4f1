"""Rows held against totals, and an answer held against the one before. Pure.

proven       the rows add up to Amazon's own total
loaded       they do not: asked again after 24 hours
differs      they did not, by the same figures, in two answers 24 hours apart: accepted with its residual
preliminary  the day had not settled, or looks as if Amazon had not loaded it yet
due          nothing usable came: the day is late
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from statistics import median

from chalkola.datasets.model import SliceState, Sums
from chalkola.store.ledger import Line

TWO_ANSWERS_APART = timedelta(hours=24)
NEVER_WAIT_LONGER = timedelta(hours=72)
PAGE_VIEW_TOLERANCE = 0.02
SHRUNK_BY = 0.10
SHRUNK_UNITS = 5
GUARDED_AFTER = timedelta(days=3)
IMPLAUSIBLE_BELOW = 0.25
"""A day with less than this part of its neighbours' median page views looks as if Amazon had not loaded it yet."""


@dataclass(frozen=True, kw_only=True)
class Answered:
    """What an answer said about one marketplace-day, and what the ledger knew before it."""

    rows: Sums
    row_count: int
    totals: Sums | None
    asked_at: datetime
    settles_at: datetime
    day_ends: datetime
    before: Line | None = None
    totals_before: Line | None = None
    neighbours: Sequence[Sums] = ()
    """The sums of the days around it that are closed."""


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """The state that the slice gets, and whether its rows may replace what is there."""

    state: SliceState
    rows_accepted: bool = True
    next_at: datetime | None = None
    reason: str | None = None
    residual: Sums | None = None


def judge(answered: Answered) -> Verdict:
    """Return what becomes of a marketplace-day that Amazon has answered."""
    if answered.row_count == 0:
        return _without_rows(answered)
    if reason := _shrunk(answered):
        return _flagged(answered, reason)
    if answered.asked_at < answered.settles_at:
        return Verdict(
            state=SliceState.PRELIMINARY,
            next_at=answered.settles_at,
            reason="asked before Amazon settles the day",
            residual=residual_of(answered),
        )
    if answered.asked_at < answered.day_ends + NEVER_WAIT_LONGER and _implausible(answered):
        return Verdict(
            state=SliceState.PRELIMINARY,
            next_at=min(answered.asked_at + timedelta(hours=12), answered.day_ends + NEVER_WAIT_LONGER),
            reason="far below the days around it: Amazon may not have loaded it yet",
            residual=residual_of(answered),
        )
    return _reconciled(answered)


def say_empty(before: Line | None, asked_at: datetime) -> Verdict:
    """Return what becomes of a slice for which Amazon says that there is no data: believed when said twice."""
    if before is not None and before.row_count:
        return Verdict(
            state=before.state,
            rows_accepted=False,
            next_at=asked_at + TWO_ANSWERS_APART,
            reason=f"Amazon now says there is no data; the {before.row_count} rows it gave before stay",
        )
    said_before = before is not None and before.row_count == 0 and before.asked_at is not None
    if said_before and before is not None and before.asked_at and asked_at - before.asked_at >= TWO_ANSWERS_APART / 2:
        return Verdict(state=SliceState.EMPTY, reason="Amazon says, twice, that there is no data")
    return Verdict(
        state=SliceState.DUE,
        next_at=asked_at + TWO_ANSWERS_APART / 2,
        reason="Amazon says there is no data; asked once more before it is believed",
    )


def retry_at(attempts: int, now: datetime) -> datetime:
    """Return when to ask again after `attempts` answers in a row that could not be used: in 4, 8, 16, at most 24 h;
    after ten of them once a week.

    Amazon aborts a report of the same kind that comes sooner than about four hours after the last (field reports).
    """
    if attempts >= 10:
        return now + timedelta(days=7)
    doublings: int = 2**attempts
    return now + min(timedelta(hours=4) * doublings, timedelta(hours=24))


def residual_of(answered: Answered) -> Sums | None:
    """Return totals minus rows where they differ (page views beyond 2 %), None where they agree or totals lack.

    Sessions are never compared: one visitor sees several ASINs.
    """
    if answered.totals is None:
        return None
    rows, totals = answered.rows, answered.totals
    seen = abs(totals.page_views - rows.page_views)
    residual = Sums(
        units=totals.units - rows.units,
        order_items=totals.order_items - rows.order_items,
        sales=totals.sales - rows.sales,
        page_views=totals.page_views - rows.page_views if seen > totals.page_views * PAGE_VIEW_TOLERANCE else 0,
    )
    return residual if residual != Sums() else None


def _without_rows(answered: Answered) -> Verdict:
    totals = answered.totals
    if totals is None or replace(totals, sessions=0) == Sums():
        return say_empty(answered.before, answered.asked_at)
    return Verdict(
        state=_state_before(answered, SliceState.DUE),
        rows_accepted=False,
        next_at=retry_at(answered.before.attempts if answered.before else 0, answered.asked_at),
        reason=f"Amazon has totals for the day ({totals.units} units) but lists no ASIN: its data is late",
    )


def _shrunk(answered: Answered) -> str | None:
    """Return how the day shrank against what we hold, or None when it did not or Amazon's own total fell with it."""
    old = answered.before.sums if answered.before else None
    if old is None or answered.asked_at < answered.day_ends + GUARDED_AFTER:
        return None
    fell = _fell(old, answered.rows)
    if fell is None:
        return None
    totals_old = answered.totals_before.sums if answered.totals_before else None
    if totals_old is not None and answered.totals is not None and _fell(totals_old, answered.totals):
        return None
    return f"{fell}, while Amazon's own total did not fall"


def _fell(old: Sums, new: Sums) -> str | None:
    lost_units = old.units - new.units
    lost_sales = old.sales - new.sales
    if lost_units > SHRUNK_UNITS and lost_units > old.units * SHRUNK_BY:
        return f"units fell from {old.units} to {new.units}"
    if lost_sales > old.sales * Decimal(str(SHRUNK_BY)) and lost_units > SHRUNK_UNITS:
        return f"sales fell from {old.sales} to {new.sales}"
    return None


def _flagged(answered: Answered, reason: str) -> Verdict:
    return Verdict(
        state=_state_before(answered, SliceState.LOADED),
        rows_accepted=False,
        next_at=answered.asked_at + TWO_ANSWERS_APART,
        reason=f"{reason}: the old rows stay, and the day is asked again",
    )


def _state_before(answered: Answered, otherwise: SliceState) -> SliceState:
    before = answered.before
    return before.state if before is not None and before.row_count else otherwise


def _implausible(answered: Answered) -> bool:
    views = [n.page_views for n in answered.neighbours]
    return len(views) >= 3 and answered.rows.page_views < median(views) * IMPLAUSIBLE_BELOW


def _reconciled(answered: Answered) -> Verdict:
    residual = residual_of(answered)
    if answered.totals is None:
        return Verdict(
            state=SliceState.LOADED,
            next_at=answered.asked_at + TWO_ANSWERS_APART,
            reason="Amazon gave no total to hold the rows against",
        )
    if residual is None:
        return Verdict(state=SliceState.PROVEN)
    before = answered.before
    settled_before = before is not None and before.asked_at is not None and before.asked_at >= answered.settles_at
    if (
        before is not None
        and settled_before
        and before.residual == residual
        and before.asked_at is not None
        and answered.asked_at - before.asked_at >= TWO_ANSWERS_APART
    ):
        return Verdict(state=SliceState.DIFFERS, residual=residual, reason=_in_words(residual) + ", twice")
    return Verdict(
        state=SliceState.LOADED,
        next_at=answered.asked_at + TWO_ANSWERS_APART,
        residual=residual,
        reason=_in_words(residual) + "; asked again a day later",
    )


def _in_words(residual: Sums) -> str:
    parts = [
        f"{value:+} {name}"
        for name, value in (
            ("units", residual.units),
            ("order items", residual.order_items),
            ("of sales", residual.sales),
            ("page views", residual.page_views),
        )
        if value
    ]
    return f"Amazon's total is the rows and {', '.join(parts)}"
