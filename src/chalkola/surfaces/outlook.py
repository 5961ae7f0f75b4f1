"""A plan with what it costs: time by Amazon's quotas, rows and bytes by the last day of each marketplace."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from chalkola.datasets import CATALOG
from chalkola.datasets.model import Pull
from chalkola.pipeline.discovery import Opened
from chalkola.pipeline.forecast import Expected, forecast
from chalkola.pipeline.metering import creation_buckets
from chalkola.pipeline.plan import Plan
from chalkola.pipeline.run import look_ahead
from chalkola.quotas import Quota
from chalkola.settings import Settings
from chalkola.store import Store
from chalkola.store.lines import read_coverage, read_lines
from chalkola.store.overview import last_row_counts
from chalkola.surfaces.choosing import Chosen
from chalkola.surfaces.standing import Next, next_to_ask


@dataclass(frozen=True, kw_only=True)
class Outlook:
    """A plan with what it costs. `rows` and `bytes` are estimates from the last day of each marketplace; `unknown`
    counts the pulls of marketplaces that were never loaded, of which nothing can be said."""

    now: datetime
    plan: Plan
    opened: Opened
    expected: Sequence[Expected]
    rows: int
    bytes: int
    unknown: int
    quotas: Mapping[str, Quota | None]
    next: Next | None

    @property
    def end(self) -> datetime:
        """Return when all of it should be in."""
        return max((one.done_at for one in self.expected), default=self.now)


async def look(settings: Settings, store: Store, chosen: Chosen, *, again: bool = False) -> Outlook:
    """Return the plan for what was chosen, and what it costs as the buckets stand now."""
    request = chosen.request(settings, again=again)
    accounts, planned = await look_ahead(settings, store, request, only=chosen.marketplaces)
    now = settings.clock.now()
    keys = [creation_buckets(one.source, one.box.account, settings.quotas) for one in planned.pulls]
    buckets = {bucket.key: bucket for bucket in await store.buckets.read()}
    rows, byte_count, unknown = await _estimate(store, planned.pulls)
    coverage = await read_coverage(store.pool, [dataset.name for dataset in CATALOG])
    return Outlook(
        now=now, plan=planned, opened=accounts, expected=forecast(keys, buckets, now),
        rows=rows, bytes=byte_count, unknown=unknown, next=next_to_ask(coverage, now),
        quotas={one.source.name: settings.quotas.get(one.source.name, one.source.quota) for one in planned.pulls},
    )  # fmt: skip


async def _estimate(store: Store, pulls: Sequence[Pull]) -> tuple[int, int, int]:
    """Return rows, bytes, and the pulls of which nothing is known. A slice that has rows already adds none."""
    usual = await last_row_counts(store.pool)
    lines = await read_lines(store.pool, [s for one in pulls for s in one.slices])
    held = {line.slice for line in lines if line.row_count}
    rows = byte_count = unknown = 0
    for one in pulls:
        added = [usual.get((s.dataset, s.scope)) for s in one.slices if s not in held]
        known = sum(count for count in added if count is not None)
        unknown += any(count is None for count in added)
        rows += known
        byte_count += known * one.source.bytes_per_row
    return rows, byte_count, unknown
