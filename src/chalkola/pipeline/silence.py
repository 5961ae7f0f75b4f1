"""What becomes of a day of which Amazon has nothing: not yet, not in this answer, or not at all. Pure."""

from datetime import datetime

from chalkola.datasets.model import SliceState
from chalkola.pipeline.shrinking import ROWS_STAY
from chalkola.pipeline.verdict import TWO_ANSWERS_APART, Verdict, state_before
from chalkola.store.slices import Line

SILENT = "Amazon shows neither a total nor an ASIN for it"


def say_empty(before: Line | None, asked_at: datetime) -> Verdict:
    """Return what becomes of a slice for which Amazon says that there is no data: believed when said twice."""
    if before is not None and before.row_count:
        return Verdict(
            state=before.state,
            rows_accepted=False,
            next_at=asked_at + TWO_ANSWERS_APART,
            reason=f"Amazon now says there is no data; the {before.row_count} {ROWS_STAY}",
        )
    if before is not None and before.state is SliceState.EMPTY:
        return Verdict(state=SliceState.EMPTY, reason=before.reason)
    said_at = before.asked_at if before is not None and before.row_count == 0 else None
    if said_at is not None and asked_at - said_at >= TWO_ANSWERS_APART / 2:
        return Verdict(state=SliceState.EMPTY, reason="Amazon says, twice, that there is no data")
    return Verdict(
        state=SliceState.DUE,
        next_at=asked_at + TWO_ANSWERS_APART / 2,
        reason="Amazon says there is no data; asked once more before it is believed",
    )


def too_early(before: Line | None, asked_at: datetime, settles_at: datetime) -> Verdict:
    """Return what becomes of a day of which Amazon has nothing before it settles: that says nothing yet."""
    return Verdict(
        state=state_before(before, SliceState.DUE),
        rows_accepted=False,
        next_at=min(asked_at + TWO_ANSWERS_APART / 2, settles_at),
        reason="Amazon has nothing of the day yet, which has not settled",
    )


def left_out(before: Line | None, now: datetime) -> Verdict:
    """Return what becomes of a marketplace that is missing from an answer for several: that says nothing of it."""
    return Verdict(
        state=state_before(before, SliceState.DUE),
        rows_accepted=False,
        next_at=now,
        ask="alone",
        reason="missing from an answer for several marketplaces; asked again alone",
    )


def was_empty(before: Line | None) -> bool:
    """Return whether Amazon has been believed before that there is nothing."""
    return before is not None and before.state is SliceState.EMPTY
