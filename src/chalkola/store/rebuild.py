"""Rows rebuilt from kept documents: which document gave which slice, and the transaction in which its rows return."""

from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date
from typing import LiteralString

from psycopg import sql
from psycopg.types.json import Jsonb

from chalkola.datasets.model import Count, Slice, Table
from chalkola.marketplaces import by_scope
from chalkola.store.database import Connection, Holding, Pool, database_errors, fetched


@dataclass(frozen=True, kw_only=True)
class Given:
    """A pull whose document gave rows that still stand: the slices they are of, and the scopes that it asked for.

    `archived_as` is None when the document was not kept. `latest` are the pulls that gave these slices last: several
    that asked for some ASINs each may stand behind one slice.
    """

    pull_id: int
    source: str
    account: str
    scopes: tuple[str, ...]
    filters: tuple[tuple[str, tuple[str, ...]], ...]
    first_day: date
    last_day: date
    archived_as: str | None
    slices: tuple[Slice, ...]
    latest: tuple[int, ...]


_STANDING: LiteralString = (
    # The pull that gave it last; and, if that asked for some ASINs only, the others since the last complete answer.
    "(p.id = s.pull_id OR (last.filters IS NOT NULL AND ps.loaded AND p.id >= coalesce((SELECT max(c.id)"
    " FROM sp_pull_slices cs JOIN sp_pulls c ON c.id = cs.pull_id WHERE cs.loaded AND c.filters IS NULL"
    " AND (cs.dataset, cs.scope, cs.first_day) = (s.dataset, s.scope, s.first_day)), 0)))"
)


async def given_by_pulls(
    pool: Pool, datasets: Sequence[str], scopes: Sequence[str], first: date, last: date
) -> list[Given]:
    """Return what pulls gave the slices of these days, the newest day first; those for some ASINs come last, in the
    order in which they were asked."""
    query: LiteralString = (
        "SELECT p.id, p.source, p.account, p.first_day, p.last_day, p.archived_as, coalesce(p.filters, '[]'),"
        " (SELECT array_agg(DISTINCT o.scope) FROM sp_pull_slices o WHERE o.pull_id = p.id),"
        " array_agg(DISTINCT s.pull_id),"
        " array_agg(s.dataset ORDER BY s.dataset, s.scope, s.first_day),"
        " array_agg(s.scope ORDER BY s.dataset, s.scope, s.first_day),"
        " array_agg(s.first_day ORDER BY s.dataset, s.scope, s.first_day)"
        " FROM sp_slices s JOIN sp_pull_slices ps USING (dataset, scope, first_day)"
        " JOIN sp_pulls last ON last.id = s.pull_id JOIN sp_pulls p ON p.id = ps.pull_id"
        " WHERE s.dataset = ANY (%s) AND s.scope = ANY (%s) AND s.first_day BETWEEN %s AND %s AND " + _STANDING +
        # Where Amazon said that there is no data, there is neither a document nor a row.
        " AND (s.row_count > 0 OR p.archived_as IS NOT NULL)"
        " GROUP BY p.id"
        " ORDER BY p.filters IS NOT NULL, CASE WHEN p.filters IS NULL THEN p.last_day END DESC, p.id"
    )  # fmt: skip
    rows = await fetched(pool, query, (list(datasets), list(scopes), first, last))
    return [
        Given(
            pull_id=row[0], source=row[1], account=row[2], first_day=row[3], last_day=row[4], archived_as=row[5],
            filters=tuple((scope, tuple(asins)) for scope, asins in row[6]), scopes=tuple(row[7]),
            latest=tuple(row[8]),
            slices=tuple(Slice(dataset=d, scope=s, day=day) for d, s, day in zip(*row[9:], strict=True)),
        )
        for row in rows
    ]  # fmt: skip


async def count_found(pool: Pool, scopes: Sequence[str], first: date, last: date) -> int:
    """Return how many slices were there before the first pull, so that no document of theirs exists."""
    query: LiteralString = (
        "SELECT count(*) FROM sp_slices WHERE source = 'found' AND scope = ANY (%s) AND first_day BETWEEN %s AND %s"
    )
    with database_errors():
        async with pool.connection() as connection:
            row = await (await connection.execute(query, (list(scopes), first, last))).fetchone()
    return int(row[0]) if row else 0


@asynccontextmanager
async def rebuilding(pool: Pool, given: Given) -> AsyncIterator[tuple[Holding, frozenset[Slice]]]:
    """Give one transaction that holds the slices' lines, and those slices that the pull's rows still belong to."""
    query: LiteralString = (
        "SELECT s.dataset, s.scope, s.first_day FROM sp_slices s"
        " JOIN unnest(%s::text[], %s::text[], %s::date[]) AS w (dataset, scope, first_day)"
        " USING (dataset, scope, first_day) WHERE s.pull_id = ANY (%s) ORDER BY 1, 2, 3 FOR UPDATE OF s"
    )
    wanted = [s.dataset for s in given.slices], [s.scope for s in given.slices], [s.day for s in given.slices]
    with database_errors():
        async with pool.transaction() as connection:
            rows = await (await connection.execute(query, (*wanted, list(given.latest)))).fetchall()
            yield connection, frozenset(Slice(dataset=row[0], scope=row[1], day=row[2]) for row in rows)


async def mend_fixed_columns(connection: Connection, table: Table, slices: Iterable[Slice]) -> int:
    """Set right what writing takes as given (Amazon's marketplace id). Return in how many rows it was wrong."""
    of_days = sql.SQL(" AND date = ANY (%(days)s)" if "date" in table.slice_key else "")
    query = sql.SQL(
        "UPDATE {} SET amazon_marketplace_id = %(id)s WHERE marketplace_id = %(uuid)s{}"
        " AND pull_id IS NOT NULL AND amazon_marketplace_id IS DISTINCT FROM %(id)s"
    ).format(sql.Identifier(table.name), of_days)
    days: dict[str, list[date]] = {}
    for s in slices:
        days.setdefault(s.scope, []).append(s.day)
    mended = 0
    for scope, of_scope in days.items():
        if (m := by_scope(scope)) is not None:
            values = {"id": m.amazon_id, "days": of_scope, "uuid": m.uuid}
            mended += (await connection.execute(query, values)).rowcount
    return mended


async def note_rebuilt(connection: Connection, s: Slice, count: Count, pull_id: int) -> None:
    """Bring a slice's line up to date with the rows that the document which gave all of it gives today."""
    await connection.execute(
        "UPDATE sp_slices s SET row_count = %s, checksum = %s, sums = %s FROM sp_pulls p"
        " WHERE s.dataset = %s AND s.scope = %s AND s.first_day = %s AND s.pull_id = %s"
        " AND s.checksum IS DISTINCT FROM %s AND p.id = s.pull_id AND p.filters IS NULL",
        (count.row_count, count.checksum, Jsonb(count.sums), s.dataset, s.scope, s.day, pull_id, count.checksum),
    )
