"""A day's story as the ledger has it: every pull that covered it, what happened to each, and what the day became."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date, datetime
from decimal import Decimal
from operator import attrgetter
from typing import LiteralString, Protocol, TypeVar

from psycopg import sql
from psycopg.rows import class_row

from chalkola.datasets.model import Dataset
from chalkola.marketplaces import Marketplace
from chalkola.store.connection import Connection, Pool, database_errors
from chalkola.store.overview import OpenPull


@dataclass(frozen=True, kw_only=True)
class Event:
    """Something that happened to a pull. `what` is one of those in `0005_stories.sql`; `said` is the ticket or page,
    or why, in Amazon's words where there are any."""

    id: int
    """Later events have greater ones."""
    pull_id: int
    at: datetime
    what: str
    said: str | None


@dataclass(frozen=True, kw_only=True)
class Became:
    """What a dataset's day became by a pull: `state` is None where the pull is not over, or was before that was
    written down."""

    pull_id: int
    dataset: str
    state: str | None
    reason: str | None


@dataclass(frozen=True, kw_only=True)
class Restatement:
    """What Amazon changed of a dataset's day by the answer of a pull. Money in the marketplace's currency."""

    pull_id: int
    dataset: str
    restated_at: datetime
    units_before: int
    units_after: int
    sales_before: Decimal
    sales_after: Decimal
    sessions_before: int
    sessions_after: int
    rows_added: int
    rows_changed: int
    rows_withdrawn: int


@dataclass(frozen=True, kw_only=True)
class PullStory:
    """A pull that covered a day, under way or over, and what happened to it. `until` is when its next step can be
    taken as the buckets stand now."""

    id: int
    account: str
    source: str
    scopes: list[str]
    first_day: date
    last_day: date
    stage: str
    creation: list[str]
    until: datetime
    waiting_for: str | None
    in_hand: bool
    ticket: str | None
    found: bool
    asins: int | None
    """How many ASINs of the marketplace it asked for by name; None: for all."""
    file: str | None
    """What was imported; None for a question to Amazon."""
    created_at: datetime
    intended_at: datetime | None
    ticketed_at: datetime | None
    finished_at: datetime | None
    row_count: int | None
    byte_count: int | None
    archived_as: str | None
    note: str | None
    failure: str | None
    unkept: str | None = None
    """Why its document is not in the archive, or not any more."""
    events: tuple[Event, ...] = ()
    became: tuple[Became, ...] = ()
    restatements: tuple[Restatement, ...] = ()

    @property
    def begins(self) -> datetime:
        """Return when it was asked first, or else written down."""
        return self.events[0].at if self.events else self.intended_at or self.created_at

    @property
    def ended(self) -> tuple[bool, datetime, int]:
        """Return what puts pulls in the order in which they ended, those under way last."""
        last = self.events[-1].id if self.events else 0
        return self.finished_at is None, self.finished_at or self.begins, last

    def as_open(self) -> OpenPull:
        """Return it as a pull that is under way."""
        return OpenPull(**{one.name: getattr(self, one.name) for one in fields(OpenPull)})


class _OfPull(Protocol):
    @property
    def pull_id(self) -> int: ...


T = TypeVar("T")
Fact = TypeVar("Fact", bound=_OfPull)

_PULLS: LiteralString = (
    "SELECT id, account, source, first_day, last_day, stage, creation, waiting_for, ticket, found, created_at,"
    " intended_at, ticketed_at, finished_at, row_count, byte_count, archived_as, note, failure,"
    " (SELECT d.why FROM sp_documents d WHERE d.pull_id = p.id ORDER BY d.id DESC LIMIT 1) AS unkept,"
    " question ->> 'file' AS file, coalesce(lease_until >= clock_timestamp(), false) AS in_hand,"
    " greatest(run_at, (SELECT max(b.open_at) FROM sp_buckets b WHERE b.key = ANY (p.needs))) AS until,"
    " (SELECT array_agg(DISTINCT s.scope) FROM sp_pull_slices s WHERE s.pull_id = p.id) AS scopes,"
    " (SELECT sum(jsonb_array_length(f -> 1))::integer FROM jsonb_array_elements(p.filters) f WHERE f ->> 0 = %s)"
    " AS asins FROM sp_pulls p"
    " WHERE id IN (SELECT pull_id FROM sp_pull_slices WHERE dataset = ANY (%s) AND scope = %s AND first_day = %s)"
    " ORDER BY id"
)
_EVENTS: LiteralString = (
    "SELECT id, pull_id, at, what, said FROM sp_pull_events WHERE pull_id = ANY (%s) ORDER BY pull_id, id"
)
_BECAME: LiteralString = (
    "SELECT pull_id, dataset, state, reason FROM sp_pull_slices"
    " WHERE dataset = ANY (%s) AND scope = %s AND first_day = %s ORDER BY array_position(%s::text[], dataset)"
)
_RESTATED: LiteralString = (
    "SELECT pull_id, dataset, restated_at, units_before, units_after, sales_before, sales_after, sessions_before,"
    " sessions_after, rows_added, rows_changed, rows_withdrawn FROM sp_restatements"
    " WHERE dataset = ANY (%s) AND scope = %s AND first_day = %s ORDER BY id"
)


async def read_pulls(pool: Pool, datasets: Sequence[str], scope: str, day: date) -> list[PullStory]:
    """Return every pull that covered this day of any of these datasets, in the order in which they ended, those under
    way last; empty where none did."""
    names = list(datasets)
    with database_errors():
        async with pool.connection() as connection:
            pulls = await _read(connection, PullStory, _PULLS, scope, names, scope, day)
            events = await _read(connection, Event, _EVENTS, [pull.id for pull in pulls])
            became = await _read(connection, Became, _BECAME, names, scope, day, names)
            restated = await _read(connection, Restatement, _RESTATED, names, scope, day)
    told = (
        replace(
            pull, events=_of(pull, events), became=_of(pull, became), restatements=_of(pull, restated)
        )
        for pull in pulls
    )  # fmt: skip
    return sorted(told, key=attrgetter("ended"))


async def count_found(pool: Pool, dataset: Dataset, m: Marketplace, day: date) -> int:
    """Return how many rows of a day were there before the first pull; none of what has no rows of days."""
    if dataset.table.slice_key != ("date", "marketplace_id"):
        return 0
    query = sql.SQL(
        "SELECT count(*) FROM {} WHERE date = %s AND marketplace_id = %s AND first_loaded_at IS NULL"
    ).format(sql.Identifier(dataset.table.name))
    with database_errors():
        async with pool.connection() as connection:
            row = await (await connection.execute(query, (day, m.uuid))).fetchone()
    return int(row[0]) if row else 0


def _of(pull: PullStory, facts: Iterable[Fact]) -> tuple[Fact, ...]:
    return tuple(fact for fact in facts if fact.pull_id == pull.id)


async def _read(connection: Connection, kind: type[T], query: LiteralString, *values: object) -> list[T]:
    async with connection.cursor(row_factory=class_row(kind)) as cursor:
        await cursor.execute(query, values)
        return await cursor.fetchall()
