"""Today: what happened, beside what was to be expected, who made the difference, and whether it can be trusted."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from chalkola.pipeline.health.rules import RULES
from chalkola.store.alerts import KnownAlert, read_known_alerts
from chalkola.store.board import today as board
from chalkola.store.board.definitions import BY_KEY, HEADLINE
from chalkola.store.board.shapes import ALL, Today, Versus
from chalkola.surfaces.web.house import House, house_of
from chalkola.surfaces.web.pages.asked import (
    CURRENCIES,
    VERSUS_NAMES,
    Address,
    MoversOf,
    one_of,
    read_scope,
)
from chalkola.surfaces.web.pages.charts import trend_chart, trend_words
from chalkola.surfaces.web.pages.drawing import Drawn, draw, filled, once
from chalkola.surfaces.web.pages.places import place_options
from chalkola.surfaces.web.pages.refusing import refusing

NAMES = {"last_day": "Last closed day", "yesterday": "Yesterday", "month": "Month to date"}
_MOVERS_OF: dict[MoversOf, str] = {"last_day": "Last closed day", "month": "Month to date"}


@refusing
async def _today(request: Request) -> Response:
    return await filled(request, await once(request, lambda: _draw(request)))


async def _draw(request: Request) -> Drawn:
    house, asked = house_of(request), request.query_params
    versus: Versus = one_of(asked, "versus", Versus, "week_ago")
    movers_of: MoversOf = one_of(asked, "of", MoversOf, "last_day")
    seen = await board.today(
        house.pool, house.clock.now(), read_scope(asked), versus=versus, movers_of=movers_of, most=5
    )
    if not seen.places:
        return await draw(request, "nothing.html")
    address = Address(path="/", values=_values(seen))
    return await draw(
        request, "today.html", today=seen, alerts=await _open_alerts(house) if seen.open_alerts else (),
        names=NAMES, metrics=[BY_KEY[key] for key in HEADLINE], by_key=BY_KEY,
        places=place_options(seen.places, address), versus_names=VERSUS_NAMES, address=address,
        versus_options=[(name, address.but(versus=key), key) for key, name in VERSUS_NAMES.items()],
        movers_options=[(name, address.but(of=key), key) for key, name in _MOVERS_OF.items()],
        currency_options=[(one, address.but(currency=one), one) for one in CURRENCIES],
        chart=trend_chart(seen), chart_words=trend_words(seen), currency=seen.currency,
        product_address=_product_address(seen),
    )  # fmt: skip


async def _open_alerts(house: House) -> tuple[KnownAlert, ...]:
    """Return the alerts that no other one explains, the gravest first."""
    known = await read_known_alerts(house.pool, house.clock.now())
    found = [one for one in known if one.cured_at is None and one.cause is None]
    order = {rule.name: place for place, rule in enumerate(RULES)}
    return tuple(sorted(found, key=lambda one: (order.get(one.rule, len(order)), -one.grade, one.subject)))


def _values(seen: Today) -> tuple[tuple[str, str], ...]:
    values = [] if seen.scope.place == ALL else [("place", seen.scope.place)]
    if seen.scope.place == ALL and seen.currency != "EUR":
        values.append(("currency", seen.currency))
    if seen.versus != "week_ago":
        values.append(("versus", seen.versus))
    if seen.movers_of != "last_day":
        values.append(("of", seen.movers_of))
    return tuple(values)


def _product_address(seen: Today) -> Address:
    kept = tuple(pair for pair in _values(seen) if pair[0] in ("place", "currency"))
    period = "Last day" if seen.movers_of == "last_day" else "MTD"
    return Address(path="", values=(*kept, ("period", period), ("versus", seen.versus)))


ROUTES = (Route("/", _today, methods=["GET"]),)
