"""What charts draw, as plain values for static/charts.js. Pure. A day without a value is null: a gap in the line."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from itertools import repeat
from typing import Any

from chalkola.marketplaces import marketplace
from chalkola.store.board.definitions import BY_KEY, HEADLINE, METRICS, Definition
from chalkola.store.board.product_shapes import PlaceSeries, Product, Restated
from chalkola.store.board.shapes import Today, Versus
from chalkola.surfaces.web.pages.spelling import colour, money, place_name
from chalkola.surfaces.web.pages.spelling import day as spelt_day

Chart = Mapping[str, Any]
_THEN: Mapping[Versus, str] = {
    "week_ago": "A week before",
    "previous": "The days before",
    "year_ago": "A year before",
}


def trend_chart(seen: Today) -> Chart:
    """Return the line of days with the one that it is held against."""
    return {
        "days": [str(one.day) for one in seen.trend], "then_days": [str(one.then_day) for one in seen.trend],
        "closed": sum(one.state == "closed" for one in seen.trend), "currency": seen.currency,
        "metrics": [
            {
                **_metric(BY_KEY[key]),
                "lines": [
                    {
                        "name": BY_KEY[key].name, "colour": 1,
                        "values": _numbers(BY_KEY[key], (d.values.get(key) for d in seen.trend)),
                    },
                    {
                        "name": _THEN[seen.versus], "then": True,
                        "values": _numbers(BY_KEY[key], (d.then.get(key) for d in seen.trend)),
                    },
                ],
            }
            for key in ("sales", *(one for one in HEADLINE if one != "sales"))
        ],
    }  # fmt: skip


def trend_words(seen: Today) -> str:
    """Return what the line of days says, in a sentence."""
    sold = [(one.values.get("sales"), one.day) for one in seen.trend]
    known = [(value, day) for value, day in sold if value is not None]
    if not known:
        return "A line of days, of which none has sales."
    (least, worst), (most, best) = min(known), max(known)
    low, high = (money(value, seen.currency, short=True) for value in (least, most))
    return (
        f"Sales of {len(sold)} days in {seen.currency}: between {low} on {spelt_day(worst)} and {high} on"
        f" {spelt_day(best)}. The days stand in the table below."
    )


def product_chart(product: Product, closed: date | None) -> Chart:
    """Return every metric's days in each marketplace; `closed` is the last closed one. `shaded`: days of which Amazon
    has changed its mind.

    A ratio says which two it is `of` and is left to the browser to divide: that makes the page a third lighter.
    """
    restated = {one.day for one in product.restated}
    shown = _with_values(product)
    keys = {metric.key for metric in shown}
    return {
        "days": [str(day) for day in product.days], "currency": product.currency, "zoom": True,
        "closed": sum(closed is not None and day <= closed for day in product.days),
        "shaded": _ranges(n for n, day in enumerate(product.days) if day in restated),
        "metrics": [
            {**_metric(metric), "of": [metric.above, metric.below]} if {metric.above, metric.below} <= keys
            else {**_metric(metric), "lines": _lines(product, metric)}
            for metric in shown
        ],
    }  # fmt: skip


def _lines(product: Product, metric: Definition) -> list[dict[str, Any]]:
    return [
        {
            "name": place_name(place.marketplace), "colour": colour(place.marketplace),
            "values": _values(place, metric),
        }
        for place in product.places if _has_values(place, metric)
    ]  # fmt: skip


def _values(place: PlaceSeries, metric: Definition) -> Sequence[float | None]:
    above = place.lines.drawn(metric.above)
    if not metric.below:
        return above
    pairs = zip(above, place.lines.drawn(metric.below), strict=True)
    return _numbers(metric, (a / b if a is not None and b else None for a, b in pairs))


def _has_values(place: PlaceSeries, metric: Definition) -> bool:
    above = place.lines.sums[metric.above]
    below = place.lines.sums[metric.below] if metric.below else repeat(1)
    rates = place.lines.rates if metric.above == "sales" else repeat(1)
    return any(a is not None and b and rate for a, b, rate in zip(above, below, rates, strict=False))


def product_words(product: Product) -> str:
    """Return what a product's chart says, in a sentence."""
    names = ", ".join(metric.name.lower() for metric in _with_values(product))
    places = ", ".join(place_name(one.marketplace) for one in product.places)
    if not names:
        return "Lines of days, of which none has a figure."
    return f"{names.capitalize()} of {len(product.days)} days in {places}. The days stand in the table below."


def restated_chart(restated: Sequence[Restated]) -> Chart | None:
    """Return by how much Amazon has changed its mind: a band from what it said first (0) to what it says now; None
    where it has not."""
    days = sorted({one.day for one in restated})
    places: dict[str, dict[date, Restated]] = {}
    for one in restated:
        places.setdefault(one.marketplace, {})[one.day] = one
    metrics = [metric for metric in (_restated_metric(key, places, days) for key in _RESTATED) if metric["lines"]]
    return (
        {"kind": "bands", "days": [str(d) for d in days], "closed": len(days), "metrics": metrics}
        if metrics
        else None
    )


def restated_words(restated: Sequence[Restated]) -> str:
    """Return what the chart of restatements says, in a sentence."""
    days = len({one.day for one in restated})
    return f"How far Amazon's figures of {days} days moved after it first said them. The table below has both."


_RESTATED = ("units", "sales", "sessions")


def _restated_metric(key: str, places: Mapping[str, Mapping[date, Restated]], days: Sequence[date]) -> dict[str, Any]:
    lines = []
    for place, by_day in places.items():
        found = [by_day.get(day) for day in days]
        first, now = ([_said(one, f"{key}_{when}") for one in found] for when in ("first", "now"))
        if any(a is not None and b is not None and a != b for a, b in zip(first, now, strict=True)):
            currency = marketplace(place).currency if key == "sales" else ""
            lines.append({
                "name": place_name(place), "colour": colour(place), "first": first, "now": now, "currency": currency,
                "values": [round(b / a - 1, 6) if a and b is not None else None
                           for a, b in zip(first, now, strict=True)],
            })  # fmt: skip
    return {**_metric(BY_KEY[key]), "lines": lines}


def _said(one: Restated | None, name: str) -> float | None:
    value = None if one is None else getattr(one, name)
    return None if value is None else float(value)


def _with_values(product: Product) -> list[Definition]:
    sales_first = sorted(METRICS, key=lambda metric: metric.key != "sales")
    return [
        metric for metric in sales_first
        if any(_has_values(place, metric) for place in product.places)
    ]  # fmt: skip


def _ranges(places: Iterable[int]) -> list[list[int]]:
    """Return which places follow each other, as the first and the last of each row of them."""
    ranges: list[list[int]] = []
    for place in places:
        if ranges and ranges[-1][1] == place - 1:
            ranges[-1][1] = place
        else:
            ranges.append([place, place])
    return ranges


def _metric(metric: Definition) -> dict[str, Any]:
    return {"key": metric.key, "name": metric.name, "unit": metric.unit}


def _numbers(metric: Definition, values: Iterable[Decimal | float | None]) -> list[float | None]:
    """Return values as exactly as a chart can show them, and no longer."""
    if metric.unit == "count":
        return [None if value is None else int(value) for value in values]
    decimals = 2 if metric.unit == "money" else 4
    return [None if value is None else round(float(value), decimals) for value in values]
