"""The store through Supabase's API: what its functions let nobody do, and transactions that are calls."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import msgspec
import psycopg
import pytest
from psycopg.rows import dict_row

from batches import NOW, Landing, a_batch, a_box, held_pull, of_germany, row
from chalkola.errors import Fault, LeaseLost
from chalkola.store.audit import audit
from chalkola.store.changes import Lines
from chalkola.store.connection import NeedsDatabaseUrl, NotMigrated, Overtaken, Pool, database_errors, open_pool
from chalkola.store.ledger import until_not_overtaken
from chalkola.store.migrate import is_current, migrate
from chalkola.store.rest.api import Step
from chalkola.store.tables import Origin, difference, write
from postgres import Server, migrated
from rest import Straight, straight_api, straight_pool
from supabase import as_role

Database = psycopg.Connection[dict[str, Any]]
SHAPE = [("key", "text"), ("most", "integer")]


@pytest.fixture
async def rest(database_url: str) -> AsyncIterator[Pool]:
    async with straight_pool(database_url) as pool:
        yield pool


@pytest.fixture
async def api(database_url: str) -> AsyncIterator[Straight]:
    async with straight_api(database_url) as straight:
        yield straight


# --- a call ---------------------------------------------------------------------------------------------------------


async def test_a_call_that_is_made_again_is_carried_out_once(api: Straight, database: Database) -> None:
    insert = "INSERT INTO sp_slots (key, most) VALUES ('a', 1) RETURNING key"
    content = msgspec.json.encode(
        {"call": str(uuid4()), "steps": msgspec.json.encode([Step(statement=insert)]).decode()}
    )
    first = await api._sent("sp_rest_write", content)
    assert await api._sent("sp_rest_write", content) == first
    assert database.execute("SELECT count(*) AS n FROM sp_slots").fetchone() == {"n": 1}


async def test_answers_are_forgotten_after_a_while(api: Straight, database: Database) -> None:
    await api.write([Step(statement="SELECT 1")])
    database.execute("UPDATE sp_rest_calls SET at = at - interval '16 minutes'")
    await api.write([Step(statement="SELECT 2")])
    assert database.execute("SELECT count(*) AS n FROM sp_rest_calls").fetchone() == {"n": 1}


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT 1; SELECT 2",
        "SET ROLE postgres",
        "CREATE TABLE x ()",
        "INSERT INTO sp_slots VALUES ('a', 1)",
        "COMMIT",
    ],
)
async def test_only_one_statement_that_gives_rows_is_executed(api: Straight, statement: str) -> None:
    with pytest.raises(psycopg.Error, match="cannot open"):
        await api.write([Step(statement=statement)])


async def test_a_query_sees_one_moment_and_changes_nothing(api: Straight, database: Database) -> None:
    for statement in (
        "SELECT sp_define_slot('a', 1, now())", "SELECT id FROM sp_pulls FOR UPDATE",
        "WITH x AS (INSERT INTO sp_slots VALUES ('a', 1) RETURNING 1) SELECT 1",
    ):  # fmt: skip
        with pytest.raises(psycopg.Error):
            await api.read([statement])
    first, second = await api.read(["SELECT now(), pg_current_snapshot()::text", "SELECT now()"])
    assert first.read()[0][0] == second.read()[0][0]
    assert database.execute("SELECT FROM sp_slots").fetchall() == []


async def test_more_rows_than_supabase_lets_through_come_whole(rest: Pool) -> None:
    async with rest.connection() as connection:
        rows = await (await connection.execute("SELECT n, 'x' FROM generate_series(1, 2500) n")).fetchall()
    assert [n for n, _ in rows] == list(range(1, 2501))


# --- a transaction --------------------------------------------------------------------------------------------------


async def test_what_another_run_has_changed_meanwhile_undoes_everything_and_is_tried_again(
    rest: Pool, database: Database
) -> None:
    box = a_box()
    attempts = 0

    async def lands() -> None:
        nonlocal attempts
        attempts += 1
        batch = a_batch([(0, row("B0A", units_ordered=5)), (0, row("B0B"))], box)
        lines, origin = Lines(batch=batch), Origin(pull_id=2, source="by_asin", now=NOW)
        async with held_pull(rest, 2) as holding:
            found = await difference(holding, batch, box, [0], lines)
            await write(holding, batch, found, {0}, lines, origin)
            if attempts == 1:
                database.execute("UPDATE sp_daily_asin_data SET units_ordered = 4")

    async def transaction() -> None:
        with database_errors():
            await lands()

    await Landing(pool=rest, box=box).lands([row("B0A", units_ordered=1)])

    await until_not_overtaken(transaction)

    assert attempts == 2
    assert {asin: one["units_ordered"] for asin, one in of_germany(database).items()} == {"B0A": 5, "B0B": None}


async def test_one_that_is_overtaken_has_done_nothing(rest: Pool, database: Database) -> None:
    async def overtaken() -> None:
        async with held_pull(rest, 1) as holding:
            await holding.execute("SELECT count(*) FROM sp_slots")
            await holding.later("INSERT INTO sp_slots (key, most) VALUES ('mine', 1)")
            database.execute("INSERT INTO sp_slots (key, most) VALUES ('theirs', 1)")

    with pytest.raises(Overtaken), database_errors():
        await overtaken()
    assert database.execute("SELECT key FROM sp_slots").fetchall() == [{"key": "theirs"}]


async def test_rows_that_were_staged_and_are_gone_are_missed(rest: Pool, database: Database) -> None:
    """A server that crashes in between empties the table."""

    async def crashed() -> None:
        async with held_pull(rest, 1) as holding:
            await holding.write_lines("sp_slots", SHAPE, [b'"a",1', b'"b",2'])
            database.execute("DELETE FROM sp_staged WHERE place = 0")

    with pytest.raises(Overtaken), database_errors():
        await crashed()
    assert database.execute("SELECT FROM sp_slots").fetchall() == []


async def test_who_lost_the_lease_stages_and_writes_nothing(rest: Pool, database: Database) -> None:
    async def too_late() -> None:
        async with held_pull(rest, 1) as holding:
            database.execute("UPDATE sp_pulls SET generation = 1")
            await holding.write_lines("sp_slots", SHAPE, [b'"a",1'])

    with pytest.raises(LeaseLost), database_errors():
        await too_late()
    assert database.execute("SELECT FROM sp_staged").fetchall() == []


async def test_rows_are_staged_a_few_hundred_at_a_time_and_gone_when_the_pull_ends(
    rest: Pool, database: Database
) -> None:
    async with held_pull(rest, 1) as holding:
        await holding.write_lines("sp_slots", SHAPE, (b'"%d ""x""",%d' % (n, n + 1) for n in range(1234)))
        assert database.execute("SELECT max(place) AS last FROM sp_staged").fetchone() == {"last": 1233}
        await holding.later("SELECT sp_finish(1, 0, 'loaded', 0, 0, NULL, NULL, NULL, '[]', now())")
    assert database.execute("SELECT count(*) AS n, max(key) AS last FROM sp_slots").fetchone() == {
        "n": 1234, "last": '999 "x"',
    }  # fmt: skip
    assert database.execute("SELECT FROM sp_staged").fetchall() == []


