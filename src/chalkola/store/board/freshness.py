"""How fresh figures are, and what a person should know of them."""

from datetime import datetime
from typing import LiteralString

from chalkola.store.board.asking import Look, moment
from chalkola.store.board.shapes import ALL, Freshness, PlaceFreshness, Scope

_PLACES: LiteralString = """
SELECT c.code AS marketplace, c.closed, l.loaded_at, CASE WHEN c.closed IS NULL THEN 'no data yet'
       ELSE concat('complete to ', c.closed, CASE WHEN c.closed < c.today - 1 THEN
         '; ' || (c.closed + 1) || ' is ' || sp_sheet_due(c.scope, c.zone, c.closed + 1, %(now)s) END) END AS say
FROM sp_sheet_calendar(%(now)s) c CROSS JOIN LATERAL (
  SELECT max(s.loaded_at) AS loaded_at FROM sp_slices s
  WHERE s.dataset = 'sales_and_traffic' AND s.scope = c.scope AND s.first_day >= c.closed - 60) AS l
WHERE c.closed IS NOT NULL ORDER BY c.place
"""
_RATES: LiteralString = "SELECT max(date) AS until FROM fx_rates"
_ALERTS: LiteralString = "SELECT count(*) AS n FROM sp_alerts WHERE cured_at IS NULL AND cause IS NULL"


async def read_freshness(look: Look, scope: Scope, now: datetime) -> tuple[Freshness, tuple[str, ...]]:
    """Return how fresh a scope's figures are as of this `moment`, and every marketplace with data."""
    return await look.once(("fresh", scope.place, moment(now)), lambda: _read(look, scope, now))


async def _read(look: Look, scope: Scope, now: datetime) -> tuple[Freshness, tuple[str, ...]]:
    rows = await look.rows(_PLACES, {"now": now})
    every = tuple(PlaceFreshness(**row) for row in rows)
    places = tuple(one for one in every if scope.place in (ALL, one.marketplace))
    (rates,) = await look.rows(_RATES)
    closed = min((one.closed for one in places if one.closed), default=None)
    loaded = [one.loaded_at for one in places if one.loaded_at]
    fresh = Freshness(
        closed=closed, loaded_at=max(loaded, default=None), rates_until=rates["until"], places=places,
        say=f"Complete to {closed}." if closed else "No data yet.",
    )  # fmt: skip
    return fresh, tuple(one.marketplace for one in every)


async def count_open_alerts(look: Look) -> int:
    """Return how many alerts are open that no other one explains."""

    async def read() -> int:
        (row,) = await look.rows(_ALERTS)
        return int(row["n"])

    return await look.once(("open alerts", look.alerts), read)
