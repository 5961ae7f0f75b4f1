"""What moved most: the products of all marketplaces whose sales of a week have grown and shrunk most, in money."""

from typing import Any

from chalkola.surfaces.sheets import layout
from chalkola.surfaces.sheets.template import looks as look
from chalkola.surfaces.sheets.template.cells import meta, quoted
from chalkola.surfaces.sheets.template.looks import Looks, colour_moves
from chalkola.surfaces.sheets.template.working import Working

COUNT = 5
_NOW, _THEN = "sales_last_7", "sales_last_7_week_ago"
_LISTS = (("More than the week before", "LARGE", ">"), ("Less than the week before", "SMALL", "<"))


class Movers:
    """Writes the two lists."""

    def __init__(self, sheet: Any, looks: Looks, working: Working) -> None:
        self._sheet, self._looks, self._working = sheet, looks, working
        self._now, self._then = (
            working.put(f"column {name}", f"={working.column_of('_ALL', quoted(name))}") for name in (_NOW, _THEN)
        )
        self._scores = working.write_moves(self._now, self._then)

    def write(self, row: int, left: int, last: int) -> None:
        """Write them below a heading in this row, from one column to another."""
        head = self._looks(font_size=9, bold=True, font_color=look.ACCENT)
        title = f'="MOVED MOST IN 7 DAYS, "&IFERROR({meta("currency")}&"","")'
        self._sheet.write_formula(row, left, title, head, "")
        label = self._looks(font_size=9, font_color=look.MUTED, bottom=1, bottom_color=look.LINE)
        for number, (words, pick, sign) in enumerate(_LISTS):
            line = row + 1 + number * (COUNT + 2)
            for place in range(left, last + 1):
                self._sheet.write_blank(line, place, None, label)
            self._sheet.write_string(line, left, words, label)
            for rank in range(1, COUNT + 1):
                self._line(line + rank, left, f"IFERROR({pick}({self._scores},{rank}),0)", sign)

    def _line(self, row: int, left: int, score: str, sign: str) -> None:
        looks, put, block = self._looks, self._working.put, self._working.reach.block("_ALL")
        value = put("moved", f"={score}")
        place = put("its row", f'=IF({value}{sign}0,MATCH({value},{self._scores},0),"")')
        now, then = (f"N(INDEX({block},{place},{column}))" for column in (self._now, self._then))
        asin, title = (layout.FACTS.index(name) + 1 for name in ("asin", "title"))
        text = looks(font_size=9)
        cells = (
            (left, f"INDEX({block},{place},{asin})", text),
            (left + 1, f'INDEX({block},{place},{title})&""', text),
            (left + 3, f"ROUND({now}-{then},2)", looks(font_size=9, num_format=look.MOVED_AMOUNT, align="right")),
            (
                left + 4,
                f'IF({then}=0,"new",{now}/{then}-1)',
                looks(font_size=9, num_format=look.MOVED, align="right"),
            ),
        )
        for column, formula, form in cells:
            self._sheet.write_formula(row, column, f'=IF({place}="","",{formula})', form, "")
        colour_moves(self._sheet, looks, (row, left + 3), (row, left + 4))
