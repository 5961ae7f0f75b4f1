"""A sheet is told the same whether its figures come from the running sums, from the rows, or from both."""

from datetime import date, timedelta
from typing import Any

import psycopg
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg.rows import dict_row

from postgres import Server
from sheeting import CLOSED, DAY, Book, days, opened

METRICS = (
    "units", "sales", "order_items", "sessions", "page_views", "mobile_share", "b2b_share", "cvr", "buy_box",
    "average_price", "refunds", "refund_rate", "units_b2b", "sales_b2b",
)  # fmt: skip
FIRST = CLOSED - 60 * DAY
count = st.none() | st.integers(0, 90)
figures = st.fixed_dictionaries({
    "units_ordered": count, "total_order_items": count, "sessions": count, "page_views": count,
    "mobile_app_sessions": count, "sessions_b2b": count, "units_refunded": count, "units_ordered_b2b": count,
    "ordered_product_sales": st.none() | st.decimals(0, 999, places=2),
    "ordered_product_sales_b2b": st.none() | st.decimals(0, 999, places=2),
    "buy_box_percentage": st.none() | st.decimals(0, 100, places=2),
})  # fmt: skip
row = st.tuples(
    st.sampled_from(["DE", "UK"]), st.integers(0, 60).map(lambda n: FIRST + timedelta(days=n)),
    st.sampled_from(["B0CHILD00A", "B0CHILD00B"]), st.sampled_from(["B0PARENT00", "B0PARENT01", None]), figures,
)  # fmt: skip


def told(book: Book) -> list[Any]:
    """Return what sheets are told: every metric of children, parents, a SKU and a stranger; days; a tab."""
    items = ["B0CHILD00A", "B0CHILD00B", "B0PARENT00", "B0PARENT01", "sku-a", "B0NOBODY00"]
    return [
        *(book.values(m, items, ["DE", "UK", "ALL"], ["Last 40 days"], currency="EUR") for m in METRICS),
        *(book.values(m, items, ["ALL"], ["Last day", "MTD", "Last 30 days month ago"], currency="EUR")
          for m in ("sales", "buy_box")),
        book.data("sheet_daily", metric="sales", items=items, marketplace="UK", days="35"),
        book.data("sheet_top", marketplace="ALL", metric="units", period="Last 30 days"),
        book.data("sheet_snapshot", tab="_DE"),
        book.data("sheet_snapshot", tab="_ALL", currency="EUR"),
    ]  # fmt: skip


@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(row, max_size=40, unique_by=lambda r: r[:3]),
    parents=st.lists(row, max_size=20, unique_by=lambda r: (r[0], r[1], r[3] or "B0PARENT00")),
    written_later=st.lists(row, max_size=4, unique_by=lambda r: r[:3]),
)
def test_sheets_are_told_the_same_before_and_after_summing(
    rows: list[Any], parents: list[Any], written_later: list[Any], server: Server, template: str
) -> None:
    with (
        server.copy_of(template) as url,
        psycopg.connect(url, autocommit=True, row_factory=dict_row, prepare_threshold=None) as database,
    ):
        book = opened(database)
        _write_ledger(book)
        for code, day, child, parent, sums in rows:
            book.row(code, day, child, parent, **sums)
        for code, day, _, parent, sums in parents:
            book.parent_row(code, day, parent or "B0PARENT00", **sums)
        before = told(book)
        database.execute("SELECT sp_sum_up(2)")
        assert told(book) == before
        database.execute("SELECT sp_sum_up()")
        assert told(book) == before
        for code, day, child, parent, sums in written_later:
            database.execute("DELETE FROM sp_daily_asin_data WHERE date = %s AND child_asin = %s", (day, child))
            book.row(code, day, child, parent, **sums)
        noted = told(book)
        database.execute("SELECT sp_sum_up()")
        assert told(book) == noted


def _write_ledger(book: Book) -> None:
    for day in days(FIRST, CLOSED):
        for code in ("DE", "UK"):
            book.line(code, day)
            book.line(code, day, dataset="daily_parents")
    for day in days(date(2026, 8, 1), CLOSED):
        if day.isoweekday() < 6:
            book.rate("GBP", day, f"0.8{day.day:02d}")
    book.listing("DE", "sku-a", "B0CHILD00A", title="Mug")


def test_what_is_known_is_the_same_where_very_many_months_are_noted(book: Book) -> None:
    for n in range(45):
        book.row("DE", CLOSED - timedelta(days=31 * n), f"B0CHILD{n % 4:03d}", f"B0PARENT{n % 3:02d}")
        book.parent_row("DE", CLOSED - timedelta(days=31 * n), f"B0PARENT{n % 2:02d}")
    known = "SELECT * FROM sp_sheet_known() ORDER BY level, asin"
    before = book.database.execute(known).fetchall()
    assert [k["asin"] for k in before if k["level"] == "parent"] == ["B0PARENT00", "B0PARENT01", "B0PARENT02"]
    for most in (30, None):
        book.database.execute("SELECT sp_sum_up(%s)", (most,))
        assert book.database.execute(known).fetchall() == before
