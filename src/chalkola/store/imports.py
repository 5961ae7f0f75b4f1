"""What imports need of the store: a ledger whose pull is written with its rows, and rows to compare with."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any, LiteralString

from psycopg import sql
from psycopg.types.json import Jsonb

from chalkola.clock import Clock
from chalkola.datasets.model import Box, Column, Slice
from chalkola.errors import Refusal, UsageError
from chalkola.marketplaces import Marketplace
from chalkola.store.database import Connection, Holding, Pool, database_errors, fetched
from chalkola.store.ledger import Ledger, hold_slices
from chalkola.store.migrate import insert_marketplaces
from chalkola.store.pulls import Claimed, Told
from chalkola.store.slices import Line

ACCOUNT = "import"
"""No account of Amazon's: what belongs to it is never claimed by a run."""


class NotTaken(Refusal, UsageError):
    """The file's rows are not accepted; nothing was written."""


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """An import on its way: what it is, and what it may do."""

    box: Box
    slice: Slice
    question: Mapping[str, object]
    question_key: str
    settled: bool
    force: bool
    answered_still: bool
    """Whether Amazon still answers for this day: if not, nothing of it is asked again."""


class ImportLedger(Ledger):
    """A ledger for one import, whose line is written in the transaction that merges its rows: there is no question
    to Amazon that has to be on record first, and a run that dies leaves nothing."""

    def __init__(self, pool: Pool, clock: Clock, wanted: Wanted) -> None:
        super().__init__(pool, clock)
        self._wanted = wanted

    async def begin(self) -> Claimed:
        """Return the pull that is to be written, with the id that it will have."""
        rows = await self._call("SELECT nextval(pg_get_serial_sequence('sp_pulls', 'id'))")
        box, now = self._wanted.box, self._clock.now()
        return Claimed(
            id=rows[0][0], generation=0, source="import", account=ACCOUNT, stage="ready",
            question=dict(self._wanted.question), first_day=box.first, last_day=box.last,
            settled=self._wanted.settled, creation=[], ticket=None, document_id=None, intended_at=now,
            ticketed_at=None, checks=0, setbacks=0, found=False, slot=None, filters=None, page_token=None, pages=[],
        )  # fmt: skip

    @asynccontextmanager
    async def holding(self, pull: Claimed, beside: Sequence[str] = ()) -> AsyncIterator[tuple[Holding, list[Line]]]:
        """Give one transaction that has written the pull's line, and holds its slice's and those beside it.

        Raises `NotTaken` when the day is closed and may not be written, or Amazon is being asked for it.
        """
        with database_errors():
            async with self._pool.transaction() as connection:
                await self._write(connection, pull)
                lines = await hold_slices(connection, pull, beside)
                await self._check(connection, pull, next(x for x in lines if x.slice == self._wanted.slice))
                yield connection, [self._as_before(line) for line in lines]

    async def finish(self, connection: Holding, pull: Claimed, stage: Any, told: Sequence[Told], **how: Any) -> None:
        """Close the pull. Raises `NotTaken`, which undoes everything, when the rows were not accepted."""
        own = next(t for t in told if t.slice == self._wanted.slice)
        if own.row_count is None:
            raise NotTaken(
                f"The file was not taken: {(own.reason or '').partition(':')[0]}.",
                remedy="Nothing was changed. --force takes it all the same.",
            )
        await super().finish(connection, pull, stage, [self._as_imported(t) for t in told], **how)

    async def _write(self, connection: Connection, pull: Claimed) -> None:
        w = self._wanted
        await insert_marketplaces(connection, list(w.box.marketplaces))
        await connection.execute(
            "INSERT INTO sp_pulls (id, source, account, question, question_key, first_day, last_day, settled, stage,"
            " creation, needs, run_at, intended_at, created_at) OVERRIDING SYSTEM VALUE"
            " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, 'ready', '{}', '{}', %s, %s, %s)",
            (
                pull.id, pull.source, pull.account, Jsonb(w.question), w.question_key, w.box.first, w.box.last,
                w.settled, pull.intended_at, pull.intended_at, pull.intended_at,
            ),
        )  # fmt: skip
        m = w.box.marketplaces[0]
        await connection.execute(
            "INSERT INTO sp_slices (dataset, scope, first_day) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING",
            (w.slice.dataset, w.slice.scope, w.slice.day),
        )
        await connection.execute(
            "INSERT INTO sp_pull_slices (pull_id, dataset, scope, first_day, marketplace_id, amazon_marketplace_id)"
            " VALUES (%s, %s, %s, %s, %s, %s)",
            (pull.id, w.slice.dataset, w.slice.scope, w.slice.day, m.uuid, m.amazon_id),
        )

    async def _check(self, connection: Connection, pull: Claimed, line: Line) -> None:
        s = self._wanted.slice
        if not self._wanted.force:
            refuse_closed(line)
        open_ = await connection.execute(
            "SELECT p.id FROM sp_pulls p JOIN sp_pull_slices ps ON ps.pull_id = p.id WHERE p.finished_at IS NULL"
            " AND p.id <> %s AND (ps.dataset, ps.scope, ps.first_day) = (%s, %s, %s) LIMIT 1",
            (pull.id, s.dataset, s.scope, s.day),
        )
        if await open_.fetchone():
            raise NotTaken(
                f"Amazon is being asked for {self._wanted.box.marketplaces[0].code} {s.day} already.",
                remedy="Nothing was changed. `chalkola pull` brings it; import the file if that fails.",
            )

    def _as_before(self, line: Line) -> Line:
        """Whoever names a file means it now, whenever the answer before was asked for; and whoever forces it upon a
        day knows better than what is there: that is not held against it."""
        if line.slice != self._wanted.slice:
            return line
        line = replace(line, asked_at=None)
        return replace(line, sums=None, residual=None, residual_since=None) if self._wanted.force else line

    def _as_imported(self, told: Told) -> Told:
        """A file is no restatement of Amazon's, and what Amazon no longer answers is not asked again."""
        told = replace(told, restated=None)
        if self._wanted.answered_still or told.state.is_closed:
            return told
        why = (told.reason or "").partition("; ")[0].removesuffix(" yet to hold the rows against")
        return replace(
            told, next_at=None, ask=None, reason=f"imported; {why}, and Amazon no longer answers for this day"
        )


