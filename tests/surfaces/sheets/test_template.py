"""The workbook's formulas, evaluated over filled tabs and held against figures computed here from the shop."""

import json
import os
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from chalkola.marketplaces import marketplace
from chalkola.surfaces.sheets import layout
from chalkola.surfaces.sheets.snapshot import day_number
from chalkola.surfaces.sheets.template import write_template
from chalkola.surfaces.sheets.template.cells import Reach
from sheet_figures import LAST, RATES, Shop, daily_tab, snapshot, spans
from workbooks import Cells, Change, evaluated, read_workbook, shown

CODES = ("US", "DE")
TABS = ("Dashboard", "Products", "Compare", "Help")
NOW = datetime(2026, 11, 27, 6, tzinfo=UTC)
SHOP = Shop(CODES, 24, lag={"US": 1})
ASINS = [item.asin for item in SHOP.items]
END = {**SHOP.ends, "ALL": min(SHOP.ends.values())}
REACH = Reach(items=60, days=820, shown=30)


def written(path: Path, **how: Any) -> Cells:
    path = path / "book.xlsx"
    known: dict[str, Any] = {"currency": "EUR", "filled": snapshot(SHOP), "now": NOW, "reach": REACH, **how}
    write_template(path, [marketplace(code) for code in CODES], **known)
    return read_workbook(path)


def row_of(code: str, ago: int) -> int:
    """Return the row of a marketplace's day before the common end in `_daily`."""
    wanted = (code, day_number(END["ALL"] - timedelta(ago)))
    return next(n for n, row in enumerate(daily_tab(SHOP).rows, start=2) if row[1:3] == wanted)


