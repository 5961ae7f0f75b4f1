"""Rows rebuilt from kept documents: which document gave which slice, and the transaction in which its rows return."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date
from typing import LiteralString

from psycopg import sql
from psycopg.types.json import Jsonb

from chalkola.datasets.model import Batch, Slice
from chalkola.store.connection import Connection, Pool, database_errors


@dataclass(frozen=True, kw_only=True)
class Given:
    """A pull whose document gave rows: the slices that still show them, among the scopes that it asked for.

    `archived_as` is None when the document was not kept.
    """

    pull_id: int
    source: str
    account: str
    scopes: tuple[str, ...]
    first_day: date
    last_day: date
    archived_as: str | None
    slices: tuple[Slice, ...]


async def given_by_pulls(
    pool: Pool, datasets: Sequence[str], scopes: Sequence[str], first: date, last: date
) -> list[Given]:
    """Return what pulls gave the slices of these days, the newest day first."""
    query: LiteralString = (
        "SELECT p.id, p.source, p.account, p.first_day, p.last_day, p.archived_as,"
        " (SELECT array_agg(DISTINCT ps.scope) FROM sp_pull_slices ps WHERE ps.pull_id = p.id),"
        " array_agg(s.dataset ORDER BY s.dataset, s.scope, s.first_day),"
        " array_agg(s.scope ORDER BY s.dataset, s.scope, s.first_day),"
        " array_agg(s.first_day ORDER BY s.dataset, s.scope, s.first_day)"
        " FROM sp_slices s JOIN sp_pulls p ON p.id = s.pull_id"
        " WHERE s.dataset = ANY (%s) AND s.scope = ANY (%s) AND s.first_day BETWEEN %s AND %s"
        # Where Amazon said that there is no data, there is neither a document nor a row.
        " AND (s.row_count > 0 OR p.archived_as IS NOT NULL)"
        " GROUP BY p.id ORDER BY p.last_day DESC, p.id"
    )
    with database_errors():
        async with pool.connection() as connection:
            found = await connection.execute(query, (list(datasets), list(scopes), first, last))
            rows = await found.fetchall()
    return [
        Given(
            pull_id=row[0], source=row[1], account=row[2], first_day=row[3], last_day=row[4], archived_as=row[5],
            scopes=tuple(row[6]),
            slices=tuple(Slice(dataset=d, scope=s, day=day) for d, s, day in zip(*row[7:], strict=True)),
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
async def rebuilding(pool: Pool, given: Given) -> AsyncIterator[tuple[Connection, frozenset[Slice]]]:
    """Give one transaction that holds the slices' lines, and those slices that the pull's rows still belong to."""
    query: LiteralString = (
        "SELECT s.dataset, s.scope, s.first_day FROM sp_slices s"
        " JOIN unnest(%s::text[], %s::text[], %s::date[]) AS w (dataset, scope, first_day)"
        " USING (dataset, scope, first_day) WHERE s.pull_id = %s ORDER BY 1, 2, 3 FOR UPDATE OF s"
    )
    wanted = [s.dataset for s in given.slices], [s.scope for s in given.slices], [s.day for s in given.slices]
    with database_errors():
        async with pool.connection() as connection, connection.transaction():
            rows = await (await connection.execute(query, (*wanted, given.pull_id))).fetchall()
            yield connection, frozenset(Slice(dataset=row[0], scope=row[1], day=row[2]) for row in rows)


async def mend_fixed_columns(connection: Connection, batch: Batch) -> int:
    """Set right what merging takes as given (Amazon's marketplace id). Return in how many rows it was wrong."""
    query = sql.SQL(
        "UPDATE {} SET amazon_marketplace_id = %(id)s WHERE date = %(day)s AND marketplace_id = %(uuid)s"
        " AND pull_id IS NOT NULL AND amazon_marketplace_id IS DISTINCT FROM %(id)s"
    ).format(sql.Identifier(batch.table.name))
    values = {"id": batch.marketplace.amazon_id, "day": batch.slice.day, "uuid": batch.marketplace.uuid}
    return (await connection.execute(query, values)).rowcount


async def note_rebuilt(connection: Connection, batch: Batch) -> None:
    """Bring a slice's line up to date with the rows that its document gives today."""
    await connection.execute(
        "UPDATE sp_slices SET row_count = %s, checksum = %s, sums = %s"
        " WHERE dataset = %s AND scope = %s AND first_day = %s AND checksum IS DISTINCT FROM %s",
        (
            batch.row_count, batch.checksum, Jsonb(batch.sums),
            batch.slice.dataset, batch.slice.scope, batch.slice.day, batch.checksum,
        ),
    )  # fmt: skip
