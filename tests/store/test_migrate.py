"""Migrations: on an empty database, on one that has been migrated, and on one that has the user's own tables."""

import asyncio
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row

from amazon_simulator import Fault as Trouble
from chalkola.datasets import CATALOG
from chalkola.errors import Fault
from chalkola.marketplaces import MARKETPLACES, marketplace
from chalkola.store.connection import open_pool
from chalkola.store.migrate import Migrated, migrate, scripts
from night import open_shop

Database = psycopg.Connection[dict[str, Any]]

MISSION = """
CREATE TABLE marketplaces (id UUID PRIMARY KEY);
CREATE TABLE sp_daily_asin_data (
  id BIGSERIAL PRIMARY KEY, date DATE NOT NULL,
  marketplace_id UUID NOT NULL REFERENCES marketplaces(id), amazon_marketplace_id TEXT NOT NULL,
  parent_asin TEXT, child_asin TEXT NOT NULL,
  units_ordered INTEGER DEFAULT 0, units_ordered_b2b INTEGER DEFAULT 0,
  ordered_product_sales DECIMAL(12,2) DEFAULT 0, ordered_product_sales_b2b DECIMAL(12,2) DEFAULT 0,
  currency_code TEXT DEFAULT 'USD', total_order_items INTEGER DEFAULT 0, total_order_items_b2b INTEGER DEFAULT 0,
  sessions INTEGER DEFAULT 0, sessions_b2b INTEGER DEFAULT 0, page_views INTEGER DEFAULT 0,
  page_views_b2b INTEGER DEFAULT 0, browser_sessions INTEGER DEFAULT 0, mobile_app_sessions INTEGER DEFAULT 0,
  browser_page_views INTEGER DEFAULT 0, mobile_app_page_views INTEGER DEFAULT 0,
  buy_box_percentage DECIMAL(5,2), buy_box_percentage_b2b DECIMAL(5,2),
  unit_session_percentage DECIMAL(5,2), unit_session_percentage_b2b DECIMAL(5,2),
  created_at TIMESTAMPTZ DEFAULT NOW(),
  UNIQUE(date, marketplace_id, child_asin));
CREATE INDEX idx_sp_daily_date ON sp_daily_asin_data(date DESC);
CREATE INDEX idx_sp_daily_asin ON sp_daily_asin_data(child_asin);
CREATE INDEX idx_sp_daily_marketplace ON sp_daily_asin_data(marketplace_id);
CREATE INDEX idx_sp_daily_date_marketplace ON sp_daily_asin_data(date, marketplace_id);
CREATE TABLE sp_data_pulls (
  id BIGSERIAL PRIMARY KEY, pull_date DATE NOT NULL,
  marketplace_id UUID NOT NULL REFERENCES marketplaces(id), amazon_marketplace_id TEXT NOT NULL,
  report_id TEXT, status TEXT DEFAULT 'pending', asin_count INTEGER, error_message TEXT,
  started_at TIMESTAMPTZ DEFAULT NOW(), completed_at TIMESTAMPTZ,
  UNIQUE(pull_date, marketplace_id));
"""

GERMANY, US = marketplace("DE"), marketplace("US")
FOUND = date(2026, 11, 10)
PERCENTAGES = (
    "buy_box_percentage", "buy_box_percentage_b2b", "unit_session_percentage", "unit_session_percentage_b2b",
)  # fmt: skip


@pytest.fixture
def bare(bare_url: str) -> Iterator[Database]:
    """A connection to an empty database."""
    with psycopg.connect(bare_url, autocommit=True, row_factory=dict_row) as connection:
        yield connection


def with_the_missions_tables(bare: Database) -> list[dict[str, Any]]:
    """Apply the mission's SQL by hand and put rows in; return the rows."""
    bare.execute(MISSION.encode())
    for m in (GERMANY, US):
        bare.execute("INSERT INTO marketplaces VALUES (%s)", (m.uuid,))
        for asin in ("B0FOUND001", "B0FOUND002"):
            bare.execute(
                "INSERT INTO sp_daily_asin_data (date, marketplace_id, amazon_marketplace_id, child_asin,"
                " units_ordered, unit_session_percentage) VALUES (%s, %s, %s, %s, 3, 12.34)",
                (FOUND, m.uuid, m.amazon_id, asin),
            )
    bare.execute(
        "INSERT INTO sp_data_pulls (pull_date, marketplace_id, amazon_marketplace_id, status, report_id)"
        " VALUES (%s, %s, %s, 'completed', 'by hand')",
        (FOUND, GERMANY.uuid, GERMANY.amazon_id),
    )
    return bare.execute("SELECT * FROM sp_daily_asin_data ORDER BY id").fetchall()


