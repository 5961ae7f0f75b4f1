"""One product's days in each marketplace."""

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal, LiteralString
from uuid import UUID

from chalkola.store.board.asking import Look, rows_of
from chalkola.store.board.daily import read_rates
from chalkola.store.board.kinship import Kinship
from chalkola.store.board.shapes import Scope
from chalkola.store.board.windows import SUMS, Line, Sums


@dataclass(frozen=True, kw_only=True)
class Lines:
    """A product's sums in one marketplace, by column: `days` are those on which it has a row, the earliest first."""

    days: Sequence[date]
    sums: Mapping[str, Line]

    def within(self, first: date, last: date) -> Sums | None:
        """Return the sums over days, both included; None where none of them has a row."""
        begin, end = bisect_left(self.days, first), bisect_right(self.days, last)
        return {name: _sum(line[begin:end]) for name, line in self.sums.items()} if begin < end else None

    def along(self, days: Sequence[date]) -> Mapping[str, Line]:
        """Return the sums of each of these days; None where a day has no row."""
        places = {day: place for place, day in enumerate(self.days)}
        found = [places.get(day) for day in days]
        return {name: [None if at is None else line[at] for at in found] for name, line in self.sums.items()}


Series = Mapping[str, Lines]
"""Sums by marketplace."""


def _sum(line: Line) -> Decimal | int | None:
    known = [value for value in line if value is not None]
    return sum(known) if known else None


@dataclass(frozen=True, kw_only=True)
class Family:
    """A product among its own. `parent` is None where it is one, or has none; `children`: of the parent, without the
    product itself."""

    asin: str
    level: Literal["parent", "child"]
    parent: str | None
    children: tuple[str, ...]


def family_of(asin: str, kin: Kinship) -> Family | None:
    """Return a product's family; None where nothing is known of it. Pure."""
    if asin not in kin.parents and asin not in kin.children:
        return None
    if asin not in kin.parents or asin in kin.children:
        return Family(asin=asin, level="parent", parent=None, children=kin.children[asin])
    parent = kin.parents[asin]
    others = tuple(one for one in kin.children.get(parent or "", ()) if one != asin)
    return Family(asin=asin, level="child", parent=parent if parent != asin else None, children=others)


# By the key of the rows: so many of them are read as are asked for.
_SERIES: LiteralString = """
WITH places AS MATERIALIZED (
  SELECT m.place, m.code, m.marketplace_id, m.currency_code FROM sp_sheet_marketplaces() m
  WHERE m.marketplace_id = ANY (%(members)s)
)
SELECT m.code, m.currency_code, array_agg(d.date ORDER BY d.date) AS days,
       array_agg(d.units ORDER BY d.date) AS units, array_agg(d.sales ORDER BY d.date) AS sales,
       array_agg(d.order_items ORDER BY d.date) AS order_items, array_agg(d.sessions ORDER BY d.date) AS sessions,
       array_agg(d.page_views ORDER BY d.date) AS page_views,
       array_agg(d.buy_box_views ORDER BY d.date) AS buy_box_views,
       array_agg(d.buy_box_base ORDER BY d.date) AS buy_box_base
FROM (
SELECT x.marketplace_id, x.date, sum(x.units)::bigint AS units, sum(x.sales)::numeric AS sales,
       sum(x.order_items)::bigint AS order_items, sum(x.sessions)::bigint AS sessions,
       sum(x.page_views)::bigint AS page_views, sum(x.page_views * x.buy_box / 100)::numeric AS buy_box_views,
       sum(CASE WHEN x.buy_box IS NOT NULL THEN x.page_views END)::bigint AS buy_box_base
FROM (
  SELECT t.date, t.marketplace_id, t.units_ordered AS units, t.ordered_product_sales AS sales,
         t.total_order_items AS order_items, CASE WHEN %(is_child)s THEN t.sessions END AS sessions,
         CASE WHEN %(is_child)s THEN t.page_views END AS page_views,
         CASE WHEN %(is_child)s THEN t.buy_box_percentage END AS buy_box
  FROM sp_daily_asin_data t
  WHERE t.date = ANY (%(days)s) AND t.marketplace_id = ANY (%(members)s)
    AND t.child_asin = ANY (%(asins)s) AND (%(is_child)s OR t.parent_asin = %(asin)s)
  UNION ALL
  SELECT p.date, p.marketplace_id, NULL, NULL, NULL, p.sessions, p.page_views, p.buy_box_percentage
  FROM sp_daily_parent_data p
  WHERE NOT %(is_child)s AND p.date = ANY (%(days)s) AND p.parent_asin = %(asin)s
    AND p.marketplace_id = ANY (%(members)s)
) AS x GROUP BY x.marketplace_id, x.date
) AS d JOIN places m ON m.marketplace_id = d.marketplace_id
GROUP BY m.place, m.code, m.currency_code ORDER BY m.place
"""


async def read_series(
    look: Look, scope: Scope, members: Sequence[UUID], family: Family, days: Sequence[date]
) -> Series:
    """Return a product's sums on some days. Of a parent units and sales are its children's, visits Amazon's own."""
    if not days:
        return {}
    is_child = family.level == "child"
    rates = await read_rates(look, scope.currency or "", days)
    given = {
        "members": list(members), "days": list(days), "asin": family.asin, "is_child": is_child,
        "asins": [family.asin] if is_child else [family.asin, *family.children],
    }  # fmt: skip
    found = {}
    for row in await rows_of(look.connection, _SERIES, given):
        known = [rates.get((row["currency_code"], day)) for day in row["days"]]
        sold = [None if value is None or rate is None else value * rate
                for value, rate in zip(row["sales"], known, strict=True)]  # fmt: skip
        found[row["code"]] = Lines(days=row["days"], sums={**{name: row[name] for name in SUMS}, "sales": sold})
    return found
