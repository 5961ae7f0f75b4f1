"""The product table: one marketplace's products in one period, searched, sorted, held against an earlier period."""

from collections.abc import Sequence
from typing import Any

from chalkola.surfaces.sheets import layout
from chalkola.surfaces.sheets.template import looks as look
from chalkola.surfaces.sheets.template.cells import at, change, choose, difference, letters, meta, quoted, ratio
from chalkola.surfaces.sheets.template.choices import BEFORE, Field, Lists, field_cell, write_columns, write_fields
from chalkola.surfaces.sheets.template.listing import ORDERS, SHOWN, SORTS, Chosen, Listing
from chalkola.surfaces.sheets.template.looks import Looks, colour_moves
from chalkola.surfaces.sheets.template.working import Working

NAME = "Products"
HEAD_ROW = 6
FIRST_ROW = HEAD_ROW + 2
_FIELD_ROW = 2
_PLACE, _RAW = 18, 19  # hidden: a product's row in its tab, and its figures as they are there
_FIGURES = tuple(
    f"{metric} {when}" for metric in ("units", "sales", "sessions", "buy_box") for when in ("now", "then")
)
_WIDTHS = (2.5, 4.5, 14, 20, 38, 9.5, 9, 12, 11, 12, 10, 12, 11, 12, 9.5, 12, 11)
_HEADS = (
    ("", ""), ("ASIN", ""), ("SKU", ""), ("Title", ""), ("Price", "today"), ("Units", ""), ("", ">"), ("Sales", "$"),
    ("", ">"), ("Sessions", ""), ("", ">"), ("Conversion", ""), ("", ">"), ("Buy box", ""), ("", ">"),
    ("Price", "on average"),
)  # fmt: skip


