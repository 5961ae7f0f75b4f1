"""The commands where SUPABASE_URL and SUPABASE_SERVICE_KEY are all that is set."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
import pytest

from chalkola.store.as_sql import as_sql
from chalkola.store.migrate import scripts
from lite import OLDER, PUBLIC, SECRET, Lite, free_port, lite
from postgres import Server
from supabase import project

REPORT = Path(__file__).parent.parent / "documents" / "business_report" / "plain.csv"


@pytest.fixture
def pasted(supabase: Server) -> Iterator[str]:
    """A project whose owner has pasted what `chalkola migrate --print` prints, and set nothing else up."""
    with project(supabase) as url:
        with psycopg.connect(url, autocommit=True) as owner:
            for script in scripts():
                owner.execute(as_sql(script).encode())
        yield url


@pytest.fixture
def api(pasted: str, tmp_path: Path) -> Iterator[Lite]:
    with lite(pasted, tmp_path / "lite") as opened:
        yield opened


def test_from_pasted_sql_to_a_night_and_all_that_reads(api: Lite, amazon: Any, alone: Any, tmp_path: Path) -> None:
    quota = {"CHALKOLA_QUOTAS": "sales_and_traffic.report=60/1min"}
    chalkola = partial(alone, **amazon.environment, **quota, **api.environment)
    doctor = chalkola("doctor")
    assert doctor.code == 0, doctor.out + doctor.err
    assert "Reached through Supabase's API (127.0.0.1)." in doctor.out
    assert "Supabase > Connect > Session pooler" in doctor.out
    assert "may not create" not in doctor.out

    pulled = chalkola("pull", "--marketplace", "DE")
    assert pulled.code == 0, pulled.out + pulled.err

    status = chalkola("status", "--json")
    assert [one["marketplace"] for one in status.object["marketplaces"]] == ["DE"]
    assert status.object["marketplaces"][0]["newest_closed"] == "2026-11-17"
    for command in (("status",), ("why", "DE", "2026-11-17"), ("gaps",), ("calls",)):
        said = chalkola(*command)
        assert said.code == 0, (command, said.err)
        assert "2026-11-17" in said.out or command[0] in ("gaps", "calls")
    assert chalkola("migrate").out == "The database is up to date.\n"
    named = str(REPORT), "--date", "2026-11-17", "--marketplace", "US"
    for command in (("import", *named), ("export", "sp_daily_totals")):
        said = chalkola(*command)
        assert f"`chalkola {command[0]}` needs DATABASE_URL." in said.err
        assert said.code == 1
    assert not (tmp_path / "postgres").exists(), "no database of our own was started"
    every = "\n".join((doctor.out, pulled.out, status.out))
    assert SECRET not in every
    assert api.refused == []


def test_a_key_of_the_older_form_is_sent_as_supabase_wants_it_and_a_wrong_one_is_said_to_be(
    pasted: str, alone: Any, tmp_path: Path
) -> None:
    with lite(pasted, tmp_path / "lite", key=OLDER) as api:
        assert alone("status", **api.environment).code == 0
        assert api.refused == []

        other = OLDER[:-4] + "AAAA"
        said = alone("status", SUPABASE_URL=api.url, SUPABASE_SERVICE_KEY=other)

    assert (said.code, said.out) == (1, "")
    assert "SUPABASE_SERVICE_KEY is refused." in said.err
    assert "Supabase > Project Settings > API Keys" in said.err
    assert "eyJ" not in said.err
    said = alone("status", SUPABASE_URL=api.url, SUPABASE_SERVICE_KEY=PUBLIC)
    assert "the publishable key" in said.err


def test_a_project_without_our_tables_is_told_what_to_do(supabase: Server, alone: Any, tmp_path: Path) -> None:
    with project(supabase) as url:
        with lite(url, tmp_path / "lite") as api:
            for command in ("status", "migrate"):
                said = alone(command, **api.environment)
                assert (said.code, said.out) == (1, "")
                assert "not ready for this version" in said.err
                assert "what `chalkola migrate --print` prints, into Supabase > SQL Editor" in said.err
                assert "DATABASE_URL" in said.err
            printed = alone("migrate", "--print", **api.environment)
            assert printed.code == 0
            with psycopg.connect(url, autocommit=True) as owner:
                owner.execute(printed.out.encode())
        with lite(url, tmp_path / "lite") as api:  # its cache of functions is read when it starts
            assert alone("status", **api.environment).code == 0
            assert "lacks nothing" in alone("migrate", "--print", **api.environment).out


def test_a_project_that_is_away_is_told_so_without_its_key(alone: Any) -> None:
    port = free_port()
    said = alone("status", SUPABASE_URL=f"http://127.0.0.1:{port}", SUPABASE_SERVICE_KEY=SECRET)
    assert said.code == 1
    assert f"The database at 127.0.0.1:{port} cannot be reached." in said.err
    assert SECRET not in said.err
    assert "Traceback" not in said.err


def test_database_url_is_taken_where_both_are_set(database_url: str, alone: Any) -> None:
    away = {"SUPABASE_URL": f"http://127.0.0.1:{free_port()}", "SUPABASE_SERVICE_KEY": SECRET}
    assert alone("status", DATABASE_URL=database_url, **away).code == 0
