"""Days by Data Kiosk that shrink, differ, come late, or have no data at all."""

from typing import Any

import pytest

from amazon_simulator import Fault
from kiosk import AT_ONCE, BY_ASIN, BY_DATE, DAY, TRENDS, asked, calls, left_open, not_proven, right
from night import OpenShop, Shop

SHOP = {"parents": 12, "children": 40, "marketplaces": ("UK", "DE"), **AT_ONCE}
NOTHING_MOVES_AFTER = 20 * DAY


def rows_of(shop: Shop, day: object, code: str = "DE") -> list[dict[str, Any]]:
    """Return what the rows of a day say, whichever question they came by last."""
    return shop.rows(
        "SELECT t.id, child_asin, units_ordered, ordered_product_sales, sessions, page_views, times_changed"
        " FROM sp_daily_asin_data t JOIN marketplaces m ON m.id = t.marketplace_id"
        " WHERE m.code = %s AND t.date = %s ORDER BY child_asin", code, day)  # fmt: skip


async def test_rows_that_fall_by_half_while_amazons_total_does_not_stay_and_come_right(opened_shop: OpenShop) -> None:
    shop = await opened_shop(kiosk=True, **SHOP)
    day = shop.newest("DE")
    await shop.nights(4)
    await shop.night(first=day, again=True)
    shop.clock.advance(DAY)
    before = rows_of(shop, day)
    # The children and the parents; a total that comes after them finds the old rows proven at once.
    shop.goes_wrong(Fault(kind="shrunk_rows", query=BY_ASIN, marketplace="DE", day=day, factor=0.5, times=2),
                    Fault(kind="slow_report", query=BY_ASIN, hours=0.1, times=2))  # fmt: skip

    await shop.night(first=day, again=True)

    assert rows_of(shop, day) == before
    line = shop.line("DE", day)
    assert "while Amazon's own total did not fall: the old rows stay" in line["reason"]
    assert line["next_at"] is not None
    for pull in shop.pulls("DE"):
        assert (shop.settings.archive / pull["archived_as"]).exists(), "the document is kept"
    assert shop.line("UK", day)["state"] == "proven", "the other marketplace of the same answer"
    assert shop.line("UK", day)["reason"] is None
    shop.clock.advance(DAY)
    before_that = shop.line("DE", day)["asked_at"]
    await shop.night()
    line = shop.line("DE", day)
    assert (line["state"], line["reason"]) == ("proven", None)
    assert line["asked_at"] > before_that, "a flagged day is asked again"
    assert not_proven(shop) == {}
    assert right(shop) == []


async def test_trends_that_fall_by_half_are_guarded_too(opened_shop: OpenShop) -> None:
    shop = await opened_shop(kiosk=True, **SHOP)
    await shop.nights(4)
    day = shop.newest("DE") - 3 * DAY
    units = sum(row["units_ordered"] for row in rows_of(shop, day))
    shop.goes_wrong(Fault(kind="shrunk_rows", query=TRENDS, marketplace="DE", day=day, factor=0.4))

    report = await shop.night()

    assert report.exit_code == 0
    now = sum(row["units_ordered"] for row in rows_of(shop, day))
    assert abs(now - units) <= 0.1 * units
    shop.clock.advance(DAY)
    await shop.night()
    assert not_proven(shop) == {}
    assert right(shop) == []


