"""A dataset of an account: by which sources its rows can come, and whether their totals come beside them. Pure."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from chalkola.datasets.model import Dataset, Source
from chalkola.marketplaces import Marketplace, Place, marketplaces_among
from chalkola.pipeline.means import Means
from chalkola.pipeline.ways import WhyNot

TOTALS_FIRST, ROWS, EXTRAS_LAST = range(3)


@dataclass(frozen=True, kw_only=True)
class Part:
    """A dataset of an account, with the dataset that has the totals of its rows."""

    means: Means
    account: str
    dataset: Dataset
    totals: Dataset | None
    place: int
    """Where its questions stand among those of the same day."""

    @cached_property
    def places(self) -> tuple[Place, ...]:
        return tuple(filter(self.dataset.covers, self.means.places(self.account)))

    @cached_property
    def marketplaces(self) -> tuple[Marketplace, ...]:
        return marketplaces_among(self.places)

    @cached_property
    def beside(self) -> tuple[Source, ...]:
        """The open sources of the totals alone."""
        if self.totals is None:
            return ()
        found = self.means.open_sources(self.totals, self.account)
        return tuple(source for source in found if source.fills == (self.totals.name,))

    @cached_property
    def totals_come_along(self) -> bool:
        """Whether totals can only come by a source that brings the rows as well: then rows have to come by it too."""
        return self.totals is not None and not self.beside and bool(self._with_totals)

    @cached_property
    def _open(self) -> tuple[Source, ...]:
        return self.means.open_sources(self.dataset, self.account)

    @cached_property
    def _with_totals(self) -> tuple[Source, ...]:
        return tuple(source for source in self._open if self.totals and self.totals.name in source.fills)

    def sources(self, *, complete: bool) -> tuple[Source, ...]:
        """Return the sources to choose from, in order of preference; `complete`: without those that ask by ASIN."""
        among = self._with_totals if self.totals_come_along else self._open
        return tuple(source for source in among if source.is_complete or not complete)

    def why_not(self, candidates: Sequence[Source]) -> dict[str, WhyNot]:
        """Return why each of the other sources is none to choose from."""
        return {s.name: self._why_not(s) for s in self.dataset.sources if s not in candidates}

    def _why_not(self, source: Source) -> WhyNot:
        if source not in self._open:
            return WhyNot.CLOSED
        if source.is_complete:
            return WhyNot.NO_TOTALS
        return WhyNot.INCOMPLETE if any(m.scope in self.means.asins for m in self.places) else WhyNot.NO_ASINS

    def why_not_for_totals(self) -> dict[str, WhyNot]:
        """Return why each of the totals' sources that are not `beside` the rows is none to choose from."""
        sources = self.totals.sources if self.totals else ()
        shut = {s.name for s in sources if (self.account, s.name) in self.means.shut}
        return {
            s.name: WhyNot.CLOSED if s.name in shut else WhyNot.WITH_ROWS for s in sources if s not in self.beside
        }


def parts(datasets: Sequence[Dataset], catalog: Mapping[str, Dataset], means: Means) -> list[Part]:
    """Return every dataset of every account. Totals are no part of their own beside their rows."""
    with_rows = {dataset.totals_in for dataset in datasets}
    totals = {dataset.totals_in for dataset in catalog.values()}
    return [
        Part(
            means=means, account=account, dataset=dataset,
            totals=catalog.get(dataset.totals_in or ""), place=_place(dataset, totals),
        )
        for dataset in datasets
        if dataset.name not in with_rows
        for account in dict.fromkeys(means.opens.values())
        if any(map(dataset.covers, means.places(account)))
    ]  # fmt: skip


def _place(dataset: Dataset, totals: Collection[str | None]) -> int:
    if dataset.name in totals:
        return TOTALS_FIRST
    return EXTRAS_LAST if dataset.extra else ROWS
