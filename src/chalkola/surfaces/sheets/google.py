"""One spreadsheet at Google, through gspread: each request keeps the pace, is tried again, ends in a sentence."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from chalkola.errors import Fault
from chalkola.settings.table import GOOGLE_SHEETS
from chalkola.surfaces.sheets.pace import TRIES, Pace
from chalkola.surfaces.sheets.refusals import explained
from chalkola.surfaces.sheets.service_account import ServiceAccount
from chalkola.surfaces.sheets.snapshot import Cell, Grid

_TIMEOUTS = (10.0, 180.0)
"""Seconds to connect, and to answer: Google ends what takes longer than three minutes."""
_BODY_BYTES = 1_800_000
"""developers.google.com/workspace/sheets/api/limits advises two megabytes a request."""
_READ_CELLS = 400_000
_AGAIN = (429, 500, 502, 503, 504)

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """A tab as Google has it."""

    id: int
    title: str
    rows: int
    columns: int


class Book:
    """A spreadsheet that a service account writes to."""

    def __init__(
        self, account: ServiceAccount, id: str, *, endpoint: str = GOOGLE_SHEETS, pace: Pace | None = None
    ) -> None:
        from gspread.http_client import HTTPClient  # it takes a while, and other commands do without
        from gspread.urls import SPREADSHEETS_API_V4_BASE_URL as fixed

        base = endpoint

        class Client(HTTPClient):
            def request(self, method: str, endpoint: str, *rest: Any, **named: Any) -> Any:
                return super().request(method, endpoint.replace(fixed, f"{base}/v4/spreadsheets"), *rest, **named)

        self.id, self.account, self._pace = id, account, pace or Pace()
        self._client = Client(account.credentials())
        self._client.set_timeout(_TIMEOUTS)

    def sheets(self) -> dict[str, Sheet]:
        """Return the tabs by their names."""
        fields = "sheets.properties(sheetId,title,gridProperties(rowCount,columnCount))"
        found = self._call("read", partial(self._client.spreadsheets_get, self.id, params={"fields": fields}))
        return {sheet.title: sheet for sheet in map(_sheet, found.get("sheets", ()))}

    def values(self, sheets: Sequence[Sheet]) -> dict[str, Grid]:
        """Return what is in some tabs, by their names: numbers as numbers, days as numbers, nothing as None."""
        held: dict[str, Grid] = {}
        for part in _parts(sheets):
            ranges = [quoted(sheet.title) for sheet in part]
            found = self._call("read", partial(self._client.values_batch_get, self.id, ranges, params={**_PLAIN}))
            for sheet, one in zip(part, found["valueRanges"], strict=True):
                held[sheet.title] = trimmed(one.get("values", ()))
        return held

    def write(self, title: str, grid: Grid) -> None:
        """Write cells into a tab from A1 on, in as many requests as their size wants. Empty ones are emptied."""
        for first, rows in _bodies(grid):
            place, body = f"{quoted(title)}!A{first + 1}", {"majorDimension": "ROWS", "values": rows}
            self._call("write", partial(self._client.values_update, self.id, place, params={**_RAW}, body=body))

    def update(self, requests: Sequence[Mapping[str, Any]]) -> None:
        """Carry out several changes in one step: all of them or none."""
        body = {"requests": list(requests), "includeSpreadsheetInResponse": False}
        self._call("write", partial(self._client.batch_update, self.id, body))

    def _call(self, kind: str, ask: Callable[[], T]) -> T:
        import requests
        from google.auth.exceptions import RefreshError, TransportError
        from gspread.exceptions import APIError

        for tries in range(1, TRIES + 1):
            self._pace.take_turn(kind)
            try:
                return ask()
            except APIError as error:
                if error.response.status_code not in _AGAIN or tries == TRIES:
                    raise explained(self, error.response.status_code, error.error) from error
            except RefreshError as error:
                raise explained(self, 401, error.args[-1] if error.args else {}) from error
            except (requests.RequestException, TransportError) as error:
                if tries == TRIES:
                    raise _unreachable(error) from error
            self._pace.back_off(tries)
        raise AssertionError("the last try returns or raises")


_RAW = {"valueInputOption": "RAW"}
_PLAIN = {"valueRenderOption": "UNFORMATTED_VALUE", "dateTimeRenderOption": "SERIAL_NUMBER"}


def quoted(title: str) -> str:
    """Return a tab's name as ranges have it."""
    return "'" + title.replace("'", "''") + "'"


def trimmed(rows: Sequence[Sequence[Cell]]) -> Grid:
    """Return cells without the empty ones at the end of rows and the empty rows at the end; empty is None.

    Google leaves these out and has an empty text for an empty cell, so this is how grids are compared.
    """
    cut = [_without_end(tuple(None if cell == "" else cell for cell in row)) for row in rows]
    while cut and not cut[-1]:
        cut.pop()
    return tuple(cut)


def _without_end(row: tuple[Cell, ...]) -> tuple[Cell, ...]:
    end = len(row)
    while end and row[end - 1] is None:
        end -= 1
    return row[:end]


def _sheet(answer: Mapping[str, Any]) -> Sheet:
    known = answer["properties"]
    grid = known.get("gridProperties", {})  # a tab that is a chart has none
    return Sheet(
        id=known["sheetId"], title=known["title"], rows=grid.get("rowCount", 0), columns=grid.get("columnCount", 0)
    )


def _parts(sheets: Sequence[Sheet]) -> list[list[Sheet]]:
    """Part tabs so that no answer is of many more cells than one is sure to get."""
    parts: list[list[Sheet]] = []
    room = 0
    for sheet in sheets:
        cells = sheet.rows * sheet.columns
        if not parts or cells > room:
            parts.append([])
            room = _READ_CELLS
        parts[-1].append(sheet)
        room -= cells
    return parts


def _bodies(grid: Grid) -> list[tuple[int, list[list[Cell]]]]:
    """Part rows so that each request is small enough; with each part the place of its first row."""
    parts: list[tuple[int, list[list[Cell]]]] = []
    room = 0
    for number, row in enumerate(grid):
        cells: list[Cell] = ["" if cell is None else cell for cell in row]
        size = len(json.dumps(cells)) + 2
        if not parts or size > room:
            parts.append((number, []))
            room = _BODY_BYTES
        parts[-1][1].append(cells)
        room -= size
    return parts


def _unreachable(error: Exception) -> Fault:
    return Fault(
        "Google cannot be reached.", why=f"{type(error).__name__}.",
        remedy="What was written stays; the next run goes on from there.",
    )  # fmt: skip
