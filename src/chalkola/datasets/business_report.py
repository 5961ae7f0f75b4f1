"""Seller Central's own download: Business Reports, Detail Page Sales and Traffic By Child Item, one day in a file.

For days that Amazon's APIs no longer answer. The file says neither its day nor its marketplace: a person does. Kept
in the archive is the file with how it was read, so that `reload` reads it in the same way.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Literal

import msgspec

from chalkola.datasets.asins import listed, places
from chalkola.datasets.business_report_columns import has_skus, mapped
from chalkola.datasets.business_report_file import (
    DOWNLOAD_AGAIN,
    Sheet,
    UnusableFile,
    open_sheet,
    range_in,
)
from chalkola.datasets.business_report_rows import Rows, read_rows
from chalkola.datasets.collecting import Block, collect
from chalkola.datasets.counting import Counting, blocks
from chalkola.datasets.model import Answer, Box, Cell, Column, Limits, Row, Source
from chalkola.datasets.sales_and_traffic_tables import BY_ASIN
from chalkola.datasets.twice_listed import added_up
from chalkola.documents import Document

NAME = "import"
"""Whose answer it is, in the ledger and in rows. Nothing can be asked in this way: the catalog does not list it."""
DATASET = "sales_and_traffic"


class Import(msgspec.Struct, frozen=True, kw_only=True):
    """A file and how it is to be read: as it lies in the archive."""

    file_name: str
    content: bytes
    columns: dict[str, str] = {}
    """What columns are whose spelling is not known: our name, or `ignore`."""
    decimal: Literal[".", ","] | None = None

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()

    @property
    def question(self) -> Mapping[str, object]:
        """Return what the ledger keeps of it."""
        said = {"columns": self.columns or None, "decimal": self.decimal}
        return {"file": self.file_name, "sha256": self.sha256, **{k: v for k, v in said.items() if v}}


def read(document: Document, box: Box) -> Answer:
    """Read a kept import. Raises `UnusableFile`."""
    try:
        kept = msgspec.json.decode(document.content(), type=Import)
    except msgspec.DecodeError as error:
        raise UnusableFile("The document is not an import that was kept.", why=f"{error}.") from error
    return read_import(kept, box)


def read_import(given: Import, box: Box) -> Answer:
    """Read a file into one batch of the box's day and marketplace. All of it has been checked when this returns.

    Raises `UnusableFile` with the line and the column of what is wrong.
    """
    sheet = open_sheet(given.content)
    if remark := range_in(sheet.remarks):
        raise UnusableFile(f'The file is for several days: "{remark}".', why="It would be stored as one day.",
                           remedy=DOWNLOAD_AGAIN)  # fmt: skip
    columns = mapped(sheet.header, given.columns)
    if not sheet.rows:
        raise UnusableFile("The file has a header and no lines.", remedy=DOWNLOAD_AGAIN)
    currency = box.marketplaces[0].currency
    rows = read_rows(sheet, columns, given.decimal, currency, box.marketplaces[0].decimals)
    return _answer(sheet, rows, currency, box)


IMPORT = Source(
    name=NAME,
    driver="",
    creation="",
    quota=None,
    fills=(DATASET,),
    limits=Limits(marketplaces=1, days=1),
    bytes_per_row=550,
    question=lambda box: {},
    read=read,
)


def _answer(sheet: Sheet, rows: Rows, currency: str, box: Box) -> Answer:
    _refuse_repeated(sheet, rows)
    columns = _ours(rows.columns)
    stored = [_row(columns, rows.columns, cells, currency) for _, cells in rows.lines]
    counting = Counting(DATASET, BY_ASIN, columns, box.slices(DATASET))

    def read_through() -> Iterator[Block]:
        for block in blocks(stored):
            yield [0] * len(block), list(zip(*block, strict=True))

    collected = collect(
        read_through, counting, places(columns, BY_ASIN.key), partial(_added_up, columns), drop_identical=False
    )
    notes = list(rows.notes)
    if collected.added:
        notes.append(f"{listed(asin for _, asin in collected.added)} listed under two parents: added")
    return Answer(batches=(counting.batch,), notes=notes)


def _ours(found: Sequence[Column]) -> tuple[Column, ...]:
    """Return the columns that the file fills, in the order of the table: the key comes first."""
    names = {column.name for column in found} | {"currency_code"}
    return tuple(column for column in BY_ASIN.columns if column.name in names)


def _row(columns: Sequence[Column], found: Sequence[Column], cells: Sequence[Cell], currency: str) -> Row:
    by_name = dict(zip((column.name for column in found), cells, strict=True)) | {"currency_code": currency}
    return tuple(by_name[column.name] for column in columns)


def _added_up(columns: Sequence[Column], rows: Sequence[Row]) -> Row:
    """Add up a child that is listed under two parents; ratios are made anew from columns that may not be there."""
    names = [column.name for column in columns]
    whole = [c.name for c in BY_ASIN.columns]
    padded = [tuple(dict(zip(names, row, strict=True)).get(name) for name in whole) for row in rows]
    sums = dict(zip(whole, added_up(BY_ASIN.columns, padded), strict=True))
    return tuple(sums[name] for name in names)


def _refuse_repeated(sheet: Sheet, rows: Rows) -> None:
    """A child under two parents is Amazon's way; under one parent it is another report, or a file put together."""
    names = [column.name for column in rows.columns]
    child, parent = names.index("child_asin"), names.index("parent_asin")
    seen: dict[tuple[Cell, Cell], int] = {}
    for line, cells in rows.lines:
        key = cells[child], cells[parent]
        if key in seen:
            by_sku = has_skus(sheet.header)
            raise UnusableFile(
                f"Lines {seen[key]} and {line} are both for {cells[child]}.",
                why="This is the report by SKU, which counts a visit for each of them."
                if by_sku
                else "A report for one day has one line for each.",
                remedy=DOWNLOAD_AGAIN,
            )
        seen[key] = line
