"""Rows held against totals, and an answer against the one before it."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalkola.datasets.model import Slice, SliceState, Sums
from chalkola.pipeline.reconcile import judge, judge_totals, not_yet, residual_of
from chalkola.pipeline.silence import SILENT, say_empty
from chalkola.pipeline.verdict import Answered, Verdict, retry_at
from chalkola.store.slices import Line

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
MINUTES = timedelta(minutes=5)
"""From question to verdict."""
ENDS = datetime(2026, 11, 17, 23, tzinfo=UTC)
SETTLES = ENDS + 34 * HOUR
FULL = Sums(units=100, order_items=90, sales=Decimal("1999.50"), page_views=3000, sessions=2000)
BLANK = Line(
    slice=Slice(dataset="sales_and_traffic", scope="marketplace:DE", day=date(2026, 11, 17)), state=SliceState.DUE,
    source=None, asked_at=None, loaded_at=None, row_count=None, checksum=None, sums=None, residual=None, attempts=0,
    next_at=None, reason=None,
)  # fmt: skip


def before(**known: Any) -> Line:
    return replace(BLANK, **known)


def answered(**given: Any) -> Answered:
    said: dict[str, Any] = {
        "rows": FULL, "row_count": 20, "totals": FULL, "asked_at": SETTLES + HOUR, "settles_at": SETTLES,
        "day_ends": ENDS,
    }  # fmt: skip
    return Answered(**{"now": given.get("asked_at", SETTLES + HOUR) + MINUTES, **said, **given})


def said_before(verdict: Verdict, **known: Any) -> Line:
    """Return the line that a verdict leaves."""
    return before(
        **{
            "state": verdict.state, "row_count": 20, "sums": FULL, "asked_at": SETTLES + HOUR,
            "residual": verdict.residual, "residual_since": verdict.residual_since, **known,
        }
    )  # fmt: skip


def less(part: float) -> Sums:
    return Sums(
        units=int(FULL.units * part), order_items=int(FULL.order_items * part),
        sales=(FULL.sales * Decimal(str(part))).quantize(Decimal("0.01")), page_views=int(FULL.page_views * part),
    )  # fmt: skip


OLD = before(state=SliceState.PROVEN, row_count=20, sums=FULL, asked_at=ENDS + 40 * HOUR, checksum="x")
LATER = ENDS + 80 * HOUR


def test_rows_that_add_up_to_the_total_are_proven() -> None:
    verdict = judge(answered())
    assert (verdict.state, verdict.rows_accepted, verdict.next_at) == (SliceState.PROVEN, True, None)


def test_sessions_are_never_compared() -> None:
    assert judge(answered(totals=replace(FULL, sessions=1))).state is SliceState.PROVEN


@pytest.mark.parametrize(("views", "state"), [(3060, SliceState.PROVEN), (3070, SliceState.LOADED)])
def test_page_views_may_differ_by_two_percent(views: int, state: SliceState) -> None:
    assert judge(answered(totals=replace(FULL, page_views=views))).state is state


@pytest.mark.parametrize(
    "difference", [{"units": 107}, {"order_items": 91}, {"sales": Decimal("1999.51")}, {"page_views": 4000}]
)
def test_rows_that_do_not_add_up_are_loaded_and_asked_again_a_day_later(difference: Mapping[str, Any]) -> None:
    verdict = judge(answered(totals=replace(FULL, **difference)))
    assert (verdict.state, verdict.rows_accepted) == (SliceState.LOADED, True)
    assert verdict.next_at == SETTLES + 25 * HOUR
    assert verdict.residual is not None
    assert "Amazon's total is the rows and +" in (verdict.reason or "")


def test_a_residual_is_accepted_when_two_answers_a_day_apart_agree_on_it() -> None:
    seven = Sums(units=7)
    totals = replace(FULL, units=107)
    first = judge(answered(totals=totals))
    assert first.residual_since == SETTLES + HOUR
    said = said_before(first)
    again = judge(answered(totals=totals, before=said, asked_at=SETTLES + 25 * HOUR))
    assert (again.state, again.residual) == (SliceState.DIFFERS, seven)
    assert again.next_at is None
    assert again.reason == "Amazon's total is the rows and +7 units, twice"


def test_a_residual_that_has_stood_for_a_day_is_accepted_however_often_it_was_found_meanwhile() -> None:
    totals = replace(FULL, units=107)
    verdict = judge(answered(totals=totals))
    for hours in (9, 17):
        said = said_before(verdict, asked_at=SETTLES + hours * HOUR)
        verdict = judge(answered(totals=totals, before=said, asked_at=SETTLES + hours * HOUR))
        assert (verdict.state, verdict.residual_since) == (SliceState.LOADED, SETTLES + HOUR)
    last = judge(answered(totals=totals, before=said_before(verdict), asked_at=SETTLES + 25 * HOUR))
    assert last.state is SliceState.DIFFERS


@pytest.mark.parametrize(
    ("because", "known", "hours"),
    [
        ("it is too soon", {}, 24.9),
        ("it is another residual", {"residual": Sums(units=8)}, 30),
        ("the first was asked before the day had settled", {"residual_since": SETTLES - HOUR}, 30),
        ("nobody knows since when", {"residual_since": None}, 30),
    ],
)
def test_a_residual_is_not_accepted_yet(because: str, known: Mapping[str, Any], hours: float) -> None:
    said = before(
        **{
            "state": SliceState.LOADED,
            "row_count": 20,
            "residual": Sums(units=7),
            "residual_since": SETTLES + HOUR,
            "asked_at": SETTLES + HOUR,
            **known,
        }
    )
    asked_at = SETTLES + timedelta(hours=hours)
    verdict = judge(answered(totals=replace(FULL, units=107), before=said, asked_at=asked_at))
    assert verdict.state is SliceState.LOADED, because


def test_rows_by_name_that_lack_something_are_asked_for_completely_at_once() -> None:
    verdict = judge(answered(totals=replace(FULL, units=107), complete=False))
    assert (verdict.state, verdict.ask, verdict.rows_accepted) == (SliceState.LOADED, "complete", True)
    assert verdict.next_at == SETTLES + HOUR + MINUTES
    assert verdict.residual == Sums(units=7)


def test_rows_by_name_never_make_a_residual_accepted() -> None:
    said = said_before(judge(answered(totals=replace(FULL, units=107))))
    verdict = judge(
        answered(totals=replace(FULL, units=107), complete=False, before=said, asked_at=SETTLES + 30 * HOUR)
    )
    assert (verdict.state, verdict.ask) == (SliceState.LOADED, "complete")


@pytest.mark.parametrize(("minutes", "again"), [(0, False), (30, False), (31, True), (600, True)])
def test_totals_that_are_older_than_the_rows_are_asked_for_again_first(minutes: int, again: bool) -> None:
    asked_at = SETTLES + HOUR
    verdict = judge(
        answered(
            totals=replace(FULL, units=90), totals_asked_at=asked_at - timedelta(minutes=minutes), complete=False
        )
    )
    assert (verdict.state, verdict.totals_again) == (SliceState.LOADED, again)
    assert verdict.ask == (None if again else "complete"), "the rows may be right"


def test_totals_that_are_older_do_not_matter_where_they_agree() -> None:
    verdict = judge(answered(totals_asked_at=ENDS))
    assert (verdict.state, verdict.totals_again) == (SliceState.PROVEN, False)


def test_a_marketplace_that_is_missing_from_an_answer_is_asked_for_alone_at_once() -> None:
    for totals in (FULL, None):
        verdict = judge(answered(rows=Sums(), row_count=0, totals=totals, missing=True, asked_at=LATER))
        assert (verdict.state, verdict.ask, verdict.rows_accepted) == (SliceState.DUE, "alone", False)
        assert verdict.next_at == LATER + MINUTES
    kept = judge(answered(rows=Sums(), row_count=0, missing=True, asked_at=LATER, before=OLD))
    assert (kept.state, kept.rows_accepted) == (SliceState.PROVEN, False)


def test_a_marketplace_that_was_found_empty_may_be_missing_from_an_answer() -> None:
    empty = before(state=SliceState.EMPTY, row_count=0, asked_at=ENDS)
    verdict = judge(answered(rows=Sums(), row_count=0, totals=None, missing=True, asked_at=LATER, before=empty))
    assert (verdict.state, verdict.ask) == (SliceState.EMPTY, None)


def test_totals_whose_rows_are_not_there_yet_wait_for_them() -> None:
    verdict = judge_totals(None, 1, LATER, missing=False)
    assert (verdict.state, verdict.next_at) == (SliceState.LOADED, LATER + 24 * HOUR)


def test_totals_that_are_missing_are_asked_for_alone_and_are_believed_when_said_twice_otherwise() -> None:
    assert judge_totals(None, 0, LATER, missing=True).ask == "alone"
    said = before(row_count=0, asked_at=LATER - 24 * HOUR)
    assert judge_totals(said, 0, LATER, missing=False).state is SliceState.EMPTY
    assert judge_totals(None, 0, LATER, missing=False).state is SliceState.DUE


def test_a_day_asked_before_it_settles_is_preliminary_until_it_does() -> None:
    verdict = judge(answered(asked_at=SETTLES - HOUR))
    assert (verdict.state, verdict.next_at, verdict.rows_accepted) == (SliceState.PRELIMINARY, SETTLES, True)


@pytest.mark.parametrize("missing", [True, False])
@pytest.mark.parametrize(("hours", "later"), [(20, 12), (3, 3)])
def test_what_amazon_does_not_have_before_a_day_settles_says_nothing_yet(
    missing: bool, hours: int, later: int
) -> None:
    early = SETTLES - hours * HOUR
    said = before(row_count=0, asked_at=early - 24 * HOUR)
    verdicts = [
        judge(answered(rows=Sums(), row_count=0, totals=None, asked_at=early, missing=missing, before=said)),
        judge_totals(said, 0, early, missing=missing, settles_at=SETTLES),
    ]
    for verdict in verdicts:
        assert (verdict.state, verdict.next_at, verdict.ask) == (SliceState.DUE, early + later * HOUR, None)
        assert not verdict.rows_accepted, "it is not noted as a first answer that there is no data"


def test_without_a_total_rows_are_loaded_and_not_proven() -> None:
    assert judge(answered(totals=None)).state is SliceState.LOADED


def test_a_day_far_below_its_neighbours_is_not_believed_at_once() -> None:
    thin = less(0.2)
    verdict = judge(answered(rows=thin, totals=thin, neighbours=[FULL] * 3))
    assert (verdict.state, verdict.rows_accepted) == (SliceState.PRELIMINARY, True)
    assert verdict.next_at == SETTLES + 13 * HOUR


def test_a_day_far_below_its_neighbours_is_believed_after_72_hours() -> None:
    thin = less(0.2)
    verdict = judge(answered(rows=thin, totals=thin, neighbours=[FULL] * 3, asked_at=ENDS + 72 * HOUR))
    assert verdict.state is SliceState.PROVEN


@pytest.mark.parametrize("neighbours", [[], [FULL] * 2, [FULL, less(0.2), less(0.3)]])
def test_few_or_thin_neighbours_tell_nothing(neighbours: list[Sums]) -> None:
    thin = less(0.2)
    assert judge(answered(rows=thin, totals=thin, neighbours=neighbours)).state is SliceState.PROVEN


def test_no_rows_beside_totals_are_late_and_replace_nothing() -> None:
    verdict = judge(answered(rows=Sums(), row_count=0, asked_at=SETTLES))
    assert (verdict.state, verdict.rows_accepted) == (SliceState.DUE, False)
    assert verdict.next_at == SETTLES + 4 * HOUR
    kept = judge(answered(rows=Sums(), row_count=0, asked_at=LATER, before=OLD))
    assert (kept.state, kept.rows_accepted) == (SliceState.PROVEN, False)


def test_no_rows_beside_totals_of_an_old_day_are_a_residual_like_any_other() -> None:
    first = judge(answered(rows=Sums(), row_count=0, asked_at=LATER, totals_asked_at=LATER))
    assert (first.state, first.residual) == (SliceState.LOADED, replace(FULL, sessions=0))
    again = said_before(first, row_count=0, sums=Sums(), asked_at=LATER)
    second = judge(answered(rows=Sums(), row_count=0, asked_at=LATER + DAY, totals_asked_at=LATER, before=again))
    assert second.state is SliceState.DIFFERS


def test_an_old_day_without_rows_and_without_a_total_is_empty_when_these_are_two_answers() -> None:
    silent = judge(answered(rows=Sums(), row_count=0, totals=None, asked_at=LATER, totals_asked_at=LATER - HOUR))
    assert (silent.state, silent.reason) == (SliceState.EMPTY, SILENT)
    one_answer = judge(answered(rows=Sums(), row_count=0, totals=None, asked_at=LATER, totals_asked_at=LATER))
    assert one_answer.state is SliceState.DUE


def test_a_residual_that_is_never_the_same_twice_is_accepted_in_the_end() -> None:
    few = judge(answered(rows=less(0.9), before=before(row_count=20, attempts=5), asked_at=LATER))
    assert few.state is SliceState.LOADED
    many = judge(answered(rows=less(0.9), before=before(row_count=20, attempts=6), asked_at=LATER))
    assert many.state is SliceState.DIFFERS
    assert many.reason is not None
    assert "never the same twice in 7 answers" in many.reason
    some = judge(answered(rows=less(0.9), before=before(row_count=20, attempts=9), asked_at=LATER, complete=False))
    assert some.state is SliceState.LOADED, "asked for some ASINs only, it says nothing of the others"


def test_a_day_is_not_accepted_as_it_differs_while_its_total_is_asked_again() -> None:
    accepted = Verdict(state=SliceState.DIFFERS, reason="it differs", residual=FULL, residual_since=ENDS)
    waiting = not_yet(accepted, LATER)
    assert (waiting.state, waiting.next_at) == (SliceState.LOADED, LATER + DAY)
    assert (waiting.residual, waiting.residual_since) == (FULL, ENDS)


def test_no_rows_and_no_totals_are_believed_when_said_twice() -> None:
    first = judge(answered(rows=Sums(), row_count=0, totals=None))
    assert (first.state, first.next_at) == (SliceState.DUE, SETTLES + 13 * HOUR)
    said = before(row_count=0, asked_at=SETTLES + HOUR)
    second = judge(
        answered(rows=Sums(), row_count=0, totals=Sums(sessions=3), before=said, asked_at=SETTLES + 13 * HOUR)
    )
    assert second.state is SliceState.EMPTY


@pytest.mark.parametrize("hours", [0, 1, 11.9])
def test_the_same_thing_said_twice_in_a_row_counts_once(hours: float) -> None:
    said = before(row_count=0, asked_at=SETTLES)
    assert say_empty(said, SETTLES + timedelta(hours=hours)).state is SliceState.DUE


def test_no_data_for_a_day_with_rows_keeps_the_rows() -> None:
    verdict = say_empty(OLD, LATER)
    assert (verdict.state, verdict.rows_accepted) == (SliceState.PROVEN, False)
    assert "20 rows" in (verdict.reason or "")


@pytest.mark.parametrize(
    ("part", "hours", "total_fell", "accepted"),
    [
        (0.85, 80, False, False),  # the guard
        (0.85, 80, True, True),  # Amazon's own total fell with it
        (0.85, 71, False, True),  # not before the third day is over
        (0.91, 80, False, True),  # less than a tenth
        (1.00, 80, False, True),
    ],
)
def test_a_day_that_shrinks_is_accepted_or_kept(part: float, hours: int, total_fell: bool, accepted: bool) -> None:
    now = less(part)
    verdict = judge(
        answered(rows=now, totals=now if total_fell else FULL, before=OLD, totals_before=FULL,
                 asked_at=ENDS + hours * HOUR)
    )  # fmt: skip
    assert verdict.rows_accepted is accepted
    if not accepted:
        assert verdict.state is SliceState.PROVEN, "what stays is as proven as it was"
        assert verdict.next_at == ENDS + (hours + 24) * HOUR


def test_five_units_may_always_go() -> None:
    few = before(state=SliceState.PROVEN, row_count=3, sums=replace(FULL, units=6), asked_at=ENDS)
    one = judge(answered(rows=replace(FULL, units=1), totals=FULL, before=few, asked_at=LATER))
    assert one.rows_accepted
    many = before(state=SliceState.PROVEN, row_count=3, sums=replace(FULL, units=7), asked_at=ENDS)
    assert not judge(answered(rows=replace(FULL, units=1), totals=FULL, before=many, asked_at=LATER)).rows_accepted


def test_sales_that_fall_alone_are_guarded_too() -> None:
    cheap = replace(FULL, sales=Decimal("1000.00"), units=94)
    assert not judge(answered(rows=cheap, totals=FULL, before=OLD, asked_at=LATER)).rows_accepted


@given(st.integers(0, 500), st.integers(0, 500), st.integers(0, 500), st.integers(0, 500))
def test_the_residual_is_what_the_rows_lack(units: int, items: int, more_units: int, more_items: int) -> None:
    rows = Sums(units=units, order_items=items)
    totals = Sums(units=units + more_units, order_items=items + more_items)
    found = residual_of(answered(rows=rows, totals=totals)) or Sums()
    assert rows + found == totals


@given(st.integers(0, 30))
def test_failures_are_tried_again_within_a_day_and_after_ten_of_them_once_a_week(attempts: int) -> None:
    wait = retry_at(attempts, LATER) - LATER
    assert 4 * HOUR <= wait <= (24 * HOUR if attempts < 10 else 7 * 24 * HOUR)
    assert wait <= retry_at(attempts + 1, LATER) - LATER
