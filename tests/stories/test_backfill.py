"""History: three marketplaces, sixty ASINs, a hundred and twenty days, until every day is closed."""

import asyncio
import operator
from dataclasses import replace
from datetime import timedelta

import pytest

from amazon_simulator import Fault
from chalkola.datasets.model import Limits
from chalkola.pipeline.work import Bounds, WhyLeft
from chalkola.store.pulls import Claimed
from history import DAYS, answered_trends, closed_days, limits, open_days, sources, trends
from kiosk import AT_ONCE, BY_ASIN, BY_DATE, DAY, TRENDS, alerts, asked, best_seller, calls, left_open, right
from night import OpenShop, Shop, Silent
from truth import queries_asked_twice

ALL = 3 * DAYS
FEWER_DAYS = 45
"""Where each day is a report."""
ONE_FILTER = Limits(marketplaces=12, days=90, filters=1)


async def test_a_backfill_closes_every_day_with_few_questions_and_equals_the_truth(kiosk_shop: Shop) -> None:
    shop = kiosk_shop

    report = await shop.backfill(days=DAYS)

    assert report.worked.why_left is None
    assert report.worked.faults == {}
    assert open_days(shop) == {}
    assert closed_days(shop) == ALL
    assert right(shop) == []
    assert asked(shop) == {"totals": 3, "children": 3 * 5, "trends": 3 * 2}, "one, five months and two windows each"
    assert shop.journal == [], "no report at all"
    assert calls(shop, "createQuery", 429) == 0
    assert queries_asked_twice(shop.queries) == {}
    assert left_open(shop) == []
    assert report.finished - report.began < timedelta(minutes=6)
    for account in ("NA", "EU", "FE"):
        assert trends(shop, account) == sorted(trends(shop, account), reverse=True), "newest months come first"


async def test_the_second_backfill_asks_nothing(kiosk_shop: Shop) -> None:
    await kiosk_shop.backfill(days=20)
    before = len(kiosk_shop.queries)
    again = await kiosk_shop.backfill(days=20)
    assert len(kiosk_shop.queries) == before
    assert again.outlook.done_at is None
    assert again.worked.ended == []


async def test_days_of_the_night_are_not_asked_for_again_and_the_night_goes_on_beside(kiosk_shop: Shop) -> None:
    shop = kiosk_shop
    await shop.nights(2)
    await shop.backfill(days=40)
    assert open_days(shop) == {}
    shop.clock.advance(DAY)
    night = await shop.night()
    assert night.exit_code == 0
    assert len(night.plan.pulls) < 25, "history is not the night's"
    assert right(shop) == []


async def test_months_in_which_a_marketplace_had_nothing_are_empty_and_cost_no_question(
    opened_shop: OpenShop,
) -> None:
    shop = await opened_shop(kiosk=True, marketplaces=("US", "CA", "DE"))
    shop.goes_wrong(
        *(
            Fault(kind="marketplace_missing", marketplace="CA", query=query, times=None)
            for query in (BY_ASIN, BY_DATE)
        )
    )
    await shop.backfill(days=60)
    states = {day: state for day, state in shop.states().items() if day.startswith("CA")}
    assert set(states.values()) == {"empty"}
    assert len(states) == 60
    assert open_days(shop) == {}
    done = shop.rows(
        "SELECT DISTINCT status, asin_count FROM sp_data_pulls d JOIN marketplaces m ON m.id = d.marketplace_id"
        " WHERE m.code = 'CA'"
    )
    assert done == [{"status": "completed", "asin_count": 0}]
    assert right(shop) == []


async def test_where_trends_is_refused_each_day_is_asked_for_whole(opened_shop: OpenShop) -> None:
    shop = await opened_shop(kiosk=True, **AT_ONCE)
    shop.goes_wrong(Fault(kind="fields_denied", operation="createQuery", query=TRENDS, times=None))
    report = await shop.backfill(days=DAYS)
    assert open_days(shop) == {}
    assert closed_days(shop) == ALL
    assert right(shop) == []
    assert sources(shop)["sales_and_traffic.by_asin"] >= 3 * (DAYS - 1)
    assert set(alerts(shop)) == {f"sales_and_traffic.trends {account}" for account in ("NA", "EU", "FE")}
    assert report.worked.why_left is None


