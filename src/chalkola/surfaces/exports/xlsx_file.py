"""Excel: one sheet of typed cells below a frozen header, written row by row.

What Excel cannot hold as itself becomes text and stays whole: more than 15 digits, days before March 1900, NaN.
"""

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from chalkola.errors import Fault
from chalkola.store.relations import Column, Kind

MOST_ROWS = 1_048_575
_MOST_CHARACTERS = 32_767
_DIGITS = 15
_DAY_ZERO = date(1899, 12, 30).toordinal()
_FIRST_DAY = date(1900, 3, 1).toordinal() - _DAY_ZERO  # before it Excel counts a leap day that never was
_WIDTHS = {Kind.DATE: 11, Kind.TIMESTAMP: 19, Kind.INSTANT: 19, Kind.TEXT: 16, Kind.JSON: 16}

Cell = Callable[[int, int, str], object]


@contextmanager
def xlsx_file(path: Path, columns: Sequence[Column]) -> Iterator[Callable[[bytes], None]]:
    """Give what writes rows into a new workbook. Raises `Fault` for a text that no cell can hold."""
    import xlsxwriter  # it takes a while, and other commands do without
    from xlsxwriter.exceptions import XlsxWriterException

    # What is written waits in a file beside it until the end: its folder has the room, /tmp may not.
    book = xlsxwriter.Workbook(str(path), {"constant_memory": True, "tmpdir": str(path.parent)})
    book.use_zip64()
    sheet = book.add_worksheet("data")
    _write_header(book, sheet, columns)
    cells = [_cell(book, sheet, column) for column in columns]
    row_number = 0

    def write(rows: bytes) -> None:
        nonlocal row_number
        for row in csv.reader(io.StringIO(rows.decode(), newline="")):
            row_number += 1
            for place, text in enumerate(row):
                if text:
                    cells[place](row_number, place, text)

    csv.field_size_limit(1 << 30)
    yield write
    try:
        book.close()
    except XlsxWriterException as error:
        raise OSError(str(error)) from error


def _write_header(book: Any, sheet: Any, columns: Sequence[Column]) -> None:
    bold = book.add_format({"bold": True})
    for place, column in enumerate(columns):
        name = f"{column.name} (UTC)" if column.kind is Kind.INSTANT else column.name
        sheet.set_column(place, place, max(_WIDTHS.get(column.kind, 8), len(name) + 1))
        sheet.write_string(0, place, name, bold)
    sheet.freeze_panes(1, 0)


def _cell(book: Any, sheet: Any, column: Column) -> Cell:
    """Return what writes a value of a column."""

    plain = book.add_format()

    def as_text(row: int, place: int, text: str) -> None:
        if len(text) > _MOST_CHARACTERS:
            raise _too_long(column, row)
        if text.startswith("<r>"):  # XlsxWriter would take it for markup of its own
            failed = sheet.write_rich_string(row, place, text[0], plain, text[1:])
        else:
            failed = sheet.write_string(row, place, text)
        if failed:
            raise _too_long(column, row)

    match column.kind:
        case Kind.BOOLEAN:
            return lambda row, place, text: sheet.write_boolean(row, place, text == "true")
        case Kind.DATE | Kind.TIMESTAMP | Kind.INSTANT:
            return _time_cell(book, sheet, column, as_text)
        case Kind.INTEGER | Kind.NUMERIC | Kind.FLOAT:
            return _number_cell(book, sheet, column, as_text)
    return as_text


def _number_cell(book: Any, sheet: Any, column: Column, as_text: Cell) -> Cell:
    decimals = "." + "0" * column.scale if column.scale else ""
    looks = book.add_format({"num_format": f"0{decimals}"} if column.precision or column.kind is Kind.INTEGER else {})
    write_number = sheet.write_number
    rounds = column.kind is Kind.FLOAT  # it is no more exact than Excel's own numbers

    def number(row: int, place: int, text: str) -> None:
        if text[-1] not in "0123456789" or not (rounds or len(text) <= _DIGITS or _digits(text) <= _DIGITS):
            as_text(row, place, text)
        else:
            write_number(row, place, float(text), looks)

    return number


def _time_cell(book: Any, sheet: Any, column: Column, as_text: Cell) -> Cell:
    has_hours = column.kind is not Kind.DATE
    looks = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss" if has_hours else "yyyy-mm-dd"})

    def time(row: int, place: int, text: str) -> None:
        serial = _serial(text)
        if serial is None:
            as_text(row, place, text)
        else:
            sheet.write_number(row, place, serial, looks)

    return time


@lru_cache(maxsize=4096)  # the same few come again and again
def _serial(text: str) -> float | None:
    """Return the days since Excel's day zero, None for what Excel has no number for."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    seconds = at.hour * 3600 + at.minute * 60 + at.second + at.microsecond / 1e6
    days = at.toordinal() - _DAY_ZERO + seconds / 86_400
    return days if days >= _FIRST_DAY else None


def _digits(text: str) -> int:
    return len(text.lstrip("-0.").replace(".", "").rstrip("0") if "." in text else text.lstrip("-"))


def _too_long(column: Column, row: int) -> Fault:
    return Fault(
        f"Row {row} has a text in {column.name} that is too long for Excel.",
        why=f"A cell holds {_MOST_CHARACTERS:,} characters.",
        remedy="Nothing was written. CSV and Parquet hold every text.",
    )
