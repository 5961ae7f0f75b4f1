"""Families: parents with their children, as lines of a table. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass

from chalkola.store.board.by_product import ByProduct, ChildSums, Pair
from chalkola.store.board.windows import Sums, added

OF_CHILDREN = ("units", "sales", "order_items")
"""What of a parent is the sum of its children's; the rest is Amazon's own figure, since a visit may see several."""


@dataclass(frozen=True, kw_only=True)
class Line:
    """A product, or a family. `child_asins`: itself, of a product; else its children."""

    asin: str
    children: int
    child_asins: tuple[str, ...]
    sums: Pair


def families(of: ByProduct) -> tuple[Line, ...]:
    """Return a line for each parent with children, and for each product without."""
    by_parent: dict[str, list[ChildSums]] = {}
    for child in of.children:
        by_parent.setdefault(child.parent or child.asin, []).append(child)
    return tuple(_family(asin, children, of) for asin, children in by_parent.items())


def children_lines(of: ByProduct, parent: str) -> tuple[Line, ...]:
    """Return a line for each child of a parent; none where it is not known, or has none but itself."""
    return tuple(
        Line(asin=child.asin, children=0, child_asins=(child.asin,), sums=child.sums)
        for child in of.children if child.parent == parent and child.asin != parent
    )  # fmt: skip


def every_child(of: ByProduct) -> tuple[Line, ...]:
    """Return a line for each child, whatever parents it had."""
    by_asin: dict[str, list[ChildSums]] = {}
    for child in of.children:
        by_asin.setdefault(child.asin, []).append(child)
    return tuple(
        Line(asin=asin, children=0, child_asins=(asin,), sums=_together(lines)) for asin, lines in by_asin.items()
    )


def _family(asin: str, children: list[ChildSums], of: ByProduct) -> Line:
    asins = tuple(sorted({child.asin for child in children}))
    together, others = _together(children), [one for one in asins if one != asin]
    if not others:
        return Line(asin=asin, children=0, child_asins=asins, sums=together)
    seen = of.seen.get(asin, of.unseen)
    sums = Pair(now=_of_parent(together.now, seen.now), then=_of_parent(together.then, seen.then))
    return Line(asin=asin, children=len(others), child_asins=asins, sums=sums)


def _of_parent(of_children: Sums, seen: Sums) -> Sums:
    return {**seen, **{name: of_children[name] for name in OF_CHILDREN}}


def _together(lines: Iterable[ChildSums]) -> Pair:
    every = list(lines)
    if len(every) == 1:
        return every[0].sums
    return Pair(now=added(one.sums.now for one in every), then=added(one.sums.then for one in every))
