"""The tab Help: how the sheet is filled, and what its words mean."""

from typing import Any

from chalkola.surfaces.sheets.template import looks as look
from chalkola.surfaces.sheets.template.looks import Looks

NAME = "Help"

_SECTIONS = (
    ("How this sheet is filled", (
        "Its figures are in hidden tabs whose names begin with an underscore. One of two ways fills them, which"
        " docs/sheets.md shows step by step:",
        "1.  The script: Extensions > Apps Script, paste Code.gs, save, reload the sheet, then Chalkola > Connect.",
        "2.  No script: chalkola sheets push, with a service account of Google's that the sheet is shared with.",
        "Do not rename, delete or edit the hidden tabs: what is changed there is written over, and formulas look for"
        " their names.",
    )),
    ("What can be changed", (
        "Yellow cells: choose from the list or type. Everything else is a formula over the hidden tabs; none of them"
        " asks the network.",
        "More formulas of your own: copy one, or take figures from a hidden tab with INDEX and MATCH by the columns'"
        " names.",
        "A new marketplace, or more products than the hidden tabs have rows: make a new workbook with"
        " chalkola sheets template.",
    )),
    ("What the words mean", (
        "Closed day: Amazon has settled it, and it adds up to Amazon's own total. Periods end at the last closed day"
        " of their marketplace; ALL at the last day that all of them have.",
        "Yesterday, preliminary: what Amazon has of the newest day so far. It still grows and is never mixed with"
        " closed days.",
        "An empty cell: not known. 0: known to be none. Sessions of a family (parent) are Amazon's own figure and not"
        " the sum of its products'.",
        "Conversion: units divided by sessions. Buy box: Amazon's percentage, weighted by page views.",
        "ALL: money in one currency, each day at that day's reference rate of the European Central Bank.",
    )),
)  # fmt: skip


def write_help(sheet: Any, looks: Looks) -> None:
    """Write the whole tab."""
    sheet.hide_gridlines(2)
    sheet.set_column(0, 0, 2.5)
    sheet.set_column(1, 1, 150, looks())
    sheet.set_landscape()
    sheet.fit_to_pages(1, 1)
    sheet.set_row(1, 28)
    sheet.write_string(1, 1, "Help", looks(font_size=18, bold=True, font_color=look.ACCENT))
    row = 3
    for title, lines in _SECTIONS:
        sheet.write_string(row, 1, title, looks(bold=True, font_size=11, font_color=look.ACCENT))
        for line in lines:
            row += 1
            sheet.set_row(row, 18)
            sheet.write_string(row, 1, line, looks(text_wrap=True))
        row += 2
