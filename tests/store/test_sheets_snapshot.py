"""Whole tabs: what stands in them is what single questions answer, and can be verified."""

import hashlib
from decimal import Decimal
from typing import Any

import pytest

from sheeting import CLOSED, DAY, YESTERDAY, Book

A, B, PARENT, OTHER = "B0CHILD00A", "B0CHILD00B", "B0PARENT00", "B0PARENT0X"


@pytest.fixture
def shop(book: Book) -> Book:
    """Some days around every period in Germany and the United Kingdom, with listings, totals and rates."""
    for code, factor in (("DE", 1), ("UK", 3)):
        for back in (*range(40), 340, 365, 366, 370, 390, 395):
            day = CLOSED - back * DAY
            book.line(code, day)
            book.line(code, day, dataset="daily_parents")
            book.row(code, day, A, units_ordered=(back % 5) * factor, ordered_product_sales=f"{back % 7}.37",
                     sessions=10 + back % 3, page_views=20, buy_box_percentage="66.66")  # fmt: skip
            if back % 2:
                book.row(code, day, B, parent=OTHER if back > 300 else PARENT, units_ordered=factor,
                         ordered_product_sales="5.55", sessions=7, page_views=9, buy_box_percentage=100)  # fmt: skip
            book.parent_row(code, day, PARENT, sessions=15, page_views=25, buy_box_percentage="70.01")
            for currency, per_eur in (("GBP", "0.8"), ("USD", "1.1")):
                if code == "DE":
                    book.rate(currency, day, Decimal(per_eur) + Decimal(back) / 1000)
    for code in ("DE", "UK"):
        book.line(code, YESTERDAY, "preliminary")
        book.row(code, YESTERDAY, A, units_ordered=77, sessions=5, ordered_product_sales="1.10")
    book.total("DE", CLOSED, units_ordered=9, total_order_items=8, ordered_product_sales="99.99", sessions=90,
               page_views=180, buy_box_percentage="80.5")  # fmt: skip
    book.total("UK", YESTERDAY, units_ordered=0, sessions=0)
    book.total("DE", CLOSED - 500 * DAY, units_ordered=1)
    book.listing("DE", "z-sku", A, title='A "mug"', price="12.30", status="Active")
    book.listing("DE", "a-sku", A, title="Old mug", price="1.00", status="Inactive")
    book.listing("DE", "new", "B0NEVERSLD", title="Not sold yet", price="7.00", status="Active")
    book.listing("DE", "gone", "B0GONE0000", title="Gone", gone_at=book.now)
    return book


