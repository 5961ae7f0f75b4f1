"""Sums by product over two windows of days: what the table of products and the movers stand on.

They are read from the running sums of months, and from the rows of months that were written since
(`store/sheets/58_sums.sql`)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, LiteralString, cast
from uuid import UUID

from chalkola.store.board.asking import Look
from chalkola.store.board.shapes import Scope
from chalkola.store.board.spans import Frame
from chalkola.store.board.windows import NOTHING, SUMS, ZEROS, Sums

SERIES: Mapping[str, LiteralString] = {
    "units": "units", "sales": "sales", "sessions": "sessions", "page_views": "page_views",
    "order_items": "order_items", "buy_box_views": "buy_box_views", "buy_box_base": "buy_box_of",
}  # fmt: skip
"""How the running sums call what figures are made of."""
_KINDS: Mapping[str, LiteralString] = {"sales": "numeric", "buy_box_views": "numeric"}  # the others are whole numbers


@dataclass(frozen=True, kw_only=True)
class Pair:
    """Sums in the period, and in the one it is held against."""

    now: Sums
    then: Sums


@dataclass(frozen=True, kw_only=True)
class ChildSums:
    """A child under one parent; `parent` None: under none."""

    asin: str
    parent: str | None
    sums: Pair


@dataclass(frozen=True, kw_only=True)
class ByProduct:
    """All products with a row in either window. `seen`: Amazon's own figures of parents; of windows in which a day
    lacks them, nothing."""

    children: tuple[ChildSums, ...]
    seen: Mapping[str, Pair]
    unseen: Pair
    """The figures of a parent of which Amazon says nothing: zeros where it tells of parents, else nothing."""


async def read_by_product(look: Look, scope: Scope, now: Frame, then: Frame) -> ByProduct:
    """Return the sums of two frames, once for everybody. Sales are not known where a rate is lacking."""
    key = ("by product", scope.currency, now.key, then.key)
    return await look.once(key, lambda: _read(look, scope, now, then))


async def _read(look: Look, scope: Scope, now: Frame, then: Frame) -> ByProduct:
    has = [frame.span.has_figures for frame in (now, then)]
    sees = [frame.span.has_figures and frame.has_parents for frame in (now, then)]
    children = await _sums(look, scope, (now, then), has, of_parents=False)
    parents = await _sums(look, scope, (now, then), sees, of_parents=True)
    return ByProduct(
        children=tuple(
            ChildSums(asin=row["child_asin"], parent=row["parent_asin"], sums=_pair(row, has)) for row in children
        ),
        seen={row["parent_asin"]: _pair(row, sees) for row in parents},
        unseen=Pair(now=ZEROS if sees[0] else NOTHING, then=ZEROS if sees[1] else NOTHING),
    )


async def _sums(
    look: Look, scope: Scope, frames: Sequence[Frame], wanted: Sequence[bool], *, of_parents: bool
) -> list[dict[str, Any]]:
    windows = [
        (n, one, frame.span.first, frame.span.last)
        for n, (frame, is_wanted) in enumerate(zip(frames, wanted, strict=True)) if is_wanted
        for one in frame.members
    ]  # fmt: skip
    if not windows:
        return []
    given = {
        "cols": [n for n, *_ in windows], "ids": [one for _, one, *_ in windows],
        "firsts": [first for *_, first, _ in windows], "lasts": [last for *_, last in windows],
    }  # fmt: skip
    if len(members_of(*frames)) == 1 and not of_parents:
        return await _grouped(look, {**given, "target": scope.currency}, SERIES, of_parents=False)
    # A rate holds for a day: with one, each day is a window. So money is asked for alone, and of parents not at all.
    counts = {name: series for name, series in SERIES.items() if name != "sales"}
    rows = await _grouped(look, {**given, "target": None}, counts, of_parents=of_parents)
    money: dict[tuple[str, str], dict[str, Any]] = {}
    if not of_parents:
        priced = await _grouped(look, {**given, "target": scope.currency}, {"sales": "sales"}, of_parents=False)
        money = {(row["child_asin"], row["parent_asin"]): row for row in priced}
    return [{"sales_0": None, "sales_1": None, **money.get((row["child_asin"], row["parent_asin"]), {}), **row}
            for row in rows]  # fmt: skip


async def _grouped(
    look: Look, given: Mapping[str, object], series: Mapping[str, LiteralString], *, of_parents: bool
) -> list[dict[str, Any]]:
    columns: LiteralString = "".join(
        f", sum(q.{name}) FILTER (WHERE q.col = {n})::{_KINDS.get(key, 'bigint')} AS {key}_{n}"
        for n in (0, 1) for key, name in series.items()
    )  # fmt: skip
    query: LiteralString = (
        "SELECT q.child_asin, q.parent_asin, count(*) FILTER (WHERE q.col = 0) AS rows_0,"
        f" count(*) FILTER (WHERE q.col = 1) AS rows_1{columns} FROM ("
        + await windowed(look, tuple(series.values()), of_parents=of_parents)
        + ") AS q GROUP BY 1, 2"
    )
    return await look.rows(query, given)


async def windowed(look: Look, series: tuple[str, ...], *, of_parents: bool) -> LiteralString:
    """Return the database's own query for sums of windows, which takes %(cols)s, %(ids)s, %(firsts)s, %(lasts)s and
    %(target)s. It gives lines to be added: col, marketplace_id, child_asin, parent_asin, and the series."""
    query: LiteralString = "SELECT sp_sum_query(%s, %s) AS text"

    async def read() -> LiteralString:
        (row,) = await look.rows(query, (list(series), of_parents))
        text = row["text"].replace("%", "%%")
        for n, name in enumerate(("cols::integer", "ids::uuid", "firsts::date", "lasts::date"), 1):
            parameter, _, kind = name.partition("::")
            text = text.replace(f"${n}", f"%({parameter})s::{kind}[]")
        return cast(LiteralString, text.replace("$5", "%(target)s::text"))  # the database's own words

    return await look.once(("sums of windows", series, of_parents), read)


def _pair(row: Mapping[str, Any], has: Sequence[bool]) -> Pair:
    sides = [_side(row, n) if has[n] else NOTHING for n in (0, 1)]
    return Pair(now=sides[0], then=sides[1])


def _side(row: Mapping[str, Any], n: int) -> Sums:
    """Return a window's sums; without a row in it nothing was sold."""
    return {name: row[f"{name}_{n}"] for name in SUMS} if row[f"rows_{n}"] else ZEROS


def members_of(*frames: Frame) -> tuple[UUID, ...]:
    """Return the marketplaces of some frames, each once."""
    return tuple(dict.fromkeys(one for frame in frames for one in frame.members))
