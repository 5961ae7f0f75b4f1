"""What the ledger knows, read for planning and for people."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import LiteralString
from uuid import UUID

from psycopg.types.json import Jsonb

from chalkola.datasets.model import Slice, Sums
from chalkola.marketplaces import MARKETPLACES
from chalkola.store.connection import Connection, Pool, database_errors
from chalkola.store.database import fetched
from chalkola.store.pulls import Claimed
from chalkola.store.slices import LINE, Line, line_of

RECENT = timedelta(days=34)
"""Long enough for every rereading, whatever the zone."""
_A_DAY = timedelta(days=1)
_CLOSED: LiteralString = "(state IN ('proven', 'differs', 'empty'))"
_ORDINAL: LiteralString = "first_day - date '0001-01-01' + 1"


@dataclass(frozen=True, kw_only=True)
class Known:
    """What the ledger knows of one dataset and scope: the first day it has heard of; the closed days (as ordinals,
    for there are thousands), with the lines of the recent ones; the line of every other day; and the days (ordinals
    too) for which a pull is open."""

    first: date | None = None
    closed: frozenset[int] = frozenset()
    recent: Mapping[date, Line] = field(default_factory=dict)
    others: Mapping[date, Line] = field(default_factory=dict)
    under_way: frozenset[int] = frozenset()


Coverage = Mapping[tuple[str, str], Known]
"""By dataset and scope; what is not in it was never heard of."""


async def read_coverage(
    pool: Pool, datasets: Sequence[str], now: datetime, *, with_plans: bool = False, scope: str | None = None
) -> Coverage:
    """Return what the ledger knows of these datasets, in all scopes or in one; closed days of the last month, those
    that were answered in the last day and those to be asked again have their lines.

    What a backfill has planned and not asked yet is under way only `with_plans`: to everybody else it is lacking.
    """
    whole: LiteralString = (
        "SELECT dataset, scope, min(first_day),"
        " coalesce(array_agg(" + _ORDINAL + ") FILTER (WHERE " + _CLOSED + "), '{}')"
        " FROM sp_slices WHERE dataset = ANY (%s) AND scope = coalesce(%s, scope) GROUP BY dataset, scope"
    )
    some: LiteralString = (
        "SELECT " + LINE + " FROM sp_slices s WHERE dataset = ANY (%s) AND scope = coalesce(%s, scope)"
        " AND (NOT " + _CLOSED + " OR first_day >= %s OR asked_at >= %s OR next_at IS NOT NULL)"
    )
    open_: LiteralString = (
        "SELECT ps.dataset, ps.scope, array_agg(DISTINCT ps." + _ORDINAL + ")"
        " FROM sp_pulls p JOIN sp_pull_slices ps ON ps.pull_id = p.id"
        " WHERE p.finished_at IS NULL AND (%s OR p.rank < 2 OR p.stage <> 'planned') AND ps.dataset = ANY (%s)"
        " AND ps.scope = coalesce(%s, ps.scope)"
        " GROUP BY ps.dataset, ps.scope"
    )
    names = list(datasets)
    with database_errors():
        # One look at all of it: what a worker finishes between two queries would be neither closed nor under way.
        scopes, rows, under_way = await pool.look(
            (whole, (names, scope)),
            (some, (names, scope, now.date() - RECENT, now - _A_DAY)),
            (open_, (with_plans, names, scope)),
        )
    recent, others = _by_scope(map(line_of, rows))
    asked = {(dataset, scope): frozenset(days) for dataset, scope, days in under_way}
    return {
        (dataset, scope): Known(
            first=first,
            closed=frozenset(closed),
            recent=recent.get((dataset, scope), {}),
            others=others.get((dataset, scope), {}),
            under_way=asked.get((dataset, scope), frozenset()),
        )
        for dataset, scope, first, closed in scopes
    }


_Lines = dict[tuple[str, str], dict[date, Line]]


def _by_scope(lines: Iterable[Line]) -> tuple[_Lines, _Lines]:
    """Return the closed lines and the others, each by dataset and scope, then by day."""
    closed: _Lines = {}
    others: _Lines = {}
    for line in lines:
        where = closed if line.state.is_closed else others
        where.setdefault((line.slice.dataset, line.slice.scope), {})[line.slice.day] = line
    return closed, others


async def open_pulls(
    pool: Pool, datasets: Sequence[str], scopes: Sequence[str], *, history: bool = False
) -> list[int]:
    """Return the pulls that are open for slices of these datasets and scopes: those about `history`, or others."""
    query: LiteralString = (
        "SELECT DISTINCT p.id FROM sp_pulls p JOIN sp_pull_slices ps ON ps.pull_id = p.id"
        " WHERE p.finished_at IS NULL AND (p.rank = 2) = %s AND ps.dataset = ANY (%s) AND ps.scope = ANY (%s)"
    )
    rows = await fetched(pool, query, (history, list(datasets), list(scopes)))
    return [row[0] for row in rows]


async def still_open(connection: Connection, pull_id: int) -> frozenset[Slice]:
    """Return the slices, of any dataset, of a pull's marketplaces and days for which another pull is open."""
    query: LiteralString = (
        "SELECT DISTINCT other.dataset, other.scope, other.first_day"
        " FROM sp_pulls p JOIN sp_pull_slices other ON other.pull_id = p.id"
        " WHERE p.finished_at IS NULL AND p.id <> %s AND p.account = (SELECT account FROM sp_pulls WHERE id = %s)"
        " AND (other.scope, other.first_day) IN (SELECT scope, first_day FROM sp_pull_slices WHERE pull_id = %s)"
    )
    rows = await (await connection.execute(query, (pull_id, pull_id, pull_id))).fetchall()
    return frozenset(Slice(dataset=row[0], scope=row[1], day=row[2]) for row in rows)


