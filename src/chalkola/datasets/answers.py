"""What a document said: rows, counted by slice and spooled, and what was remarkable."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from chalkola.datasets.slices import Slice
from chalkola.datasets.spool import Spool
from chalkola.datasets.tables import Column, Table


@dataclass(frozen=True, kw_only=True)
class Sums:
    """The figures by which rows are held against totals, of one day and marketplace. Money in its currency."""

    units: int = 0
    order_items: int = 0
    sales: Decimal = Decimal(0)
    page_views: int = 0
    sessions: int = 0

    def __add__(self, other: "Sums") -> "Sums":
        return Sums(
            units=self.units + other.units,
            order_items=self.order_items + other.order_items,
            sales=self.sales + other.sales,
            page_views=self.page_views + other.page_views,
            sessions=self.sessions + other.sessions,
        )

    def __sub__(self, other: "Sums") -> "Sums":
        return Sums(
            units=self.units - other.units,
            order_items=self.order_items - other.order_items,
            sales=self.sales - other.sales,
            page_views=self.page_views - other.page_views,
            sessions=self.sessions - other.sessions,
        )


@dataclass(frozen=True, kw_only=True)
class Count:
    """What passed of one slice. `checksum` does not depend on the order of the rows; two answers with other columns
    never have the same one."""

    row_count: int = 0
    sums: Sums = field(default_factory=Sums)
    checksum: str = ""


@dataclass(kw_only=True)
class Batch:
    """One dataset's rows in an answer, checked, counted and spooled; `spool` is closed with its `Answer`.

    `counts` has every slice of the box, those without a row too, in the order of `spool`'s numbers.
    """

    dataset: str
    table: Table
    columns: tuple[Column, ...]
    """The source's own, in the order of a line's cells: the table may have more, which are not to be touched."""
    counts: Mapping[Slice, Count]
    spool: Spool

    @property
    def row_count(self) -> int:
        return sum(count.row_count for count in self.counts.values())


@dataclass(kw_only=True)
class Answer:
    """What a document said. `notes` go to the pull's line, `drift` names fields that Amazon's schema did not have."""

    batches: tuple[Batch, ...]
    notes: list[str] = field(default_factory=list)
    drift: set[str] = field(default_factory=set)

    def close(self) -> None:
        """Let go of the spooled rows."""
        for batch in self.batches:
            batch.spool.close()
