"""What the ledger knows, read for planning and for people."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import LiteralString

from chalkola.datasets.model import Slice, Sums
from chalkola.store.connection import Connection, Pool, database_errors
from chalkola.store.ledger import LINE, Line, line_of

_CLOSED: LiteralString = "(state IN ('proven', 'differs', 'empty'))"


@dataclass(frozen=True, kw_only=True)
class Known:
    """What the ledger knows of one dataset and scope: the closed days (as ordinals, for there are thousands), the
    line of every other day, and the first day it has heard of."""

    first: date | None = None
    closed: frozenset[int] = frozenset()
    others: Mapping[date, Line] = field(default_factory=dict)


Coverage = Mapping[tuple[str, str], Known]
"""By dataset and scope; what is not in it was never heard of."""


async def read_coverage(pool: Pool, datasets: Sequence[str]) -> Coverage:
    """Return what the ledger knows of these datasets."""
    whole: LiteralString = (
        "SELECT dataset, scope, min(first_day),"
        " coalesce(array_agg(first_day - date '0001-01-01' + 1) FILTER (WHERE " + _CLOSED + "), '{}')"
        " FROM sp_slices WHERE dataset = ANY (%s) GROUP BY dataset, scope"
    )
    others: LiteralString = "SELECT " + LINE + " FROM sp_slices s WHERE dataset = ANY (%s) AND NOT " + _CLOSED
    with database_errors():
        async with pool.connection() as connection:
            scopes = await (await connection.execute(whole, (list(datasets),))).fetchall()
            rows = await (await connection.execute(others, (list(datasets),))).fetchall()
    lines: dict[tuple[str, str], dict[date, Line]] = {}
    for line in map(line_of, rows):
        lines.setdefault((line.slice.dataset, line.slice.scope), {})[line.slice.day] = line
    return {
        (dataset, scope): Known(first=first, closed=frozenset(closed), others=lines.get((dataset, scope), {}))
        for dataset, scope, first, closed in scopes
    }


async def read_lines(pool: Pool, slices: Sequence[Slice]) -> list[Line]:
    """Return the lines of these slices, in their order; those without a line are left out."""
    query: LiteralString = (
        "SELECT " + LINE + " FROM sp_slices s"
        " JOIN unnest(%s::text[], %s::text[], %s::date[]) WITH ORDINALITY AS w (dataset, scope, first_day, place)"
        " USING (dataset, scope, first_day) ORDER BY place"
    )
    wanted = [s.dataset for s in slices], [s.scope for s in slices], [s.day for s in slices]
    with database_errors():
        async with pool.connection() as connection:
            rows = await (await connection.execute(query, wanted)).fetchall()
    return [line_of(row) for row in rows]


async def neighbours(connection: Connection, of: Slice, within: timedelta) -> list[Sums]:
    """Return the sums of the closed days around a slice, for a look at whether its own are plausible."""
    query: LiteralString = (
        "SELECT " + LINE + " FROM sp_slices s WHERE dataset = %s AND scope = %s AND first_day <> %s"
        " AND first_day BETWEEN %s AND %s AND " + _CLOSED
    )
    values = of.dataset, of.scope, of.day, of.day - within, of.day + within
    rows = await (await connection.execute(query, values)).fetchall()
    return [line.sums for line in map(line_of, rows) if line.sums is not None]
