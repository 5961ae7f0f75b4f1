"""Functions that answer callers from outside, called as PostgREST calls them: by name, with a JSON object.

Each call is one transaction: as the role that may execute these functions and nothing else, under the time-out that
the function names for itself, and at Amazon's time where that is simulated.
"""

import asyncio
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import LiteralString

import psycopg
from psycopg import sql
from psycopg_pool import PoolTimeout

from chalkola.store.connection import DatabaseGone, Pool, database_errors
from chalkola.store.database import fetched
from chalkola.store.direct import DirectConnection, DirectPool

_USUAL_TIMEOUT = "10s"  # for a function that names none of its own
_MARGIN_SECONDS = 5.0  # after which a database that should have given up counts as gone
_WAITS_SECONDS = 10.0  # while every connection is at work
_GONE = ("08", "57P")  # SQLSTATEs of a connection that is no more, and of a server that is stopping


@dataclass(frozen=True, kw_only=True)
class ReadFunction:
    """A function as the catalog has it."""

    name: str
    parameters: Mapping[str, str]
    """The type of each, by its name."""
    required: frozenset[str]
    """Those without a default."""
    timeout: str = _USUAL_TIMEOUT
    """As `statement_timeout` takes it."""

    def takes(self, names: Collection[str]) -> bool:
        """Return whether it can be called with arguments of these names."""
        return self.required <= set(names) <= set(self.parameters)


@dataclass(frozen=True, kw_only=True)
class Call:
    """A function and what it is called with: a JSON object, as it came, and its keys, which the function `takes`."""

    function: ReadFunction
    names: Collection[str]
    arguments: str


class Refused(Exception):
    """What the database says instead of an answer, in its own words."""

    def __init__(self, error: psycopg.Error) -> None:
        said = error.diag
        self.code = error.sqlstate or "XX000"
        self.message = said.message_primary or "The database refuses the call."
        self.details, self.hint = said.message_detail, said.message_hint
        super().__init__(self.message)


class Busy(Exception):
    """Every connection is at work, and has been for as long as a caller should wait."""


_CATALOG: LiteralString = """
SELECT p.proname::text, coalesce(p.proargnames[:p.pronargs], '{}'),
       ARRAY(SELECT format_type(t.type, NULL) FROM unnest(p.proargtypes) WITH ORDINALITY AS t (type, n) ORDER BY t.n),
       p.pronargs - p.pronargdefaults,
       (SELECT substr(c, 19) FROM unnest(p.proconfig) AS c WHERE starts_with(c, 'statement_timeout='))
FROM pg_proc p
WHERE p.pronamespace = current_schema()::regnamespace AND p.prokind = 'f' AND p.proname = ANY (%s)
  AND cardinality(coalesce(p.proargnames, '{}')) >= p.pronargs
ORDER BY p.proname, p.pronargs
"""


async def read_functions(pool: Pool, names: Sequence[str]) -> tuple[ReadFunction, ...]:
    """Return those of the named functions that are in the database. Raises `DatabaseGone`."""
    found = await fetched(pool, _CATALOG, (list(names),))
    return tuple(
        ReadFunction(
            name=name, parameters=dict(zip(parameters, types, strict=True)),
            required=frozenset(parameters[:required]), timeout=timeout or _USUAL_TIMEOUT,
        )
        for name, parameters, types, required, timeout in found
    )  # fmt: skip


async def may_become(pool: DirectPool, role: str) -> bool:
    """Return whether our role can take another one on, which has to be there."""
    with database_errors():
        async with pool.connection() as connection:
            try:
                async with connection.transaction(force_rollback=True):
                    await connection.execute(sql.SQL("SET LOCAL ROLE {}").format(sql.Identifier(role)))
            except (psycopg.errors.InvalidParameterValue, psycopg.errors.InsufficientPrivilege):
                return False
    return True


