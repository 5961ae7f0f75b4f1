"""The cells in which a reader chooses, and the columns of figures that a choice of period means.

Two tabs have a period of their own. For each, `_calc` has a table: a line for each tab, a column for each figure, and
in it where that figure stands in that tab.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from chalkola.surfaces.sheets import layout
from chalkola.surfaces.sheets.template import looks as look
from chalkola.surfaces.sheets.template.cells import at, choose, quoted
from chalkola.surfaces.sheets.template.looks import Looks
from chalkola.surfaces.sheets.template.working import Working

BEFORE = ("the period before", "a year earlier")
_EARLY = "Yesterday, preliminary"
_METRICS = ("units", "sales", "sessions", "buy_box")


@dataclass(frozen=True, kw_only=True)
class Lists:
    """The addresses of the words to choose from, and of what they mean."""

    periods: str
    slugs: str
    before: str
    slugs_before: tuple[str, str]
    words_before: tuple[str, str]


def write_lists(working: Working) -> Lists:
    """Write the periods and what they can be compared with into `_calc`."""
    rows = [[p.words, p.slug, *(v.slug for v in p.versus), *(v.words for v in p.versus)] for p in layout.PERIODS]
    rows.append([_EARLY, layout.EARLY, "none", "none", "", ""])
    words, slugs, *rest = working.table(("period", "ends in", "before", "year", "in words", "in words"), rows)
    return Lists(
        periods=words, slugs=slugs, before=working.words("compared with", BEFORE), slugs_before=(rest[0], rest[1]),
        words_before=(rest[2], rest[3]),
    )  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Columns:
    """Where the figures of a chosen period stand: of each of `_METRICS`, now and then, a line for each tab."""

    places: dict[str, str]
    against: str
    """The address of what is compared with, in words."""
    slugs: tuple[str, str]

    def in_tab(self, name: str, number: int) -> str:
        """Return the address of a figure's place in the tab of this number, from 0."""
        first = self.places[name].split(":")[0]
        head, _, row = first.rpartition("$")
        return f"{head}${int(row) + number}"


def write_columns(working: Working, lists: Lists, period: str, before: str) -> Columns:
    """Write the table for the period and comparison that are chosen in two cells."""
    row, against = working.chosen(period, lists.periods), working.chosen(before, lists.before)
    now = working.put("period now", f"=INDEX({lists.slugs},{row})")
    earlier = choose(against, (f"INDEX({column},{row})" for column in lists.slugs_before))
    then = working.put("period then", f"={earlier}")
    words = working.put("in words", f"={choose(against, (f'INDEX({c},{row})' for c in lists.words_before))}")
    names = [f"{metric} {when}" for metric in _METRICS for when in ("now", "then")]
    ends = {"now": now, "then": then}

    def found(tab: str, name: str) -> str:
        metric, when = name.split()
        return "=" + working.column_of(tab, f"{quoted(metric + '_')}&{ends[when]}")

    lines = [[found(tab, name) for name in names] for tab in working.tabs]
    columns = working.table(names, lines)
    return Columns(places=dict(zip(names, columns, strict=True)), against=words, slugs=(now, then))


@dataclass(frozen=True, kw_only=True)
class Field:
    """A cell to choose or type in: its label, where it is, what stands in it first, and from which list it is."""

    label: str
    column: int
    first: str
    width: int = 1
    source: str = ""


def write_fields(sheet: Any, looks: Looks, row: int, fields: Sequence[Field]) -> None:
    """Write labels in a row and the cells to choose in below them."""
    sheet.set_row(row + 1, 22)
    for field in fields:
        label = looks(font_size=8, font_color=look.MUTED)
        sheet.write_string(row, field.column, field.label, label)
        box = looks(bg_color=look.INPUT, border=1, border_color=look.LINE, bold=True, indent=1)
        last = field.column + field.width - 1
        if field.width > 1:
            sheet.merge_range(row + 1, field.column, row + 1, last, "", box)
        if field.first:
            sheet.write_string(row + 1, field.column, field.first, box)
        else:
            sheet.write_blank(row + 1, field.column, None, box)
        if field.source:
            place = (row + 1, field.column, row + 1, last)
            sheet.data_validation(*place, {"validate": "list", "source": f"={field.source}"})


def field_cell(tab: str, row: int, column: int) -> str:
    """Return the address of a cell to choose in, below its label in this row."""
    return at(row + 1, column, tab)
