"""What there is to ask with: which accounts open what, what is closed, and what Amazon still grants. A value."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

from chalkola.datasets.model import Dataset, Limits, Source
from chalkola.marketplaces import Marketplace
from chalkola.pipeline.metering import creation_buckets
from chalkola.quotas import Quota
from chalkola.store.buckets import Bucket

AT_ONCE = 3
"""Questions of one kind under way at once, where nothing is known: Amazon publishes no number."""


@dataclass(frozen=True, kw_only=True)
class Means:
    """What a plan has at its disposal, as things stand."""

    opens: Mapping[Marketplace, str]
    """The account that opens each marketplace."""
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

    def marketplaces(self, account: str) -> tuple[Marketplace, ...]:
        return tuple(m for m, opener in self.opens.items() if opener == account)

    def open_sources(self, dataset: Dataset, account: str) -> tuple[Source, ...]:
        """Return the dataset's sources that Amazon does not refuse to the account, in order of preference."""
        return tuple(source for source in dataset.sources if (account, source.name) not in self.shut)

    def limits_of(self, source: Source, account: str) -> Limits:
        """Return what a question may span: as declared, and as learned. A source that asks by ASIN stays one."""
        learned = self.limits.get((account, source.name))
        if learned is None:
            return source.limits
        both = source.limits.within(learned)
        least = 0 if source.is_complete else 1
        return replace(
            both,
            marketplaces=max(1, both.marketplaces), days=max(1, both.days), filters=max(least, both.filters),
        )  # fmt: skip

    def at_once(self, slot: str, account: str) -> int:
        return max(1, self.open_questions.get((slot, account), AT_ONCE))

    def creation(self, source: Source, account: str) -> tuple[str, ...]:
        """Return the keys of the buckets that asking draws from."""
        return creation_buckets(source, account, self.quotas)

    def quota(self, source: Source) -> Quota | None:
        """Return the quota of this very question, None where it has only the operation's."""
        return self.quotas.get(source.name, source.quota)
