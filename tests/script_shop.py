"""A shop for the script of a spreadsheet: two marketplaces, 430 days, written by SQL in a few statements."""

import psycopg

from chalkola.marketplaces import marketplace
from sheeting import CLOSED, DAY, NOW, YESTERDAY, Book, Database, opened

_CHILDREN = """
INSERT INTO sp_daily_asin_data (
  date, marketplace_id, amazon_marketplace_id, currency_code, child_asin, parent_asin, units_ordered,
  ordered_product_sales, sessions, page_views, buy_box_percentage, mobile_app_sessions, sessions_b2b)
SELECT %(last)s::date - back, %(id)s, %(amazon)s, %(currency)s, asin, parent, %(f)s * ((back + 1) %% n),
       round(%(f)s * ((back * 7) %% 101) * 1.37, 2), 10 + back %% n, 20 + back %% 11, 50 + back %% 50, 3, 1
FROM generate_series(0, 429) back,
     (VALUES ('B0CHILD00A', 'B0PARENT00', 3), ('B0CHILD00B', 'B0PARENT00', 5), ('0123456789', NULL, 7)
     ) y (asin, parent, n)
WHERE back %% 4 > 0 OR n < 6
"""
_PARENTS = """
INSERT INTO sp_daily_parent_data (
  date, marketplace_id, amazon_marketplace_id, currency_code, parent_asin, sessions, page_views, buy_box_percentage)
SELECT %(last)s::date - back, %(id)s, %(amazon)s, %(currency)s, 'B0PARENT00', 15 + back %% 3, 40, 70.01
FROM generate_series(0, 429) back
"""
_TOTALS = """
INSERT INTO sp_daily_totals (
  date, marketplace_id, amazon_marketplace_id, currency_code, units_ordered, ordered_product_sales, sessions,
  page_views, buy_box_percentage)
SELECT %(last)s::date - back, %(id)s, %(amazon)s, %(currency)s, %(f)s * back %% 9,
       round(%(f)s * back * 1.1, 2), 50, 90, 80.5
FROM generate_series(0, 429) back
"""
_LINES = """
INSERT INTO sp_slices (dataset, scope, first_day, state, row_count, loaded_at)
SELECT dataset, %(scope)s, %(last)s::date - back, 'proven', 3, %(now)s
FROM generate_series(0, 429) back,
     unnest('{sales_and_traffic,daily_parents,daily_totals}'::text[]) dataset
"""
_RATES = """
INSERT INTO fx_rates (date, currency_code, per_eur, source)
SELECT %(now)s::date - back, currency, per_eur + back / 10000.0, 'ecb'
FROM generate_series(0, 450) back, (VALUES ('GBP', 0.8), ('USD', 1.1)) r (currency, per_eur)
"""


def fill(database: Database) -> Book:
    """Write Germany, and the United Kingdom, which closes two days earlier; return a workbook with a token."""
    book = opened(database)
    for code, last, factor in (("DE", CLOSED, 1), ("UK", CLOSED - 2 * DAY, 3)):
        m = marketplace(code)
        values = {"id": m.uuid, "amazon": m.amazon_id, "currency": m.currency, "scope": m.scope, "f": factor,
                  "last": last, "now": NOW}  # fmt: skip
        for statement in (_CHILDREN, _PARENTS, _TOTALS, _LINES):
            database.execute(psycopg.sql.SQL(statement), values)
    database.execute(psycopg.sql.SQL(_RATES), {"now": NOW})
    _oddities(book)
    return book


def _oddities(book: Book) -> None:
    """Write what is unlike the rest: a preliminary day, products of one marketplace or day, texts that mislead."""
    book.line("UK", YESTERDAY, "preliminary")
    book.row("UK", YESTERDAY, "B0CHILD00A", units_ordered=77, sessions=5, ordered_product_sales="1.10")
    book.row("DE", CLOSED - 420 * DAY, "B0ONCEONLY", parent=None, units_ordered=9, ordered_product_sales=9)
    book.row("DE", CLOSED, "B0ONLYINDE", parent=None, units_ordered=4, ordered_product_sales=8, sessions=2)
    for code in ("DE", "UK"):
        book.listing(code, "mug-a", "B0CHILD00A", title='=A "mug", größer', price="12.30", status="Active")
        book.listing(code, "00123", "B0CHILD00B", title="カップ", price="1.50", status="Inactive")
    book.listing("DE", "1-2", "0123456789", title="'quoted", price="7", status="Active")
    book.listing("DE", "mug-a-old", "B0CHILD00A", title="Old mug", price="1", status="Inactive")
