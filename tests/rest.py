"""The functions behind Supabase's API, called straight: everything of the way through it but HTTP."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
from psycopg import sql

from chalkola.settings import Supabase
from chalkola.store.connection import Pool, open_pool
from chalkola.store.rest.api import Api
from chalkola.store.rest.pool import RestPool

NOWHERE = Supabase(url="http://127.0.0.1:9", key="none")


class Straight(Api):
    """Calls the functions over PostgreSQL's own protocol."""

    def __init__(self, pool: Pool) -> None:
        super().__init__(NOWHERE, most=8)
        self._pool = pool

    async def _sent(self, function: str, content: bytes) -> bytes:
        values: dict[str, Any] = msgspec.json.decode(content)
        named = (
            sql.SQL("{} => {}").format(sql.Identifier(name), sql.Literal(value)) for name, value in values.items()
        )
        call = sql.SQL("SELECT {}({})::text").format(sql.Identifier(function), sql.SQL(", ").join(named))
        async with self._pool.connection() as connection:
            row = await (await connection.execute(call)).fetchone()
        assert row is not None
        return bytes(row[0], "utf-8")


@asynccontextmanager
async def straight_api(url: str) -> AsyncIterator[Straight]:
    """Give what calls a database's functions."""
    async with open_pool(url) as pool:
        api = Straight(pool)
        yield api
        await api.close()


@asynccontextmanager
async def straight_pool(url: str) -> AsyncIterator[RestPool]:
    """Give a pool as Supabase's API gives one."""
    async with straight_api(url) as api:
        yield RestPool(api)


@asynccontextmanager
async def either_pool(url: str, way: str) -> AsyncIterator[Pool]:
    """Give a pool by PostgreSQL's protocol (`direct`), or one as Supabase's API gives one."""
    async with open_pool(url) if way == "direct" else straight_pool(url) as pool:
        yield pool
