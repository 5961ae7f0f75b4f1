"""The hidden tab `_list`: for each product of the chosen marketplace, whether it is shown and where it stands.

A row here is the same row in the marketplace's tab. No two products have the same score, so that each place has one.
"""

from dataclasses import dataclass
from typing import Any

from chalkola.surfaces.sheets import layout
from chalkola.surfaces.sheets.template.cells import area, at, choose, quoted
from chalkola.surfaces.sheets.template.choices import Columns
from chalkola.surfaces.sheets.template.working import Working

TAB = "_list"
SHOWN = ("products", "families", "both")
_LEVELS = ("child", "parent", "")
ORDERS = ("most first", "least first")


@dataclass(frozen=True, kw_only=True)
class Sort:
    """What products can be sorted by: one figure, or two that are subtracted or divided."""

    words: str
    first: str = ""
    second: str = ""
    how: str = "alone"
    scale: int = 1
    """What makes figures that differ differ by more than one."""


SORTS = (
    Sort(words="Sales", first="sales now", scale=100),
    Sort(words="Units", first="units now"),
    Sort(words="Sessions", first="sessions now"),
    Sort(words="Conversion", first="units now", second="sessions now", how="divided", scale=1_000_000),
    Sort(words="Buy box", first="buy_box now", scale=1_000_000),
    Sort(words="Change in sales", first="sales now", second="sales then", how="less", scale=100),
    Sort(words="Change in units", first="units now", second="units then", how="less"),
    Sort(words="Change in sessions", first="sessions now", second="sessions then", how="less"),
    Sort(words="ASIN", how="by key"),
)
_HOW = ("alone", "less", "divided", "by key")
_STEP = "0.0003"  # what parts equals; at 10^11, the most that a score may be, numbers are 0.00002 apart
_NONE = "900000000000"


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """The addresses of the cells that say what is shown and how."""

    marketplace: str
    search: str
    sort: str
    order: str
    shown: str


class Listing:
    """Writes `_list`; `scores` and `count` are what the product table reads."""

    def __init__(self, sheet: Any, working: Working, columns: Columns, chosen: Chosen, lists: dict[str, str]) -> None:
        self._sheet, self._working, self._columns, self._chosen = sheet, working, columns, chosen
        self.pick = working.chosen(chosen.marketplace, working.code_list)
        self._sort = working.chosen(chosen.sort, lists["sort"])
        level = working.chosen(chosen.shown, lists["shown"])
        self._level = working.put("level", f"={choose(level, map(quoted, _LEVELS))}")
        self._sign = working.put("order", f"=IF({chosen.order}={quoted(ORDERS[0])},1,-1)")
        self._how = working.put("how", f"={choose(self._sort, (str(_HOW.index(s.how) + 1) for s in SORTS))}")
        self._scale = working.put("scale", f"={choose(self._sort, (str(s.scale) for s in SORTS))}")
        self._places = [self._place(which) for which in ("first", "second")]
        self._search = working.put("search", f'=TRIM({chosen.search}&"")')
        last = working.reach.items - 1
        self.scores = area((1, 4), (last, 4), TAB)
        self.count = working.put("found", f"=COUNT({self.scores})")

    def _place(self, which: str) -> str:
        options = (
            f"INDEX({self._columns.places[name]},{self.pick})" if (name := getattr(sort, which)) else "0"
            for sort in SORTS
        )
        return self._working.put(f"{which} figure's column", f"={choose(self._sort, options)}")

    def write(self) -> None:
        """Write a line for each row of the marketplaces' tabs."""
        self._sheet.write_row(0, 0, ["key", "shown", "first", "second", "score"])
        for row in range(1, self._working.reach.items):
            for place, formula in enumerate(self._line(row)):
                self._sheet.write_formula(row, place, f"={formula}", None, "")

    def _line(self, row: int) -> tuple[str, ...]:
        key, shown, first, second = (at(row, place) for place in range(4))
        cells = {
            name: [at(row, layout.FACTS.index(name), tab) for tab in self._working.tabs] for name in layout.FACTS
        }
        level = choose(self.pick, cells["level"])
        parts = zip(*(cells[name] for name in ("key", "skus", "parent_asin", "title")), strict=True)
        words = choose(self.pick, ('&"|"&'.join(part) for part in parts))
        found = f'IF({self._search}="",1,IF(ISNUMBER(SEARCH({self._search},{words})),1,0))'
        figures = [self._figure(row, shown, place) for place in self._places]
        return (
            f'{choose(self.pick, cells["key"])}&""',
            f'IF({key}="",0,IF(OR({self._level}="",{level}={self._level}),{found},0))',
            *figures,
            f'IF({shown}<>1,"",{self._score(first, second)}-{row}*{_STEP})',
        )

    def _figure(self, row: int, shown: str, place: str) -> str:
        """As a text, so that an absent figure stays absent on its way through a cell."""
        options = (f"INDEX({self._working.reach.row(tab, row)},1,{place})" for tab in self._working.tabs)
        return f'IF({shown}<>1,"",IF({place}=0,"",{choose(self.pick, options)}&""))'

    def _score(self, first: str, second: str) -> str:
        lacking = f'OR({first}="",AND({self._how}<>1,{second}=""))'
        divided = f"IF(VALUE({second})=0,-{_NONE},{self._sign}*ROUND(VALUE({first})/VALUE({second})*{self._scale},0))"
        less = f"{self._sign}*ROUND((VALUE({first})-VALUE({second}))*{self._scale},0)"
        alone = f"{self._sign}*ROUND(VALUE({first})*{self._scale},0)"
        known = f"IF({self._how}=1,{alone},IF({self._how}=2,{less},{divided}))"
        return f"IF({self._how}=4,0,IF({lacking},-{_NONE},{known}))"
