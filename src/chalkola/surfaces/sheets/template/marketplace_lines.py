"""The dashboard's table: a line for each marketplace in its own currency at its own last closed day; one for all."""

from typing import Any

from chalkola.surfaces.sheets.template import looks as look
from chalkola.surfaces.sheets.template.cells import change, meta, meta_of, quoted, ratio
from chalkola.surfaces.sheets.template.looks import Looks, colour_moves
from chalkola.surfaces.sheets.template.working import Window, Working

_HEADS = (
    ("Marketplace", ""), ("Last closed day", ""), ("Sales", "that day"), ("vs week", "earlier"),
    ("vs year", "earlier"), ("Units", "that day"), ("vs week", "earlier"), ("Sessions", "that day"),
    ("Conversion", "that day"), ("Buy box", "that day"), ("Sales", "month to date"), ("vs year", "earlier"),
    ("Since then", "units so far"),
)  # fmt: skip
_MOVES = ((3, 4), (6, 6), (11, 11))
_NOTES = (
    "A closed day is one that Amazon has settled. “a week earlier” is the same weekday, “a year earlier” the same"
    " weekday 52 weeks before; for a month to date it is the same days of the month.",
    "“Since then” counts the days after the last closed one as far as Amazon has them: they still grow. An empty cell"
    " means that the figure is not known, 0 that there was none.",
)
_EVERY = '"*"'


class MarketplaceLines:
    """Writes the table."""

    def __init__(self, sheet: Any, looks: Looks, working: Working, currency: str) -> None:
        self._sheet, self._looks, self._working, self._currency = sheet, looks, working, currency

    def write(self, row: int, left: int) -> None:
        """Write it with its heading above this row."""
        title = self._looks(font_size=9, bold=True, font_color=look.ACCENT)
        self._sheet.write_string(row - 1, left, "EACH MARKETPLACE, IN ITS OWN CURRENCY", title)
        self._names(row, left)
        first = line = row + 2
        for m in self._working.marketplaces:
            sales = self._working.reach.daily("sales")
            self._line(line, left, quoted(m.code), quoted(m.name), look.amount(m.currency), sales)
            line += 1
        every = f'"All, in "&IFERROR({meta("currency")}&"","")'
        self._line(line, left, quoted("ALL"), every, look.amount(self._currency), self._working.converted)
        for begin, end in _MOVES:
            colour_moves(self._sheet, self._looks, (first, left + begin), (line, left + end))
        for number, words in enumerate(_NOTES, start=line + 2):
            self._sheet.write_string(number, left, words, self._looks(font_size=8, font_color=look.FAINT))

    def _names(self, row: int, left: int) -> None:
        head = {"bold": True, "font_size": 9, "font_color": look.MUTED, "bg_color": look.PALE}
        for place, (above, below) in enumerate(_HEADS):
            form = {**head, "align": "right" if place else "left"}
            self._sheet.write_string(row, left + place, above, self._looks(**form))
            under = self._looks(**form, bottom=1, bottom_color=look.LINE)
            self._sheet.write_string(row + 1, left + place, below, under)

    def _line(self, row: int, left: int, code: str, name: str, money: str, sales: str) -> None:
        end = self._working.day(f"last closed day of {code.strip(chr(34))}", meta_of(code, "last_closed"))
        base: dict[str, Any] = {"bottom": 1, "bottom_color": look.LINE}
        if code == quoted("ALL"):
            base = {"bold": True, "top": 1, "top_color": look.MUTED, "bg_color": look.PALE}
            code = _EVERY
        cells = [(name, "@", "left"), (end, look.DAY, "right")]
        cells += [(formula, form, "right") for formula, form in self._figures(end, sales, code, money)]
        for place, (formula, form, align) in enumerate(cells):
            looks = self._looks(**base, align=align, **({} if form == "@" else {"num_format": form}))
            self._sheet.write_formula(row, left + place, f"={formula}", looks, "")

    def _figures(self, end: str, sales: str, code: str, money: str) -> list[tuple[str, str]]:
        working, daily = self._working, self._working.reach.daily
        units, sessions, box = (daily(name) for name in ("units", "sessions", "buy_box"))

        def put(column: str, first: str, last: str) -> str:
            total = working.total(column, Window(first=f"({first})", last=f"({last})"), code)
            return working.put("of a marketplace", f'=IF({end}="","",{total})')

        def day(column: str, ago: int = 0) -> str:
            return put(column, f"{end}-{ago}", f"{end}-{ago}")

        now, week, year, sold, sold_week, seen = (
            day(column, ago)
            for column, ago in ((sales, 0), (sales, 7), (sales, 364), (units, 0), (units, 7), (sessions, 0))
        )
        first = f"{end}-DAY({end})+1"
        month, month_year = put(sales, first, end), put(sales, f"EDATE({first},-12)", f"EDATE({end},-12)")
        later = f'{working.dates},">"&{end},{daily("marketplace")},{code}'
        newer = f'IF({end}="","",IF(COUNTIFS({later})=0,"",SUMIFS({units},{later})))'
        return [
            (now, money), (_moved(now, week), look.MOVED), (_moved(now, year), look.MOVED),
            (sold, look.WHOLE), (_moved(sold, sold_week), look.MOVED), (seen, look.WHOLE),
            (ratio(sold, seen), "0.00%"), ('""' if code == _EVERY else day(box), look.SHARE),
            (month, money), (_moved(month, month_year), look.MOVED), (newer, look.WHOLE),
        ]  # fmt: skip


def _moved(now: str, then: str) -> str:
    return f'IF(OR(ISTEXT({now}),ISTEXT({then})),"",{change(now, then)})'
