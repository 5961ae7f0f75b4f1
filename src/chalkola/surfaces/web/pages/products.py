"""Products: a table whose every view is an address. htmx asks for the table alone; without it the page comes."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from chalkola.store.board.definitions import BY_KEY
from chalkola.store.board.products import children_of
from chalkola.store.board.products import products as board
from chalkola.store.board.shapes import ProductsPage, ProductsQuery, Scope
from chalkola.surfaces.web.house import house_of
from chalkola.surfaces.web.pages.asked import (
    COLUMNS,
    CURRENCIES,
    PAGE_SIZES,
    PERIODS,
    VERSUS_NAMES,
    Address,
    products_address,
    read_products,
)
from chalkola.surfaces.web.pages.drawing import Drawn, draw, filled, once
from chalkola.surfaces.web.pages.places import freshness_and_places
from chalkola.surfaces.web.pages.refusing import refusing
from chalkola.surfaces.web.pages.rendering import page
from chalkola.surfaces.web.pages.spelling import currency_of


@refusing
async def _products(request: Request) -> Response:
    return await filled(request, await once(request, lambda: _draw(request)))


async def _draw(request: Request) -> Drawn:
    if request.headers.get("hx-request-type") == "partial":
        return await _table_alone(request)
    house = house_of(request)
    fresh, places = await freshness_and_places(house, Scope())
    if not places:
        return await draw(request, "nothing.html")
    seen = await board(house.pool, house.clock.now(), read_products(request.query_params))
    return await draw(
        request, "products.html", headers={"Vary": _VARY}, **_table(seen), freshness=fresh, places=places,
        currencies=CURRENCIES, metrics=[BY_KEY[key] for key in COLUMNS], periods=_periods(seen.query),
        sizes=PAGE_SIZES,
    )  # fmt: skip


async def _table_alone(request: Request) -> Drawn:
    house = house_of(request)
    seen = await board(house.pool, house.clock.now(), read_products(request.query_params))
    headers = {"Vary": _VARY, "HX-Push-Url": products_address(seen.query).text}
    return await draw(request, "products_table.html", headers=headers, **_table(seen))


def _table(seen: ProductsPage) -> dict[str, Any]:
    """Return what the table is drawn from."""
    address = products_address(seen.query)
    return {
        "seen": seen, "query": seen.query, "currency": seen.currency, "address": address, "by_key": BY_KEY,
        "shown": [BY_KEY[key] for key in seen.query.metrics], "versus_names": VERSUS_NAMES,
        "sorts": _sorts(seen, address), "pages": _pages(seen, address), "row_address": _row_address(seen.query),
        "traffic_absent": _is_traffic_absent(seen),
    }  # fmt: skip


@refusing
async def _children(request: Request) -> Response:
    house, query = house_of(request), read_products(request.query_params)
    parent = request.path_params["asin"]
    rows = await children_of(house.pool, house.clock.now(), query, parent)
    return await page(
        request, "products_children.html", rows=rows, parent=parent, shown=[BY_KEY[key] for key in query.metrics],
        currency=_currency(query), row_address=_row_address(query), query=query, by_key=BY_KEY,
        versus_names=VERSUS_NAMES,
    )  # fmt: skip


_VARY = "Accept-Encoding, Cookie, HX-Request-Type"
_TRAFFIC = ("sessions", "page_views", "cvr", "buy_box")


def _is_traffic_absent(seen: ProductsPage) -> bool:
    """Return whether no parent's visits are known, though columns for them are shown."""
    keys, parents = set(_TRAFFIC) & set(seen.query.metrics), [row for row in seen.rows if row.children]
    return bool(keys and parents) and all(row.cells[key].value is None for row in parents for key in keys)


def _currency(query: ProductsQuery) -> str:
    return query.scope.currency or currency_of(query.scope.place)


def _periods(query: ProductsQuery) -> tuple[str, ...]:
    """Return the periods to choose from, with one that only an address has asked for."""
    known = (*PERIODS, "CUSTOM")
    return known if query.period in known else (query.period, *known)


def _sorts(seen: ProductsPage, address: Address) -> dict[str, tuple[str, str | None]]:
    """Return by column where its header leads, and how it is sorted now, as `aria-sort` says it."""
    sorts: dict[str, tuple[str, str | None]] = {}
    for key in ("title", "change", *seen.query.metrics):
        is_it = seen.query.sort == key
        now = ("descending" if seen.query.descending else "ascending") if is_it else None
        falls = not seen.query.descending if is_it else key != "title"
        sorts[key] = (address.but(sort=f"{'-' if falls else ''}{key}"), now)
    return sorts


def _pages(seen: ProductsPage, address: Address) -> dict[str, Any]:
    query, first = seen.query, (seen.query.page - 1) * seen.query.page_size
    return {
        "first": first + 1 if seen.rows else 0, "last": first + len(seen.rows),
        "before": address.but(page=query.page - 1) if query.page > 1 else None,
        "after": address.but(page=query.page + 1) if query.page < seen.pages else None,
    }  # fmt: skip


def _row_address(query: ProductsQuery) -> Address:
    """Return what a row's page and its children are asked with: the same marketplace, period and columns."""
    kept = products_address(query).values
    return Address(path="", values=tuple(pair for pair in kept if pair[0] not in ("q", "page", "size")))


ROUTES = (
    Route("/products", _products, methods=["GET"]),
    Route("/products/{asin}/children", _children, methods=["GET"]),
)
