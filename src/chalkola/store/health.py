"""What the rules of `pipeline/health/` look at, read from the ledger. Reads only."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import LiteralString

from chalkola.store.connection import Pool
from chalkola.store.database import fetched_as


@dataclass(frozen=True, kw_only=True)
class FirstLoaded:
    """When a day that had settled was loaded first."""

    scope: str
    day: date
    at: datetime


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """What an open pull waits for. `is_trouble`: its last step failed, for an outage or a connection; `said`: why."""

    account: str
    scopes: list[str]
    since: datetime
    waiting_for: str
    is_trouble: bool
    said: str


@dataclass(frozen=True, kw_only=True)
class Restatement:
    """What Amazon changed of a slice since an instant: before the first change, after the last; None: not known."""

    dataset: str
    scope: str
    day: date
    at: datetime
    units_before: int | None
    units_after: int | None
    sales_before: Decimal | None
    sales_after: Decimal | None


@dataclass(frozen=True, kw_only=True)
class Noted:
    """What was remarkable about the answers of a source, each note once."""

    source: str
    notes: list[str]


@dataclass(frozen=True, kw_only=True)
class Pace:
    """When anything was last pulled, and first asked (None: never); the open pulls of the history, and when the last
    of all its pulls moved (None: there are none)."""

    pulled_at: datetime | None
    began_at: datetime | None
    history_open: int
    history_moved_at: datetime | None
    size_bytes: int
    """Of the whole database."""


async def read_first_loaded(
    pool: Pool, datasets: Sequence[str], scopes: Sequence[str], since: date
) -> list[FirstLoaded]:
    """Return when each day from `since` on was first loaded after it had settled; of several datasets the last."""
    query: LiteralString = (
        "SELECT scope, day, max(at) AS at FROM ("
        "  SELECT ps.dataset, ps.scope, ps.first_day AS day, min(p.finished_at) AS at"
        "  FROM sp_pull_slices ps JOIN sp_pulls p ON p.id = ps.pull_id"
        "  WHERE ps.dataset = ANY (%s) AND ps.scope = ANY (%s) AND ps.first_day >= %s"
        "    AND p.stage = 'loaded' AND p.settled GROUP BY 1, 2, 3) AS f GROUP BY 1, 2 ORDER BY 1, 2"
    )
    return await fetched_as(pool, FirstLoaded, query, (list(datasets), list(scopes), since))


async def read_waiting(pool: Pool) -> list[Waiting]:
    """Return the open pulls that wait for something, the longest waiting first."""
    query: LiteralString = (
        "SELECT p.account, coalesce(p.stalled_since, p.created_at) AS since, p.waiting_for,"
        " (SELECT array_agg(DISTINCT ps.scope) FROM sp_pull_slices ps WHERE ps.pull_id = p.id) AS scopes,"
        # That Amazon is at work is no event: it only changes what is waited for.
        " coalesce(e.what IN ('setback', 'lost') AND starts_with(e.said, p.waiting_for), false) AS is_trouble,"
        " coalesce(e.said, p.waiting_for) AS said FROM sp_pulls p LEFT JOIN LATERAL (SELECT e.what, e.said"
        "  FROM sp_pull_events e WHERE e.pull_id = p.id AND e.what NOT IN ('asking', 'looking', 'taken over')"
        "  ORDER BY e.id DESC LIMIT 1) e ON true"
        " WHERE p.finished_at IS NULL AND p.waiting_for IS NOT NULL ORDER BY since, p.id"
    )
    return await fetched_as(pool, Waiting, query)


async def read_restatements(pool: Pool, since: datetime) -> list[Restatement]:
    """Return what Amazon has changed since then, each slice once."""
    query: LiteralString = (
        "SELECT DISTINCT ON (dataset, scope, first_day) dataset, scope, first_day AS day,"
        " max(restated_at) OVER whole AS at,"
        " first_value(units_before) OVER whole AS units_before, last_value(units_after) OVER whole AS units_after,"
        " first_value(sales_before) OVER whole AS sales_before, last_value(sales_after) OVER whole AS sales_after"
        " FROM sp_restatements WHERE restated_at >= %s"
        " WINDOW whole AS (PARTITION BY dataset, scope, first_day ORDER BY restated_at, id"
        "   ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) ORDER BY dataset, scope, first_day"
    )
    return await fetched_as(pool, Restatement, query, (since,))


async def read_notes(pool: Pool, since: datetime) -> list[Noted]:
    """Return the notes of the pulls that ended since then, by source."""
    query: LiteralString = (
        "SELECT source, array_agg(DISTINCT note ORDER BY note) AS notes FROM sp_pulls"
        " WHERE finished_at >= %s AND note IS NOT NULL GROUP BY source ORDER BY source"
    )
    return await fetched_as(pool, Noted, query, (since,))


async def read_pace(pool: Pool, history_rank: int) -> Pace:
    """Return how the pulls have been moving; those of `history_rank` are the history's."""
    query: LiteralString = (
        "SELECT max(finished_at) FILTER (WHERE stage IN ('loaded', 'empty')) AS pulled_at,"
        " min(created_at) AS began_at, count(*) FILTER (WHERE rank = %s AND finished_at IS NULL) AS history_open,"
        " max(greatest(created_at, intended_at, ticketed_at, finished_at)) FILTER (WHERE rank = %s)"
        "   AS history_moved_at, pg_database_size(current_database()) AS size_bytes FROM sp_pulls"
    )
    return (await fetched_as(pool, Pace, query, (history_rank, history_rank)))[0]
