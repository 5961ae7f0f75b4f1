"""The dashboard: its frame and head, the two rows of tiles, the chart; and what stands beside and below."""

from collections.abc import Sequence
from typing import Any

from chalkola.marketplaces import Marketplace
from chalkola.surfaces.sheets.template import looks as look
from chalkola.surfaces.sheets.template.cells import at, day_words, meta, meta_of, quoted, short_day
from chalkola.surfaces.sheets.template.looks import Looks
from chalkola.surfaces.sheets.template.marketplace_lines import MarketplaceLines
from chalkola.surfaces.sheets.template.movers import Movers
from chalkola.surfaces.sheets.template.tiles import Tiles
from chalkola.surfaces.sheets.template.working import Window, Working

NAME = "Dashboard"
LEFT, WIDTHS = 1, (16, 14.5, 13, 9.5, 9.5, 10, 9.5, 11, 11, 9.5, 14, 9.5, 13)
_LAST = LEFT + len(WIDTHS) - 1
CHOSEN = at(1, _LAST - 1, NAME)
"""Where the marketplace is chosen."""
_DAY_ROW, _MONTH_ROW, _CHART_ROW = 5, 11, 17
_CHART_ROWS = 14
_TABLE_ROW = _CHART_ROW + _CHART_ROWS + 2


