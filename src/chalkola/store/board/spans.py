"""Which days a period has, and which it is held against. What the words mean is SQL's (`store/sheets/30_periods.sql`,
`45_columns.sql`, `74_compare.sql`)."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, LiteralString
from uuid import UUID

from chalkola.marketplaces import marketplace
from chalkola.store.board.asking import Look, NotUnderstood, moment
from chalkola.store.board.shapes import ALL, Scope, Span, Versus


@dataclass(frozen=True, kw_only=True)
class Frame:
    """A span with the marketplaces that it is about. `has_parents`: Amazon's figures of parents are there for all of
    its days."""

    span: Span
    members: tuple[UUID, ...]
    has_parents: bool

    @property
    def key(self) -> tuple[Hashable, ...]:
        """Return all of it that figures depend on."""
        return self.span.first, self.span.last, self.span.has_figures, self.members, self.has_parents


@dataclass(frozen=True, kw_only=True)
class Framed:
    """A period, and those it is held against."""

    now: Frame
    then: Mapping[Versus, Frame]


_FRAMES: LiteralString = """
WITH these AS MATERIALIZED (
  SELECT c.*
  FROM jsonb_to_recordset(sp_sheet_grid(ARRAY[%(place)s], %(words)s, %(start)s, %(end)s, NULL, %(now)s)) AS c
    (col integer, period text, first date, last date, state text, say text, missing integer, whole boolean,
     members uuid[], has_parents boolean)
), pairs AS MATERIALIZED (
  SELECT row_number() OVER (ORDER BY t.col, v.n)::integer AS place, t.col, v.versus, f.first, f.last
  FROM these t CROSS JOIN unnest(%(versus)s::text[]) WITH ORDINALITY AS v (versus, n)
  CROSS JOIN LATERAL sp_sheet_then(t.period, t.first, t.last, t.whole, v.versus) f
  WHERE t.state IN ('closed', 'preliminary') AND f.first IS NOT NULL
), those AS (
  SELECT c.* FROM (SELECT array_agg(CASE p.first WHEN p.last THEN p.first::text ELSE concat(p.first, '..', p.last) END
                                    ORDER BY p.place) AS words FROM pairs p) AS w
  CROSS JOIN LATERAL jsonb_to_recordset(sp_sheet_grid(ARRAY[%(place)s], w.words, NULL, NULL, NULL, %(now)s)) AS c
    (col integer, period text, first date, last date, state text, say text, missing integer, whole boolean,
     members uuid[], has_parents boolean)
  WHERE w.words IS NOT NULL
)
SELECT t.*, NULL AS versus FROM these t
UNION ALL
SELECT p.col, t.period, t.first, t.last, t.state, t.say, t.missing, t.whole, t.members, t.has_parents, p.versus
FROM pairs p JOIN those t ON t.col = p.place ORDER BY 1, versus NULLS FIRST
"""


async def read_frames(
    look: Look,
    scope: Scope,
    periods: Sequence[str],
    versus: Sequence[Versus],
    now: datetime,
    *,
    start: date | None = None,
    end: date | None = None,
) -> list[Framed]:
    """Return the frame of each period, and of what it is held against, as of this `moment`. A period without figures
    is held against nothing."""
    key = ("frames", scope, *periods, *versus, moment(now), start, end)
    return await look.once(key, lambda: _read(look, scope, periods, versus, now, start, end))


async def _read(
    look: Look,
    scope: Scope,
    periods: Sequence[str],
    versus: Sequence[Versus],
    now: datetime,
    start: date | None,
    end: date | None,
) -> list[Framed]:
    values = {
        "place": scope.place, "words": list(periods), "versus": list(versus), "now": now,
        "start": start and str(start), "end": end and str(end),
    }  # fmt: skip
    rows = await look.rows(_FRAMES, values)
    by_col: dict[int, dict[Versus | None, Frame]] = {}
    for row in rows:
        by_col.setdefault(row["col"], {})[row["versus"]] = _frame(row)
    return [_framed(frames, versus) for _, frames in sorted(by_col.items())]


def _framed(frames: dict[Versus | None, Frame], versus: Sequence[Versus]) -> Framed:
    now = frames[None]
    return Framed(now=now, then={name: frames.get(name) or _nothing(now) for name in versus})


def _nothing(now: Frame) -> Frame:
    span = Span(
        period=now.span.period, first=None, last=None, state="none", say=now.span.say or "nothing to hold against",
        missing=0, whole=False,
    )  # fmt: skip
    return Frame(span=span, members=(), has_parents=False)


def _frame(row: dict[str, Any]) -> Frame:
    span = Span(
        period=row["period"], first=row["first"], last=row["last"], state=row["state"], say=row["say"],
        missing=row["missing"], whole=row["whole"],
    )  # fmt: skip
    return Frame(span=span, members=tuple(row["members"]), has_parents=row["has_parents"])


async def understood(look: Look, scope: Scope) -> Scope:
    """Return a scope in the product's own words, with its currency. Raises `NotUnderstood`."""
    return await look.once(("scope", scope), lambda: _understood(look, scope))


async def _understood(look: Look, scope: Scope) -> Scope:
    query: LiteralString = "SELECT sp_sheet_marketplace(%s) AS place, sp_sheet_currency(%s) AS currency"
    (row,) = await look.rows(query, (scope.place, scope.currency))
    if row["place"] is None or (row["place"] == ALL and row["currency"] is None):
        raise NotUnderstood("ALL needs a currency, such as EUR: marketplaces have different ones.")
    return Scope(place=row["place"], currency=row["currency"] or marketplace(row["place"]).currency)
