"""What a dataset is: a value. How to ask Amazon, what its rows look like, when Amazon restates them, and the price.

Dataset   what we collect: its table, when a day settles, how long Amazon restates and keeps it
Source    a declared way to ask: what one question may span, what it costs, what it fills
Slice     the least we can know or lack: (dataset, scope, day)
Box       what one question spans: marketplaces × days of one account, sometimes for certain ASINs only
Pull      one question to Amazon: a box, and the slices that travel in it
Answer    what a document said: a batch of rows per dataset, and what was remarkable
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum

import msgspec

from chalkola.datasets.spool import Spool
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
    of_the_day: bool = False
    """Whether it is a share of the seller's whole day, which moves as soon as any other row does."""


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


class AsinFilter(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Some child ASINs of one marketplace, asked for together."""

    marketplace: Marketplace
    asins: tuple[str, ...]


class Box(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What one question spans: days `first` to `last`, both included; all ASINs, unless `filters` names them."""

    account: str
    marketplaces: tuple[Marketplace, ...]
    first: date
    last: date
    filters: tuple[AsinFilter, ...] = ()

    @property
    def is_complete(self) -> bool:
        """Whether an answer holds every ASIN that Amazon has data for."""
        return not self.filters

    @property
    def days(self) -> tuple[date, ...]:
        return tuple(date.fromordinal(o) for o in range(self.first.toordinal(), self.last.toordinal() + 1))

    def slices(self, dataset: str) -> tuple[Slice, ...]:
        """Return the slices of a dataset in the box: by marketplace, then by day."""
        days = self.days
        return tuple(Slice(dataset=dataset, scope=m.scope, day=day) for m in self.marketplaces for day in days)


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


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What one question may span. Where Amazon does not publish it, what it refuses is learned for each account."""

    marketplaces: int
    days: int
    filters: int = 0
    """ASIN filters of a question; 0: the question is for all ASINs."""
    repeats: bool = True
    """Whether several filters of one question may be for the same marketplace."""

    def within(self, other: "Limits") -> "Limits":
        """Return what both allow."""
        return Limits(
            marketplaces=min(self.marketplaces, other.marketplaces),
            days=min(self.days, other.days),
            filters=min(self.filters, other.filters),
            repeats=self.repeats and other.repeats,
        )


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
    limits: Limits
    bytes_per_row: int
    """For estimates only."""
    question: Callable[[Box], Mapping[str, object]]
    """What the driver sends to Amazon, as a value that can be compared."""
    read: Callable[[Document, Box], Answer]
    """Raises `Refusal` for a document that is not what was asked for."""
    slot: str | None = None
    """What Amazon limits the questions under way of, per account: the name of the GraphQL query; None: no limit."""
    processing: timedelta = timedelta(minutes=3)
    """From question to document, for estimates: Amazon states no figure; 1 to 3 minutes are usual."""

    @property
    def is_complete(self) -> bool:
        """Whether an answer holds every ASIN that Amazon has data for."""
        return not self.limits.filters

    @property
    def short_name(self) -> str:
        """Return what a row carries as its source: `report` of `sales_and_traffic.report`."""
        return self.name.rpartition(".")[2]


@dataclass(frozen=True, kw_only=True)
class Reread:
    """Closed days are read again while they are younger than `within`, once in `every`: Amazon restates."""

    within: timedelta
    every: timedelta


@dataclass(frozen=True, kw_only=True)
class Dataset:
    """What we collect. `sources` in order of preference; several datasets may share a source."""

    name: str
    meaning: str
    sources: tuple[Source, ...]
    table: Table
    settles_after: timedelta
    """After the end of the day in the marketplace's zone; no official figure exists for most."""
    rereads: tuple[Reread, ...]
    kept_for: timedelta
    """How far back Amazon answers."""
    totals_in: str | None = None
    """The dataset that has Amazon's own totals of these rows, by which they are proven; None where there is none."""
    extra: bool = False
    """Whether a night is complete without it: where no source is open, that is said once and then taken as known."""
    not_kept: Mapping[str, str] = field(default_factory=dict)
    """Amazon's fields that have no column, each with the reason."""

    @property
    def restated_for(self) -> timedelta:
        """How long a closed day may change often; what was missed in that time is caught up."""
        return min((reread.within for reread in self.rereads), default=timedelta(days=14))


class Pull(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One question to Amazon, not asked yet."""

    source: Source
    box: Box
    settled: bool
    """Whether all its days have settled at the time of planning; otherwise its answer is preliminary."""
    rank: int = 0
    """0: days that are new or lacking; 1: only such as Amazon may have restated, asked after all others."""

    @property
    def slices(self) -> tuple[Slice, ...]:
        """What travels in it: every dataset that the source fills, for all of the box."""
        return tuple(s for name in self.source.fills for s in self.box.slices(name))

    @property
    def question(self) -> Mapping[str, object]:
        return self.source.question(self.box)


def settled_by(dataset: Dataset, slice_ends: datetime, now: datetime) -> bool:
    """Return whether a day that ended at `slice_ends` has settled by `now`."""
    return slice_ends + dataset.settles_after <= now