async def migrated(url: str) -> Migrated:
    async with open_pool(url) as pool:
        return await migrate(pool)


def types(database: Database, table: str = "sp_daily_asin_data") -> dict[str, str]:
    found = database.execute(
        "SELECT attname, format_type(atttypid, atttypmod) AS type FROM pg_attribute"
        " WHERE attrelid = %s::regclass AND attnum > 0",
        (table,),
    )
    return {one["attname"]: one["type"] for one in found}


async def test_an_empty_database_gets_everything_and_eleven_marketplaces(bare_url: str, bare: Database) -> None:
    done = await migrated(bare_url)
    assert done.applied == tuple(script.name for script in scripts())
    assert (done.adopted, done.findings) == (0, ())
    found = bare.execute("SELECT * FROM marketplaces").fetchall()
    assert {one["code"]: one["id"] for one in found} == {m.code: m.uuid for m in MARKETPLACES if m.code != "BR"}
    germany = next(one for one in found if one["code"] == "DE")
    assert germany == {
        "id": GERMANY.uuid, "code": "DE", "name": "Germany", "amazon_marketplace_id": "A1PA6795UKMFR9",
        "region": "EU", "currency_code": "EUR", "time_zone": "Europe/Berlin",
    }  # fmt: skip


async def test_migrating_twice_does_nothing_the_second_time(bare_url: str, bare: Database) -> None:
    await migrated(bare_url)
    before = bare.execute("SELECT * FROM sp_migrations ORDER BY name").fetchall()
    assert (await migrated(bare_url)).applied == ()
    assert bare.execute("SELECT * FROM sp_migrations ORDER BY name").fetchall() == before


async def test_two_that_migrate_at_once_apply_each_script_once(bare_url: str) -> None:
    both = await asyncio.gather(migrated(bare_url), migrated(bare_url), migrated(bare_url))
    applied = sorted(name for one in both for name in one.applied)
    assert applied == sorted(script.name for script in scripts())


async def test_a_function_whose_text_has_changed_is_applied_again(bare_url: str, bare: Database) -> None:
    await migrated(bare_url)
    bare.execute("UPDATE sp_migrations SET checksum = 'of an older version'")
    assert (await migrated(bare_url)).applied == tuple(s.name for s in scripts() if s.repeatable)


async def test_the_missions_tables_are_kept_with_every_row_and_id(bare_url: str, bare: Database) -> None:
    before = with_the_missions_tables(bare)

    done = await migrated(bare_url)

    after = bare.execute("SELECT * FROM sp_daily_asin_data ORDER BY id").fetchall()
    assert [{name: one[name] for name in before[0]} for one in after] == before
    assert {one["pull_id"] for one in after} == {None}
    assert done.findings == ()
    assert bare.execute("SELECT report_id, status FROM sp_data_pulls").fetchall() == [
        {"report_id": "by hand", "status": "completed"}
    ]
    columns = types(bare)
    for table in (CATALOG[0].table,):
        assert {c.name: c.type for c in table.columns}.items() <= columns.items()
    assert {columns[name] for name in PERCENTAGES} == {"numeric(7,2)"}
    assert types(bare, "marketplaces") == {"id": "uuid"}, "it is not ours to change"
    assert len(bare.execute("SELECT * FROM marketplaces").fetchall()) == 11


async def test_widening_a_percentage_does_not_rewrite_the_table(bare_url: str, bare: Database) -> None:
    with_the_missions_tables(bare)
    files = "SELECT pg_relation_filenode('sp_daily_asin_data') AS heap"
    before = bare.execute(files).fetchall()
    await migrated(bare_url)
    assert bare.execute(files).fetchall() == before


async def test_days_that_are_there_are_adopted_as_found_and_unproven(bare_url: str, bare: Database) -> None:
    with_the_missions_tables(bare)
    assert (await migrated(bare_url)).adopted == 2
    lines = bare.execute("SELECT * FROM sp_slices ORDER BY scope").fetchall()
    assert [(one["scope"], one["first_day"], one["state"], one["source"], one["row_count"]) for one in lines] == [
        ("marketplace:DE", FOUND, "loaded", "found", 2), ("marketplace:US", FOUND, "loaded", "found", 2),
    ]  # fmt: skip
    assert (await migrated(bare_url)).adopted == 0


