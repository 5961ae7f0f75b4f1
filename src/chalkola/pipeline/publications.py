"""What becomes of a day on which something is published, once its publisher has been asked. Pure."""

from datetime import datetime, timedelta

from chalkola.datasets.model import SliceState
from chalkola.pipeline.verdict import Verdict
from chalkola.store.slices import Line

ASK_AGAIN_AFTER = timedelta(hours=1)


def judge_publication(row_count: int, before: Line, asked_at: datetime, *, passed_over: bool) -> Verdict:
    """Return what becomes of a day. `passed_over`: the answer has a later day, so nothing more is to come of this
    one."""
    if row_count:
        return Verdict(state=SliceState.PROVEN)
    if before.row_count:
        reason = "it is in no answer any more; what was published before stays"
        return Verdict(state=before.state, rows_accepted=False, reason=reason)
    if passed_over:
        return Verdict(state=SliceState.EMPTY, reason="nothing was published for it")
    return Verdict(
        state=SliceState.DUE, rows_accepted=False, next_at=asked_at + ASK_AGAIN_AFTER, reason="not published yet"
    )
