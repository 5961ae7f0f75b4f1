"""Days that are over and have not settled: asked once, after what is due, and only where that is cheap."""

from datetime import UTC, datetime, timedelta

import pytest

from chalkola.datasets import DAILY
from chalkola.datasets.model import Pull, SliceState
from chalkola.pipeline.plan import Plan, Request, plan
from chalkola.store.lines import Coverage
from ledgers import DAY, EVERYWHERE, GERMANY, KIOSK, NOW, PARENTS, SALES, knowing, line, means, newest, proven

EARLY = Request(datasets=DAILY, early=True)
NEWEST = newest()
YESTERDAY, BEFORE = NEWEST + 2 * DAY, NEWEST + DAY
SETTLES = SALES.settles_at(BEFORE, GERMANY.zone)


def germany(known: Coverage, now: datetime = NOW, request: Request = EARLY, **more: object) -> Plan:
    return plan(request, means({GERMANY: "EU"}, **more), known, now)


def of_children(planned: Plan) -> list[Pull]:
    return [pull for pull in planned.pulls if SALES.name in pull.source.fills]


def test_yesterday_and_the_day_before_are_asked_after_what_has_settled_a_question_for_each() -> None:
    pulls = of_children(germany({}))

    assert [(pull.box.first, pull.box.last, pull.settled, pull.rank) for pull in pulls] == [
        (NEWEST, NEWEST, True, 0), (YESTERDAY, YESTERDAY, False, 1), (BEFORE, BEFORE, False, 1),
    ]  # fmt: skip
    assert {pull.source.name for pull in pulls} == {"sales_and_traffic.by_asin"}


def test_their_totals_come_in_the_question_that_is_asked_anyway() -> None:
    (totals,) = [p for p in germany({}).pulls if p.source.name == "daily_totals.by_date"]
    assert (totals.box.first, totals.box.last) == (NEWEST, YESTERDAY)


def test_the_day_that_is_under_way_is_not_asked_nor_what_a_night_does_not_need() -> None:
    planned = germany({})
    assert max(pull.box.last for pull in planned.pulls) == YESTERDAY
    assert [pull.box.last for pull in planned.pulls if PARENTS.name in pull.source.fills] == [NEWEST]


def test_one_question_a_day_is_for_all_marketplaces_of_an_account() -> None:
    pulls = [pull for pull in of_children(plan(EARLY, means(EVERYWHERE), {}, NOW)) if not pull.settled]
    asked = [(pull.box.account, pull.box.first) for pull in pulls]
    assert len(asked) == len(set(asked))
    assert {account for account, _ in asked} == {"NA", "EU", "FE"}


def test_what_was_asked_early_is_asked_again_when_it_has_settled_and_not_before() -> None:
    lines = [
        line(day, SliceState.PRELIMINARY, row_count=9, next_at=SALES.settles_at(day, GERMANY.zone))
        for day in (BEFORE, YESTERDAY)
    ]
    known = knowing(proven(NEWEST, asked_at=SETTLES), *lines)
    assert of_children(germany(known)) == []
    assert [pull.box.first for pull in of_children(germany(known, SETTLES))] == [BEFORE]
    assert [pull.box.first for pull in of_children(germany(known, SETTLES + DAY / 2))] == [BEFORE]
    assert [pull.box.first for pull in of_children(germany(known, SETTLES + DAY / 2 + DAY / 4))] == [
        BEFORE, YESTERDAY + DAY,
    ]  # fmt: skip


def test_a_day_for_which_a_pull_is_open_is_left_alone() -> None:
    known = knowing(proven(NEWEST, asked_at=NOW), under_way=[YESTERDAY])
    assert [pull.box.first for pull in of_children(germany(known))] == [BEFORE]


def test_reports_are_too_scarce_for_it() -> None:
    planned = germany({}, shut=[("EU", name) for name in KIOSK])
    assert {pull.box.last for pull in planned.pulls} == {NEWEST}
    assert planned.unreachable == ()


@pytest.mark.parametrize(
    "request_",
    [
        Request(datasets=DAILY),
        Request(datasets=DAILY, early=True, repairs=True),
        Request(datasets=DAILY, early=True, first=NEWEST, last=NEWEST),
        Request(datasets=DAILY, early=True, newest_only=True),
    ],
    ids=["not wanted", "mending", "a day by name", "a first look"],
)
def test_only_a_run_that_is_told_to_asks_early(request_: Request) -> None:
    assert [pull for pull in germany({}, request=request_).pulls if not pull.settled] == []


def test_on_the_day_after_a_change_of_the_clocks_it_is_still_yesterday_that_is_asked() -> None:
    now = datetime(2026, 10, 26, 2, tzinfo=UTC)
    pulls = of_children(germany({}, now))
    assert max(pull.box.last for pull in pulls) == now.date() - timedelta(days=1)
