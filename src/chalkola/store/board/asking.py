"""How the board asks the database: one moment for all of a page, refusals in words, and nothing computed twice."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Hashable, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, LiteralString, TypeVar
from weakref import WeakKeyDictionary

import psycopg
from psycopg import sql
from psycopg.abc import Params
from psycopg.rows import dict_row

from chalkola.errors import UsageError
from chalkola.store.board.keeping import Kept
from chalkola.store.connection import Connection, Pool, database_errors

T = TypeVar("T")
_REFUSED = "CH002"  # sp_sheet_refuse
_BEGIN: LiteralString = (
    "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL statement_timeout = '20s'; SET LOCAL jit = off"
)
# Loads change lines of the ledger in their own transaction. The counters tell what was written past it, a few seconds
# after it was; they also count what was undone, which does no harm.
_COUNTERS: LiteralString = """
  SELECT sum(pg_stat_get_tuples_inserted(t.oid) + pg_stat_get_tuples_updated(t.oid)
             + pg_stat_get_tuples_deleted(t.oid))
  FROM unnest(ARRAY['sp_daily_asin_data', 'sp_daily_parent_data', 'sp_daily_totals', 'sp_slices', 'sp_listings',
                    'fx_rates', 'products']::regclass[]) AS t (oid)
"""
# Where no transaction has begun or ended that writes anything, and no counter has moved, nothing has changed.
_MARK: LiteralString = f"SELECT concat_ws(' ', pg_current_snapshot(), ({_COUNTERS})) AS mark"
_VERSION: LiteralString = f"""
SELECT concat_ws(' ', s.version, l.version, r.version, ({_COUNTERS})) AS version,
  (SELECT concat_ws(' ', count(*), sum(xmin::text::bigint)) FROM sp_alerts) || ' '
  || (SELECT concat_ws(' ', count(*), sum(xmin::text::bigint)) FROM sp_alert_mutes) AS alerts,
  (SELECT concat_ws(' ', count(*), sum(xmin::text::bigint)) FROM sp_notes) AS notes
FROM (SELECT concat_ws(' ', count(*), max(loaded_at), sum(row_count), sum(pull_id), count(*) FILTER (WHERE state IN
        ('proven', 'differs', 'empty'))) AS version FROM sp_slices
      WHERE dataset IN ('sales_and_traffic', 'daily_totals', 'daily_parents')) AS s,
     (SELECT concat_ws(' ', count(*), max(changed_at), max(gone_at)) AS version FROM sp_listings) AS l,
     (SELECT concat_ws(' ', count(*), max(date)) AS version FROM fx_rates) AS r
"""


class NotUnderstood(UsageError):
    """A period, marketplace, currency or metric that there is not; the sentence lists those that there are."""


class TooSlow(UsageError):
    """The database was not done in time."""


@dataclass(kw_only=True)
class _OfPool:
    """What is kept of the database that a pool leads to, and the version of that: as it is, or was a moment ago."""

    kept: Mapping[str, Kept] = field(default_factory=lambda: {kind: Kept(most=most) for kind, most in _MOST.items()})
    version: str = ""
    alerts: str = ""
    notes: str = ""
    _mark: str = ""
    _read_at: float = float("-inf")
    _written_at: float = float("-inf")
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def refresh(self, pool: Pool) -> None:
        """Look up which version there is, unless that was done a moment ago. Nobody waits here with a connection."""
        if self._is_fresh():
            return
        async with self._turn:
            if not self._is_fresh():
                began = time.monotonic()
                async with _transaction(pool) as connection:
                    await self._read(connection)
                self._read_at = began

    async def _read(self, connection: Connection) -> None:
        (row,) = await _rows(connection, _MARK)
        if row["mark"] != self._mark:
            (found,) = await _rows(connection, _VERSION)
            self.version, self.alerts, self.notes = found["version"], found["alerts"], found["notes"]
            self._mark = row["mark"]

    def forget(self) -> None:
        """Have it looked up again: something was written."""
        self._written_at = time.monotonic()

    def _is_fresh(self) -> bool:
        return self._read_at > max(self._written_at, time.monotonic() - _FRESH_SECONDS)


_MOST: Mapping[str, int] = {"by product": 2, "families": 16, "product": 4, "notes": 1_000, "": 200}
"""How many values of a kind are kept: the sums of all products are a megabyte or two, a product's days half a one."""
_of_pool: WeakKeyDictionary[Pool, _OfPool] = WeakKeyDictionary()
_FRESH_SECONDS = 0.2  # machine time; looking it up takes some milliseconds, and many people click at once


