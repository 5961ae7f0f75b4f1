"""Rows held against totals, and an answer held against the one before. Pure.

proven       the rows add up to Amazon's own total
loaded       they do not: asked again after 24 hours
differs      they did not, by the same figures, in two complete answers 24 hours apart: accepted with its residual;
             or by other ones in each of many answers, which more of them would not end
preliminary  the day had not settled, or looks as if Amazon had not loaded it yet
due          nothing usable came: the day is late
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from statistics import median

from chalkola.datasets.model import SliceState, Sums
from chalkola.store.slices import Line, Manner

TWO_ANSWERS_APART = timedelta(hours=24)
NEVER_WAIT_LONGER = timedelta(hours=72)
PAGE_VIEW_TOLERANCE = 0.02
SHRUNK_BY = 0.10
SHRUNK_UNITS = 5
GUARDED_AFTER = timedelta(days=3)
BESIDE = timedelta(minutes=30)
"""Totals that were asked for at most so long before the rows count as asked beside them."""
MOST_ANSWERS = 6
"""Answers in a row of which none left the same residual as the one before: the last is accepted as it is."""
SILENT = "Amazon shows neither a total nor an ASIN for it"
IMPLAUSIBLE_BELOW = 0.25
"""A day with less than this part of its neighbours' median page views looks as if Amazon had not loaded it yet."""
_OLD_ROWS_STAY = "the old rows stay"
_ROWS_STAY = "rows it gave before stay"


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


def judge(answered: Answered) -> Verdict:
    """Return what becomes of a marketplace-day that Amazon has answered."""
    if answered.row_count == 0:
        if answered.asked_at < answered.settles_at:
            return _too_early(answered.before, answered.asked_at, answered.settles_at)
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


def not_yet(accepted: Verdict, asked_at: datetime) -> Verdict:
    """Return what becomes of a day that would be accepted as it differs, while its total is being asked again."""
    reason = f"{accepted.reason}; its total is asked as well"
    return replace(accepted, state=SliceState.LOADED, next_at=asked_at + TWO_ANSWERS_APART, reason=reason)


def say_empty(before: Line | None, asked_at: datetime) -> Verdict:
    """Return what becomes of a slice for which Amazon says that there is no data: believed when said twice."""
    if before is not None and before.row_count:
        return Verdict(
            state=before.state,
            rows_accepted=False,
            next_at=asked_at + TWO_ANSWERS_APART,
            reason=f"Amazon now says there is no data; the {before.row_count} {_ROWS_STAY}",
        )
    if before is not None and before.state is SliceState.EMPTY:
        return Verdict(state=SliceState.EMPTY, reason=before.reason)
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


def shrank(line: Line) -> bool:
    """Return whether the last answer about a slice had so much less than what we hold that it was not believed."""
    said = line.reason or ""
    # The reason may have given way to that of a later refusal; how to ask stays until the day is answered.
    return _OLD_ROWS_STAY in said or _ROWS_STAY in said or (line.state.is_closed and line.ask == "complete")


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


def judge_totals(
    before: Line | None, row_count: int, asked_at: datetime, *, missing: bool, settles_at: datetime | None = None
) -> Verdict:
    """Return what becomes of a day's totals whose rows are not there yet."""
    if row_count:
        return Verdict(
            state=SliceState.LOADED,
            next_at=asked_at + TWO_ANSWERS_APART,
            reason="there are no rows yet to hold against it",
        )
    if settles_at is not None and asked_at < settles_at:
        return _too_early(before, asked_at, settles_at)
    return _alone(before, asked_at) if missing and not _is_empty(before) else say_empty(before, asked_at)


def _too_early(before: Line | None, asked_at: datetime, settles_at: datetime) -> Verdict:
    """Return what becomes of a day of which Amazon has nothing before it settles: that says nothing yet."""
    return Verdict(
        state=_state_before(before, SliceState.DUE),
        rows_accepted=False,
        next_at=min(asked_at + TWO_ANSWERS_APART / 2, settles_at),
        reason="Amazon has nothing of the day yet, which has not settled",
    )


