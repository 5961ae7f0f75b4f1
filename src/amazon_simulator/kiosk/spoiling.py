"""What the faults of a document's content do to a query's lines. Each changes the rows that it meets."""

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from typing import Any

import msgspec

from amazon_simulator.amounts import Document
from amazon_simulator.kiosk.question import KioskQuestion
from amazon_simulator.kiosk.schema import DATASET
from amazon_simulator.marketplaces import MARKETPLACES
from amazon_simulator.mischief import Fault
from amazon_simulator.spoiling import set_other_currency, shrink

NOT_JSON = b"Your query could not be rendered. Please contact Selling Partner Support.\n"


def spoiled_rows(rows: list[Document], question: KioskQuestion, fault: Fault) -> list[Document]:
    """Return whole rows as a content fault leaves them."""
    if fault.kind == "marketplace_missing":
        missing = MARKETPLACES[fault.marketplace or question.codes[-1]].amazon_id
        return [row for row in rows if row["marketplaceId"] != missing]
    met = [row for row in rows if _meets(row, fault)]
    if fault.kind == "repeated_lines":
        return rows + met[: max(1, len(met) // 3)]
    if fault.kind in _SPOILERS:
        _SPOILERS[fault.kind](met, fault)
    return rows


def spoiled_lines(rows: Sequence[Document], question: KioskQuestion, faults: Sequence[Fault]) -> bytes:
    """Return lines as faults write them."""
    kinds = [fault.kind for fault in faults]
    if "not_json" in kinds:
        return NOT_JSON
    for fault in faults:
        if fault.kind in _LINE_SPOILERS:
            _LINE_SPOILERS[fault.kind](rows, fault)
    lines = [msgspec.json.encode(_wrapped(row, question) if "wrapped_lines" in kinds else row) for row in rows]
    if "broken_line" in kinds and lines:
        lines[len(lines) // 2] = lines[len(lines) // 2][: len(lines[len(lines) // 2]) // 2]
    return b"".join(line + b"\n" for line in lines)


def _meets(row: Document, fault: Fault) -> bool:
    """Say whether a row is of the marketplace and the day that a fault names; a range's row is of all its days."""
    place = fault.marketplace is None or row["marketplaceId"] == MARKETPLACES[fault.marketplace].amazon_id
    day = fault.day is None or row["startDate"] <= fault.day.isoformat() <= row["endDate"]
    return place and day


def _wrapped(row: Document, question: KioskQuestion) -> Document:
    return {"data": {DATASET: {question.kind: [row]}}}


def _parts(rows: Sequence[Document]) -> list[Document]:
    return [part for row in rows for part in (row, *row.values()) if isinstance(part, dict)]


def _missing_field(rows: Sequence[Document], fault: Fault) -> None:
    for part in _parts(rows[len(rows) // 2 : len(rows) // 2 + 1]):
        part.pop(fault.field, None)


def _new_field(rows: Sequence[Document], fault: Fault) -> None:
    for row in rows:
        row["videoViews"] = 3
        row.get("sales", {})["unitsReplaced"] = 0


def _b2b_without_currency(rows: Sequence[Document], fault: Fault) -> None:
    for row in rows:
        (row.get("sales", {}).get("orderedProductSalesB2B") or {}).pop("currencyCode", None)


def _unknown_marketplace(rows: list[Document], fault: Fault) -> None:
    for row in rows[-1:]:
        row["marketplaceId"] = "A0NOSUCHPLACE0"


def _other_day(rows: list[Document], fault: Fault) -> None:
    for row in rows:
        for name in ("startDate", "endDate"):
            row[name] = (date.fromisoformat(row[name]) - timedelta(days=1)).isoformat()


def _totals_differ(rows: list[Document], fault: Fault) -> None:
    for row in rows:
        sales = row["sales"]
        price = sales["averageSellingPrice"]["amount"]
        sales["unitsOrdered"] += fault.amount
        sales["totalOrderItems"] += fault.amount
        money = sales["orderedProductSales"]
        money["amount"] = round(money["amount"] + fault.amount * price, 2)


def _b2b_null(rows: list[Document], fault: Fault) -> None:
    for part in _parts(rows):
        for name in part:
            if name.endswith("B2B"):
                part[name] = None


def _percentage_above_999(rows: list[Document], fault: Fault) -> None:
    for row in rows[:1]:
        row["traffic"]["unitSessionPercentage"] = 1250.0


def _shrunk(rows: list[Document], fault: Fault) -> None:
    shrink(rows, fault.factor)


def _other_currency(rows: list[Document], fault: Fault) -> None:
    set_other_currency(rows)


_SPOILERS: dict[str, Callable[[list[Any], Fault], None]] = {
    "unknown_marketplace": _unknown_marketplace,
    "other_day": _other_day,
    "other_currency": _other_currency,
    "totals_differ": _totals_differ,
    "shrunk_day": _shrunk,
    "shrunk_rows": _shrunk,
    "b2b_null": _b2b_null,
    "percentage_above_999": _percentage_above_999,
}

# These concern what was asked for, and only that.
_LINE_SPOILERS: dict[str, Callable[[Sequence[Document], Fault], None]] = {
    "missing_field": _missing_field,
    "new_field": _new_field,
    "b2b_without_currency": _b2b_without_currency,
}
