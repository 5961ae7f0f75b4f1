"""In which zone Amazon's day runs in each marketplace, as far as its figures have told."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import LiteralString

from psycopg.types.json import Jsonb

from chalkola.marketplaces import Marketplace
from chalkola.store.connection import Pool, database_errors
from chalkola.store.database import fetched, fetched_as


@dataclass(frozen=True, kw_only=True)
class DayZone:
    """What a comparison found. `fits` counts by zone the days that agree, `zone` is None where they do not tell."""

    amazon_marketplace_id: str
    zone: str | None
    days: int
    fits: Mapping[str, int]
    found_at: datetime


async def read_day_zones(pool: Pool) -> list[DayZone]:
    """Return what was found, by marketplace; empty before the first comparison."""
    query: LiteralString = "SELECT amazon_marketplace_id, zone, days, fits, found_at FROM sp_day_zones ORDER BY 1"
    return await fetched_as(pool, DayZone, query)


async def keep_day_zone(pool: Pool, found: DayZone) -> None:
    """Keep what was found. A comparison that did not tell leaves a zone that was found before."""
    query: LiteralString = (
        "INSERT INTO sp_day_zones AS z (amazon_marketplace_id, zone, days, fits, found_at)"
        " VALUES (%s, %s, %s, %s, %s)"
        " ON CONFLICT (amazon_marketplace_id) DO UPDATE SET zone = excluded.zone, days = excluded.days,"
        " fits = excluded.fits, found_at = excluded.found_at WHERE excluded.zone IS NOT NULL OR z.zone IS NULL"
    )
    values = (found.amazon_marketplace_id, found.zone, found.days, Jsonb(dict(found.fits)), found.found_at)
    with database_errors():
        async with pool.connection() as connection:
            await connection.execute(query, values)


async def read_units(pool: Pool, m: Marketplace, since: date, before: date, most: int) -> dict[date, int]:
    """Return the units of the newest `most` days with any from `since` on and before `before`, by day."""
    query: LiteralString = (
        "SELECT t.date, t.units_ordered FROM sp_daily_totals t JOIN sp_slices s"
        " ON s.dataset = 'daily_totals' AND s.scope = %s AND s.first_day = t.date"
        " WHERE t.marketplace_id = %s AND t.date >= %s AND t.date < %s AND t.units_ordered > 0"
        " AND s.state IN ('proven', 'differs', 'loaded') ORDER BY t.date DESC LIMIT %s"
    )
    return dict(await fetched(pool, query, (m.scope, m.uuid, since, before, most)))