class Products:
    """Builds the tab, with what it needs in `_calc` and `_list`."""

    def __init__(self, sheet: Any, hidden: Any, looks: Looks, working: Working, lists: Lists, *, start: str) -> None:
        self._sheet, self._looks, self._working, self._lists = sheet, looks, working, lists
        self._start, self._rows = start, working.reach.shown
        here = {name: field_cell(NAME, _FIELD_ROW, column) for name, column in _FIELDS.items()}
        self._words = {
            "sort": working.words("sort", [s.words for s in SORTS]), "order": working.words("order", ORDERS),
            "shown": working.words("shown", SHOWN),
        }  # fmt: skip
        self._marketplace = here["marketplace"]
        self._columns = write_columns(working, lists, here["period"], here["before"])
        chosen = Chosen(
            marketplace=here["marketplace"], search=here["search"], sort=here["sort"], order=here["order"],
            shown=here["shown"],
        )  # fmt: skip
        self._listing = Listing(hidden, working, self._columns, chosen, self._words)

    def write(self) -> None:
        """Write the whole tab, and its list."""
        self._listing.write()
        self._frame()
        self._head()
        for line in range(self._rows):
            self._line(FIRST_ROW + line, line + 1)
        last = FIRST_ROW + self._rows - 1
        for column in (7, 9, 11, 13, 15):
            colour_moves(self._sheet, self._looks, (FIRST_ROW, column), (last, column))
        stripes = {
            "type": "formula", "criteria": f'=AND($B{FIRST_ROW + 1}<>"",MOD(ROW(),2)=0)',
            "format": self._looks.only(bg_color=look.TILE),
        }  # fmt: skip
        self._sheet.conditional_format(FIRST_ROW, 1, last, len(_WIDTHS) - 1, stripes)

    def _frame(self) -> None:
        self._sheet.hide_gridlines(2)
        for place, width in enumerate(_WIDTHS):
            self._sheet.set_column(place, place, width, self._looks())
        self._sheet.set_column(_PLACE, _RAW + len(_FIGURES) - 1, 9, self._looks(), {"hidden": True})
        self._sheet.freeze_panes(FIRST_ROW, 4)
        self._sheet.set_landscape()
        self._sheet.set_paper(9)
        self._sheet.fit_to_pages(1, 0)
        self._sheet.repeat_rows(HEAD_ROW, HEAD_ROW + 1)
        self._sheet.set_margins(0.3, 0.3, 0.3, 0.3)
        self._sheet.print_area(0, 0, FIRST_ROW + 39, len(_WIDTHS) - 1)

    def _head(self) -> None:
        sheet, looks = self._sheet, self._looks
        sheet.set_row(0, 8)
        sheet.set_row(1, 28)
        sheet.write_string(1, 1, "Products", looks(font_size=18, bold=True, font_color=look.ACCENT))
        lists, chosen = self._lists, self._words
        fields = (
            ("marketplace", "Marketplace", self._start, self._working.code_list),
            ("period", "Period", layout.PERIODS[2].words, lists.periods),
            ("search", "Search in title, ASIN, SKU (type a word)", "", ""),
            ("before", "Compared with", BEFORE[0], lists.before),
            ("sort", "Sorted by", SORTS[0].words, chosen["sort"]),
            ("order", "Order", ORDERS[0], chosen["order"]),
            ("shown", "Show", SHOWN[0], chosen["shown"]),
        )
        write_fields(sheet, looks, _FIELD_ROW, [
            Field(label=label, column=_FIELDS[name], first=first, width=2 if name in _WIDE else 1, source=source)
            for name, label, first, source in fields
        ])  # fmt: skip
        found = self._listing.count
        some = f'"The first {self._rows} of "&{found}&" found: search for less, or sort otherwise."'
        said = f'IF({found}=0,"Nothing found.",IF({found}>{self._rows},{some},{found}&" found."))'
        sheet.write_formula(4, 1, f"={said}", looks(font_size=9, font_color=look.MUTED), "")
        sheet.set_row(5, 6)
        self._names()

    def _names(self) -> None:
        upper = {"bold": True, "font_size": 9, "font_color": look.MUTED, "bg_color": look.PALE}
        currency = _currency(self._working, self._marketplace)
        words = {">": f'=IF({self._columns.against}="","","vs "&{self._columns.against})', "$": f"={currency}"}
        for place, (name, under) in enumerate(_HEADS, start=1):
            form = {**upper, "align": "left" if place < 5 else "right"}
            lower = self._looks(**form, bottom=1, bottom_color=look.LINE)
            self._sheet.write_string(HEAD_ROW, place, name, self._looks(**form))
            if under in words:
                self._sheet.write_formula(
                    HEAD_ROW + 1,
                    place,
                    words[under],
                    self._looks(**form, bottom=1, bottom_color=look.LINE, text_wrap=False),
                    "",
                )
            else:
                self._sheet.write_string(HEAD_ROW + 1, place, under, lower)

    def _line(self, row: int, rank: int) -> None:
        place = f"${letters(_PLACE)}{row + 1}"
        scores = self._listing.scores
        self._write(row, _PLACE, f'IF({rank}>{self._listing.count},"",MATCH(LARGE({scores},{rank}),{scores},0))')
        for offset, name in enumerate(_FIGURES):
            self._write(row, _RAW + offset, self._figure(place, self._columns.places[name]))
        raw = {
            name: at(row, _RAW + offset).replace("$" + str(row + 1), str(row + 1))
            for offset, name in enumerate(_FIGURES)
        }
        text = self._looks()
        self._write(
            row,
            1,
            f'IF({place}="","",{rank})',
            self._looks(font_color=look.FAINT, font_size=8, align="center"),
        )
        for column, name in ((2, "asin"), (3, "sku"), (4, "title")):
            self._write(row, column, f'IF({place}="","",{self._fact(place, name)}&"")', text)
        price = self._fact(place, "price")
        self._write(row, 5, f'IF({place}="","",IF({price}="","",{price}))', self._number("#,##0.00"))
        for column, formula, form in _figures(raw):
            self._write(row, column, formula, self._number(form))

    def _number(self, form: str) -> Any:
        small = {"font_size": 9} if "▲" in form else {}
        return self._looks(num_format=form, align="right", **small)

    def _fact(self, place: str, name: str) -> str:
        number = layout.FACTS.index(name) + 1
        return choose(
            self._listing.pick,
            (f"INDEX({self._working.reach.block(tab)},{place},{number})" for tab in self._working.tabs),
        )

    def _figure(self, place: str, columns: str) -> str:
        number = f"INDEX({columns},{self._listing.pick})"
        value = choose(
            self._listing.pick,
            (f"INDEX({self._working.reach.block(tab)},{place},{number})" for tab in self._working.tabs),
        )
        return f'IF({place}="","",IF({number}=0,"",IF({value}="","",{value})))'

    def _write(self, row: int, column: int, formula: str, form: Any = None) -> None:
        self._sheet.write_formula(row, column, f"={formula}", form, "")


_FIELDS = {"marketplace": 2, "period": 3, "search": 4, "before": 6, "sort": 8, "order": 10, "shown": 12}
_WIDE = ("before", "sort", "order", "shown")


def _figures(raw: dict[str, str]) -> Sequence[tuple[int, str, str]]:
    """Return each column's formula and format."""
    units, units_then, sales, sales_then, sessions, sessions_then, box, box_then = (raw[name] for name in _FIGURES)
    rate, rate_then = ratio(units, sessions), ratio(units_then, sessions_then)
    return (
        (6, units, look.WHOLE), (7, change(units, units_then), look.MOVED),
        (8, sales, look.WHOLE), (9, change(sales, sales_then), look.MOVED),
        (10, sessions, look.WHOLE), (11, change(sessions, sessions_then), look.MOVED),
        (12, rate, "0.0%"), (13, _points(rate, rate_then), look.POINTS),
        (14, box, look.SHARE), (15, difference(box, box_then), look.POINTS), (16, ratio(sales, units), "#,##0.00"),
    )  # fmt: skip


def _points(now: str, then: str) -> str:
    return f'IF(OR({now}="",{then}=""),"",(({now})-({then}))*100)'


def _currency(working: Working, cell: str) -> str:
    own = (quoted(m.currency) for m in working.marketplaces)
    together = f'IFERROR({meta("currency")}&"","")'
    return choose(f"MATCH({cell},{working.code_list},0)", (together, *own))
