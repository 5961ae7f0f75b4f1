"""Later corrections of days that had settled: which rows, when, and how. Pure, from the seed; off by default.

Amazon publishes no window. Three to fourteen days is what developers' habits of asking again allow for.
"""

import random
from collections.abc import Sequence
from datetime import date
from enum import Enum
from typing import NamedTuple

from amazon_simulator.marketplaces import Marketplace

_FIRST_DAY, _DAYS = 3, 12


class Kind(Enum):
    """What a correction does to a row."""

    CANCELLED = "a third of the units, at least one, is taken back"
    LATE = "orders come in late: a third more units, at least one"
    WITHDRAWN = "the row is gone"
    ADDED = "the row was not there before"


# Out of eight: cancellations and late orders are common, whole rows that come or go are not.
_ODDS = (*[Kind.CANCELLED] * 3, *[Kind.LATE] * 3, Kind.WITHDRAWN, Kind.ADDED)


class Restatement(NamedTuple):
    """A correction of one row, `hour` hours after the day's end."""

    hour: int
    kind: Kind

    def hides(self, hours: int) -> bool:
        """Say whether the row does not show at an age of `hours`."""
        made = hours >= self.hour
        return (self.kind is Kind.WITHDRAWN and made) or (self.kind is Kind.ADDED and not made)

    def units(self, units: int, hours: int) -> int:
        """Return the row's units at an age of `hours`."""
        if hours < self.hour or not units:
            return units
        change = max(1, units // 3)
        return units + {Kind.CANCELLED: -change, Kind.LATE: change}.get(self.kind, 0)


def restatements(
    seed: int, marketplace: Marketplace, day: date, count: int, rate: float
) -> Sequence[Restatement | None]:
    """Return what happens to each of a day's `count` rows; `rate` is the part that anything happens to."""
    if not rate:
        return [None] * count
    source = random.Random(f"restated/{seed}/{marketplace.code}/{day.isoformat()}")
    words = memoryview(source.randbytes(4 * count)).cast("I").tolist()
    return [_restatement(word) if (word & 0xFFFF) < rate * 65536 else None for word in words]


def _restatement(word: int) -> Restatement:
    days = _FIRST_DAY + (word >> 16 & 0xFF) % _DAYS
    return Restatement(hour=24 * days, kind=_ODDS[word >> 24 & 7])
