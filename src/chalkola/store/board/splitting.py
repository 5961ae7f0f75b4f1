"""Why sales changed. Pure."""

from decimal import Decimal
from fractions import Fraction

from chalkola.store.board.shapes import Split
from chalkola.store.board.windows import Sums

_CENT = Decimal("0.01")


def split(now: Sums, then: Sums) -> Split | None:
    """Return how much of the change in sales from `then` to `now` came of visits, of conversion, and of price.

    Sales are sessions × (units ÷ sessions) × (sales ÷ units). Each factor's part is what it changes, averaged over
    all orders in which the three can change (Shapley's value): no order is preferred, the parts add up to the change
    to the last cent, and swapping the two periods swaps their signs. A factor that one side does not have (the price
    of nothing sold, the conversion of no visits) is taken from the other. None where a figure is not there, or
    something was sold without a visit.
    """
    one, other = _factors(now), _factors(then)
    if one is None or other is None:
        return None
    pairs = [_both(a, b) for a, b in zip(one, other, strict=True)]
    # A part in cents is rounded; the last one takes what is left, so that they add up.
    change = Decimal(now["sales"] or 0) - Decimal(then["sales"] or 0)
    sessions, conversion = (_money(_part(pairs, n)) for n in (0, 1))
    return Split(sessions=sessions, conversion=conversion, price=change - sessions - conversion)


_Factors = tuple[Fraction, Fraction | None, Fraction | None]


def _factors(sums: Sums) -> _Factors | None:
    sessions, units, sales = sums.get("sessions"), sums.get("units"), sums.get("sales")
    if sessions is None or units is None or sales is None or (units and not sessions) or (sales and not units):
        return None
    return (
        Fraction(sessions),
        Fraction(units) / Fraction(sessions) if sessions else None,
        Fraction(sales) / Fraction(units) if units else None,
    )


def _both(now: Fraction | None, then: Fraction | None) -> tuple[Fraction, Fraction]:
    known = now if now is not None else then if then is not None else Fraction(0)
    return (known if now is None else now), (known if then is None else then)


def _part(pairs: list[tuple[Fraction, Fraction]], n: int) -> Fraction:
    """Return the n-th factor's part: its change times the others, as they are before and after it in each order."""
    (a1, a0), (b1, b0) = (pair for i, pair in enumerate(pairs) if i != n)
    now, then = pairs[n]
    return (now - then) * (2 * a1 * b1 + a1 * b0 + a0 * b1 + 2 * a0 * b0) / 6


def _money(part: Fraction) -> Decimal:
    return (Decimal(part.numerator) / Decimal(part.denominator)).quantize(_CENT)
