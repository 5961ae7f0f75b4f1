"""Colours, fonts and how figures are written: a few of each, in one place."""

from typing import Any

from chalkola.marketplaces import MARKETPLACES
from chalkola.surfaces.sheets.template.cells import letters

FONT = "Arial"
INK, MUTED, FAINT = "#1F2933", "#6B7785", "#9AA5B1"
LINE, PALE, TILE, WHITE = "#E1E6EB", "#F5F7FA", "#F8FAFB", "#FFFFFF"
ACCENT, ACCENT_PALE = "#0B5C6B", "#E6F1F3"
GOOD, BAD = "#1B7F4B", "#B3261E"
AMBER, AMBER_PALE = "#8A5A00", "#FFF6DF"
INPUT = "#FFFBEA"
SERIES = ("#0B5C6B", "#B9C7CE", "#D08C3C")

WHOLE, SHARE = "#,##0", "0.0%"
POINTS = '▲ 0.0" pp";▼ 0.0" pp";0.0" pp"'
MOVED = "▲ 0.0%;▼ 0.0%;0.0%"
MOVED_AMOUNT = "▲ #,##0;▼ #,##0;0"
DAY = "ddd d mmm yyyy"
_SIGNS = {"USD": "[$$-409]", "GBP": "[$£-809]", "EUR": "[$€-2] ", "JPY": "[$¥-411]"}


def amount(currency: str, *, decimals: int = 0) -> str:
    """Return how amounts of a currency are written: with its sign, or its code where others share the sign."""
    sign = _SIGNS.get(currency, f"[${currency}] ")
    places = "." + "0" * decimals if decimals and currency not in _WITHOUT_CENTS else ""
    return f"{sign}#,##0{places};-{sign}#,##0{places}"


_WITHOUT_CENTS = {m.currency for m in MARKETPLACES if not m.decimals}


class Looks:
    """Gives a workbook's formats, each of them once."""

    def __init__(self, book: Any) -> None:
        self._book, self._made = book, dict[frozenset[tuple[str, Any]], Any]()

    def __call__(self, **wanted: Any) -> Any:
        """Return the format of these properties, which are XlsxWriter's, over the usual font."""
        every = {"font_name": FONT, "font_size": 10, "font_color": INK, "valign": "vcenter", **wanted}
        key = frozenset(every.items())
        if key not in self._made:
            self._made[key] = self._book.add_format(every)
        return self._made[key]

    def only(self, **wanted: Any) -> Any:
        """Return a format of nothing but these properties, for what a condition changes."""
        key = frozenset({"": "only", **wanted}.items())
        if key not in self._made:
            self._made[key] = self._book.add_format(wanted)
        return self._made[key]


def colour_moves(sheet: Any, looks: Looks, first: tuple[int, int], last: tuple[int, int]) -> None:
    """Make what has grown green and what has shrunk red."""
    top = f"{letters(first[1])}{first[0] + 1}"
    for sign, colour in ((">", GOOD), ("<", BAD)):
        rule = f"=AND(ISNUMBER({top}),{top}{sign}0)"
        sheet.conditional_format(
            *first, *last, {"type": "formula", "criteria": rule, "format": looks.only(font_color=colour)}
        )
