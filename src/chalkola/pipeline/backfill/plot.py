"""A dataset of an account: what is lacking of it, its totals, and its days asked for whole. Pure."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property

from chalkola.datasets.model import Box, Dataset, Pull, Source
from chalkola.marketplaces import Marketplace
from chalkola.pipeline.backfill.lacking import (
    Aim,
    Lacks,
    known_of,
    lacks,
    lacks_totals,
    said_nothing,
    span,
    without,
)  # fmt: skip
from chalkola.pipeline.backfill.steps import HISTORY, Knowledge, Steps
from chalkola.pipeline.packing import Lot, Window, windows
from chalkola.pipeline.parts import Part
from chalkola.store.history import RefusedPart
from chalkola.store.lines import Known

GIVEN_UP_AFTER = 3
"""Answers in a row that could not be used, after which the days of a question by name are asked for whole."""


@dataclass(frozen=True, kw_only=True)
class Plot:
    """What is to be closed of a dataset in an account, and what is known of it."""

    aim: Aim
    part: Part
    known: Knowledge
    now: datetime

    @cached_property
    def days(self) -> range:
        return span(self.aim, self.part.dataset, self.part.means, self.part.account, self.now)

    @cached_property
    def named(self) -> Source | None:
        """The open source that asks by ASIN."""
        return next((s for s in self.part.sources(complete=False) if not s.is_complete), None)

    @cached_property
    def complete(self) -> Source | None:
        """The open source that brings whole days."""
        return next(iter(self.part.sources(complete=True)), None)

    @cached_property
    def lacks(self) -> dict[Marketplace, Lacks]:
        """What is lacking, but for what a refused question will bring when it is asked anew."""
        found = {m: lacks(self.days, self.of(self.part.dataset, m), self.now) for m in self.part.marketplaces}
        for one in self.refused:
            days = range(one.box.first.toordinal(), one.box.last.toordinal() + 1)
            for m in one.box.marketplaces:
                if m in found:
                    found[m] = without(found[m], days)
        return found

    @cached_property
    def refused(self) -> list[RefusedPart]:
        """The questions by name that were refused and are to be asked anew, now or later."""
        return [
            one for one in self.known.refused
            if self.named is not None and (one.source, one.box.account) == (self.named.name, self.part.account)
            and one.attempts < GIVEN_UP_AFTER and one.box.last.toordinal() in self.days
        ]  # fmt: skip

    def of(self, dataset: Dataset | None, m: Marketplace) -> Known:
        """Return what the ledger knows of a dataset in a marketplace."""
        return known_of(self.known.coverage, dataset.name if dataset else "", m)

    def lacking(self, dataset: Dataset) -> Counter[tuple[str, Marketplace]]:
        """Return how many days have no rows yet, by dataset and marketplace."""
        found: Counter[tuple[str, Marketplace]] = Counter()
        for m in self.part.marketplaces:
            known = self.of(dataset, m)
            there = {day.toordinal() for day, line in known.others.items() if line.row_count}
            found[dataset.name, m] = sum(o not in known.closed and o not in there for o in self.days)
        return found

    def totals(self) -> Iterator[Pull]:
        """Yield the questions for totals that are lacking, or older than rows that do not add up to them."""
        dataset = self.part.totals or self.part.dataset
        source = next(iter(self.part.beside if self.part.totals else self.part.sources(complete=True)), None)
        if dataset.totals_in is not None or source is None or self.part.totals_come_along:
            return
        if self.part.dataset.extra and len(self.aim.datasets) > 1:
            return  # the rows that are no extra ask for them
        lacking = {
            m: lacks_totals(self.days, self.of(dataset, m), self.of(self.part.dataset, m), self.now)
            for m in self.part.marketplaces
        }
        limits = self.part.means.limits_of(source, self.part.account)

        def fills(m: Marketplace, day: int) -> bool:
            return day in self.days and day not in self.of(dataset, m).under_way

        together = {m: x.rows for m, x in lacking.items() if x.rows}
        yield from self._of_windows(source, windows(together, limits.days, limits.marketplaces, fills))
        for m, x in lacking.items():
            yield from self._of_windows(source, windows({m: x.alone}, limits.days, 1, fills))

    def silent(self) -> dict[Marketplace, set[int]]:
        """Return the days for which Amazon shows no total, in months for which it lists no ASIN."""
        found = {}
        for m, lacking in self.lacks.items():
            totals, listed = self.of(self.part.totals, m), self.known.seen.days(m)
            quiet = (o for o in lacking.rows if o in listed and said_nothing(totals, o))
            if days := {o for o in quiet if not self.known.seen.asins(m, o, o)}:
                found[m] = days
        return found

    def by_day(self, lacking: Mapping[Marketplace, Lacks]) -> Steps:
        """Return each day as a question of its own, for all its ASINs."""
        wanted = {m: set(x.now) for m, x in lacking.items()}
        if self.part.totals and self.part.totals_come_along:
            for m in wanted:
                totals = self.of(self.part.totals, m)
                wanted[m] |= lacks(self.days, totals, self.now).now
                wanted[m] -= totals.under_way | self.of(self.part.dataset, m).under_way
        pulls = tuple(self.whole_days(wanted, lacking))
        return Steps(pulls=pulls, repairs=frozenset(p for p in pulls if _repairs(p.box, lacking)))

    def whole_days(
        self, wanted: Mapping[Marketplace, Collection[int]], lacking: Mapping[Marketplace, Lacks]
    ) -> Iterator[Pull]:
        """Yield questions for all ASINs of these days."""
        assert self.complete is not None
        alone = {m: lacking[m].alone.intersection(days) for m, days in wanted.items()}
        lot = Lot(
            source=self.complete, account=self.part.account,
            limits=self.part.means.limits_of(self.complete, self.part.account),
            days={m: days for m, days in wanted.items() if days},
            alone={m: days for m, days in alone.items() if days},
        )  # fmt: skip
        for box in lot.boxes:
            yield Pull(source=self.complete, box=box, settled=True, rank=HISTORY)

    def _of_windows(self, source: Source, found: Collection[Window[Marketplace]]) -> Iterator[Pull]:
        for window in found:
            box = Box(
                account=self.part.account, marketplaces=tuple(window.places),
                first=date.fromordinal(window.first), last=date.fromordinal(window.last),
            )  # fmt: skip
            yield Pull(source=source, box=box, settled=True, rank=HISTORY)


def _repairs(box: Box, lacking: Mapping[Marketplace, Lacks]) -> bool:
    """Return whether a question is for days alone that came before and did not reconcile."""
    days = range(box.first.toordinal(), box.last.toordinal() + 1)
    return not any(o in lacking[m].rows for m in box.marketplaces for o in days)
