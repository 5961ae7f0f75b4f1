"""The simulated shop: any day of any marketplace at any instant, computed when asked for, never stored."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import lru_cache, reduce
from typing import Any, Generic, TypeVar
from zoneinfo import ZoneInfo

from amazon_simulator.catalog import Catalog, Listing
from amazon_simulator.figures import Cell, cell_sum, cells, edition
from amazon_simulator.marketplaces import Marketplace
from amazon_simulator.periods import days

_DAYS_REMEMBERED = 24
_TOTALS_REMEMBERED = 20_000  # two years of twelve marketplaces, and some more
_SESSIONS = ("browser_sessions", "app_sessions", "browser_sessions_b", "app_sessions_b")

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
    units_refunded: int = 0
    units_shipped: int = 0
    items_shipped: int = 0
    sales_shipped: int = 0
    units_refunded_b: int = 0
    units_shipped_b: int = 0
    items_shipped_b: int = 0
    sales_shipped_b: int = 0
    offers: int = 0
    parents: int = 0


@dataclass(frozen=True, kw_only=True)
class World:
    """The shop under one catalog. `restated` is the part of the rows that Amazon corrects after they settled."""

    catalog: Catalog
    restated: float = 0.0
    day_zones: Mapping[str, str] = field(default_factory=dict)
    """The time zone of a marketplace's day by its code; its own where there is none."""
    _days: Recent[list[Cell]] = field(default_factory=lambda: Recent(_DAYS_REMEMBERED))
    _totals: Recent[DayTotals] = field(default_factory=lambda: Recent(_TOTALS_REMEMBERED))

    def placed(self, marketplace: Marketplace) -> Marketplace:
        """Return a marketplace with the zone that its days have here."""
        zone = self.day_zones.get(marketplace.code)
        return replace(marketplace, zone=ZoneInfo(zone)) if zone else marketplace

    def day_end(self, marketplace: Marketplace, day: date) -> datetime:
        """Return the instant at which a day is over, in UTC."""
        return self.placed(marketplace).day_end(day)

    def edition(self, marketplace: Marketplace, day: date, as_of: datetime) -> int | None:
        """Return the age in hours of the figures that Amazon shows at `as_of`, or None before the day is over."""
        return edition(self.placed(marketplace), day, as_of)

    def day(self, marketplace: Marketplace, day: date, as_of: datetime) -> Sequence[Cell]:
        """Return a day's rows by child as Amazon shows them at `as_of`; empty when it shows nothing yet."""
        hours = self.edition(marketplace, day, as_of)
        return [] if hours is None else self.aged(marketplace, day, hours)

    def aged(self, marketplace: Marketplace, day: date, hours: int) -> Sequence[Cell]:
        """Return a day's rows by child in the edition that is `hours` old."""
        return self._days.get((marketplace.code, day, hours), lambda: list(self._cells(marketplace, day, hours)))

    def rows(self, marketplace: Marketplace, day: date, as_of: datetime, granularity: str) -> Sequence[Cell]:
        """Return a day's rows by CHILD, SKU or PARENT."""
        by_child = self.day(marketplace, day, as_of)
        return _by_parent(by_child) if granularity == "PARENT" else by_child

    def some(self, marketplace: Marketplace, day: date, as_of: datetime, asins: Iterable[str]) -> Iterator[Cell]:
        """Yield a day's rows of some children, in the order asked; those without a figure are left out."""
        hours = self.edition(marketplace, day, as_of)
        if hours is not None:
            places = _places(self.catalog, marketplace)
            yield from self._cells(marketplace, day, hours, [places[asin] for asin in asins if asin in places])

    def totals(self, marketplace: Marketplace, day: date, as_of: datetime) -> DayTotals:
        """Return a day's totals as Amazon shows them at `as_of`."""
        hours = self.edition(marketplace, day, as_of)
        if hours is None:
            return DayTotals()
        return self._totals.get((marketplace.code, day, hours), lambda: _totals(self.aged(marketplace, day, hours)))

    def shows(self, marketplace: Marketplace, start: date, end: date, as_of: datetime) -> bool:
        """Say whether Amazon shows any figure for the days from `start` to `end` at `as_of`."""
        for day in reversed(list(days(start, end))):
            hours = self.edition(marketplace, day, as_of)
            if hours is not None and next(self._cells(marketplace, day, hours), None):
                return True
        return False

    def _cells(
        self, marketplace: Marketplace, day: date, hours: int, only: Collection[int] | None = None
    ) -> Iterator[Cell]:
        return cells(
            _listings(self.catalog, marketplace),
            seed=self.catalog.seed,
            marketplace=marketplace,
            day=day,
            hours=hours,
            full=self.catalog.full_shelves,
            restated=self.restated,
            only=only,
        )


def _totals(rows: Sequence[Cell]) -> DayTotals:
    columns = dict(zip(Cell._fields[1:], _columns(rows), strict=True))
    sums = {name: sum(column) for name, column in columns.items()}
    for name in _SESSIONS:
        sums[name] = _visitors(sums[name], max(columns[name], default=0))
    return DayTotals(**sums, offers=len(rows), parents=len({row.listing.child.parent_asin for row in rows}))


def _by_parent(rows: Sequence[Cell]) -> list[Cell]:
    """Return one row a parent: sales and views add up, a visitor of two children is one session of their parent."""
    families: dict[str, list[Cell]] = {}
    for cell in rows:
        families.setdefault(cell.listing.child.parent_asin, []).append(cell)
    return [_parent(family) for family in families.values()]


def _parent(family: list[Cell]) -> Cell:
    whole = reduce(cell_sum, family)
    if len(family) == 1:
        return whole
    most = {name: max(getattr(cell, name) for cell in family) for name in _SESSIONS}
    sessions: dict[str, Any] = {name: _visitors(getattr(whole, name), most[name]) for name in _SESSIONS}
    return whole._replace(**sessions)


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


@lru_cache(maxsize=64)
def _places_of(seed: int, parents: int, size: int, full: bool, marketplace: Marketplace) -> dict[str, int]:
    listings = _listings_of(seed, parents, size, full, marketplace)
    return {listing.child.asin: at for at, listing in enumerate(listings)}


def _places(catalog: Catalog, marketplace: Marketplace) -> dict[str, int]:
    return _places_of(catalog.seed, catalog.parents, catalog.size, catalog.full_shelves, marketplace)
