"""What a dataset is: a value. How to ask Amazon, what its rows look like, when Amazon restates them, and the price.

Dataset   what we collect: its table, when a day settles, how long Amazon restates and keeps it
Source    a declared way to ask: what one question may span, what it costs, what it fills
Slice     the least we can know or lack: (dataset, scope, day)
Box       what one question spans: marketplaces × days of one account
Pull      one question to Amazon: a box, and the slices that travel in it
Answer    what a document said: a batch of rows per dataset, and what was remarkable
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum

import msgspec

from chalkola.documents import Document
from chalkola.marketplaces import Marketplace
from chalkola.quotas import Quota

Cell = str | int | Decimal | date | None
Row = tuple[Cell, ...]


class SliceState(StrEnum):
    """One enum everywhere: Python, SQL, docs and on screen."""

    DUE = "due"
    ASKED = "asked"
    PRELIMINARY = "preliminary"
    LOADED = "loaded"
    PROVEN = "proven"
    DIFFERS = "differs"
    EMPTY = "empty"
    FAILED = "failed"
    CLOSED = "closed"

    @property
    def is_closed(self) -> bool:
        """Whether nothing more is to be asked for this slice but restatements: surfaces may show it as final."""
        return self in (SliceState.PROVEN, SliceState.DIFFERS, SliceState.EMPTY)


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


@dataclass(frozen=True, kw_only=True)
class Table:
    """Where a dataset's rows go. Every row is keyed by its day and marketplace, and by `key` within them."""

    name: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    """In the order of a `Row`'s cells; the day and the two marketplace columns are not among them."""

    @property
    def column_names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)


class Slice(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The least we can know or lack. A struct, as are boxes and pulls: two years are tens of thousands of each, which
    frozen dataclasses would take seconds to make."""

    dataset: str
    scope: str
    day: date


class Box(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What one question spans: days `first` to `last`, both included."""

    account: str
    marketplaces: tuple[Marketplace, ...]
    first: date
    last: date


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


@dataclass(kw_only=True)
class Batch:
    """Rows for one slice, to be read once; `sums`, `row_count` and `checksum` are complete after the last row.

    `checksum` does not depend on the order of the rows.
    """

    slice: Slice
    marketplace: Marketplace
    table: Table
    rows: Iterable[Row]
    lines: list[bytes] | None = None
    """The same rows encoded, as the checksum was made of them; None while rows are streamed."""
    sums: Sums = field(default_factory=Sums)
    row_count: int = 0
    checksum: str = ""


@dataclass(kw_only=True)
class Answer:
    """What a document said. `notes` go to the pull's line, `drift` names fields that Amazon's schema did not have."""

    batches: tuple[Batch, ...]
    notes: list[str] = field(default_factory=list)
    drift: set[str] = field(default_factory=set)


@dataclass(frozen=True, kw_only=True)
class Source:
    """A declared way to ask. `driver` names the code in `amazon/` that asks in that way."""

    name: str
    driver: str
    creation: str
    """The operation that creates a ticket; its bucket is an account's own."""
    quota: Quota | None
    """A tighter quota of this very question, beside the operation's; None where Amazon has none."""
    fills: tuple[str, ...]
    """The datasets that one answer fills."""
    marketplaces_per_pull: int
    days_per_pull: int
    bytes_per_row: int
    """For estimates only."""
    question: Callable[[Box], Mapping[str, object]]
    """What the driver sends to Amazon, as a value that can be compared."""
    read: Callable[[Document, Box], Answer]
    """Raises `Refusal` for a document that is not what was asked for."""


@dataclass(frozen=True, kw_only=True)
class Dataset:
    """What we collect. `sources` in order of preference; several datasets may share a source."""

    name: str
    meaning: str
    sources: tuple[Source, ...]
    table: Table
    settles_after: timedelta
    """After the end of the day in the marketplace's zone; no official figure exists for most."""
    restated_for: timedelta
    kept_for: timedelta
    """How far back Amazon answers."""
    totals_in: str | None = None
    """The dataset that has Amazon's own totals of these rows, by which they are proven; None where there is none."""
    not_kept: Mapping[str, str] = field(default_factory=dict)
    """Amazon's fields that have no column, each with the reason."""


class Pull(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One question to Amazon, not asked yet."""

    source: Source
    box: Box
    settled: bool
    """Whether all its days have settled at the time of planning; otherwise its answer is preliminary."""

    @property
    def slices(self) -> tuple[Slice, ...]:
        """What travels in it: every dataset that the source fills, for all of the box."""
        days = [date.fromordinal(o) for o in range(self.box.first.toordinal(), self.box.last.toordinal() + 1)]
        return tuple(
            Slice(dataset=name, scope=m.scope, day=day)
            for name in self.source.fills
            for m in self.box.marketplaces
            for day in days
        )

    @property
    def question(self) -> Mapping[str, object]:
        return self.source.question(self.box)


def settled_by(dataset: Dataset, slice_ends: datetime, now: datetime) -> bool:
    """Return whether a day that ended at `slice_ends` has settled by `now`."""
    return slice_ends + dataset.settles_after <= now
