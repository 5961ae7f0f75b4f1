"""Where a dataset's rows go: tables and their columns, as values."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

Cell = str | int | Decimal | date | None
Row = tuple[Cell, ...]


@dataclass(frozen=True, kw_only=True)
class Column:
    """Our name, PostgreSQL's type, the dotted path in Amazon's row, and what the figure means.

    `path` is empty for a column that the reader derives (the day, the currency). Absent or null is NULL, never 0.
    """

    name: str
    type: str
    path: str
    meaning: str
    required: bool = False
    """Whether Amazon's schema promises the field; a row without it refuses the document."""
    of_the_day: bool = False
    """Whether it is a share of the seller's whole day, which moves as soon as any other row does."""


@dataclass(frozen=True, kw_only=True)
class Stamps:
    """The columns beside a row's own in which the store notes what became of it; None where a table has no such."""

    source: str | None = "source"
    first: str | None = "first_loaded_at"
    changed: str | None = "last_changed_at"
    times: str | None = "times_changed"
    gone: str | None = None
    """Where a row that an answer no longer has is marked as gone, and kept; None: it is deleted."""

    @property
    def names(self) -> tuple[str, ...]:
        """Return the columns that there are."""
        return tuple(name for name in (self.source, self.first, self.changed, self.times, self.gone) if name)


@dataclass(frozen=True, kw_only=True)
class Table:
    """Where a dataset's rows go. Every row is keyed by its slice (its day and marketplace, as far as the table tells
    them apart), and by `key` within it."""

    name: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    """In the order of a `Row`'s cells; what tells its slice is not among them."""
    placed_by: tuple[str, ...] = ("date", "marketplace_id", "amazon_marketplace_id")
    """The columns that tell a row's slice. Without a day, each answer is about all that there is of a marketplace."""
    stamps: Stamps = Stamps()

    @property
    def column_names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)

    @property
    def slice_key(self) -> tuple[str, ...]:
        """Return the columns that tell one slice from another."""
        return tuple(name for name in self.placed_by if name in ("date", "marketplace_id"))
