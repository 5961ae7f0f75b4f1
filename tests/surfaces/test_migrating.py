"""`migrate --print`: the SQL that a database lacks, to paste where `chalkola migrate` cannot go."""

from pathlib import Path
from typing import Any

import psycopg
import pytest

from chalkola.store.migrate import scripts


def test_migrate_print_says_what_the_database_lacks_and_changes_nothing(alone: Any, bare_url: str) -> None:
    said = alone("migrate", "--print", DATABASE_URL=bare_url)

    assert said.code == 0, said.err
    assert "This is what the database of DATABASE_URL lacks." in said.out
    with psycopg.connect(bare_url, autocommit=True) as connection:
        assert connection.execute("SELECT FROM pg_class WHERE relname ~ '^sp_'").fetchall() == []
        connection.execute(said.out.encode())
    again = alone("migrate", "--print", DATABASE_URL=bare_url)
    assert again.out == "-- The database lacks nothing: there is no SQL to paste.\n"


@pytest.mark.parametrize(
    ("url", "reason"), [("", "is not set"), ("postgresql://me:swordfish@127.0.0.1:1/x", "could not be reached")]
)
def test_migrate_print_gives_everything_where_the_database_cannot_be_looked_at(
    alone: Any, tmp_path: Path, url: str, reason: str
) -> None:
    said = alone("migrate", "--print", DATABASE_URL=url)

    assert said.code == 0, said.err
    assert reason in said.out.splitlines()[0]
    assert all(script.checksum in said.out for script in scripts())
    assert "swordfish" not in said.out + said.err
    assert not (tmp_path / "postgres").exists()
