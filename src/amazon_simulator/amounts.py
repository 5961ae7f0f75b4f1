"""Numbers as the report writes them."""

from typing import Any

from amazon_simulator.marketplaces import Marketplace

Document = dict[str, Any]


def money(marketplace: Marketplace, smallest_units: int) -> Document:
    """Return money as Amazon writes it; yen have no decimals."""
    amount = smallest_units if marketplace.decimals == 0 else smallest_units / 100
    return {"amount": amount, "currencyCode": marketplace.currency}


def average(total: int, count: int) -> int:
    """Return an average in the smallest unit, 0 of nothing."""
    return round(total / count) if count else 0


def ratio(part: int, whole: int) -> float:
    """Return a quotient to two places, 0 of nothing."""
    return round(part / whole, 2) if whole else 0.0


def share(part: int, whole: int) -> float:
    """Return a percentage that ends at 100."""
    # Children's sessions add up to more than the day's visitors; a share of the day still ends at 100.
    return min(percent(part, whole), 100.0)


def percent(part: int, whole: int) -> float:
    """Return a percentage (0 to 100 and beyond, no fraction) to two places, 0 of nothing."""
    return round(100 * part / whole, 2) if whole else 0.0
