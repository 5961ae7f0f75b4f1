"""One product's days in each marketplace: from the running sums of months, and the rows of months written since."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from functools import cache
from itertools import chain
from operator import sub
from typing import Any, Literal, LiteralString
from uuid import UUID

from chalkola.periods import ONE_DAY
from chalkola.store.board.asking import Look
from chalkola.store.board.daily import read_rates
from chalkola.store.board.day_lines import FINE, DayLines
from chalkola.store.board.kinship import Kinship
from chalkola.store.board.shapes import Scope
from chalkola.store.board.windows import SUMS, Line, Sums


@dataclass(frozen=True, kw_only=True)
class Lines:
    """A product's sums in one marketplace, as `DayLines` has them. `seen`: whether a day has a row."""

    first: date
    seen: Sequence[bool]
    lines: DayLines

    def within(self, first: date, last: date) -> Sums | None:
        """Return the sums over days, both included; None where none of them has a row."""
        begin, end = max(0, (first - self.first).days), max(0, (last - self.first).days + 1)
        return self.lines.cut(begin, end).sums_of_all() if any(self.seen[begin:end]) else None

    def along(self, days: Sequence[date]) -> DayLines:
        """Return the sums of days in a row; None where a day has no row."""
        return self.lines.cut((days[0] - self.first).days, (days[-1] - self.first).days + 1)


Series = Mapping[str, Lines]
"""Sums by marketplace."""


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


# What of a month's sums our columns are made of; `_known` is beside each.
_OF_MONTH: Mapping[str, LiteralString] = {
    "units": "s.units", "sales": "s.sales", "sessions": "s.sessions", "page_views": "s.page_views",
    "order_items": "s.order_items", "buy_box_views": "s.buy_box_views",
    "buy_box_base": "coalesce(s.buy_box_of, s.page_views)",
}  # fmt: skip
_KNOWN_BY: Mapping[str, LiteralString] = {"buy_box_base": "buy_box_views"}
_OF_ROW: Mapping[str, LiteralString] = {
    "units": "units_ordered", "sales": "ordered_product_sales", "sessions": "sessions", "page_views": "page_views",
    "order_items": "total_order_items", "buy_box_views": "page_views * buy_box_percentage / 100",
    "buy_box_base": "CASE WHEN buy_box_percentage IS NOT NULL THEN page_views END",
}  # fmt: skip
_SOLD, _SEEN = ("units", "sales", "order_items"), ("sessions", "page_views", "buy_box_views", "buy_box_base")


@dataclass(frozen=True, kw_only=True)
class _Kind:
    """Rows of which a product's figures are made: which table's, which of its columns, and which rows."""

    of_parents: bool
    columns: Sequence[str]
    where: LiteralString


_ITS_OWN = _Kind(of_parents=False, columns=SUMS, where="child_asin = %(asin)s")
# Of a parent units and sales are its children's, visits Amazon's own.
_CHILDRENS = _Kind(of_parents=False, columns=_SOLD, where="child_asin = ANY (%(family)s) AND parent_asin = %(asin)s")
_PARENTS = _Kind(of_parents=True, columns=_SEEN, where="parent_asin = %(asin)s")


async def read_series(
    look: Look, scope: Scope, members: Sequence[UUID], family: Family, days: Sequence[date]
) -> Series:
    """Return a product's sums on the days from the first of some to the last; a marketplace without a row in their
    months is not there."""
    if not days:
        return {}
    months = _months(days)
    kinds = (_ITS_OWN,) if family.level == "child" else (_CHILDRENS, _PARENTS)
    given = {
        "members": list(members), "months": months, "asin": family.asin, "family": [family.asin, *family.children],
    }  # fmt: skip
    found: dict[UUID, _Growing] = {}
    length = (_after(months[-1]) - months[0]).days

    def growing(row: Mapping[str, Any]) -> _Growing:
        return found.setdefault(row["marketplace_id"], _Growing(first=months[0], seen=[False] * length))

    unsummed: dict[bool, list[tuple[UUID, date]]] = {}
    for row in await look.rows(_summed(kinds), given):
        if row["seen"] is None:
            unsummed.setdefault(row["of_parents"], []).append((row["marketplace_id"], row["month"]))
        else:
            growing(row).add_month(row)
    for kind in kinds:
        if late := unsummed.get(kind.of_parents):
            more = {"ids": [one for one, _ in late], "firsts": [month for _, month in late]}
            for row in await look.rows(_rows(kind), given | more):
                growing(row).add_day(row)
    return await _priced(look, scope, found, months)


def _months(days: Sequence[date]) -> list[date]:
    return sorted({day.replace(day=1) for day in days})


@cache
def _after(month: date) -> date:
    return (month + timedelta(days=31)).replace(day=1)


