"""What the simulated seller sells: parents, children and how much each is wanted. Made once from a seed."""

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property

from amazon_simulator.marketplaces import Marketplace

_FIRST_LAUNCH = date(2021, 1, 4).toordinal()
_LAUNCH_DAYS = 2200  # the last children come out early in 2027
_NEVER = date.max.toordinal()
_FIRST_CHANGE = date(2024, 12, 1).toordinal()  # of a move or a retirement
_CHANGE_DAYS = 720  # the last one is on 20 November 2026
_SHORT_LIFE = (20, 90)  # days on the shelf of a child that came out after it was to be retired
_LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_ASIN_SPACE = 36**8


@dataclass(frozen=True, kw_only=True, slots=True)
class Child:
    """A child ASIN. Where `asin` equals `parent_asin` it stands alone, or is a parent's own page (not buyable).

    `parent_asin` is its parent since the day `moved`; before that it was `earlier_parent`.
    """

    index: int
    asin: str
    parent_asin: str
    sku: str
    buyable: bool
    sessions: float  # a day in the United States, out of season
    conversion: float
    usd_price: float
    app_share: float
    business_share: float
    launched: int  # ordinal day
    stock_cycle: int  # days; every cycle begins with a stock-out
    stock_gap: int  # days without stock
    rank: float  # 0-1: listed where a marketplace's assortment is larger
    retired: int = _NEVER  # ordinal day on which it is listed no more
    moved: int = 0  # ordinal day
    earlier_parent: str = ""

    def parent_on(self, day: int) -> str:
        """Return its parent on an ordinal day."""
        return self.parent_asin if day >= self.moved else self.earlier_parent


@dataclass(frozen=True, kw_only=True, slots=True)
class Listing:
    """A child in one marketplace."""

    child: Child
    sessions: float
    price: int  # in the currency's smallest unit


@dataclass(frozen=True, kw_only=True)
class Catalog:
    """All children under a seed; `full_shelves` lists every child everywhere, launched and with traffic daily.

    `moved` and `retired` are the parts of the children that change their parent, or go, in the two years.
    """

    seed: int
    parents: int
    size: int
    full_shelves: bool = False
    moved: float = 0.0
    retired: float = 0.0

    @cached_property
    def children(self) -> tuple[Child, ...]:
        """Return the children, those of one parent side by side."""
        rng = random.Random(f"catalog/{self.seed}")
        offset = rng.randrange(_ASIN_SPACE)
        parents = _parent_of_each(rng, self.parents, self.size)
        seen: set[int] = set()
        children = []
        for index, parent in enumerate(parents):
            lead = parent not in seen
            seen.add(parent)
            alone = lead and (index + 1 == len(parents) or parents[index + 1] != parent)
            own_page = lead and not alone and rng.random() < 0.1
            children.append(self._child(rng, index, parent, offset, own_page=own_page, alone=alone))
        return tuple(self._retired(self._moved(children)))

    def _child(
        self, rng: random.Random, index: int, parent: int, offset: int, *, own_page: bool, alone: bool
    ) -> Child:
        parent_asin = _asin(parent, offset)
        return Child(
            index=index,
            asin=parent_asin if own_page or alone else _asin(self.parents + index, offset),
            parent_asin=parent_asin,
            sku=f"CK-{parent:04d}-{index:06d}",
            buyable=not own_page,
            sessions=1.0 if own_page else min(3.0 * rng.paretovariate(1.1), 600.0),
            conversion=rng.betavariate(2, 22),
            usd_price=rng.choice((9.99, 12.99, 14.99, 19.99, 24.99, 29.99, 39.99, 59.99, 89.99)),
            app_share=rng.uniform(0.35, 0.75),
            business_share=rng.choice((0.0, 0.02, 0.05, 0.1, 0.2)),
            launched=0 if self.full_shelves else _launch(rng),
            stock_cycle=rng.randrange(90, 400),
            stock_gap=0 if self.full_shelves else rng.choice((0, 0, 0, 4, 9, 15)),
            rank=rng.random(),
        )

    def _moved(self, children: Sequence[Child]) -> Sequence[Child]:
        """Let a part of the children have belonged to another family before some day; a parent's own page stays."""
        rng = random.Random(f"moves/{self.seed}")
        sizes = Counter(child.parent_asin for child in children)
        families = [parent for parent, size in sizes.items() if size > 1]
        moved = []
        for child in children:
            chance, day, which = rng.random(), _change(rng), rng.random()
            if chance < self.moved and child.buyable:
                others = [parent for parent in families if parent != child.parent_asin]
                if others:
                    child = replace(child, moved=day, earlier_parent=others[int(which * len(others))])
            moved.append(child)
        return moved

    def _retired(self, children: Sequence[Child]) -> Sequence[Child]:
        """Take a part of the children off the shelves on some day; the last to come out live for weeks only."""
        rng = random.Random(f"retirements/{self.seed}")
        retired = []
        for child in children:
            chance, day, life = rng.random(), _change(rng), rng.randint(*_SHORT_LIFE)
            ends = day if day > child.launched else child.launched + life
            goes = chance < self.retired and not self.full_shelves
            retired.append(replace(child, retired=ends) if goes else child)
        return retired

    def listings(self, marketplace: Marketplace) -> tuple[Listing, ...]:
        """Return what is listed in a marketplace, in catalog order."""
        full = self.full_shelves
        return tuple(
            Listing(
                child=child,
                sessions=max(child.sessions * marketplace.size, 1.0 if full else 0.0),
                price=_price(child.usd_price, marketplace),
            )
            for child in self.children
            if full or child.rank < marketplace.assortment
        )


def _parent_of_each(rng: random.Random, parents: int, size: int) -> list[int]:
    """Give every parent one child, leave every seventh with it, and deal the others out unevenly."""
    families = [parent for parent in range(parents) if parent % 7] or [0]
    extra = rng.choices(families, weights=[rng.uniform(1, 9) for _ in families], k=size - parents)
    return sorted([*range(parents), *extra])


def _launch(rng: random.Random) -> int:
    # Squaring lets most of the catalog come early, so that two years back it is already a shop.
    return _FIRST_LAUNCH + int(_LAUNCH_DAYS * rng.random() ** 2)


def _change(rng: random.Random) -> int:
    return _FIRST_CHANGE + int(_CHANGE_DAYS * rng.random())


def _asin(number: int, offset: int) -> str:
    # A step coprime to 36**8 visits every value once: no two numbers share an ASIN.
    value = (number * 1_442_695_040_887 + offset) % _ASIN_SPACE
    text = ""
    for _ in range(8):
        value, digit = divmod(value, 36)
        text += _LETTERS[digit]
    return "B0" + text


def _price(usd: float, marketplace: Marketplace) -> int:
    local = usd * marketplace.usd_rate
    return round(local / 10) * 10 if marketplace.decimals == 0 else round(local) * 100 - 1
