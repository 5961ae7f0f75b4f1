"""One product: its days everywhere, why its sales changed, what Amazon said first, its family, and notes."""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, Literal
from urllib.parse import parse_qs, quote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from chalkola.periods import ONE_DAY
from chalkola.store.board.asking import NotUnderstood
from chalkola.store.board.definitions import BY_KEY, METRICS
from chalkola.store.board.notes import LONGEST, add_note, delete_note, notes_of
from chalkola.store.board.product import product as board
from chalkola.store.board.product_shapes import Product, Restated
from chalkola.store.board.shapes import ALL, Versus
from chalkola.surfaces.web.house import house_of, person_of
from chalkola.surfaces.web.pages.asked import (
    CURRENCIES,
    PERIODS,
    VERSUS_NAMES,
    Address,
    one_of,
    read_period,
    read_scope,
)
from chalkola.surfaces.web.pages.charts import product_chart, product_words, restated_chart, restated_words
from chalkola.surfaces.web.pages.drawing import Drawn, draw, filled, once
from chalkola.surfaces.web.pages.places import freshness_and_places, place_options
from chalkola.surfaces.web.pages.refusing import NotHere, refusing
from chalkola.surfaces.web.pages.rendering import own, page, rendered, shared, sorry
from chalkola.surfaces.web.pages.spelling import period_name

LineName = Literal["4 months", "1 year", "2 years"]
_LINE_DAYS: Mapping[LineName, int] = {"4 months": 122, "1 year": 366, "2 years": 731}
"""How long lines can be asked for."""
_LOCAL = "this machine"
"""Who writes where nobody signs in."""


@refusing
async def _product(request: Request) -> Response:
    return await _shown(request)


async def _shown(request: Request, *, status: int = 200, refused: str = "", typed: str = "") -> Response:
    drawn = await once(request, lambda: _draw(request))
    notes = await _notes(request, drawn, refused=refused, typed=typed)
    return await filled(request, drawn, status=status, notes=notes)


async def _draw(request: Request) -> Drawn:
    house, versus, line = house_of(request), _versus(request), _line(request)
    seen = await _seen(request)
    fresh, places = await freshness_and_places(house, seen.scope)
    address = _address(request, seen)
    family = [seen.asin, *([seen.parent.asin] if seen.parent else [])]
    return await draw(
        request, "product.html", seen=seen, versus=versus, address=address, currency=seen.currency,
        metrics=METRICS, by_key=BY_KEY, versus_names=VERSUS_NAMES, places=place_options(places, address),
        freshness=fresh, currency_options=[(one, address.but(currency=one), one) for one in CURRENCIES],
        period_options=[(period_name(one), address.but(period=one), one) for one in PERIODS],
        versus_options=[(name, address.but(versus=key), key) for key, name in VERSUS_NAMES.items()],
        kin_address=address.at(""), chart=product_chart(seen, fresh.closed), chart_words=product_words(seen),
        line=line, line_options=[(name, f"{address.but(line=_given(name))}#days", name) for name in _LINE_DAYS],
        restated_chart=restated_chart(seen.restated), restated_words=restated_words(seen.restated),
        beside={"family": family, "address": address, "newest": seen.days[-1] if seen.days else None},
    )  # fmt: skip


async def _notes(request: Request, drawn: Drawn, *, refused: str, typed: str) -> str:
    """Return the notes, with the form to write one: what was `typed` stays in it where it was `refused`."""
    house, of = house_of(request), drawn.beside
    return rendered("product_notes.html", {
        **shared(request), **own(request), "notes": await notes_of(house.pool, of["family"]),
        "asin": of["family"][0], "path": f"/products/{quote(of['family'][0])}", "address": of["address"],
        "newest": of["newest"] or house.clock.now().date(), "refused": refused, "typed": typed, "longest": LONGEST,
        "writer": _writer(request), "is_owner": person_of(request).is_owner,
    })  # fmt: skip


@refusing
async def _days(request: Request) -> Response:
    """Answer the period's days: as a part of the page, or as a page of their own where no script asks."""
    return await _part(request, "product_days", lambda seen: {"metrics": METRICS, "days": _places_of_days(seen)})


@refusing
async def _restated(request: Request) -> Response:
    """Answer what Amazon said first of each day, in the same two ways."""
    return await _part(request, "product_restated", lambda seen: {"by_key": BY_KEY, "restated": _latest_first(seen)})