@pytest.mark.parametrize("late", [None, BY_DATE], ids=["totals first", "rows first"])
async def test_a_fall_that_amazons_own_total_shares_is_accepted_in_the_same_night(
    opened_shop: OpenShop, late: str | None
) -> None:
    shop = await opened_shop(kiosk=True, **SHOP)
    day = shop.newest("DE")
    await shop.nights(4)
    units = sum(row["units_ordered"] for row in rows_of(shop, day))
    assert units > 15
    shop.goes_wrong(Fault(kind="shrunk_day", marketplace="DE", day=day, factor=0.5, times=None))
    if late:
        shop.goes_wrong(Fault(kind="slow_report", query=late, account="EU", hours=0.1))

    await shop.night()

    now = sum(row["units_ordered"] for row in rows_of(shop, day))
    assert now < units * 0.6
    assert "did not fall" not in (shop.line("DE", day)["reason"] or "")
    restated = shop.rows("SELECT * FROM sp_restatements WHERE dataset = 'sales_and_traffic'"
                         " AND scope = 'marketplace:DE' AND first_day = %s ORDER BY id", day)[-1]  # fmt: skip
    assert (restated["units_before"], restated["units_after"]) == (units, now)


async def test_a_difference_that_two_complete_answers_a_day_apart_agree_on_is_accepted(opened_shop: OpenShop) -> None:
    shop = await opened_shop(kiosk=True, **SHOP)
    day = shop.newest("DE")
    shop.clock.advance(NOTHING_MOVES_AFTER)
    shop.goes_wrong(Fault(kind="totals_differ", query=BY_DATE, marketplace="DE", day=day, times=None))
    await shop.night(first=day)
    line = shop.line("DE", day)
    assert (line["state"], line["residual"]["units"]) == ("loaded", 7)
    assert line["next_at"] >= shop.clock.now() + DAY - DAY / 24

    shop.clock.advance(DAY / 2)
    await shop.night()
    assert shop.line("DE", day)["state"] == "loaded", "not after half a day"
    shop.clock.advance(DAY / 2)
    await shop.night()

    line = shop.line("DE", day)
    assert (line["state"], line["residual"]["units"]) == ("differs", 7)
    assert "twice" in line["reason"]
    assert shop.line("UK", day)["state"] == "proven"
    children = asked(shop)["children"]
    shop.clock.advance(DAY)
    await shop.night()
    assert asked(shop)["children"] - children <= 1, "only the newest day: what differs is closed"


async def test_an_asin_that_trends_cannot_know_is_found_in_the_same_run(opened_shop: OpenShop) -> None:
    shop = await opened_shop(kiosk=True, **SHOP)
    await shop.nights(3)
    day, reread = shop.newest("DE"), shop.newest("DE") - 2 * DAY
    # As if it had never sold: its rows are gone and nobody knows its name.
    best = max(rows_of(shop, reread), key=lambda row: row["units_ordered"])["child_asin"]
    shop.rows("DELETE FROM sp_daily_asin_data WHERE child_asin = %s RETURNING 1", best)
    shop.rows("UPDATE sp_slices SET checksum = NULL, sums = (SELECT jsonb_build_object('units', sum(units_ordered),"
              " 'order_items', sum(total_order_items), 'sales', sum(ordered_product_sales),"
              " 'page_views', sum(page_views), 'sessions', sum(sessions)) FROM sp_daily_asin_data t"
              " JOIN marketplaces m ON m.id = t.marketplace_id WHERE 'marketplace:' || m.code = scope"
              " AND t.date = first_day), row_count = row_count - 1"
              " WHERE dataset = 'sales_and_traffic' RETURNING 1")  # fmt: skip
    before = asked(shop)

    report = await shop.night()

    assert report.exit_code == 0
    assert asked(shop)["trends"] > before["trends"]
    complete = {(e["start"], tuple(e["marketplaces"])) for e in shop.queries[sum(before.values()) :]
                if e["kind"] == BY_ASIN and e["aggregate"] == "CHILD"}  # fmt: skip
    assert reread.isoformat() in {start for start, _ in complete}, "asked the complete way in the same run"
    assert best in {row["child_asin"] for row in rows_of(shop, reread)}
    assert day.isoformat() in {start for start, _ in complete}
    assert not_proven(shop) == {}
    assert right(shop) == []