def refuse_closed(line: Line) -> None:
    """Raise `NotTaken` for a day that is closed."""
    if line.state.is_closed:
        where = line.slice.scope.partition(":")[2]
        raise NotTaken(
            f"{where} {line.slice.day} is closed already: {line.state}, {line.row_count or 0} rows by {line.source}.",
            remedy="Nothing was changed. `chalkola compare` holds the file against it; --force overwrites it.",
        )


async def day_totals(pool: Pool, m: Marketplace, day: date) -> tuple[int | None, int | None]:
    """Return units and page views of Amazon's own totals of a day, whoever wrote them; None where there are none."""
    query: LiteralString = (
        "SELECT units_ordered, page_views FROM sp_daily_totals WHERE marketplace_id = %s AND date = %s"
    )
    with database_errors():
        async with pool.connection() as connection:
            row = await (await connection.execute(query, (m.uuid, day))).fetchone()
    return (row[0], row[1]) if row else (None, None)


async def held_rows(
    pool: Pool, m: Marketplace, day: date, columns: Sequence[Column]
) -> dict[str, tuple[Decimal | None, ...]]:
    """Return the figures of a day by child ASIN, in the order of `columns`; empty where there is no row."""
    query = sql.SQL("SELECT child_asin, {} FROM sp_daily_asin_data WHERE marketplace_id = %s AND date = %s").format(
        sql.SQL(", ").join(sql.SQL("{}::numeric").format(sql.Identifier(c.name)) for c in columns)
    )
    rows = await fetched(pool, query, (m.uuid, day))
    return {row[0]: tuple(row[1:]) for row in rows}
