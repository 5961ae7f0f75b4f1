"""What ledger and rows should say of restatements, computed from what the simulated Amazon knew at each answer."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from night import Shop
from truth import KINDS, Cells, kiosk_row

_SUMS = {"units": "units_ordered", "sales": "ordered_product_sales", "sessions": "sessions"}

_OF_THE_DAY = {
    f"{where}{figure}_percentage" for where in ("browser_", "mobile_app_", "") for figure in ("session", "page_views")
}
"""Shares of the whole day: they move as soon as any other row does, and restate nothing."""


@dataclass(kw_only=True)
class Row:
    """A row as it should be, and its history."""

    cells: Cells
    first_loaded_at: datetime
    last_changed_at: datetime | None = None
    times_changed: int = 0

    @property
    def history(self) -> tuple[datetime, datetime | None, int]:
        return self.first_loaded_at, self.last_changed_at, self.times_changed


@dataclass(kw_only=True)
class History:
    """What should have come of one slice: its rows, and the lines of `sp_restatements`, oldest first."""

    rows: dict[str, Row] = field(default_factory=dict)
    restatements: list[dict[str, Any]] = field(default_factory=list)
    unchanged: int = 0
    """Answers that said what the one before had said."""


def history(shop: Shop, dataset: str, code: str, day: date) -> History:
    """Return what should have come of a slice's answers, one after the other."""
    table, kind, aggregate, key = KINDS[dataset]
    columns = [row["column_name"] for row in shop.rows(
        "SELECT column_name FROM information_schema.columns WHERE table_name = %s", table)]  # fmt: skip
    as_of = {(e["account"], e["query_id"]): datetime.fromisoformat(e["as_of"]) for e in shop.queries}
    found = History()
    for pull in _answers(shop, dataset, code, day):
        true = shop.true_rows(kind, code, day, as_of[pull["account"], pull["first_ticket"]], aggregate)
        cells = (_as_stored(kiosk_row(row), columns) for row in true)
        rows = {row[key]: row for row in cells}
        named = {asin for scope, some in pull["filters"] or () if scope.endswith(f":{code}") for asin in some}
        if named:
            rows = {asin: row for asin, row in rows.items() if asin in named}
        _answered(found, rows, named, pull["finished_at"])
    return found


def _answered(found: History, rows: Mapping[str, Cells], named: set[str], at: datetime) -> None:
    """Hold one answer, of all ASINs or of those named, against what there is."""
    is_first, before = not found.rows, _sums(found)
    spoken_of = {asin for asin in found.rows if asin in named or not named}
    added = rows.keys() - found.rows.keys()
    withdrawn = spoken_of - rows.keys()
    changed = set()
    for asin in spoken_of & rows.keys():
        old = found.rows[asin]
        differing = {name for name, value in rows[asin].items() if value != old.cells[name]} - _OF_THE_DAY
        if any(old.cells[name] is not None for name in differing):
            changed.add(asin)
            old.last_changed_at, old.times_changed = at, old.times_changed + 1
        old.cells = rows[asin]
    for asin in withdrawn:
        del found.rows[asin]
    found.rows |= {asin: Row(cells=rows[asin], first_loaded_at=at) for asin in added}
    if is_first:
        return
    if not (added or changed or withdrawn):
        found.unchanged += 1
        return
    counts = {"rows_added": len(added), "rows_changed": len(changed), "rows_withdrawn": len(withdrawn)}
    sums = {f"{name}_before": value for name, value in before.items()}
    sums |= {f"{name}_after": value for name, value in _sums(found).items()}
    found.restatements.append({"restated_at": at, **counts, **sums})


def _answers(shop: Shop, dataset: str, code: str, day: date) -> list[dict[str, Any]]:
    """Return the pulls whose rows were accepted for a slice, in the order in which they were."""
    return shop.rows(
        "SELECT p.id, p.account, p.filters, p.finished_at, coalesce(p.page_tickets[1], p.ticket) AS first_ticket"
        " FROM sp_pull_slices ps JOIN sp_pulls p ON p.id = ps.pull_id"
        " WHERE ps.loaded AND (ps.dataset, ps.scope, ps.first_day) = (%s, %s, %s) ORDER BY p.finished_at, p.id",
        dataset, f"marketplace:{code}", day,
    )  # fmt: skip


def _sums(found: History) -> dict[str, Any]:
    return {name: sum(row.cells[column] or 0 for row in found.rows.values()) for name, column in _SUMS.items()}


def _as_stored(row: Cells, columns: list[str]) -> Cells:
    """Return the cells that have a column, numbers with as many places as the columns have."""
    return {name: _exact(value) for name, value in row.items() if name in columns}


def _exact(value: object) -> object:
    return Decimal(str(value)).quantize(Decimal("0.01"), ROUND_HALF_UP) if isinstance(value, float) else value