async def test_a_night_on_the_missions_tables_fills_them_and_deletes_nothing_found(
    bare_url: str, bare: Database, tmp_path: Any
) -> None:
    before = with_the_missions_tables(bare)
    await migrated(bare_url)
    async with open_shop(bare_url, tmp_path, marketplaces=("DE", "US")) as shop:
        report = await shop.night(first=FOUND, last=FOUND)
        assert report.exit_code == 0
        rows = bare.execute("SELECT * FROM sp_daily_asin_data WHERE pull_id IS NULL ORDER BY id").fetchall()
        assert [one["id"] for one in rows] == [one["id"] for one in before]
        assert {one["units_ordered"] for one in rows} == {3}
        ours = bare.execute("SELECT count(*) FROM sp_daily_asin_data WHERE pull_id IS NOT NULL").fetchall()
        assert ours[0]["count"] > 20


async def test_other_and_unknown_columns_are_kept(bare_url: str, bare: Database) -> None:
    bare.execute(b"CREATE TABLE marketplaces (id uuid PRIMARY KEY, country text, vat numeric DEFAULT 19)")
    bare.execute(
        b"CREATE TABLE sp_daily_asin_data (id serial, date date, marketplace_id uuid, child_asin varchar(20),"
        b" units_ordered bigint, margin numeric, note text NOT NULL DEFAULT 'ours',"
        b" UNIQUE (child_asin, marketplace_id, date))"
    )
    bare.execute(b"CREATE TABLE products (sku text, weight int)")
    bare.execute("INSERT INTO marketplaces (id, country) VALUES (%s, 'Germany')", (GERMANY.uuid,))
    bare.execute("INSERT INTO sp_daily_asin_data (date, marketplace_id, child_asin, units_ordered, margin)"
                 " VALUES (%s, %s, 'B0A', 7, 1.5)", (FOUND, GERMANY.uuid))  # fmt: skip
    before = bare.execute("SELECT * FROM sp_daily_asin_data").fetchall()

    await migrated(bare_url)

    after = bare.execute("SELECT * FROM sp_daily_asin_data").fetchall()
    assert [{name: one[name] for name in before[0]} for one in after] == before
    assert {c.name for c in CATALOG[0].table.columns} <= types(bare).keys()
    assert types(bare)["units_ordered"] == "bigint", "its own type stays"
    assert types(bare, "products") == {"sku": "text", "weight": "integer"}
    assert bare.execute("SELECT country, vat FROM marketplaces WHERE id = %s", (GERMANY.uuid,)).fetchall() == [
        {"country": "Germany", "vat": Decimal(19)}
    ]


async def test_a_night_fits_into_tables_with_other_column_types(bare_url: str, bare: Database, tmp_path: Any) -> None:
    bare.execute(
        b"CREATE TABLE sp_daily_asin_data (id serial, date date, marketplace_id uuid, child_asin varchar(20),"
        b" units_ordered bigint, ordered_product_sales numeric, UNIQUE (child_asin, marketplace_id, date))"
    )
    await migrated(bare_url)
    async with open_shop(bare_url, tmp_path, marketplaces=("DE", "US")) as shop:
        assert (await shop.night()).exit_code == 0
        assert shop.wrong_cells(shop.newest_days(("DE", "US"))) == []


async def test_a_view_that_stands_on_a_percentage_keeps_it_narrow_and_that_is_said(
    bare_url: str, bare: Database, tmp_path: Any
) -> None:
    with_the_missions_tables(bare)
    bare.execute(b"CREATE VIEW best AS SELECT child_asin, unit_session_percentage FROM sp_daily_asin_data")

    done = await migrated(bare_url)

    assert types(bare)["unit_session_percentage"] == "numeric(5,2)"
    assert types(bare)["buy_box_percentage"] == "numeric(7,2)"
    assert len(done.findings) == 1
    assert "sp_daily_asin_data.unit_session_percentage" in done.findings[0]
    async with open_shop(bare_url, tmp_path, marketplaces=("DE",)) as shop:
        shop.goes_wrong(Trouble(kind="percentage_above_999"))
        assert (await shop.night(first=shop.newest())).exit_code == 0
        (pull,) = shop.pulls("DE")
        assert "unit_session_percentage 1250.0" in pull["note"]
        assert "stored as NULL" in pull["note"]
        query = "SELECT FROM sp_daily_asin_data WHERE date = %s AND unit_session_percentage IS NULL"
        assert len(shop.rows(query, shop.newest())) == 1


