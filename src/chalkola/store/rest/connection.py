"""The verbs of a `Connection` through Supabase's API: each statement is a call, and a transaction of its own."""

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any, Generic, Self, TypeVar, cast, overload

from psycopg.abc import Params
from psycopg.rows import AsyncRowFactory, TupleRow, tuple_row

from chalkola.store.database import NeedsDatabaseUrl, Query
from chalkola.store.rest.api import Api, Step
from chalkola.store.rest.rows import Answer, Described
from chalkola.store.rest.statements import composed, only_reads, with_count

Row = TypeVar("Row")
T = TypeVar("T")
Ask = Callable[[str], Awaitable[Answer]]


class RestCursor(Generic[Row]):
    """What a statement gives. psycopg's row factories find in it what they look for in a cursor of psycopg's."""

    _encoding = "utf-8"

    def __init__(self, ask: Ask, row_factory: AsyncRowFactory[Row]) -> None:
        self._ask, self._row_factory = ask, row_factory
        self._rows: list[Row] = []
        self.pgresult: Described | None = None
        self.rowcount = -1

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        return None

    async def execute(self, query: Query, params: Params | None = None) -> Self:
        statement = composed(query, params)
        counting = with_count(statement)
        answer = await self._ask(counting or statement)
        rows = answer.read()
        if counting:
            self.rowcount, self._rows = rows[0][0], []
            return self
        self.pgresult = Described(answer.columns or ())
        make_row = self._row_factory(cast(Any, self))
        self.rowcount, self._rows = len(rows), [make_row(row) for row in rows]
        return self

    async def fetchone(self) -> Row | None:
        return self._rows.pop(0) if self._rows else None

    async def fetchall(self) -> list[Row]:
        rows, self._rows = self._rows, []
        return rows


class RestConnection:
    """Executes statements through a project's API."""

    def __init__(self, api: Api) -> None:
        self._api = api

    async def execute(self, query: Query, params: Params | None = None) -> RestCursor[TupleRow]:
        return await RestCursor(self._ask, tuple_row).execute(query, params)

    @overload
    def cursor(self) -> RestCursor[TupleRow]: ...

    @overload
    def cursor(self, *, row_factory: AsyncRowFactory[T], binary: bool = False) -> RestCursor[T]: ...

    def cursor(self, *, row_factory: AsyncRowFactory[Any] = tuple_row, binary: bool = False) -> RestCursor[Any]:
        return RestCursor(self._ask, row_factory)

    def transaction(self) -> AbstractAsyncContextManager[object]:
        raise NeedsDatabaseUrl

    async def _ask(self, statement: str) -> Answer:
        if only_reads(statement):
            return (await self._api.read([statement]))[0]
        return (await self._api.write([Step(statement=statement)]))[0]
