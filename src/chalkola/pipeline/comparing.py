"""A downloaded Business Report held against the rows of the database, ASIN by ASIN. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from chalkola.datasets.cells import cells_of
from chalkola.datasets.model import Batch, Column

COMPARED = (
    "units_ordered",
    "total_order_items",
    "ordered_product_sales",
    "sessions",
    "page_views",
    "buy_box_percentage",
)
Figures = tuple[Decimal | None, ...]
"""What one ASIN has in each compared column; None for nothing."""


@dataclass(frozen=True, kw_only=True)
class Differing:
    """An ASIN whose figures are not the same in the file and in the database."""

    asin: str
    there: Figures
    here: Figures


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """A file (there) and the database (here), by ASIN."""

    columns: tuple[Column, ...]
    equal: int
    differing: tuple[Differing, ...]
    only_there: tuple[str, ...]
    only_here: tuple[str, ...]
    sums_there: Figures
    sums_here: Figures

    @property
    def is_equal(self) -> bool:
        return not (self.differing or self.only_there or self.only_here)


def columns_of(batch: Batch) -> tuple[Column, ...]:
    """Return the columns to compare that a file has."""
    found = {column.name: column for column in batch.columns}
    return tuple(found[name] for name in COMPARED if name in found)


def figures_of(batch: Batch) -> dict[str, Figures]:
    """Return what a file's rows say, by child ASIN."""
    places = [batch.columns.index(column) for column in columns_of(batch)]
    child = [column.name for column in batch.columns].index("child_asin")
    rows = (cells_of(line) for block in batch.spool.blocks() for _, line in block)
    return {str(cells[child]): tuple(_figure(cells[place]) for place in places) for cells in rows}


def compare(columns: Sequence[Column], there: Mapping[str, Figures], here: Mapping[str, Figures]) -> Comparison:
    """Hold a file against the database. Nothing is not zero: the two differ."""
    both = sorted(there.keys() & here.keys())
    differing = tuple(Differing(asin=a, there=there[a], here=here[a]) for a in both if there[a] != here[a])
    return Comparison(
        columns=tuple(columns),
        equal=len(both) - len(differing),
        differing=differing,
        only_there=tuple(sorted(there.keys() - here.keys())),
        only_here=tuple(sorted(here.keys() - there.keys())),
        sums_there=tuple(_sums(columns, there)),
        sums_here=tuple(_sums(columns, here)),
    )


def _sums(columns: Sequence[Column], rows: Mapping[str, Figures]) -> Iterator[Decimal | None]:
    """Yield the sum of each column; percentages have none."""
    for place, column in enumerate(columns):
        found = [figures[place] for figures in rows.values()]
        yield None if column.name.endswith("percentage") else sum((f for f in found if f is not None), Decimal(0))


def _figure(cell: str | None) -> Decimal | None:
    return None if cell is None else Decimal(cell)