def moment(now: datetime) -> datetime:
    """Return the last full ten minutes: what depends on the hour is told as of some time since. Every zone's midnight
    is one, so days and periods turn in time."""
    return now.replace(minute=now.minute // 10 * 10, second=0, microsecond=0)


@dataclass(kw_only=True)
class Look:
    """A look at one moment: that of the first question which nobody has asked yet. Only then is the database asked,
    for what is kept is of this version already, or was a moment ago. `alerts`, `notes`: which there are."""

    version: str
    alerts: str
    notes: str
    _pool: Pool
    _kept: Mapping[str, Kept]
    _ends: AsyncExitStack
    _connection: Connection | None = None

    async def rows(self, query: LiteralString | sql.Composed, values: Params | None = None) -> list[dict[str, Any]]:
        """Return what a query gives, by column."""
        return await _rows(await self._open(), query, values)

    async def once(self, key: tuple[Hashable, ...], make: Callable[[], Awaitable[T]]) -> T:
        """Return what was made of this version of the data for `key`, or make it. `key` begins with what it is, and
        names all that it is made from, besides the data."""
        kept = self._kept.get(str(key[0]), self._kept[""])
        if not kept.has(self.version, key):
            await self._open()  # before there is a turn to wait for, so that none waits for another's connection
        return await kept.once(self.version, key, make)

    async def _open(self) -> Connection:
        if self._connection is None:
            self._connection = await self._ends.enter_async_context(_transaction(self._pool))
        return self._connection


@asynccontextmanager
async def looking(pool: Pool) -> AsyncIterator[Look]:
    """Give a look at the database that changes nothing.

    Raises `NotUnderstood`, `TooSlow` (after 20 s) and `DatabaseGone`.
    """
    of = _of(pool)
    with database_errors(), _refusals():
        await of.refresh(pool)
        async with AsyncExitStack() as ends:
            yield Look(
                version=of.version, alerts=of.alerts, notes=of.notes, _pool=pool, _kept=of.kept, _ends=ends
            )  # fmt: skip


@asynccontextmanager
async def _transaction(pool: Pool) -> AsyncIterator[Connection]:
    async with pool.connection() as connection:
        await connection.execute(_BEGIN)
        try:
            yield connection
        finally:
            await connection.execute("ROLLBACK")


async def version_of(pool: Pool) -> str:
    """Return the version of the data and of the alerts, as it is or was a moment ago. Raises `TooSlow` and
    `DatabaseGone`."""
    of = _of(pool)
    with database_errors(), _refusals():
        await of.refresh(pool)
    return f"{of.version} {of.alerts}"


def written(pool: Pool) -> None:
    """Say that something was written through a pool: the next look sees it."""
    _of(pool).forget()


def _of(pool: Pool) -> _OfPool:
    return _of_pool.setdefault(pool, _OfPool())


async def _rows(
    connection: Connection, query: LiteralString | sql.Composed, values: Params | None = None
) -> list[dict[str, Any]]:
    async with connection.cursor(row_factory=dict_row, binary=True) as cursor:
        await cursor.execute(query, values)
        return await cursor.fetchall()


@contextmanager
def _refusals() -> Iterator[None]:
    try:
        yield
    except psycopg.errors.QueryCanceled as error:
        raise TooSlow("This takes too long: ask for a shorter period.") from error
    except psycopg.DataError as error:
        if error.sqlstate is None:  # psycopg's own: the text cannot be sent
            raise NotUnderstood("There is a character in this that no text in a database has.") from error
        raise
    except psycopg.Error as error:
        if error.sqlstate == _REFUSED:
            raise NotUnderstood(error.diag.message_primary or "This is not understood.") from error
        raise