def _without_rows(answered: Answered) -> Verdict:
    totals, before = answered.totals, answered.before
    nothing = totals is None or replace(totals, sessions=0) == Sums()
    is_old = answered.asked_at >= answered.day_ends + NEVER_WAIT_LONGER and not (before and before.row_count)
    # Totals that came in another answer are a second one.
    if nothing and is_old and answered.totals_asked_at not in (None, answered.asked_at):
        return Verdict(state=SliceState.EMPTY, reason=SILENT)
    if answered.missing and not (nothing and _is_empty(before)):
        return _alone(before, answered.now)
    if totals is None or nothing:
        return say_empty(before, answered.asked_at)
    if is_old:
        return _reconciled(answered)
    return Verdict(
        state=_state_before(before, SliceState.DUE),
        rows_accepted=False,
        next_at=retry_at(before.attempts if before else 0, answered.asked_at),
        reason=f"Amazon has totals for the day ({totals.units} units) but lists no ASIN: its data is late",
    )


def judge_listing(row_count: int) -> Verdict:
    """Return what becomes of a listing of ASINs, which nothing is held against."""
    return Verdict(state=SliceState.LOADED if row_count else SliceState.EMPTY)


def _is_empty(before: Line | None) -> bool:
    return before is not None and before.state is SliceState.EMPTY


def _alone(before: Line | None, now: datetime) -> Verdict:
    return Verdict(
        state=_state_before(before, SliceState.DUE),
        rows_accepted=False,
        next_at=now,
        ask="alone",
        reason="missing from an answer for several marketplaces; asked again alone",
    )


def _shrunk(answered: Answered) -> str | None:
    """Return how the day shrank against what we hold, or None when it did not or Amazon's own total fell with it."""
    old = answered.before.sums if answered.before else None
    if old is None or answered.asked_at < answered.day_ends + GUARDED_AFTER:
        return None
    fell = _fell(old, answered.rows)
    if fell is None:
        return None
    if answered.totals is not None and any(
        before is not None and _fell(before, answered.totals) for before in (answered.totals_before, old)
    ):
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
    stale = _totals_are_older(answered)
    return Verdict(
        state=_state_before(answered.before, SliceState.LOADED),
        rows_accepted=False,
        next_at=answered.now if stale else answered.asked_at + TWO_ANSWERS_APART,
        reason=f"{reason}: {_OLD_ROWS_STAY}, and the day is asked again",
        ask="complete",
        totals_again=stale,
    )


def _totals_are_older(answered: Answered) -> bool:
    asked_at = answered.totals_asked_at
    return asked_at is not None and asked_at < answered.asked_at - BESIDE


def _state_before(before: Line | None, otherwise: SliceState) -> SliceState:
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
            reason="Amazon's total is not there yet to hold the rows against",
        )
    if residual is None:
        return Verdict(state=SliceState.PROVEN)
    since = _residual_since(answered, residual)
    if answered.complete and answered.asked_at - since >= TWO_ANSWERS_APART:
        reason = _in_words(residual) + ", twice"
        return Verdict(state=SliceState.DIFFERS, residual=residual, residual_since=since, reason=reason)
    attempts = answered.before.attempts if answered.before else 0
    if answered.complete and attempts >= MOST_ANSWERS:
        reason = f"{_in_words(residual)}, and never the same twice in {attempts + 1} answers"
        return Verdict(state=SliceState.DIFFERS, residual=residual, residual_since=since, reason=reason)
    found = Verdict(state=SliceState.LOADED, residual=residual, residual_since=since)
    if _totals_are_older(answered):
        reason = _in_words(residual) + "; the total is older than the rows and asked again"
        return replace(found, next_at=answered.asked_at + TWO_ANSWERS_APART, totals_again=True, reason=reason)
    if not answered.complete:
        reason = _in_words(residual) + "; asked again for all its ASINs"
        return replace(found, next_at=answered.now, ask="complete", reason=reason)
    reason = _in_words(residual) + "; asked again a day later"
    return replace(found, next_at=answered.asked_at + TWO_ANSWERS_APART, reason=reason)


def _residual_since(answered: Answered, residual: Sums) -> datetime:
    """Return when the first complete answer was asked for that left this very residual: the present one at the
    latest. One from before the day settled does not count."""
    before = answered.before
    known = before is not None and before.residual == residual and before.residual_since is not None
    since = before.residual_since if known and before is not None else None
    return since if since is not None and since >= answered.settles_at else answered.asked_at


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
