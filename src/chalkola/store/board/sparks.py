"""The small lines in a table's rows: a metric of each product, day by day."""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import LiteralString

from chalkola.store.board.asking import Look
from chalkola.store.board.by_product import SERIES, windowed
from chalkola.store.board.definitions import BY_KEY
from chalkola.store.board.families import OF_CHILDREN, Line
from chalkola.store.board.shapes import Scope
from chalkola.store.board.spans import Frame
from chalkola.store.board.windows import NOTHING, Sums, added, value_of

Sparks = Mapping[str, tuple[Decimal | None, ...]]
_Days = dict[tuple[str, int], Sums]
"""Sums by product, and by the place of the day."""


async def read_sparks(
    look: Look, scope: Scope, frame: Frame, wanted: Sequence[date], metric: str, lines: Sequence[Line]
) -> Sparks:
    """Return a metric of some lines of a table on some days in a row; None on a day of which nothing is known."""
    if not wanted or not lines:
        return {}
    asins = tuple(line.asin for line in lines)
    key = ("sparks", scope.currency, frame.key, wanted[0], metric, asins)
    return await look.once(key, lambda: _read(look, scope, frame, wanted, metric, lines))


async def _read(
    look: Look, scope: Scope, frame: Frame, wanted: Sequence[date], metric: str, lines: Sequence[Line]
) -> Sparks:
    of = BY_KEY[metric]
    names = [name for name in (of.above, of.below) if name]
    by_child = {asin: line.asin for line in lines for asin in line.child_asins}
    parents = {line.asin: line.asin for line in lines if line.children}
    needs_parents = parents and not set(names) <= set(OF_CHILDREN)
    children = await _days(look, scope, frame, wanted, names, by_child, of_parents=False)
    seen = await _days(look, scope, frame, wanted, names, parents, of_parents=True) if needs_parents else {}

    def value(asin: str, n: int) -> Decimal | None:
        sums = children.get((asin, n), NOTHING)
        if asin in parents:
            own = seen.get((asin, n), NOTHING)
            sums = {name: (sums if name in OF_CHILDREN else own)[name] for name in sums}
        return value_of(of, sums)

    return {line.asin: tuple(value(line.asin, n) for n in range(len(wanted))) for line in lines}


async def _days(
    look: Look, scope: Scope, frame: Frame, wanted: Sequence[date], names: Sequence[str], of: Mapping[str, str],
    *, of_parents: bool,
) -> _Days:  # fmt: skip
    """Return the sums of some children, or parents, each under the product that `of` puts it to."""
    windows = [(n, one, day) for n, day in enumerate(wanted) for one in frame.members]
    asin: LiteralString = "parent_asin" if of_parents else "child_asin"
    series: LiteralString = ", ".join(f"sum(q.{SERIES[name]})::numeric AS {name}" for name in names)
    query: LiteralString = (
        f"SELECT q.{asin} AS asin, q.col, {series} FROM ("
        + await windowed(look, tuple(SERIES[name] for name in names), of_parents=of_parents)
        + f") AS q WHERE q.{asin} = ANY (%(asins)s) GROUP BY 1, 2"
    )
    each = [day for *_, day in windows]
    rows = await look.rows(query, {
        "cols": [n for n, *_ in windows], "ids": [one for _, one, _ in windows], "firsts": each, "lasts": each,
        "target": scope.currency, "asins": list(of),
    })  # fmt: skip
    found: dict[tuple[str, int], list[Sums]] = {}
    for row in rows:
        sums = {**NOTHING, **{name: row[name] for name in names}}
        found.setdefault((of[row["asin"]], row["col"]), []).append(sums)
    return {key: added(many) for key, many in found.items()}
