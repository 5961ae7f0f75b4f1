"""What planning two years needs of the ledger besides its lines: what was listed, refused, and is under way."""

import sys
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import LiteralString

from chalkola.datasets.model import Box, SliceState
from chalkola.store.connection import Pool
from chalkola.store.database import fetched


@dataclass(frozen=True, kw_only=True)
class Listed:
    """The child ASINs that Amazon showed in a marketplace from `first` to `last`, in alphabetical order.

    `rows` is how many rows their days should have: an ASIN that is seen v times in n days is there on about
    n × (1 - e^(-v/n)) of them.
    """

    scope: str
    first: date
    last: date
    pull_id: int
    asins: tuple[str, ...]
    rows: int


@dataclass(frozen=True, kw_only=True)
class RefusedPart:
    """A refused question for some ASINs that has not been asked anew. `attempts` are the most of any of its days."""

    pull_id: int
    source: str
    box: Box
    next_at: datetime | None
    attempts: int


async def read_listed(pool: Pool, dataset: str, scopes: Sequence[str], known: Collection[int]) -> list[Listed]:
    """Return the listings of these scopes, but those that the pulls in `known` gave."""
    query: LiteralString = (
        "SELECT s.scope, s.first_day, p.last_day, s.pull_id,"
        " coalesce(array_agg(a.child_asin ORDER BY a.child_asin) FILTER (WHERE a.child_asin IS NOT NULL), '{}'),"
        " coalesce(round(sum((p.last_day - s.first_day + 1)"
        # beyond 50 a day there is no day without; exp() would run out of digits
        "   * (1 - exp(-least(50, greatest(a.page_views, a.units_ordered, 1)::float8"
        "     / (p.last_day - s.first_day + 1))))))::int, 0)"
        " FROM sp_slices s JOIN sp_pulls p ON p.id = s.pull_id"
        " JOIN sp_pull_slices ps ON (ps.pull_id, ps.dataset, ps.scope, ps.first_day)"
        "   = (s.pull_id, s.dataset, s.scope, s.first_day)"
        " LEFT JOIN sp_seen_asins a ON a.date = s.first_day AND a.marketplace_id = ps.marketplace_id"
        " WHERE s.dataset = %s AND s.scope = ANY (%s) AND s.state IN ('loaded', 'empty') AND s.pull_id <> ALL (%s)"
        " GROUP BY s.scope, s.first_day, p.last_day, s.pull_id ORDER BY s.scope, s.first_day"
    )
    rows = await fetched(pool, query, (dataset, list(scopes), list(known)))
    return [  # an ASIN is in many months and marketplaces: it is kept once
        Listed(scope=scope, first=first, last=last, pull_id=pull, asins=tuple(map(sys.intern, asins)), rows=count)
        for scope, first, last, pull, asins, count in rows
    ]


async def read_refused_parts(pool: Pool, accounts: Sequence[str]) -> list[RefusedPart]:
    """Return the refused questions for some ASINs whose days are still open, the newest days first."""
    query: LiteralString = (
        "SELECT p.id, p.source, p.account, p.first_day, p.last_day, p.filters, array_agg(DISTINCT scope),"
        " p.redo_at, max(s.attempts)"
        " FROM sp_pull_slices ps JOIN sp_slices s USING (dataset, scope, first_day)"
        " JOIN sp_pulls p ON p.id = ps.pull_id WHERE p.stage = 'refused' AND p.filters IS NOT NULL"
        " AND p.redone_at IS NULL AND p.account = ANY (%s)"
        " AND s.state NOT IN ('proven', 'differs', 'empty')"
        " GROUP BY p.id ORDER BY p.last_day DESC, p.id"
    )
    rows = await fetched(pool, query, (list(accounts),))
    return [
        RefusedPart(
            pull_id=pull, source=source, next_at=next_at, attempts=attempts,
            box=Box.of_scopes(account, scopes, first, last, filters),
        )
        for pull, source, account, first, last, filters, scopes, next_at, attempts in rows
    ]  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Tally:
    """How many days of a dataset and scope are in a state, and the rows that they have."""

    dataset: str
    scope: str
    state: SliceState
    days: int
    rows: int


@dataclass(frozen=True, kw_only=True)
class OpenQuestion:
    """A question about history that is not over."""

    id: int
    account: str
    source: str
    stage: str


async def read_tallies(pool: Pool, datasets: Sequence[str], first: date, last: date) -> list[Tally]:
    """Return the days from `first` to `last` that have a line, counted by dataset, scope and state."""
    query: LiteralString = (
        "SELECT dataset, scope, state, count(*), coalesce(sum(row_count), 0)::bigint FROM sp_slices"
        " WHERE dataset = ANY (%s) AND first_day BETWEEN %s AND %s GROUP BY 1, 2, 3 ORDER BY 1, 2, 3"
    )
    rows = await fetched(pool, query, (list(datasets), first, last))
    return [
        Tally(dataset=dataset, scope=scope, state=SliceState(state), days=days, rows=count)
        for dataset, scope, state, days, count in rows
    ]


async def read_open_questions(pool: Pool) -> list[OpenQuestion]:
    """Return the questions about history that are not over, in the order of asking."""
    query: LiteralString = (
        "SELECT id, account, source, stage FROM sp_pulls WHERE finished_at IS NULL AND rank = 2"
        " ORDER BY last_day DESC, id"
    )
    rows = await fetched(pool, query)
    return [OpenQuestion(id=row[0], account=row[1], source=row[2], stage=row[3]) for row in rows]