async def test_where_one_region_has_no_data_kiosk_its_days_come_by_reports(opened_shop: OpenShop) -> None:
    shop = await opened_shop(
        kiosk=True, without_role=("FE",), environment={"CHALKOLA_QUOTAS": "sales_and_traffic.report=3/5min"},
        report_type_quota=None, **AT_ONCE,
    )  # fmt: skip
    await shop.backfill(days=FEWER_DAYS)
    assert open_days(shop) == {}
    assert closed_days(shop) == 3 * FEWER_DAYS
    assert right(shop) == []
    assert len(shop.journal) == FEWER_DAYS, "one report a day of Japan"
    assert {entry["marketplace"] for entry in shop.journal} == {"JP"}


async def test_with_reports_alone_it_goes_on_across_runs_and_says_how_long_it_takes(shop: Shop) -> None:
    first = await shop.backfill(days=20, bounds=Bounds(until=shop.clock.now() + timedelta(hours=5)))
    assert first.worked.why_left is WhyLeft.OUT_OF_TIME
    assert first.finished - first.began == timedelta(hours=5)
    left = first.outlook.ahead
    assert sum(one.questions.total() for one in left.values()) == 60 - closed_days(shop)
    done_at = first.outlook.done_at
    assert done_at is not None
    # 96 a day, a quarter of which is kept for the night
    assert timedelta(hours=9) < done_at - first.finished < timedelta(hours=15)
    for _ in range(12):
        report = await shop.backfill(days=20, bounds=Bounds(until=shop.clock.now() + timedelta(hours=5)))
        if report.worked.why_left is None:
            break
    assert open_days(shop) == {}
    assert closed_days(shop) >= 60, "and those that have settled meanwhile"
    assert right(shop) == []
    assert all(shop.asked(code, day) == 1 for code, day in shop.loaded_days()), "nothing is asked twice"
    assert calls(shop, "createReport", 429) == 0


async def test_a_lost_asin_is_found_by_reconciling_and_repaired(kiosk_shop: Shop) -> None:
    shop = kiosk_shop
    lost = best_seller(shop, "DE")
    shop.goes_wrong(Fault(kind="asins_missing", query=BY_ASIN, longer_than_days=1, asins=(lost,), times=None))
    report = await shop.backfill(days=30)
    assert not any(lost in entry["query"] for entry in shop.queries if entry["kind"] == TRENDS), "it was never listed"
    assert open_days(shop) == {}
    assert right(shop) == []
    days = shop.rows("SELECT count(*) FROM sp_daily_asin_data WHERE child_asin = %s", lost)[0]["count"]
    assert days >= 25
    assert 0 < len([e for e in shop.queries if e["kind"] == BY_ASIN and e["start"] == e["end"]]) <= 60
    assert report.worked.why_left is None


async def test_totals_that_honestly_differ_end_as_differs_and_are_listed(kiosk_shop: Shop) -> None:
    shop = kiosk_shop
    day = shop.newest("DE") - 40 * DAY
    shop.goes_wrong(Fault(kind="totals_differ", marketplace="DE", day=day, times=None, amount=3))

    first = await shop.backfill(days=60)

    assert open_days(shop).keys() == {
        f"{name} marketplace:DE {day}" for name in ("sales_and_traffic", "daily_totals")
    }
    line = shop.line("DE", day)
    assert (line["state"], line["residual"]["units"]) == ("loaded", 3)
    assert "asked again a day later" in line["reason"]
    assert first.worked.why_left is None, "one day never holds the others up"
    shop.clock.advance(DAY)
    await shop.backfill(days=60)
    assert open_days(shop) == {}
    assert shop.line("DE", day)["state"] == "differs"
    unattributed = shop.rows("SELECT date, units_ordered FROM sp_unattributed")
    assert unattributed == [{"date": day, "units_ordered": 3}]
    before = len(shop.queries)
    shop.clock.advance(DAY)
    await shop.backfill(days=60)
    assert not any(e["start"] <= day.isoformat() <= e["end"] for e in shop.queries[before:]), (
        "it is not asked for ever"
    )


