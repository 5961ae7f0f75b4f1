"""One product, of a shop that is written by hand."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from chalkola.store.board.asking import NotUnderstood
from chalkola.store.board.notes import add_note, delete_note
from chalkola.store.board.product import product
from chalkola.store.board.shapes import Scope
from chalkola.store.connection import Pool, open_pool
from chalkola.store.summing import sum_up
from sheeting import CLOSED, NOW, Book

EUROS = Scope(place="ALL", currency="EUR")


async def test_a_child_has_its_days_in_every_marketplace(pool: Pool, shop: Book) -> None:
    page = await product(pool, NOW, "B0CHILD001", EUROS, period="Last 7 days", length=30)
    assert page is not None
    assert (page.level, len(page.days), page.days[-1]) == ("child", 30, CLOSED)
    family = [one.asin for one in page.siblings]
    assert page.parent is not None
    assert (page.parent.asin, family, page.children) == ("B0PARENT00", ["B0CHILD002"], ())
    assert {one.marketplace: one.values["units"][-1] for one in page.places} == {"US": 20, "DE": 10}
    assert {one.marketplace: one.values["sales"][-1] for one in page.places} == {"US": 320, "DE": 200}
    assert page.cells["units"].value == 7 * 30
    assert page.cells["cvr"].value == Decimal("0.1")


async def test_a_parent_has_amazons_visits_and_its_childrens_units(pool: Pool, shop: Book) -> None:
    page = await product(pool, NOW, "B0PARENT00", Scope(place="DE", currency=None), period="Last 7 days")
    assert page is not None
    assert (page.level, page.parent, [one.asin for one in page.children]) == (
        "parent", None, ["B0CHILD001", "B0CHILD002"]
    )  # fmt: skip
    assert (page.cells["units"].value, page.cells["sessions"].value) == (98, 840)
    assert page.places[0].values["sessions"][-1] == 120


async def test_a_product_without_a_family_stands_alone(pool: Pool, shop: Book) -> None:
    page = await product(pool, NOW, "B0SINGLE01", EUROS, period="Last day", versus="week_ago")
    assert page is not None
    assert (page.level, page.parent, page.siblings, page.children) == ("child", None, (), ())
    assert page.split is not None
    assert (page.split.conversion, page.split.most) == (page.cells["sales"].change, "conversion")


async def test_of_an_unknown_one_there_is_nothing(pool: Pool, shop: Book) -> None:
    assert await product(pool, NOW, "B0NOTHERE0", EUROS) is None


async def test_notes_stand_beside_a_product_until_their_author_deletes_them(pool: Pool, shop: Book) -> None:
    note = await add_note(pool, asin="B0CHILD001", day=CLOSED, author="a@b.de", text=" <b>New</b> photo ", now=NOW)
    of_all = await add_note(pool, asin=None, day=CLOSED - timedelta(1), author="c@b.de", text="Strike", now=NOW)
    page = await product(pool, NOW, "B0CHILD001", EUROS)
    assert page is not None
    assert page.notes == (note, of_all)
    assert note.text == "<b>New</b> photo"
    assert not await delete_note(pool, note.id, author="c@b.de")
    assert await delete_note(pool, note.id, author="a@b.de")
    assert await delete_note(pool, of_all.id, author=None)
    for text in (" \n", "x" * 2001):
        with pytest.raises(NotUnderstood):
            await add_note(pool, asin=None, day=CLOSED, author="a@b.de", text=text, now=NOW)


@pytest.mark.parametrize("asin", ["B0CHILD001", "B0PARENT00", "B0SINGLE01"])
@pytest.mark.parametrize("written_since", [False, True])
async def test_days_are_the_same_whether_they_come_from_sums_or_from_rows(
    pool: Pool, database_url: str, shop: Book, asin: str, written_since: bool
) -> None:
    shop.row("DE", CLOSED - timedelta(days=75), "B0CHILD001", "B0OTHER000", units_ordered=5, page_views=4)
    shop.parent_row("DE", CLOSED - timedelta(days=75), "B0PARENT00", sessions=3, page_views=7)
    shop.row("US", CLOSED - timedelta(days=74), "B0CHILD001", units_ordered=None, ordered_product_sales="3.2101")
    from_rows = await _figures(database_url, asin)
    await sum_up(pool)
    if written_since:
        for table in ("sp_daily_asin_data", "sp_daily_parent_data"):
            shop.database.execute(f"UPDATE {table} SET sessions = sessions WHERE date >= '2026-11-01'".encode())
    assert bool(shop.database.execute("SELECT FROM sp_unsummed").rowcount) is written_since
    assert await _figures(database_url, asin) == from_rows


async def test_what_is_larger_than_sums_can_hold_is_read_from_its_rows(
    pool: Pool, database_url: str, shop: Book
) -> None:
    for n in (1, 2):
        shop.row("DE", CLOSED - timedelta(days=n), "B0NEW00001", units_ordered=2_000_000_000)
    await sum_up(pool)
    (germany,) = (await _figures(database_url, "B0NEW00001"))[0].values()
    assert germany["units"][-4:] == [None, 2_000_000_000, 2_000_000_000, None]


async def _figures(url: str, asin: str) -> Any:
    async with open_pool(url, size=1) as fresh:  # in which nothing is kept
        page = await product(fresh, NOW, asin, EUROS, period="Last 30 days", length=100)
    assert page is not None
    return {one.marketplace: one.lines.exact for one in page.places}, page.cells
