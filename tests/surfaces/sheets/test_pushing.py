"""`push` against a strict stand-in of Google's Sheets API, by the real gspread."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from chalkola.errors import Fault
from chalkola.surfaces.sheets import layout
from chalkola.surfaces.sheets.google import Book
from chalkola.surfaces.sheets.pace import Pace
from chalkola.surfaces.sheets.pushing import push
from chalkola.surfaces.sheets.service_account import read_service_account
from chalkola.surfaces.sheets.snapshot import Tab, day_number
from sheet_figures import LAST, Shop, snapshot
from sheets_book import EMAIL, MOST_CELLS
from sheets_book import Tab as GooglesTab
from sheets_server import BOOK, SheetsServer, running_sheets

NOW = datetime(2026, 11, 27, 6, tzinfo=UTC)
SHOP = Shop(("US", "DE"), 6)
SNAPSHOT = snapshot(SHOP)
TABS = ["_US", "_DE", "_ALL", "_daily"]
Write = Callable[..., tuple[str, ...]]


@pytest.fixture
def sheets() -> Iterator[SheetsServer]:
    with running_sheets() as running:
        yield running


@pytest.fixture
def book(sheets: SheetsServer, tmp_path: Path) -> Book:
    account = read_service_account(sheets.key_file(tmp_path))
    return Book(account, BOOK, endpoint=sheets.url, pace=Pace(unit=0.001))


def named(sheets: SheetsServer, title: str) -> GooglesTab:
    return next(tab for tab in sheets.document.tabs if tab.title == title)


def holds(sheets: SheetsServer, tab: Tab) -> bool:
    """Whether a tab at Google has just what a tab of ours has."""
    wanted = {(r, c): v for r, row in enumerate(tab.grid) for c, v in enumerate(row) if v is not None}
    return named(sheets, tab.name).cells == wanted


def test_an_empty_spreadsheet_gets_every_tab_hidden_and_large_enough_and_meta_last(
    sheets: SheetsServer, book: Book
) -> None:
    done = push(book, SNAPSHOT, NOW)

    assert done.written == (*TABS, "_meta")
    assert [tab.title for tab in sheets.document.tabs] == ["Sheet1", *TABS, "_meta"]
    assert all(tab.hidden for tab in sheets.document.tabs[1:])
    assert all(holds(sheets, tab) for tab in SNAPSHOT.tabs)
    assert (named(sheets, "_US").rows, named(sheets, "_US").columns) == (layout.ITEM_ROWS, layout.COLUMNS)
    meta = named(sheets, "_meta").grid()
    assert [row[:2] for row in meta[:3]] == [
        ["version", "v-7"],
        ["freshness", SNAPSHOT.freshness],
        ["currency", "EUR"],
    ]
    assert meta[8:10] == [["tab", "marketplace", "rows", "last_closed"], ["_US", "US", 7, day_number(LAST)]]
    assert sheets.largest_body < 2_000_000
    assert sheets.logins == 1


def test_days_are_shown_as_days(sheets: SheetsServer, book: Book) -> None:
    push(book, SNAPSHOT, NOW)
    place = layout.DAILY_COLUMNS.index("date")
    assert named(sheets, "_daily").formats == [((1, place, layout.DAILY_ROWS, place + 1), "yyyy-mm-dd")]


def test_a_second_run_writes_nothing(sheets: SheetsServer, book: Book) -> None:
    push(book, SNAPSHOT, NOW)
    sheets.writes = 0

    assert push(book, SNAPSHOT, NOW + timedelta(hours=1)).written == ()

    assert sheets.writes == 0


def test_new_words_about_freshness_are_written_even_when_no_figure_changed(sheets: SheetsServer, book: Book) -> None:
    push(book, SNAPSHOT, NOW)
    sheets.writes = 0

    assert push(book, replace(SNAPSHOT, freshness="DE is late."), NOW).written == ("_meta",)

    assert sheets.writes == 1
    assert named(sheets, "_meta").cells[1, 1] == "DE is late."


def test_a_tab_that_somebody_edited_or_deleted_is_mended_and_no_other_is_written(
    sheets: SheetsServer, book: Book
) -> None:
    push(book, SNAPSHOT, NOW)
    named(sheets, "_US").cells[2, 6] = "my title"
    named(sheets, "_US").cells[40, 0] = "below"
    sheets.document.tabs.remove(named(sheets, "_daily"))

    assert push(book, SNAPSHOT, NOW).written == ("_US", "_daily", "_meta")

    assert all(holds(sheets, tab) for tab in SNAPSHOT.tabs)


def test_fewer_rows_leave_nothing_of_the_old_ones_and_the_tab_keeps_its_size(
    sheets: SheetsServer, book: Book
) -> None:
    push(book, SNAPSHOT, NOW)
    tabs = tuple(replace(tab, rows=tab.rows[:3]) for tab in SNAPSHOT.tabs)

    push(book, replace(SNAPSHOT, version="v-8", tabs=tabs), NOW)

    assert all(holds(sheets, tab) for tab in tabs)
    assert named(sheets, "_US").rows == layout.ITEM_ROWS


def test_a_run_that_is_cut_off_shows_no_half_tab_and_the_next_one_goes_on(sheets: SheetsServer, book: Book) -> None:
    push(book, SNAPSHOT, NOW)
    newer = replace(SNAPSHOT, version="v-8", tabs=tuple(_doubled(tab) for tab in SNAPSHOT.tabs))
    sheets.writes, sheets.break_after = 0, 4  # room, two for _US, and _DE is staged

    with pytest.raises(Fault, match="HTTP 500"):
        push(book, newer, NOW)

    assert [holds(sheets, new) for new in newer.tabs] == [True, False, False, False]
    assert all(holds(sheets, old) for old in SNAPSHOT.tabs[1:])
    assert named(sheets, "_meta").cells[0, 1] == "v-7"
    sheets.break_after = None
    later = NOW + timedelta(hours=2)
    assert push(book, newer, later).written == ("_DE", "_ALL", "_daily", "_meta")
    assert all(holds(sheets, tab) for tab in newer.tabs)
    assert [tab.title for tab in sheets.document.tabs] == ["Sheet1", *TABS, "_meta"], "what was left behind is gone"


def _doubled(tab: Tab) -> Tab:
    def twice(value: Any) -> Any:
        return value * 2 if isinstance(value, float) else value

    return replace(tab, rows=tuple(tuple(map(twice, row)) for row in tab.rows))


def test_googles_quota_and_errors_of_its_own_are_waited_out(sheets: SheetsServer, book: Book) -> None:
    sheets.answers(429, "Quota exceeded", times=3)
    sheets.answers(503, "The service is currently unavailable.")

    assert push(book, SNAPSHOT, NOW).written == (*TABS, "_meta")

    assert sheets.refused == 4


def test_a_quota_that_does_not_come_back_ends_in_a_sentence(sheets: SheetsServer, book: Book) -> None:
    sheets.answers(429, "Quota exceeded for quota metric 'Read requests'.", times=20)
    with pytest.raises(Fault, match=r"Google takes no more requests for now. Google says: Quota exceeded .* goes on"):
        push(book, SNAPSHOT, NOW)


def test_turns_are_counted_so_that_google_never_has_to_refuse(sheets: SheetsServer, tmp_path: Path) -> None:
    sheets.per_minute, sheets.minute = 5, 0.3
    account = read_service_account(sheets.key_file(tmp_path))
    book = Book(account, BOOK, endpoint=sheets.url, pace=Pace(most=5, within=0.35, unit=0.001))

    push(book, SNAPSHOT, NOW)

    assert sheets.writes > 5
    assert sheets.refused == 0


def test_somebodys_own_tab_is_never_written_over(sheets: SheetsServer, book: Book) -> None:
    sheets.document.tabs.append(GooglesTab(id=5, title="_DE", cells={(0, 0): "Shopping list"}))

    with pytest.raises(Fault, match=r"has tabs of somebody's own with names of ours: _DE\. Nothing was written\."):
        push(book, SNAPSHOT, NOW)

    assert sheets.writes == 0


def test_an_empty_tab_with_one_of_our_names_is_taken_and_made_large_enough(sheets: SheetsServer, book: Book) -> None:
    sheets.document.tabs.append(GooglesTab(id=5, title="_DE"))
    push(book, SNAPSHOT, NOW)
    assert (named(sheets, "_DE").id, named(sheets, "_DE").rows) == (5, layout.ITEM_ROWS)


def test_two_runs_at_once_end_with_the_right_tabs(sheets: SheetsServer, book: Book, tmp_path: Path) -> None:
    other = Book(book.account, BOOK, endpoint=sheets.url, pace=Pace(unit=0.001))
    older = replace(SNAPSHOT, version="v-6", tabs=tuple(_doubled(tab) for tab in SNAPSHOT.tabs))
    push(book, older, NOW)
    calls: list[str] = []

    def say(text: str) -> None:
        if text.startswith("_DE") and not calls:
            calls.append(text)
            push(other, SNAPSHOT, NOW)

    push(book, SNAPSHOT, NOW, say)

    assert calls
    assert all(holds(sheets, tab) for tab in SNAPSHOT.tabs)
    assert [tab.title for tab in sheets.document.tabs] == ["Sheet1", *TABS, "_meta"]


def test_a_deleted_meta_is_written_again_and_nothing_else(sheets: SheetsServer, book: Book) -> None:
    push(book, SNAPSHOT, NOW)
    sheets.document.tabs.remove(named(sheets, "_meta"))
    assert push(book, SNAPSHOT, NOW).written == ("_meta",)
    assert [tab.title for tab in sheets.document.tabs] == ["Sheet1", *TABS, "_meta"]


def test_tabs_that_something_else_keeps_changing_are_said_to_be(sheets: SheetsServer, book: Book) -> None:
    def meddle(server: SheetsServer) -> None:
        for tab in server.document.tabs:
            if tab.title == "_US":
                tab.cells[1, 6] = "mine"

    sheets.after_write = meddle
    with pytest.raises(Fault, match=r"The tabs _US of .* do not stay as they are written\. .* not both\."):
        push(book, SNAPSHOT, NOW)


def test_texts_stay_texts_and_absent_figures_stay_absent(sheets: SheetsServer, book: Book) -> None:
    texts = ("B0", "=1+1", "00123", "2026-11-24", "+49", " a ", "'x", "TRUE", "it's\nnew")
    tab = Tab(
        name="_US", marketplace="US", columns=("key", "title", "units"), rows=tuple((t, t, None) for t in texts)
    )
    push(book, replace(SNAPSHOT, tabs=(tab,)), NOW)
    assert named(sheets, "_US").grid()[1:] == [[text, text] for text in texts]


def test_a_large_tab_is_staged_in_several_requests_and_shown_in_one_step(sheets: SheetsServer, book: Book) -> None:
    rows = tuple((f"B{n:07d}", "t" * 900, n) for n in range(3_500))
    tab = Tab(name="_US", marketplace="US", columns=("key", "title", "units"), rows=rows)
    seen: set[int] = set()
    sheets.after_write = lambda server: seen.add(len(named(server, "_US").cells))

    push(book, replace(SNAPSHOT, tabs=(tab,)), NOW)

    assert seen == {0, 3 * 3_501}
    assert 1_000_000 < sheets.largest_body < 2_000_000
    assert named(sheets, "_US").rows == 3_501


@pytest.mark.parametrize(("spoil", "said"), [
    (lambda s: s.document.editors.clear(), f"not shared .* Share, add {EMAIL} as Editor"),
    (lambda s: s.documents.clear(), f"There is no spreadsheet with the id {BOOK}"),
    (lambda s: setattr(s, "api_enabled", False), r"API is not enabled in the project shop-123\. Enable it at https://"),
    (lambda s: setattr(s.document, "is_office_file", True), "is an Excel file .* File > Save as Google Sheets"),
    (lambda s: s.new_key(), f"Google refuses the key of {EMAIL}. Google says: .*Invalid JWT Signature"),
    (lambda s: s.document.tabs.append(GooglesTab(id=9, title="full", rows=MOST_CELLS // 26 - 1000)), "has no room"),
    (lambda s: s.answers(418, "I am a teapot"), r"HTTP 418\)\. Google says: I am a teapot\. Please report"),
])  # fmt: skip
def test_what_google_refuses_is_said_with_what_to_do(
    sheets: SheetsServer, book: Book, spoil: Callable[[SheetsServer], object], said: str
) -> None:
    spoil(sheets)
    with pytest.raises(Fault, match=said) as raised:
        push(book, SNAPSHOT, NOW)
    assert "PRIVATE" not in str(raised.value)


def test_a_google_that_is_not_there_is_said_to_be(sheets: SheetsServer, tmp_path: Path) -> None:
    account = read_service_account(sheets.key_file(tmp_path))
    book = Book(account, BOOK, endpoint="http://127.0.0.1:9", pace=Pace(unit=0))
    with pytest.raises(Fault, match="Google cannot be reached"):
        push(book, SNAPSHOT, NOW)


@pytest.mark.parametrize(("changed", "said"), [
    ({"type": "authorized_user"}, "Its type is 'authorized_user' and not 'service_account'"),
    ({"installed": {}}, "an OAuth client, with which people log in"),
    ({"private_key": None}, "It lacks private_key"),
    ({"token_uri": "http://oauth.example/token"}, "asked without encryption"),
])  # fmt: skip
def test_a_file_that_is_no_key_is_said_to_be(
    sheets: SheetsServer, tmp_path: Path, changed: dict[str, Any], said: str
) -> None:
    with pytest.raises(Fault, match=said):
        read_service_account(sheets.key_file(tmp_path, **changed))


def test_no_file_no_json_and_a_damaged_key_are_three_sentences(sheets: SheetsServer, tmp_path: Path) -> None:
    with pytest.raises(Fault, match="GOOGLE_SERVICE_ACCOUNT_FILE is not set"):
        read_service_account(None)
    with pytest.raises(Fault, match=r"there is no such file\. Download it: Google Cloud"):
        read_service_account(tmp_path / "nowhere.json")
    (tmp_path / "key.json").write_text("-----BEGIN")
    with pytest.raises(Fault, match="which is no JSON"):
        read_service_account(tmp_path / "key.json")
    damaged = read_service_account(sheets.key_file(tmp_path, private_key="-----BEGIN PRIVATE KEY-----\nx\n"))
    with pytest.raises(Fault, match=r"private key .* is damaged"):
        Book(damaged, BOOK, endpoint=sheets.url)
    assert "private_key" not in repr(damaged)


def test_the_stand_in_refuses_what_google_refuses(sheets: SheetsServer, book: Book) -> None:
    book.sheets()
    properties = {"properties": {"sheetId": 0}}
    for requests in (
        [], [{"sing": {}}], [{"addSheet": {"properties": {"title": "Sheet1"}}}], [{"deleteSheet": {"sheetId": 0}}],
        [{"updateSheetProperties": properties}], [{"deleteSheet": {"sheetId": 77}}],
    ):  # fmt: skip
        with pytest.raises(Fault, match="HTTP 400"):
            book.update(requests)
    with pytest.raises(Fault, match="exceeds grid limits"):
        book.write("Sheet1", (tuple(range(27)),))
    with pytest.raises(Fault, match="Unable to parse range"):
        book.write("Sheet2", ((1,),))
    assert json.dumps(named(sheets, "Sheet1").grid()) == "[]"
