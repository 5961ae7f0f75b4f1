"""A workbook's cells as they were written: values, and formulas with their equals sign."""

import json
import re
import subprocess
import zipfile
from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree

import pytest

Cells = dict[str, list[list[str | float | bool | None]]]
_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_REL = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"


def read_workbook(path: Path) -> Cells:
    """Return each tab's cells, row by row, in the order of the tabs."""
    with zipfile.ZipFile(path) as book:
        texts = _texts(book)
        targets = {r.get("Id"): r.get("Target") for r in _xml(book, "xl/_rels/workbook.xml.rels")}
        sheets = _xml(book, "xl/workbook.xml").find(f"{_MAIN}sheets")
        assert sheets is not None
        return {str(s.get("name")): _cells(_xml(book, f"xl/{targets[s.get(f'{_REL}id')]}"), texts) for s in sheets}


def tab_names(path: Path) -> list[str]:
    """Return the names of the tabs in their order."""
    with zipfile.ZipFile(path) as book:
        return [str(sheet.get("name")) for sheet in _xml(book, "xl/workbook.xml").iter(f"{_MAIN}sheet")]


def place(address: str) -> tuple[int, int]:
    """Return a cell's row and column, from 0."""
    found = re.fullmatch(r"\$?([A-Z]+)\$?(\d+)", address)
    assert found, address
    column = 0
    for letter in found[1]:
        column = column * 26 + ord(letter) - 64
    return int(found[2]) - 1, column - 1


def _xml(book: zipfile.ZipFile, name: str) -> ElementTree.Element:
    return ElementTree.fromstring(book.read(name))


def _texts(book: zipfile.ZipFile) -> list[str]:
    return ["".join(t.text or "" for t in one.iter(f"{_MAIN}t")) for one in _xml(book, "xl/sharedStrings.xml")]


def _cells(sheet: ElementTree.Element, texts: list[str]) -> list[list[str | float | bool | None]]:
    rows: list[list[str | float | bool | None]] = []
    for cell in sheet.iter(f"{_MAIN}c"):
        row, column = place(str(cell.get("r")))
        value = _value(cell, texts)
        if value is None:
            continue
        rows.extend([] for _ in range(row + 1 - len(rows)))
        rows[row].extend([None] * (column + 1 - len(rows[row])))
        rows[row][column] = value
    return rows


def _value(cell: ElementTree.Element, texts: list[str]) -> str | float | bool | None:
    formula, value = cell.find(f"{_MAIN}f"), cell.find(f"{_MAIN}v")
    if formula is not None:
        return f"={formula.text}"
    if value is None or value.text is None:
        return None
    return texts[int(value.text)] if cell.get("t") == "s" else float(value.text)


ROOT = Path(__file__).parents[1]
Change = tuple[str, str, str | float | None]
"""A tab, a cell in it, and what is typed there."""


def evaluated(cells: Cells, scenarios: Sequence[Sequence[Change]], wanted: Sequence[str], today: int) -> list[Cells]:
    """Return what the wanted tabs show after each of the scenarios, which go on from one another.

    Skips the test where HyperFormula is not installed (`npm ci` in `sheets/`).
    """
    if not (ROOT / "sheets" / "node_modules" / "hyperformula").exists():
        pytest.skip("HyperFormula is not installed: npm ci in sheets/")
    fixed = {tab: [[_on(today, value) for value in row] for row in rows] for tab, rows in cells.items()}
    changes = [{"changes": [_change(*one) for one in scenario]} for scenario in scenarios]
    done = subprocess.run(
        ["node", str(ROOT / "tests" / "evaluate_workbook.mjs")], text=True, capture_output=True, timeout=120,
        check=False, input=json.dumps({"sheets": fixed, "wanted": wanted, "scenarios": changes}),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found: list[Cells] = json.loads(done.stdout)
    return found


def _on(today: int, value: str | float | bool | None) -> str | float | bool | None:
    return value.replace("TODAY()", str(today)) if isinstance(value, str) and value.startswith("=") else value


def _change(tab: str, cell: str, value: str | float | None) -> dict[str, object]:
    row, column = place(cell)
    return {"sheet": tab, "row": row, "column": column, "value": value}


def shown(cells: Cells, tab: str, cell: str) -> str | float | bool | None:
    """Return what a cell shows; None for nothing."""
    row, column = place(cell)
    rows = cells[tab]
    value = rows[row][column] if row < len(rows) and column < len(rows[row]) else None
    return None if value == "" else value
