"""`chalkola sheets push` and `template --fill` as a person calls them: a real database, a stand-in of Google's."""

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from chalkola.surfaces.cli import main
from chalkola.surfaces.sheets import layout
from chalkola.surfaces.sheets.snapshot import day_number
from sheeting import CLOSED, DAY, NOW, YESTERDAY, opened
from sheets_book import EMAIL, Document
from sheets_book import Tab as GooglesTab
from sheets_server import BOOK, SheetsServer, running_sheets
from workbooks import read_workbook, shown

Sheets = Callable[..., int]
Capture = pytest.CaptureFixture[str]
OTHER = "2ZbCdEfGhIjKlMnOpQrStUvWxYz0123456789abcdefg"
A, B, PARENT = "B0CHILD00A", "B0CHILD00B", "B0PARENT00"


@pytest.fixture
def google() -> Iterator[SheetsServer]:
    with running_sheets() as running:
        yield running


@pytest.fixture
def sheets(database_url: str, google: SheetsServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Sheets:
    """Call `chalkola sheets` in a folder of its own, at an hour that hardly moves."""
    known = {
        "DATABASE_URL": database_url, "CHALKOLA_HOME": str(tmp_path), "SHEETS_API_ENDPOINT": google.url,
        "GOOGLE_SERVICE_ACCOUNT_FILE": str(google.key_file(tmp_path)), "CHALKOLA_SHEETS": BOOK,
        "CHALKOLA_CURRENCY": "eur", "LWA_TOKEN_URL": "http://127.0.0.1:9/token", "FX_RATES_URL": "http://127.0.0.1:9",
        "CHALKOLA_CLOCK_START": f"{NOW:%Y-%m-%dT%H:%M:%SZ}@{time.time()}",
    }  # fmt: skip
    for name, value in known.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    return lambda *words: main(["sheets", *words])


@pytest.fixture
def shop(database: psycopg.Connection[dict[str, Any]]) -> None:
    """40 days in Germany and the United Kingdom: A sells one more each day, B three; British sales are in pounds."""
    book = opened(database)
    for code, factor in (("DE", 1), ("UK", 2)):
        for back in range(40):
            day = CLOSED - back * DAY
            for dataset in ("sales_and_traffic", "daily_totals", "daily_parents"):
                book.line(code, day, dataset=dataset)
            a, b = (40 - back) * factor, 3 * factor
            book.row(code, day, A, units_ordered=a, ordered_product_sales=a * 2, sessions=100, page_views=200,
                     buy_box_percentage=90)  # fmt: skip
            book.row(code, day, B, units_ordered=b, ordered_product_sales=b * 5, sessions=50, page_views=60,
                     buy_box_percentage=100)  # fmt: skip
            book.parent_row(code, day, PARENT, sessions=130, page_views=260)
            book.total(code, day, units_ordered=a + b, total_order_items=a, ordered_product_sales=a * 2 + b * 5,
                       sessions=130, page_views=260, buy_box_percentage=92)  # fmt: skip
            if code == "UK":
                book.rate("GBP", day, "0.8")
        book.line(code, YESTERDAY, "preliminary", dataset="daily_totals")
        book.total(code, YESTERDAY, units_ordered=5, sessions=20)
        book.listing(code, f"00123-{code}", A, title="=Mug", price="12.30", status="Active")


def named(google: SheetsServer, title: str) -> GooglesTab:
    return next(tab for tab in google.document.tabs if tab.title == title)


def test_a_spreadsheet_is_filled_from_the_database_and_filled_once(
    shop: None, sheets: Sheets, google: SheetsServer, capsys: Capture
) -> None:
    assert sheets("push") == 0
    said = capsys.readouterr().out
    assert said == f"Wrote 5 tabs of {BOOK}: _UK, _DE, _ALL, _daily, _meta. Up to 2026-11-24.\n"

    columns, first, *_ = named(google, "_DE").grid()
    row = dict(zip(columns, first, strict=False))
    assert set(layout.ITEM_COLUMNS) <= set(columns)
    assert (row["key"], row["sku"], row["title"], row["units_last_day"]) == (A, "00123-DE", "=Mug", 40)
    assert row["units_last_7"] == sum(range(34, 41))
    assert [line[:2] for line in named(google, "_meta").grid()[9:]] == [
        ["_UK", "UK"], ["_DE", "DE"], ["_ALL", "ALL"], ["_daily", ""],
    ]  # fmt: skip
    dates = [line[layout.DAILY_COLUMNS.index("date")] for line in named(google, "_daily").grid()[1:]]
    assert dates[39:41] == [day_number(CLOSED), day_number(YESTERDAY)]

    writes = google.writes
    assert sheets("push") == 0
    assert capsys.readouterr().out == f"Nothing new: {BOOK} is as it should be. Up to 2026-11-24.\n"
    assert google.writes == writes


def test_the_database_gives_the_columns_that_script_push_and_template_rely_on(
    shop: None, sheets: Sheets, google: SheetsServer
) -> None:
    sheets("push")
    for tab in ("_DE", "_ALL"):
        columns = named(google, tab).grid()[0]
        assert tuple(columns[: len(layout.FACTS)]) == layout.FACTS
        assert set(layout.ITEM_COLUMNS) <= set(columns)
    assert tuple(named(google, "_daily").grid()[0]) == layout.DAILY_COLUMNS


def test_a_spreadsheet_that_cannot_be_filled_holds_up_no_other(
    shop: None, sheets: Sheets, google: SheetsServer, capsys: Capture
) -> None:
    google.documents[OTHER] = Document(editors=set())

    assert sheets("push", f"https://docs.google.com/spreadsheets/d/{OTHER}/edit#gid=0", BOOK, "--json") == 1

    answer = json.loads(capsys.readouterr().out)
    assert [one["spreadsheet"] for one in answer["spreadsheets"]] == [OTHER, BOOK]
    assert f"add {EMAIL} as Editor" in answer["spreadsheets"][0]["failure"]
    assert answer["spreadsheets"][1]["written"][-1] == "_meta"
    assert answer["currency"] == "EUR"


@pytest.mark.parametrize(("changed", "words", "code", "said"), [
    ({"CHALKOLA_SHEETS": ""}, (), 2, "Which spreadsheet?\nName its address, or set CHALKOLA_SHEETS.\n"),
    ({}, ("my sheet",), 2, "'my sheet' is no address of a spreadsheet.\n"),
    ({"GOOGLE_SERVICE_ACCOUNT_FILE": ""}, (), 1, "GOOGLE_SERVICE_ACCOUNT_FILE is not set.\n"),
    ({"CHALKOLA_SHEETS": "https://docs.google.com/spreadsheets/d/e/2PACX-1vabcdefghijklmnop/pubhtml"}, (), 1,
     "Settings need attention:\n  - CHALKOLA_SHEETS: 'https://docs.google.com"),
    ({"CHALKOLA_CURRENCY": "DM"}, (), 1, "Settings need attention:\n  - CHALKOLA_CURRENCY: there is no currency"),
    ({}, (), 1, "There is nothing to push: no day is closed yet.\nPull first: `chalkola pull`.\n"),
])  # fmt: skip
def test_what_cannot_be_pushed_is_said(
    sheets: Sheets, google: SheetsServer, capsys: Capture, monkeypatch: pytest.MonkeyPatch, changed: dict[str, str],
    words: tuple[str, ...], code: int, said: str,
) -> None:  # fmt: skip
    for name, value in changed.items():
        monkeypatch.setenv(name, value)
    assert sheets("push", *words) == code
    assert capsys.readouterr().err.startswith(said)
    assert google.writes == 0


def test_a_workbook_is_filled_with_what_the_database_has(
    shop: None, sheets: Sheets, tmp_path: Path, capsys: Capture
) -> None:
    assert sheets("template", "shop.xlsx", "--fill") == 0
    assert " for UK DE. In Google Sheets" in capsys.readouterr().out

    cells = read_workbook(tmp_path / "shop.xlsx")
    assert cells["_meta"][0] == ["version", cells["_meta"][0][1]]
    assert len(cells["_daily"]) == 83
    assert shown(cells, "Compare", "B4") == A
    assert [row[0] for row in cells["_DE"][1:]] == [A, B, PARENT]


def test_a_workbook_is_not_filled_from_nothing(sheets: Sheets, tmp_path: Path, capsys: Capture) -> None:
    assert sheets("template", "shop.xlsx", "--fill") == 1
    assert capsys.readouterr().err.startswith("There is nothing to fill the workbook with: no day is closed yet.\n")
    assert not (tmp_path / "shop.xlsx").exists()
