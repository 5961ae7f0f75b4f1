"""How the board asks the database: one moment for all of a page, refusals in words, and nothing computed twice."""

import time
from collections.abc import AsyncIterator, Awaitable, Callable, Hashable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
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
    "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY;"
    " SET LOCAL statement_timeout = '20s'; SET LOCAL jit = off"
)
# Loads change lines of the ledger in their own transaction. The counters tell what was written past it, a few seconds
# after it was; they also count what was undone, which does no harm.
_VERSION: LiteralString = """
SELECT concat_ws(' ', s.version, l.version, r.version, (
  SELECT sum(pg_stat_get_tuples_inserted(t.oid) + pg_stat_get_tuples_updated(t.oid)
             + pg_stat_get_tuples_deleted(t.oid))
  FROM unnest(ARRAY['sp_daily_asin_data', 'sp_daily_parent_data', 'sp_daily_totals', 'sp_slices', 'sp_listings',
                    'fx_rates', 'products']::regclass[]) AS t (oid))) AS version,
  (SELECT concat_ws(' ', count(*), sum(xmin::text::bigint)) FROM sp_alerts) || ' '
  || (SELECT concat_ws(' ', count(*), sum(xmin::text::bigint)) FROM sp_alert_mutes) AS alerts
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


@dataclass(frozen=True, kw_only=True)
class Look:
    """A look at one moment. `version`: of the data as it is in it."""

    connection: Connection
    version: str
    kept: Mapping[str, Kept]

    async def once(self, key: tuple[Hashable, ...], make: Callable[[], Awaitable[T]]) -> T:
        """Return what was made of this version of the data for `key`, or make it. `key` begins with what it is, and
        names all that it is made from, besides the data."""
        return await self.kept.get(str(key[0]), self.kept[""]).once(self.version, key, make)


@dataclass(kw_only=True)
class _OfPool:
    """What is kept of the database that a pool leads to."""

    kept: Mapping[str, Kept] = field(default_factory=lambda: {kind: Kept(most=most) for kind, most in _MOST.items()})
    version: str = ""
    """Of the data, as it is or was a moment ago."""
    alerts: str = ""
    _read_at: float = float("-inf")

    @property
    def is_fresh(self) -> bool:
        return time.monotonic() - self._read_at <= _MOMENT_SECONDS

    async def look(self, connection: Connection) -> None:
        """Look up which version there is, unless that was done a moment ago."""
        if not self.is_fresh:
            (row,) = await rows_of(connection, _VERSION)
            self.version, self.alerts, self._read_at = row["version"], row["alerts"], time.monotonic()


_MOST: Mapping[str, int] = {"by product": 2, "families": 16, "product": 4, "": 200}
"""How many values of a kind are kept: the sums of all products are a megabyte or two, a product's days half a one."""
_of_pool: WeakKeyDictionary[Pool, _OfPool] = WeakKeyDictionary()
_MOMENT_SECONDS = 0.2  # machine time; looking it up takes some milliseconds, and many people click at once


def moment(now: datetime) -> datetime:
    """Return the last full ten minutes: what depends on the hour is told as of some time since. Every zone's midnight
    is one, so days and periods turn in time."""
    return now.replace(minute=now.minute // 10 * 10, second=0, microsecond=0)


@asynccontextmanager
async def looking(pool: Pool) -> AsyncIterator[Look]:
    """Give a look at the database that changes nothing.

    Raises `NotUnderstood`, `TooSlow` (after 20 s) and `DatabaseGone`.
    """
    with database_errors():
        async with pool.transaction() as connection:
            with _refusals():
                await connection.execute(_BEGIN)
                of = _of_pool.setdefault(pool, _OfPool())
                await of.look(connection)
                yield Look(connection=connection, version=of.version, kept=of.kept)


async def version_of(pool: Pool) -> str:
    """Return the version of the data and of the alerts, as it is or was a moment ago. Raises `DatabaseGone`."""
    of = _of_pool.setdefault(pool, _OfPool())
    if not of.is_fresh:
        with database_errors():
            async with pool.connection() as connection:
                await of.look(connection)
    return f"{of.version} {of.alerts}"


async def rows_of(
    connection: Connection, query: LiteralString | sql.Composed, values: Params | None = None
) -> list[dict[str, Any]]:
    """Return what a query gives, by column."""
    async with connection.cursor(row_factory=dict_row) as cursor:
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
