"""Whether a day that has much less than before is believed: not while Amazon's own total stays as it was. Pure."""

from datetime import timedelta
from decimal import Decimal

from chalkola.datasets.model import SliceState, Sums
from chalkola.pipeline.verdict import TWO_ANSWERS_APART, Answered, Verdict, state_before
from chalkola.store.slices import Line

SHRUNK_BY = 0.10
SHRUNK_UNITS = 5
GUARDED_AFTER = timedelta(days=3)
ROWS_STAY = "rows it gave before stay"
"""In the reason of a day that shrank to nothing."""
_OLD_ROWS_STAY = "the old rows stay"


def shrunk(answered: Answered) -> str | None:
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


def flagged(answered: Answered, reason: str) -> Verdict:
    """Return what becomes of a day that shrank: it stays as it was, and is asked again whole."""
    stale = answered.totals_are_older
    return Verdict(
        state=state_before(answered.before, SliceState.LOADED),
        rows_accepted=False,
        next_at=answered.now if stale else answered.asked_at + TWO_ANSWERS_APART,
        reason=f"{reason}: {_OLD_ROWS_STAY}, and the day is asked again",
        ask="complete",
        totals_again=stale,
    )


def shrank(line: Line) -> bool:
    """Return whether the last answer about a slice had so much less than what we hold that it was not believed."""
    said = line.reason or ""
    # The reason may have given way to that of a later refusal; how to ask stays until the day is answered.
    return _OLD_ROWS_STAY in said or ROWS_STAY in said or (line.state.is_closed and line.ask == "complete")


def _fell(old: Sums, new: Sums) -> str | None:
    lost_units = old.units - new.units
    lost_sales = old.sales - new.sales
    if lost_units > SHRUNK_UNITS and lost_units > old.units * SHRUNK_BY:
        return f"units fell from {old.units} to {new.units}"
    if lost_sales > old.sales * Decimal(str(SHRUNK_BY)) and lost_units > SHRUNK_UNITS:
        return f"sales fell from {old.sales} to {new.sales}"
    return None
