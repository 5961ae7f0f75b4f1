"""Days asked for by the names of their ASINs: months are listed first, then windows of days are asked for. Pure."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from chalkola.datasets import LISTINGS
from chalkola.datasets.model import AsinFilter, Box, Limits, Pull, Source
from chalkola.marketplaces import Marketplace
from chalkola.pipeline.backfill.lacking import Lacks, known_of
from chalkola.pipeline.backfill.listing import months, to_list
from chalkola.pipeline.backfill.plot import Plot
from chalkola.pipeline.backfill.steps import HISTORY, Steps
from chalkola.pipeline.packing import ASINS_PER_FILTER, filtered, windows

MOST_ROWS = 50_000
"""That one answer may have: a document of some 50 MB. How many rows Amazon puts on a page is published nowhere."""


@dataclass(frozen=True, kw_only=True)
class ByName:
    """A plot, the source that asks by ASIN, and the one that lists them."""

    plot: Plot
    named: Source
    listing: Source

    @staticmethod
    def of(plot: Plot) -> "ByName | None":
        """Return this way of asking, None where it is not open to the account."""
        listings = (d for d in LISTINGS if d.name == plot.part.dataset.listed_in)
        open_ = (s for d in listings for s in plot.part.means.open_sources(d, plot.part.account))
        listing = next(open_, None)
        return ByName(plot=plot, named=plot.named, listing=listing) if plot.named and listing else None

    def costs_less(self, lacking: Mapping[Marketplace, Lacks]) -> bool:
        """Return whether it takes fewer questions than a question a day."""
        days = {o for x in lacking.values() for o in x.rows}
        listed = frozenset.intersection(*(self.plot.known.seen.days(m) for m in lacking))
        unlisted = days - listed
        months_left = sum(not unlisted.isdisjoint(_ordinals(first, last)) for first, last in months(self.plot.days))
        windows_left = -(-len(days) // self._window_days)
        return months_left + windows_left * self._questions_a_window < len(days)

    def steps(self, lacking: Mapping[Marketplace, Lacks]) -> Steps:
        """Return the months to list, the windows whose months are all listed, and the days that did not reconcile."""
        wanted = {m: x.rows for m, x in lacking.items() if x.rows}
        whole = {m: set(x.complete | x.alone) for m, x in lacking.items()}
        pulls, later, seen = list(self._months(wanted)), 0, self.plot.known.seen
        for window in windows(wanted, self._window_days, len(wanted), self._fills):
            first, last = date.fromordinal(window.first), date.fromordinal(window.last)
            days = {m: wanted[m].intersection(_ordinals(first, last)) for m in window.places}
            if not all(seen.days(m).issuperset(some) for m, some in days.items()):
                later += self._questions_a_window
                continue
            asins = {m: seen.asins(m, window.first, window.last) for m in days}
            pulls += self._asked(first, last, [_filters(m, some) for m, some in asins.items()])
            for m, some in days.items():
                whole[m] |= set() if asins[m] else self._with_totals(m, some)
        repairs = tuple(self.plot.whole_days(whole, lacking))
        return Steps(
            pulls=(*pulls, *repairs), repairs=frozenset(repairs),
            later=Counter({(self.plot.part.account, self.named.name): later}),
        )  # fmt: skip

    def redone(self) -> Iterator[Pull]:
        """Yield the refused questions anew, each in as many as are needed for what Amazon takes now."""
        for one in self.plot.refused:
            if one.next_at is None or one.next_at <= self.plot.now:
                filters = [[f for f in one.box.filters if f.marketplace == m] for m in one.box.marketplaces]
                for first, last in _pieces(one.box, self.plot.days, self._limits.days):
                    yield from self._asked(first, last, filters, one.pull_id)

    @cached_property
    def _limits(self) -> Limits:
        return self.plot.part.means.limits_of(self.named, self.plot.part.account)

    @cached_property
    def _filters_a_window(self) -> int:
        """How many filters name all ASINs of a month; one, where nothing is listed yet."""
        return max(1, self.plot.known.seen.most_filters(self.plot.part.marketplaces, ASINS_PER_FILTER))

    @cached_property
    def _questions_a_window(self) -> int:
        return -(-self._filters_a_window // self._limits.filters)

    @cached_property
    def _window_days(self) -> int:
        """How many days a question spans at most, so that its answer is of a bearable size."""
        asins = min(self._filters_a_window, self._limits.filters) * ASINS_PER_FILTER
        return max(1, min(self._limits.days, MOST_ROWS // asins))

    def _months(self, wanted: Mapping[Marketplace, Collection[int]]) -> Iterator[Pull]:
        """Yield the listings without which some of the wanted days cannot be asked for."""
        not_now: set[tuple[str, date]] = set()
        for m in wanted:
            known = known_of(self.plot.known.coverage, self.plot.part.dataset.listed_in or "", m)
            late = (day for day, line in known.others.items() if line.next_at and line.next_at > self.plot.now)
            not_now |= {(m.scope, day) for day in (*map(date.fromordinal, known.under_way), *late)}
        account = self.plot.part.account
        limits = self.plot.part.means.limits_of(self.listing, account)
        for box in to_list(self.plot.days, wanted, self.plot.known.seen, account, limits, not_now):
            yield Pull(source=self.listing, box=box, settled=True, rank=HISTORY)

    def _asked(
        self, first: date, last: date, filters: Sequence[Sequence[AsinFilter]], redoes: int | None = None
    ) -> Iterator[Pull]:
        for some in filtered(filters, self._limits):
            box = Box(
                account=self.plot.part.account, marketplaces=tuple(dict.fromkeys(f.marketplace for f in some)),
                first=first, last=last, filters=some,
            )  # fmt: skip
            yield Pull(source=self.named, box=box, settled=True, rank=HISTORY, redoes=redoes)

    def _fills(self, m: Marketplace, day: int) -> bool:
        """Whether a closed day may travel along between two that are wanted."""
        known = self.plot.of(self.plot.part.dataset, m)
        return day in known.closed and day not in known.under_way

    def _with_totals(self, m: Marketplace, days: Collection[int]) -> set[int]:
        """Return those of the days that have totals, although no ASIN is listed for them."""
        totals = self.plot.of(self.plot.part.totals, m)
        there = {day.toordinal() for day, line in totals.others.items() if line.row_count} | totals.closed
        return there.intersection(days)


def _filters(m: Marketplace, asins: Sequence[str]) -> list[AsinFilter]:
    starts = range(0, len(asins), ASINS_PER_FILTER)
    return [AsinFilter(marketplace=m, asins=tuple(asins[at : at + ASINS_PER_FILTER])) for at in starts]


def _pieces(box: Box, days: range, most: int) -> Iterator[tuple[date, date]]:
    """Yield the first and last day of pieces of a box, within these days, the newest first."""
    last, first = box.last.toordinal(), max(box.first.toordinal(), days.start)
    while last >= first:
        begin = max(first, last - most + 1)
        yield date.fromordinal(begin), date.fromordinal(last)
        last = begin - 1


def _ordinals(first: date, last: date) -> range:
    return range(first.toordinal(), last.toordinal() + 1)
