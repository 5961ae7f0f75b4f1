"""A table of five million rows with the ledger's lines beside them, made once and copied for each benchmark."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta

import psycopg
from measuring import copied_database, fresh_database, keep_as

ROWS = 1064
"""A day and marketplace has so many."""
LAST = datetime.now(UTC).date() - timedelta(days=75)
"""The last day that is filled."""
_TEMPLATE = "filled"


@contextmanager
def large_table(url: str, name: str, *, days: int) -> Iterator[tuple[str, int]]:
    """Give a database in which twelve marketplaces are filled for so many days, and how many rows that is."""
    template = f"{_TEMPLATE}_{days}"
    with psycopg.connect(url, autocommit=True) as server:
        known = server.execute("SELECT FROM pg_database WHERE datname = %s", (template,)).rowcount
    if not known:
        with fresh_database(url, f"{template}_half_done") as database:
            _fill(database, days)
            keep_as(url, f"{template}_half_done", template)
    with copied_database(url, name, template) as database:
        with psycopg.connect(database, autocommit=True) as connection:
            (count,) = connection.execute("SELECT count(*) FROM sp_daily_asin_data").fetchone() or (0,)
        yield database, int(count)


def _fill(database: str, days: int) -> None:
    """Fill twelve marketplaces day by day, with the ledger's lines beside the rows."""
    with psycopg.connect(database, autocommit=True) as connection:
        for day in (LAST - timedelta(days=n) for n in reversed(range(days))):
            fill_day(connection, day)
        connection.execute("VACUUM ANALYZE")


def fill_day(connection: psycopg.Connection[tuple[object, ...]], day: date) -> None:
    """Fill one day."""
    connection.execute(_A_DAY_OF_ROWS, {"day": day, "rows": ROWS})
    connection.execute(_A_DAY_OF_LINES, {"day": day})


_A_DAY_OF_ROWS = """
INSERT INTO sp_daily_asin_data (date, marketplace_id, amazon_marketplace_id, parent_asin, child_asin, units_ordered,
  units_ordered_b2b, ordered_product_sales, ordered_product_sales_b2b, currency_code, total_order_items,
  total_order_items_b2b, sessions, sessions_b2b, page_views, page_views_b2b, browser_sessions, mobile_app_sessions,
  browser_page_views, mobile_app_page_views, buy_box_percentage, buy_box_percentage_b2b, unit_session_percentage,
  unit_session_percentage_b2b, pull_id, source, first_loaded_at)
SELECT %(day)s, m.id, m.amazon_marketplace_id, 'B0P' || upper(substr(md5((n / 5)::text), 1, 7)),
  'B0C' || upper(substr(md5(n::text), 1, 7)), u, u / 10, u * 19.99, u / 10 * 19.99, m.currency_code, u, u / 10,
  s, s / 10, s * 2, s / 5, s / 3, s - s / 3, s, s, 97.5, 98, round(100.0 * u / s, 2), 0, 1, 'report', now()
FROM marketplaces m, LATERAL (
  SELECT n, (random() * 8)::integer AS u, 1 + (random() * 300)::integer AS s
  FROM generate_series(1, %(rows)s) n) AS row
ORDER BY m.code, n
"""

_A_DAY_OF_LINES = """
INSERT INTO sp_slices (dataset, scope, first_day, state, source, asked_at, loaded_at, row_count, checksum, sums)
SELECT dataset, 'marketplace:' || m.code, %(day)s, 'proven', 'sales_and_traffic.report', now(), now(), 1064,
  md5(m.code || %(day)s::text), '{"units": 4000, "order_items": 4000, "sales": "79960.00", "page_views": 300000}'
FROM marketplaces m, unnest(ARRAY['sales_and_traffic', 'daily_totals']) AS dataset
"""
