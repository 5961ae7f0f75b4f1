"""Numbers as the report writes them."""

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from amazon_simulator.marketplaces import Marketplace

Document = dict[str, Any]


def money(marketplace: Marketplace, smallest_units: int) -> Document:
    """Return money as Amazon writes it; yen have no decimals."""
    return {"amount": amount(marketplace, smallest_units), "currencyCode": marketplace.currency}


def amount(marketplace: Marketplace, smallest_units: int) -> float:
    """Return an amount of a marketplace's money."""
    return smallest_units if marketplace.decimals == 0 else smallest_units / 100


def average(total: int, count: int) -> int:
    """Return an average in the smallest unit, 0 of nothing."""
    return round(total / count) if count else 0


def ratio(part: int, whole: int) -> float:
    """Return a quotient to two places, 0 of nothing."""
    return round(part / whole, 2) if whole else 0.0


def percent(part: int, whole: int) -> float:
    """Return a percentage (0 to 100 and beyond, no fraction) to two places, 0 of nothing."""
    return round(100 * part / whole, 2) if whole else 0.0


def percentages(parts: Iterable[int], wholes: Iterable[int]) -> list[float]:
    """Return what `percent` returns of each part and its whole."""
    found = []
    for part, whole in zip(parts, wholes, strict=False):
        if not part or not whole:
            found.append(0.0)
            continue
        raised = 10_000 * part / whole + 0.5
        hundredths = int(raised)
        # Half as long as rounding takes, to which half a hundredth is left.
        clear = 1e-6 < raised - hundredths < 1 - 1e-6
        found.append(hundredths / 100 if clear else percent(part, whole))
    return found


def shares(parts: Iterable[int], whole: int) -> list[float]:
    """Return the percentages that parts are of one whole; they end at 100."""
    return list(map(_shares_of(whole).__getitem__, parts))


class _Shares(dict[int, float]):
    """The shares of one whole, remembered: many rows of a day have the same few sessions."""

    def __init__(self, whole: int) -> None:
        self._whole = whole

    def __missing__(self, part: int) -> float:
        # Children's sessions add up to more than the day's visitors; a share of the day still ends at 100.
        found = self[part] = min(percent(part, self._whole), 100.0)
        return found


@lru_cache(maxsize=600)  # a hundred days have six each, and trends come back to a day once for each thirty ASINs
def _shares_of(whole: int) -> _Shares:
    return _Shares(whole)
