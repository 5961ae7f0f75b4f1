"""What a sheet finds by SKU once Amazon's list is here, and the same through Supabase's API alone."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from psycopg import connect
from psycopg.rows import dict_row

from lite import Lite
from night import OpenShop, Shop, open_shop
from sheeting import opened

WITH_LIST = ("sales_and_traffic", "daily_totals", "daily_parents", "listings")


async def test_a_sheet_finds_a_product_by_its_sku_its_asin_and_its_parent(opened_shop: OpenShop) -> None:
    shop = await opened_shop(kiosk=True, marketplaces=("DE",), parents=20, children=120)
    await shop.night(datasets=WITH_LIST)
    day = shop.newest()
    sold = {
        row["child_asin"]: row
        for row in shop.rows("SELECT * FROM sp_daily_asin_data WHERE date = %s AND units_ordered > 0", day)
    }
    by_asin: dict[str, list[str]] = {}
    for line in shop.amazon.listings("DE"):
        by_asin.setdefault(line.get("asin1", ""), []).append(line["seller-sku"])
    asin, (first, second) = next((a, s) for a, s in by_asin.items() if a in sold and len(s) == 2)
    parent = shop.rows("SELECT * FROM sp_daily_parent_data WHERE parent_asin = %s", sold[asin]["parent_asin"])[0]

    with connect(shop.url, autocommit=True, row_factory=dict_row) as connection:
        sheet = replace(opened(connection), now=shop.clock.now())
        items = [first, second.lower(), asin, parent["parent_asin"], "no such SKU", ""]
        units = sheet.values("units", items, ["DE"], [str(day)])
        facts = sheet.data("sheet_product", items=[first, asin], fields=["asin", "title", "status"], marketplace="DE")

    n = sold[asin]["units_ordered"]
    assert units == [[n], [n], [n], [parent["units_ordered"]], ["not found"], [None]]
    listed = shop.rows("SELECT asin, title, status FROM sp_listings WHERE sku = %s", first)[0]
    assert facts["rows"][0] == [listed["asin"], listed["title"], listed["status"]]
    assert facts["rows"][1][0] == asin


async def test_through_supabases_api_a_list_is_loaded_and_marked_just_the_same(
    project_url: str, api: Lite, tmp_path: Path
) -> None:
    async with open_shop(project_url, tmp_path, through=api.project, parents=40, children=300, retired=0.4) as shop:
        shop.clock.advance(datetime(2026, 9, 3, 2, tzinfo=UTC) - shop.clock.now())
        assert (await shop.night(datasets=("listings",))).exit_code == 0
        before = skus(shop)
        shop.clock.advance(timedelta(weeks=10))
        assert (await shop.night(datasets=("listings",))).exit_code == 0

        after = skus(shop)
        assert before.keys() <= after.keys()
        assert {key for key, gone in after.items() if gone is None} == {
            (code, line["seller-sku"]) for code in ("US", "DE", "JP") for line in shop.amazon.listings(code)
        }
        assert any(gone is not None for gone in after.values())
        assert api.refused == []
        assert shop.rows("SELECT count(*) AS n FROM sp_staged") == [{"n": 0}]


def skus(shop: Shop) -> dict[tuple[str, str], Any]:
    query = "SELECT m.code, l.sku, l.gone_at FROM sp_listings l JOIN marketplaces m ON m.id = l.marketplace_id"
    return {(row["code"], row["sku"]): row["gone_at"] for row in shop.rows(query)}
