"""What is lacking: each day in one gap, with why, and with what is done about it."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalkola.datasets.model import Limits, SliceState
from chalkola.marketplaces import MARKETPLACES, Marketplace, marketplace
from chalkola.pipeline.gaps import Gap, count_closed, gaps
from chalkola.pipeline.lacks import BACKFILL, DOCTOR, IMPORT, PULL, Access, Held, accesses, lack_of
from chalkola.store.lines import Coverage
from chalkola.store.overview import KnownAccount
from ledgers import DAY, GERMANY, NOW, PARENTS, SALES, TOTALS, knowing, line, newest

EU = Access(account="EU")
NEWEST = newest()
OLDEST = NOW.date() - timedelta(days=729)


def held(coverage: Coverage, access: Access | None = EU, now: datetime = NOW) -> Held:
    return Held(coverage=coverage, opens={GERMANY: access} if access else {marketplace("JP"): EU}, now=now)


def closed(*but: date) -> list[date]:
    """Return all days that Amazon answers for, but some."""
    days = [date.fromordinal(o) for o in range(OLDEST.toordinal(), NEWEST.toordinal() + 1)]
    return [day for day in days if day not in but]


def said(found: list[Gap]) -> list[tuple[Any, ...]]:
    return [(gap.first, gap.last, gap.lack.state, gap.lack.reason, gap.lack.command) for gap in found]


def lacking(coverage: Coverage, **more: Any) -> list[Gap]:
    return list(gaps(held(coverage, **more), [SALES, TOTALS], [GERMANY]))


def test_where_all_is_closed_nothing_is_lacking() -> None:
    known = held(knowing(closed=closed()))

    assert list(gaps(known, [SALES, TOTALS], [GERMANY])) == []
    assert count_closed(known, [SALES, TOTALS], [GERMANY]) == (2 * len(closed()), 2 * len(closed()))


def test_days_that_were_never_asked_are_one_run_and_the_night_asks_for_those_since_it_began() -> None:
    began = NEWEST - 3 * DAY

    found = lacking(knowing(closed=[began]))

    assert said(found) == [
        (OLDEST, began - DAY, SliceState.DUE, "never asked", BACKFILL),
        (began + DAY, NEWEST, SliceState.DUE, "never asked", PULL),
    ]
    assert {gap.datasets for gap in found} == {("sales_and_traffic", "daily_totals")}
    assert found[0].days == len(closed()) - 4
    assert found[0].lack.at is None


def test_days_that_wait_for_their_time_say_when_and_by_which_command() -> None:
    soon, later = NOW + timedelta(hours=4), NOW + timedelta(hours=9)
    days = [NEWEST - DAY, NEWEST - 2 * DAY, NEWEST - 100 * DAY]
    lines = [
        line(days[0], SliceState.FAILED, next_at=later, reason="Amazon could not answer (FATAL).", attempts=1),
        line(days[1], SliceState.FAILED, next_at=soon, reason="Amazon could not answer (FATAL).", attempts=1),
        line(days[2], SliceState.LOADED, next_at=later, reason="+7 units", row_count=5, asked_at=NOW),
    ]

    found = lacking(knowing(*lines, closed=closed(*days)))

    reason = "Amazon could not answer (FATAL)."
    assert said(found) == [
        (days[2], days[2], SliceState.LOADED, "+7 units", BACKFILL),
        (days[1], days[0], SliceState.FAILED, reason, PULL),
    ]
    assert [(gap.lack.does, gap.lack.at) for gap in found] == [("asks again", later), ("asks again", soon)]


def test_a_day_that_lacks_in_one_dataset_names_it() -> None:
    day = NEWEST - 5 * DAY
    full, part = knowing(closed=closed()), knowing(closed=closed(day))
    coverage = {**full, (TOTALS.name, GERMANY.scope): part[TOTALS.name, GERMANY.scope]}

    (gap,) = lacking(coverage)

    assert (gap.first, gap.last, gap.datasets, gap.lack.command) == (day, day, ("daily_totals",), PULL)


@pytest.mark.parametrize(
    ("state", "reason"),
    [(SliceState.DUE, "planned, and waits for its turn"), (SliceState.ASKED, "Amazon is at work on it")],
)
def test_a_day_that_is_being_asked_for_is_gone_on_with(state: SliceState, reason: str) -> None:
    for day, command in ((NEWEST, PULL), (NEWEST - 300 * DAY, BACKFILL)):
        coverage = knowing(line(day, state, reason="failed before"), closed=closed(day), under_way=[day])
        (gap,) = lacking(coverage)
        assert (gap.first, gap.lack.reason, gap.lack.command) == (day, reason, command)
        assert gap.lack.does == "goes on with it"


def test_days_found_before_the_first_pull_are_left_to_the_backfill() -> None:
    day = NEWEST - 40 * DAY
    found = lacking(knowing(line(day, SliceState.LOADED, source="found", reason="found here", row_count=3),
                            closed=closed(day)))  # fmt: skip

    assert said(found) == [(day, day, SliceState.LOADED, "found here", BACKFILL)]


def test_a_marketplace_that_cannot_be_asked_says_why_and_what_tells_more() -> None:
    day, coverage = NEWEST, knowing(closed=closed(NEWEST))
    for access, why in (
        (replace(EU, fault="invalid_grant"), "never asked; account EU is closed"),
        (None, "never asked; no refresh token opens DE"),
        (replace(EU, closed=frozenset(s.name for s in (*SALES.sources, *TOTALS.sources))),
         "never asked; Amazon lets account EU ask in no way"),
    ):  # fmt: skip
        (gap,) = lacking(coverage, access=access)
        assert (gap.first, gap.lack.reason, gap.lack.command) == (day, why, DOCTOR)


def test_a_day_whose_every_way_was_closed_keeps_amazons_reason() -> None:
    shut = replace(EU, closed=frozenset(source.name for source in (*SALES.sources, *TOTALS.sources)))
    known = knowing(line(NEWEST, SliceState.CLOSED, reason="Amazon does not let you."), closed=closed(NEWEST))

    (gap,) = lacking(known, access=shut)

    assert gap.lack.reason == "Amazon does not let you."
    assert "once a week" in gap.lack.does


def test_a_failed_day_that_amazon_no_longer_answers_for_is_left_to_an_import_and_one_with_rows_is_kept() -> None:
    lost, kept = OLDEST - DAY, OLDEST - 2 * DAY
    coverage = knowing(line(lost, SliceState.FAILED, reason="FATAL"),
                       line(kept, SliceState.LOADED, reason="imported", row_count=4), closed=closed())  # fmt: skip

    assert said(lacking(coverage)) == [
        (lost, lost, SliceState.FAILED, "FATAL, and Amazon no longer answers for it", IMPORT)
    ]
    lack = lack_of(held(coverage), SALES, GERMANY, kept)
    assert lack is not None
    assert (lack.command, lack.does) == (None, "Amazon no longer answers for it: it stays")


def test_what_amazon_has_refused_as_too_old_is_not_lacking() -> None:
    near = replace(EU, reaches_back=700)

    found = lacking(knowing(), access=near)

    assert found[0].first == NOW.date() - timedelta(days=700)


def test_a_day_that_has_not_settled_is_lacking_only_where_it_was_asked_for() -> None:
    day = NEWEST + DAY
    settles = datetime(2026, 11, 20, 9, tzinfo=NOW.tzinfo)
    early = line(day, SliceState.PRELIMINARY, next_at=settles, reason="asked before Amazon settles the day",
                 row_count=2, asked_at=NOW - DAY)  # fmt: skip

    assert lacking(knowing(closed=closed())) == []
    assert said(lacking(knowing(early, closed=closed()))) == [
        (day, day, SliceState.PRELIMINARY, "asked before Amazon settles the day", PULL)
    ]
    lack = lack_of(held(knowing(closed=closed())), SALES, GERMANY, day)
    assert lack is not None
    assert (lack.reason, lack.command, lack.at) == ("never asked, and not settled yet", PULL, settles)
    nothing_yet = replace(early, state=SliceState.DUE, next_at=NOW + timedelta(hours=1), row_count=None)
    lack = lack_of(held(knowing(nothing_yet, closed=closed())), SALES, GERMANY, day)
    assert lack is not None
    assert (lack.command, lack.at) == (PULL, settles), "before that only a run that asks early would"


def test_a_span_narrows_what_is_looked_at() -> None:
    first, last = NEWEST - 9 * DAY, NEWEST - 5 * DAY
    known = held(knowing(closed=[first]))

    (gap,) = gaps(known, [SALES], [GERMANY], first, last)

    assert (gap.first, gap.last) == (first + DAY, last)
    assert count_closed(known, [SALES], [GERMANY], first, last) == (1, 5)


def test_an_account_opens_what_amazon_says_and_one_keyed_by_a_marketplace_that_alone_before_others() -> None:
    both = [marketplace("DE").amazon_id, marketplace("AE").amazon_id]
    accounts = [_account("AE", both, fault="invalid_grant", closed={"x": "no role"}), _account("EU", both)]

    found = accesses(accounts, {("EU", "x"): Limits(marketplaces=1, days=1, reaches_back=9)})

    assert found == {
        GERMANY: Access(account="EU", reaches_back=9),
        marketplace("AE"): Access(account="AE", fault="invalid_grant", closed=frozenset({"x"})),
    }


def test_marketplaces_are_those_that_are_open_or_heard_of() -> None:
    known = held(knowing(closed=[NEWEST], m=marketplace("US")))

    assert known.places([SALES]) == (marketplace("US"), GERMANY)
    assert held({}, None).places([SALES]) == (marketplace("JP"),)


def _account(key: str, ids: list[str], fault: str | None = None, closed: Mapping[str, str] = {}) -> KnownAccount:
    return KnownAccount(account=key, marketplaces=ids, seen_at=NOW, fault=fault, closed=dict(closed))


_DAYS = st.integers(min_value=0, max_value=45)
_STATES = st.sampled_from([state for state in SliceState if not state.is_closed])
_LINES = st.dictionaries(_DAYS, st.tuples(_STATES, st.sampled_from(["one", "other", None]), st.booleans()))


@given(lines=_LINES, closed_days=st.sets(_DAYS), under_way=st.sets(_DAYS), m=st.sampled_from(MARKETPLACES))
def test_every_day_that_is_not_closed_is_in_exactly_one_gap_of_each_dataset_and_gaps_are_as_long_as_they_can_be(
    lines: dict[int, tuple[SliceState, str | None, bool]], closed_days: set[int], under_way: set[int], m: Marketplace
) -> None:
    last = newest(m)
    day_of = {back: last - back * DAY for back in range(46)}
    known = knowing(
        *(line(day_of[back], state, m, reason=reason, next_at=NOW + DAY if waits else None)
          for back, (state, reason, waits) in lines.items() if back not in closed_days),
        closed=[day_of[back] for back in closed_days], under_way=[day_of[back] for back in under_way], m=m,
    )  # fmt: skip
    everything = Held(coverage=known, opens={m: EU}, now=NOW)

    found = list(gaps(everything, [SALES, TOTALS, PARENTS], [m], day_of[45], last))

    for dataset in (SALES, TOTALS, PARENTS):
        days = [gap.first + n * DAY for gap in found if dataset.name in gap.datasets for n in range(gap.days)]
        assert sorted(days) == sorted(day for back, day in day_of.items() if back not in closed_days)
    alike = {(gap.first, gap.datasets, replace(gap.lack, at=None)) for gap in found}
    assert not [gap for gap in found if (gap.last + DAY, gap.datasets, replace(gap.lack, at=None)) in alike]
