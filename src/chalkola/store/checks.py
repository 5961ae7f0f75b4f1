"""What a preflight reads about the database and about what Amazon lets us ask; and closed sources, opened again."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import LiteralString

from chalkola.clock import RealClock
from chalkola.datasets import CATALOG
from chalkola.store.access import made_by
from chalkola.store.connection import Pool, database_errors
from chalkola.store.database import fetched_as
from chalkola.store.migrate import scripts

_MADE_HERE = re.compile(r"CREATE TABLE (?:IF NOT EXISTS )?(\w+)")
_LOOKED_UP = {"products", "product_variants"}  # made where they are missing, and never written to


@dataclass(frozen=True, kw_only=True)
class DatabaseFacts:
    """What can be seen of a database. `ahead` is how far its clock is ahead of ours."""

    version: str
    version_number: int
    role: str
    may_create: bool
    unusable: list[str]
    """Tables that may not be read and written, of those that are there."""
    not_owned: list[str]
    size_bytes: int
    row_count: int
    """In the tables of data, as the server estimates it."""
    read_only: bool
    ahead: timedelta = timedelta()
    may_execute: bool = True
    """All of our functions that are there."""


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """What is known of a source for an account: why it is closed (None: it is not), and its last ticket."""

    account: str
    source: str
    closed_at: datetime | None
    reason: str | None
    ticketed_at: datetime | None


async def read_database(pool: Pool) -> DatabaseFacts:
    """Return what the database is like, whatever has been migrated so far."""
    query: LiteralString = (
        "WITH ours AS (SELECT c.oid, c.relname, c.relowner FROM pg_class c WHERE c.relkind IN ('r', 'p')"
        "  AND c.relnamespace = current_schema()::regnamespace AND c.relname = ANY (%(tables)s))"
        " SELECT current_setting('server_version') AS version,"
        " current_setting('server_version_num')::integer AS version_number, current_user::text AS role,"
        " has_schema_privilege(current_schema(), 'CREATE') AS may_create,"
        # Without a policy, row level security hides every row from all but owners and such as may bypass it.
        " (SELECT coalesce(array_agg(relname::text ORDER BY 1), '{}') FROM ours WHERE row_security_active(oid) OR NOT"
        "   (has_table_privilege(oid, 'SELECT') AND has_table_privilege(oid, 'INSERT')"
        "    AND has_table_privilege(oid, 'UPDATE') AND has_table_privilege(oid, 'DELETE'))"
        "   OR EXISTS (SELECT FROM pg_depend d JOIN pg_class s ON s.oid = d.objid"
        "     WHERE d.refobjid = ours.oid AND d.deptype = 'a'"
        "     AND CASE WHEN s.relkind = 'S' THEN NOT has_sequence_privilege(s.oid, 'USAGE') ELSE false END))"
        "   AS unusable,"
        " (SELECT coalesce(array_agg(relname::text ORDER BY 1), '{}') FROM ours"
        "   WHERE NOT pg_has_role(relowner, 'USAGE')) AS not_owned,"
        " pg_database_size(current_database()) AS size_bytes,"
        " (SELECT coalesce(sum(n_live_tup), 0)::bigint FROM pg_stat_user_tables"
        "   WHERE schemaname = current_schema() AND relname = ANY (%(data)s)) AS row_count,"
        " (SELECT coalesce(bool_and(has_function_privilege(p.oid, 'EXECUTE')), true) FROM pg_proc p"
        "   WHERE p.pronamespace = current_schema()::regnamespace AND p.proname = ANY (%(made)s)) AS may_execute,"
        " current_setting('default_transaction_read_only')::boolean OR pg_is_in_recovery() AS read_only,"
        " clock_timestamp() - %(now)s AS ahead"
    )
    tables = {name for script in scripts() for name in _MADE_HERE.findall(script.text)} - _LOOKED_UP
    made = list(made_by(script.text for script in scripts()))
    data = [d.table.name for d in CATALOG]
    values = {"tables": sorted(tables), "made": made, "data": data, "now": RealClock().now()}
    return (await fetched_as(pool, DatabaseFacts, query, values))[0]


async def read_evidence(pool: Pool) -> Mapping[tuple[str, str], Evidence]:
    """Return what is known of sources, by account and source; nothing for one that was never asked."""
    query: LiteralString = (
        "SELECT account, source, closed_at, reason, ticketed_at FROM sp_sources FULL JOIN"
        " (SELECT account, source, max(ticketed_at) AS ticketed_at FROM sp_pulls WHERE NOT found"
        "  GROUP BY 1, 2) p USING (account, source)"
    )
    return {(one.account, one.source): one for one in await fetched_as(pool, Evidence, query)}


async def open_source(pool: Pool, account: str, source: str, now: datetime) -> None:
    """Open a source that Amazon has let us ask again, and cure its alert."""
    with database_errors():
        async with pool.connection() as connection:
            await connection.execute("SELECT sp_open_source(%s, %s, %s)", (account, source, now))


async def try_again(pool: Pool, account: str, source: str) -> None:
    """Let the next run try a closed source again. It stays closed until Amazon accepts a question."""
    # As with a new refresh token: the fingerprint that it was closed under is no account's.
    query: LiteralString = (
        "UPDATE sp_sources SET token_fingerprint = NULL WHERE account = %s AND source = %s AND closed_at IS NOT NULL"
    )
    with database_errors():
        async with pool.connection() as connection:
            await connection.execute(query, (account, source))
