"""Migrations: on an empty database, on one that has been migrated, and on one that has the user's own tables."""

import asyncio
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row

from amazon_simulator import Fault as Trouble
from chalkola.datasets import CATALOG
from chalkola.errors import Fault
from chalkola.marketplaces import MARKETPLACES
from chalkola.settings import read_settings
from chalkola.store.connection import open_pool
from chalkola.store.migrate import Migrated, migrate, scripts
from chalkola.surfaces.opening import opened
from missions import FOUND, GERMANY, US, in_the_missions_tables
from night import open_shop

Database = psycopg.Connection[dict[str, Any]]

PERCENTAGES = (
    "buy_box_percentage", "buy_box_percentage_b2b", "unit_session_percentage", "unit_session_percentage_b2b",
)  # fmt: skip


@pytest.fixture
def bare(bare_url: str) -> Iterator[Database]:
    """A connection to an empty database."""
    with psycopg.connect(bare_url, autocommit=True, row_factory=dict_row) as connection:
        yield connection


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
    before = in_the_missions_tables(bare)

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
    in_the_missions_tables(bare)
    files = "SELECT pg_relation_filenode('sp_daily_asin_data') AS heap"
    before = bare.execute(files).fetchall()
    await migrated(bare_url)
    assert bare.execute(files).fetchall() == before


async def test_days_that_are_there_are_adopted_as_found_and_unproven(bare_url: str, bare: Database) -> None:
    in_the_missions_tables(bare)
    assert (await migrated(bare_url)).adopted == 2
    lines = bare.execute("SELECT * FROM sp_slices ORDER BY scope").fetchall()
    assert [(one["scope"], one["first_day"], one["state"], one["source"], one["row_count"]) for one in lines] == [
        ("marketplace:DE", FOUND, "loaded", "found", 2), ("marketplace:US", FOUND, "loaded", "found", 2),
    ]  # fmt: skip
    assert (await migrated(bare_url)).adopted == 0


async def test_a_night_on_the_missions_tables_fills_them_and_deletes_nothing_found(
    bare_url: str, bare: Database, tmp_path: Any
) -> None:
    before = in_the_missions_tables(bare)
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
    in_the_missions_tables(bare)
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
    in_the_missions_tables(bare)
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
    in_the_missions_tables(bare)
    oids = "SELECT relname, oid, relfilenode, relrowsecurity FROM pg_class WHERE relname ~ '^(si|pop|kt)_' ORDER BY 1"
    before = bare.execute(oids.encode()).fetchall()
    await migrated(bare_url)
    assert bare.execute(oids.encode()).fetchall() == before


async def test_a_table_that_is_called_sp_api_pulls_is_left_alone(bare_url: str, bare: Database) -> None:
    bare.execute(b"CREATE TABLE sp_api_pulls (mine int)")
    done = await migrated(bare_url)
    assert types(bare, "sp_api_pulls") == {"mine": "integer"}
    assert done.findings == (
        "sp_api_pulls is a table of yours and is left alone; what is pulled is listed in sp_data_pulls.",
    )


async def test_totals_and_pulls_with_columns_that_nobody_foresaw_are_filled_and_named(
    bare_url: str, bare: Database, tmp_path: Any
) -> None:
    in_the_missions_tables(bare)
    bare.execute("ALTER TABLE sp_data_pulls ADD COLUMN retries int NOT NULL DEFAULT 0")
    bare.execute(
        "CREATE TABLE sp_daily_totals (date date, marketplace_id uuid, total_sales numeric, total_units bigint,"
        " units_ordered bigint, sessions numeric, note text)"
    )
    bare.execute("INSERT INTO sp_daily_totals VALUES (%s, %s, 12.5, 3, 3, 7, 'mine')", (FOUND, GERMANY.uuid))
    before = bare.execute("SELECT * FROM sp_daily_totals").fetchall()

    done = await migrated(bare_url)

    assert done.findings == (
        "sp_daily_totals has columns that are not ours, which are kept and never written: total_sales, total_units,"
        " note.",
        "sp_data_pulls has columns that are not ours, which are kept and never written: retries.",
    )
    after = bare.execute("SELECT * FROM sp_daily_totals").fetchall()
    assert [{name: one[name] for name in before[0]} for one in after] == before
    async with open_shop(bare_url, tmp_path, marketplaces=("DE", "US")) as shop:
        assert (await shop.night()).exit_code == 0
        for code, day in shop.newest_days(("DE", "US")):
            query = "SELECT FROM sp_daily_totals t JOIN sp_data_pulls p ON (p.pull_date, p.marketplace_id)"
            query += (
                " = (t.date, t.marketplace_id) WHERE t.date = %s AND t.units_ordered > 0 AND status = 'completed'"
            )
            assert shop.rows(query, day), (code, day)
    assert len(bare.execute("SELECT FROM sp_daily_totals WHERE note = 'mine'").fetchall()) == 1


