"""Calls to Amazon as they were written down, read for people. Changes nothing."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, LiteralString, TypeVar

from chalkola.calls import Call
from chalkola.datasets import CATALOG
from chalkola.store.connection import Pool, database_errors
from chalkola.store.database import fetched_as

T = TypeVar("T")

_FAILED: LiteralString = "(failure IS NOT NULL OR status NOT BETWEEN 200 AND 299)"
_WANTED: LiteralString = (
    "(%(account)s::text IS NULL OR account = %(account)s)"
    " AND (%(operations)s::text[] = '{}' OR operation = ANY (%(operations)s))"
    " AND (%(pull)s::bigint IS NULL OR pull_id = %(pull)s)"
    " AND (%(since)s::timestamptz IS NULL OR at >= %(since)s)"
    " AND (NOT %(failed)s OR " + _FAILED + ")"
    " AND (%(scopes)s::text[] = '{}' AND %(day)s::date IS NULL OR pull_id IN ("
    "  SELECT s.pull_id FROM sp_pull_slices s WHERE s.dataset = ANY (%(datasets)s)"
    "  AND (%(scopes)s = '{}' OR s.scope = ANY (%(scopes)s)) AND (%(day)s IS NULL OR s.first_day = %(day)s)))"
)


@dataclass(frozen=True, kw_only=True)
class Which:
    """Which calls are wanted: those that meet all that is given. `scopes` and `day` are of a pull's slices."""

    account: str | None = None
    operations: tuple[str, ...] = ()
    pull: int | None = None
    scopes: tuple[str, ...] = ()
    day: date | None = None
    failed: bool = False
    since: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Tally:
    """The calls of one operation: how many, how many met a 429 or failed at all, and how long they took in ms."""

    operation: str
    calls: int
    throttled: int
    failed: int
    median_ms: int
    p95_ms: int


async def read_calls(pool: Pool, which: Which, most: int) -> list[Call]:
    """Return the last `most` calls, oldest first."""
    query: LiteralString = (
        "SELECT at, account, operation, status, coalesce(failure, '') AS failure, duration_ms / 1000.0::float8 AS"
        " seconds, coalesce(request_id, '') AS request_id, rate_per_second, pull_id AS pull FROM sp_api_calls"
        " WHERE " + _WANTED + " ORDER BY at DESC, id DESC LIMIT %(most)s"
    )
    return (await _read(pool, Call, query, which, most=most))[::-1]


async def tally(pool: Pool, which: Which) -> list[Tally]:
    """Return the sums of all these calls by operation, in alphabetical order; empty for none."""
    query: LiteralString = (
        "SELECT operation, count(*) AS calls, count(*) FILTER (WHERE status = 429) AS throttled,"
        " count(*) FILTER (WHERE " + _FAILED + ") AS failed,"
        " round(percentile_cont(0.5) WITHIN GROUP (ORDER BY duration_ms))::int AS median_ms,"
        " round(percentile_cont(0.95) WITHIN GROUP (ORDER BY duration_ms))::int AS p95_ms"
        " FROM sp_api_calls WHERE " + _WANTED + " GROUP BY operation ORDER BY operation"
    )
    return await _read(pool, Tally, query, which)


async def newest_pull(pool: Pool) -> int:
    """Return the largest id of a pull, 0 before the first."""
    with database_errors():
        async with pool.connection() as connection:
            row = await (await connection.execute("SELECT coalesce(max(id), 0) FROM sp_pulls")).fetchone()
    return row[0] if row else 0


async def _read(pool: Pool, kind: type[T], query: LiteralString, which: Which, **more: object) -> list[T]:
    values: dict[str, Any] = {
        "account": which.account, "operations": list(which.operations), "pull": which.pull,
        "scopes": list(which.scopes), "day": which.day, "failed": which.failed, "since": which.since,
        "datasets": [dataset.name for dataset in CATALOG], **more,
    }  # fmt: skip
    return await fetched_as(pool, kind, query, values)
