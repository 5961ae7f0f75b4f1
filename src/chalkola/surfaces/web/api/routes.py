"""What can be asked of the API. A parameter's words are those of the pages' addresses and of the sheets."""

from datetime import date
from typing import Annotated, Literal

import msgspec
from fastapi import APIRouter, Path, Query
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from chalkola.store.board import ledger_lines
from chalkola.store.board.definitions import METRICS
from chalkola.store.board.product import LONGEST, product
from chalkola.store.board.products import LARGEST_PAGE, children_of, products
from chalkola.store.board.shapes import ALL, ProductsQuery, Scope, Versus
from chalkola.store.board.today import today
from chalkola.surfaces.web.api import answers
from chalkola.surfaces.web.api.problems import Refused, documented
from chalkola.surfaces.web.bodies import answered
from chalkola.surfaces.web.house import house_of

Metric = Literal["units", "sales", "sessions", "cvr", "buy_box", "page_views", "order_items", "average_price"]
Sort = Metric | Literal["change", "asin", "title"]
Dataset = Literal["sales_and_traffic", "daily_totals", "daily_parents"]
SliceState = Literal["due", "asked", "preliminary", "loaded", "proven", "differs", "empty", "failed", "closed"]

Marketplace = Annotated[str, Query(max_length=20, description="A marketplace's code, such as DE; ALL is every one.")]
Currency = Annotated[
    str | None,
    Query(max_length=3, description="Convert money into it. Without it a marketplace has its own, and ALL euros."),
]
Period = Annotated[
    str, Query(max_length=60, description="A period in words: Last 30 days, MTD, Last month, 2026-W40, 2026-09-15, …")
]
Start = Annotated[date | None, Query(description="The first day, where the period is CUSTOM.")]
End = Annotated[date | None, Query(description="The last day, where the period is CUSTOM.")]
Page = Annotated[int, Query(ge=1, le=100_000, description="Counted from 1.")]
PageSize = Annotated[int, Query(ge=1, le=LARGEST_PAGE)]
Asin = Annotated[str, Path(pattern="^[A-Za-z0-9]{1,20}$", description="A parent's or a child's ASIN.")]

_ENCODER = msgspec.json.Encoder(decimal_format="number")
router = APIRouter(responses=documented(400, 401, 403, 422, 429, 500, 503))


@router.get("/metrics", response_model=answers.Metrics)
async def metrics(
    request: Request, marketplace: Marketplace = ALL, currency: Currency = None, versus: Versus = "week_ago",
    movers_of: Literal["last_day", "month"] = "last_day", days: Annotated[int, Query(ge=1, le=400)] = 60,
) -> Response:  # fmt: skip
    """The last closed day, yesterday and the month to date beside other periods, a line of days, and who moved."""
    house = house_of(request)
    page = await today(
        house.pool, house.clock.now(), _scope(marketplace, currency), versus=versus, movers_of=movers_of,
        trend_days=days,
    )  # fmt: skip
    return await _told(request, answers.Metrics, page, definitions=METRICS)


@router.get("/products", response_model=answers.Products)
async def table(
    request: Request, marketplace: Marketplace = ALL, currency: Currency = None, period: Period = "Last 30 days",
    start: Start = None, end: End = None, versus: Versus = "previous",
    metric: Annotated[list[Metric] | None, Query(max_length=8, description="The columns; may be repeated.")] = None,
    search: Annotated[str, Query(max_length=100, description="A part of an ASIN, SKU or title.")] = "",
    sort: Sort = "sales", descending: bool = True, page: Page = 1, page_size: PageSize = 50,
) -> Response:  # fmt: skip
    """A page of the table of products: families, and products without one."""
    house = house_of(request)
    query = ProductsQuery(
        scope=_scope(marketplace, currency), period=period, start=start, end=end, versus=versus,
        metrics=tuple(dict.fromkeys(metric or ProductsQuery.metrics)), search=search, sort=sort,
        descending=descending, page=page, page_size=page_size,
    )  # fmt: skip
    found = await products(house.pool, house.clock.now(), query)
    return await _told(request, answers.Products, found, page=page)


@router.get("/products/{asin}", response_model=answers.Product, responses=documented(404))
async def one(
    request: Request, asin: Asin, marketplace: Marketplace = ALL, currency: Currency = None,
    period: Period = "Last 30 days", versus: Versus = "previous",
    days: Annotated[int, Query(ge=1, le=LONGEST, description="How many days the series have.")] = 90,
) -> Response:  # fmt: skip
    """One product: its days in each marketplace, why its sales changed, its family, and notes."""
    house = house_of(request)
    found = await product(
        house.pool, house.clock.now(), asin.upper(), _scope(marketplace, currency), period=period, versus=versus,
        length=days,
    )  # fmt: skip
    if found is None:
        raise Refused(status=404, code="not_found", detail=f"Nothing is known of {asin}.")
    places = [{name: getattr(place, name) for name in answers.PlaceSeries.model_fields} for place in found.places]
    return await _told(request, answers.Product, found, places=places)


@router.get("/products/{asin}/children", response_model=answers.Children)
async def children(
    request: Request, asin: Asin, marketplace: Marketplace = ALL, currency: Currency = None,
    period: Period = "Last 30 days", start: Start = None, end: End = None, versus: Versus = "previous",
    sort: Sort = "sales", descending: bool = True,
) -> Response:  # fmt: skip
    """A parent's children, with all metrics; none of one that is not known."""
    house = house_of(request)
    query = ProductsQuery(
        scope=_scope(marketplace, currency), period=period, start=start, end=end, versus=versus,
        metrics=tuple(metric.key for metric in METRICS), sort=sort, descending=descending,
    )  # fmt: skip
    rows = await children_of(house.pool, house.clock.now(), query, asin.upper())
    return await _told(request, answers.Children, None, rows=rows)


@router.get("/coverage", response_model=answers.Coverage)
async def coverage(
    request: Request, marketplace: Marketplace = ALL, dataset: Dataset | None = None, state: SliceState | None = None,
    start: Annotated[date | None, Query(description="The first day.")] = None,
    end: Annotated[date | None, Query(description="The last day.")] = None, page: Page = 1,
    page_size: PageSize = 200,
) -> Response:  # fmt: skip
    """The ledger: what there is of each dataset's day in each marketplace."""
    found = await ledger_lines.read_lines(
        house_of(request).pool, marketplace, dataset=dataset or "", state=state or "", first=start, last=end,
        page=page, page_size=page_size,
    )  # fmt: skip
    return await _told(request, answers.Coverage, found)


@router.get("/alerts", response_model=answers.Alerts)
async def alerts(
    request: Request, state: Literal["open", "cured", "all"] = "open", page: Page = 1, page_size: PageSize = 200
) -> Response:
    """What a person should know, and what is over."""
    are_open = {"open": True, "cured": False, "all": None}[state]
    found = await ledger_lines.read_alert_lines(
        house_of(request).pool, are_open=are_open, page=page, page_size=page_size
    )
    return await _told(request, answers.Alerts, found)


def _scope(marketplace: str, currency: str | None) -> Scope:
    return Scope(place=marketplace, currency=currency or ("EUR" if marketplace.strip().upper() == ALL else None))


async def _told(request: Request, answer: type[BaseModel], value: object, **more: object) -> Response:
    """Return a value as the answer that it is documented as; `more` are fields that the value does not have."""
    given = {name: more[name] if name in more else getattr(value, name) for name in answer.model_fields}
    return await answered(request, _ENCODER.encode(given), "application/json")
