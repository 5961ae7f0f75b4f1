"""What the snapshot tabs hold, as values: read from the database's answers, checked, laid out as a grid of cells."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from chalkola.errors import Fault
from chalkola.store.sheets_snapshot import Answers
from chalkola.surfaces.sheets import layout

Cell = str | int | float | bool | None
"""What one cell holds; None is an empty one. A day is a number, as sheets count them."""
Grid = tuple[tuple[Cell, ...], ...]

_DAY_ZERO = date(1899, 12, 30).toordinal()
"""Sheets and Excel count days from here."""


@dataclass(frozen=True, kw_only=True)
class Tab:
    """One snapshot tab; `marketplace` is a code, ALL, or empty for the days'."""

    name: str
    marketplace: str
    columns: tuple[str, ...]
    rows: Grid
    last_closed: date | None = None

    @property
    def grid(self) -> Grid:
        """The columns' names and the rows below them."""
        return (self.columns, *self.rows)


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """All tabs of one state of the database."""

    version: str
    freshness: str
    currency: str
    fx_date: date | None
    made_at: datetime | None
    tabs: tuple[Tab, ...]

    def meta(self, *, written_at: datetime, by: str) -> Grid:
        """Return the cells of `_meta`: what is known of the tabs, and who wrote them when."""
        values: dict[str, Cell] = {
            "version": self.version, "freshness": self.freshness, "currency": self.currency,
            "fx_date": _day(self.fx_date), "made_at": _instant(self.made_at), "written_at": _instant(written_at),
            "written_by": by,
        }  # fmt: skip
        width = len(layout.META_TABLE)
        facts = [(name, values[name]) for name in layout.META]
        gap = [()] * (layout.META_TABLE_ROW - 1 - len(facts))
        lines = [(tab.name, tab.marketplace or None, len(tab.rows), _day(tab.last_closed)) for tab in self.tabs]
        cells: list[tuple[Cell, ...]] = [*facts, *gap, layout.META_TABLE, *lines]
        return tuple((*row, *[None] * (width - len(row))) for row in cells)


def read_snapshot(answers: Answers, currency: str) -> Snapshot:
    """Return what the database answered as tabs. Raises `Fault` when one is not as its own check says."""
    meta = answers.meta
    closed = {code: date.fromisoformat(day) for code, day in meta["last_closed"].items()}
    tabs = tuple(
        read_tab(answer, marketplace=line.get("marketplace", ""), last_closed=closed.get(line.get("marketplace", "")))
        for line, answer in zip(meta["tabs"], answers.tabs, strict=True)
    )
    return Snapshot(
        version=answers.version, freshness=meta["freshness"], currency=currency,
        fx_date=date.fromisoformat(meta["fx_date"]) if meta["fx_date"] else None,
        made_at=datetime.fromisoformat(meta["made_at"]) if meta["made_at"] else None, tabs=tabs,
    )  # fmt: skip


def read_tab(answer: Mapping[str, Any], *, marketplace: str, last_closed: date | None) -> Tab:
    """Return a tab from the data of `sheet_snapshot`. Raises `Fault` when it is not as its own check says."""
    columns, rows = tuple(answer["columns"]), answer["rows"]
    if wrong := differs(columns, rows, count=answer["count"], check=answer["check"]):
        raise Fault(
            f"The database's answer for the tab {answer['tab']} is not whole.",
            why=f"{wrong[0].upper()}{wrong[1:]}.",
            remedy="Nothing was written. Run it again; if it stays so, run `chalkola migrate`.",
        )
    cells = tuple(tuple(map(_cell, columns, row)) for row in rows)
    return Tab(name=answer["tab"], marketplace=marketplace, columns=columns, rows=cells, last_closed=last_closed)


def differs(columns: Sequence[str], rows: Sequence[Sequence[Any]], *, count: int, check: Mapping[str, Any]) -> str:
    """Return what rows have otherwise than `check` says; empty for nothing.

    `keys_md5` is of the keys with a line break between them; `sums` are of each value in whole ten-thousandths.
    """
    if len(rows) != count:
        return f"it has {len(rows)} rows and should have {count}"
    keys = "\n".join(str(row[columns.index("key")]) for row in rows)
    if hashlib.md5(keys.encode(), usedforsecurity=False).hexdigest() != check["keys_md5"]:
        return "its keys are others"
    for name, wanted in check["sums"].items():
        place = columns.index(name)
        found = sum(map(_ten_thousandths, (row[place] for row in rows if row[place] is not None)))
        if found != wanted:
            return f"{name} adds up to {found / 10_000:f} and should to {wanted / 10_000:f}"
    return ""


def _ten_thousandths(value: float | Decimal) -> int:
    """As PostgreSQL rounds: a half goes away from zero."""
    exact = value if isinstance(value, Decimal) else Decimal(repr(value))
    return int((exact * 10_000).to_integral_value(ROUND_HALF_UP))


def _cell(column: str, value: Any) -> Cell:
    if value is not None and column == "date":
        return _day(date.fromisoformat(value))
    match value:
        case Decimal():
            return float(value)
        case None | str() | int() | float():
            return value
    raise Fault(f"The column {column} has a value that no cell can hold.", why=f"It is {value!r}.")


def day_number(day: date) -> int:
    """Return a day as sheets count it: 1 is 31 December 1899."""
    return day.toordinal() - _DAY_ZERO


def _day(day: date | None) -> Cell:
    return None if day is None else day_number(day)


def _instant(at: datetime | None) -> Cell:
    return None if at is None else f"{at:%Y-%m-%d %H:%M} UTC"