class Dashboard:
    """Builds the tab, with what it needs in `_calc`."""

    def __init__(self, book: Any, sheet: Any, looks: Looks, working: Working, currency: str) -> None:
        self._book, self._sheet, self._looks, self._working, self._currency = book, sheet, looks, working, currency
        self._everything = working.put("all marketplaces", f'={CHOSEN}="ALL"')
        self._code = working.put("as SUMIFS takes it", f'=IF({self._everything},"*",{CHOSEN})')
        self._end = working.day("last closed day", meta_of(CHOSEN, "last_closed"))
        self._in = working.put("currency", f"={_currency_of(working.marketplaces)}")
        working.write_days(self._everything)

    def write(self) -> None:
        """Write the whole tab."""
        self._frame()
        self._head()
        tiles = Tiles(self._sheet, self._looks, self._working, self._code, self._in)
        end = self._end
        self._section(_DAY_ROW, f'"LAST CLOSED DAY  ·  "&UPPER({day_words(end)})')
        tiles.write(_DAY_ROW + 1, self._day_windows(), ("a week earlier", "a year earlier"))
        self._section(_MONTH_ROW, f'"MONTH TO DATE  ·  1 TO "&UPPER({short_day(end)})&" "&YEAR({end})')
        tiles.write(_MONTH_ROW + 1, self._month_windows(), ("a month earlier", "a year earlier"))
        self._chart()
        Movers(self._sheet, self._looks, self._working).write(_CHART_ROW, LEFT + 8, _LAST)
        MarketplaceLines(self._sheet, self._looks, self._working, self._currency).write(_TABLE_ROW, LEFT)

    def _day_windows(self) -> tuple[Window, ...]:
        """The day, the same weekday a week before, and 52 weeks before."""
        return self._windows("day", [(f"{self._end}-{ago}", f"{self._end}-{ago}") for ago in (0, 7, 364)])

    def _month_windows(self) -> tuple[Window, ...]:
        """The month so far, and the same days of the month before and of the year before."""
        end = self._end
        first = self._working.put("first of the month", f'=IF({end}="","",{end}-DAY({end})+1)')
        return self._windows("month", (
            (first, end),
            (f"EDATE({first},-1)", f"MIN(EDATE({end},-1),{first}-1)"),
            (f"EDATE({first},-12)", f"EDATE({end},-12)"),
        ))  # fmt: skip

    def _windows(self, name: str, spans: Sequence[tuple[str, str]]) -> tuple[Window, ...]:
        def put(word: str, day: str) -> str:
            return self._working.put(f"{name}: {word}", f'=IF({self._end}="","",{day})')

        return tuple(Window(first=put("first", first), last=put("last", last)) for first, last in spans)

    def _frame(self) -> None:
        sheet = self._sheet
        sheet.hide_gridlines(2)
        sheet.set_column(0, 0, 2.5)
        for place, width in enumerate(WIDTHS):
            sheet.set_column(LEFT + place, LEFT + place, width, self._looks())
        sheet.freeze_panes(4, 0)
        sheet.set_landscape()
        sheet.fit_to_pages(1, 1)
        sheet.set_paper(9)
        sheet.set_margins(0.3, 0.3, 0.3, 0.3)

    def _head(self) -> None:
        sheet, looks = self._sheet, self._looks
        sheet.set_row(0, 8)
        sheet.set_row(1, 30)
        sheet.write_string(1, LEFT, "Sales & traffic", looks(font_size=20, bold=True, font_color=look.ACCENT))
        sheet.write_string(1, _LAST - 2, "Marketplace", looks(font_color=look.MUTED, align="right"))
        box = looks(bg_color=look.INPUT, border=1, border_color=look.LINE, bold=True, align="center", font_size=12)
        sheet.write_string(1, _LAST - 1, "ALL", box)
        among = {"validate": "list", "source": f"={self._working.code_list}"}
        sheet.data_validation(1, _LAST - 1, 1, _LAST - 1, among)
        sheet.write_string(1, _LAST, "◂ choose", looks(font_color=look.FAINT, font_size=9))
        subject = f'IF({self._everything},"All marketplaces",{CHOSEN})'
        upto = f'IF({self._end}="","","  ·  figures up to "&{day_words(self._end)})'
        self._line(2, f'={subject}&"  ·  amounts in "&{self._in}&{upto}', looks(font_color=look.MUTED))
        self._freshness(3)

    def _freshness(self, row: int) -> None:
        trouble = self._working.write_trouble()
        said = f'=IF({trouble}="",IFERROR({meta("freshness")}&"",""),"⚠ "&{trouble})'
        form = self._looks(font_color=look.MUTED, font_size=9, bottom=1, bottom_color=look.LINE)
        self._line(row, said, form)
        amber = self._looks.only(font_color=look.AMBER, bg_color=look.AMBER_PALE)
        warns = {"type": "formula", "criteria": f'=LEFT({at(row, LEFT)},1)="⚠"', "format": amber}
        self._sheet.conditional_format(row, LEFT, row, _LAST, warns)

    def _line(self, row: int, formula: str, form: Any) -> None:
        self._sheet.merge_range(row, LEFT, row, _LAST, "", form)
        self._sheet.write_formula(row, LEFT, formula, form, "")

    def _section(self, row: int, formula: str) -> None:
        self._sheet.set_row(row - 1, 9)
        form = self._looks(font_size=9, bold=True, font_color=look.ACCENT)
        self._sheet.write_formula(row, LEFT, f'=IF({self._end}="","",{formula})', form, "")

    def _chart(self) -> None:
        days, sales, average = self._working.write_chart(self._end, self._code)
        self._section(_CHART_ROW, f'"SALES BY DAY, "&{self._in}&"  ·  90 DAYS"')
        chart = self._book.add_chart({"type": "line"})
        series = (("a day", sales, look.SERIES[1], 1.25), ("average of 7 days", average, look.SERIES[0], 2.5))
        for words, column, colour, width in series:
            line = {"color": colour, "width": width}
            chart.add_series({"name": words, "categories": f"={days}", "values": f"={column}", "line": line})
        font = {"name": look.FONT, "size": 9, "color": look.MUTED}
        grid = {"visible": True, "line": {"color": look.LINE, "width": 0.75}}
        chart.set_x_axis({
            "date_axis": True, "num_format": "d mmm", "num_font": font, "major_unit": 14, "major_unit_type": "days",
            "line": {"color": look.LINE}, "major_tick_mark": "none",
        })  # fmt: skip
        chart.set_y_axis({
            "num_format": look.WHOLE, "num_font": font, "min": 0, "line": {"none": True}, "major_gridlines": grid,
        })  # fmt: skip
        chart.set_legend({"position": "top", "font": font})
        chart.set_chartarea({"border": {"none": True}})
        chart.show_hidden_data()
        chart.show_na_as_empty_cell()
        chart.set_size({"width": 676, "height": 20 * _CHART_ROWS - 4})
        self._sheet.insert_chart(_CHART_ROW + 1, LEFT, chart, {"x_offset": 2, "y_offset": 2, "object_position": 2})


def _currency_of(marketplaces: Sequence[Marketplace]) -> str:
    own = ",".join(quoted(m.currency) for m in marketplaces)
    place = "+".join(f"({CHOSEN}={quoted(m.code)})*{n}" for n, m in enumerate(marketplaces, start=1))
    return f'IF({CHOSEN}="ALL",IFERROR({meta("currency")}&"",""),CHOOSE({place},{own}))'
