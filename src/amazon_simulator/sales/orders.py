"""When in its day each order came in: the same orders that sales and traffic reports, by quarters of an hour.

A day of sales and traffic is split over the hours of the zone that it has in this world. Asked by days of another
zone, the Sales API therefore says something else, as Amazon's does: so a client can find the zone out.
"""

import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple

from amazon_simulator.figures import SETTLED_HOURS, Cell
from amazon_simulator.marketplaces import Marketplace
from amazon_simulator.periods import days
from amazon_simulator.world import Recent, World

_QUARTER = timedelta(minutes=15)
_STEP = 0x9E3779B97F4A7C15
_WORD = 0xFFFF_FFFF_FFFF_FFFF
# How much of a day's business falls in each of its hours; invented.
_HOURS = (3, 2, 1, 1, 1, 2, 4, 6, 8, 10, 11, 11, 12, 12, 11, 11, 11, 12, 14, 16, 17, 15, 10, 6)
_CURVE = tuple(hour for hour, weight in enumerate(_HOURS) for _ in range(weight))
_DAYS_REMEMBERED = 3000


class Sums(NamedTuple):
    """What was ordered. Money is in the currency's smallest unit."""

    units: int = 0
    items: int = 0
    orders: int = 0
    sales: int = 0

    def plus(self, other: "Sums") -> "Sums":
        """Return both together."""
        return Sums(*map(int.__add__, self, other))

    def minus(self, other: "Sums") -> "Sums":
        """Return what is left without the other."""
        return Sums(*map(int.__sub__, self, other))


class Quarter(NamedTuple):
    """What was ordered in a quarter of an hour, and what of it by business customers."""

    starts: datetime
    everyone: Sums
    business: Sums


@dataclass(frozen=True, kw_only=True)
class Orders:
    """The orders of a world."""

    world: World
    _days: Recent[list[Quarter]] = field(default_factory=lambda: Recent(_DAYS_REMEMBERED))

    def between(
        self,
        marketplace: Marketplace,
        start: datetime,
        end: datetime,
        now: datetime,
        asins: Sequence[str] | None = None,
    ) -> Iterator[Quarter]:
        """Yield the quarters between two instants that have orders by `now`; of some ASINs if there are any named."""
        zone = self.world.placed(marketplace).zone
        for day in days(start.astimezone(zone).date(), end.astimezone(zone).date()):
            for quarter in self._quarters(marketplace, day, now, asins):
                if start <= quarter.starts < end and quarter.starts < now:
                    yield quarter

    def _quarters(
        self, marketplace: Marketplace, day: date, now: datetime, asins: Sequence[str] | None
    ) -> Iterable[Quarter]:
        # Orders show at once; what takes them a day and a half is the way into sales and traffic.
        hours = max(self.world.edition(marketplace, day, now) or 0, SETTLED_HOURS)
        if asins is not None:
            cells = [cell for cell in self.world.aged(marketplace, day, hours) if cell.listing.child.asin in asins]
            return self._split(marketplace, day, cells)
        key = (marketplace.code, day, hours)
        return self._days.get(key, lambda: self._split(marketplace, day, self.world.aged(marketplace, day, hours)))

    def _split(self, marketplace: Marketplace, day: date, cells: Sequence[Cell]) -> list[Quarter]:
        catalog = self.world.catalog
        source = random.Random(f"hours/{catalog.seed}/{marketplace.code}/{day.isoformat()}")
        words = memoryview(source.randbytes(8 * catalog.size)).cast("Q")
        first = datetime.combine(day, time(), self.world.placed(marketplace).zone).astimezone(UTC)
        quarters = int((self.world.day_end(marketplace, day) - first) / _QUARTER)
        everyone, business = [Sums()] * quarters, [Sums()] * quarters
        for cell in cells:
            for at, is_business, sums in _items(cell, words[cell.listing.child.index], quarters):
                everyone[at] = everyone[at].plus(sums)
                if is_business and marketplace.business:
                    business[at] = business[at].plus(sums)
        both = zip(range(quarters), everyone, business, strict=True)
        return [Quarter(first + at * _QUARTER, whole, part) for at, whole, part in both if whole.units]


def _items(cell: Cell, word: int, quarters: int) -> Iterator[tuple[int, bool, Sums]]:
    """Yield a row's order items: the quarter of each, whether a business customer's, and what it adds."""
    price = cell.sales // cell.units if cell.units else 0
    parts = [(True, cell.units_b, cell.items_b), (False, cell.units - cell.units_b, cell.items - cell.items_b)]
    for is_business, units, items in parts:
        for number in range(max(items, 1) if units else 0):
            word = (word + _STEP) & _WORD
            mixed = (word ^ word >> 29) * _STEP & _WORD
            hour = _CURVE[(mixed >> 40) % len(_CURVE)]
            at = (4 * hour + (mixed >> 38 & 3)) * quarters // 96
            share = units // max(items, 1) + (number < units % max(items, 1))
            # One item in sixteen was bought along with another ASIN: an item, but no order of its own.
            counted = int(items > 0)
            yield at, is_business, Sums(share, counted, counted if mixed >> 60 else 0, share * price)
