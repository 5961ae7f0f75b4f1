"""On Supabase: what we make is for its owner and `service_role`, whatever its default privileges say."""

from pathlib import Path
from typing import Any

import psycopg
import pytest

from chalkola.datasets import CATALOG
from chalkola.pipeline.checkup.database import judge_exposures, judge_privileges
from chalkola.store.access import READ_FUNCTIONS, READABLE, READER_DOMAINS, closing, made_by
from chalkola.store.as_sql import supabase_files
from chalkola.store.audit import Exposure, audit, read_exposures
from chalkola.store.checks import read_database
from chalkola.store.connection import open_pool
from chalkola.store.migrate import scripts
from missions import in_the_missions_tables
from night import open_shop
from postgres import migrated
from supabase import as_role

Database = psycopg.Connection[dict[str, Any]]
VISITORS = ("anon", "authenticated", "chalkola_sheets")


async def exposures(url: str) -> list[Exposure]:
    async with open_pool(url) as pool, pool.connection() as connection:
        return await audit(connection)


def relations(owner: Database) -> list[str]:
    query = "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'v')"
    return [row["relname"] for row in owner.execute(query).fetchall()]


def denied(owner: Database, role: str, statement: str) -> bool:
    try:
        with owner.transaction():
            owner.execute(f"SET LOCAL ROLE {role}".encode())
            owner.execute(statement.encode())
    except psycopg.errors.InsufficientPrivilege:
        return True
    return False


async def test_nothing_that_the_migrations_make_is_open(project_url: str) -> None:
    assert await exposures(project_url) == []


async def test_nothing_is_open_either_where_supabases_tool_has_applied_the_files(
    bare_project_url: str, bare_owner: Database
) -> None:
    for text in supabase_files().values():
        bare_owner.execute(text.encode())
    assert await exposures(bare_project_url) == []


async def test_a_database_without_supabases_roles_has_nothing_open_to_everybody(database_url: str) -> None:
    assert await exposures(database_url) == []


@pytest.mark.parametrize("role", VISITORS)
async def test_a_visitor_reads_changes_and_executes_nothing_of_ours_but_what_sheets_call(
    role: str, project_url: str, owner: Database
) -> None:
    assert len(relations(owner)) > 20
    may_look = (*READABLE, READER_DOMAINS) if role == "authenticated" else ()
    for name in relations(owner):
        assert denied(owner, role, f"SELECT * FROM {name}") == (name not in may_look), name
    privileges = owner.execute(
        "SELECT relname, p FROM pg_class, unnest(ARRAY['INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES',"
        " 'TRIGGER']) p WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'v')"
        " AND has_table_privilege(%s, oid, p)",
        (role,),
    ).fetchall()
    assert privileges == []
    functions = owner.execute(
        "SELECT p.oid::regprocedure::text AS name, has_function_privilege(%s, p.oid, 'EXECUTE') AS may"
        " FROM pg_proc p WHERE pronamespace = 'public'::regnamespace",
        (role,),
    ).fetchall()
    assert len(functions) > 20
    may = [one["name"].partition("(")[0] for one in functions if one["may"]]
    assert sorted(may) == sorted(READ_FUNCTIONS)
    assert denied(owner, role, "SELECT sp_full_slots()")
    assert denied(owner, role, "SELECT nextval('sp_daily_asin_data_id_seq')")


async def test_service_role_pulls_a_whole_night(project_url: str, tmp_path: Path) -> None:
    async with open_shop(
        as_role(project_url, "service_role", "service"), tmp_path, marketplaces=("DE", "US")
    ) as shop:
        assert (await shop.night()).exit_code == 0
        assert shop.wrong_cells(shop.newest_days(("DE", "US"))) == []


async def test_the_owner_who_is_no_superuser_pulls_a_whole_night(project_url: str, tmp_path: Path) -> None:
    async with open_shop(project_url, tmp_path, marketplaces=("DE",)) as shop:
        assert (await shop.night()).exit_code == 0
        assert shop.wrong_cells(shop.newest_days(("DE",))) == []


async def test_a_function_that_is_listed_may_be_executed_and_no_other(project_url: str, owner: Database) -> None:
    owner.execute(closing(made_by(script.text for script in scripts()), ["sp_full_slots"]).encode())
    for role in VISITORS:
        may = owner.execute(
            "SELECT proname FROM pg_proc p WHERE pronamespace = 'public'::regnamespace"
            " AND has_function_privilege(%s, p.oid, 'EXECUTE')",
            (role,),
        ).fetchall()
        assert [one["proname"] for one in may] == ["sp_full_slots"]
    open_ = {one.name for one in await exposures(project_url)}
    assert open_ == {"sp_full_slots"}, "the list that counts is another"


