"""Add up a child ASIN that Amazon lists twice in one day: seen once under its parent and once under itself."""

from collections.abc import Callable, Iterable, Sequence
from decimal import ROUND_HALF_UP, Decimal

from chalkola.datasets.model import Cell, Row
from chalkola.datasets.sales_and_traffic_tables import BY_ASIN

_INDEX = {name: index for index, name in enumerate(BY_ASIN.column_names)}
PARENT, CHILD = _INDEX["parent_asin"], _INDEX["child_asin"]
_CENT = Decimal("0.01")


def added_up(rows: Sequence[Row]) -> Row:
    """Return one row for several of the same child.

    Counts and money are added, ratios computed from the sums, and the parent is the one that is not the child itself.
    """
    columns = tuple(zip(*rows, strict=True))
    row = tuple(
        _RULES[name](cells, columns) if name in _RULES else _added(cells)
        for name, cells in zip(BY_ASIN.column_names, columns, strict=True)
    )
    return tuple(_RATIOS[name](cell, row) if name in _RATIOS else cell for name, cell in _named(row))


_Columns = Sequence[Sequence[Cell]]


def _added(cells: Iterable[Cell]) -> Cell:
    """Absent is not zero: the sum of the cells that are there, None when none is."""
    there = [cell for cell in cells if cell is not None]
    return sum(there) if there else None  # type: ignore[arg-type]


def _first(cells: Sequence[Cell], columns: _Columns) -> Cell:
    return next((cell for cell in cells if cell is not None), None)


def _parent(cells: Sequence[Cell], columns: _Columns) -> Cell:
    child = columns[CHILD][0]
    return next((cell for cell in cells if cell != child), child)


def _weighted_by(weight: str) -> Callable[[Sequence[Cell], _Columns], Cell]:
    def mean(cells: Sequence[Cell], columns: _Columns) -> Cell:
        pairs = [(c, w) for c, w in zip(cells, columns[_INDEX[weight]], strict=True) if c is not None and w]
        whole = sum(w for _, w in pairs)  # type: ignore[misc]
        if not whole:
            return _first(cells, columns)  # nothing was looked at: Amazon's own figure for nothing
        return (sum(c * w for c, w in pairs) / Decimal(whole)).quantize(_CENT, ROUND_HALF_UP)  # type: ignore

    return mean


def _per_hundred(part: str, whole: str) -> Callable[[Cell, Row], Cell]:
    def ratio(cell: Cell, row: Row) -> Cell:
        above, below = row[_INDEX[part]], row[_INDEX[whole]]
        if not isinstance(above, int) or not isinstance(below, int) or not below:
            return cell  # no sessions: Amazon's own figure for nothing
        return (Decimal(100) * above / below).quantize(_CENT, ROUND_HALF_UP)

    return ratio


def _named(row: Row) -> Iterable[tuple[str, Cell]]:
    return zip(BY_ASIN.column_names, row, strict=True)


_RULES = {
    "parent_asin": _parent,
    "child_asin": _first,
    "currency_code": _first,
    "buy_box_percentage": _weighted_by("page_views"),
    "buy_box_percentage_b2b": _weighted_by("page_views_b2b"),
    "unit_session_percentage": _first,
    "unit_session_percentage_b2b": _first,
}
_RATIOS = {
    "unit_session_percentage": _per_hundred("units_ordered", "sessions"),
    "unit_session_percentage_b2b": _per_hundred("units_ordered_b2b", "sessions_b2b"),
}
