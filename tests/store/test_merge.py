"""Rows into tables: new ones inserted, changed ones updated, withdrawn ones deleted, the others untouched."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import psycopg
import pytest

from chalkola.datasets import CATALOG
from chalkola.datasets.model import Batch, Row, Slice
from chalkola.marketplaces import Marketplace, marketplace
from chalkola.store.connection import Pool
from chalkola.store.survey import Fit, fits_of
from chalkola.store.tables import Changed, Clamped, insert, is_bare, merge, stage

SALES, TOTALS = CATALOG[0].table, CATALOG[1].table
GERMANY, DAY = marketplace("DE"), date(2026, 11, 17)
Database = psycopg.Connection[dict[str, Any]]


def row(asin: str, **cells: object) -> Row:
    """Return a row by ASIN; what is not given is NULL."""
    known = {"child_asin": asin, "parent_asin": "B0PARENT00", "currency_code": "EUR", **cells}
    return tuple(known.get(name) for name in SALES.column_names)  # type: ignore[misc]


def batch(rows: Sequence[Row], m: Marketplace = GERMANY, day: date = DAY, **changed: Any) -> Batch:
    made = Batch(
        slice=Slice(dataset="sales_and_traffic", scope=m.scope, day=day), marketplace=m, table=SALES, rows=rows
    )
    return replace(made, **changed)


async def merged(pool: Pool, rows: Sequence[Row], pull_id: int = 1, **changed: Any) -> Changed:
    one = batch(rows, **changed)
    async with pool.connection() as connection, connection.transaction():
        return await merge(connection, one, await stage(connection, one, one.rows, pull_id), pull_id)


def held(database: Database) -> dict[str, dict[str, Any]]:
    return {one["child_asin"]: one for one in database.execute("SELECT * FROM sp_daily_asin_data")}


async def test_rows_are_inserted_updated_deleted_or_left_untouched(pool: Pool, database: Database) -> None:
    await merged(pool, [row("B0A", units_ordered=1), row("B0B", units_ordered=2), row("B0C", units_ordered=3)])
    before = held(database)

    changed = await merged(
        pool, [row("B0A", units_ordered=1), row("B0B", units_ordered=5), row("B0D", units_ordered=4)], pull_id=2
    )

    after = held(database)
    assert changed == Changed(inserted=1, updated=1, deleted=1)
    assert after["B0A"] == before["B0A"], "not even its pull"
    assert after["B0B"] == {**before["B0B"], "units_ordered": 5, "pull_id": 2}
    assert (after["B0D"]["units_ordered"], after["B0D"]["pull_id"]) == (4, 2)
    assert "B0C" not in after


async def test_the_same_rows_again_write_nothing(pool: Pool, database: Database) -> None:
    rows = [row("B0A", ordered_product_sales=Decimal("9.90")), row("B0B")]
    await merged(pool, rows)
    versions = database.execute("SELECT xmin::text, ctid::text FROM sp_daily_asin_data ORDER BY id").fetchall()
    assert await merged(pool, rows, pull_id=2) == Changed()
    assert (
        database.execute("SELECT xmin::text, ctid::text FROM sp_daily_asin_data ORDER BY id").fetchall() == versions
    )


async def test_a_merge_stays_in_its_box(pool: Pool, database: Database) -> None:
    await merged(pool, [row("B0A")], m=marketplace("FR"))
    await merged(pool, [row("B0A")], day=date(2026, 11, 16))
    assert await merged(pool, [row("B0B")], pull_id=2) == Changed(inserted=1)
    assert database.execute("SELECT count(*) FROM sp_daily_asin_data").fetchall() == [{"count": 3}]


async def test_rows_that_were_there_before_us_are_updated_and_never_deleted(pool: Pool, database: Database) -> None:
    for asin in ("B0FOUND", "B0OTHER"):
        database.execute(
            "INSERT INTO sp_daily_asin_data (date, marketplace_id, amazon_marketplace_id, child_asin, units_ordered)"
            " VALUES (%s, %s, %s, %s, 1)",
            (DAY, GERMANY.uuid, GERMANY.amazon_id, asin),
        )
    assert await merged(pool, [row("B0FOUND", units_ordered=2)], pull_id=2) == Changed(updated=1)
    assert (held(database)["B0FOUND"]["units_ordered"], held(database)["B0FOUND"]["pull_id"]) == (2, 2)
    assert held(database)["B0OTHER"]["pull_id"] is None


async def test_columns_that_only_another_source_fills_stay(pool: Pool, database: Database) -> None:
    await merged(pool, [row("B0A", units_ordered=1, sessions=50), row("B0B", units_ordered=1, sessions=60)])
    wanted = ("child_asin", "units_ordered")
    narrow = replace(SALES, columns=tuple(c for c in SALES.columns if c.name in wanted))
    assert await merged(pool, [("B0A", 7), ("B0B", 1)], pull_id=2, table=narrow) == Changed(updated=1)
    assert (held(database)["B0A"]["units_ordered"], held(database)["B0A"]["sessions"]) == (7, 50)


async def test_a_figure_that_amazon_no_longer_gives_becomes_null_and_not_zero(pool: Pool, database: Database) -> None:
    await merged(pool, [row("B0A", units_ordered_b2b=3)])
    await merged(pool, [row("B0A", units_ordered_b2b=None)], pull_id=2)
    assert held(database)["B0A"]["units_ordered_b2b"] is None


async def test_one_line_of_totals_is_merged_without_a_key_of_its_own(pool: Pool, database: Database) -> None:
    def totals(units: int) -> Row:
        return tuple({"units_ordered": units, "currency_code": "EUR"}.get(name) for name in TOTALS.column_names)

    slice_ = Slice(dataset="daily_totals", scope=GERMANY.scope, day=DAY)
    assert await merged(pool, [totals(5)], table=TOTALS, slice=slice_) == Changed(inserted=1)
    first = database.execute("SELECT * FROM sp_daily_totals").fetchall()
    assert await merged(pool, [totals(6)], table=TOTALS, slice=slice_, pull_id=2) == Changed(updated=1)
    assert database.execute("SELECT * FROM sp_daily_totals").fetchall() == [
        {**first[0], "units_ordered": 6, "pull_id": 2}
    ]


@pytest.mark.parametrize(
    "text",
    [
        "plain",
        'a "quote"',
        "a,comma",
        "a\\backslash",
        "two\nlines",
        "null",
        "",
        "\\N",
        "\\.",
        "ümläut 日本",
        "'",
        "\t",
    ],
)
async def test_any_text_arrives_as_it_was_sent(pool: Pool, database: Database, text: str) -> None:
    async with pool.connection() as connection, connection.transaction():
        one = batch([row("B0A", parent_asin=text, units_ordered=1), row("B0B", parent_asin=None)])
        assert await is_bare(connection, SALES, DAY, GERMANY.uuid)
        await insert(connection, one, one.rows, 1)
        assert not await is_bare(connection, SALES, DAY, GERMANY.uuid)
    assert held(database)["B0A"]["parent_asin"] == text
    assert held(database)["B0B"]["parent_asin"] is None
    assert await merged(pool, one.rows, pull_id=2) == Changed(), "staged, it is the same"


async def test_a_value_beyond_a_narrow_column_becomes_null_and_is_said(pool: Pool, database: Database) -> None:
    database.execute("ALTER TABLE sp_daily_asin_data ALTER COLUMN unit_session_percentage TYPE numeric(5,2)")
    fit = (await fits_of(pool, [SALES]))[SALES.name]
    clamped = Clamped()
    rows = [
        row("B0A", unit_session_percentage=Decimal("1250.00")),
        row("B0B", unit_session_percentage=Decimal("999.99")),
    ]
    await merged(pool, list(clamped.rows(rows, fit)))
    assert held(database)["B0A"]["unit_session_percentage"] is None
    assert held(database)["B0B"]["unit_session_percentage"] == Decimal("999.99")
    assert clamped.notes == ["unit_session_percentage 1250.00 of B0A does not fit its column and is stored as NULL."]


async def test_a_value_that_rounds_beyond_a_narrow_column_becomes_null_too(pool: Pool, database: Database) -> None:
    database.execute("ALTER TABLE sp_daily_asin_data ALTER COLUMN unit_session_percentage TYPE numeric(5,2)")
    fit = (await fits_of(pool, [SALES]))[SALES.name]
    await merged(pool, list(Clamped().rows([row("B0A", unit_session_percentage=Decimal("999.995"))], fit)))
    assert held(database)["B0A"]["unit_session_percentage"] is None


async def test_a_wide_column_takes_it(pool: Pool, database: Database) -> None:
    assert (await fits_of(pool, [SALES]))[SALES.name] == Fit()
    await merged(pool, [row("B0A", unit_session_percentage=Decimal("1250.00"))])
    assert held(database)["B0A"]["unit_session_percentage"] == Decimal("1250.00")
