"""What a call through Supabase's API carries, and what is made of its answer, held against psycopg's own way."""

import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg import sql
from psycopg.types.json import Jsonb

from chalkola.settings import Supabase
from chalkola.store.connection import Pool
from chalkola.store.database import Selected
from chalkola.store.migrate import scripts
from chalkola.store.rest.address import address_of, project_at
from chalkola.store.rest.lines import as_query
from chalkola.store.rest.rows import Answer
from chalkola.store.rest.statements import composed, only_holds, only_reads, with_count

Database = psycopg.Connection[dict[str, Any]]

VALUES: tuple[Any, ...] = (
    None, True, 7, -7, 1 << 40, 1.5, Decimal("-12.50"), "O'Brien \\ \"100 %s\" ü\n", "", date(2026, 2, 28),
    datetime(2026, 11, 20, 2, 0, 0, 123456, tzinfo=UTC), timedelta(seconds=90), UUID(int=7), ["a'b", None, "{,}"], [],
    [1, 2], Jsonb({"a": [1, None, "'%s'"]}), b"\x00\xff",
)  # fmt: skip


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_a_value_in_a_statement_is_what_psycopg_sends_beside_it(database: Database, value: Any) -> None:
    # psycopg leaves texts and lists of them to the context, which has to say what they are
    texts = "::text" if isinstance(value, str | None) else "::text[]" if value == [] or value == VALUES[13] else ""
    typed = f"SELECT to_jsonb(%s{texts}) AS value, '100%%' AS sign"
    assert database.execute(composed(typed, (value,)).encode()).fetchone() == (
        database.execute(typed.encode(), (value,)).fetchone()
    )


def test_values_may_have_names_and_a_statement_may_come_in_parts(database: Database) -> None:
    assert composed("SELECT %(a)s, %(b)s, %(a)s", {"a": 1, "b": "x"}) == "SELECT 1, 'x', 1"
    assert composed("SELECT '100%'") == "SELECT '100%'"
    assert composed(b"SELECT 1") == "SELECT 1"
    query = sql.SQL("SELECT {} FROM {} WHERE x = %s").format(sql.Literal("a"), sql.Identifier('t"t'))
    assert composed(query, ("b",)) == """SELECT 'a' FROM "t""t" WHERE x = 'b'"""


@pytest.mark.parametrize(
    ("statement", "reads"),
    [
        ("SELECT 1", True),
        ("SELECT s.id FROM sp_slices s WHERE state = 'UPDATE now' AND updated_at > now()", True),
        ("SELECT * FROM sp_claim('a', '{}')", False),
        ("SELECT id FROM sp_pulls FOR UPDATE", False),
        ("WITH gone AS (DELETE FROM sp_staged RETURNING 1) SELECT 1", False),
        ("INSERT INTO sp_slots VALUES ('a', 1)", False),
        ("SELECT nextval('x')", False),
    ],
)
def test_what_may_change_something_is_never_taken_for_a_query(statement: str, reads: bool) -> None:
    assert only_reads(statement) is reads


def test_holding_changes_nothing_and_a_change_gives_its_count() -> None:
    assert only_holds("SELECT s.* FROM sp_hold_slices(1, 1, '{}') s")
    assert not only_holds("SELECT sp_finish(1)")
    assert with_count("SELECT 1") is None
    assert with_count("INSERT INTO t VALUES ('x') RETURNING id") is None
    assert with_count("UPDATE t SET x = 'RETURNING' WHERE true") == (
        "WITH done AS (UPDATE t SET x = 'RETURNING' WHERE true RETURNING 1) SELECT count(*) FROM done"
    )


def test_a_row_is_read_as_psycopg_reads_it(database: Database) -> None:
    typed = ["::text", "::boolean", "", "", "", "::float8", "", "::text", "::text", *[""] * 5, "::text[]", "", "", ""]
    columns = ", ".join(f"%s{type_} AS c{n}" for n, type_ in enumerate(typed))
    plain = database.execute(f"SELECT {columns}".encode(), VALUES).fetchone()
    query = f"SELECT translate(encode(record_send(r), 'base64'), E'\\n', '') AS row FROM (SELECT {columns}) r"
    row = database.execute(query.encode(), VALUES).fetchone()
    assert plain is not None
    assert row is not None
    (read,) = Answer(columns=list(plain), rows=[row["row"]], digest="").read()
    assert read == tuple(plain.values())


async def test_a_line_made_by_a_query_is_the_one_that_copy_makes(pool: Pool) -> None:
    rows = sql.SQL(
        "FROM (VALUES (1, 'a\"b,c', 1.50::numeric(12,2), '2026-11-20'::date), (NULL, NULL, NULL, NULL),"
        " (2, '', 0, NULL), (3, 'null', 1, '2026-01-01')) AS v (n, t, m, d)"
    )
    columns = (
        (sql.SQL("v.n"), "n", False), (sql.SQL("v.t"), "t", True), (sql.SQL("v.m::numeric(12,2)"), "m", True),
        (sql.SQL("v.d"), "d", False),
    )  # fmt: skip
    selected = Selected(columns=columns, source=rows)
    async with pool.transaction() as connection:
        copied = [line async for line in connection.lines(selected)]
        queried = await (await connection.execute(as_query(selected))).fetchall()
    assert copied == [line.encode() for (line,) in queried]
    assert len(copied) == 4


def test_an_address_leads_back_to_its_project() -> None:
    for key in ("sb_secret_abc-_1", "eyJh.eyJy.a-_b"):
        project = Supabase(url="https://abc.supabase.co", key=key)
        assert project_at(address_of(project)) == project
    assert project_at("postgresql://a:b@c/d") is None


def test_no_statement_of_ours_changes_a_whole_table_for_supabase_refuses_that_of_its_api() -> None:
    """Supabase loads pg_safeupdate for the role that PostgREST logs in as: an UPDATE or DELETE needs a WHERE."""
    for script in scripts():
        if script.name.startswith("functions/"):
            text = re.sub(r"--.*", "", script.text)
            for change in re.findall(
                r"(?<!FOR )(?<!DO )\b(?:UPDATE|DELETE FROM)\s+\w.*?(?:;|\bRETURNING\b)", text, re.DOTALL
            ):
                assert "WHERE" in change, f"{script.name}: {change}"
