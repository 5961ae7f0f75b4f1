"""What people want to see of the store. Reads only, and changes nothing."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import LiteralString

from chalkola.store.connection import Pool, database_errors
from chalkola.store.database import fetched, fetched_as


@dataclass(frozen=True, kw_only=True)
class OpenPull:
    """A pull that is under way. `until` is when its next step can be taken as the buckets stand now; of several that
    draw from one bucket only the first can have it then."""

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


@dataclass(frozen=True, kw_only=True)
class PastPull:
    """A pull that has ended."""

    id: int
    account: str
    source: str
    scopes: list[str]
    first_day: date
    last_day: date
    stage: str
    intended_at: datetime | None
    finished_at: datetime
    row_count: int | None
    byte_count: int | None
    note: str | None
    failure: str | None


@dataclass(frozen=True, kw_only=True)
class KnownAccount:
    """What is remembered of an account; `closed` maps the sources it may not use to the reason."""

    account: str
    marketplaces: list[str]
    seen_at: datetime | None
    fault: str | None
    closed: dict[str, str]


@dataclass(frozen=True, kw_only=True)
class Alert:
    """Something a person should know, open until it is cured."""

    rule: str
    subject: str
    message: str
    raised_at: datetime


@dataclass(frozen=True, kw_only=True)
class DayFigures:
    """The newest day of a marketplace that has rows: units, sales and sessions are Amazon's own totals."""

    amazon_id: str
    day: date
    asins: int
    units: int | None
    sales: Decimal | None
    currency: str | None
    sessions: int | None
    state: str | None


async def read_open_pulls(pool: Pool, most: int = 10_000) -> list[OpenPull]:
    """Return the first `most` pulls under way in the order in which they are claimed."""
    query: LiteralString = (
        "SELECT id, account, source, first_day, last_day, stage, creation, waiting_for, ticket,"
        " coalesce(lease_until >= clock_timestamp(), false) AS in_hand,"
        " greatest(run_at, (SELECT max(b.open_at) FROM sp_buckets b WHERE b.key = ANY (p.needs))) AS until,"
        " (SELECT coalesce(array_agg(DISTINCT s.scope), '{}') FROM sp_pull_slices s WHERE s.pull_id = p.id) AS scopes"
        " FROM sp_pulls p WHERE finished_at IS NULL"
        " ORDER BY stage = 'planned' AND page_token IS NULL, rank, last_day DESC, id"
        " LIMIT %s"
    )
    return await fetched_as(pool, OpenPull, query, (most,))


async def read_past_pulls(pool: Pool, most: int) -> list[PastPull]:
    """Return the pulls that ended last, the latest first."""
    query: LiteralString = (
        "SELECT id, account, source, first_day, last_day, stage, intended_at, finished_at, row_count, byte_count,"
        " note, failure,"
        " (SELECT coalesce(array_agg(DISTINCT s.scope), '{}') FROM sp_pull_slices s WHERE s.pull_id = p.id) AS scopes"
        " FROM sp_pulls p WHERE finished_at IS NOT NULL ORDER BY finished_at DESC, id DESC LIMIT %s"
    )
    return await fetched_as(pool, PastPull, query, (most,))


async def read_accounts(pool: Pool) -> list[KnownAccount]:
    """Return the accounts that were ever seen, by key."""
    query: LiteralString = (
        "SELECT account, marketplaces, seen_at, fault, (SELECT coalesce(jsonb_object_agg(s.source, s.reason), '{}')"
        " FROM sp_sources s WHERE s.account = a.account AND s.closed_at IS NOT NULL) AS closed"
        " FROM sp_accounts a ORDER BY account"
    )
    return await fetched_as(pool, KnownAccount, query)


async def read_alerts(pool: Pool) -> list[Alert]:
    """Return the open alerts, the latest first."""
    query: LiteralString = (
        "SELECT rule, subject, concat_ws(' ', message, nullif(why, ''), nullif(todo, '')) AS message, raised_at"
        " FROM sp_alerts WHERE cured_at IS NULL ORDER BY raised_at DESC, id"
    )
    return await fetched_as(pool, Alert, query)


async def read_day_figures(pool: Pool) -> list[DayFigures]:
    """Return the newest day with rows of every marketplace, by Amazon's id."""
    query: LiteralString = (
        "SELECT t.amazon_marketplace_id AS amazon_id, t.date AS day, t.currency_code AS currency,"
        " t.units_ordered AS units, t.ordered_product_sales AS sales, t.sessions,"
        " (SELECT count(*) FROM sp_daily_asin_data a"
        "  WHERE a.marketplace_id = t.marketplace_id AND a.date = t.date) AS asins,"
        " (SELECT s.state FROM sp_slices s JOIN sp_pull_slices ps USING (dataset, scope, first_day)"
        "  WHERE s.dataset = 'sales_and_traffic' AND s.first_day = t.date"
        "    AND ps.marketplace_id = t.marketplace_id LIMIT 1) AS state"
        " FROM marketplaces m CROSS JOIN LATERAL"
        " (SELECT * FROM sp_daily_totals d WHERE d.marketplace_id = m.id ORDER BY d.date DESC LIMIT 1) t ORDER BY 1"
    )
    return await fetched_as(pool, DayFigures, query)


async def last_row_counts(pool: Pool) -> Mapping[tuple[str, str], int]:
    """Return how many rows the newest loaded day has, by dataset and scope."""
    query: LiteralString = (
        "SELECT DISTINCT ON (dataset, scope) dataset, scope, row_count FROM sp_slices"
        " WHERE row_count > 0 ORDER BY dataset, scope, first_day DESC"
    )
    rows = await fetched(pool, query)
    return {(dataset, scope): row_count for dataset, scope, row_count in rows}


async def last_instant(pool: Pool) -> datetime | None:
    """Return the latest instant of Amazon's time that the ledger has seen, None when it is empty."""
    query: LiteralString = (
        "SELECT greatest((SELECT max(seen_at) FROM sp_accounts), (SELECT max(greatest("
        "created_at, intended_at, ticketed_at, finished_at)) FROM sp_pulls))"
    )
    with database_errors():
        async with pool.connection() as connection:
            row = await (await connection.execute(query)).fetchone()
    return row[0] if row else None
