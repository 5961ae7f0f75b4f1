"""Tiles: one figure each, large, and below it how it has moved against two earlier spans of days."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from chalkola.surfaces.sheets.template import looks as look
from chalkola.surfaces.sheets.template.cells import at, change, difference, quoted, ratio
from chalkola.surfaces.sheets.template.looks import Looks, colour_moves
from chalkola.surfaces.sheets.template.working import Window, Working


@dataclass(frozen=True, kw_only=True)
class Figure:
    """What a tile shows: its words, what it is made from, how it is written, and the columns that it takes."""

    words: str
    column: str
    left: int
    width: int = 3
    per: str = ""
    """The column that it is divided by."""
    form: str = look.WHOLE


FIGURES = (
    Figure(words="Sales", column="sales", left=1),
    Figure(words="Units", column="units", left=4),
    Figure(words="Sessions", column="sessions", left=7),
    Figure(words="Conversion", column="units", per="sessions", form="0.00%", left=10, width=4),
)
_EDGE = {"bg_color": look.TILE, "left": 5, "left_color": look.ACCENT, "indent": 1}
_PLAIN = {"bg_color": look.TILE}


class Tiles:
    """Writes rows of tiles; `code` and `currency` are the addresses of what is chosen."""

    def __init__(self, sheet: Any, looks: Looks, working: Working, code: str, currency: str) -> None:
        self._sheet, self._looks, self._working, self._code, self._in = sheet, looks, working, code, currency

    def write(self, row: int, windows: Sequence[Window], against: Sequence[str]) -> None:
        """Write a tile for each figure: of the first window, against the others in their words."""
        self._sheet.set_row(row + 1, 32)
        for figure in FIGURES:
            values = [self._value(figure, window, windows[0]) for window in windows]
            self._ground(row, figure)
            self._label(row, figure)
            self._number(row + 1, figure, values[0])
            for line, (value, words) in enumerate(zip(values[1:], against, strict=True), start=row + 2):
                self._move(line, figure, values[0], value, words)

    def _ground(self, row: int, figure: Figure) -> None:
        for line in range(row, row + 4):
            self._sheet.write_blank(line, figure.left, None, self._looks(**_EDGE))
            for place in range(figure.left + 1, figure.left + figure.width):
                self._sheet.write_blank(line, place, None, self._looks(**_PLAIN))

    def _label(self, row: int, figure: Figure) -> None:
        words = quoted(figure.words)
        label = f'={words}&", "&{self._in}' if figure.column == "sales" else f"={words}"
        form = self._looks(**_EDGE, font_size=9, font_color=look.MUTED)
        self._sheet.write_formula(row, figure.left, label, form, "")

    def _number(self, row: int, figure: Figure, value: str) -> None:
        form = self._looks(**_EDGE, font_size=20, bold=True, align="left", num_format=figure.form)
        self._sheet.merge_range(row, figure.left, row, figure.left + figure.width - 1, "", form)
        self._sheet.write_formula(row, figure.left, f"={value}", form, "")

    def _move(self, row: int, figure: Figure, now: str, then: str, words: str) -> None:
        left = figure.left
        moved = difference(now, then) if figure.per else change(now, then)
        form = self._looks(**_EDGE, bold=True, align="left", num_format=look.POINTS if figure.per else look.MOVED)
        either = f'IF(OR(ISTEXT({now}),ISTEXT({then})),"",{moved})'
        self._sheet.write_formula(row, left, f"={either}", form, "")
        colour_moves(self._sheet, self._looks, (row, left), (row, left))
        said = f'=IF({at(row, left)}="","not known {words}","vs {words}")'
        faint = self._looks(**_PLAIN, font_size=9, font_color=look.FAINT)
        self._sheet.write_formula(row, left + 1, said, faint, "")

    def _value(self, figure: Figure, window: Window, now: Window) -> str:
        """Return the address of a figure in a span of days; empty where a part of an earlier span is not here."""
        put = self._working.put
        if not figure.per:
            return put(f"{figure.words} from {window.first}", f"={self._whole(figure.column, window, now)}")
        above, below = (
            put(f"{column} from {window.first}", f"={self._whole(column, window, now)}")
            for column in (figure.column, figure.per)
        )
        return put(f"{figure.words} from {window.first}", f"={ratio(above, below)}")

    def _whole(self, name: str, window: Window, now: Window) -> str:
        column = self._working.amounts if name == "sales" else self._working.reach.daily(name)
        total = self._working.total(column, window, self._code)
        if window is now:
            return total
        here, wanted = (f"COUNTIFS({self._working.within(w, self._code)})" for w in (window, now))
        days, now_days = (f"({w.last}-{w.first}+1)" for w in (window, now))
        return f'IF({window.last}="","",IF({here}*{now_days}<{wanted}*{days},"",{total}))'