async def test_a_day_that_never_differs_the_same_way_twice_is_accepted_after_a_few_answers(kiosk_shop: Shop) -> None:
    shop = kiosk_shop
    day = shop.newest("DE") - 40 * DAY
    shop.goes_wrong(Fault(kind="totals_differ", marketplace="DE", day=day, times=None, grows=True))
    for _ in range(10):
        await shop.backfill(days=45)
        if not open_days(shop):
            break
        shop.clock.advance(DAY + timedelta(minutes=5))
    line = shop.line("DE", day)
    assert line["state"] == "differs"
    assert "never the same twice" in line["reason"]
    assert open_days(shop) == {}


async def test_a_day_with_totals_and_no_asins_ends_as_differs_with_all_of_it_as_residual(kiosk_shop: Shop) -> None:
    shop = kiosk_shop
    day = shop.newest("DE") - 40 * DAY
    shop.goes_wrong(
        *(Fault(kind="empty_asin_list", marketplace="DE", day=day, query=q, times=None) for q in (BY_ASIN, TRENDS))
    )
    await shop.backfill(days=60)
    assert shop.line("DE", day)["state"] == "loaded"
    shop.clock.advance(DAY)
    await shop.backfill(days=60)
    line = shop.line("DE", day)
    totals = shop.rows("SELECT units_ordered FROM sp_daily_totals WHERE date = %s AND currency_code = 'EUR'", day)
    assert (line["state"], line["row_count"]) == ("differs", 0)
    assert line["residual"]["units"] == totals[0]["units_ordered"] > 0
    assert open_days(shop) == {}


async def test_amazons_edge_is_stepped_over_and_remembered(opened_shop: OpenShop) -> None:
    shop = await opened_shop(kiosk=True, answered_days=725, parents=4, children=12, **AT_ONCE)
    report = await shop.backfill(only=["JP"])
    assert limits(shop, "FE", "daily_totals.by_date")["reaches_back"] == 725
    assert calls(shop, "createQuery", 400) == 4, (
        "a day, another, and two at once; and what was planned with the first"
    )
    assert open_days(shop).keys() <= beyond(shop, 725)
    assert report.worked.why_left is None
    assert right(shop) == []
    again = await shop.backfill(only=["JP"])
    assert again.worked.ended == []
    assert calls(shop, "createQuery", 400) == 4


def beyond(shop: Shop, days: int) -> set[str]:
    first = shop.newest("JP") - timedelta(days=740)
    oldest = shop.clock.now().date() - timedelta(days=days)
    asked = [first + n * DAY for n in range((oldest - first).days + 2)]
    return {f"{name} marketplace:JP {day}" for name in ("sales_and_traffic", "daily_totals") for day in asked}


async def test_asins_that_move_to_another_parent_and_such_that_come_and_go_are_as_amazon_has_them(
    opened_shop: OpenShop,
) -> None:
    shop = await opened_shop(kiosk=True, moved=0.4, retired=0.3, marketplaces=("DE",), **AT_ONCE)
    await shop.backfill(days=200)
    moved = shop.rows("SELECT child_asin FROM sp_daily_asin_data GROUP BY 1 HAVING count(DISTINCT parent_asin) > 1")
    assert moved != []
    assert open_days(shop) == {}
    assert right(shop) == []


async def test_what_amazon_restates_between_two_windows_is_what_it_said_last(opened_shop: OpenShop) -> None:
    shop = await opened_shop(kiosk=True, restated=0.2, marketplaces=("DE",), **AT_ONCE)
    await shop.nights(3)
    shop.clock.advance(6 * DAY)
    await shop.backfill(days=30)
    assert open_days(shop) == {}
    assert right(shop) == []


