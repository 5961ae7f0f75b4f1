"""Count rows as they pass: how many, their sums, and a checksum that does not depend on their order.

A row is counted as the line of CSV that it becomes, which is what PostgreSQL gives back for it: so a checksum can be
made from a table as well.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from hashlib import blake2b
from itertools import islice
from typing import Any, TypeVar

from chalkola.datasets.csv_lines import as_stored, encoded, texts_of
from chalkola.datasets.elements import Columns
from chalkola.datasets.model import Batch, Column, Count, Slice, Sums, Table
from chalkola.datasets.spool import Spool

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


class Counting:
    """Takes rows block by block into a spool, counted by slice. `batch` is complete after the last block."""

    def __init__(self, dataset: str, table: Table, columns: tuple[Column, ...], slices: Sequence[Slice]) -> None:
        self._dataset, self._table, self._columns, self._slices = dataset, table, columns, slices
        self._summed, self._texts = summed(columns), texts_of(columns)
        self._spool = Spool()
        self.begin()

    def begin(self) -> None:
        """Forget what has passed."""
        self._spool.close()
        self._spool = Spool()
        self._rows: Counter[int] = Counter()
        self._sums: dict[str, list[Any]] = {name: [0] * len(self._slices) for name, _ in self._summed}
        self._digests = [_seed(self._columns)] * len(self._slices)

    def add(self, numbers: Sequence[int], columns: Columns) -> None:
        """Add a block: of each row the number of its slice, and its cells by column."""
        if not numbers:
            return
        stored = as_stored(self._texts, columns)
        lines = encoded(stored)
        self._spool.write(list(zip(numbers, lines, strict=True)))
        self._rows.update(numbers)
        for name, place in self._summed:
            _add(self._sums[name], numbers, stored[place], self._columns[place])
        for number, digest in zip(numbers, _digests(lines), strict=True):
            self._digests[number] += digest

    @property
    def batch(self) -> Batch:
        """Return what has passed."""
        counts = {slice_: self._count(number) for number, slice_ in enumerate(self._slices)}
        return Batch(
            dataset=self._dataset, table=self._table, columns=self._columns, counts=counts, spool=self._spool
        )  # fmt: skip

    def _count(self, number: int) -> Count:
        sums = {name: values[number] for name, values in self._sums.items()}
        if "sales" in sums:
            sums["sales"] = Decimal(sums["sales"])
        return Count(row_count=self._rows[number], sums=Sums(**sums), checksum=_hexadecimal(self._digests[number]))


def blocks(rows: Iterable[T]) -> Iterator[list[T]]:
    """Yield rows in lists of `BLOCK_ROWS`: enough to work by column, few enough to hold."""
    remaining = iter(rows)
    while block := list(islice(remaining, BLOCK_ROWS)):
        yield block


def checksum(columns: Sequence[Column], lines: Iterable[bytes]) -> str:
    """Return 32 hexadecimal digits: the sum of the lines' digests, begun at that of the columns' names."""
    return _hexadecimal(_seed(columns) + sum(_digests(lines)))


def _add(sums: list[Any], numbers: Sequence[int], cells: Sequence[Any], column: Column) -> None:
    if None in cells:
        cells = [0 if cell is None else cell for cell in cells]
    if column.type != "integer":
        cells = list(map(Decimal, cells))
    if numbers[0] == numbers[-1] and len(set(numbers)) == 1:
        sums[numbers[0]] += sum(cells)
        return
    for number, cell in zip(numbers, cells, strict=True):
        sums[number] += cell


def _digests(lines: Iterable[bytes]) -> list[int]:
    return [int.from_bytes(blake2b(line, digest_size=_DIGEST_BYTES).digest(), "big") for line in lines]


def _seed(columns: Sequence[Column]) -> int:
    return _digests([",".join(column.name for column in columns).encode()])[0]


def _hexadecimal(total: int) -> str:
    return f"{total % (1 << 8 * _DIGEST_BYTES):0{2 * _DIGEST_BYTES}x}"


def summed(columns: tuple[Column, ...]) -> tuple[tuple[str, int], ...]:
    """Return name and place of each column that is summed."""
    names = [column.name for column in columns]
    return tuple((name, names.index(column)) for name, column in SUMMED.items() if column in names)
