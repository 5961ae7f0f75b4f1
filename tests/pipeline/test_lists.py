"""A whole list against the one that is there, and a day on which something is published."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalkola.datasets.model import SliceState
from chalkola.pipeline.lists import Held, Said, judge_list, judge_no_list, list_shrank
from chalkola.pipeline.publications import judge_publication
from ledgers import NOW, line, newest

HOUR = timedelta(hours=1)
NEWEST = newest()
FULL = Held(row_count=1000, there=1000, lacks=20)
HALF = Held(row_count=500, there=1000, lacks=500)
NONE = Held(row_count=0, there=1000, lacks=1000)


def test_a_list_that_changed_as_lists_do_is_believed() -> None:
    verdict = judge_list(FULL, [], NOW)
    assert (verdict.state, verdict.rows_accepted, verdict.reason) == (SliceState.PROVEN, True, None)


@pytest.mark.parametrize(("there", "lacks"), [(0, 0), (3, 3), (5, 5), (60, 6), (1000, 100)])
def test_a_few_rows_less_are_nothing(there: int, lacks: int) -> None:
    assert judge_list(Held(row_count=there - lacks + 1, there=there, lacks=lacks), [], NOW).rows_accepted


@pytest.mark.parametrize("held", [HALF, NONE, Held(row_count=1500, there=1000, lacks=101)])
def test_a_list_that_lacks_much_is_not_believed_and_asked_for_again(held: Held) -> None:
    verdict = judge_list(held, [], NOW)
    assert (verdict.state, verdict.rows_accepted) == (SliceState.LOADED, False)
    assert verdict.next_at == NOW + 20 * HOUR
    assert verdict.reason is not None
    assert "the list that is here stays" in verdict.reason
    assert list_shrank(line(NEWEST, SliceState.LOADED, reason=verdict.reason))


def test_it_is_believed_when_it_is_said_twice_nearly_a_day_apart() -> None:
    assert judge_list(HALF, [Said(row_count=505, asked_at=NOW - 20 * HOUR)], NOW).state is SliceState.PROVEN
    assert judge_list(NONE, [Said(row_count=0, asked_at=NOW - 20 * HOUR)], NOW).state is SliceState.EMPTY


@pytest.mark.parametrize(
    "said",
    [
        Said(row_count=500, asked_at=NOW - 19 * HOUR),  # Amazon may have repeated what it had made
        Said(row_count=700, asked_at=NOW - 30 * HOUR),  # two halves that differ are no list
        Said(row_count=0, asked_at=NOW - 30 * HOUR),
    ],
)
def test_it_is_not_believed_when_it_is_said_too_soon_or_otherwise(said: Said) -> None:
    assert not judge_list(HALF, [said], NOW).rows_accepted


@given(st.lists(st.integers(0, 3000), min_size=2, max_size=8))
def test_a_list_never_loses_more_at_once_than_is_believed_unless_it_was_said_twice(lengths: list[int]) -> None:
    there = lengths[0]
    said: list[Said] = []
    for number, length in enumerate(lengths[1:]):
        at = NOW + number * 24 * HOUR
        lacks = max(0, there - length)
        if judge_list(Held(row_count=length, there=there, lacks=lacks), said, at).rows_accepted:
            is_small = lacks <= max(5, there // 10) and (length or not there)
            assert is_small or min(abs(length - one.row_count) for one in said) <= max(5, length * 0.02)
            there, said = length, []
        else:
            said = [Said(row_count=length, asked_at=at), *said]


def test_no_list_from_amazon_takes_nothing_away() -> None:
    before = line(NEWEST, SliceState.PROVEN, row_count=1000)
    verdict = judge_no_list(1000, before, NOW)
    assert (verdict.state, verdict.rows_accepted) == (SliceState.LOADED, False)
    assert "Amazon made no list" in (verdict.reason or "")


def test_a_day_is_proven_once_it_is_published() -> None:
    assert judge_publication(31, line(NEWEST), NOW, passed_over=False).state is SliceState.PROVEN


def test_a_day_that_is_not_published_yet_is_asked_for_again_in_an_hour() -> None:
    verdict = judge_publication(0, line(NEWEST), NOW, passed_over=False)
    assert (verdict.state, verdict.next_at, verdict.rows_accepted) == (SliceState.DUE, NOW + HOUR, False)


def test_a_day_that_was_passed_over_is_empty_and_nothing_more_is_asked() -> None:
    verdict = judge_publication(0, line(NEWEST), NOW, passed_over=True)
    assert (verdict.state, verdict.next_at) == (SliceState.EMPTY, None)


def test_what_was_published_once_stays() -> None:
    before = line(NEWEST, SliceState.PROVEN, row_count=31)
    verdict = judge_publication(0, before, NOW, passed_over=True)
    assert (verdict.state, verdict.rows_accepted) == (SliceState.PROVEN, False)
