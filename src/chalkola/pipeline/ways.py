"""Which way to ask: of the sources that are open, the one whose rows are in first. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Literal

from chalkola.datasets.model import Dataset
from chalkola.pipeline.forecast import forecast
from chalkola.pipeline.means import Means
from chalkola.pipeline.packing import Lot

What = Literal["fresh", "rereads", "complete rereads", "early", "totals"]
"""Of the days in question: new or lacking; to be read again; the same, but in a complete way; not settled; totals of
these."""

AS_GOOD_AS = 0.01
"""Of the time until the rows are in: ways that differ by less take equally long."""


class WhyNot(StrEnum):
    """Why a way is not taken."""

    CLOSED = "closed by Amazon"
    INCOMPLETE = "not complete"
    NO_ASINS = "no ASINs known"
    NO_TOTALS = "no totals beside it"
    WITH_ROWS = "brings the rows as well"
    SLOWER = "slower"
    COSTS_MORE = "costs more"


@dataclass(frozen=True, kw_only=True)
class Way:
    """A source, weighed. Where it was the only one, its figures were not needed and are None."""

    source: str
    creations: int | None = None
    ready_at: datetime | None = None
    """When its last rows should be in."""
    why_not: WhyNot | None = None
    """None: this one is taken."""


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """The ways to ask for what is due of one dataset of an account, in order of preference."""

    account: str
    dataset: str
    what: What
    ways: tuple[Way, ...]


@dataclass(kw_only=True)
class Scales:
    """Weighs one way against another, after what this plan has taken of the buckets and slots already."""

    means: Means
    now: datetime
    comparisons: list[Comparison] = field(default_factory=list)
    _taken: list[Lot] = field(default_factory=list)

    def choose(self, dataset: Dataset, lots: Sequence[Lot], why_not: Mapping[str, WhyNot], what: What) -> Lot:
        """Return the lot whose rows are in first; there is at least one. `why_not` has the sources that are out."""
        ways = self._weighed(lots) if len(lots) > 1 else [Way(source=lots[0].source.name)]
        best = next(place for place, way in enumerate(ways) if way.why_not is None)
        by_name = {name: Way(source=name, why_not=why) for name, why in why_not.items()}
        by_name |= {way.source: way for way in ways}
        in_order = tuple(by_name[source.name] for source in dataset.sources if source.name in by_name)
        account = lots[best].account
        self.comparisons.append(Comparison(account=account, dataset=dataset.name, what=what, ways=in_order))
        self._taken.append(lots[best])
        return lots[best]

    def _weighed(self, lots: Sequence[Lot]) -> list[Way]:
        """Return the ways with their figures; the one that is ready first is taken, and of equally fast ones the one
        with fewer questions."""
        ready = [self._ready_at(lot) for lot in lots]
        enough = (min(ready) - self.now) * (1 + AS_GOOD_AS)
        fast = [place for place, at in enumerate(ready) if at - self.now <= enough]
        best = min(fast, key=lambda place: (len(lots[place].boxes), place))
        return [
            Way(
                source=lot.source.name, creations=len(lot.boxes), ready_at=ready[place],
                why_not=None if place == best else WhyNot.COSTS_MORE if place in fast else WhyNot.SLOWER,
            )
            for place, lot in enumerate(lots)
        ]  # fmt: skip

    def _ready_at(self, lot: Lot) -> datetime:
        """Return when a lot's last rows should be in: by the buckets, and by how many questions may be under way."""
        keys = self.means.creation(lot.source, lot.account)
        ahead = [theirs for other in self._taken for theirs in self._ahead(other, keys)]
        expected = forecast([*ahead, *[keys] * len(lot.boxes)], self.means.buckets, self.now)
        last = max(one.asked_at for one in expected[len(ahead) :])
        return max(last + lot.source.processing, self.now + self._in_slots(lot))

    def _ahead(self, other: Lot, keys: Sequence[str]) -> Iterator[tuple[str, ...]]:
        theirs = self.means.creation(other.source, other.account)
        if not set(theirs).isdisjoint(keys):
            yield from [theirs] * len(other.boxes)

    def _in_slots(self, lot: Lot) -> timedelta:
        slot, account = lot.source.slot, lot.account
        if slot is None:
            return timedelta()
        sharing = [one for one in self._taken if (one.source.slot, one.account) == (slot, account)]
        questions = sum(len(one.boxes) for one in [lot, *sharing])
        return in_rounds(questions, self.means.at_once(slot, account), lot.source.processing)


def in_rounds(questions: int, at_once: int, processing: timedelta) -> timedelta:
    """Return how long questions take of which only so many may be under way at once."""
    return -(-questions // at_once) * processing
