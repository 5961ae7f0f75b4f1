"""By which source days are asked: whichever has their rows first, within what it allows and what Amazon grants."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from chalkola.datasets import DAILY, SOURCES, sales_and_traffic_trends
from chalkola.datasets.model import Limits, Pull, Slice, SliceState
from chalkola.marketplaces import MARKETPLACES, marketplace
from chalkola.pipeline import packing
from chalkola.pipeline.due import calendar
from chalkola.pipeline.means import Means
from chalkola.pipeline.plan import Plan, Request, plan
from chalkola.pipeline.ways import Comparison, WhyNot
from chalkola.store.lines import Coverage, Known
from ledgers import (
    ACCOUNTS,
    BUCKETS,
    DAY,
    EVERYWHERE,
    GERMANY,
    KIOSK,
    NOW,
    PARENTS,
    SALES,
    TOTALS,
    knowing,
    line,
    means,
    newest,
    proven,
    two_weeks,
)

DUE = Request(datasets=DAILY)
BY_ASIN, TRENDS, REPORT = SALES.sources
REPORT_KEY = f"{REPORT.name}@app"
WITHOUT_SHRINKING = [Phase.explicit, Phase.reuse, Phase.generate]
"""Plans are large: making a failing one smaller takes minutes. Take the phases out to see the smallest."""
SOME = [marketplace(code) for code in ("US", "CA", "UK", "DE", "FR", "JP")]
LIMITS = st.builds(
    Limits,
    marketplaces=st.integers(1, 12),
    days=st.integers(1, 9),
    filters=st.integers(1, 4),
    repeats=st.booleans(),
)


@st.composite
def ledgers(draw: st.DrawFn) -> Coverage:
    known: dict[tuple[str, str], Known] = {}
    for m in draw(st.lists(st.sampled_from(SOME), unique=True, max_size=5)):
        for dataset in DAILY:
            days = [newest(m) - n * DAY for n in range(draw(st.integers(0, 12)))]
            lines = [draw(lines_of(day)) for day in days]
            under_way = [day for day in days if draw(st.integers(0, 9)) == 0]
            known[dataset.name, m.scope] = knowing(*lines, under_way=under_way, m=m)[dataset.name, m.scope]
    return known


def lines_of(day: date) -> st.SearchStrategy[object]:
    hours = st.integers(1, 200).map(lambda hours: NOW - timedelta(hours=hours))
    ask = st.sampled_from([None, None, "alone", "complete"])
    states = st.sampled_from([SliceState.LOADED, SliceState.FAILED])
    return st.one_of(
        st.builds(lambda at, ask: proven(day, asked_at=at, ask=ask), hours, ask),
        st.builds(lambda state, ask: line(day, state, ask=ask), states, ask),
    )


@st.composite
def ample(draw: st.DrawFn) -> Means:
    """Return means with anything closed, limited or unknown."""
    pairs = [(account, source.name) for account in ACCOUNTS for source in SOURCES]
    shut = draw(st.sets(st.sampled_from(pairs), max_size=6))
    limits = draw(st.dictionaries(st.sampled_from(pairs), LIMITS, max_size=5))
    opens = {m: EVERYWHERE[m] for m in draw(st.lists(st.sampled_from(SOME), unique=True, min_size=1, max_size=6))}
    asins = {
        m.scope: tuple(f"B{n:09}" for n in range(draw(st.integers(1, 100)))) for m in opens if draw(st.booleans())
    }
    return replace(means(opens), shut=shut, limits=limits, asins=asins)


def travelling(pulls: Iterable[Pull]) -> Counter[Slice]:
    return Counter(s for pull in pulls for s in pull.slices)


@given(ledgers(), ample())
@settings(max_examples=40, deadline=None, phases=WITHOUT_SHRINKING)
def test_every_due_slice_is_asked_once_or_is_unreachable_held_back_or_waiting(known: Coverage, has: Means) -> None:
    planned = plan(DUE, has, known, NOW)
    complete = travelling(pull for pull in planned.pulls if pull.box.is_complete)
    by_asin = travelling(pull for pull in planned.pulls if not pull.box.is_complete)

    assert set(complete.values()) <= {1}
    assert not complete.keys() & by_asin.keys()
    for s in by_asin:
        named = Counter(
            asin for pull in planned.pulls for of in pull.box.filters
            if s in pull.slices and of.marketplace.scope == s.scope for asin in of.asins
        )  # fmt: skip
        assert named == Counter(has.asins[s.scope])
    days = calendar(DUE, has.opens, known, NOW, lambda dataset, m: has.oldest(dataset, m, NOW))
    due = {
        Slice(dataset=name, scope=scope, day=date.fromordinal(o))
        for (name, scope), of in days.dues.items()
        for o in (*of.fresh, *of.rereads)
    }
    elsewhere = {*planned.unreachable, *planned.extras_closed, *planned.under_way}
    left = due - complete.keys() - by_asin.keys() - elsewhere
    assert len(left) == planned.held_back
    assert not elsewhere & (complete.keys() | by_asin.keys())


@given(ledgers(), ample())
@settings(max_examples=40, deadline=None, phases=WITHOUT_SHRINKING)
def test_nothing_under_way_is_asked_and_nothing_fresh_by_asin(known: Coverage, has: Means) -> None:
    planned = plan(DUE, has, known, NOW)
    days = calendar(DUE, has.opens, known, NOW, lambda dataset, m: has.oldest(dataset, m, NOW)).dues
    for pull in planned.pulls:
        for s in pull.slices:
            assert s.day.toordinal() not in known.get((s.dataset, s.scope), Known()).under_way
            due = days[s.dataset, s.scope]
            if not pull.box.is_complete:
                assert s.day.toordinal() not in due.fresh | due.manners.keys()
                assert s.day.toordinal() in known[s.dataset, s.scope].closed
            if due.manners.get(s.day.toordinal()) == "alone" and s.day.toordinal() in due.fresh:
                assert len(pull.box.marketplaces) == len(pull.box.days) == 1


@given(ledgers(), ample())
@settings(max_examples=40, deadline=None, phases=WITHOUT_SHRINKING)
def test_no_question_goes_beyond_what_its_source_allows(known: Coverage, has: Means) -> None:
    for pull in plan(DUE, has, known, NOW).pulls:
        limits, box = has.limits_of(pull.source, pull.box.account), pull.box
        assert (box.account, pull.source.name) not in has.shut
        assert {has.opens[m] for m in box.marketplaces} == {box.account}
        assert 1 <= len(box.marketplaces) <= limits.marketplaces
        assert len(box.days) <= limits.days
        assert len(box.filters) <= limits.filters
        assert all(1 <= len(of.asins) <= 30 for of in box.filters)
        named = [of.marketplace for of in box.filters]
        assert set(named) == (set(box.marketplaces) if box.filters else set())
        assert limits.repeats or len(named) == len(set(named))
        assert pull.settled == all(SALES.settles_at(box.last, m.zone) <= NOW for m in box.marketplaces)


@given(ledgers(), ample())
@settings(max_examples=40, deadline=None, phases=WITHOUT_SHRINKING)
def test_fresh_questions_come_before_rereads_and_newest_days_first(known: Coverage, has: Means) -> None:
    planned = plan(DUE, has, known, NOW)
    days = calendar(DUE, has.opens, known, NOW, lambda dataset, m: has.oldest(dataset, m, NOW)).dues
    order = [(pull.rank, -pull.box.last.toordinal()) for pull in planned.pulls]
    assert order == sorted(order)
    for pull in planned.pulls:
        if any(s.day.toordinal() in days[s.dataset, s.scope].fresh for s in pull.slices):
            assert pull.rank == 0


@given(ledgers(), ample())
@settings(max_examples=40, deadline=None, phases=WITHOUT_SHRINKING)
def test_totals_are_asked_wherever_rows_are_and_no_report_asks_for_them_twice(known: Coverage, has: Means) -> None:
    planned = plan(DUE, has, known, NOW)
    asked = travelling(planned.pulls)
    for s in [s for s in asked if s.dataset == SALES.name]:
        beside = Slice(dataset=TOTALS.name, scope=s.scope, day=s.day)
        account = has.opens[next(m for m in MARKETPLACES if m.scope == s.scope)]
        under_way = s.day.toordinal() in known.get((TOTALS.name, s.scope), Known()).under_way
        shut = all((account, source.name) in has.shut for source in TOTALS.sources)
        assert asked[beside] == (0 if under_way or shut else 1)


def by_source(planned: Plan) -> dict[str, int]:
    return dict(Counter(pull.source.name for pull in planned.pulls))


def test_a_night_is_three_questions_of_each_kind() -> None:
    planned = plan(DUE, means(asins=1064), {}, NOW)
    assert by_source(planned) == {
        "daily_totals.by_date": 3, "sales_and_traffic.by_asin": 3, "daily_parents.by_asin": 3,
    }  # fmt: skip
    for account in ACCOUNTS:
        assert [pull.source.name for pull in planned.pulls if pull.box.account == account] == [
            "daily_totals.by_date", "sales_and_traffic.by_asin", "daily_parents.by_asin",
        ]  # fmt: skip


def test_two_weeks_read_again_of_a_thousand_asins_take_fewer_than_sixty_questions() -> None:
    planned = plan(DUE, means(asins=1064), two_weeks(), NOW)
    assert by_source(planned) == {
        "daily_totals.by_date": 3, "sales_and_traffic.by_asin": 3 + 13, "daily_parents.by_asin": 3,
        "sales_and_traffic.trends": 10 + 5,
    }  # fmt: skip
    again = {pull.box.account: pull.source.name for pull in planned.pulls if pull.rank}
    assert again == {"NA": TRENDS.name, "EU": BY_ASIN.name, "FE": TRENDS.name}
    assert sum(source.creation == "createQuery" for source in (pull.source for pull in planned.pulls)) < 60
    assert planned.held_back == 0


def compared(planned: Plan, account: str, what: str) -> Comparison:
    return next(c for c in planned.comparisons if (c.account, c.dataset, c.what) == (account, SALES.name, what))


def test_the_ways_are_compared_by_when_their_rows_are_in() -> None:
    planned = plan(DUE, means(asins=1064), two_weeks(), NOW)
    by_asin, trends, report = compared(planned, "NA", "rereads").ways
    assert (by_asin.creations, trends.creations, report.creations) == (13, 10, 52)
    minutes = [(way.ready_at - NOW) / timedelta(minutes=1) for way in (by_asin, trends) if way.ready_at]
    assert minutes == [15, 12], "five and four times three minutes"
    assert (by_asin.why_not, trends.why_not, report.why_not) == (WhyNot.SLOWER, None, WhyNot.SLOWER)
    equal = compared(planned, "EU", "rereads").ways
    assert [way.why_not for way in equal] == [None, WhyNot.COSTS_MORE, WhyNot.SLOWER]


def test_few_questions_at_once_make_fewer_questions_better() -> None:
    has = means({GERMANY: "EU"}, asins=90)
    rereads = [c for c in plan(DUE, has, two_weeks([GERMANY]), NOW).comparisons if c.what == "rereads"]
    assert [way.creations for way in rereads[0].ways] == [13, 1, 13]
    assert rereads[0].ways[1].why_not is None


def test_a_marketplace_without_known_asins_is_read_again_in_a_complete_way() -> None:
    france = marketplace("FR")
    has = means({GERMANY: "EU", france: "EU"}, asins=40)
    has = replace(has, asins={GERMANY.scope: has.asins[GERMANY.scope]})
    planned = plan(DUE, has, two_weeks([GERMANY, france]), NOW)
    again = {pull.source.name: pull.box.marketplaces for pull in planned.pulls if pull.rank}
    assert again == {TRENDS.name: (GERMANY,), BY_ASIN.name: (france,)}


def test_an_account_without_data_kiosk_asks_by_report_and_reads_again_as_much_as_an_hour_allows() -> None:
    has = means(asins=1064, shut={("EU", name) for name in KIOSK})
    planned = plan(DUE, has, two_weeks(), NOW)
    europe = [pull for pull in planned.pulls if pull.box.account == "EU"]
    assert {pull.source.name for pull in europe} == {REPORT.name}
    assert Counter(pull.rank for pull in europe) == {0: 6, 1: 4}
    assert planned.held_back == 2 * (6 * 13 - 4), "rows and totals"
    assert {s.dataset for s in planned.extras_closed} == {PARENTS.name}
    assert not planned.unreachable


def test_a_filter_names_as_many_asins_as_amazon_allows() -> None:
    assert packing.ASINS_PER_FILTER == sales_and_traffic_trends.ASINS_PER_FILTER


def test_the_days_that_went_unread_the_longest_for_their_age_are_read_again_first() -> None:
    latest = newest()
    read = {1: 40, 2: 30, 3: 100, 9: 60, 12: 200}
    known = knowing(*(proven(latest - n * DAY, asked_at=NOW - timedelta(hours=hours)) for n, hours in read.items()))
    has = means({GERMANY: "EU"}, shut={("EU", name) for name in KIOSK})
    planned = plan(replace(DUE, datasets=(SALES,)), has, known, NOW)
    again = {(latest - pull.box.last).days for pull in planned.pulls if pull.rank}
    assert again == {3, 12, 1, 2}, "day 9 was read when it was old already"


@pytest.mark.parametrize(("daily", "again"), [(96, 4), (24, 0), (26, 2)])
def test_rereads_leave_the_next_night_its_turns(daily: int, again: int) -> None:
    buckets = {**BUCKETS, REPORT_KEY: replace(BUCKETS[REPORT_KEY], daily=daily)}
    has = means(shut={(account, name) for account in ACCOUNTS for name in KIOSK}, buckets=buckets)
    planned = plan(DUE, has, two_weeks(), NOW)
    assert Counter(pull.rank for pull in planned.pulls) == Counter({0: 12, 1: again})


def test_what_amazon_refused_is_learned_and_kept_to() -> None:
    learned = {("EU", TRENDS.name): Limits(marketplaces=1, days=7, filters=1, repeats=False)}
    shut = {("EU", BY_ASIN.name), ("EU", REPORT.name)}
    has = means({GERMANY: "EU"}, asins=90, limits=learned, shut=shut)
    again = [pull for pull in plan(DUE, has, two_weeks([GERMANY]), NOW).pulls if pull.source is TRENDS]
    assert Counter(len(pull.box.days) for pull in again) == {7: 3, 6: 3}
    assert {len(pull.box.filters) for pull in again} == {1}


def test_where_totals_only_come_by_report_rows_come_with_them() -> None:
    has = means(shut={("EU", "daily_totals.by_date")})
    planned = plan(DUE, has, {}, NOW)
    europe = [pull for pull in planned.pulls if pull.box.account == "EU"]
    assert Counter(pull.source.name for pull in europe) == {REPORT.name: 6, "daily_parents.by_asin": 1}
    assert compared(planned, "EU", "fresh").ways[0].why_not is WhyNot.NO_TOTALS


def test_a_day_that_is_to_be_asked_alone_has_a_question_of_its_own() -> None:
    known = {
        **knowing(line(newest() - DAY, SliceState.FAILED, ask="alone")),
        **knowing(line(newest() - DAY, SliceState.FAILED), m=marketplace("FR")),
        **knowing(line(newest() - DAY, SliceState.FAILED), m=marketplace("IT")),
    }
    pulls = [
        pull for pull in plan(replace(DUE, datasets=(SALES,)), means(), known, NOW).pulls
        if pull.source is BY_ASIN and pull.box.last == newest() - DAY and pull.box.account == "EU"
    ]  # fmt: skip
    codes = [[m.code for m in pull.box.marketplaces] for pull in pulls]
    assert ["DE"] in codes
    assert any({"FR", "IT"} <= set(some) and "DE" not in some for some in codes)
