"""What becomes of a list that is answered whole: held against the one that is there, so that half an answer does not
wipe it. Pure.

A list that lacks much of what is there is believed when it is said twice, the better part of a day apart: by then
Amazon makes it anew. Until then the one that is there stays as it is, and the answer is in the archive.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from chalkola.datasets.model import SliceState
from chalkola.pipeline.silence import say_empty
from chalkola.pipeline.verdict import Verdict
from chalkola.store.slices import Line

SHRUNK_BY = 0.10
SHRUNK_ROWS = 5
SAID_TWICE_APART = timedelta(hours=20)
"""Less than a day, so that a run at the same hour may be the second time."""
_AS_LONG_AS = 0.02
_STAYS = "the list that is here stays"


@dataclass(frozen=True, kw_only=True)
class Said:
    """An earlier answer that was not believed: how long its list was, and when it was asked for."""

    row_count: int
    asked_at: datetime


@dataclass(frozen=True, kw_only=True)
class Held:
    """A list against the one that is there: its rows, the rows there that were not gone, and those that it lacks."""

    row_count: int
    there: int
    lacks: int


def judge_list(held: Held, said_before: Sequence[Said], asked_at: datetime) -> Verdict:
    """Return what becomes of a list; `said_before` are the answers since the last one that was believed."""
    if not _shrank(held) or any(_is_second(held, said, asked_at) for said in said_before):
        state = SliceState.PROVEN if held.row_count else SliceState.EMPTY
        return Verdict(state=state, reason=None if held.row_count else "the list is empty")
    return Verdict(
        state=SliceState.LOADED,
        rows_accepted=False,
        next_at=asked_at + SAID_TWICE_APART,
        reason=f"{_lacking(held)}: {_STAYS}, and it is asked for again",
    )


def judge_no_list(there: int, before: Line, asked_at: datetime) -> Verdict:
    """Return what becomes of a list that Amazon did not make, or made without a line where there was none before.
    That says little: it also cancels what is asked too often (selling-partner-api-docs#1329), and has sent headers
    alone (selling-partner-api-models#1385)."""
    if not there:
        return say_empty(before, asked_at)
    reason = f"Amazon made no list: {_STAYS}, and it is asked for again"
    return Verdict(state=SliceState.LOADED, rows_accepted=False, next_at=asked_at + SAID_TWICE_APART, reason=reason)


def list_shrank(line: Line) -> bool:
    """Return whether the last answer lacked so much that it was not believed."""
    return _STAYS in (line.reason or "")


def _shrank(held: Held) -> bool:
    if not held.row_count:
        return held.there > 0
    return held.lacks > SHRUNK_ROWS and held.lacks > held.there * SHRUNK_BY


def _is_second(held: Held, said: Said, asked_at: datetime) -> bool:
    alike = abs(said.row_count - held.row_count) <= max(SHRUNK_ROWS, held.row_count * _AS_LONG_AS)
    return alike and asked_at - said.asked_at >= SAID_TWICE_APART


def _lacking(held: Held) -> str:
    if not held.row_count:
        return f"the answer has no row, and {held.there:,} are here"
    return f"the answer has {held.row_count:,} rows and lacks {held.lacks:,} of the {held.there:,} that are here"
