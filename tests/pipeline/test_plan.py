"""What is due, and in which order it is asked."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalkola.datasets import DAILY
from chalkola.datasets.model import Slice, SliceState
from chalkola.errors import UsageError
from chalkola.marketplaces import marketplace
from chalkola.pipeline.plan import Plan, Request, check_days, is_late, plan
from chalkola.store.lines import Coverage
from ledgers import DAY, GERMANY, KIOSK, NOW, PARENTS, SALES, TOTALS, knowing, line, means, newest, proven

DUE = Request(datasets=DAILY)
NEWEST = newest()
JAPAN = marketplace("JP")


def asked(planned: Plan, dataset: str = SALES.name) -> list[date]:
    """Return the days that are asked of a dataset, in order."""
    return list(dict.fromkeys(s.day for pull in planned.pulls for s in pull.slices if s.dataset == dataset))


def germany(known: Coverage, now: datetime = NOW, request: Request = DUE) -> Plan:
    return plan(request, means({GERMANY: "EU"}), known, now)


nows = st.integers(0, 365 * 24).map(lambda hours: NOW - timedelta(hours=hours))
coverages = st.builds(
    lambda closed, lines: (closed - set(lines), lines),
    st.sets(st.integers(0, 40)),
    st.dictionaries(
        st.integers(0, 40),
        st.tuples(
            st.sampled_from([s for s in SliceState if not s.is_closed]),
            st.none() | st.integers(-72, 72),
            st.sampled_from([None, "found", "sales_and_traffic.report"]),
        ),
        max_size=15,
    ),
)


@given(nows, coverages)
def test_what_is_due_is_settled_open_not_too_early_and_asked_once(
    now: datetime, coverage: tuple[set[int], Mapping[int, tuple[SliceState, int | None, str | None]]]
) -> None:
    latest = newest(GERMANY, now)
    closed = {latest - DAY * back for back in coverage[0]}
    lines = {
        latest - DAY * back: line(
            latest - DAY * back,
            state,
            source=source,
            next_at=None if hours is None else now + timedelta(hours=hours),
        )
        for back, (state, hours, source) in coverage[1].items()
    }
    days = asked(germany(knowing(*lines.values(), closed=tuple(closed)), now))
    assert days == sorted(set(days), reverse=True)
    assert not set(days) & closed
    assert not [day for day in days if day > latest]
    early = {day for day, one in lines.items() if one.next_at is not None and one.next_at > now}
    assert not set(days) & early
    if latest not in closed | early:
        assert latest in days
    since = min([*closed, *lines], default=latest)
    missed = {latest - DAY * back for back in range(14) if latest - DAY * back >= since}
    found = {day for day, one in lines.items() if one.source == "found" and day != latest}
    open_days = {day for day in lines if day <= latest} | missed
    assert set(days) - {latest} == open_days - closed - early - found - {latest}


def test_the_first_night_asks_for_the_newest_settled_day_alone() -> None:
    assert asked(germany({})) == [NEWEST]


def test_a_night_that_was_missed_is_caught_up_with_newest_first() -> None:
    assert asked(germany(knowing(closed=(NEWEST - 4 * DAY,)))) == [NEWEST - n * DAY for n in range(4)]


def test_a_preliminary_day_is_due_when_it_has_settled() -> None:
    early = line(NEWEST, SliceState.PRELIMINARY, next_at=NOW + timedelta(minutes=1))
    assert asked(germany(knowing(early))) == []
    assert asked(germany(knowing(early), NOW + timedelta(minutes=1))) == [NEWEST]


def test_days_that_were_found_are_left_to_the_backfill() -> None:
    found = [line(NEWEST - n * DAY, SliceState.LOADED, source="found") for n in range(1, 30)]
    assert asked(germany(knowing(*found))) == [NEWEST]


def test_closed_days_that_are_asked_for_by_name_are_counted_and_left_alone() -> None:
    request = Request(datasets=DAILY, first=NEWEST - 2 * DAY, last=NEWEST)
    planned = germany(knowing(closed=(NEWEST - DAY,)), request=request)
    assert asked(planned) == [NEWEST, NEWEST - 2 * DAY]
    assert planned.closed == 3, "one of each dataset"
    assert len(asked(germany(knowing(closed=(NEWEST - DAY,)), request=replace(request, again=True)))) == 3


def test_a_source_that_fills_both_datasets_is_asked_once() -> None:
    reports_only = means({GERMANY: "EU"}, shut=[("EU", name) for name in KIOSK])
    for datasets in (DAILY, (SALES,), (TOTALS,)):
        (pull,) = plan(Request(datasets=datasets), reports_only, {}, NOW).pulls
        assert {s.dataset for s in pull.slices} == {SALES.name, TOTALS.name}


def test_totals_are_asked_beside_rows_that_nobody_wanted_them_of() -> None:
    assert [pull.source.name for pull in plan(Request(datasets=(SALES,)), means({GERMANY: "EU"}), {}, NOW).pulls] == [
        "daily_totals.by_date", "sales_and_traffic.by_asin",
    ]  # fmt: skip


def test_where_every_source_is_closed_the_days_are_unreachable_and_extras_are_kept_apart() -> None:
    shut = [("EU", source.name) for dataset in DAILY for source in dataset.sources]
    planned = plan(DUE, means({GERMANY: "EU", marketplace("US"): "NA"}, shut=shut), {}, NOW)
    assert {pull.box.account for pull in planned.pulls} == {"NA"}
    wanted = [Slice(dataset=d.name, scope=GERMANY.scope, day=NEWEST) for d in (SALES, TOTALS, PARENTS)]
    assert planned.unreachable == tuple(wanted[:2])
    assert planned.extras_closed == tuple(wanted[2:])


def test_a_day_for_which_a_pull_is_open_is_not_asked_again_but_told() -> None:
    known = knowing(line(NEWEST, SliceState.ASKED), under_way=[NEWEST])
    for request in (DUE, Request(datasets=DAILY, first=NEWEST, last=NEWEST, again=True)):
        planned = germany(known, request=request)
        assert planned.pulls == ()
        assert {s.dataset for s in planned.under_way} == {d.name for d in DAILY}


def test_a_question_that_would_bring_what_is_under_way_waits() -> None:
    known = {(TOTALS.name, GERMANY.scope): knowing(under_way=[NEWEST])[TOTALS.name, GERMANY.scope]}
    reports_only = means({GERMANY: "EU"}, shut=[("EU", name) for name in KIOSK])
    planned = plan(Request(datasets=(SALES, TOTALS)), reports_only, known, NOW)
    assert planned.pulls == ()
    assert {s.dataset for s in planned.under_way} == {SALES.name, TOTALS.name}


@pytest.mark.parametrize(
    ("age", "read", "again"),
    [
        (1, 21, True),
        (1, 19, False),
        (13, 21, True),
        (14, 21, False),
        (14, 165, True),
        (29, 165, True),
        (30, 165, False),
    ],
)
def test_closed_days_are_read_again_as_their_age_asks_for(age: int, read: int, again: bool) -> None:
    day = NEWEST - age * DAY
    others = [NEWEST - n * DAY for n in range(40) if n != age]
    known = knowing(proven(day, asked_at=NOW - timedelta(hours=read)), closed=others)
    assert asked(germany(known)) == ([day] if again else [])


def test_days_without_rows_and_days_found_are_not_read_again() -> None:
    lines = [
        proven(NEWEST, asked_at=NOW),
        proven(NEWEST - DAY, row_count=0),
        proven(NEWEST - 2 * DAY, source="found"),
    ]
    assert germany(knowing(*lines)).pulls == ()


def test_a_repair_asks_only_what_is_open_and_whose_time_has_come() -> None:
    lines = [
        line(NEWEST - DAY, SliceState.LOADED),
        line(NEWEST - 2 * DAY, SliceState.LOADED, next_at=NOW + DAY),
        proven(NEWEST - 3 * DAY),
    ]
    known = knowing(*lines)
    assert asked(germany(known, request=replace(DUE, repairs=True))) == [NEWEST - DAY]
    named = Request(datasets=DAILY, first=NEWEST - 3 * DAY, last=NEWEST, again=True, repairs=True)
    assert asked(germany(known, request=named)) == [NEWEST, NEWEST - DAY]


@pytest.mark.parametrize(
    ("first", "last", "says", "remedy"),
    [
        (date(2026, 11, 18), date(2026, 11, 17), "before they start", "--from"),
        (date(2026, 11, 21), date(2026, 11, 21), "in the future in DE", "2026-11-20"),
        (date(2024, 11, 20), date(2024, 11, 22), "before what Amazon still answers for DE", "2024-11-21"),
    ],
)
def test_days_that_amazon_cannot_answer_are_refused_with_the_accepted_ones(
    first: date, last: date, says: str, remedy: str
) -> None:
    with pytest.raises(UsageError, match=says) as refused:
        check_days(Request(datasets=DAILY, first=first, last=last), {GERMANY: "EU"}, NOW)
    assert remedy in refused.value.remedy


def test_the_first_and_the_last_day_that_amazon_answers_are_accepted() -> None:
    check_days(Request(datasets=DAILY, first=date(2024, 11, 21), last=date(2026, 11, 20)), {GERMANY: "EU"}, NOW)


def test_late_is_what_a_settled_day_must_not_stay() -> None:
    assert {state for state in SliceState if is_late(state)} == {SliceState.DUE, SliceState.ASKED, SliceState.FAILED}


def test_a_marketplace_never_heard_of_catches_up_with_the_others() -> None:
    known = knowing(closed=(NEWEST - 3 * DAY, NEWEST - 2 * DAY))
    planned = plan(DUE, means({GERMANY: "EU", JAPAN: "FE"}), known, NOW)
    latest = newest(JAPAN)
    pulls = [pull for pull in planned.pulls if pull.source.name == "sales_and_traffic.by_asin"]
    assert [pull.box.last for pull in pulls if pull.box.marketplaces == (JAPAN,)] == [
        latest - n * DAY for n in range((latest - NEWEST).days + 4)
    ]
