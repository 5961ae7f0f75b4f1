"""Who reads our tables through Supabase: people of the allowed domain whose address is verified, and nobody else."""

import json
from pathlib import Path
from typing import Any

import psycopg
import pytest

from chalkola.store.access import READABLE, READER_DOMAINS
from chalkola.store.as_sql import supabase_files
from chalkola.store.audit import audit
from chalkola.store.connection import open_pool
from chalkola.store.readers import read_reader_domains, set_reader_domains
from night import open_shop
from postgres import migrated

Database = psycopg.Connection[dict[str, Any]]
ANN: dict[str, Any] = {
    "sub": "5f3c0f5e-58cc-4372-a567-0e02b2c3d479", "role": "authenticated", "email": "Ann@example.com",
    "is_anonymous": False, "user_metadata": {"email_verified": True},
    "amr": [{"method": "oauth", "timestamp": 1795000000}],
}  # fmt: skip
STRANGERS: tuple[dict[str, Any], ...] = (
    {"email": "ann@example.org"}, {"email": "ann@evil.example.com"}, {"email": "ann@example.com@evil.org"},
    {"email": "ann@example.com\n@evil.org"}, {"email": "example.com"}, {"email": "@example.com"}, {"email": None},
    {"email": ""}, {"user_metadata": {"email_verified": False}}, {"user_metadata": {}}, {"user_metadata": None},
    {"user_metadata": {"email_verified": "true"}}, {"is_anonymous": True}, {"amr": []}, {"amr": None},
    {"amr": "oauth"},
    {"amr": [{"method": "password"}]}, {"amr": [{"method": "password"}, {"method": "totp"}]},
    {"amr": [{"method": "anonymous"}]}, {"amr": ["oauth"]},
)  # fmt: skip


async def let_in(url: str, *domains: str) -> None:
    async with open_pool(url) as pool:
        await set_reader_domains(pool, domains)


def read(owner: Database, claims: dict[str, Any] | None, what: str, role: str = "authenticated") -> list[Any]:
    """Return what somebody with these claims is given by Supabase's API for a query."""
    with owner.transaction():
        owner.execute(f"SET LOCAL ROLE {role}".encode())
        said = "" if claims is None else json.dumps(claims)
        owner.execute("SELECT set_config('request.jwt.claims', %s, true)", (said,))
        return owner.execute(what.encode()).fetchall()


def count(owner: Database, claims: dict[str, Any] | None, table: str = "sp_daily_totals") -> int:
    return int(read(owner, claims, f"SELECT count(*) AS n FROM {table}")[0]["n"])


