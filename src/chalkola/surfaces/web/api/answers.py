"""What the API answers, for the OpenAPI document: the values of `store/board/`, which a test holds to this.

Fields are only ever added; money is in the currency that stands beside it, a share is a fraction, and null is "not
there", never 0.
"""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema

Number = Annotated[Decimal, WithJsonSchema({"type": "number"})]
Figure = Number | None
State = Literal["closed", "preliminary", "due", "none"]
Versus = Literal["week_ago", "previous", "year_ago"]
Level = Literal["parent", "child"]


class _Answer(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class Definition(_Answer):
    """What a metric is."""

    key: str
    name: str
    unit: Literal["count", "money", "share"]
    decimals: int
    meaning: str
    source: str
    more_is: Literal["good", "bad", "neither"]


class Scope(_Answer):
    """Whose figures these are: one marketplace's, or those of ALL."""

    place: str
    currency: str | None


class Span(_Answer):
    """The days of a period. `missing`: marketplace-days of it without data."""

    period: str
    first: date | None
    last: date | None
    state: State
    say: str | None = Field(description="When it is due, or why there is nothing.")
    missing: int
    whole: bool


class Compared(_Answer):
    """A figure beside another period's; `ratio` is the change as a fraction of `then`."""

    then: Figure
    change: Figure
    ratio: Figure


class Cell(Compared):
    """A figure of a product, and beside another period's."""

    value: Figure


class Tile(_Answer):
    """A metric of a period. `absent`: why there is no value."""

    metric: str
    value: Figure
    absent: str | None
    versus: dict[Versus, Compared]


class Panel(_Answer):
    """A period with its metrics."""

    key: Literal["last_day", "yesterday", "month"]
    span: Span
    then: dict[Versus, Span]
    tiles: list[Tile]


class TrendDay(_Answer):
    """A day, and the one that it is held against."""

    day: date
    state: Literal["closed", "preliminary"]
    values: dict[str, Figure]
    then_day: date
    then: dict[str, Figure]


class Split(_Answer):
    """Why sales changed, in money: the three add up to the change."""

    sessions: Number
    conversion: Number
    price: Number


class Mover(_Answer):
    """A product whose sales changed."""

    asin: str
    title: str | None
    sku: str | None
    sales: Number
    sales_then: Number
    change: Number
    values: dict[str, Figure]
    then: dict[str, Figure]
    why: Split | None


class PlaceFreshness(_Answer):
    """How far a marketplace has come."""

    marketplace: str
    closed: date | None
    loaded_at: datetime | None
    say: str


class Freshness(_Answer):
    """How fresh the figures are."""

    closed: date | None
    loaded_at: datetime | None
    rates_until: date | None
    say: str
    places: list[PlaceFreshness]


class Metrics(_Answer):
    """The last closed day, yesterday and the month to date, and who moved."""

    definitions: list[Definition]
    scope: Scope
    currency: str
    panels: list[Panel]
    versus: Versus
    trend: list[TrendDay]
    movers_of: Literal["last_day", "month"]
    up: list[Mover]
    down: list[Mover]
    movers_absent: str | None
    split: Split | None
    freshness: Freshness
    open_alerts: int
    places: list[str] = Field(description="The marketplaces that have data.")


class ProductRow(_Answer):
    """A product, or a family of them. `spark`: the days of `spark_days`."""

    asin: str
    level: Level
    title: str | None
    sku: str | None
    children: int
    cells: dict[str, Cell]
    spark: list[Figure]


class Products(_Answer):
    """A page of the table. `totals` are those of all pages."""

    currency: str
    span: Span
    then: Span
    rows: list[ProductRow]
    totals: dict[str, Cell]
    spark_metric: str
    spark_days: list[date]
    money_absent: str | None = Field(description="Why there is no money, where that is so.")
    page: int
    pages: int
    total: int


class Children(_Answer):
    """The children of a product."""

    rows: list[ProductRow]


class Relative(_Answer):
    """A parent, sibling or child."""

    asin: str
    level: Level
    title: str | None
    sku: str | None


class PlaceSeries(_Answer):
    """A product's days in a marketplace, by metric, in the order of `days`."""

    marketplace: str
    currency: str
    values: dict[str, list[Figure]]


class Restated(_Answer):
    """A day of which Amazon has changed its mind."""

    marketplace: str
    day: date
    of: Literal["product", "marketplace"]
    restated_at: datetime
    units_first: int | None
    units_now: int | None
    sales_first: Figure
    sales_now: Figure
    sessions_first: int | None
    sessions_now: int | None


class Note(_Answer):
    """What somebody wrote beside a day; `asin` null: of the shop as a whole."""

    id: int
    asin: str | None
    day: date
    author: str
    text: str
    written_at: datetime


class Product(_Answer):
    """One product."""

    asin: str
    level: Level
    title: str | None
    sku: str | None
    skus: list[str]
    status: str | None
    price: Figure
    price_currency: str | None
    scope: Scope
    currency: str
    span: Span
    then: Span
    cells: dict[str, Cell]
    split: Split | None
    days: list[date]
    places: list[PlaceSeries]
    restated: list[Restated]
    parent: Relative | None
    siblings: list[Relative]
    children: list[Relative]
    notes: list[Note]
    money_absent: str | None


class Line(_Answer):
    """A line of the ledger: what there is of a dataset's day in a marketplace."""

    date: date
    marketplace: str
    dataset: str
    state: str
    row_count: int | None
    currency_code: str
    units: int | None
    sales: Figure
    sessions: int | None
    source: str | None
    loaded_at: datetime | None
    next_at: datetime | None
    reason: str | None


class Coverage(_Answer):
    """A page of the ledger, the latest days first."""

    rows: list[Line]
    page: int
    pages: int
    total: int


class Alert(_Answer):
    """Something that a person should know. `cured_at` null: it is so still."""

    id: int
    rule: str
    subject: str
    severity: Literal["note", "warning", "fault"] | None
    message: str
    why: str | None
    done: str | None
    todo: str | None
    cause: str | None = Field(description="The alert that explains this one.")
    raised_at: datetime
    cured_at: datetime | None


class Alerts(_Answer):
    """A page of alerts, the latest first."""

    rows: list[Alert]
    page: int
    pages: int
    total: int
