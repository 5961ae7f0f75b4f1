"""Slices and boxes: the least we can know or lack, and what one question spans."""

from collections.abc import Iterable
from datetime import date
from enum import StrEnum

import msgspec

from chalkola.marketplaces import WORLD, Marketplace, Place, by_scope


class SliceState(StrEnum):
    """One enum everywhere: Python, SQL, docs and on screen."""

    DUE = "due"
    ASKED = "asked"
    PRELIMINARY = "preliminary"
    LOADED = "loaded"
    PROVEN = "proven"
    DIFFERS = "differs"
    EMPTY = "empty"
    FAILED = "failed"
    CLOSED = "closed"

    @property
    def is_closed(self) -> bool:
        """Whether nothing more is to be asked for this slice but restatements: surfaces may show it as final."""
        return self in (SliceState.PROVEN, SliceState.DIFFERS, SliceState.EMPTY)


class Slice(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The least we can know or lack. A struct, as are boxes and pulls: two years are tens of thousands of each, which
    frozen dataclasses would take seconds to make."""

    dataset: str
    scope: str
    day: date


class AsinFilter(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Some child ASINs of one marketplace, asked for together."""

    marketplace: Marketplace
    asins: tuple[str, ...]


class Box(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What one question spans: days `first` to `last`, both included; all ASINs, unless `filters` names them.

    One without marketplaces is about the world.
    """

    account: str
    marketplaces: tuple[Marketplace, ...]
    first: date
    last: date
    filters: tuple[AsinFilter, ...] = ()
    whole: bool = False
    """Whether its days are one period: an answer has one row for all of them, not one a day."""

    @staticmethod
    def of_scopes(
        account: str,
        scopes: Iterable[str],
        first: date,
        last: date,
        filters: Iterable[tuple[str, Iterable[str]]] = (),
        *,
        whole: bool = False,
    ) -> "Box":
        """Return the box that the ledger has written down; each of `filters` is a scope and its ASINs."""
        marketplaces = {scope: m for scope in scopes if (m := by_scope(scope)) is not None}
        return Box(
            account=account,
            marketplaces=tuple(marketplaces.values()),
            first=first,
            last=last,
            filters=tuple(AsinFilter(marketplace=marketplaces[scope], asins=tuple(a)) for scope, a in filters),
            whole=whole,
        )

    @property
    def places(self) -> tuple[Place, ...]:
        """Return what it is about: its marketplaces, or the world."""
        return self.marketplaces or (WORLD,)

    @property
    def is_complete(self) -> bool:
        """Whether an answer holds every ASIN that Amazon has data for."""
        return not self.filters

    @property
    def days(self) -> tuple[date, ...]:
        return tuple(date.fromordinal(o) for o in range(self.first.toordinal(), self.last.toordinal() + 1))

    @property
    def periods(self) -> tuple[tuple[date, date], ...]:
        """Return the first and last day of what each row is about: days, or the whole box."""
        return ((self.first, self.last),) if self.whole else tuple((day, day) for day in self.days)

    def slices(self, dataset: str) -> tuple[Slice, ...]:
        """Return the slices of a dataset in the box: by place, then by period, each by its first day."""
        days = (self.first,) if self.whole else self.days
        return tuple(Slice(dataset=dataset, scope=place.scope, day=day) for place in self.places for day in days)
