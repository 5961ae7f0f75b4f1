"""The main job by Data Kiosk: few questions, many marketplaces in each, and the same rows."""

from datetime import UTC, datetime, timedelta

import pytest

from amazon_simulator import Fault
from kiosk import BY_ASIN, BY_DATE, DAY, asked, calls, first_pages, left_open, not_proven, right
from night import OpenShop, Shop
from truth import ZONES, queries_asked_twice

NOTHING_MORE_SETTLES = datetime(2026, 11, 20, 19, tzinfo=UTC)  # for the four hours that follow, anywhere
TABLES = ("sp_daily_asin_data", "sp_daily_totals", "sp_daily_parent_data")


async def test_a_night_of_twelve_marketplaces_takes_nine_queries_and_minutes_and_the_second_run_asks_nothing(
    opened_shop: OpenShop,
) -> None:
    shop = await opened_shop(kiosk=True, marketplaces=tuple(ZONES), begin=NOTHING_MORE_SETTLES)

    first = await shop.night()

    assert first.exit_code == 0
    assert first.finished - first.began <= timedelta(minutes=5)
    assert asked(shop) == {"children": 3, "totals": 3, "parents": 3}
    assert shop.journal == [], "no report at all"
    assert calls(shop, "createQuery", 202) == 9
    assert calls(shop, "createQuery", 429) == 0
    assert queries_asked_twice(shop.queries) == {}
    assert not_proven(shop) == {}
    assert shop.rows("SELECT count(*) FROM sp_slices")[0]["count"] == 36
    assert shop.wrong_cells(shop.newest_days(ZONES)) == []
    for table in TABLES:
        (found,) = shop.rows(f"SELECT count(DISTINCT marketplace_id) FROM {table}")
        assert found["count"] == 12, table
    before = dict(shop.amazon.journal.calls)

    second = await shop.night()

    assert second.exit_code == 0
    assert second.plan.pulls == ()
    assert dict(shop.amazon.journal.calls) == before, "not even a login"


async def test_rows_say_which_way_they_came_and_when(kiosk_shop: Shop) -> None:
    report = await kiosk_shop.night()
    for table, source in zip(TABLES, ("by_asin", "by_date", "by_asin"), strict=True):
        rows = kiosk_shop.rows(
            "SELECT DISTINCT t.source, times_changed, last_changed_at, first_loaded_at = finished_at AS loaded"
            f" FROM {table} t JOIN sp_pulls p ON p.id = t.pull_id"
        )
        assert rows == [{"source": source, "times_changed": 0, "last_changed_at": None, "loaded": True}], table
    assert report.exit_code == 0


@pytest.mark.parametrize(("kind", "statuses"), [("lost_answer", (500,)), ("reset_after", (0,))])
async def test_a_query_whose_answer_was_lost_is_found_and_not_asked_twice(
    kiosk_shop: Shop, kind: str, statuses: tuple[int, ...]
) -> None:
    kiosk_shop.goes_wrong(
        *(Fault(kind=kind, operation="createQuery", query=query, account="EU") for query in (BY_ASIN, BY_DATE))
    )
    report = await kiosk_shop.night()
    assert report.exit_code == 0
    assert calls(kiosk_shop, "createQuery", *statuses) == 2
    assert calls(kiosk_shop, "getQueries", 200) >= 2, "it looked"
    assert asked(kiosk_shop, "EU") == {"children": 1, "totals": 1, "parents": 1}
    assert queries_asked_twice(kiosk_shop.queries) == {}
    assert {pull["lost_asks"] for pull in kiosk_shop.pulls("DE")} == {0}
    assert not_proven(kiosk_shop) == {}
    assert right(kiosk_shop) == []


async def test_a_query_that_never_reached_amazon_is_looked_for_and_asked_again_once(kiosk_shop: Shop) -> None:
    kiosk_shop.goes_wrong(Fault(kind="reset_before", operation="createQuery", query=BY_ASIN, account="EU"))
    report = await kiosk_shop.night()
    assert report.exit_code == 0
    lost = kiosk_shop.rows("SELECT asks, lost_asks FROM sp_pulls WHERE lost_asks > 0")
    assert lost == [{"asks": 2, "lost_asks": 1}]
    assert asked(kiosk_shop, "EU") == {"children": 1, "totals": 1, "parents": 1}
    assert right(kiosk_shop) == []


async def test_three_nights_read_the_newest_day_whole_and_the_days_before_it_by_the_cheapest_way(
    kiosk_shop: Shop,
) -> None:
    await kiosk_shop.nights(3)
    for account in ("NA", "EU", "FE"):
        days = {entry["start"] for entry in first_pages(kiosk_shop, "children", account)}
        assert len(days) == 3, "every new day is asked for all its ASINs"
    assert left_open(kiosk_shop) == []
    assert not_proven(kiosk_shop) == {}
    assert right(kiosk_shop) == []
    newest, asked_last = kiosk_shop.newest("DE") - DAY, kiosk_shop.clock.now() - DAY
    lines = kiosk_shop.rows("SELECT first_day, asked_at FROM sp_slices WHERE scope = 'marketplace:DE'"
                            " AND dataset <> 'daily_parents' AND first_day <= %s", newest)  # fmt: skip
    assert [line for line in lines if line["asked_at"] < asked_last] == [], "each of them was read the last night"
