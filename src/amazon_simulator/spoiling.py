"""What the faults of a document's content do to it. Each takes the true document and the fault and changes it."""

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Any

from amazon_simulator.amounts import Document
from amazon_simulator.mischief import Fault

_COUNTS = ("unitsOrdered", "totalOrderItems", "pageViews", "sessions", "PageViews", "Sessions")


def spoiled(document: Document | bytes, fault: Fault) -> Document | bytes:
    """Return the document as a content fault leaves it: changed, or no JSON at all."""
    if isinstance(document, bytes):
        return document
    if fault.kind == "not_json":
        return b"Your report could not be rendered. Please contact Selling Partner Support."
    if fault.kind in _SPOILERS:
        _SPOILERS[fault.kind](document, fault)
    return document


def _empty_asin_list(document: Document, fault: Fault) -> None:
    document["salesAndTrafficByAsin"] = []


def _child_listed_twice(document: Document, fault: Fault) -> None:
    """Divide the busiest child's row: part under its parent, part under itself."""
    rows = document["salesAndTrafficByAsin"]
    children = [row for row in rows if row.get("childAsin", row["parentAsin"]) != row["parentAsin"]]
    if not children:
        return
    row = max(children, key=lambda row: row["trafficByAsin"]["sessions"])
    twin = {**row, "parentAsin": row["childAsin"], "salesByAsin": {}, "trafficByAsin": {}}
    for part in ("salesByAsin", "trafficByAsin"):
        row[part], twin[part] = _halves(row[part])
    for half in (row, twin):
        traffic, units = half["trafficByAsin"], half["salesByAsin"]["unitsOrdered"]
        sessions = traffic["sessions"]
        traffic["unitSessionPercentage"] = round(100 * units / sessions, 2) if sessions else 0.0
    rows.append(twin)


def _halves(values: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Divide counts, money and shares in two that add up; leave ratios as they are in both."""
    first, second = dict(values), dict(values)
    for name, value in values.items():
        if isinstance(value, dict):
            first[name], second[name] = _halves(value)
        elif isinstance(value, int | float) and not name.startswith(("buyBox", "unitSession")):
            first[name] = value // 2 if isinstance(value, int) else round(value / 2, 2)
            second[name] = value - first[name] if isinstance(value, int) else round(value - first[name], 2)
    for half in (first, second):
        _add_up(half)
    return first, second


def _add_up(traffic: dict[str, Any]) -> None:
    """Make sessions and page views the sum of browser and app again."""
    for suffix in ("", "B2B"):
        for whole, part in (("sessions", "Sessions"), ("pageViews", "PageViews")):
            if f"{whole}{suffix}" in traffic:
                parts = (f"browser{part}{suffix}", f"mobileApp{part}{suffix}")
                traffic[f"{whole}{suffix}"] = sum(traffic[name] for name in parts)


def _totals_differ(document: Document, fault: Fault) -> None:
    for row in document["salesAndTrafficByDate"]:
        sales = row["salesByDate"]
        price = sales["averageSellingPrice"]["amount"]
        sales["unitsOrdered"] += fault.amount
        sales["totalOrderItems"] += fault.amount
        sales["orderedProductSales"]["amount"] = round(
            sales["orderedProductSales"]["amount"] + fault.amount * price, 2
        )


def _new_field(document: Document, fault: Fault) -> None:
    for row in document["salesAndTrafficByAsin"]:
        row["salesByAsin"]["unitsReplaced"] = 0
        row["videoByAsin"] = {"videoViews": 3}
    for row in document["salesAndTrafficByDate"]:
        row["trafficByDate"]["voiceSessions"] = 1


def _missing_field(document: Document, fault: Fault) -> None:
    rows = document["salesAndTrafficByAsin"]
    for part in (rows[len(rows) // 2], *rows[len(rows) // 2].values()) if rows else ():
        if isinstance(part, dict):
            part.pop(fault.field, None)


def _other_day(document: Document, fault: Fault) -> None:
    specification = document["reportSpecification"]
    places = [(specification, "dataStartTime"), (specification, "dataEndTime")]
    for place, name in [*places, *((row, "date") for row in document["salesAndTrafficByDate"])]:
        place[name] = (date.fromisoformat(place[name]) - timedelta(days=1)).isoformat()


def _other_currency(document: Document, fault: Fault) -> None:
    set_other_currency(document)


def set_other_currency(node: Any) -> None:
    """Put all money in a currency that it is not in."""
    for money in _monies(node):
        money["currencyCode"] = "SEK" if money["currencyCode"] != "SEK" else "PLN"


def _shrunk_day(document: Document, fault: Fault) -> None:
    shrink(document, fault.factor)


def _shrunk_rows(document: Document, fault: Fault) -> None:
    shrink(document["salesAndTrafficByAsin"], fault.factor)


def shrink(node: Any, factor: float) -> None:
    """Multiply all counts and amounts of money."""
    for place, name, value in list(_leaves(node)):
        if name == "amount":
            place[name] = type(value)(round(value * factor, 2))
        elif isinstance(value, int) and any(part in name for part in _COUNTS):
            place[name] = int(value * factor)


def _b2b_null(document: Document, fault: Fault) -> None:
    for row in document["salesAndTrafficByAsin"]:
        _set_b2b(row["salesByAsin"], ("unitsOrdered", "orderedProductSales", "totalOrderItems"), None)
        _set_b2b(row["trafficByAsin"], list(row["trafficByAsin"]), None)
    for row in document["salesAndTrafficByDate"]:
        _set_b2b(row["salesByDate"], ("unitsOrdered", "orderedProductSales", "totalOrderItems"), None)
        _set_b2b(row["trafficByDate"], ("sessions", "pageViews", "buyBoxPercentage"), None)


def _b2b_without_currency(document: Document, fault: Fault) -> None:
    for row in document["salesAndTrafficByAsin"]:
        money = row["salesByAsin"].get("orderedProductSalesB2B", {"amount": 0.0})
        row["salesByAsin"]["orderedProductSalesB2B"] = {"amount": money["amount"]}


def _percentage_above_999(document: Document, fault: Fault) -> None:
    for row in document["salesAndTrafficByAsin"][:1]:
        row["trafficByAsin"]["unitSessionPercentage"] = 1250.0


def _set_b2b(part: dict[str, Any], names: Any, value: Any) -> None:
    for name in names:
        part[name if name.endswith("B2B") else f"{name}B2B"] = value


def _monies(node: Any) -> Iterator[dict[str, Any]]:
    for place, name, _ in list(_leaves(node)):
        if name == "currencyCode":
            yield place


def _leaves(node: Any) -> Iterator[tuple[Any, str, Any]]:
    """Yield every value that is no container, with the place it stands in."""
    for name, value in node.items() if isinstance(node, dict) else enumerate(node):
        if isinstance(value, dict | list):
            yield from _leaves(value)
        else:
            yield node, str(name), value


_SPOILERS: dict[str, Callable[[Document, Fault], None]] = {
    "empty_asin_list": _empty_asin_list,
    "child_listed_twice": _child_listed_twice,
    "totals_differ": _totals_differ,
    "new_field": _new_field,
    "missing_field": _missing_field,
    "other_day": _other_day,
    "other_currency": _other_currency,
    "shrunk_day": _shrunk_day,
    "shrunk_rows": _shrunk_rows,
    "b2b_null": _b2b_null,
    "b2b_without_currency": _b2b_without_currency,
    "percentage_above_999": _percentage_above_999,
}
