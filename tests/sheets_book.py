"""A spreadsheet of Google's and what may be done with it, for its stand-in; what Google refuses it refuses as well.

Shapes: developers.google.com/workspace/sheets/api/reference/rest; support.google.com/drive/answer/37603 (ten million
cells). Only what a push needs is there; the rest is refused.
"""

import copy
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

EMAIL = "chalkola@shop-123.iam.gserviceaccount.com"
MOST_CELLS = 10_000_000
Value = str | int | float | bool


class Refused(Exception):
    """An answer of Google's that is none of success."""

    def __init__(self, code: int, status: str, message: str, *details: Mapping[str, Any]) -> None:
        super().__init__(message)
        self.code = code
        error: dict[str, Any] = {"code": code, "message": message, "status": status}
        self.body = {"error": {**error, "details": list(details)} if details else error}


def invalid(message: str) -> Refused:
    return Refused(400, "INVALID_ARGUMENT", message)


@dataclass
class Tab:
    """A tab: its size, its cells by row and column, and the formats given to areas."""

    id: int
    title: str
    rows: int = 1000
    columns: int = 26
    hidden: bool = False
    cells: dict[tuple[int, int], Value] = field(default_factory=dict)
    formats: list[tuple[tuple[int, int, int, int], str]] = field(default_factory=list)

    def grid(self) -> list[list[Value]]:
        """Return the cells as the API answers them: what is empty at the end is left out."""
        last = max((row for row, _ in self.cells), default=-1)
        rows: list[list[Value]] = [[] for _ in range(last + 1)]
        for row, column in sorted(self.cells):
            rows[row] += [""] * (column - len(rows[row])) + [self.cells[row, column]]
        return rows


@dataclass
class Document:
    """A spreadsheet and with whom it is shared."""

    tabs: list[Tab] = field(default_factory=lambda: [Tab(id=0, title="Sheet1")])
    editors: set[str] = field(default_factory=lambda: {EMAIL})
    is_office_file: bool = False
    next_id: int = 1

    def named(self, title: str) -> Tab:
        found = next((tab for tab in self.tabs if tab.title == title), None)
        if found is None:
            raise invalid(f"Unable to parse range: {title}")
        return found

    def of_id(self, id: int, where: str) -> Tab:
        found = next((tab for tab in self.tabs if tab.id == id), None)
        if found is None:
            raise invalid(f"{where}: No grid with id: {id}")
        return found

    def check(self) -> None:
        if sum(tab.rows * tab.columns for tab in self.tabs) > MOST_CELLS:
            raise invalid(
                "This action would increase the number of cells in the workbook above the limit of 10000000 cells."
            )


def change(document: Document, body: Any) -> Document:
    """Return a document after all the requests of a batchUpdate, or refuse them all."""
    _fields(body, "", {"requests", "includeSpreadsheetInResponse", "responseRanges", "responseIncludeGridData"})
    if not body.get("requests"):
        raise invalid("Must specify at least one request.")
    made = copy.deepcopy(document)
    for number, request in enumerate(body["requests"]):
        (kind, said), where = next(iter(request.items())), f"Invalid requests[{number}]"
        if len(request) != 1 or kind not in _CHANGES:
            raise _unknown(kind, f"requests[{number}]")
        _CHANGES[kind](made, said, f"{where}.{kind}")
        made.check()
    return made


def _unknown(name: str, where: str) -> Refused:
    return invalid(f"Invalid JSON payload received. Unknown name \"{name}\" at '{where}': Cannot find field.")


def _fields(said: Any, where: str, known: set[str]) -> None:
    for name in said:
        if name not in known:
            raise _unknown(name, where)


def _add(document: Document, said: Any, where: str) -> None:
    _fields(said, where, {"properties"})
    known = said["properties"]
    _fields(known, where, {"sheetId", "title", "index", "hidden", "gridProperties"})
    if any(tab.title == known["title"] for tab in document.tabs):
        raise invalid(f'{where}: A sheet with the name "{known["title"]}" already exists. Please enter another name.')
    grid = known.get("gridProperties", {})
    document.tabs.append(Tab(
        id=document.next_id * 7919, title=known["title"], rows=grid.get("rowCount", 1000),
        columns=grid.get("columnCount", 26), hidden=known.get("hidden", False),
    ))  # fmt: skip
    document.next_id += 1


def _update(document: Document, said: Any, where: str) -> None:
    _fields(said, where, {"properties", "fields"})
    tab, known = document.of_id(said["properties"]["sheetId"], where), said["properties"]
    if not said.get("fields"):
        raise invalid(f"{where}: At least one field must be listed in 'fields'. (Use '*' to indicate all fields.)")
    for name in said["fields"].split(","):
        match name:
            case "gridProperties.rowCount":
                tab.rows = known["gridProperties"]["rowCount"]
            case "gridProperties.columnCount":
                tab.columns = known["gridProperties"]["columnCount"]
            case _:
                raise invalid(f"{where}: Invalid field: {name}")
    tab.cells = {(r, c): value for (r, c), value in tab.cells.items() if r < tab.rows and c < tab.columns}


def _delete(document: Document, said: Any, where: str) -> None:
    _fields(said, where, {"sheetId"})
    document.tabs.remove(document.of_id(said["sheetId"], where))
    if all(tab.hidden for tab in document.tabs):
        raise invalid(f"{where}: You can't remove all the visible sheets in a document.")