async def _part(request: Request, name: str, values: Callable[[Product], dict[str, Any]]) -> Response:
    seen = await _seen(request)
    is_part = request.headers.get("hx-request-type") == "partial"
    answer = await page(
        request, f"{name}_part.html" if is_part else f"{name}.html", seen=seen, currency=seen.currency,
        address=_address(request, seen), **values(seen),
    )  # fmt: skip
    answer.headers["Vary"] = "Accept-Encoding, Cookie, HX-Request-Type"
    return answer


async def _seen(request: Request) -> Product:
    house, asked = house_of(request), request.query_params
    period, _, _ = read_period(asked)
    seen = await board(
        house.pool, house.clock.now(), request.path_params["asin"], read_scope(asked), versus=_versus(request),
        period="Last 30 days" if period.upper() == "CUSTOM" else period, length=_LINE_DAYS[_line(request)],
    )  # fmt: skip
    if seen is None:
        raise NotHere("There is no product of this ASIN here.", "Look for it among all products.")
    return seen


def _versus(request: Request) -> Versus:
    return one_of(request.query_params, "versus", Versus, "previous")


def _line(request: Request) -> LineName:
    return one_of(request.query_params, "line", LineName, "4 months")


def _given(line: LineName) -> LineName | None:
    return None if line == "4 months" else line


def _address(request: Request, seen: Product) -> Address:
    return Address(path=f"/products/{quote(seen.asin)}", values=_values(seen, _versus(request), _line(request)))


@refusing
async def _write(request: Request) -> Response:
    house, form = house_of(request), await _form(request)
    asin, text, day = request.path_params["asin"], form.get("text", ""), _day(form.get("day", ""))
    now = house.clock.now()
    if day is None or not date(2000, 1, 1) <= day <= now.date() + ONE_DAY:
        return await _shown(
            request, status=400, refused="A note needs a day that has been, as 2026-11-24.", typed=text
        )
    try:
        await add_note(house.pool, asin=asin, day=day, author=_writer(request), text=text, now=now)
    except NotUnderstood as error:
        return await _shown(request, status=400, refused=error.what, typed=text)
    return RedirectResponse(_back(request, asin), 303)


@refusing
async def _delete(request: Request) -> Response:
    house, person = house_of(request), person_of(request)
    author = None if person.is_owner else _writer(request)
    if not await delete_note(house.pool, request.path_params["note"], author=author):
        return await sorry(
            request, 403, "This note is not yours, or is gone already.", "Owners may delete every note."
        )
    return RedirectResponse(_back(request, request.path_params["asin"]), 303)


def _writer(request: Request) -> str:
    return person_of(request).email or _LOCAL


def _back(request: Request, asin: str) -> str:
    query = f"?{request.url.query}" if request.url.query else ""
    return f"/products/{quote(asin)}{query}#notes"


async def _form(request: Request) -> dict[str, str]:
    fields = parse_qs((await request.body()).decode("utf-8", "replace"), max_num_fields=20)
    return {name: values[0] for name, values in fields.items()}


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _values(seen: Product, versus: Versus, line: LineName) -> tuple[tuple[str, str], ...]:
    values = [] if seen.scope.place == ALL else [("place", seen.scope.place)]
    if seen.scope.place == ALL and seen.currency != "EUR":
        values.append(("currency", seen.currency))
    if seen.span.period != "Last 30 days":
        values.append(("period", seen.span.period))
    if versus != "previous":
        values.append(("versus", versus))
    if given := _given(line):
        values.append(("line", given))
    return tuple(values)


def _places_of_days(seen: Product) -> list[int]:
    """Return which days the table has, the newest first: those of the period."""
    first, last = seen.span.first, seen.span.last
    if first is None or last is None:
        return []
    return [n for n, day in enumerate(seen.days) if first <= day <= last][::-1]


def _latest_first(seen: Product) -> list[Restated]:
    return sorted(seen.restated, key=lambda one: (one.day, one.marketplace), reverse=True)


ROUTES = (
    Route("/products/{asin}", _product, methods=["GET"]),
    Route("/products/{asin}/days", _days, methods=["GET"]),
    Route("/products/{asin}/restated", _restated, methods=["GET"]),
    Route("/products/{asin}/notes", _write, methods=["POST"]),
    Route("/products/{asin}/notes/{note:int}/delete", _delete, methods=["POST"]),
)