async def test_a_verified_person_of_the_domain_reads_a_nights_figures_and_views_and_changes_nothing(
    project_url: str, owner: Database, tmp_path: Path
) -> None:
    async with open_shop(project_url, tmp_path, marketplaces=("DE",)) as shop:
        assert (await shop.night()).exit_code == 0
    assert count(owner, ANN) == 0, "no domain is let in yet"
    await let_in(project_url, "example.com", "Example.net")
    whole = {name: owner.execute(f"SELECT count(*) AS n FROM {name}".encode()).fetchone() for name in READABLE}
    for name in READABLE:
        seen = count(owner, ANN, name)
        assert whole[name] == {"n": seen}, name
    assert count(owner, ANN, "sp_daily_asin_data") > 10
    assert count(owner, ANN, "sp_coverage") > 0
    assert count(owner, {**ANN, "email": "bo@example.net"}) == count(owner, ANN)
    assert read(owner, ANN, "SELECT domain FROM sp_reader_domains") == [{"domain": "example.com"}]
    closed = ("sp_sheet_tokens", "sp_web_sessions", "sp_buckets", "sp_accounts", "sp_pulls", "sp_alert_settings")
    for statement in (*(f"SELECT * FROM {name}" for name in closed), "DELETE FROM sp_daily_totals"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            read(owner, ANN, statement)


async def test_nobody_else_sees_a_row(project_url: str, owner: Database) -> None:
    await let_in(project_url, "example.com")
    owner.execute("INSERT INTO sp_slices (dataset, scope, first_day) VALUES ('x', 'marketplace:DE', '2026-11-20')")
    assert count(owner, ANN, "sp_slices") == 1
    assert count(owner, None, "sp_slices") == 0
    for strange in STRANGERS:
        assert count(owner, {**ANN, **strange}, "sp_slices") == 0, strange
    for role in ("anon", "authenticator"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            read(owner, ANN, "SELECT * FROM sp_slices", role)
    await let_in(project_url, "example.org")
    assert count(owner, ANN, "sp_slices") == 0, "a domain that was taken out"
    assert count(owner, {**ANN, "email": "ann@example.org"}, "sp_slices") == 1


async def test_claims_are_looked_at_once_a_statement_and_not_once_a_row(project_url: str, owner: Database) -> None:
    await let_in(project_url, "example.com")
    owner.execute(
        "INSERT INTO sp_slices (dataset, scope, first_day)"
        " SELECT 'x', 'marketplace:DE', date '2024-01-01' + n FROM generate_series(1, 500) n"
    )
    plan = read(owner, ANN, "EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) SELECT * FROM sp_slices")
    lines = [line["QUERY PLAN"] for line in plan]
    assert any("InitPlan" in line for line in lines), lines
    (inner,) = [line for line in lines if "sp_reader_domains" in line and "Scan" in line]
    assert "loops=1)" in inner


async def test_supabases_tool_lets_the_same_people_read(bare_project_url: str, bare_owner: Database) -> None:
    for text in supabase_files().values():
        bare_owner.execute(text.encode())
    await let_in(bare_project_url, "example.com")
    query = (
        "SELECT tablename, roles::text, cmd, qual FROM pg_policies WHERE policyname = 'chalkola_readers' ORDER BY 1"
    )
    policies = bare_owner.execute(query).fetchall()
    tables = {name for name in READABLE if name not in ("sp_coverage", "sp_unattributed", "sp_api_pulls")}
    assert {one["tablename"] for one in policies} == {*tables, READER_DOMAINS}
    assert {(one["roles"], one["cmd"]) for one in policies} == {("{authenticated}", "SELECT")}
    assert count(bare_owner, ANN) == count(bare_owner, ANN, "sp_coverage") == 0
    bare_owner.execute(
        "INSERT INTO sp_slices (dataset, scope, first_day) VALUES ('x', 'marketplace:DE', '2026-11-20')"
    )
    assert count(bare_owner, ANN, "sp_slices") == 1

    await migrated(bare_project_url)

    assert bare_owner.execute(query).fetchall() == policies
    assert count(bare_owner, ANN, "sp_slices") == 1
    async with open_pool(bare_project_url) as pool, pool.connection() as connection:
        assert await audit(connection) == []


async def exposed(url: str) -> set[str]:
    async with open_pool(url) as pool, pool.connection() as connection:
        return {one.name for one in await audit(connection)}


@pytest.mark.parametrize(
    "made",
    [
        "GRANT INSERT ON {} TO authenticated", "GRANT SELECT ON {} TO anon",
        "CREATE POLICY mine ON {} TO authenticated USING (true)", "DROP POLICY chalkola_readers ON {}",
    ],
)  # fmt: skip
async def test_a_grant_or_a_policy_that_is_another_than_ours_is_found(
    made: str, project_url: str, owner: Database
) -> None:
    assert await exposed(project_url) == set()
    owner.execute(made.format("sp_slices").encode())
    assert await exposed(project_url) == {"sp_slices"}


async def test_where_there_is_no_supabase_nothing_is_made_and_the_domains_are_kept_for_when_there_is(
    database_url: str, database: Database
) -> None:
    await let_in(database_url, "example.com")
    async with open_pool(database_url) as pool:
        assert await read_reader_domains(pool) == ["example.com"]
    assert database.execute("SELECT * FROM pg_policies").fetchall() == []
