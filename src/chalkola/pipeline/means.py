"""What there is to ask with: which accounts open what, what is closed, and what Amazon still grants. A value."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from chalkola.datasets.model import Dataset, Limits, Source
from chalkola.marketplaces import Marketplace, Place, marketplaces_among
from chalkola.pipeline.limits import limits_of, reach_of
from chalkola.pipeline.metering import creation_buckets
from chalkola.quotas import Quota
from chalkola.store.buckets import Bucket

AT_ONCE = 3
"""Questions of one kind under way at once, where nothing is known: Amazon publishes no number."""


@dataclass(frozen=True, kw_only=True)
class Means:
    """What a plan has at its disposal, as things stand."""

    opens: Mapping[Place, str]
    """The account that opens each marketplace; for the world, who is asked without one."""
    shut: Collection[tuple[str, str]] = ()
    """(account, source) pairs that Amazon refuses."""
    limits: Mapping[tuple[str, str], Limits] = field(default_factory=dict)
    """By account and source: what Amazon's refusals have taught."""
    buckets: Mapping[str, Bucket] = field(default_factory=dict)
    quotas: Mapping[str, Quota] = field(default_factory=dict)
    """The settings' overrides."""
    open_questions: Mapping[tuple[str, str], int] = field(default_factory=dict)
    """By slot and account: how many questions may be under way at once."""
    asins: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """By scope: the child ASINs known."""

    def places(self, account: str) -> tuple[Place, ...]:
        return tuple(place for place, opener in self.opens.items() if opener == account)

    def marketplaces(self, account: str) -> tuple[Marketplace, ...]:
        return marketplaces_among(self.places(account))

    def open_sources(self, dataset: Dataset, account: str) -> tuple[Source, ...]:
        """Return the dataset's sources that Amazon does not refuse to the account, in order of preference."""
        return tuple(source for source in dataset.sources if (account, source.name) not in self.shut)

    def limits_of(self, source: Source, account: str) -> Limits:
        """Return what a question may span: as declared, and as learned."""
        return limits_of(source, self.limits.get((account, source.name)))

    def oldest(self, dataset: Dataset, m: Place, now: datetime) -> date:
        """Return the oldest period that is answered for in a place: as documented, or as Amazon has refused."""
        reach = reach_of(self.opens[m], self.limits, dataset.kept_for.days)
        return dataset.oldest(now, m.zone, timedelta(days=reach))

    def at_once(self, slot: str, account: str) -> int:
        return max(1, self.open_questions.get((slot, account), AT_ONCE))

    def creation(self, source: Source, account: str) -> tuple[str, ...]:
        """Return the keys of the buckets that asking draws from."""
        return creation_buckets(source, account, self.quotas)

    def quota(self, source: Source) -> Quota | None:
        """Return the quota of this very question, None where it has only the operation's."""
        return self.quotas.get(source.name, source.quota)
