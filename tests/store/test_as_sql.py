"""The migrations as plain SQL: Supabase's files and what is pasted do what `chalkola migrate` does, once."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row

from chalkola.marketplaces import MARKETPLACES
from chalkola.store.as_sql import as_sql, lacking, printed, supabase_files
from chalkola.store.connection import open_pool
from chalkola.store.migrate import Migrated, Script, is_current, migrate, scripts
from chalkola.surfaces.docs import ROOT
from missions import FOUND, in_the_missions_tables
from night import open_shop

Database = psycopg.Connection[dict[str, Any]]
SHAPE = """
SELECT 'column' AS kind, table_name || '.' || column_name AS name, concat_ws(' ', data_type, numeric_precision,
       numeric_scale, is_nullable, column_default) AS said
FROM information_schema.columns WHERE table_schema = 'public'
UNION ALL SELECT 'index', indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'
UNION ALL SELECT 'constraint', conrelid::regclass || '.' || conname, pg_get_constraintdef(oid) FROM pg_constraint
  WHERE connamespace = 'public'::regnamespace
UNION ALL SELECT 'function', oid::regprocedure::text, concat_ws(' ', prosrc, proconfig, proacl) FROM pg_proc
  WHERE pronamespace = 'public'::regnamespace
UNION ALL SELECT 'view', viewname, definition FROM pg_views WHERE schemaname = 'public'
UNION ALL SELECT 'relation', relname, concat_ws(' ', relkind, relrowsecurity, reloptions, relacl) FROM pg_class
  WHERE relnamespace = 'public'::regnamespace
ORDER BY 1, 2, 3
"""


@pytest.fixture
def bare(bare_url: str) -> Iterator[Database]:
    """A connection to an empty database."""
    with psycopg.connect(bare_url, autocommit=True, row_factory=dict_row) as connection:
        yield connection


def apply(bare: Database, texts: Iterable[str]) -> None:
    """Apply files as Supabase's tool does: in the order of their names, each in a transaction."""
    for text in texts:
        with bare.transaction():
            bare.execute(text.encode())


def files() -> list[str]:
    return [path.read_text(encoding="utf-8") for path in sorted((ROOT / "supabase" / "migrations").iterdir())]


def shape(database: Database) -> list[dict[str, Any]]:
    return database.execute(SHAPE).fetchall()


async def current(url: str) -> bool:
    async with open_pool(url) as pool:
        return await is_current(pool)


async def migrated(url: str) -> Migrated:
    async with open_pool(url) as pool:
        return await migrate(pool)


def test_files_have_supabases_names_in_the_order_of_the_scripts() -> None:
    names = [path.removeprefix("supabase/migrations/") for path in supabase_files()]
    assert names == sorted(names)
    assert len(set(names)) == len(scripts())
    assert [name for name in names if not re.fullmatch(r"\d{14}_[a-z_]+\.sql", name)] == []
    assert names[0] == "20261101000001_ledger.sql", "names are kept by Supabase: they never change"


def test_the_files_in_the_repository_are_those_of_the_scripts() -> None:
    found = {f"supabase/migrations/{path.name}" for path in (ROOT / "supabase" / "migrations").iterdir()}
    assert found == set(supabase_files())
    assert files() == list(supabase_files().values())


async def test_files_and_migrate_make_the_same_database(bare_url: str, bare: Database, database: Database) -> None:
    apply(bare, files())
    assert shape(bare) == shape(database)


async def test_after_the_files_migrate_has_no_script_to_apply_and_does_the_rest(
    bare_url: str, bare: Database
) -> None:
    apply(bare, files())
    assert not await current(bare_url), "nobody has looked at the tables"
    done = await migrated(bare_url)
    assert (done.applied, done.adopted) == ((), 0)
    assert await current(bare_url)
    found = bare.execute("SELECT code FROM marketplaces").fetchall()
    assert {one["code"] for one in found} == {m.code for m in MARKETPLACES if m.always_present}


async def test_the_files_keep_the_missions_tables_and_a_night_fills_them(
    bare_url: str, bare: Database, tmp_path: Path
) -> None:
    before = in_the_missions_tables(bare)
    apply(bare, files())
    assert (await migrated(bare_url)).adopted == 2
    async with open_shop(bare_url, tmp_path, marketplaces=("DE", "US")) as shop:
        assert (await shop.night(first=FOUND, last=FOUND)).exit_code == 0
    rows = bare.execute("SELECT * FROM sp_daily_asin_data WHERE pull_id IS NULL ORDER BY id").fetchall()
    assert [{name: row[name] for name in before[0]} for row in rows] == before
    assert len(bare.execute("SELECT FROM sp_daily_asin_data WHERE pull_id IS NOT NULL").fetchall()) > 20


async def test_the_files_do_nothing_where_migrate_has_been_and_twice(database: Database, database_url: str) -> None:
    every_line = "SELECT * FROM sp_migrations ORDER BY name"
    before = database.execute(every_line).fetchall(), shape(database)
    apply(database, files())
    apply(database, files())
    assert (database.execute(every_line).fetchall(), shape(database)) == before
    assert await current(database_url)


async def test_what_is_printed_may_be_pasted_twice(bare_url: str, bare: Database) -> None:
    text = printed(scripts(), "All of it.")
    bare.execute(text.encode())
    before = shape(bare)
    bare.execute(text.encode())
    assert shape(bare) == before
    async with open_pool(bare_url) as pool:
        assert await lacking(pool) == ()


async def test_only_what_is_lacking_is_printed(database_url: str, database: Database) -> None:
    database.execute("DELETE FROM sp_migrations WHERE name LIKE 'views/10%'")
    database.execute("UPDATE sp_migrations SET checksum = 'older' WHERE name IN"
                     " ('functions/30_merge.sql', 'migrations/0001_ledger.sql')")  # fmt: skip
    async with open_pool(database_url) as pool:
        wanted = await lacking(pool)
        assert [script.name for script in wanted] == ["functions/30_merge.sql", "views/10_coverage.sql"]
        database.execute(printed(wanted, "").encode())
        assert await lacking(pool) == ()


def test_a_script_that_fails_leaves_nothing_behind(bare: Database) -> None:
    text = "CREATE TABLE sp_half (id int); SELECT 1 / 0;\n"
    script = Script(name="migrations/0001_bad.sql", text=text, repeatable=False)
    with pytest.raises(psycopg.errors.DivisionByZero):
        bare.execute(as_sql(script).encode())
    assert shape(bare) == []