async def test_a_day_of_which_amazon_has_a_few_percent_stays_preliminary_although_it_reconciles(
    opened_shop: OpenShop,
) -> None:
    shop = await opened_shop(kiosk=True, **{**SHOP, "children": 120, "parents": 30})
    await shop.nights(4)
    day = shop.newest("DE")
    shop.goes_wrong(Fault(kind="late_day", marketplace="DE", day=day, times=None))

    report = await shop.night()

    assert report.exit_code == 0
    assert rows_of(shop, day), "some of it is there"
    line = shop.line("DE", day)
    assert line["state"] == "preliminary"
    assert "may not have loaded it yet" in line["reason"]
    assert shop.line("UK", day)["state"] == "proven"
    shop.amazon.mischief.clear()
    shop.clock.advance(DAY)
    await shop.night()
    assert shop.line("DE", day)["state"] == "proven"
    assert not_proven(shop) == {}
    assert right(shop) == []


async def test_a_marketplace_missing_from_an_answer_is_asked_again_alone_in_the_same_run(
    opened_shop: OpenShop,
) -> None:
    shop = await opened_shop(kiosk=True, **SHOP)
    shop.goes_wrong(*(Fault(kind="marketplace_missing", marketplace="DE", query=q) for q in (BY_ASIN, BY_DATE)))
    report = await shop.night()
    assert report.exit_code == 0
    spans = [tuple(e["marketplaces"]) for e in shop.queries if e["kind"] == BY_ASIN and e["aggregate"] == "CHILD"]
    assert spans == [("UK", "DE"), ("DE",)]
    assert not_proven(shop) == {}
    assert right(shop) == []


async def test_a_marketplace_missing_from_totals_that_come_after_their_rows_is_asked_again_in_the_same_run(
    opened_shop: OpenShop,
) -> None:
    shop = await opened_shop(kiosk=True, **SHOP)
    shop.goes_wrong(Fault(kind="marketplace_missing", marketplace="DE", query=BY_DATE),
                    Fault(kind="slow_report", query=BY_DATE, hours=0.2))  # fmt: skip
    report = await shop.night()
    assert report.exit_code == 0
    spans = [tuple(e["marketplaces"]) for e in shop.queries if e["kind"] == BY_DATE]
    assert spans == [("UK", "DE"), ("DE",)]
    assert not_proven(shop) == {}
    assert right(shop) == []


@pytest.mark.parametrize("kind", ["no_data", "marketplace_missing"])
async def test_a_marketplace_without_any_data_ends_as_empty_and_is_not_asked_for_ever(
    opened_shop: OpenShop, kind: str
) -> None:
    alone = ("DE",) if kind == "no_data" else ("UK", "DE")
    shop = await opened_shop(kiosk=True, **{**SHOP, "marketplaces": alone})
    day = shop.newest("DE")
    # Asked alone, what is missing is not missing from among others: it is no data.
    shop.goes_wrong(Fault(kind=kind, marketplace="DE", day=day, times=None))

    await shop.night()

    assert shop.line("DE", day)["state"] == "due"
    shop.clock.advance(DAY)
    await shop.night()
    assert {row["dataset"]: row["state"] for row in shop.rows(
        "SELECT dataset, state FROM sp_slices WHERE scope = 'marketplace:DE' AND first_day = %s", day)
    } == dict.fromkeys(("sales_and_traffic", "daily_totals", "daily_parents"), "empty")  # fmt: skip
    assert rows_of(shop, day) == []
    before = _asked_for(shop, day)
    await shop.nights(3)
    assert _asked_for(shop, day) == before, "believed"
    if kind == "marketplace_missing":
        assert before <= 8
        assert shop.line("UK", day)["state"] == "proven"
    assert left_open(shop) == []
    assert calls(shop, "createQuery", 400, 403, 429) == 0


def _asked_for(shop: Shop, day: object) -> int:
    """Return how many complete queries for Germany have been accepted that begin on a day."""
    return sum(e["start"] == str(day) and e["marketplaces"] == ["DE"] for e in shop.queries)
