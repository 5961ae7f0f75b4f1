"""Which source gets which days: new ones first, then what may be restated, then the totals of both. Pure."""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import partial

from chalkola.datasets.model import Box, Dataset, Slice, Source
from chalkola.marketplaces import Place
from chalkola.pipeline.due import Calendar, Due
from chalkola.pipeline.holding_back import hold_back, is_scarce
from chalkola.pipeline.packing import Days, Lot
from chalkola.pipeline.parts import TOTALS_FIRST, Part
from chalkola.pipeline.ways import Scales, What

Sets = dict[Place, set[int]]


@dataclass(kw_only=True)
class Choices:
    """The choices of one plan, part by part, each after those before it."""

    calendar: Calendar
    scales: Scales
    now: datetime
    unreachable: list[Slice] = field(default_factory=list)
    waiting: list[Slice] = field(default_factory=list)
    """Due, but what would bring them brings something else too for which a pull is open."""
    held_back: int = 0

    def lots(self, parts: Sequence[Part]) -> list[Lot]:
        """Return what every source is to be asked."""
        fresh = [lot for part in parts for lot in self._fresh(part)]
        rereads = [(part, lot) for part in parts for lot in self._rereads(part)]
        early = [lot for part in parts for lot in self._early(part)]
        rows = [*fresh, *self._kept(fresh, rereads), *early]
        with_totals: dict[tuple[str, str], list[Part]] = {}
        for part in parts:
            if part.totals:
                with_totals.setdefault((part.totals.name, part.account), []).append(part)
        return [*rows, *(lot for some in with_totals.values() for lot in self._totals(some, rows))]

    def _fresh(self, part: Part) -> list[Lot]:
        return self._chosen(part, self._wanted(part, _fresh_days), "fresh", part.sources(complete=True))

    def _rereads(self, part: Part) -> list[Lot]:
        """Return one lot in a complete way, for days and marketplaces where no other will do, and one in any way."""
        wanted = _without(self._wanted(part, _reread_days), self._wanted(part, _fresh_days))
        by_any = part.sources(complete=False)
        complete = part.sources(complete=True)
        if by_any == complete:
            return self._chosen(part, wanted, "rereads", complete)
        strict = {m: self._strict(part, m, days) for m, days in wanted.items()}
        return [
            *self._chosen(part, strict, "complete rereads", complete),
            *self._chosen(part, _without(wanted, strict), "rereads", by_any),
        ]

    def _early(self, part: Part) -> list[Lot]:
        """Return the lot of the days that have not settled. Where asking takes scarce turns they wait: they will have
        to be asked once more."""
        wanted, means = self._wanted(part, _early_days), self.scales.means
        lots = [self._lot(part, source, wanted) for source in part.sources(complete=True)] if wanted else []
        cheap = [lot for lot in lots if not is_scarce(means, lot)]
        return self._not_under_way(self.scales.choose(part.dataset, cheap, {}, "early")) if cheap else []

    def _strict(self, part: Part, m: Place, days: set[int]) -> set[int]:
        if not part.means.asins.get(m.scope):
            return days
        return days & self.calendar.due(part.dataset.name, m).manners.keys()

    def _chosen(self, part: Part, wanted: Sets, what: What, sources: Sequence[Source]) -> list[Lot]:
        wanted = {m: days for m, days in wanted.items() if days}
        if not wanted or not sources:
            self.unreachable += _slices(part.dataset.name, wanted)
            return []
        lots = [self._lot(part, source, wanted) for source in sources]
        lots = [replace(lot, fresh=lot.days if what == "fresh" else self._fresh_in(lot)) for lot in lots]
        lot = self.scales.choose(part.dataset, lots, part.why_not(sources), what)
        return self._not_under_way(lot)

    def _lot(self, part: Part, source: Source, wanted: Sets) -> Lot:
        lot = Lot(
            source=source, account=part.account, limits=part.means.limits_of(source, part.account),
            days=wanted, alone=self._alone(part.dataset, wanted), place=part.place,
        )  # fmt: skip
        if source.is_complete:
            return lot if source.cadence is None else replace(lot, may_fill=partial(_is_no_period, source))
        return replace(
            lot, alone={}, asins=part.means.asins, may_fill=lambda m, day: self._may_reread(part.dataset, m, day)
        )

    def _fresh_in(self, lot: Lot) -> Sets:
        """Return the days on which something else that the source fills is fresh."""
        return {m: {o for name in lot.source.fills for o in self.calendar.due(name, m).fresh} for m in lot.days}

    def _alone(self, dataset: Dataset, wanted: Sets) -> Sets:
        found = {}
        for m, days in wanted.items():
            manners = self.calendar.due(dataset.name, m).manners
            if alone := {day for day, manner in manners.items() if manner == "alone" and day in days}:
                found[m] = alone
        return found

    def _may_reread(self, dataset: Dataset, m: Place, day: int) -> bool:
        due, known = self.calendar.due(dataset.name, m), self.calendar.known(dataset.name, m)
        if day not in known.closed or day in known.under_way:
            return False
        return day not in due.manners and day not in due.fresh and day not in due.rereads

    def _not_under_way(self, lot: Lot) -> list[Lot]:
        """Leave out days for which something else that the source fills is under way: it would be asked twice."""
        if len(lot.source.fills) == 1:
            return [lot]
        busy: Sets = {}
        for name in lot.source.fills:
            for m, days in lot.days.items():
                busy.setdefault(m, set()).update(self.calendar.known(name, m).under_way.intersection(days))
        if not any(busy.values()):
            return [lot]
        for name in lot.source.fills:
            dues = {m: self.calendar.due(name, m) for m in busy}
            self.waiting += _slices(name, {m: busy[m] & {*due.fresh, *due.rereads} for m, due in dues.items()})
        left = _without(lot.days, busy)
        return [replace(lot, days=left, alone=_without(lot.alone, busy))] if left else []

    def _kept(self, fresh: Sequence[Lot], rereads: Sequence[tuple[Part, Lot]]) -> list[Lot]:
        """Return the rereads that the quotas leave turns for, and count the others."""
        lots = [lot for _, lot in rereads]
        kept = hold_back(self.scales.means, fresh, lots, self._urgency, self.now)
        for (part, before), after in zip(rereads, kept, strict=True):
            if after is not before:
                self.held_back += self._reread_slices(part, _without(before.days, after.days))
        return [lot for lot in kept if lot.days]

    def _reread_slices(self, part: Part, days: Sets) -> int:
        """Return how many slices it is that would have been read again on these days."""
        datasets = [part.dataset, *([part.totals] if part.totals and part.totals_come_along else [])]
        return sum(len(of & self.calendar.due(d.name, m).rereads.keys()) for d in datasets for m, of in days.items())

    def _urgency(self, lot: Lot, box: Box) -> float:
        return max(
            self.calendar.due(name, m).rereads.get(day.toordinal(), 0)
            for name in lot.source.fills for m in box.places for day in box.days
        )  # fmt: skip

    def _totals(self, parts: Sequence[Part], rows: Iterable[Lot]) -> list[Lot]:
        """Return the lot of an account's totals: those that are due, and those of all rows that are asked."""
        part, totals = parts[0], parts[0].totals
        if totals is None or any(one.totals_come_along for one in parts):
            return []
        asked, covered = _asked(parts, totals, rows)
        wanted, fresh = {}, {}
        for m in part.places:
            due = self.calendar.due(totals.name, m)
            days = {*due.fresh, *due.rereads, *(asked.get(m, ()) if part.beside else ())} - covered.get(m, set())
            wanted[m] = days - self.calendar.known(totals.name, m).under_way
            fresh[m] = due.fresh.union(*(self.calendar.due(one.dataset.name, m).fresh for one in parts))
        wanted = {m: days for m, days in wanted.items() if days}
        if not wanted or not part.beside:
            self.unreachable += _slices(totals.name, wanted)
            return []

        def may_fill(m: Place, day: int) -> bool:
            known = self.calendar.known(totals.name, m)
            return day in known.closed and day not in known.under_way and day not in covered.get(m, ())

        own = replace(part, dataset=totals, totals=None, place=TOTALS_FIRST)
        lots = [replace(self._lot(own, source, wanted), fresh=fresh, may_fill=may_fill) for source in part.beside]
        return [self.scales.choose(totals, lots, part.why_not_for_totals(), "totals")]

    def _wanted(self, part: Part, kind: Callable[[Due], Collection[int]]) -> Sets:
        """Return the days of a part, with those of its totals where these only come with the rows."""
        found = {m: set(kind(self.calendar.due(part.dataset.name, m))) for m in part.places}
        if part.totals and part.totals_come_along:
            for m, days in found.items():
                days.update(kind(self.calendar.due(part.totals.name, m)))
        return {m: days for m, days in found.items() if days}


