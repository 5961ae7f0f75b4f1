"""Which buckets there are, and which of them a question draws from."""

from collections.abc import Iterable, Mapping, Sequence

from chalkola.amazon.operations import OPERATIONS
from chalkola.amazon.throttle import operation_bucket
from chalkola.datasets.model import Source
from chalkola.quotas import Quota
from chalkola.store.buckets import Bucket


def creation_buckets(source: Source, account: str, quotas: Mapping[str, Quota]) -> tuple[str, ...]:
    """Return the keys that asking draws from: the operation's, then the source's own, tighter one if any."""
    operation = operation_bucket(source.creation, account)
    quota = quotas.get(source.name, source.quota)
    return (operation,) if quota is None else (operation, _quota_key(source, account, quota))


def all_buckets(accounts: Sequence[str], sources: Iterable[Source], quotas: Mapping[str, Quota]) -> list[Bucket]:
    """Return every bucket that these accounts need, as the tables and the settings have it.

    `quotas` (the setting `CHALKOLA_QUOTAS`) goes by a source's name or by an operation's.
    """
    buckets: dict[str, Bucket] = {}
    for account in accounts:
        for operation in OPERATIONS.values():
            key = operation_bucket(operation.name, account)
            seconds, burst, daily = 1 / operation.rate_per_second, operation.burst, None
            if override := quotas.get(operation.name):
                seconds, burst, daily = 1 / override.rate_per_second, override.count, override.daily
            buckets[key] = Bucket(key=key, seconds_per_turn=seconds, burst=burst, daily=daily)
        for source in sources:
            quota = quotas.get(source.name, source.quota)
            if quota is not None:
                key = _quota_key(source, account, quota)
                buckets[key] = Bucket(
                    key=key, seconds_per_turn=1 / quota.rate_per_second, burst=quota.count, daily=quota.daily
                )
    return list(buckets.values())


def _quota_key(source: Source, account: str, quota: Quota) -> str:
    return f"{source.name}@{'app' if quota.scope == 'app' else account}"
