"""The simulated reference rates: a seeded walk over the bank's working days, published in the afternoon."""

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("Europe/Berlin")  # Frankfurt
FIRST_DAY = date(2022, 1, 3)
_HOUR = time(16)
_MINUTES_LATE = 15
_STEP = 0.004  # of the logarithm, a day
_PULL = 0.995  # towards where it began
_ONE_DAY = timedelta(days=1)
_LEFT_FOR_THE_EURO = {"BGN": date(2026, 1, 1)}  # Bulgaria

# currency: (where it begins, decimals, whether it is fixed to the euro). In the order of the bank's files.
_CURRENCIES: Mapping[str, tuple[float, int, bool]] = {
    "USD": (1.1512, 4, False), "JPY": (166.2, 2, False), "BGN": (1.9558, 4, True), "CZK": (24.48, 3, False),
    "DKK": (7.4612, 4, True), "GBP": (0.8631, 5, False), "HUF": (392.4, 2, False), "PLN": (4.2655, 4, False),
    "RON": (5.0642, 4, False), "SEK": (11.084, 4, False), "CHF": (0.9377, 4, False), "ISK": (142.6, 2, False),
    "NOK": (11.742, 4, False), "TRY": (48.12, 4, False), "AUD": (1.7684, 4, False), "BRL": (6.2415, 4, False),
    "CAD": (1.6071, 4, False), "CNY": (8.2533, 4, False), "HKD": (8.9721, 4, False), "IDR": (18905.0, 2, False),
    "ILS": (3.9118, 4, False), "INR": (101.62, 4, False), "KRW": (1641.0, 2, False), "MXN": (21.406, 4, False),
    "MYR": (4.8815, 4, False), "NZD": (1.9802, 4, False), "PHP": (66.214, 3, False), "SGD": (1.4915, 4, False),
    "THB": (37.602, 3, False), "ZAR": (20.418, 4, False),
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class ReferenceRates:
    """The rates under a seed, as the bank prints them."""

    seed: int
    _walks: dict[str, list[str]] = field(default_factory=dict)

    @property
    def currencies(self) -> tuple[str, ...]:
        """Return the currencies in the order of the bank's files."""
        return tuple(_CURRENCIES)

    def published(self, day: date) -> datetime | None:
        """Return the instant at which a day's rates come out, None for a day that has none."""
        if day < FIRST_DAY or day.weekday() > 4 or is_holiday(day):
            return None
        late = random.Random(f"hour/{self.seed}/{day}").randrange(_MINUTES_LATE)
        return (datetime.combine(day, _HOUR, ZONE) + timedelta(minutes=late)).astimezone(UTC)

    def days(self, first: date, as_of: datetime) -> Iterator[date]:
        """Yield the days from `first` on whose rates are out at `as_of`, newest first."""
        day, first = as_of.astimezone(ZONE).date(), max(first, FIRST_DAY)
        while day >= first:
            at = self.published(day)
            if at is not None and at <= as_of:
                yield day
            day -= _ONE_DAY

    def of(self, day: date) -> Mapping[str, str]:
        """Return a day's rates, units for one euro; none for a day that has none."""
        if self.published(day) is None:
            return {}
        place = (day - FIRST_DAY).days
        return {
            code: self._walk(code, place)[place]
            for code in _CURRENCIES
            if day < _LEFT_FOR_THE_EURO.get(code, date.max)
        }

    def _walk(self, code: str, place: int) -> list[str]:
        """Return a currency's rates from the first day on, at least as far as `place`."""
        known = self._walks.get(code, [])
        if len(known) <= place:
            known = self._walks[code] = _walked(self.seed, code, max(2 * len(known), place + 400))
        return known


def _walked(seed: int, code: str, length: int) -> list[str]:
    rng, (begins, decimals, is_fixed) = random.Random(f"rates/{seed}/{code}"), _CURRENCIES[code]
    away, found = 0.0, []
    for _ in range(length):
        away = _PULL * away + rng.gauss(0, 0 if is_fixed else _STEP)
        found.append(f"{begins * (1 + away):.{decimals}f}")
    return found


def is_holiday(day: date) -> bool:
    """Say whether TARGET is closed on a day that is no weekend: its long-term calendar of 14 December 2000."""
    if (day.month, day.day) in ((1, 1), (5, 1), (12, 25), (12, 26)):
        return True
    return day in (_easter_sunday(day.year) - 2 * _ONE_DAY, _easter_sunday(day.year) + _ONE_DAY)


def _easter_sunday(year: int) -> date:
    """Return the Sunday after the first full moon of spring, as the Gregorian calendar's tables have it."""
    golden = year % 19 + 1
    century = year // 100 + 1
    solar, lunar = 3 * century // 4 - 12, (8 * century + 5) // 25 - 5
    epact = (11 * golden + 20 + lunar - solar) % 30
    if epact == 24 or (epact == 25 and golden > 11):
        epact += 1
    moon = 44 - epact
    moon += 30 if moon < 21 else 0
    full = date(year, 3, 1) + timedelta(days=moon - 1)
    return full + timedelta(days=(6 - full.weekday()) % 7 or 7)
