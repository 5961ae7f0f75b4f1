"""The figures of single days, for people: Amazon's own totals, and how many ASINs there are rows of. Reads only."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import LiteralString
from uuid import UUID

from chalkola.store.connection import Pool
from chalkola.store.database import fetched_as


@dataclass(frozen=True, kw_only=True)
class Figures:
    """A marketplace's day. `units` and `sales` are None where Amazon has not said them."""

    marketplace_id: UUID
    day: date
    asins: int
    units: int | None
    sales: Decimal | None


async def read_figures(pool: Pool, days: Iterable[tuple[UUID, date]]) -> dict[tuple[UUID, date], Figures]:
    """Return the figures of these days; a day of which nothing is here has no ASINs and no totals."""
    query: LiteralString = (
        "SELECT w.id AS marketplace_id, w.day, t.units_ordered AS units, t.ordered_product_sales AS sales,"
        " (SELECT count(*) FROM sp_daily_asin_data d WHERE d.marketplace_id = w.id AND d.date = w.day) AS asins"
        " FROM unnest(%s::uuid[], %s::date[]) AS w (id, day)"
        " LEFT JOIN sp_daily_totals t ON t.marketplace_id = w.id AND t.date = w.day"
    )
    wanted = list(dict.fromkeys(days))
    found = await fetched_as(pool, Figures, query, ([one for one, _ in wanted], [day for _, day in wanted]))
    return {(one.marketplace_id, one.day): one for one in found}
