"""PostgreSQL by its own protocol: psycopg's connections, and rows by COPY. No session state, so that any pooler may
stand in between."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from itertools import islice
from typing import Any

import psycopg
from psycopg import sql
from psycopg.abc import Params
from psycopg.rows import TupleRow
from psycopg_pool import AsyncConnectionPool

from chalkola.store.database import NeedsDatabaseUrl, Pool, Query, Selected, Shape, database_errors

_OPENING_SECONDS = 15.0
_TRY_AGAIN = "server_login_retry"  # PgBouncer, for up to 15 seconds after its server was away
_BLOCK_LINES = 2_000


class DirectConnection(psycopg.AsyncConnection[TupleRow]):
    """psycopg's own, with the verbs of a `Holding`: in a transaction of PostgreSQL's everything is done at once."""

    async def later(self, query: Query, params: Params | None = None) -> None:
        await self.execute(query, params)

    async def lines(self, selected: Selected) -> AsyncIterator[bytes]:
        columns = (sql.SQL("{} AS {}").format(one, sql.Identifier(name)) for one, name, _ in selected.columns)
        quoted = [sql.Identifier(name) for _, name, in_quotes in selected.columns if in_quotes]
        query = sql.SQL("COPY (SELECT {} {}) TO STDOUT (FORMAT CSV, NULL 'null', ENCODING 'UTF8'{})").format(
            sql.SQL(", ").join(columns),
            selected.source,
            sql.SQL(", FORCE_QUOTE ({})").format(sql.SQL(", ").join(quoted)) if quoted else sql.SQL(""),
        )
        async with self.cursor() as cursor, cursor.copy(query) as copy:
            async for row in copy:
                yield bytes(row).rstrip(b"\n")

    async def write_lines(self, table: str, shape: Shape, lines: Iterable[bytes]) -> None:
        query = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT CSV, NULL 'null', ENCODING 'UTF8')").format(
            sql.Identifier(table), sql.SQL(", ").join(sql.Identifier(name) for name, _ in shape)
        )
        left = iter(lines)
        async with self.cursor() as cursor, cursor.copy(query) as copy:
            while block := list(islice(left, _BLOCK_LINES)):
                await copy.write(b"\n".join((*block, b"")))

    async def stage(self, name: str, shape: Shape, lines: Iterable[bytes]) -> sql.Composable:
        columns = (sql.SQL("{} " + type_).format(sql.Identifier(column)) for column, type_ in shape)
        await self.execute(sql.SQL("DROP TABLE IF EXISTS {}").format(sql.Identifier("pg_temp", name)))
        await self.execute(
            sql.SQL("CREATE TEMPORARY TABLE {} ({}) ON COMMIT DROP").format(
                sql.Identifier(name), sql.SQL(", ").join(columns)
            )
        )
        await self.write_lines(name, shape, lines)
        return sql.Identifier(name)


class DirectPool(AsyncConnectionPool[DirectConnection]):
    """psycopg's own, with the verbs of a `Pool`."""

    has_transactions = True

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[DirectConnection]:
        async with self.connection() as connection, connection.transaction():
            yield connection

    def holding(self, pull_id: int, generation: int) -> Any:
        """The lines are locked, so nobody can change what was looked at."""
        return self.transaction()

    async def look(self, *queries: tuple[Query, Params]) -> list[list[TupleRow]]:
        async with self.transaction() as connection:
            await connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            return [await (await connection.execute(*query)).fetchall() for query in queries]


def as_direct(pool: Pool, what: str) -> DirectPool:
    """Return a pool as psycopg's own, for `what` needs more of it than all ways have. Raises `NeedsDatabaseUrl`."""
    if not isinstance(pool, DirectPool):
        raise NeedsDatabaseUrl(what)
    return pool


@asynccontextmanager
async def open_direct(url: str, *, size: int) -> AsyncIterator[DirectPool]:
    """Give a pool of at most `size` connections in autocommit. Raises `DatabaseGone` when none can be had in 15 s."""
    # Statements are never prepared: a transaction pooler hands the next one to another session.
    options: dict[str, Any] = {"autocommit": True, "prepare_threshold": None, "application_name": "chalkola"}
    pool = DirectPool(
        url, connection_class=DirectConnection, min_size=1, max_size=size, open=False, kwargs=options,
        timeout=_OPENING_SECONDS, reconnect_timeout=10,
    )  # fmt: skip
    with database_errors(url):
        # The pool tries again and again and keeps the reason to itself: one connection of our own tells it at once.
        await _greet(url)
        await pool.open(wait=True, timeout=_OPENING_SECONDS)
    try:
        yield pool
    finally:
        await pool.close()


async def _greet(url: str) -> None:
    ends = asyncio.get_running_loop().time() + _OPENING_SECONDS
    while True:
        try:
            async with await psycopg.AsyncConnection.connect(
                url, connect_timeout=int(_OPENING_SECONDS)
            ) as connection:
                await connection.execute("SELECT 1")  # a pooler lets us in before it has reached its server
            return
        except psycopg.OperationalError as error:
            if _TRY_AGAIN not in str(error) or asyncio.get_running_loop().time() > ends:
                raise
        await asyncio.sleep(0.5)  # noqa: TID251  machine time, which the database goes by
