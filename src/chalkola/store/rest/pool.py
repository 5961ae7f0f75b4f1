"""The verbs of a `Pool` through Supabase's API."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from psycopg.abc import Params
from psycopg.rows import TupleRow

from chalkola.settings import Supabase
from chalkola.store.database import Holding, NeedsDatabaseUrl, Query, database_errors
from chalkola.store.rest.api import Api
from chalkola.store.rest.connection import RestConnection
from chalkola.store.rest.holding import RestHolding
from chalkola.store.rest.statements import composed


class RestPool:
    """Gives connections, which cost nothing: the API's calls are counted instead."""

    has_transactions = False

    def __init__(self, api: Api) -> None:
        self._api = api
        # What one of our own loads would change before another's eyes: one after the other.
        self._one_at_a_time = asyncio.Lock()

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[RestConnection]:
        yield RestConnection(self._api)

    def transaction(self) -> AbstractAsyncContextManager[Holding]:
        raise NeedsDatabaseUrl

    @asynccontextmanager
    async def holding(self, pull_id: int, generation: int) -> AsyncIterator[RestHolding]:
        async with self._one_at_a_time:
            holding = RestHolding(self._api, pull_id, generation)
            yield holding
            await holding.finish()

    async def look(self, *queries: tuple[Query, Params]) -> list[list[TupleRow]]:
        answers = await self._api.read([composed(*query) for query in queries])
        return [answer.read() for answer in answers]


@asynccontextmanager
async def open_rest(project: Supabase, *, most: int) -> AsyncIterator[RestPool]:
    """Give a pool that makes at most so many calls at a time. Raises `DatabaseGone` when none is answered, and
    `Fault` when the key is refused or the database is not ready."""
    api = Api(project, most=most)
    try:
        with database_errors(project.url):
            await api.greet()
        yield RestPool(api)
    finally:
        await api.close()
