"""A plan with what it costs: time by Amazon's quotas, rows and bytes by the last day of each marketplace."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from chalkola.datasets import CATALOG
from chalkola.datasets.model import Pull
from chalkola.pipeline.discovery import Opened
from chalkola.pipeline.forecast import Expected, forecast
from chalkola.pipeline.means import AT_ONCE
from chalkola.pipeline.metering import creation_buckets
from chalkola.pipeline.plan import Plan
from chalkola.pipeline.run import look_ahead
from chalkola.pipeline.ways import Comparison, Way, in_rounds
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
    comparisons: Sequence[Comparison]
    """The plan's, each with the figures of the way that is taken."""
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
    coverage = await read_coverage(store.pool, [dataset.name for dataset in CATALOG], now)
    expected = tuple(_expected(planned.pulls, forecast(keys, buckets, now), now))
    return Outlook(
        now=now, plan=planned, opened=accounts, expected=expected,
        comparisons=[_with_figures(one, planned.pulls, expected) for one in planned.comparisons],
        rows=rows, bytes=byte_count, unknown=unknown, next=next_to_ask(coverage, now),
        quotas={one.source.name: settings.quotas.get(one.source.name, one.source.quota) for one in planned.pulls},
    )  # fmt: skip


def _expected(pulls: Sequence[Pull], asked: Sequence[Expected], now: datetime) -> Iterator[Expected]:
    """Yield when each question's rows should be in: only so many of a kind may be under way at once."""
    before: Counter[tuple[str, str]] = Counter()
    for one, expected in zip(pulls, asked, strict=True):
        done_at = expected.asked_at + one.source.processing
        if (slot := one.source.slot) is not None:
            before[slot, one.box.account] += 1
            rounds = in_rounds(before[slot, one.box.account], AT_ONCE, one.source.processing)
            done_at = max(done_at, now + rounds)
        yield Expected(asked_at=expected.asked_at, done_at=done_at)


def _with_figures(of: Comparison, pulls: Sequence[Pull], expected: Sequence[Expected]) -> Comparison:
    return replace(of, ways=tuple(_counted(way, of.account, pulls, expected) for way in of.ways))


def _counted(way: Way, account: str, pulls: Sequence[Pull], expected: Sequence[Expected]) -> Way:
    """Return a way with its figures also where it was the only one: those of all that goes by it."""
    if way.why_not is not None or way.creations is not None:
        return way
    done = [
        one.done_at for pull, one in zip(pulls, expected, strict=True)
        if (pull.source.name, pull.box.account) == (way.source, account)
    ]  # fmt: skip
    return replace(way, creations=len(done), ready_at=max(done, default=None))


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