@pytest.mark.parametrize(
    ("made", "kind", "problem"),
    [
        ("CREATE TABLE sp_new (id int)", "table", "row-level security is off"),
        ("CREATE TABLE sp_new (id int); ALTER TABLE sp_new ENABLE ROW LEVEL SECURITY", "table", "anon has SELECT"),
        ("CREATE VIEW sp_new AS SELECT * FROM sp_pulls", "view", "security_invoker"),
        ("CREATE MATERIALIZED VIEW sp_new AS SELECT * FROM sp_pulls", "materialized view", "security_invoker"),
        ("CREATE FUNCTION sp_new() RETURNS int LANGUAGE sql AS 'SELECT 1'", "function", "search_path"),
        ("CREATE FUNCTION sp_new() RETURNS int LANGUAGE sql AS 'SELECT 1'", "function", "PUBLIC has EXECUTE"),
        ("CREATE FUNCTION sp_new() RETURNS int LANGUAGE sql SECURITY DEFINER SET search_path = public AS 'SELECT 1'",
         "function", "rights of its owner"),
        ("CREATE SEQUENCE sp_new", "sequence", "anon has"),
    ],
)  # fmt: skip
async def test_the_audit_finds_whatever_is_made_open_without_knowing_its_name(
    made: str, kind: str, problem: str, project_url: str, owner: Database
) -> None:
    owner.execute(made.encode())
    found = await exposures(project_url)
    assert {one.name for one in found} == {"sp_new"}
    assert any(one.kind == kind and problem in one.problem for one in found), found


async def test_a_table_that_a_script_makes_is_closed_by_that_script_too(
    bare_project_url: str, bare_owner: Database
) -> None:
    text = "CREATE TABLE sp_next (id serial); ALTER TABLE sp_next ENABLE ROW LEVEL SECURITY;"
    bare_owner.execute(f"{text} {closing(made_by([text]))}".encode())
    assert await exposures(bare_project_url) == []


async def test_a_role_that_may_not_execute_our_functions_is_told_so_by_doctor(project_url: str) -> None:
    async with open_pool(as_role(project_url, "authenticator", "door")) as pool:
        facts = await read_database(pool)
    assert any("execute the functions" in finding.what for finding in judge_privileges(facts))
    async with open_pool(as_role(project_url, "service_role", "service")) as pool:
        facts = await read_database(pool)
    assert (facts.may_execute, facts.unusable) == (True, [])


# --- the user's own ------------------------------------------------------------------------------------------------


async def test_the_users_own_tables_keep_their_privileges_and_doctor_says_which_are_open(
    bare_project_url: str, bare_owner: Database
) -> None:
    in_the_missions_tables(bare_owner)
    bare_owner.execute("CREATE TABLE si_stock (id int); CREATE TABLE products (sku text)")
    query = (
        "SELECT relname, relacl::text, relrowsecurity FROM pg_class WHERE relname IN"
        " ('si_stock', 'products', 'marketplaces', 'sp_daily_asin_data', 'sp_data_pulls') ORDER BY 1"
    )
    before = bare_owner.execute(query).fetchall()

    await migrated(bare_project_url)

    assert bare_owner.execute(query).fetchall() == before
    assert not denied(bare_owner, "anon", "SELECT * FROM sp_daily_asin_data")
    async with open_pool(bare_project_url) as pool:
        (finding,) = judge_exposures(await read_exposures(pool))
    for name in ("sp_daily_asin_data", "sp_data_pulls"):
        assert f"{name}: row-level security is off" in finding.what
    for name in ("sp_daily_totals", "sp_pulls", "si_stock", "products"):
        assert name not in finding.what


async def test_what_the_user_has_opened_by_a_policy_stays_open(project_url: str, owner: Database) -> None:
    owner.execute(
        "CREATE POLICY readers ON sp_daily_totals FOR SELECT TO authenticated USING (auth.uid() IS NOT NULL)"
    )
    owner.execute("DROP POLICY chalkola_readers ON sp_daily_totals")
    owner.execute("GRANT SELECT ON sp_daily_totals TO authenticated")

    await migrated(project_url)

    assert not denied(owner, "authenticated", "SELECT * FROM sp_daily_totals")
    assert denied(owner, "anon", "SELECT * FROM sp_daily_totals")
    async with open_pool(project_url) as pool:
        assert judge_exposures(await read_exposures(pool)) == []


async def test_tables_of_rows_that_we_make_show_nothing_to_a_reader_without_a_policy(
    project_url: str, owner: Database, tmp_path: Path
) -> None:
    async with open_shop(project_url, tmp_path, marketplaces=("DE",)) as shop:
        assert (await shop.night()).exit_code == 0
    for name in (dataset.table.name for dataset in CATALOG):
        owner.execute(f"GRANT SELECT ON {name} TO authenticated".encode())
        with owner.transaction():
            owner.execute("SET LOCAL ROLE authenticated")
            assert owner.execute(f"SELECT * FROM {name}".encode()).fetchall() == []
