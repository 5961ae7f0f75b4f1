"""What becomes of a day that Amazon has answered: its rows held against its totals. Pure.

proven       the rows add up to Amazon's own total
loaded       they do not: asked again after 24 hours
differs      they did not, by the same figures, in two complete answers 24 hours apart: accepted with its residual;
             or by other ones in each of many answers, which more of them would not end
preliminary  the day had not settled, or looks as if Amazon had not loaded it yet
due          nothing usable came: the day is late
empty        Amazon says twice that there is no data, or shows neither rows nor a total in two different answers
"""

from dataclasses import replace
from datetime import datetime, timedelta
from statistics import median

from chalkola.datasets.model import SliceState, Sums
from chalkola.pipeline.shrinking import flagged, shrunk
from chalkola.pipeline.silence import SILENT, left_out, say_empty, too_early, was_empty
from chalkola.pipeline.verdict import TWO_ANSWERS_APART, Answered, Verdict, retry_at, state_before
from chalkola.store.slices import Line

NEVER_WAIT_LONGER = timedelta(hours=72)
PAGE_VIEW_TOLERANCE = 0.02
MOST_ANSWERS = 6
"""Answers in a row of which none left the same residual as the one before: the last is accepted as it is."""
IMPLAUSIBLE_BELOW = 0.25
"""A day with less than this part of its neighbours' median page views looks as if Amazon had not loaded it yet."""


def judge(answered: Answered) -> Verdict:
    """Return what becomes of a marketplace-day that Amazon has answered."""
    if answered.row_count == 0:
        if answered.asked_at < answered.settles_at:
            return too_early(answered.before, answered.asked_at, answered.settles_at)
        return _without_rows(answered)
    if reason := shrunk(answered):
        return flagged(answered, reason)
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
        return too_early(before, asked_at, settles_at)
    return left_out(before, asked_at) if missing and not was_empty(before) else say_empty(before, asked_at)


def judge_listing(row_count: int) -> Verdict:
    """Return what becomes of a listing of ASINs, which nothing is held against."""
    return Verdict(state=SliceState.LOADED if row_count else SliceState.EMPTY)


def _without_rows(answered: Answered) -> Verdict:
    totals, before = answered.totals, answered.before
    nothing = totals is None or replace(totals, sessions=0) == Sums()
    is_old = answered.asked_at >= answered.day_ends + NEVER_WAIT_LONGER and not (before and before.row_count)
    # Totals that came in another answer are a second one.
    if nothing and is_old and answered.totals_asked_at not in (None, answered.asked_at):
        return Verdict(state=SliceState.EMPTY, reason=SILENT)
    if answered.missing and not (nothing and was_empty(before)):
        return left_out(before, answered.now)
    if totals is None or nothing:
        return say_empty(before, answered.asked_at)
    if is_old:
        return _reconciled(answered)
    return Verdict(
        state=state_before(before, SliceState.DUE),
        rows_accepted=False,
        next_at=retry_at(before.attempts if before else 0, answered.asked_at),
        reason=f"Amazon has totals for the day ({totals.units} units) but lists no ASIN: its data is late",
    )


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
    if answered.totals_are_older:
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
    since = before.residual_since if before is not None and before.residual == residual else None
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