SCENARIOS: dict[str, tuple[Change, ...]] = {
    "as it comes": (),
    "one marketplace": (("Dashboard", "M2", "DE"), ("Products", "C4", "DE"), ("Compare", "I4", "US")),
    "searched": (("Products", "E4", "LAMP"),),
    "by conversion": (("Products", "E4", ""), ("Products", "I4", "Conversion"), ("Products", "D4", "Month to date")),
    "least change first": (
        ("Products", "I4", "Change in units"), ("Products", "K4", "least first"), 
        ("Products", "G4", "a year earlier"),
    ),
    "families by ASIN": (("Products", "I4", "ASIN"), ("Products", "M4", "families")),
    "yesterday": (
        ("Products", "M4", "products"), ("Products", "I4", "Sales"), ("Products", "K4", "most first"),
        ("Products", "D4", "Yesterday, preliminary"),
    ),
    "compared by SKU": (
        ("Compare", "B4", SHOP.items[4].sku), ("Compare", "D4", "Last 7 days"),
        ("Compare", "F4", "the period before"), ("Compare", "I4", "US"),
        ("Compare", "B15", "B0NOTHERE0"), ("Compare", "B16", SHOP.items[5].parent), ("Compare", "B17", ""),
    ),
    "a rate and a day are lacking": (
        ("Dashboard", "M2", "ALL"), ("_daily", f"M{row_of('US', 0)}", None),
        *(("_daily", f"{column}{row_of('US', 7)}", None) for column in "ABCDEFG"),
    ),
    "other columns": (("_daily", "E1", "pieces"),),
    "more rows": (("_daily", "E1", "units"), ("_meta", "C10", 60)),
    "nothing newer": (
        ("_meta", "C10", 9), *(("_meta", f"D{row}", day_number(NOW.date()) - 6) for row in range(10, 13)),
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Cells]:
    """What the tabs show in each scenario, evaluated once for all workers."""
    shared = (
        tmp_path_factory.getbasetemp().parent if "PYTEST_XDIST_WORKER" in os.environ else tmp_path_factory.mktemp("x")
    )
    known = shared / "evaluated.json"
    with FileLock(str(known) + ".lock"):
        if not known.exists():
            cells = written(tmp_path_factory.mktemp("book"))
            known.write_text(json.dumps(evaluated(cells, list(SCENARIOS.values()), TABS, day_number(NOW.date()))))
    return dict(zip(SCENARIOS, json.loads(known.read_text()), strict=True))


def of(code: str, span: tuple[date, date], asins: list[str] = ASINS) -> dict[str, Any]:
    """Return figures of a marketplace, or of all in euros."""
    if code != "ALL":
        return dict(SHOP.of(code, asins, span))
    parts = [SHOP.of(one, asins, span, RATES[marketplace(one).currency]) for one in CODES]
    held = [part for part in parts if part["units"] is not None]
    return {name: sum(part[name] or 0 for part in held) if held else None for name in ("units", "sales", "sessions")}


def moved(now: float | None, then: float | None) -> Any:
    return None if now is None or not then else about(now / then - 1)


def about(figure: float) -> Any:
    """Amounts of several currencies are rounded here and there on their way, by half a cent."""
    return pytest.approx(figure, abs=2e-5 * max(1.0, abs(figure)))


def one_day(code: str, ago: int = 0) -> tuple[date, date]:
    return END[code] - timedelta(ago), END[code] - timedelta(ago)


@pytest.mark.parametrize(("scenario", "code"), [("as it comes", "ALL"), ("one marketplace", "DE")])
def test_the_tiles_show_the_last_closed_day_and_the_month_against_earlier_ones(
    seen: dict[str, Cells], scenario: str, code: str
) -> None:
    def cell(address: str) -> Any:
        return shown(seen[scenario], "Dashboard", address)

    month = spans(END[code])
    for row, (now, week, year) in {
        8: (one_day(code), one_day(code, 7), one_day(code, 364)),
        14: (month["mtd"], month["mtd_month_ago"], month["mtd_year_ago"]),
    }.items():
        a, b, c = (of(code, span) for span in (now, week, year))
        for column, name in zip("BEH", ("sales", "units", "sessions"), strict=True):
            assert cell(f"{column}{row}") == about(a[name])
            assert cell(f"{column}{row + 1}") == moved(a[name], b[name])
            assert cell(f"{column}{row + 2}") == moved(a[name], c[name])
        rates = [one["units"] / one["sessions"] for one in (a, b, c)]
        assert cell(f"K{row}") == pytest.approx(rates[0])
        assert cell(f"K{row + 1}") == pytest.approx((rates[0] - rates[1]) * 100)
        assert cell(f"K{row + 2}") == pytest.approx((rates[0] - rates[2]) * 100)


def test_the_dashboard_says_what_it_shows_and_how_fresh_it_is(seen: dict[str, Cells]) -> None:
    first, second = seen["as it comes"], seen["one marketplace"]
    assert shown(first, "Dashboard", "B3") == "All marketplaces  ·  amounts in EUR  ·  figures up to Mon 23 Nov 2026"
    assert shown(second, "Dashboard", "B3") == "DE  ·  amounts in EUR  ·  figures up to Tue 24 Nov 2026"
    assert shown(first, "Dashboard", "B4") == "Every marketplace is closed up to 2026-11-23."
    assert shown(first, "Dashboard", "B6") == "LAST CLOSED DAY  ·  MON 23 NOV 2026"
    assert shown(first, "Dashboard", "B12") == "MONTH TO DATE  ·  1 TO 23 NOV 2026"


def test_each_marketplace_has_a_line_in_its_own_currency_at_its_own_end(seen: dict[str, Cells]) -> None:
    for row, code in enumerate((*CODES, "ALL"), start=36):
        found = [shown(seen["as it comes"], "Dashboard", f"{column}{row}") for column in "CDEFGHIJLMN"]
        day, week, year = (of(code, one_day(code, ago)) for ago in (0, 7, 364))
        month = spans(END[code])
        mtd, mtd_year = of(code, month["mtd"]), of(code, month["mtd_year_ago"])
        newer = sum(
            of(one, (END[code] + timedelta(1), LAST + timedelta(1)))["units"] or 0
            for one in (CODES if code == "ALL" else (code,))
        )
        assert found == [
            day_number(END[code]), about(day["sales"]), moved(day["sales"], week["sales"]),
            moved(day["sales"], year["sales"]), day["units"], moved(day["units"], week["units"]), day["sessions"],
            pytest.approx(day["units"] / day["sessions"]), about(mtd["sales"]),
            moved(mtd["sales"], mtd_year["sales"]), newer,
        ], code  # fmt: skip
        if code != "ALL":
            assert shown(seen["as it comes"], "Dashboard", f"K{row}") == pytest.approx(day["buy_box"])


def test_what_moved_most_in_a_week_is_found_in_all_marketplaces_together(seen: dict[str, Cells]) -> None:
    week = spans(END["ALL"])

    def move(asin: str) -> float:
        now, then = (of("ALL", week[slug], [asin])["sales"] or 0 for slug in ("last_7", "last_7_week_ago"))
        return round(now - then, 2)

    by_move = sorted((a for a in ASINS if of("ALL", week["last_7"], [a])["sales"] is not None), key=move)
    found = seen["as it comes"]
    assert [shown(found, "Dashboard", f"J{row}") for row in range(20, 25)] == by_move[:-6:-1]
    assert [shown(found, "Dashboard", f"J{row}") for row in range(27, 32)] == by_move[:5]
    assert [shown(found, "Dashboard", f"M{row}") for row in range(27, 32)] == [about(move(a)) for a in by_move[:5]]


def lines(cells: Cells) -> Iterator[dict[str, Any]]:
    """Yield the lines of the product table."""
    names = dict(zip("CDEFGHIJKLMNOPQ", (
        "asin", "sku", "title", "price", "units", "units_moved", "sales", "sales_moved", "sessions", "sessions_moved",
        "cvr", "cvr_moved", "buy_box", "buy_box_moved", "average",
    ), strict=True))  # fmt: skip
    for row in range(9, 39):
        if shown(cells, "Products", f"C{row}") is not None:
            yield {name: shown(cells, "Products", f"{column}{row}") for column, name in names.items()}


def expected(code: str, slug: str, then: str, asins: list[str] = ASINS) -> dict[str, dict[str, Any]]:
    """Return each product's figures now and in an earlier period, of those that the marketplace has."""
    found = {}
    for asin in asins:
        now, before = (of(code, spans(END[code])[one], [asin]) for one in (slug, then))
        if now["units"] is not None:
            found[asin] = {"now": now, "then": before}
    return found


def test_the_table_is_sorted_by_sales_and_holds_each_figure_against_the_period_before(seen: dict[str, Cells]) -> None:
    known = expected("ALL", "last_30", "last_30_month_ago")
    found = list(lines(seen["as it comes"]))
    assert [line["asin"] for line in found] == sorted(known, key=lambda asin: -known[asin]["now"]["sales"])
    for line in found:
        now, then = known[line["asin"]]["now"], known[line["asin"]]["then"]
        assert line["units"] == now["units"]
        assert line["sales"] == about(now["sales"])
        assert line["sales_moved"] == moved(now["sales"], then["sales"])
        assert line["sessions_moved"] == moved(now["sessions"], then["sessions"])
        assert line["cvr"] == pytest.approx(now["units"] / now["sessions"])
        assert line["cvr_moved"] == pytest.approx(
            (now["units"] / now["sessions"] - then["units"] / then["sessions"]) * 100
        )
        assert line["average"] == about(now["sales"] / now["units"])
    assert shown(seen["as it comes"], "Products", "B5") == f"{len(known)} found."


def test_a_word_finds_the_products_whose_title_has_it_in_whatever_case(seen: dict[str, Cells]) -> None:
    sold = expected("DE", "last_30", "last_30_month_ago")
    lamps = [item.asin for item in SHOP.items if "lamp" in item.title and item.asin in sold]
    found = list(lines(seen["searched"]))
    assert sorted(line["asin"] for line in found) == lamps
    assert all(line["price"] == 19.9 for line in found)


def test_the_table_is_sorted_by_a_ratio(seen: dict[str, Cells]) -> None:
    known = expected("DE", "mtd", "mtd_month_ago")
    rates = {asin: one["now"]["units"] / one["now"]["sessions"] for asin, one in known.items()}
    found = list(lines(seen["by conversion"]))
    assert [line["asin"] for line in found] == sorted(rates, key=lambda asin: -rates[asin])


def test_the_table_is_sorted_by_change_and_the_least_comes_first(seen: dict[str, Cells]) -> None:
    known = expected("DE", "mtd", "mtd_year_ago")
    change = {asin: one["now"]["units"] - one["then"]["units"] for asin, one in known.items()}
    found = [change[line["asin"]] for line in lines(seen["least change first"])]
    assert found == sorted(change.values())


def test_families_are_listed_by_themselves(seen: dict[str, Cells]) -> None:
    parents = sorted({item.parent for item in SHOP.items})
    assert [line["asin"] for line in lines(seen["families by ASIN"])] == parents


def test_yesterday_has_no_earlier_period_and_no_buy_box(seen: dict[str, Cells]) -> None:
    after = END["DE"] + timedelta(1)
    found = list(lines(seen["yesterday"]))
    assert found
    for line in found:
        assert line["units"] == of("DE", (after, after), [line["asin"]])["units"]
        assert (line["units_moved"], line["sales_moved"], line["buy_box"]) == (None, None, None)


def test_one_product_is_held_against_itself_in_every_marketplace(seen: dict[str, Cells]) -> None:
    asin = SHOP.items[4].asin
    for row, code in enumerate(("ALL", *CODES), start=8):
        span = spans(END[code])
        now, then = (of(code, span[slug], [asin]) for slug in ("last_7", "last_7_week_ago"))
        found = [shown(seen["compared by SKU"], "Compare", f"{column}{row}") for column in "DEFGHIJK"]
        assert found == [
            about(now["sales"]), about(then["sales"]), moved(now["sales"], then["sales"]), now["units"],
            then["units"], moved(now["units"], then["units"]), now["sessions"],
            moved(now["sessions"], then["sessions"]),
        ], code  # fmt: skip


def test_products_side_by_side_are_found_by_asin_and_family_and_an_unknown_one_is_said_to_be(
    seen: dict[str, Cells],
) -> None:
    found = seen["compared by SKU"]
    second = [shown(found, "Compare", f"{column}15") for column in "CDEFG"]
    assert second == ["not found", None, None, None, None]
    children = [item.asin for item in SHOP.items if item.parent == SHOP.items[5].parent]
    assert shown(found, "Compare", "G16") == of("US", spans(END["US"])["last_7"], children)["units"]
    assert [shown(found, "Compare", f"{column}17") for column in "CDEFG"] == [None] * 5


def test_no_formula_ends_in_an_error(seen: dict[str, Cells]) -> None:
    for scenario, cells in seen.items():
        wrong = [v for tab in TABS for row in cells[tab] for v in row if isinstance(v, str) and v.startswith("ERROR")]
        assert not wrong, scenario


def test_an_empty_workbook_says_how_it_is_filled_and_shows_no_figure(tmp_path: Path) -> None:
    cells = written(tmp_path, filled=None, reach=Reach(items=20, days=20, shown=5))
    (found,) = evaluated(cells, [()], TABS, day_number(NOW.date()))
    assert shown(found, "Dashboard", "B4") == "⚠ No figures yet. The tab Help says how this sheet is filled."
    assert shown(found, "Products", "B5") == "Nothing found."
    for tab in TABS:
        for row in found[tab]:
            assert not [value for value in row if isinstance(value, float | int)], (tab, row)
            assert not [value for value in row if isinstance(value, str) and value.startswith("ERROR")], (tab, row)


def test_a_lacking_rate_and_a_lacking_day_leave_a_figure_out_instead_of_making_it_small(
    seen: dict[str, Cells],
) -> None:
    found = seen["a rate and a day are lacking"]
    assert shown(found, "Dashboard", "B8") == "no rate"
    assert shown(found, "Dashboard", "E8") == of("ALL", one_day("ALL"))["units"]
    assert (shown(found, "Dashboard", "E9"), shown(found, "Dashboard", "F9")) == (None, "not known a week earlier")


@pytest.mark.parametrize(("scenario", "words"), [
    ("other columns", "The hidden tabs have other columns than this workbook knows. Make a new one: "
                      "chalkola sheets template."),
    ("more rows", "There are more than 59 products in a marketplace, and formulas read no more."),
    ("nothing newer", "Nothing newer has come for days. Look at chalkola status, then at the tab Help."),
])  # fmt: skip
def test_the_dashboard_warns_before_anybody_trusts_it(seen: dict[str, Cells], scenario: str, words: str) -> None:
    assert shown(seen[scenario], "Dashboard", "B4") == f"⚠ {words}"


def test_no_formula_needs_a_function_that_came_after_2007_or_asks_for_the_time_but_one(tmp_path: Path) -> None:
    cells = written(tmp_path)
    formulas = [v for rows in cells.values() for row in rows for v in row if isinstance(v, str) and v.startswith("=")]
    assert not [f for f in formulas if "_xlfn" in f or any(w in f for w in ("INDIRECT", "OFFSET", "NOW(", "RAND"))]
    assert sum("TODAY()" in f for f in formulas) == 1
    assert max(map(len, formulas)) < 8_000, "Excel takes 8,192 characters"


def test_a_tab_is_as_large_as_what_formulas_refer_to_and_its_columns_are_named(tmp_path: Path) -> None:
    cells = written(tmp_path, filled=None)
    assert cells["_US"][0] == list(layout.ITEM_COLUMNS)
    assert cells["_daily"][0] == list(layout.DAILY_COLUMNS)
