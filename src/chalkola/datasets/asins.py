"""What lists of ASINs have in common, whichever way they were asked for."""

from collections.abc import Iterable, Sequence

from chalkola.datasets.elements import Columns
from chalkola.datasets.model import Column


def places(columns: Sequence[Column], names: Iterable[str]) -> tuple[int, ...]:
    """Return where the columns of these names are."""
    found = [column.name for column in columns]
    return tuple(map(found.index, names))


def with_child(columns: Sequence[Column], cells: Columns) -> tuple[Columns, int]:
    """Put the parent where the child is absent. Return the cells by column, and in how many rows that was done.

    Such a row, if it comes, can only be about the parent itself, for which Amazon has a line too when asked by child
    (selling-partner-api-docs#2441). A table without children is returned as it is.
    """
    names = [column.name for column in columns]
    if "child_asin" not in names or all(cells[child := names.index("child_asin")]):
        return cells, 0
    filled, parents = list(cells), cells[names.index("parent_asin")]
    filled[child] = [asin or parent for asin, parent in zip(cells[child], parents, strict=True)]
    return filled, sum(not asin for asin in cells[child])


def without_child_note(count: int) -> str:
    """Say in how many rows the parent was taken."""
    return f"rows without childAsin: {count}; the parent is taken as the child"


def listed(asins: Iterable[object], most: int = 5) -> str:
    """Return the first few names, and how many more there are."""
    names = sorted(set(map(str, asins)))
    more = len(names) - most
    return ", ".join(names[:most]) + (f" and {more} more" if more > 0 else "")
