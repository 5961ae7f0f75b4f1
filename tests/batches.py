"""Batches of rows, as readers make them, and their way into the tables."""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import psycopg

from chalkola.datasets import CATALOG, source
from chalkola.datasets.counting import Counting
from chalkola.datasets.model import AsinFilter, Batch, Box, Column, Row, Table
from chalkola.datasets.sales_and_traffic_tables import BY_ASIN, BY_ASIN_IN_REPORT
from chalkola.marketplaces import Marketplace, marketplace
from chalkola.store.changes import Change, Lines
from chalkola.store.connection import Holding, Pool
from chalkola.store.tables import Origin, difference, write

GERMANY, FRANCE = marketplace("DE"), marketplace("FR")
DAY = date(2026, 11, 17)
NOW = datetime(2026, 11, 20, 2, tzinfo=UTC)
Database = psycopg.Connection[dict[str, Any]]
Rows = Sequence[tuple[int, Row]]
"""Each with the number of its slice: those of a box are numbered by marketplace, then by day."""


def row(asin: str, *, columns: Sequence[Column] = BY_ASIN.columns, **cells: object) -> Row:
    """Return a row by ASIN; what is not given is NULL."""
    known = {"child_asin": asin, "parent_asin": "B0PARENT00", "currency_code": "EUR", **cells}
    return tuple(known.get(column.name) for column in columns)  # type: ignore[misc]


def reported(asin: str, **cells: object) -> Row:
    """Return a row as a report has it: without what only Data Kiosk knows."""
    return row(asin, columns=BY_ASIN_IN_REPORT, **cells)


def a_box(*marketplaces: Marketplace, first: date = DAY, last: date = DAY, asins: Iterable[str] = ()) -> Box:
    """Return a box of Germany on one day unless told otherwise; `asins` are filters of its first marketplace."""
    among = marketplaces or (GERMANY,)
    filters = (AsinFilter(marketplace=among[0], asins=tuple(asins)),) if asins else ()
    return Box(account="EU", marketplaces=among, first=first, last=last, filters=filters)


def a_batch(
    rows: Rows, box: Box, *, dataset: str = "sales_and_traffic", columns: Sequence[Column] | None = None
) -> Batch:
    """Return rows as a batch of a box; `columns` are the source's own, by default all of the table."""
    table = tables()[dataset]
    counting = Counting(dataset, table, tuple(columns or table.columns), box.slices(dataset))
    for number, one in rows:
        counting.add([number], list(zip(one, strict=True)))
    return counting.batch


def tables() -> Mapping[str, Table]:
    return {dataset.name: dataset.table for dataset in CATALOG}


@dataclass(frozen=True, kw_only=True)
class Landing:
    """Lets answers land, one after the other: the second pull is an hour after the first, and so on."""

    pool: Pool
    box: Box

    async def lands(
        self, rows: Rows | Sequence[Row], *, pull_id: int = 1, by: str = "sales_and_traffic.by_asin",
        box: Box | None = None, only: set[int] | None = None, mends: bool = False, **how: Any,
    ) -> Mapping[int, Change]:  # fmt: skip
        """Write the difference and return it, by the number of the slice. Rows without a number are of slice 0."""
        numbered: Rows = [one if len(one) == 2 and isinstance(one[1], tuple) else (0, one) for one in rows]  # type: ignore[misc]
        box, bounds = box or self.box, how.pop("bounds", ())
        batch = a_batch(numbered, box, **how)
        lines = Lines(batch=batch, bounds=bounds)
        numbers = range(len(batch.counts))
        origin = Origin(
            pull_id=pull_id, source=source(by).short_name, now=NOW + timedelta(hours=pull_id - 1), mends=mends
        )
        async with held_pull(self.pool, pull_id) as connection:
            found = await difference(connection, batch, box, numbers, lines)
            await write(connection, batch, found, set(numbers) if only is None else only, lines, origin)
        batch.spool.close()
        return found.changes


@asynccontextmanager
async def held_pull(pool: Pool, pull_id: int) -> AsyncIterator[Holding]:
    """Give the transaction of a pull, which is written into the ledger first."""
    query = (
        "INSERT INTO sp_pulls (id, source, account, question, question_key, first_day, last_day, settled, stage,"
        " creation, needs, run_at, created_at) OVERRIDING SYSTEM VALUE"
        " VALUES (%s, 'tests', 'EU', '{}', %s, %s, %s, true, 'ready', '{}', '{}', %s, %s) ON CONFLICT DO NOTHING"
    )
    async with pool.connection() as connection:
        await connection.execute(query.encode(), (pull_id, f"tests {pull_id}", DAY, DAY, NOW, NOW))
    async with pool.holding(pull_id, 0) as holding:
        yield holding


def held(database: Database, table: str = "sp_daily_asin_data") -> dict[tuple[str, date, str], dict[str, Any]]:
    """Return the rows of a table by marketplace, day and key, each with where it lies."""
    query = f"SELECT t.ctid::text, m.code, t.* FROM {table} t JOIN marketplaces m ON m.id = t.marketplace_id"
    rows = database.execute(query.encode()).fetchall()
    key = {"sp_daily_asin_data": "child_asin", "sp_daily_parent_data": "parent_asin"}.get(table, "currency_code")
    return {(one["code"], one["date"], one[key]): one for one in rows}


def of_germany(database: Database) -> dict[str, dict[str, Any]]:
    """Return the rows of Germany's day by ASIN."""
    return {asin: one for (code, day, asin), one in held(database).items() if (code, day) == ("DE", DAY)}
