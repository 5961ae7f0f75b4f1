"""What is due, and how it is packed into questions."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalkola.datasets import CATALOG, SOURCES
from chalkola.datasets.model import Slice, SliceState
from chalkola.errors import UsageError
from chalkola.marketplaces import MARKETPLACES, Marketplace, by_scope, marketplace
from chalkola.periods import newest_settled, settles_at
from chalkola.pipeline.plan import Plan, Request, check_days, is_late, pack, plan
from chalkola.store.ledger import Line
from chalkola.store.lines import Coverage, Known

NOW = datetime(2026, 11, 20, 2, tzinfo=UTC)
DAY = timedelta(days=1)
SALES, TOTALS = CATALOG
REPORT = SOURCES[0]
DUE = Request(datasets=CATALOG)
GERMANY = marketplace("DE")
EVERYWHERE = {m: m.region.value for m in MARKETPLACES}


def line(day: date, state: SliceState = SliceState.DUE, **known: object) -> Line:
    blank = Line(
        slice=Slice(dataset=SALES.name, scope=GERMANY.scope, day=day), state=state, source=None, asked_at=None,
        loaded_at=None, row_count=None, checksum=None, sums=None, residual=None, attempts=0, next_at=None,
        reason=None,
    )  # fmt: skip
    return replace(blank, **known)  # type: ignore[arg-type]


def knowing(*lines: Line, closed: tuple[date, ...] = (), m: Marketplace = GERMANY) -> Coverage:
    known_days = [*closed, *(one.slice.day for one in lines)]
    known = Known(
        first=min(known_days, default=None),
        closed=frozenset(day.toordinal() for day in closed),
        others={one.slice.day: one for one in lines},
    )
    return {(dataset.name, m.scope): known for dataset in CATALOG}


def asked(planned: Plan) -> list[date]:
    """Return the days that are asked, in order."""
    return [pull.box.last for pull in planned.pulls]


def germany(known: Coverage, now: datetime = NOW, request: Request = DUE) -> Plan:
    return plan(request, {GERMANY: "EU"}, (), known, now)


NEWEST = newest_settled(NOW, GERMANY.zone, SALES.settles_after)

wanted_slices = st.lists(
    st.builds(
        Slice,
        dataset=st.sampled_from([SALES.name, TOTALS.name]),
        scope=st.sampled_from([m.scope for m in MARKETPLACES]),
        day=st.dates(date(2026, 10, 1), date(2026, 11, 17)),
    ),
    max_size=60,
)
shut_sources = st.sets(st.sampled_from([(account, REPORT.name) for account in ("NA", "EU", "FE")]))


@given(wanted_slices, shut_sources)
def test_every_slice_is_asked_exactly_once_or_said_to_be_unreachable(
    wanted: list[Slice], shut: set[tuple[str, str]]
) -> None:
    pulls, unreachable = pack(wanted, {d.name: d for d in CATALOG}, EVERYWHERE, shut, NOW)
    travelling = Counter(s for pull in pulls for s in pull.slices)
    assert set(travelling.values()) <= {1}
    for s in wanted:
        closed = (by_scope(s.scope).region.value, REPORT.name) in shut  # type: ignore[union-attr]
        assert (s in unreachable) == closed
        assert travelling[s] == (0 if closed else 1)
    asked_for = {(s.scope, s.day) for s in wanted}
    assert {(s.scope, s.day) for s in travelling} <= asked_for, "and nothing that nobody wanted"


@given(wanted_slices, shut_sources)
def test_a_pull_spans_what_its_source_allows_and_the_newest_day_comes_first(
    wanted: list[Slice], shut: set[tuple[str, str]]
) -> None:
    pulls, _ = pack(wanted, {d.name: d for d in CATALOG}, EVERYWHERE, shut, NOW)
    assert [pull.box.last for pull in pulls] == sorted((pull.box.last for pull in pulls), reverse=True)
    for pull in pulls:
        assert 1 <= len(pull.box.marketplaces) <= pull.source.marketplaces_per_pull
        assert (pull.box.last - pull.box.first).days < pull.source.days_per_pull
        assert {EVERYWHERE[m] for m in pull.box.marketplaces} == {pull.box.account}
        assert {s.dataset for s in pull.slices} == set(pull.source.fills)
        assert pull.settled == all(
            settles_at(pull.box.last, m.zone, SALES.settles_after) <= NOW for m in pull.box.marketplaces
        )


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
    newest = newest_settled(now, GERMANY.zone, SALES.settles_after)
    closed = {newest - DAY * back for back in coverage[0]}
    lines = {
        newest - DAY * back: line(
            newest - DAY * back,
            state,
            source=source,
            next_at=None if hours is None else now + timedelta(hours=hours),
        )
        for back, (state, hours, source) in coverage[1].items()
    }
    days = asked(germany(knowing(*lines.values(), closed=tuple(closed)), now))
    assert days == sorted(set(days), reverse=True)
    assert not set(days) & closed
    assert not [day for day in days if day > newest]
    early = {day for day, one in lines.items() if one.next_at is not None and one.next_at > now}
    assert not set(days) & early
    if newest not in closed | early:
        assert newest in days
    since = min([*closed, *lines], default=newest)
    missed = {newest - DAY * back for back in range(14) if newest - DAY * back >= since}
    found = {day for day, one in lines.items() if one.source == "found" and day != newest}
    open_days = {day for day in lines if day <= newest} | missed
    assert set(days) - {newest} == open_days - closed - early - found - {newest}


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
    request = Request(datasets=CATALOG, first=NEWEST - 2 * DAY, last=NEWEST)
    planned = germany(knowing(closed=(NEWEST - DAY,)), request=request)
    assert asked(planned) == [NEWEST, NEWEST - 2 * DAY]
    assert planned.closed == 2, "one of each dataset"
    assert len(germany(knowing(closed=(NEWEST - DAY,)), request=replace(request, again=True)).pulls) == 3


def test_one_question_fills_both_datasets() -> None:
    (pull,) = germany({}).pulls
    assert {s.dataset for s in pull.slices} == {"sales_and_traffic", "daily_totals"}
    one = plan(Request(datasets=(SALES,)), {GERMANY: "EU"}, (), {}, NOW)
    assert {s.dataset for s in one.pulls[0].slices} == {"sales_and_traffic", "daily_totals"}


def test_a_closed_source_leaves_its_days_unreachable() -> None:
    planned = plan(DUE, {GERMANY: "EU", marketplace("US"): "NA"}, {("EU", REPORT.name)}, {}, NOW)
    assert [pull.box.account for pull in planned.pulls] == ["NA"]
    assert {s.scope for s in planned.unreachable} == {GERMANY.scope}


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
        check_days(Request(datasets=CATALOG, first=first, last=last), {GERMANY: "EU"}, NOW)
    assert remedy in refused.value.remedy


def test_the_first_and_the_last_day_that_amazon_answers_are_accepted() -> None:
    check_days(Request(datasets=CATALOG, first=date(2024, 11, 21), last=date(2026, 11, 20)), {GERMANY: "EU"}, NOW)


def test_late_is_what_a_settled_day_must_not_stay() -> None:
    assert {state for state in SliceState if is_late(state)} == {SliceState.DUE, SliceState.ASKED, SliceState.FAILED}


def test_a_marketplace_never_heard_of_catches_up_with_the_others() -> None:
    japan = marketplace("JP")
    known = knowing(closed=(NEWEST - 3 * DAY, NEWEST - 2 * DAY))
    planned = plan(DUE, {GERMANY: "EU", japan: "FE"}, (), known, NOW)
    days = [pull.box.last for pull in planned.pulls if pull.box.marketplaces == (japan,)]
    newest = newest_settled(NOW, japan.zone, SALES.settles_after)
    assert days == [newest - n * DAY for n in range((newest - NEWEST).days + 4)]
