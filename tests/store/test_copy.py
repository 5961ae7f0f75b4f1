"""Whatever a text holds, it arrives: rows travel as CSV made from JSON, and the two escape differently."""

from datetime import date
from decimal import Decimal
from typing import Any

import psycopg
import pytest

from chalkola.datasets import CATALOG
from chalkola.datasets.counting import fill
from chalkola.datasets.model import Batch, Row, Slice
from chalkola.errors import Fault
from chalkola.marketplaces import marketplace
from chalkola.store.connection import Pool, database_errors
from chalkola.store.tables import insert

SALES = CATALOG[0].table
GERMANY, DAY = marketplace("DE"), date(2026, 11, 17)
ODD_TEXTS = (
    'say "so"',
    "back\\slash",
    "two\nlines",
    "tab\t,comma",
    "null",
    "",
    "NaN",
    "Größe 日本",
    "\\N",
    "\\.",
    " ",
)


def made(rows: list[Row], *, at_once: bool) -> Batch:
    batch = Batch(
        slice=Slice(dataset="sales_and_traffic", scope=GERMANY.scope, day=DAY),
        marketplace=GERMANY,
        table=SALES,
        rows=(),
    )
    return fill(batch, rows, at_once=at_once)


def row(**cells: object) -> Row:
    return tuple(cells.get(name) for name in SALES.column_names)  # type: ignore[misc]


@pytest.mark.parametrize("at_once", [True, False])
async def test_any_text_arrives_as_it_is(pool: Pool, database: psycopg.Connection[Any], at_once: bool) -> None:
    rows = [row(child_asin=f"B{n}", parent_asin=text) for n, text in enumerate((*ODD_TEXTS, None))]
    batch = made(rows, at_once=at_once)
    async with pool.connection() as connection:
        await insert(connection, batch, batch.rows, 1)
    held = database.execute("SELECT parent_asin FROM sp_daily_asin_data ORDER BY id").fetchall()
    assert [one["parent_asin"] for one in held] == [*ODD_TEXTS, None]


@pytest.mark.parametrize("at_once", [True, False])
async def test_figures_arrive_as_their_columns_hold_them(
    pool: Pool, database: psycopg.Connection[Any], at_once: bool
) -> None:
    batch = made([row(child_asin="B", ordered_product_sales=Decimal("2.125"), units_ordered=0)], at_once=at_once)
    async with pool.connection() as connection:
        await insert(connection, batch, batch.rows, 1)
    held = database.execute(
        "SELECT ordered_product_sales, units_ordered, sessions FROM sp_daily_asin_data"
    ).fetchone()
    assert held == {"ordered_product_sales": Decimal("2.13"), "units_ordered": 0, "sessions": None}


@pytest.mark.parametrize("figure", ["1E+11", "1E+400"])
async def test_a_figure_beyond_its_column_is_refused(pool: Pool, figure: str) -> None:
    batch = made([row(child_asin="B", ordered_product_sales=Decimal(figure))], at_once=True)
    with pytest.raises(Fault, match="refuses"), database_errors():
        async with pool.connection() as connection:
            await insert(connection, batch, batch.rows, 1)
