"""A Business Report as it was downloaded, taken apart: bytes of CSV or XLSX -> header, rows and remarks. Pure.

Which column means what is `business_report_columns`' business, what a cell says `business_report_numbers`'.
"""

import csv
import io
import re
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from python_calamine import CalamineError, CalamineWorkbook

from chalkola.errors import Refusal, UsageError

Raw = object
"""A cell: a text out of CSV; out of XLSX also a number, a date or a truth value. Empty cells are ''."""

_MOST_BYTES = 100_000_000
_MOST_INFLATED_BYTES = 1_000_000_000
_LEAST_COLUMNS = 6
"""A line with fewer cells before the first longer one is a remark, not the header."""
_LOOKED_AT = 20
_DELIMITERS = ",;\t"
_DATE = re.compile(r"\d{1,4}([./-])\d{1,2}\1\d{1,4}|[^\W\d]{3,9}\.? \d{1,2},? \d{4}|\d{1,2}\.? [^\W\d]{3,9}\.? \d{4}")
DOWNLOAD_AGAIN = "Download Business Reports > Detail Page Sales and Traffic By Child Item for one single day, as CSV."


class UnusableFile(Refusal, UsageError):
    """A file that a person named cannot be used as it is; nothing of it is stored."""


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """A file's table. Each row has its line in the file and as many cells as the header."""

    header: tuple[str, ...]
    rows: tuple[tuple[int, Sequence[Raw]], ...]
    remarks: tuple[str, ...]
    """What is written above the header."""


def open_sheet(content: bytes) -> Sheet:
    """Return the table in a file's content. Raises `UnusableFile` that says what the file is instead."""
    if not content.strip():
        raise UnusableFile("The file is empty.", remedy=DOWNLOAD_AGAIN)
    if len(content) > _MOST_BYTES:
        raise UnusableFile(
            f"The file has {len(content):,} bytes; a day's report has far fewer.", remedy=DOWNLOAD_AGAIN
        )
    lines = _numbered(_of_workbook(content)) if _is_workbook(content) else _of_text(_decoded(content))
    return _sheet(lines)


def range_in(remarks: Iterable[str]) -> str | None:
    """Return the remark that names more than one day, None where there is none."""
    return next((r for r in remarks if len({m.group() for m in _DATE.finditer(r)}) > 1), None)


def _is_workbook(content: bytes) -> bool:
    if content.startswith(b"\xd0\xcf\x11\xe0"):
        raise UnusableFile(
            "This is an old Excel file (.xls) or one with a password.", remedy="Save it as XLSX or CSV UTF-8."
        )
    if not content.startswith(b"PK"):
        return False
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            found = archive.infolist()
    except (zipfile.BadZipFile, NotImplementedError, ValueError) as error:  # all of them for broken bytes
        raise UnusableFile("The file begins like XLSX or ZIP and is broken.", remedy="Download it again.") from error
    if not any(entry.filename == "xl/workbook.xml" for entry in found):
        raise UnusableFile("This is a ZIP, not a Business Report.", remedy="Unpack it and name the file within.")
    if sum(entry.file_size for entry in found) > _MOST_INFLATED_BYTES:
        raise UnusableFile("The workbook is far larger than a day's report.", remedy=DOWNLOAD_AGAIN)
    return True


def _of_workbook(content: bytes) -> list[list[Raw]]:
    """Return the rows of the first sheet that has any, from the sheet's first line on."""
    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(content))
        sheets = (book.get_sheet_by_name(name).to_python(skip_empty_area=False) for name in book.sheet_names)
        return next(([list(row) for row in rows] for rows in sheets if any(map(_has_something, rows))), [])
    except CalamineError as error:
        raise UnusableFile(
            "The XLSX file cannot be read.", why=f"{error}.", remedy="Save it as CSV UTF-8."
        ) from error


def _decoded(content: bytes) -> str:
    encoding = "utf-8-sig"
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        encoding = "utf-16"
    elif b"\0" in content[:4]:  # ASCII in UTF-16 without its mark: every other byte is zero
        encoding = "utf-16-be" if content[:1] == b"\0" else "utf-16-le"
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise UnusableFile(
            f"Line {line} is not {encoding.removesuffix('-sig').upper()}.",
            why="In another encoding names and currency signs cannot be told for sure.",
            remedy="Take the file as Seller Central gave it, or save it as CSV UTF-8.",
        ) from error
    if "\0" in text:
        raise UnusableFile("The file is neither CSV nor XLSX.", remedy=DOWNLOAD_AGAIN)
    return text


def _of_text(text: str) -> Iterator[tuple[int, list[Raw]]]:
    widths = {d: _width(text, d) for d in _DELIMITERS}
    reader = _reader(text, max(widths, key=lambda d: widths[d]))
    try:
        for cells in reader:
            yield reader.line_num, list(cells)
    except csv.Error as error:
        raise UnusableFile(
            f"Line {reader.line_num} is not CSV.", why=f"{error}.", remedy="Download the file again."
        ) from error


def _width(text: str, delimiter: str) -> int:
    try:
        return max((len(cells) for cells in islice(_reader(text, delimiter), _LOOKED_AT)), default=0)
    except csv.Error:
        return 0


def _reader(text: str, delimiter: str) -> Any:
    return csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True, skipinitialspace=True)


def _numbered(rows: Iterable[list[Raw]]) -> Iterator[tuple[int, list[Raw]]]:
    return enumerate(rows, start=1)


def _sheet(lines: Iterable[tuple[int, list[Raw]]]) -> Sheet:
    full = ((line, cells) for line, cells in lines if _has_something(cells))
    remarks: list[str] = []
    for _, cells in full:
        named = [_text(cell) for cell in cells]
        while named and not named[-1]:
            named.pop()
        if sum(map(bool, named)) >= _LEAST_COLUMNS:
            return Sheet(
                header=tuple(named),
                rows=tuple((line, _as_wide(cells, len(named), line)) for line, cells in full),
                remarks=tuple(remarks),
            )
        remarks.append(" ".join(filter(None, named)))
        if len(remarks) > _LOOKED_AT:
            break
    raise UnusableFile("The file has no header: it is not a Business Report.", remedy=DOWNLOAD_AGAIN)


def _as_wide(cells: list[Raw], width: int, line: int) -> list[Raw]:
    if _has_something(cells[width:]) or len(cells) < width:
        raise UnusableFile(
            f"Line {line} has {len(cells)} cells; the header has {width}.", remedy="Download the file again."
        )
    return cells[:width]


def _has_something(cells: Iterable[Raw]) -> bool:
    return any(map(_text, cells))


def _text(cell: Raw) -> str:
    return "" if cell is None else str(cell).strip()