def table(snapshot: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the rows by key, each by column."""
    return {row[0]: dict(zip(snapshot["columns"], row, strict=True)) for row in snapshot["rows"]}


def wrong(snapshot: dict[str, Any]) -> list[str]:
    """Return what a snapshot has otherwise than its own check says, reckoned as a script does."""
    keys = [row[0] for row in snapshot["rows"]]
    found = []
    if hashlib.md5("\n".join(keys).encode()).hexdigest() != snapshot["check"]["keys_md5"]:
        found.append("keys")
    if keys != sorted(keys, key=str.encode):
        found.append("order")
    if len(keys) != snapshot["count"]:
        found.append("count")
    for name, expected in snapshot["check"]["sums"].items():
        place = snapshot["columns"].index(name)
        if sum(round(row[place] * 10_000) for row in snapshot["rows"] if row[place] is not None) != expected:
            found.append(name)
    return found


def test_a_tab_has_every_product_that_is_listed_or_was_sold_lately(shop: Book) -> None:
    rows = table(shop.data("sheet_snapshot", tab="_DE"))
    assert list(rows) == [A, B, "B0NEVERSLD", PARENT, OTHER]
    assert [row["level"] for row in rows.values()] == ["child", "child", "child", "parent", "parent"]
    mug = rows[A]
    assert [mug[c] for c in ("asin", "sku", "skus", "parent_asin", "title", "price", "status")] == [
        A, "a-sku", "a-sku|z-sku", PARENT, 'A "mug"', 12.3, "Active",
    ]  # fmt: skip
    assert rows["B0NEVERSLD"]["units_last_7"] == 0


@pytest.mark.parametrize("summed", ["nothing", "a part", "all"])
@pytest.mark.parametrize(
    ("tab", "currency"), [("_DE", None), ("_UK", None), ("_UK", "USD"), ("_ALL", "EUR"), ("_ALL", "USD")]
)
def test_every_figure_of_a_tab_is_what_a_single_question_answers(
    tab: str, currency: str | None, summed: str, shop: Book
) -> None:
    if summed != "nothing":
        shop.database.execute("SELECT sp_sum_up()")
    if summed == "a part":
        shop.row("UK", CLOSED - 2 * DAY, "B0CHILD00C", parent=None, units_ordered=4, ordered_product_sales="1.05")
        shop.parent_row("DE", CLOSED - 366 * DAY, OTHER, sessions=3)
    snapshot = shop.data("sheet_snapshot", tab=tab, currency=currency)
    assert wrong(snapshot) == []
    rows = table(snapshot)
    slugs = shop.database.execute("SELECT * FROM sp_sheet_slugs() ORDER BY place").fetchall()
    for metric in ("units", "sales", "sessions", "page_views", "buy_box"):
        wanted = [s for s in slugs if s["slug"] != "yesterday" or metric in ("units", "sales", "sessions")]
        values = shop.values(metric, list(rows), [tab[1:]], [s["period"] for s in wanted], currency=currency)
        found = [[row[f"{metric}_{s['slug']}"] for s in wanted] for row in rows.values()]
        assert found == values, metric
    assert sum(len(row) for row in rows.values()) == len(rows) * (9 + 5 * 12 + 3)


def test_a_tab_is_told_of_products_as_single_questions_are_whatever_they_are_called(shop: Book) -> None:
    title = 'Größe [5"] \\ "a, b"]\t][\n'
    shop.row("DE", CLOSED, "B0ODDNAMES", parent="B0ODDPAREN", units_ordered=2)
    shop.row("DE", CLOSED, "b0small000", units_ordered=3)
    shop.listing("DE", title, "B0ODDNAMES", title=title, price="1.00")
    rows = table(shop.data("sheet_snapshot", tab="_DE"))
    assert [rows["B0ODDNAMES"][c] for c in ("sku", "title", "price", "status")] == [title, title, 1, None]
    assert rows["B0ODDPAREN"]["units_last_day"] == 2
    assert shop.values("units", ["b0small000"], ["DE"], ["Last day"]) == [["not found"]], (
        "an ASIN is written in capitals"
    )
    assert rows["b0small000"]["units_last_day"] is None


def test_a_parent_has_its_traffic_in_the_columns_whose_days_have_it(shop: Book) -> None:
    shop.database.execute("SELECT sp_sum_up()")
    shop.database.execute(
        "DELETE FROM sp_slices WHERE dataset = 'daily_parents' AND first_day = %s", (CLOSED - 3 * DAY,)
    )
    row = table(shop.data("sheet_snapshot", tab="_DE"))[PARENT]
    assert (row["sessions_last_day"], row["sessions_last_7"], row["sessions_last_7_week_ago"]) == (15, None, 105)
    assert row["units_last_7"] == 14, "its children's"


def test_yesterday_stands_in_a_tab_as_the_calendars(shop: Book) -> None:
    rows = table(shop.data("sheet_snapshot", tab="_DE"))
    assert (rows[A]["units_yesterday"], rows[A]["units_last_day"]) == (77, 0)
    shop.database.execute("DELETE FROM sp_slices WHERE first_day = %s", (YESTERDAY,))
    assert table(shop.data("sheet_snapshot", tab="_DE"))[A]["units_yesterday"] is None


def test_the_tab_of_all_is_in_one_currency_and_has_no_price(shop: Book) -> None:
    assert shop.refusal("sheet_snapshot", tab="_ALL")[0] == "bad_argument"
    rows = table(shop.data("sheet_snapshot", tab="_ALL", currency="EUR"))
    assert rows[A]["price"] is None
    assert rows[A]["units_last_day_week_ago"] == 2 + 6


def test_the_tab_of_days_is_of_amazons_totals(shop: Book) -> None:
    snapshot = shop.data("sheet_snapshot", tab="_daily", currency="USD")
    assert wrong(snapshot) == []
    rows = table(snapshot)
    assert list(rows) == ["DE|2026-11-24", "UK|2026-11-25"], "the last 400 days"
    assert rows["DE|2026-11-24"] == {
        "key": "DE|2026-11-24", "marketplace": "DE", "date": "2026-11-24", "state": "closed", "units": 9,
        "order_items": 8, "sales": 99.99, "currency": "EUR", "sessions": 90, "page_views": 180, "buy_box": 0.805,
        "cvr": 0.1, "rate": 1.1,
    }  # fmt: skip
    assert (rows["UK|2026-11-25"]["state"], rows["UK|2026-11-25"]["cvr"]) == ("preliminary", None)
    assert shop.data("sheet_snapshot", tab="_daily")["rows"][0][-1] is None


def test_a_tab_that_there_is_not_is_refused(shop: Book) -> None:
    assert shop.refusal("sheet_snapshot", tab="_XX")[0] == "bad_argument"
    assert shop.refusal("sheet_snapshot")[0] == "bad_argument"


def test_a_tab_without_any_product_is_an_empty_table(shop: Book) -> None:
    snapshot = shop.data("sheet_snapshot", tab="_JP")
    assert (snapshot["rows"], snapshot["count"], wrong(snapshot)) == ([], 0, [])


def test_meta_says_what_there_is_and_how_fresh(shop: Book) -> None:
    shop.line("UK", CLOSED, "due", rows=None)
    data = shop.data("sheet_meta", currency="EUR")
    assert [tab["tab"] for tab in data["tabs"]] == ["_UK", "_DE", "_ALL", "_daily"]
    assert data["tabs"][1] == {"tab": "_DE", "marketplace": "DE", "rows": 5}
    assert data["last_closed"] == {"UK": "2026-11-23", "DE": "2026-11-24", "ALL": "2026-11-23"}
    assert data["fx_date"] == "2026-11-24"
    assert data["made_at"] == "2026-11-26T12:00:00Z"
    assert data["freshness"] == "Up to 2026-11-24; UK up to 2026-11-23."


def test_meta_of_an_empty_database_has_no_tabs(book: Book) -> None:
    assert book.data("sheet_meta") == {
        "tabs": [], "last_closed": {}, "fx_date": None, "made_at": None, "freshness": "No data yet.",
    }  # fmt: skip