@dataclass(kw_only=True)
class Caller:
    """Calls functions, as many at once as there are connections. `role`: as whom; None: as ourselves."""

    pool: DirectPool
    role: str | None
    _turns: asyncio.Semaphore = field(init=False)

    def __post_init__(self) -> None:
        self._turns = asyncio.Semaphore(self.pool.max_size)

    async def __call__(self, asked: Call, *, now: datetime | None = None) -> str:
        """Return the answer as JSON. `now`: Amazon's time where it is simulated.

        Raises `Refused`, `Busy` and `DatabaseGone`.
        """
        await self._turn()
        try:
            async with asyncio.timeout(_seconds(asked.function.timeout) + _MARGIN_SECONDS):
                return await self._answer(asked, now)
        except (psycopg.Error, PoolTimeout, TimeoutError) as error:
            raise _told(error) from error
        finally:
            self._turns.release()

    async def _turn(self) -> None:
        try:
            async with asyncio.timeout(_WAITS_SECONDS):
                await self._turns.acquire()
        except TimeoutError as error:
            raise Busy from error

    async def _answer(self, asked: Call, now: datetime | None) -> str:
        begin = _beginning(asked.function, self.role, now)
        try:
            return await self._once(begin, asked)
        except _Stale:  # the database was started again since: so were all the other connections that lie idle
            await self.pool.check()
            return await self._once(begin, asked)

    async def _once(self, begin: sql.Composed, asked: Call) -> str:
        async with self.pool.connection() as connection:
            await _begun(connection, begin)
            cursor = await connection.execute(_calling(asked), [asked.arguments] if asked.names else None)
            row = await cursor.fetchone()
        return str(row[0]) if row is not None and row[0] is not None else "null"


class _Stale(psycopg.OperationalError):
    """A connection was dead before anything was asked through it."""


async def _begun(connection: DirectConnection, begin: sql.Composed) -> None:
    try:
        await connection.execute(begin)
    except psycopg.OperationalError as error:
        if connection.closed:
            raise _Stale(str(error)) from error
        raise


def _beginning(function: ReadFunction, role: str | None, now: datetime | None) -> sql.Composed:
    """Return one message that begins a transaction. A function's own SET would come too late for the time-out: the
    statement that calls it is under way by then."""
    parts = [sql.SQL("BEGIN"), sql.SQL("SET LOCAL statement_timeout = {}").format(function.timeout)]
    if now is not None:
        parts.append(sql.SQL("SET LOCAL chalkola.now = {}").format(now.isoformat()))
    if role is not None:
        parts.append(sql.SQL("SET LOCAL ROLE {}").format(sql.Identifier(role)))
    return sql.SQL("; ").join(parts)


def _calling(asked: Call) -> sql.Composed:
    """Return the call. PostgreSQL itself makes values of the JSON, by the parameters' types."""
    function = sql.Identifier(asked.function.name)
    if not asked.names:
        return sql.SQL("SELECT {}()::text").format(function)
    passed = [sql.SQL("{0} => given.{0}").format(sql.Identifier(name)) for name in asked.names]
    # The types are the catalog's own words.
    given = [
        sql.SQL("{} {}").format(sql.Identifier(name), sql.SQL(asked.function.parameters[name]))
        for name in asked.names
    ]
    return sql.SQL("SELECT {}({})::text FROM json_to_record(%s) AS given ({})").format(
        function, sql.SQL(", ").join(passed), sql.SQL(", ").join(given)
    )


_LENGTH = re.compile(r"(\d+)\s*(ms|s|min|h|)")
_UNITS = {"ms": 0.001, "": 0.001, "s": 1.0, "min": 60.0, "h": 3600.0}


def _seconds(timeout: str) -> float:
    match = _LENGTH.fullmatch(timeout.strip(" '"))
    return int(match[1]) * _UNITS[match[2]] if match else _seconds(_USUAL_TIMEOUT)


def _told(error: Exception) -> Refused | DatabaseGone:
    if isinstance(error, psycopg.Error) and error.sqlstate and not error.sqlstate.startswith(_GONE):
        return Refused(error)
    return DatabaseGone(
        "The database cannot be reached.", why=f"{type(error).__name__}.", remedy="Try again in a minute."
    )
