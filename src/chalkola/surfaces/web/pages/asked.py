"""What an address asks a page for, and the address that asks for something else. Pure.

An address that no page of ours has given is answered all the same: what is not understood in it is left out, but for
what the database has to judge (a marketplace, a period).
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Literal, TypeVar, get_args
from urllib.parse import urlencode

from starlette.datastructures import QueryParams

from chalkola.store.board.definitions import BY_KEY
from chalkola.store.board.shapes import ALL, ProductsQuery, Scope, Versus

CURRENCIES = ("EUR", "USD", "GBP", "JPY", "CAD", "AUD", "MXN", "BRL", "AED")
"""Into which figures of all marketplaces can be converted, the likeliest first."""
PERIODS = (
    "Last day", "Last 7 days", "Last 14 days", "Last 30 days", "Last 90 days", "Last 365 days", "MTD", "Last month",
    "QTD", "YTD",
)  # fmt: skip
"""What pages offer; an address may have any word that sheets know."""
VERSUS_NAMES: Mapping[Versus, str] = {
    "week_ago": "Same days a week ago", "previous": "Period before", "year_ago": "Last year"
}  # fmt: skip
COLUMNS = (*ProductsQuery().metrics, *(one for one in BY_KEY if one not in ProductsQuery().metrics))
"""The columns of the table of products, in their order."""
PAGE_SIZES = (25, 50, 100, 200)
_LONGEST_SEARCH = 100
_CHARACTERS = 40  # of a period, marketplace or currency: the database refuses what it does not know

MoversOf = Literal["last_day", "month"]
Default = TypeVar("Default", bound=str)


def read_scope(asked: QueryParams, *, default_currency: str = "EUR") -> Scope:
    """Return whose figures are asked for. A marketplace is shown in its own currency."""
    place = _word(asked, "place").upper() or ALL
    currency = _word(asked, "currency").upper() or default_currency
    return Scope(place=place, currency=currency if place == ALL else None)


def one_of(asked: QueryParams, name: str, known: Any, default: Default) -> Default:
    """Return a parameter if it is one of the words that `known` has (a Literal), else the default."""
    said = asked.get(name, "")
    chosen: Default = said if said in get_args(known) else default  # type: ignore[assignment]
    return chosen


def read_period(asked: QueryParams) -> tuple[str, date | None, date | None]:
    """Return a period with its days, where it is one that somebody has chosen. Days alone are a period as well."""
    start, end = _day(asked.get("start", "")), _day(asked.get("end", ""))
    period = _word(asked, "period") or ("CUSTOM" if start and end else "Last 30 days")
    return (period, start, end) if period.upper() == "CUSTOM" else (period, None, None)


def read_products(asked: QueryParams) -> ProductsQuery:
    """Return the table of products that is asked for."""
    period, start, end = read_period(asked)
    chosen = set(asked.getlist("m"))
    metrics = tuple(one for one in COLUMNS if one in chosen) or ProductsQuery().metrics
    sort = asked.get("sort", "").removeprefix("-")
    return ProductsQuery(
        scope=read_scope(asked), period=period, start=start, end=end, metrics=metrics,
        versus=one_of(asked, "versus", Versus, "previous"), search=asked.get("q", "").strip()[:_LONGEST_SEARCH],
        sort=sort if sort in (*BY_KEY, "change", "asin", "title") else metrics[0],
        descending=asked.get("sort", "-").startswith("-"), page=_number(asked, "page", 1, most=100_000),
        page_size=_number(asked, "size", 50, most=PAGE_SIZES[-1]),
    )  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Address:
    """An address of a page, as its parts."""

    path: str
    values: tuple[tuple[str, str], ...] = ()

    def but(self, **changed: str | int | None) -> str:
        """Return the address with some parameters changed; None leaves one out. A change of anything but the page
        begins at the first page."""
        gone = set(changed) | {"page"}
        kept = [(name, value) for name, value in self.values if name not in gone]
        added = [(name, str(value)) for name, value in changed.items() if value is not None]
        return Address(path=self.path, values=(*kept, *added)).text

    def at(self, path: str) -> "Address":
        """Return the same parameters for another path."""
        return replace(self, path=path)

    @property
    def text(self) -> str:
        """Return it as it is written."""
        return self.path + (f"?{urlencode(self.values)}" if self.values else "")


def products_address(query: ProductsQuery, path: str = "/products") -> Address:
    """Return the shortest address that asks for this table."""
    usual = ProductsQuery()
    values: list[tuple[str, str]] = []
    if query.scope.place != ALL:
        values.append(("place", query.scope.place))
    elif query.scope.currency and query.scope.currency != usual.scope.currency:
        values.append(("currency", query.scope.currency))
    if query.start and query.end:
        values += [("start", str(query.start)), ("end", str(query.end))]
    elif query.period != usual.period:
        values.append(("period", query.period))
    if query.versus != usual.versus:
        values.append(("versus", query.versus))
    if query.metrics != usual.metrics:
        values += [("m", one) for one in query.metrics]
    if query.search:
        values.append(("q", query.search))
    if (query.sort, query.descending) != (query.metrics[0], True):
        values.append(("sort", f"{'-' if query.descending else ''}{query.sort}"))
    if query.page_size != usual.page_size:
        values.append(("size", str(query.page_size)))
    if query.page > 1:
        values.append(("page", str(query.page)))
    return Address(path=path, values=tuple(values))


def _word(asked: QueryParams, name: str) -> str:
    return asked.get(name, "").strip()[:_CHARACTERS]


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _number(asked: QueryParams, name: str, default: int, *, most: int) -> int:
    text = asked.get(name, "")
    return min(int(text), most) if text.isdecimal() and len(text) < 9 and int(text) > 0 else default
