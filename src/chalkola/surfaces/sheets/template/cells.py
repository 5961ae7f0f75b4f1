"""Addresses, and the formulas that several tabs use."""

from collections.abc import Iterable
from dataclasses import dataclass

from chalkola.surfaces.sheets import layout

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def letters(column: int) -> str:
    """Return a column's letters; 0 is A."""
    text = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        text = chr(ord("A") + rest) + text
    return text


def at(row: int, column: int, tab: str = "") -> str:
    """Return the address of a cell that does not move when its formula is copied; both count from 0."""
    return f"{_of(tab)}${letters(column)}${row + 1}"


def area(first: tuple[int, int], last: tuple[int, int], tab: str = "") -> str:
    """Return the address of a block that does not move."""
    return f"{_of(tab)}{at(*first)}:{at(*last)}"


def _of(tab: str) -> str:
    return f"{tab}!" if tab else ""


@dataclass(frozen=True, kw_only=True)
class Reach:
    """How far formulas look into the snapshot tabs, the columns' names included, and how many products are shown."""

    items: int = layout.ITEM_ROWS
    days: int = layout.DAILY_ROWS
    shown: int = 500

    def row(self, tab: str, row: int) -> str:
        """Return one whole row of an item tab; it moves down with its formula."""
        return f"{tab}!$A{row + 1}:${letters(layout.COLUMNS - 1)}{row + 1}"

    def block(self, tab: str) -> str:
        """Return all rows of an item tab."""
        return area((1, 0), (self.items - 1, layout.COLUMNS - 1), tab)

    def column(self, tab: str, name: str) -> str:
        """Return the column of one of a product's facts; these stand first, in a fixed order."""
        place = layout.FACTS.index(name)
        return area((1, place), (self.items - 1, place), tab)

    def daily(self, name: str) -> str:
        """Return a column of `_daily`."""
        place = layout.DAILY_COLUMNS.index(name)
        return area((1, place), (self.days - 1, place), "_daily")


def names_row(tab: str) -> str:
    """Return the columns' names of a tab."""
    return area((0, 0), (0, layout.COLUMNS - 1), tab)


def meta(name: str) -> str:
    """Return what reads one of the facts of `_meta`."""
    last = len(layout.META) - 1
    return f'INDEX({area((0, 1), (last, 1), "_meta")},MATCH("{name}",{area((0, 0), (last, 0), "_meta")},0))'


def meta_of(code: str, name: str) -> str:
    """Return what reads a line of the table in `_meta`; `code` is the address of a marketplace's code."""
    first, last = layout.META_TABLE_ROW, layout.META_ROWS - 1
    place, codes = layout.META_TABLE.index(name), layout.META_TABLE.index("marketplace")
    return (
        f"INDEX({area((first, place), (last, place), '_meta')},"
        f"MATCH({code},{area((first, codes), (last, codes), '_meta')},0))"
    )


def quoted(text: str) -> str:
    """Return a text as formulas write it."""
    return '"' + text.replace('"', '""') + '"'


def choose(number: str, options: Iterable[str]) -> str:
    """Return one of several, by the number in a cell."""
    return f"CHOOSE({number},{','.join(options)})"


def day_words(day: str) -> str:
    """Return a day in words, the same in every language of the spreadsheet: Tue 24 Nov 2026."""
    weekday = choose(f"WEEKDAY({day},2)", map(quoted, _DAYS))
    return f'{weekday}&" "&{short_day(day)}&" "&YEAR({day})'


def short_day(day: str) -> str:
    """Return a day without its weekday and year: 24 Nov."""
    return f'DAY({day})&" "&{choose(f"MONTH({day})", map(quoted, _MONTHS))}'


def ratio(above: str, below: str) -> str:
    """Return a quotient, nothing where it has no meaning."""
    return f'IF(OR({above}="",{below}=""),"",IF({below}=0,"",{above}/{below}))'


def change(now: str, then: str) -> str:
    """Return by which share of `then` a figure has changed; nothing where one of them is absent or `then` is zero."""
    return f'IF(OR({now}="",{then}=""),"",IF({then}=0,"",{now}/{then}-1))'


def difference(now: str, then: str) -> str:
    """Return by how many percentage points a share has changed."""
    return f'IF(OR({now}="",{then}=""),"",({now}-{then})*100)'
