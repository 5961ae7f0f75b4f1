"""What Amazon said first of a day, and what it says now. What it said before the day had settled is not counted: then
figures are known to rise."""

from collections.abc import Sequence
from datetime import date
from typing import LiteralString

from chalkola.store.board.asking import Look
from chalkola.store.board.product_shapes import Restated
from chalkola.store.board.shapes import Scope

_RESTATED: LiteralString = """
SELECT DISTINCT ON (m.place, r.first_day) m.code AS marketplace, r.first_day AS day, 'marketplace' AS of,
       last_value(r.restated_at) OVER whole AS restated_at,
       first_value(r.units_before) OVER whole AS units_first, last_value(r.units_after) OVER whole AS units_now,
       first_value(r.sales_before) OVER whole AS sales_first, last_value(r.sales_after) OVER whole AS sales_now,
       first_value(r.sessions_before) OVER whole AS sessions_first,
       last_value(r.sessions_after) OVER whole AS sessions_now
FROM sp_sheet_marketplaces() m
JOIN sp_restatements r ON r.dataset = 'sales_and_traffic' AND r.scope = 'marketplace:' || m.code
WHERE %(place)s IN (m.code, 'ALL') AND r.first_day BETWEEN %(first)s AND %(last)s
  AND coalesce((SELECT p.settled FROM sp_pull_slices s JOIN sp_pulls p ON p.id = s.pull_id
                WHERE (s.dataset, s.scope, s.first_day) = (r.dataset, r.scope, r.first_day) AND p.stage = 'loaded'
                  AND p.finished_at < r.restated_at ORDER BY p.finished_at DESC LIMIT 1), true)
WINDOW whole AS (PARTITION BY m.place, r.first_day ORDER BY r.restated_at, r.id
                 ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)
ORDER BY m.place, r.first_day
"""


async def read_restated(look: Look, scope: Scope, line: Sequence[date]) -> tuple[Restated, ...]:
    """Return the days of which Amazon changed its mind, in each marketplace's own currency: once for everybody."""
    if not line:
        return ()
    given = {"place": scope.place, "first": line[0], "last": line[-1]}

    async def read() -> tuple[Restated, ...]:
        return tuple(Restated(**row) for row in await look.rows(_RESTATED, given))

    return await look.once(("restated", *given.values()), read)