def _is_no_period(source: Source, m: Place, day: int) -> bool:
    """Return whether an answer of the source has nothing of a day: so it may lie within a question at no cost."""
    return source.cadence is not None and not source.cadence.begins(date.fromordinal(day))


def _fresh_days(due: Due) -> Collection[int]:
    return due.fresh


def _early_days(due: Due) -> Collection[int]:
    return due.early


def _reread_days(due: Due) -> Collection[int]:
    return due.rereads


def _asked(parts: Sequence[Part], totals: Dataset, rows: Iterable[Lot]) -> tuple[Sets, Sets]:
    """Return the days of rows that these lots ask for, and those of them that bring their totals."""
    asked: Sets = {}
    covered: Sets = {}
    names = {part.dataset.name for part in parts}
    for lot in rows:
        fills = lot.source.fills
        for box in lot.boxes if lot.account == parts[0].account else ():
            span = range(box.first.toordinal(), box.last.toordinal() + 1)
            for m in box.places:
                if not names.isdisjoint(fills):
                    asked.setdefault(m, set()).update(span)
                if totals.name in fills:
                    covered.setdefault(m, set()).update(span)
    return asked, covered


def _without(days: Days, those: Days) -> Sets:
    found = {m: set(of) - set(those.get(m, ())) for m, of in days.items()}
    return {m: of for m, of in found.items() if of}


def _slices(dataset: str, days: Days) -> list[Slice]:
    return [
        Slice(dataset=dataset, scope=m.scope, day=date.fromordinal(o))
        for m, of in days.items()
        for o in sorted(of, reverse=True)
    ]
