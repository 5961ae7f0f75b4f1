"""The days of marketplaces: Amazon's own totals by date, and sums of the rows where Amazon's are not there."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import LiteralString
from uuid import UUID

from chalkola.periods import ONE_DAY
from chalkola.store.board.asking import Look
from chalkola.store.board.shapes import Scope, Span
from chalkola.store.board.spans import Frame
from chalkola.store.board.windows import NOTHING, SUMS, Sums, added


@dataclass(frozen=True, kw_only=True)
class Days:
    """Sums by day, all marketplaces together. `unrated`: the currency, of days whose sales have no rate."""

    by_day: Mapping[date, Sums]
    unrated: Mapping[date, str]

    def of(self, span: Span) -> Sums:
        """Return the sums over a span. Sales of which a part cannot be converted are None."""
        if not span.has_figures or span.first is None or span.last is None:
            return NOTHING
        sums = added(sums for day, sums in self.by_day.items() if span.first <= day <= span.last)
        return {**sums, "sales": None} if self.lacking(span) else sums

    def at(self, day: date) -> Sums:
        """Return the sums of a day."""
        return self.by_day.get(day, NOTHING)

    def lacking(self, span: Span) -> str | None:
        """Return the first currency without a rate on a day of a span, None where there is none."""
        if span.first is None or span.last is None:
            return None
        return next((one for day, one in sorted(self.unrated.items()) if span.first <= day <= span.last), None)


_DAYS: LiteralString = """
WITH places AS MATERIALIZED (
  SELECT m.marketplace_id, 'marketplace:' || m.code AS scope, m.currency_code FROM sp_sheet_marketplaces() m
  WHERE m.marketplace_id = ANY (%(members)s)
), rates AS MATERIALIZED (
  SELECT r.* FROM unnest(%(firsts)s::date[], %(lasts)s::date[]) AS w (first, last)
  CROSS JOIN LATERAL sp_sheet_rates(ARRAY(SELECT DISTINCT currency_code FROM places), %(target)s, w.first, w.last) r
), held AS (
  SELECT d.date, p.currency_code,
         CASE WHEN t.date IS NULL THEN r.units ELSE t.units_ordered END AS units,
         CASE WHEN t.date IS NULL THEN r.sales ELSE t.ordered_product_sales END AS sales,
         CASE WHEN t.date IS NULL THEN r.sessions ELSE t.sessions END AS sessions,
         CASE WHEN t.date IS NULL THEN r.page_views ELSE t.page_views END AS page_views,
         CASE WHEN t.date IS NULL THEN r.order_items ELSE t.total_order_items END AS order_items,
         CASE WHEN t.date IS NULL THEN r.buy_box_views ELSE t.page_views * t.buy_box_percentage / 100 END
           AS buy_box_views,
         CASE WHEN t.date IS NULL THEN r.buy_box_base WHEN t.buy_box_percentage IS NOT NULL THEN t.page_views END
           AS buy_box_base
  FROM places p CROSS JOIN unnest(%(days)s::date[]) AS d (date)
  LEFT JOIN sp_daily_totals t ON t.marketplace_id = p.marketplace_id AND t.date = d.date
  LEFT JOIN LATERAL (
    SELECT sum(a.units_ordered) AS units, sum(a.ordered_product_sales) AS sales, sum(a.sessions) AS sessions,
           sum(a.page_views) AS page_views, sum(a.total_order_items) AS order_items,
           sum(a.page_views * a.buy_box_percentage / 100) AS buy_box_views,
           sum(CASE WHEN a.buy_box_percentage IS NOT NULL THEN a.page_views END) AS buy_box_base
    FROM sp_daily_asin_data a
    WHERE t.date IS NULL AND a.date = d.date AND a.marketplace_id = p.marketplace_id
  ) AS r ON true
)
SELECT h.date, sum(h.units)::numeric AS units, sum(h.sales * r.rate)::numeric AS sales,
       sum(h.sessions)::numeric AS sessions, sum(h.page_views)::numeric AS page_views,
       sum(h.order_items)::numeric AS order_items, sum(h.buy_box_views)::numeric AS buy_box_views,
       sum(h.buy_box_base)::numeric AS buy_box_base,
       min(h.currency_code) FILTER (WHERE h.sales IS NOT NULL AND r.rate IS NULL) AS unrated
