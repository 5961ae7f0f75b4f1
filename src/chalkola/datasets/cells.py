"""Cells out of a line of CSV again, for the few lines that have to be looked into."""

import csv
import re
from collections.abc import Sequence
from decimal import Decimal

from chalkola.datasets.counting import summed
from chalkola.datasets.model import Column, Sums

CELL = re.compile(rb'"(?:[^"]|"")*"|[^",]+')
"""A cell as it stands in a line: in quotation marks, which are doubled within, or without."""


def cells_of(line: bytes) -> list[str | None]:
    """Return the texts of a line's cells, None for NULL; in quotation marks, `null` is a text like any other."""
    cells = next(csv.reader([line.decode()]))
    if b'"null"' not in line:
        return [None if cell == "null" else cell for cell in cells]
    # Of the two, csv is much the faster, and does not tell what stood in quotation marks.
    return [None if stands == b"null" else cell for stands, cell in zip(CELL.findall(line), cells, strict=True)]


def sums_of_cells(columns: Sequence[Column], cells: Sequence[str | None]) -> Sums:
    """Return what one row adds to its day's sums; absent figures and absent columns count as nothing."""
    found = {name: cells[place] or "0" for name, place in summed(tuple(columns))}
    return Sums(
        units=int(found.get("units", 0)),
        order_items=int(found.get("order_items", 0)),
        sales=Decimal(found.get("sales", 0)),
        page_views=int(found.get("page_views", 0)),
        sessions=int(found.get("sessions", 0)),
    )
