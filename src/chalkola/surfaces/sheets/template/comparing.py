"""The comparison: one product in every marketplace, and several products beside each other."""

from collections.abc import Sequence
from typing import Any

from chalkola.surfaces.sheets import layout
from chalkola.surfaces.sheets.template import looks as look
from chalkola.surfaces.sheets.template.cells import (
    Reach,
    at,
    change,
    choose,
    difference,
    meta,
    quoted,
    ratio,
)  # fmt: skip
from chalkola.surfaces.sheets.template.choices import (
    BEFORE,
    Columns,
    Field,
    Lists,
    field_cell,
    write_columns,
    write_fields,
)
from chalkola.surfaces.sheets.template.looks import Looks, colour_moves
from chalkola.surfaces.sheets.template.working import Working

NAME = "Compare"
ITEMS = 15
_FIELD_ROW = 2
_FIELDS = {"item": 1, "period": 3, "before": 5, "marketplace": 8}
HEAD_ROW = 6
_PLACE, _RAW = 17, 18  # hidden
_FIGURES = tuple(
    f"{metric} {when}" for metric in ("sales", "units", "sessions", "buy_box") for when in ("now", "then")
)
_HEADS = ("Sales", "then", "", "Units", "then", "", "Sessions", "", "Conversion", "", "Buy box", "")
_MOVES = (5, 8, 10, 12, 14)


