"""The lines of a Business Report as cells of ours: each figure of its kind, or a sentence with its place. Pure."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from chalkola.datasets.business_report_columns import NEEDED
from chalkola.datasets.business_report_file import Raw, Sheet, UnusableFile
from chalkola.datasets.business_report_numbers import (
    NotAFigure,
    amount,
    count,
    decimal_sign,
    percentage,
    says_currency,
)
from chalkola.datasets.model import Cell, Column

_ASIN = re.compile(r"[A-Z0-9]{10}")
_MOST_COUNTED = 2**31 - 1

Reading = Callable[[Raw], Cell]


@dataclass(frozen=True, kw_only=True)
class Rows:
    """What a file says: its lines, each with its cells in the order of `columns`."""

    columns: tuple[Column, ...]
    lines: tuple[tuple[int, tuple[Cell, ...]], ...]
    notes: tuple[str, ...]


def read_rows(sheet: Sheet, columns: Mapping[int, Column], decimal: str | None, currency: str, decimals: int) -> Rows:
    """Read the columns at these places of a sheet; `decimal` parts decimals where the file does not show it, and
    `decimals` is how many the currency has. Raises `UnusableFile` that names line and column."""
    amounts = _cells(sheet, columns, _is_amount)
    percentages = _cells(sheet, columns, _is_percentage)
    of_amounts = decimal_sign(amounts, kind="amounts", given=decimal, whole=not decimals)
    of_percentages = decimal_sign(percentages, kind="percentages", given=decimal)
    scale = _scale(sheet, columns)

    def reading(column: Column) -> Reading:
        if column.type == "text":
            return _asin
        if column.type == "integer":
            return count
        if _is_amount(column):
            return lambda cell: amount(cell, of_amounts, currency)
        return lambda cell: percentage(cell, of_percentages, scale)

    ways = [(place, column, reading(column), _least_unfit(column)) for place, column in columns.items()]
    lines = tuple(
        (line, tuple(_cell(sheet, line, cells, *way) for way in ways)) for line, cells in sheet.rows
    )  # fmt: skip
    notes = () if says_currency(amounts) else (f"amounts without a currency: taken as {currency}",)
    return Rows(columns=tuple(columns.values()), lines=lines, notes=notes)


def _cell(
    sheet: Sheet, line: int, cells: Sequence[Raw], place: int, column: Column, read: Reading, unfit: Decimal | None
) -> Cell:
    where = f'Line {line}, column "{sheet.header[place]}"'
    try:
        found = read(cells[place])
    except NotAFigure as error:
        raise UnusableFile(f"{where}: {str(cells[place])[:40]!r} {error}.", remedy=_NOTHING_STORED) from None
    if found is None and column.name in NEEDED:
        raise UnusableFile(f"{where} is empty.", remedy=_NOTHING_STORED)
    if unfit is not None and isinstance(found, (int, Decimal)) and found >= unfit:
        raise UnusableFile(f"{where}: {found:,} is too large to be true.", remedy=_NOTHING_STORED)
    return found


_NOTHING_STORED = "Nothing of the file was stored."


def _asin(cell: Raw) -> str | None:
    text = str(cell if cell is not None else "").strip().upper()
    if not text:
        return None
    if not _ASIN.fullmatch(text):
        raise NotAFigure("is not an ASIN")
    return text


def _scale(sheet: Sheet, columns: Mapping[int, Column]) -> int | None:
    """Return by how much percentages of a workbook are to be multiplied: spreadsheets keep 12.34 % as 0.1234. None
    where that cannot be told.

    The file itself tells: units per session are in it, and what they are computed from.
    """
    named = {column.name: place for place, column in columns.items()}
    votes = {1: 0, 100: 0}
    if "unit_session_percentage" in named:
        for _, cells in sheet.rows:
            units, sessions, found = (
                cells[named[name]] for name in ("units_ordered", "sessions", "unit_session_percentage")
            )
            if _is_exact(units) and _is_exact(sessions) and _is_exact(found) and units and sessions:
                ratio = float(str(units)) / float(str(sessions))
                for scale in votes:
                    votes[scale] += abs(float(str(found)) * scale - ratio * 100) < 0.01 + ratio
    return None if votes[1] == votes[100] else max(votes, key=lambda scale: votes[scale])


def _cells(sheet: Sheet, columns: Mapping[int, Column], wanted: Callable[[Column], bool]) -> list[Raw]:
    places = [place for place, column in columns.items() if wanted(column)]
    return [cells[place] for _, cells in sheet.rows for place in places]


def _is_amount(column: Column) -> bool:
    return column.path.endswith(".amount")


def _is_percentage(column: Column) -> bool:
    return column.type.startswith("numeric") and not _is_amount(column)


def _is_exact(cell: Raw) -> bool:
    return isinstance(cell, (int, float)) and not isinstance(cell, bool)


def _least_unfit(column: Column) -> Decimal | None:
    """Return the least figure that a column cannot hold, None where any fits."""
    if column.type == "integer":
        return Decimal(_MOST_COUNTED)
    if not column.type.startswith("numeric"):
        return None
    precision, scale = map(int, column.type.removeprefix("numeric(").removesuffix(")").split(","))
    return Decimal(10) ** (precision - scale) - 1
