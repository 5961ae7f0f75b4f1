"""A shop to look at: weeks of a simulated Amazon's days in a database, with exchange rates and names of products."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg

from night import open_shop

NOW = datetime(2026, 11, 26, 4, tzinfo=UTC)
"""A Thursday, after the night's pull."""
_DATASETS = ("sales_and_traffic", "daily_totals", "daily_parents", "fx_rates")
_NAMES = (
    "Bamboo Cutting Board", "Stainless Water Bottle", "Ceramic Pour-Over Dripper", "Linen Napkins",
    "Cast Iron Skillet", "Glass Storage Jars", "Beeswax Food Wraps", "Silicone Baking Mat", "Cork Yoga Block",
    "Wool Picnic Blanket", "Brass Desk Lamp", "Oak Phone Stand", "Merino Running Socks", "Canvas Weekender",
    "Garden Hand Trowel", "Enamel Camping Mug", "Leather Key Fob", "Walnut Serving Tray", "Cotton Bath Towel",
    "Copper Plant Mister", "Felt Laptop Sleeve", "Rattan Basket", "Soy Candle", "Steel Bento Box",
)  # fmt: skip
_KINDS = ("Small", "Large", "Set of 2", "Set of 4", "Forest Green", "Natural", "Slate", "Sand")


@dataclass(frozen=True, kw_only=True)
class Gallery:
    """How large the shop is. `days`: of its history; `parent_days`: of those with Amazon's figures of parents."""

    marketplaces: tuple[str, ...] = ("US", "DE", "JP")
    parents: int = 5
    children: int = 14
    days: int = 70
    parent_days: int = 0
    nights: int = 3


def filled(url: str, home: Path, gallery: Gallery) -> datetime:
    """Fill a migrated database, whatever loop this thread is in. Return as `fill` does."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(lambda: asyncio.run(fill(url, home, gallery))).result()


async def fill(url: str, home: Path, gallery: Gallery) -> datetime:
    """Fill a migrated database. Return the instant at which it is to be looked at."""
    begin = NOW - timedelta(days=gallery.nights)
    async with open_shop(
        url, home, kiosk=True, begin=begin, parents=gallery.parents, children=gallery.children, restated=0.04,
        marketplaces=gallery.marketplaces,
    ) as shop:  # fmt: skip
        await shop.backfill(days=gallery.days)
        if gallery.parent_days:
            await shop.backfill(days=gallery.parent_days, datasets=_DATASETS[:3])
        for left in reversed(range(gallery.nights)):
            shop.clock.advance(NOW - timedelta(days=left) - shop.clock.now())
            await shop.night(early=left == 0, datasets=_DATASETS)
        now = shop.clock.now()
    dress(url)
    return now


def dress(url: str) -> None:
    """Give each product a title, a SKU and a price, as a list of Amazon's would."""
    with psycopg.connect(url, autocommit=True) as connection:
        families = connection.execute(
            "SELECT parent_asin, array_agg(DISTINCT child_asin ORDER BY child_asin) FROM sp_daily_asin_data"
            " GROUP BY 1 ORDER BY 1"
        ).fetchall()
        places = connection.execute(
            "SELECT id, amazon_marketplace_id, currency_code FROM marketplaces m"
            " WHERE EXISTS (SELECT FROM sp_daily_totals t WHERE t.marketplace_id = m.id)"
        ).fetchall()
        lines = [line for n, (parent, children) in enumerate(families) for line in _family(n, parent, children)]
        with connection.cursor() as cursor:
            cursor.executemany(
                "INSERT INTO sp_listings (marketplace_id, amazon_marketplace_id, sku, asin, title, price,"
                " currency_code, status) VALUES (%s, %s, %s, %s, %s, %s, %s, 'Active')",
                [(uuid, amazon_id, *line, currency) for uuid, amazon_id, currency in places for line in lines],
            )


def _family(n: int, parent: str, children: list[str]) -> list[tuple[str, str, str, int | None]]:
    title, sku = f"Halden {_NAMES[n % len(_NAMES)]}", f"HAL-{n + 1:02}"
    kinds = [
        (f"{sku}-{k + 1}", child, f"{title}, {_KINDS[k % len(_KINDS)]}", 19 + n)
        for k, child in enumerate(children)
        if child != parent
    ]
    return [(sku, parent, title, None), *kinds]
