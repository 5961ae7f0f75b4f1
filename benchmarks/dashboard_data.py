"""Two years of ten marketplaces with 1,064 ASINs in 266 families, as the dashboard reads them: 7.8 million rows."""

import asyncio
from datetime import UTC, date, datetime, timedelta
from typing import Any

import psycopg

from chalkola.store.connection import open_pool

MARKETPLACES = ("US", "CA", "MX", "UK", "DE", "FR", "IT", "ES", "AE", "JP")
ASINS, DAYS = 1064, 730
_INDEXES = ("idx_sp_daily_date", "idx_sp_daily_asin", "idx_sp_daily_marketplace", "idx_sp_daily_date_marketplace")


def last_day() -> date:
    """Return the last day that is filled: the day before yesterday, which has just settled."""
    return datetime.now(UTC).date() - timedelta(days=2)


def fill(url: str, *, days: int = DAYS) -> int:
    """Fill a fresh database. Return how many rows by ASIN it has."""
    last = last_day()
    with psycopg.connect(url, autocommit=True) as connection:
        indexes = _without_indexes(connection)
        for first in _months(last - timedelta(days=days - 1), last):
            until = min((first.replace(day=1) + timedelta(days=32)).replace(day=1) - timedelta(days=1), last)
            values = {"first": first, "last": until, "codes": list(MARKETPLACES), "asins": ASINS}
            connection.execute(_ROWS, values)
            connection.execute(_PARENTS, values)
        for index in indexes:
            connection.execute(index)
        span = {"first": last - timedelta(days=days - 1), "last": last, "codes": list(MARKETPLACES), "asins": ASINS}
        for statement in (_TOTALS, _LINES, _LISTINGS, _RATES, _RESTATED):
            connection.execute(statement, span)
        connection.execute("VACUUM ANALYZE")
        (count,) = connection.execute("SELECT count(*) FROM sp_daily_asin_data").fetchone() or (0,)
    return int(count)


def _without_indexes(connection: psycopg.Connection[Any]) -> list[str]:
    """Drop what is quicker made at the end. Return the statements that make it again."""
    found = connection.execute(
        "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = 'sp_daily_asin_data' AND indexname = ANY (%s)",
        (list(_INDEXES),),
    ).fetchall()
    for name, _ in found:
        connection.execute(f"DROP INDEX {name}".encode())
    return [definition for _, definition in found]


def _months(first: date, last: date) -> list[date]:
    months, day = [], first
    while day <= last:
        months.append(day)
        day = (day.replace(day=1) + timedelta(days=32)).replace(day=1)
    return months