async def test_what_takes_a_transaction_of_its_own_says_that_it_needs_database_url(rest: Pool) -> None:
    async with rest.connection() as connection:
        with pytest.raises(NeedsDatabaseUrl, match="Session pooler"):
            connection.transaction()
    with pytest.raises(NeedsDatabaseUrl):
        rest.transaction()
    async with held_pull(rest, 1) as holding:
        with pytest.raises(NeedsDatabaseUrl):
            await holding.execute("DELETE FROM sp_slots WHERE true")


# --- on Supabase ----------------------------------------------------------------------------------------------------


def as_service(server: Server, url: str) -> psycopg.Connection[dict[str, Any]]:
    """Connect as PostgREST does for the secret key, past any pooler: the role is the session's."""
    own = server.direct_url_of(url.rpartition("/")[2].partition("?")[0])
    door = psycopg.connect(as_role(own, "authenticator", "door"), autocommit=True, row_factory=dict_row)
    door.execute("SET ROLE service_role")
    return door


def written(connection: Database, statement: str) -> Any:
    steps = msgspec.json.encode([{"statement": statement}]).decode()
    row = connection.execute("SELECT sp_rest_write(gen_random_uuid(), %s)", (steps,)).fetchone()
    assert row is not None
    return row["sp_rest_write"]


