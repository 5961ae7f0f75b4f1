"""Reading tables and views for a file: the right rows, as they are, in one state of the database."""

import csv
import io
from datetime import date
from typing import Any

import psycopg
import pytest
from psycopg import sql

from chalkola.errors import Fault
from chalkola.marketplaces import marketplaces
from chalkola.store.connection import Pool, open_pool
from chalkola.store.export import Part, count_rows, one_view, read_rows
from chalkola.store.relations import read_names, read_relation

Database = psycopg.Connection[dict[str, Any]]

_ROW = (
    "INSERT INTO sp_daily_asin_data (date, marketplace_id, amazon_marketplace_id, child_asin, ordered_product_sales)"
    " SELECT %s, id, amazon_marketplace_id, %s, 1234567.80 FROM marketplaces WHERE code = %s"
)


def fill(database: Database, *rows: tuple[str, str, str]) -> None:
    for row in rows:
        database.execute(_ROW, row)


async def rows_of(pool: Pool, table: str, part: Part | None = None) -> list[dict[str, str]]:
    async with one_view(pool) as connection:
        relation = await read_relation(connection, table)
        batches = [rows async for rows, _ in read_rows(connection, relation, part or Part())]
    read = csv.DictReader(io.StringIO(b"".join(batches).decode(), newline=""), [c.name for c in relation.columns])
    return list(read)


async def test_rows_come_by_day_and_each_marketplace_together(database: Database, pool: Pool) -> None:
    fill(database, ("2026-11-02", "B1", "DE"), ("2026-11-01", "B2", "US"), ("2026-11-02", "B3", "US"),
         ("2026-11-02", "B4", "DE"), ("2026-11-01", "B5", "DE"))  # fmt: skip

    rows = await rows_of(pool, "sp_daily_asin_data")

    assert {row["child_asin"] for row in rows[:2]} == {"B2", "B5"}
    assert [row["child_asin"] for row in rows[2:]] == ["B1", "B4", "B3"]


@pytest.mark.parametrize(
    ("first", "last", "codes", "expected"),
    [
        ("2026-11-02", "2026-11-02", "", {"B2", "B3"}),
        ("2026-11-02", None, "DE,UK", {"B2"}),
        (None, "2026-11-01", "", {"B1"}),
        (None, "9999-12-31", "FR", {"B3"}),
        ("2026-12-01", None, "", set()),
    ],
)
async def test_a_part_has_its_days_and_marketplaces_only(
    database: Database, pool: Pool, first: str | None, last: str | None, codes: str, expected: set[str]
) -> None:
    fill(database, ("2026-11-01", "B1", "DE"), ("2026-11-02", "B2", "DE"), ("2026-11-02", "B3", "FR"))
    begin, end = (date.fromisoformat(text) if text else None for text in (first, last))

    rows = await rows_of(pool, "sp_daily_asin_data", Part(first=begin, last=end, marketplaces=marketplaces([codes])))

    assert {row["child_asin"] for row in rows} == expected


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("marketplace_id uuid", "c3d4e5f6-58cc-4372-a567-0e02b2c3d482"),
        ("marketplace_id text", "c3d4e5f6-58cc-4372-a567-0e02b2c3d482"),
        ("amazon_marketplace_id text", "A1PA6795UKMFR9"),
        ("amazon_marketplace_id varchar(20)", "A1PA6795UKMFR9"),
        ("scope text", "marketplace:DE"),
        ("code text", "DE"),
    ],
)
async def test_a_marketplace_is_found_by_whichever_column_tells_it(
    database: Database, pool: Pool, column: str, value: str
) -> None:
    database.execute(sql.SQL("CREATE TABLE told ({})").format(sql.SQL(column)))  # type: ignore[arg-type]
    database.execute(sql.SQL("INSERT INTO told VALUES ({}), (NULL)").format(sql.Literal(value)))

    rows = await rows_of(pool, "told", Part(marketplaces=marketplaces(["DE"])))

    assert [row[column.split()[0]] for row in rows] == [value]
    assert rows[0].get("marketplace") == ("DE" if "_id" in column else None)


async def test_the_code_stands_before_the_id_that_nobody_can_read(pool: Pool) -> None:
    async with one_view(pool) as connection:
        totals = await read_relation(connection, "sp_daily_totals")
        shops = await read_relation(connection, "marketplaces")

    names = [column.name for column in totals.columns]
    assert names[names.index("marketplace") + 1] == "marketplace_id"
    assert [column.name for column in shops.columns].count("marketplace") == 0


