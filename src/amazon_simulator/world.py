"""The simulated shop: any day of any marketplace at any instant, computed when asked for, never stored."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import lru_cache
from itertools import islice
from typing import Generic, NamedTuple, TypeVar
from zoneinfo import ZoneInfo

from amazon_simulator.catalog import Catalog
from amazon_simulator.figures import Cell, Today, Trait, cells, cells_sum, edition, today, trait
from amazon_simulator.marketplaces import Marketplace
from amazon_simulator.periods import days

_DAYS_REMEMBERED = 24  # a megabyte each
_CHANCES_REMEMBERED = 400  # 25 kB each; questions for a few ASINs come back to a day once for each thirty of them
_TOTALS_REMEMBERED = 20_000  # two years of twelve marketplaces, and some more
# Where in a row's figures the sessions are.
_SESSIONS = tuple(
    Cell._fields.index(name) - 1
    for name in ("browser_sessions", "app_sessions", "browser_sessions_b", "app_sessions_b")
)

T = TypeVar("T")


class Recent(Generic[T]):
    """Remember the last few values of a pure function, by key, as long as their sizes do not exceed a limit."""

    def __init__(self, limit: int, size: Callable[[T], int] = lambda value: 1) -> None:
        self._lock = threading.Lock()  # long documents are made in threads
        self._limit, self._size, self._held = limit, size, 0
        self._values: OrderedDict[Hashable, T] = OrderedDict()

    def get(self, key: Hashable, make: Callable[[], T]) -> T:
        """Return the value of a key, made if it is not remembered."""
        with self._lock:
            if key in self._values:
                self._values.move_to_end(key)
                return self._values[key]
        value = make()
        with self._lock:
            self._keep(key, value)
        return value

    def knows(self, key: Hashable) -> bool:
        """Say whether the value of a key is remembered."""
        return key in self._values

    def _keep(self, key: Hashable, value: T) -> None:
        if key not in self._values:  # or another thread made it meanwhile
            self._held += self._size(value)
        self._values[key] = value
        while self._held > self._limit:
            self._held -= self._size(self._values.popitem(last=False)[1])


class DayTotals(NamedTuple):
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
    _chances: Recent[Today] = field(default_factory=lambda: Recent(_CHANCES_REMEMBERED))
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
        return self._days.get((marketplace.code, day, hours), lambda: self._cells(marketplace, day, hours))

    def rows(
        self, marketplace: Marketplace, day: date, as_of: datetime, granularity: str, parents_of: date | None = None
    ) -> Sequence[Cell]:
        """Return a day's rows by CHILD, SKU or PARENT: by the parents that the children have on `parents_of`."""
        by_child = self.day(marketplace, day, as_of)
        return _by_parent(by_child, parents_of or day) if granularity == "PARENT" else by_child

    def some(self, marketplace: Marketplace, day: date, as_of: datetime, asins: Iterable[str]) -> Sequence[Cell]:
        """Return a day's rows of some children, in the order asked; those without a figure are left out."""
        hours = self.edition(marketplace, day, as_of)
        if hours is None:
            return []
        places = _shelf(self.catalog, marketplace).places
        return self._cells(marketplace, day, hours, [places[asin] for asin in asins if asin in places])

    def totals(self, marketplace: Marketplace, day: date, as_of: datetime) -> DayTotals:
        """Return a day's totals as Amazon shows them at `as_of`."""
        hours = self.edition(marketplace, day, as_of)
        if hours is None:
            return DayTotals()
        key = marketplace.code, day, hours
        return self._totals.get(key, lambda: _totals(self.aged(marketplace, day, hours), day))

    def shows(self, marketplace: Marketplace, start: date, end: date, as_of: datetime) -> bool:
        """Say whether Amazon shows any figure for the days from `start` to `end` at `as_of`."""
        for day in reversed(list(days(start, end))):
            hours = self.edition(marketplace, day, as_of)
            if hours is not None and self._cells(marketplace, day, hours, most=1):
                return True
        return False

    def _cells(
        self,
        marketplace: Marketplace,
        day: date,
        hours: int,
        only: Sequence[int] | None = None,
        most: int | None = None,
    ) -> list[Cell]:
        traits = _shelf(self.catalog, marketplace).traits
        seed, restated = self.catalog.seed, self.restated
        drawn = self._chances.get(
            (marketplace.code, day), lambda: today(seed, marketplace, day, len(traits), restated)
        )
        return list(islice(cells(traits, drawn, hours, full=self.catalog.full_shelves, only=only), most))


def _totals(rows: Sequence[Cell], day: date) -> DayTotals:
    if not rows:
        return DayTotals()
    listings, *columns = zip(*rows, strict=True)
    sums: list[int] = list(map(sum, columns))
    for at in _SESSIONS:
        sums[at] = _visitors(sums[at], max(columns[at]))
    ordinal = day.toordinal()
    parents = {listing.child.parent_on(ordinal) for listing in listings}
    return DayTotals(*[*sums, len(rows), len(parents)])


def _by_parent(rows: Sequence[Cell], day: date) -> list[Cell]:
    """Return one row a parent: sales and views add up, a visitor of two children is one session of their parent."""
    families: dict[str, list[Cell]] = {}
    ordinal = day.toordinal()
    for cell in rows:
        families.setdefault(cell.listing.child.parent_on(ordinal), []).append(cell)
    return [_parent(family) for family in families.values()]


def _parent(family: list[Cell]) -> Cell:
    if len(family) == 1:
        return family[0]
    whole, (_, *columns) = cells_sum(family), zip(*family, strict=True)
    sums: list[int] = list(whole[1:])
    for at in _SESSIONS:
        sums[at] = _visitors(sums[at], max(columns[at]))
    return Cell(whole.listing, *sums)


def _visitors(total: int, most: int) -> int:
    # One visitor opens several products: each counts a session for its ASIN, the day counts the visitor once.
    return max(round(total * 0.87), most)


class _Shelf(NamedTuple):
    """What a marketplace lists, in catalog order, and where each child is in that."""

    traits: Sequence[Trait]
    places: Mapping[str, int]


@lru_cache(maxsize=64)
def _shelf(catalog: Catalog, marketplace: Marketplace) -> _Shelf:
    listings = catalog.listings(marketplace)
    return _Shelf([trait(listing) for listing in listings], {row.child.asin: at for at, row in enumerate(listings)})
