"""`migrate`, `psql` and `stop`: on an embedded PostgreSQL, and on a database of one's own."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from chalkola.store import embedded
from chalkola.surfaces.server import _apart


@pytest.fixture
def own_home(alone: Any, tmp_path: Path) -> Iterator[Path]:
    tmp_path.chmod(0o711)  # where we are root the server runs as another account
    yield tmp_path
    embedded.stop(tmp_path)


def test_a_database_of_our_own_is_made_migrated_asked_and_stopped(alone: Any, own_home: Path) -> None:
    first, second = alone("migrate"), alone("migrate")
    asked = alone("psql", "-c", "select count(*) as marketplaces from marketplaces")
    stopped, again = alone("stop"), alone("stop")

    assert first.code == 0, first.err
    assert "Applied migrations/0001_ledger.sql." in first.out
    assert second.out == "The database is up to date.\n"
    assert asked.code == 0, asked.err
    assert "11" in asked.out
    assert stopped.out.startswith(f"Stopped the PostgreSQL of {own_home}.")
    assert again.out == "No embedded PostgreSQL is running.\n"


def test_psql_opens_the_database_that_is_set(alone: Any, database_url: str) -> None:
    said = alone("psql", "-c", "select 6 * 7 as answer", DATABASE_URL=database_url)

    assert said.code == 0, said.err
    assert "42" in said.out


def test_psql_keeps_its_own_exit_code(alone: Any, database_url: str) -> None:
    assert alone("psql", "-c", "select", "-c", "nonsense", DATABASE_URL=database_url).code == 1


def test_psql_of_a_demo_that_never_ran_says_so(alone: Any) -> None:
    said = alone("psql", "--demo", "-c", "select 1")

    assert said.code == 2
    assert "`chalkola demo` first" in said.err


def test_the_password_is_not_on_the_command_line() -> None:
    address, secret = _apart("postgresql://me:p%40ss%20word@db.example.com:6543/postgres?sslmode=require")

    assert "ss" not in address.replace("sslmode", "")
    assert "sslmode=require" in address
    assert secret == {"PGPASSWORD": "p@ss word"}


def test_migrate_says_what_it_adopted(alone: Any, bare_url: str) -> None:
    import psycopg

    alone("migrate", DATABASE_URL=bare_url)
    with psycopg.connect(bare_url) as connection:
        connection.execute(
            "INSERT INTO sp_daily_asin_data (date, marketplace_id, amazon_marketplace_id, child_asin)"
            " SELECT '2026-11-01', id, amazon_marketplace_id, 'B0' FROM marketplaces WHERE code = 'DE'"
        )

    said = alone("migrate", DATABASE_URL=bare_url)

    assert "Adopted 1 day that was in your tables already" in said.out