async def test_totals_and_pulls_that_cannot_hold_what_we_write_are_named_all_at_once(
    bare_url: str, bare: Database
) -> None:
    in_the_missions_tables(bare)
    bare.execute("ALTER TABLE sp_data_pulls ADD COLUMN run uuid NOT NULL DEFAULT gen_random_uuid()")
    bare.execute("ALTER TABLE sp_data_pulls ALTER COLUMN run DROP DEFAULT, ALTER COLUMN asin_count TYPE text")
    bare.execute(
        "CREATE TABLE sp_daily_totals (date date, marketplace_id uuid, ordered_product_sales numeric(12,0),"
        " page_views smallint, UNIQUE (date, marketplace_id))"
    )
    with pytest.raises(Fault) as fault:
        await migrated(bare_url)
    for block in (
        "sp_data_pulls.run must be filled", "sp_data_pulls.asin_count is text; we write integer",
        "sp_daily_totals.ordered_product_sales is numeric(12,0), which would round; we write numeric(14,2)",
        "sp_daily_totals.page_views is smallint; we write integer",
    ):  # fmt: skip
        assert block in str(fault.value)


async def test_pulls_without_a_key_get_one(bare_url: str, bare: Database, tmp_path: Any) -> None:
    bare.execute("CREATE TABLE sp_data_pulls (pull_date date, marketplace_id uuid, status varchar(20))")
    await migrated(bare_url)
    async with open_shop(bare_url, tmp_path, marketplaces=("DE",)) as shop:
        assert (await shop.night()).exit_code == 0
    assert {one["status"] for one in bare.execute("SELECT status FROM sp_data_pulls").fetchall()} == {"completed"}


async def test_a_narrower_column_of_money_is_named_and_what_exceeds_it_is_stored_as_null(
    bare_url: str, bare: Database, tmp_path: Any
) -> None:
    bare.execute(
        "CREATE TABLE sp_daily_asin_data (date date, marketplace_id uuid, child_asin text,"
        " ordered_product_sales numeric(4,2), UNIQUE (date, marketplace_id, child_asin))"
    )
    done = await migrated(bare_url)
    assert "numeric(4,2) is narrower than numeric(12,2)" in "".join(done.findings)
    async with open_shop(bare_url, tmp_path, marketplaces=("DE",)) as shop:
        assert (await shop.night(first=shop.newest())).exit_code in {0, 3}
        assert "stored as NULL" in "".join(pull["note"] or "" for pull in shop.pulls("DE"))


async def test_tables_that_block_us_block_every_command_until_they_are_corrected(
    bare_url: str, bare: Database
) -> None:
    in_the_missions_tables(bare)
    bare.execute("ALTER TABLE sp_daily_asin_data ALTER COLUMN sessions TYPE text")
    settings = read_settings({})
    for _ in range(2):
        with pytest.raises(Fault, match="sessions is text"):
            async with opened(settings, bare_url):
                pass
    bare.execute("ALTER TABLE sp_daily_asin_data ALTER COLUMN sessions DROP DEFAULT")
    bare.execute("ALTER TABLE sp_daily_asin_data ALTER COLUMN sessions TYPE integer USING sessions::integer")
    async with opened(settings, bare_url):
        pass


async def test_a_role_that_does_not_own_the_tables_is_told_so(bare_url: str, bare: Database) -> None:
    in_the_missions_tables(bare)
    role = f"guest_{bare.info.dbname}"
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


async def test_a_table_of_rates_of_ones_own_keeps_its_rows_and_columns(bare_url: str, bare: Database) -> None:
    bare.execute(
        "CREATE TABLE fx_rates (date date, currency_code varchar(3), rate numeric, PRIMARY KEY (date, currency_code))"
    )
    bare.execute("INSERT INTO fx_rates VALUES ('2026-11-20', 'USD', 1.0825)")
    await migrated(bare_url)
    assert types(bare, "fx_rates") == {
        "date": "date", "currency_code": "character varying(3)", "rate": "numeric", "per_eur": "numeric",
        "source": "text", "pull_id": "bigint",
    }  # fmt: skip
    assert bare.execute("SELECT rate, per_eur FROM fx_rates").fetchall() == [
        {"rate": Decimal("1.0825"), "per_eur": None}
    ]
