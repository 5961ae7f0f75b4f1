"""The simulated shop: any day of any marketplace at any instant, computed when asked for, never stored."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Generic, TypeVar

from amazon_simulator.catalog import Catalog, Listing
from amazon_simulator.figures import Cell, cells, edition
from amazon_simulator.marketplaces import Marketplace

_DAYS_REMEMBERED = 24

T = TypeVar("T")


class Recent(Generic[T]):
    """Remember the last few values of a pure function, by key."""

    def __init__(self, limit: int) -> None:
        self._lock = threading.Lock()  # long documents are made in threads
        self._limit = limit
        self._values: OrderedDict[object, T] = OrderedDict()

    def get(self, key: object, make: Callable[[], T]) -> T:
        """Return the value of a key, made if it is not remembered."""
        with self._lock:
            if key in self._values:
                self._values.move_to_end(key)
                return self._values[key]
        value = make()
        with self._lock:
            self._values[key] = value
            while len(self._values) > self._limit:
                self._values.popitem(last=False)
        return value


@dataclass(frozen=True, kw_only=True)
class DayTotals:
    """What a marketplace's whole catalog did in a day. Units, items, money and views add up; sessions do not."""

    units: int = 0
    items: int = 0
    sales: int = 0
    browser_sessions: int = 0
    app_sessions: int = 0
    browser_views: int = 0
    app_views: int = 0
    buy_box_views: int = 0
    units_b: int = 0
    items_b: int = 0
    sales_b: int = 0
    browser_sessions_b: int = 0
    app_sessions_b: int = 0
    browser_views_b: int = 0
    app_views_b: int = 0
    offers: int = 0
    parents: int = 0


@dataclass(frozen=True, kw_only=True)
class World:
    """The shop under one catalog."""

    catalog: Catalog
    _days: Recent[list[Cell]] = field(default_factory=lambda: Recent(_DAYS_REMEMBERED))

    def day(self, marketplace: Marketplace, day: date, as_of: datetime) -> Sequence[Cell]:
        """Return a local day's rows as Amazon shows them at `as_of`; empty when it shows nothing yet."""
        hours = edition(marketplace, day, as_of)
        if hours is None:
            return []
        return self._days.get((marketplace.code, day, hours), lambda: list(self._cells(marketplace, day, hours)))

    def totals(self, marketplace: Marketplace, day: date, as_of: datetime) -> DayTotals:
        """Return a local day's totals as Amazon shows them at `as_of`."""
        rows = self.day(marketplace, day, as_of)
        columns = _columns(rows)
        sums = [sum(column) for column in columns]
        most = [max(column, default=0) for column in columns]
        browser, app = (_visitors(sums[at], most[at]) for at in (3, 4))
        browser_b, app_b = (_visitors(sums[at], most[at]) for at in (11, 12))
        return DayTotals(
            units=sums[0], items=sums[1], sales=sums[2], browser_sessions=browser, app_sessions=app,
            browser_views=sums[5], app_views=sums[6], buy_box_views=sums[7], units_b=sums[8],
            items_b=sums[9], sales_b=sums[10], browser_sessions_b=browser_b, app_sessions_b=app_b,
            browser_views_b=sums[13], app_views_b=sums[14], offers=len(rows),
            parents=len({row.listing.child.parent_asin for row in rows}),
        )  # fmt: skip

    def shows(self, marketplace: Marketplace, start: date, end: date, as_of: datetime) -> bool:
        """Say whether Amazon shows any figure for the days from `start` to `end` at `as_of`."""
        for day in reversed(list(days(start, end))):
            hours = edition(marketplace, day, as_of)
            if hours is not None and next(self._cells(marketplace, day, hours), None):
                return True
        return False

    def _cells(self, marketplace: Marketplace, day: date, hours: int) -> Iterator[Cell]:
        return cells(
            _listings(self.catalog, marketplace),
            seed=self.catalog.seed,
            marketplace=marketplace,
            day=day,
            hours=hours,
            full=self.catalog.full_shelves,
        )


def days(start: date, end: date) -> Iterator[date]:
    """Yield the days from `start` to `end`, both included."""
    for offset in range((end - start).days + 1):
        yield start + timedelta(days=offset)


def _columns(rows: Sequence[Cell]) -> list[tuple[int, ...]]:
    """Return the figures of the rows column by column, empty columns when there are none."""
    figures = [row[1:] for row in rows]
    return list(zip(*figures, strict=True)) if figures else [()] * (len(Cell._fields) - 1)


def _visitors(total: int, most: int) -> int:
    # One visitor opens several products: each counts a session for its ASIN, the day counts the visitor once.
    return max(round(total * 0.87), most)


@lru_cache(maxsize=64)
def _listings_of(seed: int, parents: int, size: int, full: bool, marketplace: Marketplace) -> tuple[Listing, ...]:
    return Catalog(seed=seed, parents=parents, size=size, full_shelves=full).listings(marketplace)


def _listings(catalog: Catalog, marketplace: Marketplace) -> tuple[Listing, ...]:
    return _listings_of(catalog.seed, catalog.parents, catalog.size, catalog.full_shelves, marketplace)
