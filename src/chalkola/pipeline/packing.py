"""Days into questions: as few as a source's limits allow. Pure."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property
from itertools import zip_longest
from typing import Generic, TypeVar

from chalkola.datasets.model import AsinFilter, Box, Limits, Source
from chalkola.marketplaces import Place, marketplaces_among

T = TypeVar("T")
P = TypeVar("P", bound=Place)

Days = Mapping[Place, Collection[int]]
"""Days of each place, as ordinals."""

ASINS_PER_FILTER = 30  # Amazon's schema of salesAndTrafficTrends


def _nothing(m: Place, day: int) -> bool:
    return False


@dataclass(frozen=True, kw_only=True)
class Lot:
    """What one source is to be asked of one account."""

    source: Source
    account: str
    limits: Limits
    days: Days
    alone: Days = field(default_factory=dict)
    """Those of `days` that go into a question of their own."""
    fresh: Days = field(default_factory=dict)
    """Those of `days` that go before restatements."""
    may_fill: Callable[[Place, int], bool] = _nothing
    """Whether a day that is not wanted may travel along, between two that are."""
    asins: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    place: int = 1
    """Of the lots of one day, this one's place in the order of asking."""

    @cached_property
    def boxes(self) -> tuple[Box, ...]:
        """What the questions span; every wanted day of a marketplace is in one of them, or, where ASINs are named, in
        several that name each ASIN once."""
        if self.limits.filters:
            return tuple(self._by_filters())
        if self.limits.days == 1:
            return (*self._by_day(), *self._singly())
        return (*self._by_window(), *self._singly())

    def united(self, other: "Lot") -> "Lot":
        """Return what both ask of the same source and account, in one."""
        return replace(
            self,
            days=_joined(self.days, other.days),
            alone=_joined(self.alone, other.alone),
            fresh=_joined(self.fresh, other.fresh),
            place=min(self.place, other.place),
        )

    def rank(self, box: Box) -> int:
        """Return 0 for a question that has fresh days in it, 1 for one that has only restatements."""
        span = range(box.first.toordinal(), box.last.toordinal() + 1)
        return 0 if any(o in self.fresh.get(m, ()) for m in box.places for o in span) else 1

    @property
    def _together(self) -> Days:
        if not self.alone:
            return self.days
        return {m: set(days) - set(self.alone.get(m, ())) for m, days in self.days.items()}

    def _singly(self) -> Iterator[Box]:
        for m, days in self.alone.items():
            for day in days:
                yield self._box((m,), day, day)

    def _by_day(self) -> Iterator[Box]:
        found: dict[int, tuple[Place, ...]] = {}
        for m, days in self._together.items():
            alone: tuple[Place, ...] = (m,)
            for day in days:
                found[day] = (*found[day], m) if day in found else alone
        for ordinal, places in found.items():
            for some in _chunks(places, self.limits.marketplaces):
                yield self._box(some, ordinal, ordinal)

    def _by_window(self) -> Iterator[Box]:
        for window in windows(self._together, self.limits.days, self.limits.marketplaces, self._fills):
            yield self._box(tuple(window.places), window.first, window.last)

    def _by_filters(self) -> Iterator[Box]:
        for window in windows(self.days, self.limits.days, len(self.days), self._fills):
            filters = [
                [AsinFilter(marketplace=m, asins=asins) for asins in _chunks(self.asins[m.scope], ASINS_PER_FILTER)]
                for m in marketplaces_among(window.places)
            ]
            for some in filtered(filters, self.limits):
                marketplaces = tuple(dict.fromkeys(one.marketplace for one in some))
                yield self._box(marketplaces, window.first, window.last, some)

    def _fills(self, m: Place, day: int) -> bool:
        return day not in self.days[m] and self.may_fill(m, day)

    def _box(self, places: tuple[Place, ...], first: int, last: int, filters: tuple[AsinFilter, ...] = ()) -> Box:
        begin, end = date.fromordinal(first), date.fromordinal(last)
        among = marketplaces_among(places)
        return Box(account=self.account, marketplaces=among, first=begin, last=end, filters=filters)


def _joined(these: Days, those: Days) -> Days:
    return {m: {*these.get(m, ()), *those.get(m, ())} for m in {**these, **those}}


@dataclass(kw_only=True)
class Window(Generic[P]):
    """Days `first` to `last` of some places."""

    places: list[P]
    first: int
    last: int


def windows(
    days: Mapping[P, Collection[int]], most_days: int, most_places: int, fills: Callable[[P, int], bool]
) -> list[Window[P]]:
    """Return windows that hold every day once, and besides them only such as `fills` says may travel along."""
    found: list[Window[P]] = []
    for m, wanted in days.items():
        for first, last in _spans(m, sorted(wanted, reverse=True), most_days, fills):
            for window in found:
                begin, end = min(window.first, first), max(window.last, last)
                if (
                    m not in window.places
                    and len(window.places) < most_places
                    and end - begin < most_days
                    and all(fills(m, o) for o in _around(begin, end, first, last))
                    and all(fills(x, o) for o in _around(begin, end, window.first, window.last)
                            for x in window.places)
                ):  # fmt: skip
                    window.places.append(m)
                    window.first, window.last = begin, end
                    break
            else:
                found.append(Window(places=[m], first=first, last=last))
    return found


def _spans(
    m: P, newest_first: Sequence[int], most_days: int, fills: Callable[[P, int], bool]
) -> Iterator[tuple[int, int]]:
    """Yield the first and the last day of each stretch, newest first."""
    if not newest_first:
        return
    first = last = newest_first[0]
    for day in newest_first[1:]:
        if last - day >= most_days or not all(fills(m, o) for o in range(day + 1, first)):
            yield first, last
            last = day
        first = day
    yield first, last


def _around(begin: int, end: int, first: int, last: int) -> Iterator[int]:
    yield from range(begin, first)
    yield from range(last + 1, end + 1)


def filtered(by_marketplace: Sequence[Sequence[AsinFilter]], limits: Limits) -> Iterator[tuple[AsinFilter, ...]]:
    """Yield what each question names: marketplace by marketplace, or, where a question takes each of them only once,
    one filter of each."""
    in_order: list[list[AsinFilter]] = [[one for filters in by_marketplace for one in filters]]
    if not limits.repeats:
        in_order = [[one for one in layer if one is not None] for layer in zip_longest(*by_marketplace)]
    for layer in in_order:
        some: list[AsinFilter] = []
        for one in layer:
            codes = {other.marketplace.code for other in some} | {one.marketplace.code}
            if len(some) == limits.filters or len(codes) > limits.marketplaces:
                yield tuple(some)
                some = []
            some.append(one)
        if some:
            yield tuple(some)


def _chunks(of: tuple[T, ...], size: int) -> Sequence[tuple[T, ...]]:
    if len(of) <= size:
        return (of,)
    return [of[start : start + size] for start in range(0, len(of), size)]
