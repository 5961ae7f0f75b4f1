"""A workbook of native formulas over the snapshot tabs, for Google Sheets, Excel and LibreOffice.

book.py        the workbook: its tabs in their order, the snapshot tabs empty or filled
dashboard.py   the tab that one looks at first; tiles.py, movers.py, marketplace_lines.py are parts of it
products.py    a table of one marketplace's products: searched, sorted, compared
comparing.py   one product in all marketplaces; several products beside each other
helping.py     how the sheet is filled, what its words mean
working.py     the hidden tab `_calc`: what is chosen, which days that means, figures of days
choices.py     the cells to choose in, and where a chosen period's figures stand
listing.py     the hidden tab `_list`: each product's place in the table
cells.py       addresses and the formulas that all of them use
looks.py       colours, fonts, and how each currency's amounts are written

Formulas are of the year 2007: what came later travels badly between programs. None asks for the time but one, which
warns when nothing has come for days. A cell chooses among the marketplaces' tabs by CHOOSE, since what is named by a
text (INDIRECT) is computed anew at every change.
"""

from chalkola.surfaces.sheets.template.book import write_template

__all__ = ["write_template"]
