"""Add up an ASIN that Amazon lists twice in one day: a child once under its parent and once under itself."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal

from chalkola.datasets.model import Cell, Column, Row

_CENT = Decimal("0.01")


def added_up(columns: Sequence[Column], rows: Sequence[Row]) -> Row:
    """Return one row for several of the same ASIN, whose cells are in the order of `columns`.

    Counts, money and shares of the day are added, ratios computed from the sums, and the parent is the one that is
    not the child itself.
    """
    names = [column.name for column in columns]
    cells = {name: tuple(map(_exact, column)) for name, column in zip(names, zip(*rows, strict=True), strict=True)}
    sums = {name: _RULES[name](column, cells) if name in _RULES else _added(column) for name, column in cells.items()}
    return tuple(_RATIOS[name](sums[name], sums) if name in _RATIOS else sums[name] for name in names)


_Cells = Mapping[str, Sequence[Cell]]
_Sums = Mapping[str, Cell]


def _exact(cell: Cell) -> Cell:
    return Decimal(repr(cell)) if isinstance(cell, float) else cell


def _added(cells: Iterable[Cell]) -> Cell:
    """Absent is not zero: the sum of the cells that are there, None when none is."""
    there = [cell for cell in cells if cell is not None]
    return sum(there) if there else None  # type: ignore[arg-type]


def _first(cells: Sequence[Cell], cells_by_name: _Cells) -> Cell:
    return next((cell for cell in cells if cell is not None), None)


def _parent(cells: Sequence[Cell], cells_by_name: _Cells) -> Cell:
    child = cells_by_name.get("child_asin", cells)[0]
    return next((cell for cell in cells if cell != child), child)


def _weighted_by(weight: str) -> Callable[[Sequence[Cell], _Cells], Cell]:
    def mean(cells: Sequence[Cell], cells_by_name: _Cells) -> Cell:
        pairs = [(c, w) for c, w in zip(cells, cells_by_name[weight], strict=True) if c is not None and w]
        whole = sum(w for _, w in pairs)  # type: ignore[misc]
        if not whole:
            return _first(cells, cells_by_name)  # nothing was looked at: Amazon's own figure for nothing
        return (sum(c * w for c, w in pairs) / Decimal(whole)).quantize(_CENT, ROUND_HALF_UP)  # type: ignore

    return mean


def _per_hundred(part: str, whole: str) -> Callable[[Cell, _Sums], Cell]:
    def ratio(cell: Cell, sums: _Sums) -> Cell:
        above, below = sums[part], sums[whole]
        if not isinstance(above, int) or not isinstance(below, int) or not below:
            return cell  # nothing to divide by: Amazon's own figure for nothing
        return (Decimal(100) * above / below).quantize(_CENT, ROUND_HALF_UP)

    return ratio


_RULES = {
    "parent_asin": _parent,
    "child_asin": _first,
    "currency_code": _first,
    "buy_box_percentage": _weighted_by("page_views"),
    "buy_box_percentage_b2b": _weighted_by("page_views_b2b"),
    "unit_session_percentage": _first,
    "unit_session_percentage_b2b": _first,
    "refund_rate": _first,
    "refund_rate_b2b": _first,
}
_RATIOS = {
    "unit_session_percentage": _per_hundred("units_ordered", "sessions"),
    "unit_session_percentage_b2b": _per_hundred("units_ordered_b2b", "sessions_b2b"),
    "refund_rate": _per_hundred("units_refunded", "units_ordered"),
    "refund_rate_b2b": _per_hundred("units_refunded_b2b", "units_ordered_b2b"),
}