class Comparison:
    """Builds the tab, with what it needs in `_calc`."""

    def __init__(
        self, sheet: Any, looks: Looks, working: Working, lists: Lists, *, start: str, items: Sequence[str]
    ) -> None:
        self._sheet, self._looks, self._working, self._lists = sheet, looks, working, lists
        self._start, self._items = start, items
        self._period, self._before = (field_cell(NAME, _FIELD_ROW, _FIELDS[name]) for name in ("period", "before"))
        self._item = field_cell(NAME, _FIELD_ROW, _FIELDS["item"])
        self._columns: Columns = write_columns(working, lists, self._period, self._before)
        self._pick = working.chosen(field_cell(NAME, _FIELD_ROW, _FIELDS["marketplace"]), working.code_list)
        self.second_row = HEAD_ROW + 1 + len(working.codes) + 2

    def write(self) -> None:
        """Write the whole tab."""
        self._frame()
        self._head()
        self._names(HEAD_ROW, "ONE PRODUCT IN EVERY MARKETPLACE", "Marketplace")
        for number, tab in enumerate(self._working.tabs):
            self._marketplace(HEAD_ROW + 1 + number, number, tab)
        second = self.second_row + 1
        self._names(second, "SEVERAL PRODUCTS", "ASIN or SKU")
        for number in range(ITEMS):
            self._product(second + 1 + number, number)
        for column in _MOVES:
            colour_moves(self._sheet, self._looks, (HEAD_ROW + 1, column), (second + ITEMS, column))

    def _frame(self) -> None:
        self._sheet.hide_gridlines(2)
        for place, width in enumerate((2.5, 22, 34, 13, 13, 9.5, 9, 9, 9.5, 10, 9.5, 11, 9.5, 9.5, 9.5)):
            self._sheet.set_column(place, place, width, self._looks())
        self._sheet.set_column(_PLACE, _RAW + len(_FIGURES) - 1, 9, self._looks(), {"hidden": True})
        self._sheet.freeze_panes(_FIELD_ROW + 2, 2)
        self._sheet.set_landscape()
        self._sheet.set_paper(9)
        self._sheet.fit_to_pages(1, 1)
        self._sheet.set_margins(0.3, 0.3, 0.3, 0.3)

    def _head(self) -> None:
        sheet, looks = self._sheet, self._looks
        sheet.set_row(0, 8)
        sheet.set_row(1, 28)
        sheet.write_string(1, 1, "Compare", looks(font_size=18, bold=True, font_color=look.ACCENT))
        first = self._items[0] if self._items else ""
        lists = self._lists
        fields = (
            ("item", "One product: ASIN or SKU", first, ""),
            ("period", "Period", layout.PERIODS[2].words, lists.periods),
            ("before", "Compared with", BEFORE[1], lists.before),
            ("marketplace", "Marketplace of the products below", self._start, self._working.code_list),
        )
        write_fields(sheet, looks, _FIELD_ROW, [
            Field(label=label, column=_FIELDS[name], first=begin, width=2 if source else 1, source=source)
            for name, label, begin, source in fields
        ])  # fmt: skip
        title = f'IF({self._item}="","Type an ASIN or SKU into the yellow cell.",{self._title_of_item()})'
        sheet.write_formula(4, 1, f"={title}", looks(font_color=look.MUTED), "")

    def _title_of_item(self) -> str:
        place = self._working.put("the product's row", f"={_found(self._working.reach, '_ALL', self._item)}")
        number = layout.FACTS.index("title") + 1
        return f'IF({place}="","not found",INDEX({self._working.reach.block("_ALL")},{place},{number})&"")'

    def _names(self, row: int, title: str, first: str) -> None:
        self._sheet.write_string(row - 1, 1, title, self._looks(font_size=9, bold=True, font_color=look.ACCENT))
        form = {
            "bold": True,
            "font_size": 9,
            "font_color": look.MUTED,
            "bg_color": look.PALE,
            "bottom": 1,
            "bottom_color": look.LINE,
        }
        left = self._looks(**form)
        self._sheet.write_string(row, 1, first, left)
        self._sheet.write_string(row, 2, "Title" if first != "Marketplace" else "", left)
        right = self._looks(**form, align="right")
        for column, name in enumerate(_HEADS, start=3):
            if name == "then":
                self._sheet.write_formula(row, column, f"={self._columns.against}", right, "")
            else:
                self._sheet.write_string(row, column, name or "change", right)

    def _marketplace(self, row: int, number: int, tab: str) -> None:
        code = self._working.codes[number]
        m = self._working.marketplaces[number - 1] if number else None
        name = quoted(f"{m.name}") if m else f'"All, in "&IFERROR({meta("currency")},"")'
        base: dict[str, Any] = {"bottom": 4, "bottom_color": look.LINE}
        self._write(row, 1, name, self._looks(**base, bold=not m))
        place = at(row, _PLACE)
        self._write(row, _PLACE, f'IF({self._item}="","",{_found(self._working.reach, tab, self._item)})')
        lacking = quoted("not sold here" if m else "not found")
        self._write(
            row,
            2,
            f'IF({self._item}="","",IF({place}="",{lacking},""))',
            self._looks(**base, font_color=look.FAINT, font_size=9),
        )
        for offset, figure in enumerate(_FIGURES):
            column = self._columns.in_tab(figure, number)
            self._write(
                row, _RAW + offset, _value(place, column, f"INDEX({self._working.reach.block(tab)},{place},{column})")
            )
        money = look.amount(m.currency) if m else look.WHOLE
        assert code == "ALL" or m
        self._figures(row, money, base)

    def _product(self, row: int, number: int) -> None:
        base: dict[str, Any] = {"bottom": 4, "bottom_color": look.LINE}
        box = self._looks(bg_color=look.INPUT, border=1, border_color=look.LINE, indent=1)
        if number < len(self._items):
            self._sheet.write_string(row, 1, self._items[number], box)
        else:
            self._sheet.write_blank(row, 1, None, box)
        item, place = at(row, 1), at(row, _PLACE)
        found = choose(self._pick, (_found(self._working.reach, tab, item) for tab in self._working.tabs))
        self._write(row, _PLACE, f'IF({item}="","",{found})')
        title = self._of_tab(place, str(layout.FACTS.index("title") + 1))
        self._write(row, 2, f'IF({item}="","",IF({place}="","not found",{title}&""))', self._looks(**base))
        for offset, figure in enumerate(_FIGURES):
            column = f"INDEX({self._columns.places[figure]},{self._pick})"
            self._write(row, _RAW + offset, _value(place, column, self._of_tab(place, column)))
        self._figures(row, look.WHOLE, base)

    def _of_tab(self, place: str, column: str) -> str:
        return choose(
            self._pick, (f"INDEX({self._working.reach.block(tab)},{place},{column})" for tab in self._working.tabs)
        )

    def _figures(self, row: int, money: str, base: dict[str, Any]) -> None:
        sales, sales_then, units, units_then, seen, seen_then, box, box_then = (
            at(row, _RAW + offset) for offset in range(len(_FIGURES))
        )
        rate, rate_then = ratio(units, seen), ratio(units_then, seen_then)
        points = f'IF(OR({rate}="",{rate_then}=""),"",(({rate})-({rate_then}))*100)'
        cells = (
            (sales, money), (sales_then, money), (change(sales, sales_then), look.MOVED),
            (units, look.WHOLE), (units_then, look.WHOLE), (change(units, units_then), look.MOVED),
            (seen, look.WHOLE), (change(seen, seen_then), look.MOVED),
            (rate, "0.0%"), (points, look.POINTS), (box, look.SHARE), (difference(box, box_then), look.POINTS),
        )  # fmt: skip
        for column, (formula, form) in enumerate(cells, start=3):
            self._write(row, column, formula, self._looks(**base, num_format=form, align="right"))

    def _write(self, row: int, column: int, formula: str, form: Any = None) -> None:
        self._sheet.write_formula(row, column, f"={formula}", form, "")


def _found(reach: Reach, tab: str, item: str) -> str:
    """Return what finds a product's row in a tab by its ASIN or any of its SKUs; nothing for an unknown one."""
    keys, first, every = (reach.column(tab, name) for name in ("key", "sku", "skus"))
    name = f"TRIM({item})"
    tries = [f"MATCH({name},{keys},0)", f"MATCH({name},{first},0)"]
    tries += [f"MATCH({pattern},{every},0)" for pattern in (f'{name}&"|*"', f'"*|"&{name}', f'"*|"&{name}&"|*"')]
    formula = '""'
    for one in reversed(tries):
        formula = f"IFERROR({one},{formula})"
    return formula


def _value(place: str, column: str, value: str) -> str:
    return f'IF({place}="","",IF({column}=0,"",IF({value}="","",{value})))'