def _area(document: Document, said: Any, where: str) -> tuple[Tab, int, int, int, int]:
    _fields(said, where, {"sheetId", "startRowIndex", "endRowIndex", "startColumnIndex", "endColumnIndex"})
    tab = document.of_id(said["sheetId"], where)
    top, left = said.get("startRowIndex", 0), said.get("startColumnIndex", 0)
    bottom, right = said.get("endRowIndex", tab.rows), said.get("endColumnIndex", tab.columns)
    if not (0 <= top < bottom <= tab.rows and 0 <= left < right <= tab.columns):
        raise invalid(f"{where}: range is beyond the grid of {tab.title} ({tab.rows} rows, {tab.columns} columns)")
    return tab, top, left, bottom, right


def _copy(document: Document, said: Any, where: str) -> None:
    _fields(said, where, {"source", "destination", "pasteType", "pasteOrientation"})
    if said.get("pasteType") != "PASTE_VALUES":
        raise invalid(f"{where}: Invalid value at 'paste_type'")
    source, top, left, bottom, right = _area(document, said["source"], where)
    tab, *place = _area(document, said["destination"], where)
    for row in range(bottom - top):
        for column in range(right - left):
            _put(tab, place[0] + row, place[1] + column, source.cells.get((top + row, left + column), ""))


def _cells(document: Document, said: Any, where: str) -> None:
    _fields(said, where, {"rows", "fields", "start", "range"})
    if said.get("fields") != "userEnteredValue" or ("start" in said) == ("range" in said):
        raise invalid(f"{where}: must specify fields, and one of start and range")
    if "range" in said:
        tab, top, left, bottom, right = _area(document, said["range"], where)
        tab.cells = {at: v for at, v in tab.cells.items() if not (top <= at[0] < bottom and left <= at[1] < right)}
        assert not said.get("rows"), "not needed here"
        return
    start = said["start"]
    tab = document.of_id(start["sheetId"], where)
    for row, line in enumerate(said["rows"], start=start["rowIndex"]):
        for column, cell in enumerate(line.get("values", ()), start=start["columnIndex"]):
            _inside(tab, row, column, where)
            _put(tab, row, column, _entered(cell, where))


def _entered(cell: Any, where: str) -> Value:
    _fields(cell, where, {"userEnteredValue"})
    if not cell:
        return ""
    ((kind, value),) = cell["userEnteredValue"].items()
    fits = {"numberValue": (int, float), "stringValue": str, "boolValue": bool}
    if kind not in fits or not isinstance(value, fits[kind]):
        raise invalid(f"{where}: Invalid value at 'user_entered_value'")
    made: Value = value
    return made


def _repeat(document: Document, said: Any, where: str) -> None:
    _fields(said, where, {"range", "cell", "fields"})
    tab, top, left, bottom, right = _area(document, said["range"], where)
    assert said["fields"] == "userEnteredFormat.numberFormat"
    pattern = said["cell"]["userEnteredFormat"]["numberFormat"]["pattern"]
    tab.formats = [one for one in tab.formats if one[0] != (top, left, bottom, right)]
    tab.formats.append(((top, left, bottom, right), pattern))


_CHANGES = {
    "addSheet": _add, "updateSheetProperties": _update, "deleteSheet": _delete, "copyPaste": _copy,
    "updateCells": _cells, "repeatCell": _repeat,
}  # fmt: skip


def _put(tab: Tab, row: int, column: int, value: Value) -> None:
    if value == "" and not isinstance(value, bool):
        tab.cells.pop((row, column), None)
    else:
        tab.cells[row, column] = value


def _inside(tab: Tab, row: int, column: int, where: str) -> None:
    if row >= tab.rows or column >= tab.columns:
        raise invalid(f"Range ({where}) exceeds grid limits. Max rows: {tab.rows}, max columns: {tab.columns}")


# ── values ───────────────────────────────────────────────────────────────────────────────────────


def _range(document: Document, text: str) -> tuple[Tab, int, int]:
    found = re.fullmatch(r"'((?:[^']|'')+)'(?:!([A-Z]+)(\d+))?", text)
    if not found:
        raise invalid(f"Unable to parse range: {text}")
    tab = document.named(found[1].replace("''", "'"))
    column = 0
    for letter in found[2] or "A":
        column = column * 26 + ord(letter) - 64
    return tab, int(found[3] or 1) - 1, column - 1


def put_values(document: Document, text: str, how: Mapping[str, str], body: Any) -> dict[str, Any]:
    if how.get("valueInputOption") != "RAW":
        raise invalid("'valueInputOption' is required but not specified")
    _fields(body, "", {"range", "majorDimension", "values"})
    tab, top, left = _range(document, text)
    for row, line in enumerate(body["values"], start=top):
        for column, value in enumerate(line, start=left):
            _inside(tab, row, column, text)
            if not isinstance(value, str | int | float | None):
                raise invalid(f"Invalid values[{row}][{column}]: {value!r}")
            if isinstance(value, str) and len(value) > 50_000:
                raise invalid("Your input contains more than the maximum of 50000 characters in a single cell.")
            if value is not None:  # Google leaves such a cell as it is
                _put(tab, row, column, value)
    return {"updatedRows": len(body["values"])}


def get_values(document: Document, ranges: list[str], how: Mapping[str, str]) -> dict[str, Any]:
    assert (how["valueRenderOption"], how["dateTimeRenderOption"]) == ("UNFORMATTED_VALUE", "SERIAL_NUMBER")
    found = []
    for text in ranges:
        tab, _, _ = _range(document, text)
        values = tab.grid()
        found.append({"range": text, "majorDimension": "ROWS", **({"values": values} if values else {})})
    return {"valueRanges": found}
