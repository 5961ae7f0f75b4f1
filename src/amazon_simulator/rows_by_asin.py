"""The report's rows by ASIN: one for each parent, child or SKU over the whole range."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from operator import add
from typing import Any

from amazon_simulator.amounts import Document, money, percentages, shares
from amazon_simulator.figures import Cell
from amazon_simulator.marketplaces import Marketplace
from amazon_simulator.world import DayTotals

Names = Mapping[str, str]
"""Amazon's names, and which figure each is. What business customers did has the same name, with `_b` behind it."""

MONEY = frozenset({"sales", "sales_shipped", "sales_b", "sales_shipped_b"})
_SUMS = {
    "sessions": ("browser_sessions", "app_sessions"),
    "views": ("browser_views", "app_views"),
    "sessions_b": ("browser_sessions_b", "app_sessions_b"),
    "views_b": ("browser_views_b", "app_views_b"),
}
_PERCENTAGES = {
    "refund_rate": ("units_refunded", "units"),
    "buy_box": ("buy_box_views", "views"),
    "units_a_session": ("units", "sessions"),
    "refund_rate_b": ("units_refunded_b", "units_b"),
    "units_a_session_b": ("units_b", "sessions_b"),
}
_OF_THE_WHOLE = "_of_the_whole"

_SALES: Names = {"unitsOrdered": "units", "orderedProductSales": "sales", "totalOrderItems": "items"}
_MORE_SALES: Names = {
    "unitsRefunded": "units_refunded",
    "refundRate": "refund_rate",
    "ordersShipped": "items_shipped",
    "unitsShipped": "units_shipped",
    "shippedProductSales": "sales_shipped",
}
_TRAFFIC: Names = {
    "browserSessions": "browser_sessions",
    "mobileAppSessions": "app_sessions",
    "sessions": "sessions",
    "browserSessionPercentage": "browser_sessions_of_the_whole",
    "mobileAppSessionPercentage": "app_sessions_of_the_whole",
    "sessionPercentage": "sessions_of_the_whole",
    "browserPageViews": "browser_views",
    "mobileAppPageViews": "app_views",
    "pageViews": "views",
    "browserPageViewsPercentage": "browser_views_of_the_whole",
    "mobileAppPageViewsPercentage": "app_views_of_the_whole",
    "pageViewsPercentage": "views_of_the_whole",
    "buyBoxPercentage": "buy_box",
    "unitSessionPercentage": "units_a_session",
}


def _twins(names: Names) -> Names:
    """Return the names of the same figures of business customers."""
    return {f"{name}B2B": _twin(figure) for name, figure in names.items()}


def _twin(figure: str) -> str:
    head = figure.removesuffix(_OF_THE_WHOLE)
    return f"{head}_b{figure[len(head) :]}"


_SIDE_BY_SIDE = {name: figure for one in _SALES.items() for name, figure in (one, *_twins(dict([one])).items())}

# By whether the seller is a business seller: the report's sales, what Data Kiosk has besides, and traffic.
SALES: Mapping[bool, Names] = {False: _SALES, True: _SIDE_BY_SIDE}
MORE_SALES: Mapping[bool, Names] = {False: _MORE_SALES, True: {**_MORE_SALES, **_twins(_MORE_SALES)}}
TRAFFIC: Mapping[bool, Names] = {False: _TRAFFIC, True: {**_TRAFFIC, **_twins(_TRAFFIC)}}


class Columns:
    """The figures of rows, each a column that is computed when it is asked for; money in the smallest unit.

    `whole` tells what their shares are shares of. There is at least one row.
    """

    def __init__(self, cells: Sequence[Cell], whole: Callable[[], DayTotals]) -> None:
        self._columns: dict[str, Sequence[Any]] = dict(zip(Cell._fields, zip(*cells, strict=True), strict=True))
        self._whole = whole

    def __getitem__(self, figure: str) -> Sequence[Any]:
        """Return a column by the name of its figure."""
        found = self._columns.get(figure)
        if found is None:
            found = self._columns[figure] = self._made(figure)
        return found

    def _made(self, figure: str) -> Sequence[Any]:
        if figure in _SUMS:
            first, second = _SUMS[figure]
            return list(map(add, self[first], self[second]))
        if figure in _PERCENTAGES:
            part, whole = _PERCENTAGES[figure]
            return percentages(self[part], self[whole])
        if figure == "buy_box_b":
            return [part if views else 0.0 for part, views in zip(self["buy_box"], self["views_b"], strict=True)]
        part = figure.removesuffix(_OF_THE_WHOLE)
        return shares(self[part], _total(self._whole(), part))


def asin_rows(
    marketplace: Marketplace, cells: Sequence[Cell], whole: DayTotals, granularity: str, last: date
) -> Iterator[Document]:
    """Yield rows; `whole` is what their shares are shares of, `last` the day under whose parents they are listed."""
    if not cells:
        return
    columns = Columns(cells, lambda: whole)
    both = zip(parts(marketplace, columns, SALES), parts(marketplace, columns, TRAFFIC), strict=True)
    for cell, (sales, traffic) in zip(cells, both, strict=True):
        child = cell.listing.child
        row: Document = {"parentAsin": child.parent_on(last.toordinal())}
        if granularity != "PARENT":
            row["childAsin"] = child.asin
        if granularity == "SKU":
            row["sku"] = child.sku
        yield row | {"salesByAsin": sales, "trafficByAsin": traffic}


def parts(marketplace: Marketplace, columns: Columns, names: Mapping[bool, Names]) -> Iterator[Document]:
    """Yield a part of each row as JSON has it."""
    wanted = names[marketplace.business]
    values = [
        [money(marketplace, units) for units in columns[figure]] if figure in MONEY else columns[figure]
        for figure in wanted.values()
    ]
    return (dict(zip(wanted, row, strict=True)) for row in zip(*values, strict=True))


def _total(whole: DayTotals, figure: str) -> int:
    return sum(getattr(whole, name) for name in _SUMS.get(figure, (figure,)))
