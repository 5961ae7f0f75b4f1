"""The table of products, of a shop that is written by hand."""

from dataclasses import replace
from decimal import Decimal

import pytest

from chalkola.store.board.asking import NotUnderstood
from chalkola.store.board.products import children_of, every_product, products
from chalkola.store.board.shapes import ProductsQuery, Scope
from chalkola.store.connection import Pool
from sheeting import CLOSED, DAY, NOW, Book

DE = ProductsQuery(scope=Scope(place="DE", currency=None), period="Last 7 days")


async def test_a_family_is_one_row_and_its_visits_are_amazons(pool: Pool, shop: Book) -> None:
    page = await products(pool, NOW, DE)
    family, single = page.rows
    assert (family.asin, family.level, family.children) == ("B0PARENT00", "parent", 2)
    assert (single.asin, single.level, single.children) == ("B0SINGLE01", "child", 0)
    assert {key: cell.value for key, cell in family.cells.items()} == {
        "sales": 1960, "units": 98, "sessions": 840, "cvr": Decimal("0.1167"), "buy_box": Decimal("0.9"),
    }  # fmt: skip
    assert (single.cells["units"].value, single.cells["units"].then, single.cells["units"].change) == (48, 42, 6)
    assert (page.total, page.pages, page.totals["sessions"].value) == (2, 1, 840 + 420)


async def test_children_unfold(pool: Pool, shop: Book) -> None:
    rows = await children_of(pool, NOW, DE, "B0PARENT00")
    assert [(row.asin, row.cells["sessions"].value) for row in rows] == [("B0CHILD001", 700), ("B0CHILD002", 350)]
    assert await children_of(pool, NOW, DE, "B0NOTHERE0") == ()


async def test_small_lines_have_a_figure_a_day(pool: Pool, shop: Book) -> None:
    page = await products(pool, NOW, DE)
    assert (page.spark_days[0], page.spark_days[-1]) == (CLOSED - 6 * DAY, CLOSED)
    assert [row.spark for row in page.rows] == [(280,) * 7, (120,) * 6 + (240,)]
    visits = await products(pool, NOW, replace(DE, metrics=("sessions",)))
    assert [row.spark for row in visits.rows] == [(120,) * 7, (60,) * 7]
    children = await children_of(pool, NOW, DE, "B0PARENT00")
    assert children[0].spark == (200,) * 7


async def test_an_order_is_any_metrics(pool: Pool, shop: Book) -> None:
    for sort, descending, first in (
        ("sales", False, "B0SINGLE01"), ("change", True, "B0SINGLE01"), ("asin", False, "B0PARENT00"),
        ("title", False, "B0PARENT00"), ("buy_box", True, "B0PARENT00"),
    ):  # fmt: skip
        page = await products(pool, NOW, replace(DE, sort=sort, descending=descending))
        assert page.rows[0].asin == first, sort


async def test_a_search_is_text_in_asin_sku_or_title(pool: Pool, shop: Book) -> None:
    shop.listing("DE", "MUG-1", "B0CHILD002", title="Mug 100%_<b>blue</b>")
    for search, found in (
        ("mug-1", ["B0PARENT00"]), ("100%_", ["B0PARENT00"]), ("<B>BLUE", ["B0PARENT00"]), ("single", ["B0SINGLE01"]),
        ("%", ["B0PARENT00"]), ("100__", []), ("'; DROP TABLE sp_notes; --", []), ("", ["B0PARENT00", "B0SINGLE01"]),
    ):  # fmt: skip
        page = await products(pool, NOW, replace(DE, search=search))
        assert [row.asin for row in page.rows] == found, search
        assert page.total == len(found)
    assert page.rows[0].title == "Mug 100%_<b>blue</b>"


async def test_pages_are_cut_by_the_database(pool: Pool, shop: Book) -> None:
    second = await products(pool, NOW, replace(DE, page=2, page_size=1))
    assert ([row.asin for row in second.rows], second.total, second.pages) == (["B0SINGLE01"], 2, 2)
    beyond = await products(pool, NOW, replace(DE, page=9, page_size=1))
    assert (beyond.rows, beyond.total, beyond.totals["units"].value) == ((), 2, 98 + 48)
    assert [row.asin async for row in every_product(pool, NOW, DE)] == ["B0PARENT00", "B0SINGLE01"]


async def test_money_without_a_rate_is_absent_and_says_so(pool: Pool, shop: Book) -> None:
    page = await products(pool, NOW, replace(DE, scope=Scope(place="DE", currency="GBP")))
    assert page.money_absent == "There is no rate from EUR to GBP for all of its days."
    assert {row.cells["sales"].value for row in page.rows} == {None}
    assert {row.cells["units"].value for row in page.rows} == {98, 48}


async def test_a_period_without_data_has_no_rows(pool: Pool, shop: Book) -> None:
    page = await products(pool, NOW, replace(DE, period="2024"))
    assert (page.rows, page.total, page.span.say) == ((), 0, "no data of these days")


async def test_what_is_not_understood_is_refused_in_words(pool: Pool, shop: Book) -> None:
    for wrong in (
        replace(DE, period="Last blue moon"), replace(DE, metrics=("mood",)), replace(DE, sort="1; DROP TABLE x"),
        replace(DE, page=0), replace(DE, page_size=501), replace(DE, scope=Scope(place="XX")),
        replace(DE, scope=Scope(place="ALL", currency=None)), replace(DE, scope=Scope(place="ALL", currency="XXX")),
    ):  # fmt: skip
        with pytest.raises(NotUnderstood):
            await products(pool, NOW, wrong)
