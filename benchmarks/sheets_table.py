"""A shop of 10 marketplaces × 1,064 children of 213 parents × 400 days, as a database holds it that sheets ask."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import psycopg

CODES = ("US", "CA", "UK", "DE", "FR", "IT", "ES", "AE", "AU", "JP")
CHILDREN = 1064
NOW = datetime(2026, 11, 26, 20, tzinfo=UTC)
LAST = date(2026, 11, 24)
"""The last closed day in every marketplace at `NOW`."""


def fill(database: str, *, days: int, children: int = CHILDREN) -> int:
    """Fill a migrated database and return how many rows of children it then has."""
    with psycopg.connect(database, autocommit=True) as connection:
        first = LAST - timedelta(days=days - 1)
        values = {"first": first, "last": LAST, "children": children, "codes": list(CODES), "now": NOW}
        for number in range(days):
            connection.execute(_CHILDREN, {**values, "day": first + timedelta(days=number)})
        for statement in (_PARENTS, _TOTALS, _LINES, _LISTINGS, _RATES):
            connection.execute(statement, values)
        connection.execute("VACUUM ANALYZE")
        (count,) = connection.execute("SELECT count(*) FROM sp_daily_asin_data").fetchone() or (0,)
    return int(count)


def token(connection: psycopg.Connection[Any]) -> str:
    """Return a token that may call as often as it likes."""
    (made,) = connection.execute("SELECT sp_new_sheet_token('benchmark')").fetchone() or ("",)
    connection.execute("UPDATE sp_sheet_tokens SET calls_a_minute = 1000000, burst = 1000000")
    return str(made)


_CHILDREN = """
INSERT INTO sp_daily_asin_data (date, marketplace_id, amazon_marketplace_id, parent_asin, child_asin, units_ordered,
  units_ordered_b2b, ordered_product_sales, ordered_product_sales_b2b, currency_code, total_order_items,
  total_order_items_b2b, sessions, sessions_b2b, page_views, page_views_b2b, browser_sessions, mobile_app_sessions,
  browser_page_views, mobile_app_page_views, buy_box_percentage, unit_session_percentage, units_refunded, pull_id,
  source, first_loaded_at)
SELECT %(day)s, m.id, m.amazon_marketplace_id, 'B0P' || upper(substr(md5((n / 5)::text), 1, 7)),
  'B0C' || upper(substr(md5(n::text), 1, 7)), u, u / 7, u * 19.99, u / 7 * 19.99, m.currency_code, u, u / 7,
  s, s / 10, s * 2, s / 5, s / 3, s - s / 3, s, s, round((80 + random() * 20)::numeric, 2), round(100.0 * u / s, 2),
  u / 8, 1, 'by_asin', %(now)s
FROM marketplaces m CROSS JOIN LATERAL (
  SELECT n, (random() * 8)::integer AS u, 1 + (random() * 300)::integer AS s
  FROM generate_series(1, %(children)s) n) AS row
WHERE m.code = ANY (%(codes)s) ORDER BY m.code, n
"""

_PARENTS = """
INSERT INTO sp_daily_parent_data (date, marketplace_id, amazon_marketplace_id, parent_asin, units_ordered,
  ordered_product_sales, currency_code, total_order_items, sessions, sessions_b2b, page_views, mobile_app_sessions,
  buy_box_percentage, pull_id, source, first_loaded_at)
SELECT t.date, t.marketplace_id, t.amazon_marketplace_id, t.parent_asin, sum(t.units_ordered),
  sum(t.ordered_product_sales), min(t.currency_code), sum(t.total_order_items), sum(t.sessions) * 9 / 10,
  sum(t.sessions_b2b), sum(t.page_views), sum(t.mobile_app_sessions) * 9 / 10, 95, 1, 'by_asin', %(now)s
FROM sp_daily_asin_data t GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 4
"""

_TOTALS = """
INSERT INTO sp_daily_totals (date, marketplace_id, amazon_marketplace_id, currency_code, ordered_product_sales,
  units_ordered, total_order_items, sessions, page_views, buy_box_percentage, pull_id, source, first_loaded_at)
SELECT t.date, t.marketplace_id, t.amazon_marketplace_id, min(t.currency_code), sum(t.ordered_product_sales),
  sum(t.units_ordered), sum(t.total_order_items), sum(t.sessions), sum(t.page_views), 95, 1, 'by_date', %(now)s
FROM sp_daily_asin_data t GROUP BY 1, 2, 3
"""

_LINES = """
INSERT INTO sp_slices (dataset, scope, first_day, state, source, asked_at, loaded_at, row_count)
SELECT d, 'marketplace:' || c, g::date, 'proven', d, %(now)s, %(now)s, %(children)s
FROM unnest(%(codes)s::text[]) c, unnest(ARRAY['sales_and_traffic', 'daily_totals', 'daily_parents']) d,
  generate_series(%(first)s, %(last)s, interval '1 day') g
"""

_LISTINGS = """
INSERT INTO sp_listings (marketplace_id, amazon_marketplace_id, sku, asin, title, price, currency_code, status,
  first_seen_at)
SELECT m.id, m.amazon_marketplace_id, 'SKU-' || n, 'B0C' || upper(substr(md5(n::text), 1, 7)), 'Product ' || n, 19.99,
  m.currency_code, 'Active', %(now)s
FROM marketplaces m, generate_series(1, %(children)s) n WHERE m.code = ANY (%(codes)s)
"""

_RATES = """
INSERT INTO fx_rates (date, currency_code, per_eur, source)
SELECT g::date, c.code, c.about * (1 + random() / 50), 'ecb'
FROM (VALUES ('USD', 1.1), ('CAD', 1.5), ('GBP', 0.85), ('AED', 4.0), ('AUD', 1.7), ('JPY', 160)) AS c (code, about),
  generate_series(%(first)s - 10, %(last)s, interval '1 day') g WHERE extract(isodow FROM g) < 6
"""
