"""Rows as lines of CSV, as PostgreSQL takes them and gives them back."""

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Context, Decimal
from functools import cache
from typing import Any

import msgspec

from chalkola.datasets.elements import Columns
from chalkola.datasets.model import Cell, Column, Row

# As PostgreSQL rounds. A figure too large for any column becomes NaN here instead of an error: the store says what
# does not fit.
_ROUNDING = Context(prec=60, rounding=ROUND_HALF_UP, traps=[])
_TEXTS_KEPT = 100_000
_ENCODER = msgspec.json.Encoder()


def lines_of(columns: Sequence[Column], rows: Sequence[Row]) -> list[bytes]:
    """Return each row as a line of CSV without its end: texts and numerics in quotes, integers bare, NULL as null.

    It is what `COPY … TO (FORMAT CSV, NULL 'null', FORCE_QUOTE …)` gives for the row when texts and numerics are
    forced: a numeric has its column's scale.
    """
    return encoded(as_stored(texts_of(columns), list(zip(*rows, strict=True)))) if rows else []


def as_stored(texts: "Texts", cells: Columns) -> list[Sequence[Any]]:
    """Return cells by column, the numeric ones as the texts that their columns will show."""
    stored = list(cells)
    for place, of_column in texts:
        stored[place] = list(map(of_column.__getitem__, cells[place]))
    return stored


def encoded(stored: Columns) -> list[bytes]:
    """Return rows of texts, integers and nulls as lines of CSV.

    They are encoded as JSON, a tenth of the time that anything else takes: without its brackets, such a list is a
    line of CSV, unless a text needs escaping.
    """
    rows = list(zip(*stored, strict=True))
    json_lines = _ENCODER.encode_lines(rows)
    lines = json_lines[1:-2].split(b"]\n[")  # no end of line is within a text: JSON escapes it
    if b"\\" in json_lines:
        return [_escaped(row) if b"\\" in line else line for row, line in zip(rows, lines, strict=True)]
    return lines


def _escaped(row: Row) -> bytes:
    return ",".join(map(_escaped_cell, row)).encode()


def _escaped_cell(cell: Cell) -> str:
    if isinstance(cell, str):
        return '"' + cell.replace('"', '""') + '"'
    return "null" if cell is None else str(cell)


def texts_of(columns: Sequence[Column]) -> "Texts":
    """Return place and texts of each numeric column: 12.50 for 12.5 in a numeric(12,2), 12.5 for 12.50 in one
    without a scale."""
    numeric = ((place, c.type) for place, c in enumerate(columns) if c.type.startswith("numeric"))
    return tuple((place, _texts_of_type(kind)) for place, kind in numeric)


@cache
def _texts_of_type(kind: str) -> "_Texts":
    scale = kind.partition(",")[2].rstrip(")")
    return _Texts(int(scale) if scale else None)


class _Texts(dict[Any, str | None]):
    """The texts of a numeric column's figures. The same ones come over and over, and looking up is far faster."""

    def __init__(self, scale: int | None) -> None:
        self._step = None if scale is None else Decimal(1).scaleb(-scale)

    def __missing__(self, figure: Decimal | float | None) -> str | None:
        if len(self) > _TEXTS_KEPT:
            self.clear()
        if figure is None:
            return self.setdefault(None, None)
        exact = Decimal(repr(figure)) if isinstance(figure, float) else Decimal(figure)
        if self._step is None:
            return self.setdefault(figure, f"{exact.normalize(_ROUNDING):f}")
        rounded = _ROUNDING.add(_ROUNDING.quantize(exact, self._step), Decimal(0))  # -0.00 becomes 0.00
        text = self[figure] = f"{rounded:f}" if rounded.is_finite() else f"{exact}"
        return text


Texts = Sequence[tuple[int, _Texts]]