def _summed(kinds: Iterable[_Kind]) -> LiteralString:
    """Return the query for months by their sums. One that is not summed is told by a line without `seen`."""
    parts: list[LiteralString] = []
    for kind in kinds:
        of: LiteralString = "s.of_parents" if kind.of_parents else "NOT s.of_parents"
        same: LiteralString = "u.of_parents" if kind.of_parents else "NOT u.of_parents"
        columns: LiteralString = "".join(
            f", {_OF_MONTH[name]} AS {name}, s.{_KNOWN_BY.get(name, name)}_known AS {name}_known"
            if name in kind.columns else f", NULL::{_array(name)} AS {name}, 0 AS {name}_known"
            for name in SUMS
        )  # fmt: skip
        parts.append(
            f"SELECT s.of_parents, s.marketplace_id, s.month, s.seen{columns} FROM sp_month_sums s"
            f" WHERE {of} AND {kind.where} AND s.month = ANY (%(months)s) AND s.marketplace_id = ANY (%(members)s)"
            f" AND NOT EXISTS (SELECT FROM sp_unsummed u WHERE {same} AND u.marketplace_id = s.marketplace_id"
            " AND u.month = s.month)"
        )
    nothing: LiteralString = "".join(f", NULL::{_array(name)}, 0" for name in SUMS)
    parts.append(
        f"SELECT DISTINCT u.of_parents, u.marketplace_id, u.month, NULL::integer{nothing} FROM sp_unsummed u"
        " WHERE u.month = ANY (%(months)s) AND u.marketplace_id = ANY (%(members)s)"
    )
    return " UNION ALL ".join(parts)


def _array(name: str) -> LiteralString:
    return "bigint[]" if name in FINE else "integer[]"


def _rows(kind: _Kind) -> LiteralString:
    """Return the query for days of months by their rows, by the key of the rows."""
    table: LiteralString = "sp_daily_parent_data" if kind.of_parents else "sp_daily_asin_data"
    columns: LiteralString = "".join(f", sum({_OF_ROW[name]}) AS {name}" for name in kind.columns)
    return (
        f"SELECT t.marketplace_id, t.date{columns} FROM unnest(%(ids)s::uuid[], %(firsts)s::date[]) AS u (id, month)"
        " CROSS JOIN LATERAL generate_series(u.month::timestamp, u.month + interval '1 month - 1 day', '1 day') AS d"
        f" JOIN {table} t ON t.marketplace_id = u.id AND t.date = d::date AND {kind.where} GROUP BY 1, 2"
    )


@dataclass(frozen=True, kw_only=True)
class _Growing:
    """A product's sums in one marketplace, while they are read; those of `FINE` in ten-thousandths."""

    first: date
    seen: list[bool]
    sums: dict[str, list[Decimal | int | None]] = field(default_factory=dict)

    def add_month(self, row: Mapping[str, Any]) -> None:
        """Add a month's running sums."""
        at = (row["month"] - self.first).days
        length = (_after(row["month"]) - row["month"]).days
        days = enumerate(self.seen[at : at + length])
        self.seen[at : at + length] = [is_seen or bool(row["seen"] >> n & 1) for n, is_seen in days]
        for name in SUMS:
            if known := row[f"{name}_known"]:
                self._add(name, at, by_day(row[name], known, length))

    def add_day(self, row: Mapping[str, Any]) -> None:
        """Add a day's sums, as its rows have them: they may be finer than ten-thousandths."""
        at = (row["date"] - self.first).days
        self.seen[at] = True
        for name in SUMS:
            if (value := row.get(name)) is not None:
                self._add(name, at, [value * 10_000 if name in FINE else int(value)])

    def _add(self, name: str, at: int, values: Line) -> None:
        line = self.sums.setdefault(name, [None] * len(self.seen))
        inside = slice(at, at + len(values))
        if line[inside].count(None) < len(values):
            values = [
                b if a is None else a if b is None else a + b for a, b in zip(line[inside], values, strict=True)
            ]
        line[inside] = values


def by_day(running: Sequence[int] | None, known: int, length: int) -> list[int | None]:
    """Return each day's part of a month's running sum, None where its bit of `known` is not set. Pure."""
    values = [0] * length if running is None else [*map(sub, running, chain((0,), running))]
    if known == (1 << length) - 1:
        return [*values]
    return [value if known >> n & 1 else None for n, value in enumerate(values)]


async def _priced(
    look: Look, scope: Scope, found: Mapping[UUID, _Growing], months: Sequence[date]
) -> dict[str, Lines]:
    """Return what was found by the marketplaces' codes and in their order, with rates into the scope's currency."""
    rates = await read_rates(look, scope.currency or "", months[0], _after(months[-1]) - ONE_DAY)
    series = {}
    for place in await _read_places(look):
        if (one := found.get(place["marketplace_id"])) is None:
            continue
        sums: dict[str, Line] = {name: one.sums.get(name) or [None] * len(one.seen) for name in SUMS}
        lines = DayLines(sums=sums, rates=rates.get(place["currency_code"]) or [None] * len(one.seen))
        series[place["code"]] = Lines(first=one.first, seen=one.seen, lines=lines)
    return series


async def _read_places(look: Look) -> list[dict[str, Any]]:
    query: LiteralString = (
        "SELECT m.marketplace_id, m.code, m.currency_code FROM sp_sheet_marketplaces() m ORDER BY m.place"
    )
    return await look.once(("places",), lambda: look.rows(query))