_WORLD = """
WITH places AS (SELECT m.* FROM sp_sheet_marketplaces() m WHERE m.code = ANY (%(codes)s)),
days AS (SELECT g::date AS date FROM generate_series(%(first)s::date, %(last)s::date, interval '1 day') g)
"""
_ROWS = (
    _WORLD
    + """
INSERT INTO sp_daily_asin_data (date, marketplace_id, amazon_marketplace_id, parent_asin, child_asin, units_ordered,
  ordered_product_sales, currency_code, total_order_items, sessions, page_views, browser_sessions,
  mobile_app_sessions, buy_box_percentage, unit_session_percentage, pull_id, source)
SELECT d.date, p.marketplace_id, p.amazon_marketplace_id, 'B0PARENT' || lpad((n / 4)::text, 4, '0'),
  'B0CHILD' || lpad(n::text, 5, '0'), u, u * (9.99 + n %% 40), p.currency_code, u, s, s * 2, s / 3, s - s / 3, 97.5,
  round(100.0 * u / s, 2), 1, 'report'
FROM days d CROSS JOIN places p CROSS JOIN LATERAL (
  SELECT n, 1 + (random() * (10 + 3000 / (5 + n)))::integer AS s,
         (random() * 0.2 * (10 + 3000 / (5 + n)))::integer AS u
  FROM generate_series(1, %(asins)s + 0 * p.place) n) AS row
ORDER BY d.date, p.place, n
"""
)
_PARENTS = (
    _WORLD
    + """
INSERT INTO sp_daily_parent_data (date, marketplace_id, amazon_marketplace_id, parent_asin, units_ordered,
  ordered_product_sales, currency_code, sessions, page_views, buy_box_percentage, pull_id)
SELECT t.date, t.marketplace_id, t.amazon_marketplace_id, t.parent_asin, sum(t.units_ordered),
  sum(t.ordered_product_sales), t.currency_code, ceil(sum(t.sessions) * 0.8), sum(t.page_views), 97.5, 1
FROM sp_daily_asin_data t JOIN places p USING (marketplace_id) WHERE t.date BETWEEN %(first)s AND %(last)s
GROUP BY 1, 2, 3, 4, 7 ORDER BY 1, 2
"""
)
_TOTALS = (
    _WORLD
    + """
INSERT INTO sp_daily_totals (date, marketplace_id, amazon_marketplace_id, currency_code, ordered_product_sales,
  units_ordered, total_order_items, sessions, page_views, buy_box_percentage, pull_id)
SELECT t.date, t.marketplace_id, t.amazon_marketplace_id, t.currency_code, sum(t.ordered_product_sales),
  sum(t.units_ordered), sum(t.total_order_items), sum(t.sessions), sum(t.page_views), 97.5, 1
FROM sp_daily_asin_data t JOIN places p USING (marketplace_id) GROUP BY 1, 2, 3, 4
"""
)
_LINES = (
    _WORLD
    + """
INSERT INTO sp_slices (dataset, scope, first_day, state, source, asked_at, loaded_at, row_count, checksum, sums)
SELECT dataset, 'marketplace:' || p.code, d.date, 'proven', 'sales_and_traffic.by_asin', now(), now(), %(asins)s,
  md5(p.code || d.date::text), '{"units": 4000, "order_items": 4000, "sales": "79960.00", "page_views": 300000}'
FROM days d CROSS JOIN places p
CROSS JOIN unnest('{sales_and_traffic,daily_totals,daily_parents}'::text[]) AS dataset
"""
)
_LISTINGS = (
    _WORLD
    + """
INSERT INTO sp_listings (marketplace_id, amazon_marketplace_id, sku, asin, title, price, currency_code, status,
  fulfilment)
SELECT p.marketplace_id, p.amazon_marketplace_id, 'SKU-' || n, 'B0CHILD' || lpad(n::text, 5, '0'),
  (ARRAY['Travel mug', 'Lunch box', 'Desk lamp', 'Yoga mat'])[1 + n / 4 %% 4] || ', '
    || (ARRAY['black', 'sand', 'forest green', 'sky blue'])[1 + n %% 4] || ', size ' || n / 16,
  9.99 + n %% 40, p.currency_code, 'Active', 'FBA'
FROM places p CROSS JOIN generate_series(1, %(asins)s) n
"""
)
_RATES = (
    _WORLD
    + """
INSERT INTO fx_rates (date, currency_code, per_eur, source)
SELECT d.date, c.code, c.rate * (1 + 0.02 * sin(extract(doy FROM d.date))), 'ecb'
FROM days d CROSS JOIN (VALUES ('USD', 1.1), ('CAD', 1.5), ('MXN', 20), ('GBP', 0.86), ('AED', 4), ('JPY', 160))
  AS c (code, rate)
WHERE extract(isodow FROM d.date) < 6
"""
)
_RESTATED = (
    _WORLD
    + """
INSERT INTO sp_restatements (dataset, scope, first_day, restated_at, pull_id, units_before, units_after, sales_before,
  sales_after, sessions_before, sessions_after, rows_added, rows_changed, rows_withdrawn)
SELECT 'sales_and_traffic', 'marketplace:' || p.code, d.date, d.date + interval '5 days', 1, 4000, 3980, 80000, 79600,
  300000, 300000, 0, 20, 0
FROM days d CROSS JOIN places p WHERE extract(day FROM d.date)::integer %% 10 = 1
"""
)


async def migrated(url: str) -> None:
    """Bring a database to this version."""
    from chalkola.marketplaces import MARKETPLACES as EVERY
    from chalkola.store.migrate import ensure_marketplaces, migrate

    async with open_pool(url) as pool:
        await migrate(pool)
        await ensure_marketplaces(pool, EVERY)


if __name__ == "__main__":
    import sys

    asyncio.run(migrated(sys.argv[1]))
    print(fill(sys.argv[1]))
