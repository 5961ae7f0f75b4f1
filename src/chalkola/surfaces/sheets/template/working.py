"""The hidden tab `_calc`: what is chosen, which days that means, and the figures of days.

Other tabs read its cells by the addresses that its builder gives out.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from chalkola.marketplaces import Marketplace
from chalkola.surfaces.sheets import layout
from chalkola.surfaces.sheets.template.cells import Reach, area, at, meta, meta_of, names_row, quoted

TAB = "_calc"
CHART_DAYS = 90
_LISTS, _DAYS, _CHART, _MOVED = 3, 34, 38, 42  # the columns where its blocks begin


@dataclass(frozen=True, kw_only=True)
class Window:
    """The addresses of a span's first and last day."""

    first: str
    last: str


class Working:
    """Writes `_calc` while the other tabs are built, and says where things are in it."""

    def __init__(self, sheet: Any, marketplaces: Sequence[Marketplace], reach: Reach) -> None:
        self._sheet, self._row, self._list = sheet, 0, _LISTS
        self.reach = reach
        self.marketplaces = marketplaces
        self.codes = ("ALL", *(m.code for m in marketplaces))
        self.tabs = tuple(map(layout.tab_of, self.codes))
        self.code_list = self.words("marketplace", self.codes)
        self.amounts = area((1, _DAYS + 2), (reach.days - 1, _DAYS + 2), TAB)
        self.converted = area((1, _DAYS + 1), (reach.days - 1, _DAYS + 1), TAB)
        self.dates = area((1, _DAYS), (reach.days - 1, _DAYS), TAB)

    def put(self, name: str, formula: str) -> str:
        """Write a formula beside its name. Return its address."""
        self._sheet.write_string(self._row, 0, name)
        self._sheet.write_formula(self._row, 1, formula, None, "")
        self._row += 1
        return at(self._row - 1, 1, TAB)

    def words(self, title: str, words: Sequence[str]) -> str:
        """Write a list. Return the address of its words."""
        return self.table([title], [[word] for word in words])[0]

    def table(self, titles: Sequence[str], rows: Sequence[Sequence[str | int]]) -> tuple[str, ...]:
        """Write a table: a text that begins with = is a formula. Return the address of each column."""
        left = self._list
        self._sheet.write_row(0, left, titles)
        for number, row in enumerate(rows, start=1):
            for place, value in enumerate(row):
                if isinstance(value, str) and value.startswith("="):
                    self._sheet.write_formula(number, left + place, value, None, "")
                else:
                    self._sheet.write(number, left + place, value)
        self._list += len(titles)
        assert self._list <= _DAYS, "the blocks would overlap"
        return tuple(area((1, left + n), (len(rows), left + n), TAB) for n in range(len(titles)))

    def chosen(self, cell: str, words: str) -> str:
        """Return the address of which of the words is chosen in a cell, from 1."""
        return self.put(f"chosen in {cell}", f"=MATCH({cell},{words},0)")

    def day(self, name: str, value: str) -> str:
        """Return the address of a day, which may stand as a text where it comes from; nothing where there is none."""
        raw = self.put(f"{name}, as it is", f'=IFERROR({value}&"","")')
        return self.put(name, f"={_as_day(raw)}")

    # ── days ─────────────────────────────────────────────────────────────────────────────────────

    def write_days(self, everything: str) -> None:
        """Write, beside each row of `_daily`: its day, its sales in the one currency, and in the one that is chosen.

        `everything` is the address of whether all marketplaces are shown.
        """
        self._sheet.write_row(0, _DAYS, ["date", "in the currency of ALL", "as chosen"])
        date, sales, rate = (layout.DAILY_COLUMNS.index(name) for name in ("date", "sales", "rate"))
        for row in range(1, self.reach.days):
            cell = {place: at(row, place, "_daily") for place in (date, sales, rate)}
            one = at(row, _DAYS + 1)
            self._formula(row, _DAYS, _day_of_cell(cell[date]))
            rated = f'IF({cell[rate]}="","no rate",{cell[sales]}*{cell[rate]})'
            self._formula(row, _DAYS + 1, f'IF({cell[sales]}="","",{rated})')
            self._formula(row, _DAYS + 2, f'IF({everything},{one},IF({cell[sales]}="","",{cell[sales]}))')

    def _formula(self, row: int, column: int, formula: str) -> None:
        self._sheet.write_formula(row, column, f"={formula}", None, "")

    def within(self, window: Window, code: str) -> str:
        """Return the conditions of a span of days and a marketplace, as SUMIFS takes them."""
        days = f'{self.dates},">="&{window.first},{self.dates},"<="&{window.last}'
        return f"{days},{self.reach.daily('marketplace')},{code}"

    def total(self, column: str, window: Window, code: str) -> str:
        """Return what sums a column of days: nothing when no day of the span is here, words where a rate lacks."""
        within = self.within(window, code)
        summed = f"SUMIFS({column},{within})"
        if column in (self.amounts, self.converted):
            summed = f'IF(COUNTIFS({column},"no rate",{within})>0,"no rate",{summed})'
        return f'IF({window.last}="","",IF(COUNTIFS({within})=0,"",{summed}))'

    def write_chart(self, last: str, code: str) -> tuple[str, str, str]:
        """Write the days of the chart, their sales, and the average of seven days. Return the three columns."""
        self._sheet.write_row(0, _CHART, ["date", "sales", "average of 7 days"])
        rows = CHART_DAYS + 6  # the first average needs six days before
        for row in range(1, rows + 1):
            day = at(row, _CHART)
            self._formula(row, _CHART, f'IF({last}="",NA(),{last}-{rows - row})')
            one = Window(first=day, last=day)
            self._formula(row, _CHART + 1, f"IFERROR({self._known(one, code)},NA())")
            if row >= 7:
                week = f"{at(row - 6, _CHART + 1)}:{at(row, _CHART + 1)}"
                self._formula(row, _CHART + 2, f"IFERROR(AVERAGE({week}),NA())")
        days, sales, average = (area((7, _CHART + n), (rows, _CHART + n), TAB) for n in range(3))
        return days, sales, average

    def _known(self, window: Window, code: str) -> str:
        within = self.within(window, code)
        return f"IF(COUNTIFS({within})=0,NA(),SUMIFS({self.amounts},{within}))"

    # ── products ─────────────────────────────────────────────────────────────────────────────────

    def write_moves(self, now: str, then: str) -> str:
        """Write by how much each product of `_ALL` has moved; no two are equal. Return the column."""
        self._sheet.write_string(0, _MOVED, "moved")
        level = layout.FACTS.index("level")
        for row in range(1, self.reach.items):
            line = self.reach.row("_ALL", row)
            moved = f"ROUND((N(INDEX({line},1,{now}))-N(INDEX({line},1,{then})))*100,0)"
            self._formula(row, _MOVED, f'IF({at(row, level, "_ALL")}="child",{moved}-{row}*0.0001,"")')
        return area((1, _MOVED), (self.reach.items - 1, _MOVED), TAB)

    def column_of(self, tab: str, name: str) -> str:
        """Return what finds a column of a tab by its name; `name` is an address or a text in quotes."""
        return f"IFERROR(MATCH({name},{names_row(tab)},0),0)"

    # ── what is wrong ────────────────────────────────────────────────────────────────────────────

    def write_trouble(self) -> str:
        """Write what a reader has to know before anything else. Return its address; empty when all is well."""
        names = self._row_of_names("_daily", layout.DAILY_COLUMNS)
        facts = self._row_of_names("_ALL", layout.FACTS)
        newest = self.day("newest closed day", _newest())
        rows = [meta_of(quoted(code), "rows") for code in self.codes]
        most = f"MAX({','.join(f'IFERROR(N({one}),0)' for one in rows)})"
        empty = quoted("No figures yet. The tab Help says how this sheet is filled.")
        other = quoted(
            "The hidden tabs have other columns than this workbook knows. Make a new one: chalkola sheets template."
        )
        many = quoted(
            f"There are more than {self.reach.items - 1:,} products in a marketplace, and formulas read no more."
        )
        stale = quoted("Nothing newer has come for days. Look at chalkola status, then at the tab Help.")
        return self.put(
            "trouble",
            f"=IF(IFERROR(LEN({meta('version')}),0)=0,{empty},IF(OR(NOT({names}),NOT({facts})),{other},"
            f'IF({most}>{self.reach.items - 1},{many},IF({newest}="","",IF(TODAY()-{newest}>5,{stale},"")))))',
        )

    def _row_of_names(self, tab: str, names: Sequence[str]) -> str:
        found = '&"|"&'.join(at(0, place, tab) for place in range(len(names)))
        return self.put(f"{tab} has its columns", f"=({found})={quoted('|'.join(names))}")


def _newest() -> str:
    first, last, place = layout.META_TABLE_ROW, layout.META_ROWS - 1, layout.META_TABLE.index("last_closed")
    return f"MAX({area((first, place), (last, place), '_meta')})"


def _as_day(cell: str) -> str:
    """A day may have been written as a number or as a text like 2026-11-24; here it is the text of either."""
    text = f"DATE(VALUE(LEFT({cell},4)),VALUE(MID({cell},6,2)),VALUE(MID({cell},9,2)))"
    return f'IF({cell}="","",IF(MID({cell},5,1)="-",{text},VALUE({cell})))'


def _day_of_cell(cell: str) -> str:
    text = f"DATE(VALUE(LEFT({cell},4)),VALUE(MID({cell},6,2)),VALUE(MID({cell},9,2)))"
    return f'IF({cell}="","",IF(ISNUMBER({cell}),{cell},{text}))'