async def parts_before(connection: Connection, pull: Claimed) -> tuple[int, Mapping[Slice, str]]:
    """Return the last loaded pull that asked for the same ASINs, and the checksum of each slice that it gave; 0 and
    nothing where there is none."""
    query: LiteralString = (
        "SELECT ps.pull_id, ps.dataset, ps.scope, ps.first_day, ps.checksum FROM sp_pull_slices ps WHERE ps.loaded"
        " AND ps.checksum IS NOT NULL AND ps.pull_id = (SELECT id FROM sp_pulls WHERE account = %s AND source = %s"
        " AND stage = 'loaded' AND filters IS NOT NULL AND md5(filters::text) = md5(%s::jsonb::text)"
        " ORDER BY id DESC LIMIT 1)"
    )
    values = pull.account, pull.source, Jsonb(pull.filters)
    rows = await (await connection.execute(query, values)).fetchall()
    parts = {Slice(dataset=row[1], scope=row[2], day=row[3]): row[4] for row in rows}
    return (rows[0][0] if rows else 0), parts


async def answers_disbelieved(
    connection: Connection, pull_id: int, dataset: str, scope: str
) -> list[tuple[int, datetime]]:
    """Return how many rows each answer for a place had that was not believed, and when it was asked for: of those
    before this pull, and since the last one that was believed. The last one first."""
    query: LiteralString = (
        "SELECT p.row_count, p.intended_at FROM sp_pulls p JOIN sp_pull_slices ps ON ps.pull_id = p.id"
        " WHERE ps.dataset = %(dataset)s AND ps.scope = %(scope)s AND p.stage = 'loaded' AND ps.loaded IS NOT TRUE"
        " AND p.id < %(pull)s AND p.id > coalesce((SELECT max(b.pull_id) FROM sp_pull_slices b WHERE b.loaded"
        "  AND b.dataset = %(dataset)s AND b.scope = %(scope)s AND b.pull_id < %(pull)s), 0)"
        " ORDER BY p.id DESC LIMIT 10"
    )
    values = {"dataset": dataset, "scope": scope, "pull": pull_id}
    return [(row[0], row[1]) for row in await (await connection.execute(query, values)).fetchall()]


async def read_lines(pool: Pool, slices: Sequence[Slice]) -> list[Line]:
    """Return the lines of these slices, in their order; those without a line are left out."""
    query: LiteralString = (
        "SELECT " + LINE + " FROM sp_slices s"
        " JOIN unnest(%s::text[], %s::text[], %s::date[]) WITH ORDINALITY AS w (dataset, scope, first_day, place)"
        " USING (dataset, scope, first_day) ORDER BY place"
    )
    wanted = [s.dataset for s in slices], [s.scope for s in slices], [s.day for s in slices]
    rows = await fetched(pool, query, wanted)
    return [line_of(row) for row in rows]


async def read_differing(pool: Pool, datasets: Sequence[str], scopes: Sequence[str]) -> list[Line]:
    """Return the lines of the days that differ and were accepted with their residual, by scope, the oldest first."""
    query: LiteralString = (
        "SELECT " + LINE + " FROM sp_slices s WHERE dataset = ANY (%s) AND scope = ANY (%s) AND state = 'differs'"
        " AND residual IS NOT NULL ORDER BY array_position(%s::text[], scope), first_day, dataset"
    )
    values = list(datasets), list(scopes), list(scopes)
    rows = await fetched(pool, query, values)
    return [line_of(row) for row in rows]


async def neighbours(
    connection: Connection, dataset: str, scopes: Sequence[str], first: date, last: date
) -> Mapping[str, Mapping[date, Sums]]:
    """Return the sums of the closed days from `first` to `last`, by scope and day."""
    query: LiteralString = (
        "SELECT " + LINE + " FROM sp_slices s WHERE dataset = %s AND scope = ANY (%s)"
        " AND first_day BETWEEN %s AND %s AND " + _CLOSED
    )
    rows = await (await connection.execute(query, (dataset, list(scopes), first, last))).fetchall()
    found: dict[str, dict[date, Sums]] = {}
    for line in map(line_of, rows):
        if line.sums is not None:
            found.setdefault(line.slice.scope, {})[line.slice.day] = line.sums
    return found


async def known_asins(pool: Pool, since: date) -> Mapping[str, tuple[str, ...]]:
    """Return the child ASINs that have had rows since that day, by scope, in alphabetical order."""
    query: LiteralString = (
        "SELECT marketplace_id, array_agg(DISTINCT child_asin ORDER BY child_asin)"
        " FROM sp_daily_asin_data WHERE date >= %s GROUP BY 1"
    )
    rows = await fetched(pool, query, (since,))
    asins: dict[UUID, list[str]] = dict(rows)
    return {m.scope: tuple(asins[m.uuid]) for m in MARKETPLACES if m.uuid in asins}
