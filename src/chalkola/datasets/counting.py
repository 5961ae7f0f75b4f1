"""Counting rows as they pass: how many, their sums, and a checksum that does not depend on their order."""

from collections.abc import Iterable, Iterator, Sequence
from decimal import ROUND_HALF_UP, Context, Decimal
from functools import cache
from hashlib import blake2b
from itertools import islice, repeat
from operator import itemgetter
from typing import Any, TypeVar

import msgspec

from chalkola.datasets.model import Batch, Cell, Row, Sums, Table

T = TypeVar("T")

SUMMED = {
    "units": "units_ordered",
    "order_items": "total_order_items",
    "sales": "ordered_product_sales",
    "page_views": "page_views",
    "sessions": "sessions",
}
"""Which column feeds which sum, in every table that has such a column."""

BLOCK_ROWS = 500
_DIGEST_BYTES = 16
# As PostgreSQL rounds. A figure too large for any column becomes NaN here instead of an error: the store says what
# does not fit.
_ROUNDING = Context(prec=60, rounding=ROUND_HALF_UP, traps=[])


def fill(batch: Batch, rows: Iterable[Row], *, at_once: bool) -> Batch:
    """Give a batch its rows: counted now and held in lists, or counted while they pass."""
    batch.lines = [] if at_once else None
    passing = _counted(batch, rows)
    batch.rows = list(passing) if at_once else passing
    return batch


def sums_of(table: Table, rows: Sequence[Row]) -> Sums:
    """Return the sums of `rows`; absent figures and absent columns count as nothing."""
    return Sums(**{name: _sum(rows, index) for name, index in _summed(table)})


def blocks(rows: Iterable[T]) -> Iterator[list[T]]:
    """Yield rows in lists of `BLOCK_ROWS`: enough to work by column, few enough to hold."""
    remaining = iter(rows)
    while block := list(islice(remaining, BLOCK_ROWS)):
        yield block


def checksum(table: Table, rows: Iterable[Row]) -> str:
    """Return 32 hexadecimal digits: the sum of the rows' digests, over the cells as their columns will hold them."""
    return _hexadecimal(sum(_digests(lines_of(table, block)) for block in blocks(rows)))


def lines_of(table: Table, rows: Sequence[Row]) -> list[bytes]:
    """Return each row as a JSON list, its figures as their columns will hold them."""
    columns = list(zip(*rows, strict=True))
    for index, step in _scales(table):
        columns[index] = _rounded(columns[index], step)
    return list(map(msgspec.json.encode, zip(*columns, strict=True)))


def _counted(batch: Batch, rows: Iterable[Row]) -> Iterator[Row]:
    total = 0
    batch.checksum = _hexadecimal(total)
    for block in blocks(rows):
        lines = lines_of(batch.table, block)
        if batch.lines is not None:
            batch.lines += lines
        total += _digests(lines)
        batch.row_count += len(block)
        batch.sums += sums_of(batch.table, block)
        batch.checksum = _hexadecimal(total)
        yield from block


def _digests(lines: Iterable[bytes]) -> int:
    digests = [blake2b(line, digest_size=_DIGEST_BYTES).digest() for line in lines]
    return sum([int.from_bytes(digest, "big") for digest in digests])


def _rounded(column: tuple[Any, ...], step: Decimal) -> tuple[Cell, ...]:
    quantize = _ROUNDING.quantize
    if None in column:
        return tuple([cell if cell is None else quantize(cell, step) for cell in column])
    return tuple(map(quantize, column, repeat(step)))


def _hexadecimal(total: int) -> str:
    return f"{total % (1 << 8 * _DIGEST_BYTES):0{2 * _DIGEST_BYTES}x}"


def _sum(rows: Sequence[Row], index: int) -> Any:
    return sum(filter(None, map(itemgetter(index), rows)))


@cache
def _summed(table: Table) -> tuple[tuple[str, int], ...]:
    names = table.column_names
    return tuple((name, names.index(column)) for name, column in SUMMED.items() if column in names)


@cache
def _scales(table: Table) -> tuple[tuple[int, Decimal], ...]:
    """Return index and smallest step of each numeric column: 0.01 for numeric(12,2)."""
    numeric = ((i, c.type) for i, c in enumerate(table.columns) if c.type.startswith("numeric"))
    return tuple((i, Decimal(1).scaleb(-int(kind.partition(",")[2].rstrip(")")))) for i, kind in numeric)