@pytest.mark.parametrize("beyond_it", ["refused", "fatal"])
async def test_windows_that_are_too_long_are_shortened_once_and_remembered(
    opened_shop: OpenShop, beyond_it: str
) -> None:
    shop = await opened_shop(kiosk=True, trends_longest_days=50, trends_beyond=beyond_it, **AT_ONCE)
    await shop.backfill(days=100)
    assert open_days(shop) == {}
    assert right(shop) == []
    assert limits(shop, "EU")["days"] == 45
    assert limits(shop, "EU")["refused_days"] == 90
    refused = shop.rows("SELECT account, count(*) FROM sp_pulls WHERE stage = 'refused' GROUP BY 1 ORDER BY 1")
    assert [row["count"] for row in refused] == [1, 1, 1], "what was planned in that size is dropped unasked"


async def test_windows_are_twice_as_long_as_the_longest_that_amazon_has_taken(opened_shop: OpenShop) -> None:
    shop = await opened_shop(kiosk=True, marketplaces=("JP",), parents=6, children=12, **AT_ONCE)
    await shop.backfill(days=600)

    windows = answered_trends(shop, "FE")
    assert sorted(day for one in windows for day in range(one.first.toordinal(), one.last.toordinal() + 1)) == [
        shop.newest("JP").toordinal() - n for n in reversed(range(600))
    ], "every day once"
    oldest = min(windows, key=lambda one: one.first)
    for one in windows:
        # What comes in at the instant of planning may come before it or after.
        known, at_best = (
            max([90, *(2 * w.days for w in windows if comes(w.answered_at, one.planned_at))])
            for comes in (operator.lt, operator.le)
        )
        assert one.days <= at_best
        assert one.days >= known or one is oldest, "the oldest has what is left"
    longest = limits(shop, "FE")["taken_days"]
    assert longest >= 180, "no window but the first two is planned before the first is in"
    assert longest in {one.days for one in windows}
    assert len(windows) <= 4
    assert open_days(shop) == {}


async def test_a_refused_part_is_asked_anew_and_nothing_else_with_it(opened_shop: OpenShop) -> None:
    shop = await opened_shop(kiosk=True, marketplaces=("DE",), **AT_ONCE)
    await shop.store.accounts.learn_limits("EU", "sales_and_traffic.trends", ONE_FILTER)
    shop.goes_wrong(Fault(kind="fatal", query=TRENDS, skip=1))
    await shop.backfill(days=30)
    parts = len(trends(shop, "EU"))
    assert parts > 1
    assert set(open_days(shop)) != set(), "half read"
    shop.clock.advance(timedelta(hours=5))
    await shop.backfill(days=30)
    assert len(trends(shop, "EU")) == parts + 1
    assert open_days(shop) == {}
    assert right(shop) == []


async def test_two_backfills_at_once_share_the_work(kiosk_shop: Shop) -> None:
    await asyncio.gather(kiosk_shop.backfill(days=60), kiosk_shop.backfill(days=60))
    assert open_days(kiosk_shop) == {}
    assert queries_asked_twice(kiosk_shop.queries) == {}
    assert right(kiosk_shop) == []


async def test_it_leaves_turns_to_the_night(opened_shop: OpenShop) -> None:
    shop = await opened_shop(kiosk=True, marketplaces=("DE",), query_processing_seconds=20)
    await shop.store.accounts.learn_limits(
        "EU", "sales_and_traffic.trends", replace(ONE_FILTER, days=5, refused_days=6)
    )
    least: list[float] = []

    class Watching(Silent):
        def claimed(self, pull: Claimed) -> None:
            (bucket,) = shop.rows(
                "SELECT full_at, seconds_per_turn AS each FROM sp_buckets WHERE key = 'createQuery@EU'"
            )
            least.append(15 - max(0.0, (bucket["full_at"] - shop.clock.now()).total_seconds()) / bucket["each"])

    await shop.backfill(days=60, observer=Watching())
    assert len(trends(shop, "EU")) == 24
    assert 2.9 <= min(least) < 4, "a quarter of fifteen, rounded down"
    assert open_days(shop) == {}
