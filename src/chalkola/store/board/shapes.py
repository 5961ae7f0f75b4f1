"""What the pages and the API show. Frozen values; None is "not there", and something beside it says why.

A ratio (cvr, buy_box, change ratios) is a fraction: 0.0412 is 4.12 %. Money is in `currency` of the page's value.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Literal

from chalkola.periods import days

ALL = "ALL"
Versus = Literal["week_ago", "previous", "year_ago"]
VERSUS: tuple[Versus, ...] = ("week_ago", "previous", "year_ago")
"""The same weekday a week before (of a longer period: the same days); the period before; a year before."""
Values = Mapping[str, Decimal | None]
"""Figures by their metric's key (`definitions.py`)."""


@dataclass(frozen=True, kw_only=True)
class Scope:
    """Whose figures: one marketplace's (`DE`), or those of ALL. `currency` None: the marketplace's own."""

    place: str = ALL
    currency: str | None = "EUR"


@dataclass(frozen=True, kw_only=True)
class Span:
    """The days of a period. `first` and `last` are None where it has none.

    `state`: closed; preliminary (a day that has not settled); due (nothing yet: `say` has when); none (`say`: why).
    `missing`: marketplace-days of it without data. `whole`: whether the period is over and all of it is here.
    """

    period: str
    first: date | None
    last: date | None
    state: Literal["closed", "preliminary", "due", "none"]
    say: str | None
    missing: int
    whole: bool

    @property
    def has_figures(self) -> bool:
        return self.state in ("closed", "preliminary")

    def days(self) -> Iterable[date]:
        """Return its days; none where it has no figures."""
        return days(self.first, self.last) if self.has_figures and self.first and self.last else ()


@dataclass(frozen=True, kw_only=True)
class Compared:
    """A figure beside another period's. `change` is this minus that, `ratio` that as a fraction of that one."""

    then: Decimal | None
    change: Decimal | None
    ratio: Decimal | None


@dataclass(frozen=True, kw_only=True)
class Tile:
    """A metric of a period. `absent`: why there is no value. `versus`: by what it is held against."""

    metric: str
    value: Decimal | None
    absent: str | None
    versus: Mapping[Versus, Compared]


@dataclass(frozen=True, kw_only=True)
class Panel:
    """A period with its metrics. `then`: the days of each comparison."""

    key: Literal["last_day", "yesterday", "month"]
    span: Span
    then: Mapping[Versus, Span]
    tiles: tuple[Tile, ...]


@dataclass(frozen=True, kw_only=True)
class TrendDay:
    """A day of a line, and the day that it is held against. No values: nothing of it is known."""

    day: date
    state: Literal["closed", "preliminary"]
    values: Values
    then_day: date
    then: Values


@dataclass(frozen=True, kw_only=True)
class Split:
    """Why sales changed, in money: the three add up to the change, to the last cent."""

    sessions: Decimal
    conversion: Decimal
    price: Decimal

    @property
    def most(self) -> Literal["sessions", "conversion", "price"]:
        """Which of them moved sales most."""
        parts: tuple[tuple[Literal["sessions", "conversion", "price"], Decimal], ...] = (
            ("sessions", self.sessions), ("conversion", self.conversion), ("price", self.price)
        )  # fmt: skip
        return max(parts, key=lambda part: abs(part[1]))[0]


@dataclass(frozen=True, kw_only=True)
class Mover:
    """A product whose sales changed. `why` None: it cannot be told, as of sales without a visit."""

    asin: str
    title: str | None
    sku: str | None
    sales: Decimal
    sales_then: Decimal
    change: Decimal
    values: Values
    then: Values
    why: Split | None


@dataclass(frozen=True, kw_only=True)
class PlaceFreshness:
    """How far a marketplace has come. `closed` None: no day of it is closed yet. `say`: in a sentence."""

    marketplace: str
    closed: date | None
    loaded_at: datetime | None
    say: str


@dataclass(frozen=True, kw_only=True)
class Freshness:
    """How fresh the page's figures are."""

    closed: date | None
    loaded_at: datetime | None
    rates_until: date | None
    say: str
    places: tuple[PlaceFreshness, ...]


@dataclass(frozen=True, kw_only=True)
class Today:
    """The first page. `panels`: the last closed day, yesterday, the month to date.

    `up` and `down`: who moved most in money in the period `movers_of`, against `versus`; empty with `movers_absent`
    saying why where it cannot be told.
    """

    scope: Scope
    currency: str
    panels: tuple[Panel, ...]
    trend: tuple[TrendDay, ...]
    versus: Versus
    movers_of: Literal["last_day", "month"]
    up: tuple[Mover, ...]
    down: tuple[Mover, ...]
    movers_absent: str | None
    split: Split | None
    """Why sales of the movers' period changed as a whole."""
    freshness: Freshness
    open_alerts: int
    places: tuple[str, ...]
    """The marketplaces that have data, in their order: what the page may be switched to."""


@dataclass(frozen=True, kw_only=True)
class ProductsQuery:
    """What a table of products is to show. Every field can stand in an address.

    `sort`: a metric's key, `change` (of the first metric), `asin` or `title`. `search`: part of an ASIN, SKU or
    title, in any case; it is text and never a pattern. `page` counts from 1.
    """

    scope: Scope = Scope()
    period: str = "Last 30 days"
    start: date | None = None
    end: date | None = None
    versus: Versus = "previous"
    metrics: tuple[str, ...] = ("sales", "units", "sessions", "cvr", "buy_box")
    search: str = ""
    sort: str = "sales"
    descending: bool = True
    page: int = 1
    page_size: int = 50


@dataclass(frozen=True, kw_only=True)
class ProductRow:
    """A line of the table. `children`: how many it unfolds to (0: it is a child). `spark`: the days of
    `ProductsPage.spark_days`."""

    asin: str
    level: Literal["parent", "child"]
    title: str | None
    sku: str | None
    children: int
    cells: Mapping[str, "Cell"]
    spark: tuple[Decimal | None, ...]


@dataclass(frozen=True, kw_only=True)
class Cell:
    """A metric of a product in the period, and beside the other one."""

    value: Decimal | None
    then: Decimal | None
    change: Decimal | None
    ratio: Decimal | None


@dataclass(frozen=True, kw_only=True)
class ProductsPage:
    """A page of the table. `totals`: the whole selection's cells, of sums. `money_absent`: why money is not there."""

    query: ProductsQuery
    currency: str
    span: Span
    then: Span
    rows: tuple[ProductRow, ...]
    total: int
    totals: Mapping[str, Cell]
    spark_metric: str
    spark_days: tuple[date, ...]
    money_absent: str | None

    @property
    def pages(self) -> int:
        return max(1, -(-self.total // self.query.page_size))
