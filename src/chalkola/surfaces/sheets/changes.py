"""The changes that `chalkola sheets push` asks Google for, as values: pure, each list carried out in one step."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from chalkola.surfaces.sheets import layout
from chalkola.surfaces.sheets.google import Sheet
from chalkola.surfaces.sheets.snapshot import Cell, Grid

Change = Mapping[str, Any]

STAGING = "_staging-"
"""How the names of staging tabs begin; the rest says when the run began, and which it is."""


def room(name: str, grid: Grid) -> tuple[int, int]:
    """Return how many rows and columns a tab has to have at least, so that formulas find what they refer to."""
    least = {"_meta": layout.META_ROWS, "_daily": layout.DAILY_ROWS}.get(name, layout.ITEM_ROWS)
    return max(least, len(grid)), max(layout.COLUMNS, *map(len, grid))


def added(name: str, rows: int, columns: int) -> Change:
    """Add a hidden tab at the end."""
    grid = {"rowCount": rows, "columnCount": columns}
    return {"addSheet": {"properties": {"title": name, "hidden": True, "gridProperties": grid}}}


def grown(sheet: Sheet, rows: int, columns: int) -> list[Change]:
    """Make a tab larger where it is too small; never smaller, or formulas would lose what they refer to."""
    if sheet.rows >= rows and sheet.columns >= columns:
        return []
    grid = {"rowCount": max(rows, sheet.rows), "columnCount": max(columns, sheet.columns)}
    fields = "gridProperties.rowCount,gridProperties.columnCount"
    properties = {"sheetId": sheet.id, "gridProperties": grid}
    return [{"updateSheetProperties": {"properties": properties, "fields": fields}}]


def deleted(sheets: Iterable[Sheet]) -> list[Change]:
    """Delete tabs."""
    return [{"deleteSheet": {"sheetId": sheet.id}} for sheet in sheets]


def swapped(staging: Sheet, live: Sheet, grid: Grid) -> list[Change]:
    """Put what was staged in a tab's place, and empty what is below and beside it, and the staging."""
    rows, columns = len(grid), max(map(len, grid))
    area = {"startRowIndex": 0, "endRowIndex": rows, "startColumnIndex": 0, "endColumnIndex": columns}
    return [
        {
            "copyPaste": {
                "source": {"sheetId": staging.id, **area}, "destination": {"sheetId": live.id, **area},
                "pasteType": "PASTE_VALUES", "pasteOrientation": "NORMAL",
            }
        },
        *_emptied_around(live, rows, columns), *_days(live, grid), emptied(staging),
    ]  # fmt: skip


def emptied(sheet: Sheet) -> Change:
    """Empty a whole tab."""
    return {"updateCells": {"range": {"sheetId": sheet.id}, "fields": "userEnteredValue"}}


def _emptied_around(sheet: Sheet, rows: int, columns: int) -> list[Change]:
    below = {"sheetId": sheet.id, "startRowIndex": rows}
    beside = {"sheetId": sheet.id, "startColumnIndex": columns}
    areas = [below] * (sheet.rows > rows) + [beside] * (sheet.columns > columns)
    return [{"updateCells": {"range": area, "fields": "userEnteredValue"}} for area in areas]


def _days(sheet: Sheet, grid: Grid) -> list[Change]:
    """Have the columns of days shown as days."""
    return [_as_day(sheet, place, 1, sheet.rows) for place, name in enumerate(grid[0]) if name == "date"]


def _as_day(sheet: Sheet, column: int, first: int, last: int) -> Change:
    area = {
        "sheetId": sheet.id, "startRowIndex": first, "endRowIndex": last, "startColumnIndex": column,
        "endColumnIndex": column + 1,
    }  # fmt: skip
    form = {"userEnteredFormat": {"numberFormat": {"type": "DATE", "pattern": "yyyy-mm-dd"}}}
    return {"repeatCell": {"range": area, "cell": form, "fields": "userEnteredFormat.numberFormat"}}


def meta_written(sheet: Sheet, grid: Grid) -> list[Change]:
    """Write `_meta` in one step: whoever reads it sees the old one or the new one."""
    rows = [{"values": [_value(cell) for cell in row]} for row in grid]
    start = {"sheetId": sheet.id, "rowIndex": 0, "columnIndex": 0}
    fx_row, table, closed = (
        layout.META.index("fx_date"),
        layout.META_TABLE_ROW,
        layout.META_TABLE.index("last_closed"),
    )
    return [
        {"updateCells": {"start": start, "rows": rows, "fields": "userEnteredValue"}},
        *_emptied_around(sheet, len(grid), len(layout.META_TABLE)),
        _as_day(sheet, 1, fx_row, fx_row + 1), _as_day(sheet, closed, table, sheet.rows),
    ]  # fmt: skip


def _value(cell: Cell) -> Change:
    match cell:
        case None:
            return {}
        case bool():
            return {"userEnteredValue": {"boolValue": cell}}
        case int() | float():
            return {"userEnteredValue": {"numberValue": cell}}
    return {"userEnteredValue": {"stringValue": cell}}


def somebody_elses(held: Mapping[str, Grid]) -> Sequence[str]:
    """Return the tabs that have a name of ours and are not ours: each of ours begins with a word that is known."""
    begins = {name: "version" if name == "_meta" else "key" for name in held}
    return [name for name, grid in held.items() if grid and (not grid[0] or grid[0][0] != begins[name])]