@pytest.mark.parametrize(
    ("table", "begins", "ends"),
    [
        ("sp_daily_asin_data", "date", "date"),
        ("sp_daily_parent_data", "date", "date"),
        ("sp_daily_totals", "date", "date"),
        ("sp_data_pulls", "pull_date", "pull_date"),
        ("sp_api_pulls", "pull_date", "pull_date"),
        ("sp_slices", "first_day", "first_day"),
        ("sp_pulls", "first_day", "last_day"),
        ("sp_restatements", "first_day", "first_day"),
        ("sp_alerts", "raised_at", "raised_at"),
    ],
)
async def test_a_row_belongs_to_the_days_that_its_table_says(pool: Pool, table: str, begins: str, ends: str) -> None:
    async with one_view(pool) as connection:
        days = (await read_relation(connection, table)).days

    assert days is not None
    assert (days[0].name, days[1].name) == (begins, ends)


async def test_a_pull_of_many_days_belongs_to_each_of_them(database: Database, pool: Pool) -> None:
    database.execute("CREATE TABLE boxes (first_day date, last_day date)")
    database.execute("INSERT INTO boxes VALUES ('2026-11-01', '2026-11-30'), ('2026-12-01', '2026-12-02')")

    rows = await rows_of(pool, "boxes", Part(first=date(2026, 11, 15), last=date(2026, 11, 16)))

    assert [row["first_day"] for row in rows] == ["2026-11-01"]


async def test_an_instant_belongs_to_its_day_in_utc(database: Database, pool: Pool) -> None:
    database.execute("CREATE TABLE notes (raised_at timestamptz)")
    database.execute(
        "INSERT INTO notes VALUES ('2026-11-02 01:00+03'), ('2026-11-02 23:59:59.5+00'), ('2026-11-03Z')"
    )

    rows = await rows_of(pool, "notes", Part(first=date(2026, 11, 2), last=date(2026, 11, 2)))

    assert [row["raised_at"] for row in rows] == ["2026-11-02 23:59:59.5+00"]


async def test_values_are_exact_and_can_be_read_by_anything(database: Database, pool: Pool) -> None:
    database.execute(f"ALTER DATABASE {database.info.dbname} SET DateStyle = 'German'")
    database.execute(
        """CREATE VIEW "My ""view""; DROP" AS SELECT 12345678901234567890.123456789::numeric AS "a "" b", true AS yes,
           ARRAY['x,', 'y'] AS many, NULL::text AS nothing, '' AS empty, '2026-11-20 03:00+03'::timestamptz AS at,
           E'two\nlines, "quoted"' AS "%s", 0.1::float8 AS float, '2026-11-20'::date AS day"""
    )

    assert await rows_of(pool, 'My "view"; DROP') == [
        {
            'a " b': "12345678901234567890.123456789", "yes": "true", "many": '["x,","y"]', "nothing": "",
            "empty": "", "at": "2026-11-20 00:00:00+00", "%s": 'two\nlines, "quoted"', "float": "0.1",
            "day": "2026-11-20",
        }
    ]  # fmt: skip


async def test_what_is_read_is_one_state_of_the_database(database: Database, pool: Pool) -> None:
    fill(database, ("2026-11-01", "B1", "DE"))

    async with one_view(pool) as connection:
        relation = await read_relation(connection, "sp_daily_asin_data")
        counted = await count_rows(connection, relation, Part())
        fill(database, ("2026-11-02", "B2", "DE"))
        read = [count async for _, count in read_rows(connection, relation, Part())]

    assert (counted, sum(read)) == (1, 1)


async def test_nothing_can_be_changed(pool: Pool) -> None:
    with pytest.raises(Fault, match="read-only"):
        async with one_view(pool) as connection:
            await connection.execute("DELETE FROM marketplaces")


async def test_many_rows_come_a_megabyte_at_a_time(database: Database, pool: Pool) -> None:
    database.execute("CREATE VIEW many AS SELECT repeat('x', 999) FROM generate_series(1, 5000)")

    async with one_view(pool) as connection:
        relation = await read_relation(connection, "many")
        batches = [(len(rows), count) async for rows, count in read_rows(connection, relation, Part())]

    assert sum(count for _, count in batches) == 5000
    assert max(size for size, _ in batches) < 1_050_000
    assert len(batches) == 5


async def test_a_token_s_fingerprint_stays_in_the_database(pool: Pool) -> None:
    async with one_view(pool) as connection:
        for table in await read_names(connection):
            columns = (await read_relation(connection, table)).columns
            assert not [column.name for column in columns if "fingerprint" in column.name], table


async def test_rows_that_a_policy_hides_are_an_error_and_not_a_gap(database: Database, database_url: str) -> None:
    fill(database, ("2026-11-01", "B1", "DE"))
    reader = f"reader_{database.info.dbname}"
    database.execute(f"CREATE ROLE {reader} LOGIN PASSWORD 'x'")
    database.execute(f"GRANT SELECT ON sp_daily_asin_data TO {reader}")
    try:
        async with open_pool(f"postgresql://{reader}:x@{database_url.rpartition('@')[2]}") as pool:
            with pytest.raises(Fault, match="row-level security") as raised:
                await rows_of(pool, "sp_daily_asin_data")
        assert "the role that owns the tables" in raised.value.remedy
    finally:
        database.execute(f"DROP OWNED BY {reader}; DROP ROLE {reader}")
