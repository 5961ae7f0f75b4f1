"""How wanted everything is on a day: seasons, weekdays, sales events, growth. Invented; no source claims it."""

from dataclasses import dataclass
from datetime import date

from amazon_simulator.marketplaces import Marketplace

_WEEKDAYS = (1.04, 1.0, 0.97, 0.96, 0.93, 0.99, 1.11)  # Monday first
_MONTHS = (0.93, 0.9, 0.92, 0.94, 0.97, 0.98, 1.02, 1.0, 0.97, 1.03, 1.22, 1.38)
_GROWTH_A_YEAR = 0.12
_YEAR_ONE = date(2025, 1, 1).toordinal()


@dataclass(frozen=True, kw_only=True, slots=True)
class Demand:
    """Two factors: `sessions` on traffic, `price` on what is paid."""

    sessions: float
    price: float = 1.0


def demand(marketplace: Marketplace, day: date) -> Demand:
    """Return the demand on a marketplace's local day."""
    growth = 1 + _GROWTH_A_YEAR * (day.toordinal() - _YEAR_ONE) / 365
    season = _MONTHS[day.month - 1] * _WEEKDAYS[day.weekday()] * max(growth, 0.2)
    if _black_week(day):
        return Demand(sessions=season * 2.1, price=0.8)
    if day.month == 7 and 8 <= day.day <= 11 and marketplace.code != "AE":  # Prime Day
        return Demand(sessions=season * 1.9, price=0.8)
    return Demand(sessions=season)


def _black_week(day: date) -> bool:
    """Say whether a day lies between the Monday before Black Friday and Cyber Monday."""
    if day.month not in (11, 12):
        return False
    first_weekday = date(day.year, 11, 1).weekday()
    thanksgiving = date(day.year, 11, 1).toordinal() + (3 - first_weekday) % 7 + 21
    return -3 <= day.toordinal() - thanksgiving <= 4