async def test_the_key_can_do_what_its_role_may_and_become_nobody_else(supabase: Server, project_url: str) -> None:
    """PostgREST's login may become more than `service_role`: on old projects even a superuser."""
    supabase.execute("DROP ROLE IF EXISTS mighty")
    supabase.execute("CREATE ROLE mighty SUPERUSER NOLOGIN")
    supabase.execute("GRANT mighty TO authenticator")
    try:
        with as_service(supabase, project_url) as door:
            door.execute("SET ROLE mighty")  # to show that the login may
            door.execute("SET ROLE service_role")
            for statement in (
                "SELECT set_config('role', 'mighty', true)",
                "SELECT set_config('session_authorization', 'mighty', true)",
                "SELECT count(*) FROM query_to_xml('SET ROLE mighty', true, true, '') x",
            ):
                assert written(door, statement)["refused"] in ("42501", "0A000", "42P11"), statement
            assert written(door, "SELECT 1 FROM pg_authid")["refused"] == "42501"
            assert "answers" in written(door, "SELECT 1 FROM sp_pulls")
    finally:
        supabase.execute("DROP ROLE mighty")


async def test_nobody_else_may_call_it_and_nothing_of_it_is_left_open(project_url: str) -> None:
    with psycopg.connect(project_url, autocommit=True, row_factory=dict_row) as owner:
        may = owner.execute(
            "SELECT r, p.proname FROM unnest(ARRAY['anon', 'authenticated']) r, pg_proc p"
            " WHERE p.proname LIKE 'sp\\_rest\\_%' AND has_function_privilege(r, p.oid, 'EXECUTE')"
        ).fetchall()
        assert may == []
        assert owner.execute("SELECT has_schema_privilege('service_role', 'public', 'CREATE') AS may").fetchone() == {
            "may": False
        }
    async with open_pool(project_url) as pool, pool.connection() as connection:
        assert await audit(connection) == []


async def test_the_audit_sees_one_that_runs_as_another(project_url: str) -> None:
    with psycopg.connect(project_url, autocommit=True) as owner:
        owner.execute("ALTER FUNCTION sp_rest_read(text) SECURITY INVOKER")
        owner.execute("ALTER FUNCTION sp_rest_write(uuid, text) OWNER TO postgres")
    async with open_pool(project_url) as pool, pool.connection() as connection:
        found = [(one.name, one.problem) for one in await audit(connection)]
    assert ("sp_rest_read", "it executes statements, and not as service_role for itself") in found
    assert ("sp_rest_write", "it runs with the rights of its owner") in found


async def test_a_later_version_replaces_them(project_url: str) -> None:
    with psycopg.connect(project_url, autocommit=True) as owner:
        owner.execute("UPDATE sp_migrations SET checksum = 'older' WHERE name = 'functions/55_rest.sql'")
    await migrated(project_url)
    async with open_pool(project_url) as pool, pool.connection() as connection:
        assert await audit(connection) == []


async def test_a_project_that_is_not_ours_to_arrange_does_not_get_them(
    supabase: Server, bare_project_url: str
) -> None:
    """Who may not hand a function over to `service_role` leaves it without."""
    supabase.execute("REVOKE service_role FROM postgres")
    try:
        await migrated(bare_project_url)
        with psycopg.connect(bare_project_url, autocommit=True, row_factory=dict_row) as owner:
            may = owner.execute(
                "SELECT has_function_privilege('service_role', 'sp_rest_write(uuid, text)', 'EXECUTE') AS may"
            ).fetchone()
            assert may == {"may": False}
    finally:
        supabase.execute("GRANT service_role TO postgres")


async def test_a_database_that_lacks_a_script_is_told_so_and_one_that_was_pasted_is_brought_up_to_date(
    database_url: str, rest: Pool, database: Database
) -> None:
    database.execute("DELETE FROM sp_migrations WHERE name IN ('tables looked at', 'functions/20_pulls.sql')")
    with pytest.raises(NotMigrated, match=r"functions/20_pulls\.sql.*migrate --print.*DATABASE_URL"):
        await migrate(rest)
    await migrated(database_url)
    database.execute("DELETE FROM sp_migrations WHERE name = 'tables looked at'")
    assert not await is_current(rest)

    await migrate(rest)

    assert await is_current(rest)


async def test_a_key_that_is_missing_from_a_table_comes_as_sql_to_paste(rest: Pool, database: Database) -> None:
    database.execute("ALTER TABLE sp_data_pulls DROP CONSTRAINT sp_data_pulls_pull_date_marketplace_id_key")
    database.execute("DELETE FROM sp_migrations WHERE name = 'tables looked at'")
    with pytest.raises(Fault, match=r'Paste into Supabase > SQL Editor: CREATE UNIQUE INDEX "uq_sp_data_pulls"'):
        await migrate(rest)
