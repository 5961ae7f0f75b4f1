"""The workbook: its tabs in their order, the snapshot tabs empty or filled."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from chalkola.marketplaces import Marketplace
from chalkola.surfaces.sheets import layout
from chalkola.surfaces.sheets.snapshot import Grid, Snapshot
from chalkola.surfaces.sheets.template import choices, comparing, dashboard, helping, listing, products, working
from chalkola.surfaces.sheets.template.cells import Reach
from chalkola.surfaces.sheets.template.looks import Looks

_SHOWN = (dashboard.NAME, products.NAME, comparing.NAME, helping.NAME)
_HIDDEN = (working.TAB, listing.TAB)


def write_template(
    path: Path, marketplaces: Sequence[Marketplace], *, currency: str, filled: Snapshot | None, now: datetime,
    reach: Reach | None = None,
) -> None:  # fmt: skip
    """Write the workbook for some marketplaces to a new file, with the figures of `filled` if there are any."""
    book = _book(path)
    looks, sheets = Looks(book), {name: _add(book, name) for name in (*_SHOWN, *_HIDDEN)}
    calc = working.Working(sheets[working.TAB], marketplaces, reach or Reach())
    start = "ALL" if len(marketplaces) > 1 else marketplaces[0].code
    dashboard.Dashboard(book, sheets[dashboard.NAME], looks, calc, currency).write()
    lists = choices.write_lists(calc)
    products.Products(sheets[products.NAME], sheets[listing.TAB], looks, calc, lists, start=start).write()
    best = best_sellers(filled, comparing.ITEMS - 5) if filled else ()
    comparing.Comparison(sheets[comparing.NAME], looks, calc, lists, start=start, items=best).write()
    helping.write_help(sheets[helping.NAME], looks)
    _snapshot_tabs(book, looks, calc, filled, now)
    for name in _HIDDEN:
        sheets[name].hide()
    sheets[dashboard.NAME].activate()
    book.close()


def _book(path: Path) -> Any:
    import xlsxwriter  # it takes a while, and other commands do without

    return xlsxwriter.Workbook(
        str(path), {"strings_to_formulas": False, "strings_to_urls": False, "tmpdir": str(path.parent)}
    )


def _add(book: Any, name: str) -> Any:
    """Add a tab. Its formulas are searched by nobody for functions that came later: we use none, and have 50,000."""
    from xlsxwriter.worksheet import Worksheet

    class Plain(Worksheet):  # type: ignore[misc]  # it has no types
        def _prepare_formula(self, formula: str, expand_future_functions: bool = False) -> str:
            return formula.removeprefix("=")

    return book.add_worksheet(name, Plain)


def _snapshot_tabs(book: Any, looks: Looks, calc: working.Working, filled: Snapshot | None, now: datetime) -> None:
    grids: dict[str, Grid] = {tab.name: tab.grid for tab in filled.tabs} if filled else {}
    if filled:
        grids["_meta"] = filled.meta(written_at=now, by="template")
    columns = {"_daily": layout.DAILY_COLUMNS, **dict.fromkeys(calc.tabs, layout.ITEM_COLUMNS)}
    rows = {"_meta": layout.META_ROWS, "_daily": calc.reach.days, **dict.fromkeys(calc.tabs, calc.reach.items)}
    for name, count in rows.items():
        sheet = book.add_worksheet(name)
        _fill(sheet, looks, grids.get(name, (columns.get(name, ()),)))
        # So that the grid of an imported tab is as large as what formulas refer to.
        sheet.write_blank(count - 1, layout.COLUMNS - 1, None, looks.only(num_format="0"))
        sheet.freeze_panes(1, 1)
        sheet.hide()


def _fill(sheet: Any, looks: Looks, grid: Grid) -> None:
    day = looks.only(num_format="yyyy-mm-dd")
    days = {place for place, name in enumerate(grid[0]) if name == "date"}
    for row, cells in enumerate(grid):
        for place, value in enumerate(cells):
            if isinstance(value, str):
                sheet.write_string(row, place, value)
            elif value is not None:
                sheet.write_number(row, place, value, day if row and place in days else None)


def best_sellers(filled: Snapshot, count: int) -> tuple[str, ...]:
    """Return the products that sold most in 30 days, to begin a comparison with."""
    tab = next((tab for tab in filled.tabs if tab.marketplace == "ALL"), None)
    if tab is None:
        return ()
    key, level, sales = (tab.columns.index(name) for name in ("key", "level", "sales_last_30"))
    children = [row for row in tab.rows if row[level] == "child" and isinstance(row[sales], int | float)]
    best = sorted(children, key=lambda row: -float(row[sales] or 0))
    return tuple(str(row[key]) for row in best[:count])