async def test_a_column_that_must_be_filled_and_that_we_do_not_know_is_named(bare_url: str, bare: Database) -> None:
    with_the_missions_tables(bare)
    bare.execute(b"ALTER TABLE sp_daily_asin_data ADD COLUMN brand text NOT NULL DEFAULT 'x'")
    bare.execute(b"ALTER TABLE sp_daily_asin_data ALTER COLUMN brand DROP DEFAULT")
    rows = bare.execute("SELECT id, brand, units_ordered FROM sp_daily_asin_data ORDER BY id").fetchall()
    with pytest.raises(Fault, match=r"sp_daily_asin_data\.brand must be filled") as fault:
        await migrated(bare_url)
    assert "give it a default" in str(fault.value)
    assert bare.execute("SELECT id, brand, units_ordered FROM sp_daily_asin_data ORDER BY id").fetchall() == rows


async def test_rows_that_are_there_twice_are_named(bare_url: str, bare: Database) -> None:
    bare.execute(b"CREATE TABLE sp_daily_asin_data (id serial, date date, marketplace_id uuid, child_asin text)")
    for _ in range(2):
        bare.execute("INSERT INTO sp_daily_asin_data (date, marketplace_id, child_asin) VALUES (%s, %s, 'B0TWICE')",
                     (FOUND, GERMANY.uuid))  # fmt: skip
    with pytest.raises(Fault, match="has rows twice") as fault:
        await migrated(bare_url)
    assert "B0TWICE" in str(fault.value)
    assert len(bare.execute("SELECT FROM sp_daily_asin_data").fetchall()) == 2
    bare.execute(b"DELETE FROM sp_daily_asin_data WHERE id = 1")
    await migrated(bare_url)


async def test_a_column_of_a_type_that_cannot_hold_our_figures_is_named(bare_url: str, bare: Database) -> None:
    bare.execute(
        b"CREATE TABLE sp_daily_asin_data (id serial, date date, marketplace_id uuid, child_asin text, sessions text,"
        b" page_views boolean, UNIQUE (date, marketplace_id, child_asin))"
    )
    with pytest.raises(Fault) as fault:
        await migrated(bare_url)
    for name in ("sp_daily_asin_data.sessions is text", "sp_daily_asin_data.page_views is boolean"):
        assert name in str(fault.value), "all that blocks is named at once"


async def test_a_marketplaces_table_that_cannot_take_a_row_is_named_with_the_row(
    bare_url: str, bare: Database
) -> None:
    bare.execute(b"CREATE TABLE marketplaces (id uuid PRIMARY KEY, owner text NOT NULL)")
    with pytest.raises(Fault, match="cannot be added to it") as fault:
        await migrated(bare_url)
    assert str(US.uuid) in str(fault.value)


async def test_other_tables_of_the_user_are_never_touched(bare_url: str, bare: Database) -> None:
    for name in ("si_stock", "pop_prices", "kt_words"):
        bare.execute(f"CREATE TABLE {name} (id int, sp text)".encode())
        bare.execute(f"INSERT INTO {name} VALUES (1, 'x')".encode())
    with_the_missions_tables(bare)
    oids = "SELECT relname, oid, relfilenode, relrowsecurity FROM pg_class WHERE relname ~ '^(si|pop|kt)_' ORDER BY 1"
    before = bare.execute(oids.encode()).fetchall()
    await migrated(bare_url)
    assert bare.execute(oids.encode()).fetchall() == before


async def test_a_table_that_is_called_sp_api_pulls_is_left_alone(bare_url: str, bare: Database) -> None:
    bare.execute(b"CREATE TABLE sp_api_pulls (mine int)")
    await migrated(bare_url)
    assert types(bare, "sp_api_pulls") == {"mine": "integer"}


async def test_a_role_that_does_not_own_the_tables_is_told_so(bare_url: str, bare: Database) -> None:
    with_the_missions_tables(bare)
    role = f"guest_{bare.info.backend_pid}"
    bare.execute(f"CREATE ROLE {role} LOGIN PASSWORD 'guest'".encode())
    bare.execute(f"GRANT ALL ON SCHEMA public TO {role}".encode())
    bare.execute(f"GRANT ALL ON ALL TABLES IN SCHEMA public TO {role}".encode())
    host = bare_url.rpartition("@")[2]
    try:
        with pytest.raises(Fault) as fault:
            await migrated(f"postgresql://{role}:guest@{host}")
        assert "owns the table" in str(fault.value)
    finally:
        bare.execute(f"DROP OWNED BY {role}".encode())
        bare.execute(f"DROP ROLE {role}".encode())