FROM held h LEFT JOIN rates r ON r.currency_code = h.currency_code AND r.date = h.date
GROUP BY h.date
"""


async def read_days(look: Look, scope: Scope, members: Sequence[UUID], days: Collection[date]) -> Days:
    """Return the sums of some days of marketplaces, in the scope's currency."""
    key = ("days", scope.currency, *members, *sorted(days))
    return await look.once(key, lambda: _read(look, scope, members, days))


async def _read(look: Look, scope: Scope, members: Sequence[UUID], days: Collection[date]) -> Days:
    if not days:
        return Days(by_day={}, unrated={})
    values = {
        "members": list(members), "target": scope.currency, "days": sorted(days),
        "firsts": [first for first, _ in runs(days)], "lasts": [last for _, last in runs(days)],
    }  # fmt: skip
    rows = await look.rows(_DAYS, values)
    return Days(
        by_day={row["date"]: _known({name: row[name] for name in SUMS}, row["unrated"]) for row in rows},
        unrated={row["date"]: row["unrated"] for row in rows if row["unrated"]},
    )


def _known(sums: Sums, unrated: str | None) -> Sums:
    return {**sums, "sales": None} if unrated else sums


_LACKING: LiteralString = """
WITH currencies AS MATERIALIZED (
  SELECT DISTINCT m.currency_code FROM sp_sheet_marketplaces() m
  WHERE m.marketplace_id = ANY (%(members)s) AND m.currency_code <> %(target)s
), windows AS (
  SELECT w.* FROM unnest(%(firsts)s::date[], %(lasts)s::date[]) WITH ORDINALITY AS w (first, last, n)
), rates AS MATERIALIZED (
  SELECT w.n, r.currency_code, count(*) AS days FROM windows w
  CROSS JOIN LATERAL sp_sheet_rates(ARRAY(SELECT currency_code FROM currencies), %(target)s, w.first, w.last) r
  GROUP BY 1, 2
)
SELECT min(c.currency_code) AS currency_code FROM windows w CROSS JOIN currencies c
LEFT JOIN rates r ON r.n = w.n AND r.currency_code = c.currency_code
WHERE coalesce(r.days, 0) < w.last - w.first + 1
"""


async def read_money_absent(look: Look, scope: Scope, frames: Sequence[Frame]) -> str | None:
    """Return why money of some frames cannot be told in the scope's currency; None where it can."""
    key = ("money", scope.currency, *(frame.key for frame in frames))
    return await look.once(key, lambda: _read_money_absent(look, scope, frames))


async def _read_money_absent(look: Look, scope: Scope, frames: Sequence[Frame]) -> str | None:
    spans = [frame.span for frame in frames if frame.span.has_figures]
    values = {
        "members": list({one for frame in frames for one in frame.members}), "target": scope.currency,
        "firsts": [span.first for span in spans], "lasts": [span.last for span in spans],
    }  # fmt: skip
    (row,) = await look.rows(_LACKING, values)
    return no_rate(row["currency_code"], scope.currency or "") if row["currency_code"] else None


_RATES: LiteralString = """
SELECT r.* FROM sp_sheet_rates(
  ARRAY(SELECT DISTINCT currency_code FROM sp_sheet_marketplaces()), %(target)s, %(first)s, %(last)s) r
"""


async def read_rates(look: Look, target: str, first: date, last: date) -> Mapping[str, Sequence[Decimal | None]]:
    """Return what one unit of each currency of a marketplace is in another on each day of a span, None where there is
    no rate; a currency without any is not there."""

    async def read() -> Mapping[str, Sequence[Decimal | None]]:
        found: dict[str, list[Decimal | None]] = {}
        for row in await look.rows(_RATES, {"target": target, "first": first, "last": last}):
            line = found.setdefault(row["currency_code"], [None] * ((last - first).days + 1))
            line[(row["date"] - first).days] = row["rate"]
        return found

    return await look.once(("rates", target, first, last), read)


def runs(days: Collection[date]) -> list[tuple[date, date]]:
    """Return days as spans of days in a row, the earliest first: the first and the last of each."""
    found: list[tuple[date, date]] = []
    for day in sorted(set(days)):
        if found and day - found[-1][1] == ONE_DAY:
            found[-1] = found[-1][0], day
        else:
            found.append((day, day))
    return found


def no_rate(currency: str, target: str) -> str:
    """Return why money is not there."""
    return f"There is no rate from {currency} to {target} for all of its days."
