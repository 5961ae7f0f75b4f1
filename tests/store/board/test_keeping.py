"""What was computed is computed once, and never outlives the data."""

import asyncio
from dataclasses import replace

import pytest

from chalkola.store.board.keeping import Kept
from chalkola.store.board.products import products
from chalkola.store.board.shapes import ProductsQuery, Scope
from chalkola.store.connection import Pool
from sheeting import CLOSED, NOW, Book

DE = ProductsQuery(scope=Scope(place="DE", currency=None), period="Last 7 days")


async def test_whoever_asks_at_the_same_time_waits_for_one_answer() -> None:
    kept, made = Kept(most=2), []

    async def make() -> int:
        made.append(1)
        await asyncio.sleep(0)
        return len(made)

    assert await asyncio.gather(*(kept.once("v1", ("a",), make) for _ in range(5))) == [1] * 5
    assert await kept.once("v2", ("a",), make) == 2
    assert await kept.once("v2", ("b",), make) == 3
    assert await kept.once("v2", ("c",), make) == 4
    assert await kept.once("v2", ("b",), make) == 3
    assert await kept.once("v2", ("a",), make) == 5


async def test_what_fails_is_tried_again_by_the_next() -> None:
    kept, fails = Kept(most=2), [True]

    async def make() -> str:
        if fails.pop():
            raise ValueError
        return "made"

    with pytest.raises(ValueError):  # noqa: PT011  the test's own
        await kept.once("v", ("a",), make)
    fails.append(False)
    assert await kept.once("v", ("a",), make) == "made"


async def test_a_load_is_seen_by_the_next_look(pool: Pool, shop: Book) -> None:
    before = (await products(pool, NOW, DE)).totals["units"].value
    with shop.database.transaction():
        shop.database.execute(
            "UPDATE sp_daily_asin_data SET units_ordered = units_ordered + 1 WHERE date = %s", (CLOSED,)
        )
        shop.database.execute("UPDATE sp_slices SET loaded_at = now() WHERE first_day = %s", [CLOSED])
    await asyncio.sleep(0.25)  # a version is good for a moment
    after = (await products(pool, NOW, DE)).totals["units"].value
    assert before is not None
    assert after == before + 3


async def test_sums_and_rows_say_the_same(pool: Pool, shop: Book) -> None:
    queries = [
        replace(DE, period=period, scope=scope)
        for period in ("Last 7 days", "MTD", "Last 30 days")
        for scope in (DE.scope, Scope(place="ALL", currency="USD"))
    ]
    from_rows = [await products(pool, NOW, query) for query in queries]
    shop.database.execute("SELECT sp_sum_up()")
    shop.database.execute("UPDATE sp_slices SET loaded_at = now()")
    await asyncio.sleep(0.25)
    assert [await products(pool, NOW, query) for query in queries] == from_rows
