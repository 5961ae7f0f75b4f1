"""What the page of one product shows. Frozen values, as in `shapes.py`."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cached_property
from typing import Literal

from chalkola.store.board.day_lines import DayLines
from chalkola.store.board.definitions import METRICS
from chalkola.store.board.shapes import Cell, Scope, Span, Split
from chalkola.store.board.windows import line_of


@dataclass(frozen=True, kw_only=True)
class Relative:
    """A parent, sibling or child of a product."""

    asin: str
    level: Literal["parent", "child"]
    title: str | None
    sku: str | None


@dataclass(frozen=True, kw_only=True)
class PlaceSeries:
    """A product's days in one marketplace. `lines` has what metrics are made of, and `values[metric][n]` is that of
    `Product.days[n]`; money is in `currency` (the marketplace's own; for a scope of ALL the page's)."""

    marketplace: str
    currency: str
    lines: DayLines

    @cached_property
    def values(self) -> Mapping[str, tuple[Decimal | None, ...]]:
        """Return every metric's days."""
        return {one.key: line_of(one, self.lines.exact) for one in METRICS}


@dataclass(frozen=True, kw_only=True)
class Restated:
    """A day of which Amazon has changed its mind: what it said first, and what it says now. `of`: whether these are
    the product's own figures, or those of the marketplace as a whole."""

    marketplace: str
    day: date
    of: Literal["product", "marketplace"]
    restated_at: datetime
    units_first: int | None
    units_now: int | None
    sales_first: Decimal | None
    sales_now: Decimal | None
    sessions_first: int | None
    sessions_now: int | None


@dataclass(frozen=True, kw_only=True)
class Note:
    """What somebody wrote beside a day; `asin` None: of the shop as a whole."""

    id: int
    asin: str | None
    day: date
    author: str
    text: str
    written_at: datetime


@dataclass(frozen=True, kw_only=True)
class Product:
    """One product. `split`: why its sales changed between `span` and `then`; None where it cannot be told."""

    asin: str
    level: Literal["parent", "child"]
    title: str | None
    sku: str | None
    skus: tuple[str, ...]
    status: str | None
    price: Decimal | None
    price_currency: str | None
    scope: Scope
    currency: str
    span: Span
    then: Span
    cells: Mapping[str, Cell]
    split: Split | None
    days: tuple[date, ...]
    places: tuple[PlaceSeries, ...]
    restated: tuple[Restated, ...]
    parent: Relative | None
    siblings: tuple[Relative, ...]
    children: tuple[Relative, ...]
    notes: tuple[Note, ...]
    money_absent: str | None
