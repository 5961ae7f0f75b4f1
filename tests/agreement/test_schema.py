"""The database and the code agree: tables, columns, states, and who may see what."""

import re
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from chalkola.datasets import CATALOG
from chalkola.datasets.model import Dataset, SliceState
from chalkola.store.access import NOTERS, READ_FUNCTIONS

Database = psycopg.Connection[dict[str, Any]]
OURS = {
    "sp_accounts", "sp_sources", "sp_slices", "sp_pulls", "sp_pull_slices", "sp_buckets", "sp_bucket_turns",
    "sp_alerts", "sp_alert_mutes", "sp_alert_deliveries",
    "sp_slots", "sp_restatements", "sp_day_zones", "sp_data_pulls", "sp_api_calls",
    "sp_sheet_tokens", "sp_sheet_calls",
}  # fmt: skip


@pytest.mark.parametrize("dataset", CATALOG, ids=lambda dataset: dataset.name)
def test_every_column_of_a_dataset_is_in_its_table_with_its_type(dataset: Dataset, database: Database) -> None:
    found = columns(database, dataset.table.name)
    declared = {column.name: column.type for column in dataset.table.columns}
    assert {name: found.get(name) for name in declared} == declared


@pytest.mark.parametrize("dataset", CATALOG, ids=lambda dataset: dataset.name)
def test_every_column_of_a_datasets_table_is_declared(dataset: Dataset, database: Database) -> None:
    table = dataset.table
    declared = {*table.placed_by, *table.stamps.names, *table.column_names}
    kept_by_the_store = set(columns(database, table.name)) - declared
    assert kept_by_the_store <= {"id", "created_at", "pull_id"}


@pytest.mark.parametrize("dataset", CATALOG, ids=lambda dataset: dataset.name)
def test_a_datasets_key_is_unique_in_its_table(dataset: Dataset, database: Database) -> None:
    found = database.execute(
        "SELECT array_agg(a.attname::text ORDER BY a.attname) AS names FROM pg_index i JOIN pg_attribute a"
        " ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey)"
        " WHERE i.indrelid = %s::regclass AND i.indisunique GROUP BY i.indexrelid",
        (dataset.table.name,),
    ).fetchall()
    assert sorted((*dataset.table.slice_key, *dataset.table.key)) in [row["names"] for row in found]


def test_the_states_of_a_slice_are_the_same_in_python_and_in_the_table(database: Database) -> None:
    (check,) = [text for text in checks(database, "sp_slices") if "state" in text]
    assert set(re.findall(r"'(\w+)'", check)) == {state.value for state in SliceState}


def test_the_states_that_are_closed_are_the_same_in_python_and_in_the_index(database: Database) -> None:
    (row,) = database.execute("SELECT pg_get_indexdef('idx_sp_slices_not_closed'::regclass) AS definition").fetchall()
    closed = {state.value for state in SliceState if state.is_closed}
    assert set(re.findall(r"'(\w+)'", row["definition"])) == closed


def test_row_level_security_is_on_for_every_table_that_we_make(database: Database) -> None:
    tables = database.execute(
        "SELECT relname, relrowsecurity FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
    ).fetchall()
    assert [row["relname"] for row in tables if not row["relrowsecurity"]] == []
    assert {*OURS, *(dataset.table.name for dataset in CATALOG)} <= {row["relname"] for row in tables}


def test_every_view_of_ours_asks_with_the_rights_of_whoever_looks(database: Database) -> None:
    views = database.execute(
        "SELECT relname, reloptions FROM pg_class WHERE relkind = 'v' AND relnamespace = 'public'::regnamespace"
    ).fetchall()
    assert "sp_api_pulls" in {row["relname"] for row in views}
    assert [row["relname"] for row in views if "security_invoker=true" not in (row["reloptions"] or [])] == []


def test_every_function_of_ours_has_a_fixed_search_path(database: Database) -> None:
    functions = database.execute(
        "SELECT proname, proconfig, prosecdef FROM pg_proc WHERE pronamespace = 'public'::regnamespace"
    ).fetchall()
    assert len(functions) > 10
    assert [f["proname"] for f in functions if not f["proname"].startswith(("sp_", "sheet_"))] == []
    assert [
        f["proname"] for f in functions if not any(c.startswith("search_path=") for c in f["proconfig"] or [])
    ] == []
    assert sorted(f["proname"] for f in functions if f["prosecdef"]) == sorted(READ_FUNCTIONS + NOTERS)


def test_a_role_without_rights_sees_no_row(database: Database) -> None:
    role = f"visitor_{uuid4().hex}"
    database.execute(f"CREATE ROLE {role}".encode())
    database.execute(f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {role}".encode())
    try:
        database.execute(f"SET ROLE {role}".encode())
        assert database.execute("SELECT * FROM marketplaces").fetchall() == []
    finally:
        database.execute(b"RESET ROLE")
        database.execute(f"DROP OWNED BY {role}".encode())
        database.execute(f"DROP ROLE {role}".encode())


def columns(database: Database, table: str) -> dict[str, str]:
    found = database.execute(
        "SELECT attname, format_type(atttypid, atttypmod) AS type FROM pg_attribute"
        " WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped",
        (table,),
    )
    return {row["attname"]: row["type"] for row in found}


def checks(database: Database, table: str) -> list[str]:
    found = database.execute(
        "SELECT pg_get_constraintdef(oid) AS text FROM pg_constraint WHERE conrelid = %s::regclass AND contype = 'c'",
        (table,),
    )
    return [row["text"] for row in found]
