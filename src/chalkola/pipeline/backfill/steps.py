"""What planning a backfill knows, and what comes out of it: values."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from chalkola.datasets.model import Pull, Slice
from chalkola.marketplaces import Marketplace
from chalkola.pipeline.backfill.listing import Seen
from chalkola.store.history import RefusedPart
from chalkola.store.lines import Coverage

HISTORY = 2
"""The rank of its questions: after all others."""


@dataclass(frozen=True, kw_only=True)
class Knowledge:
    """What the ledger knows: of slices, of what was listed, and of questions by name that were refused."""

    coverage: Coverage
    seen: Seen = field(default_factory=Seen)
    refused: Sequence[RefusedPart] = ()


@dataclass(frozen=True, kw_only=True)
class Steps:
    """What a backfill can do now, and what is left after that."""

    pulls: tuple[Pull, ...] = ()
    """In the order of asking."""
    repairs: frozenset[Pull] = frozenset()
    """Those of them that are for days alone that came before and did not reconcile."""
    silent: tuple[Slice, ...] = ()
    """Days of which Amazon has shown twice that there is nothing."""
    later: Counter[tuple[str, str]] = field(default_factory=Counter)
    """By account and source: about how many questions follow once the months are listed."""
    unreachable: tuple[Slice, ...] = ()
    """Days for which no source is open to the account."""
    next_at: datetime | None = None
    """When the first of the days can be asked for that have to wait; None: none has to."""
    lacking: Counter[tuple[str, Marketplace]] = field(default_factory=Counter)
    """By dataset and marketplace: how many days have no rows yet, those under way included."""


def slices(dataset: str, days: Mapping[Marketplace, Collection[int]]) -> Iterator[Slice]:
    """Yield the slices of days given as ordinals, the newest first in each marketplace."""
    for m, some in days.items():
        for o in sorted(some, reverse=True):
            yield Slice(dataset=dataset, scope=m.scope, day=date.fromordinal(o))
