"""A day's figures beside those of the same weekday a week before, as a digest needs them. Reads only."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import LiteralString
from uuid import UUID

from chalkola.store.connection import Pool
from chalkola.store.database import fetched_as


@dataclass(frozen=True, kw_only=True)
class DayTotals:
    """Amazon's own totals of a marketplace's day; None where it does not say."""

    marketplace_id: UUID
    day: date
    units: int | None
    sales: Decimal | None
    sessions: int | None


@dataclass(frozen=True, kw_only=True)
class Move:
    """An ASIN's day beside the one a week before. An ASIN without a row has sold nothing."""

    marketplace_id: UUID
    asin: str
    units_before: int
    units: int
    sales_before: Decimal
    sales: Decimal

    @property
    def by(self) -> int:
        return self.units - self.units_before


async def read_totals(pool: Pool, days: Mapping[UUID, date]) -> list[DayTotals]:
    """Return the totals of each marketplace's day, and of the day a week before, where there are any."""
    query: LiteralString = (
        "SELECT t.marketplace_id, t.date AS day, t.units_ordered AS units, t.ordered_product_sales AS sales,"
        " t.sessions FROM unnest(%s::uuid[], %s::date[]) AS w (id, day)"
        " JOIN sp_daily_totals t ON t.marketplace_id = w.id AND t.date IN (w.day, w.day - 7)"
    )
    return await fetched_as(pool, DayTotals, query, (list(days), list(days.values())))


async def read_moves(pool: Pool, days: Mapping[UUID, date], most: int) -> list[Move]:
    """Return the ASINs whose units moved most against the day a week before, at most `most` of each marketplace; none
    of one that lacks the rows of either day."""
    query: LiteralString = (
        "SELECT w.id AS marketplace_id, m.* FROM unnest(%s::uuid[], %s::date[]) AS w (id, day) CROSS JOIN LATERAL ("
        " SELECT d.child_asin AS asin,"
        "  coalesce(sum(d.units_ordered) FILTER (WHERE d.date < w.day), 0)::integer AS units_before,"
        "  coalesce(sum(d.units_ordered) FILTER (WHERE d.date = w.day), 0)::integer AS units,"
        "  coalesce(sum(d.ordered_product_sales) FILTER (WHERE d.date < w.day), 0) AS sales_before,"
        "  coalesce(sum(d.ordered_product_sales) FILTER (WHERE d.date = w.day), 0) AS sales"
        " FROM sp_daily_asin_data d WHERE d.marketplace_id = w.id AND d.date IN (w.day, w.day - 7)"
        " GROUP BY d.child_asin ORDER BY abs(coalesce(sum(d.units_ordered) FILTER (WHERE d.date = w.day), 0)"
        "  - coalesce(sum(d.units_ordered) FILTER (WHERE d.date < w.day), 0)) DESC, asin LIMIT %s) AS m"
        " WHERE EXISTS (SELECT FROM sp_daily_asin_data d WHERE d.marketplace_id = w.id AND d.date = w.day - 7)"
        "   AND EXISTS (SELECT FROM sp_daily_asin_data d WHERE d.marketplace_id = w.id AND d.date = w.day)"
    )
    return await fetched_as(pool, Move, query, (list(days), list(days.values()), most))
