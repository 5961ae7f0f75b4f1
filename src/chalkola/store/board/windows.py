"""Figures over a period, and beside another one. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal

from chalkola.store.board.definitions import BY_KEY, Definition
from chalkola.store.board.shapes import Cell, Compared

SUMS = ("units", "sales", "sessions", "page_views", "order_items", "buy_box_views", "buy_box_base")
"""What every metric is made of. `buy_box_views` are page views with our offer in the buy box, `buy_box_base` the page
views of which Amazon says whether they had it."""
Sums = Mapping[str, Decimal | int | None]
Line = Sequence[Decimal | int | None]
"""One sum on each of many days."""
NOTHING: Sums = dict.fromkeys(SUMS)
ZEROS: Sums = dict.fromkeys(SUMS, 0)


def added(many: Iterable[Sums]) -> Sums:
    """Return the sums of sums. What is not there is left out; what is nowhere there stays None."""
    total: dict[str, Decimal | int | None] = dict(NOTHING)
    for one in many:
        for name in SUMS:
            if (value := one[name]) is not None:
                total[name] = value + (total[name] or 0)
    return total


def value_of(metric: Definition, sums: Sums) -> Decimal | None:
    """Return a metric's value, rounded; None where a sum is not there, or would be divided by nothing."""
    exact = exact_value_of(metric, sums)
    if exact is None or (metric.unit == "count" and not metric.below):
        return exact
    return exact.quantize(_STEPS[metric.decimals], ROUND_HALF_UP)


def exact_value_of(metric: Definition, sums: Sums) -> Decimal | None:
    """Return a metric's value as it is before it is rounded."""
    above = sums[metric.above]
    if above is None:
        return None
    if not metric.below:
        return Decimal(above)
    below = sums[metric.below]
    return Decimal(above) / below if below else None


def line_of(metric: Definition, sums: Mapping[str, Line]) -> tuple[Decimal | None, ...]:
    """Return a metric's value on each of many days, as `value_of` has it, from their sums by column."""
    step, above = _STEPS[metric.decimals], sums[metric.above]
    if metric.below:
        return tuple(
            (Decimal(a) / b).quantize(step, ROUND_HALF_UP) if a is not None and b else None
            for a, b in zip(above, sums[metric.below], strict=True)
        )
    if metric.unit == "count":
        return tuple(None if value is None else Decimal(value) for value in above)
    return tuple(None if value is None else Decimal(value).quantize(step, ROUND_HALF_UP) for value in above)


_STEPS = tuple(Decimal(1).scaleb(-n) for n in range(5))


def values_of(metrics: Iterable[str], sums: Sums) -> dict[str, Decimal | None]:
    """Return the values of several metrics."""
    return {key: value_of(BY_KEY[key], sums) for key in metrics}


def compared(now: Decimal | None, then: Decimal | None) -> Compared:
    """Return a value beside another one. The ratio of a change from nothing is None."""
    if now is None or then is None:
        return Compared(then=then, change=None, ratio=None)
    change = now - then
    return Compared(
        then=then, change=change, ratio=(change / abs(then)).quantize(Decimal("0.0001")) if then else None
    )


def cells(metrics: Iterable[str], now: Sums, then: Sums) -> dict[str, Cell]:
    """Return the cells of some metrics in a period and in the one it is held against."""
    made = {}
    for key in metrics:
        value = value_of(BY_KEY[key], now)
        beside = compared(value, value_of(BY_KEY[key], then))
        made[key] = Cell(value=value, then=beside.then, change=beside.change, ratio=beside.ratio)
    return made
