"""In which zone Amazon's day of sales and traffic runs: it is not documented, so its own figures are asked.

The Sales API counts the same orders by the days of any zone. The zone whose days agree with our totals is Amazon's.
Figures may differ a little all the same (what is cancelled later), so most days decide, and clearly or not at all.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from chalkola.amazon import Amazon
from chalkola.marketplaces import Marketplace
from chalkola.periods import ONE_DAY, today
from chalkola.settings import Account
from chalkola.store import Store
from chalkola.store.day_zones import DayZone, keep_day_zone, read_units

MOST_DAYS, FEWEST_DAYS = 14, 7
OLDER_THAN = timedelta(days=3)
"""Amazon still moves younger days."""
LOOKS_BACK = timedelta(days=60)
_ELSEWHERE = ("America/Los_Angeles", "UTC")
_AGREEING_SHARE = 0.8
_AHEAD_BY = 3
"""Days by which the best zone must beat the next."""
_TOLERANCE = 0.005
"""Of a day's units: below two hundred they have to be the same."""


async def find_day_zone(store: Store, amazon: Amazon, account: Account, m: Marketplace, now: datetime) -> DayZone:
    """Compare and keep what was found. Costs a call of the Sales API for each zone, none where days are too few.

    Raises what every call raises.
    """
    before = today(now, m.zone) - OLDER_THAN
    totals = await read_units(store.pool, m, before - LOOKS_BACK, before, MOST_DAYS)
    fits: dict[str, int] = {}
    if len(totals) >= FEWEST_DAYS:
        first, last = min(totals), max(totals)
        for zone in candidates(m, first, last):
            metrics = await amazon.order_metrics(account, m.amazon_id, first, last, zone)
            fits[zone.key] = agreeing(totals, {metric.day: metric.units for metric in metrics})
    found = DayZone(
        amazon_marketplace_id=m.amazon_id, zone=fitting(fits, len(totals)), days=len(totals), fits=fits, found_at=now
    )
    await keep_day_zone(store.pool, found)
    return found


def candidates(m: Marketplace, first: date, last: date) -> tuple[ZoneInfo, ...]:
    """Return the zones to compare, the marketplace's own first; of those with the same days only the first."""
    days = [first + n * ONE_DAY for n in range((last - first).days + 2)]
    found: dict[tuple[timedelta | None, ...], ZoneInfo] = {}
    for zone in (m.zone, *map(ZoneInfo, _ELSEWHERE)):
        found.setdefault(tuple(_offset(day, zone) for day in days), zone)
    return tuple(found.values())


def _offset(day: date, zone: ZoneInfo) -> timedelta | None:
    return datetime.combine(day, time(), zone).utcoffset()


def agreeing(totals: Mapping[date, int], orders: Mapping[date, int]) -> int:
    """Return on how many days the orders are our totals."""
    return sum(abs(orders.get(day, 0) - units) <= units * _TOLERANCE for day, units in totals.items())


def fitting(fits: Mapping[str, int], days: int) -> str | None:
    """Return the zone that fits clearly: on four days of five, and three days more than any other; None for none."""
    ranked: Sequence[str] = sorted(fits, key=lambda zone: fits[zone], reverse=True)
    if days < FEWEST_DAYS or not ranked or fits[ranked[0]] < days * _AGREEING_SHARE:
        return None
    clear = len(ranked) == 1 or fits[ranked[0]] - fits[ranked[1]] >= _AHEAD_BY
    return ranked[0] if clear else None
