"""A backfill at work: it plans from the ledger, asks through a worker, and plans on while that is asking.

It keeps nothing of its own but what was listed: killed at any moment, the next one goes on from the ledger.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Protocol

from chalkola.datasets import CATALOG, LISTINGS
from chalkola.datasets.model import Pull
from chalkola.errors import Fault
from chalkola.marketplaces import Marketplace
from chalkola.pipeline.backfill.lacking import Aim, check, span
from chalkola.pipeline.backfill.listing import Seen
from chalkola.pipeline.backfill.outlook import Ahead, Estimate, Progress, ahead, estimate, progress
from chalkola.pipeline.backfill.plan import Knowledge, Steps, plan
from chalkola.pipeline.backfill.portion import MOST, portion
from chalkola.pipeline.correspondents import Correspondents, open_correspondents
from chalkola.pipeline.discovery import WHENEVER_SEEN, Opened, discover
from chalkola.pipeline.ending import Ended
from chalkola.pipeline.means import Means
from chalkola.pipeline.memory import rarely_collecting
from chalkola.pipeline.metering import creation_buckets
from chalkola.pipeline.pruning import prune
from chalkola.pipeline.run import MOST_REPAIRS, hire, nothing_open, open_questions
from chalkola.pipeline.silence import SILENT
from chalkola.pipeline.work import Bounds, Observer, Worked
from chalkola.pipeline.worker import Worker
from chalkola.settings import Settings
from chalkola.store import Store
from chalkola.store.history import read_listed, read_open_questions, read_refused_parts, read_tallies
from chalkola.store.lines import read_coverage
from chalkola.store.migrate import ensure_marketplaces
from chalkola.store.overview import last_row_counts
from chalkola.store.presence import dead, presence
from chalkola.store.summing import sum_up

_RUNNING_LOW = MOST // 2


class Watching(Observer, Protocol):
    """Whoever watches a backfill."""

    def planned(self, outlook: "Outlook") -> None:
        """What is left has been planned anew."""


@dataclass(frozen=True, kw_only=True)
class Outlook:
    """What a backfill has before it, as of `now`; `ahead` by account, what adds to the database, and the steps."""

    now: datetime
    opened: Opened
    means: Means
    steps: Steps
    spans: dict[str, dict[str, range]]
    """The days that are to be closed, by account and dataset; totals are not among these."""
    open: Counter[tuple[str, str]]
    """Questions that are not over, by account and source."""
    ahead: dict[str, Ahead]
    estimate: Estimate

    @property
    def done_at(self) -> datetime | None:
        """Return when all of it should be in; None when nothing is left."""
        return max((one.done_at for one in self.ahead.values()), default=None)


@dataclass(frozen=True, kw_only=True)
class Report:
    """How a backfill ended, and what is left."""

    worked: Worked
    outlook: Outlook
    began: datetime
    finished: datetime


async def look_ahead(settings: Settings, store: Store, aim: Aim, *, only: Sequence[Marketplace] = ()) -> Outlook:
    """Return what a backfill would do. Asks Amazon nothing but, where it was never seen, what the accounts open."""
    async with _opened(settings, store, only, whenever_seen=True) as (_, opened):
        planner = _Planner(settings=settings, store=store, aim=aim, opened=opened)
        return await planner.look()


async def backfill(
    settings: Settings, store: Store, aim: Aim, observer: Watching, stop: asyncio.Event, *,
    only: Sequence[Marketplace] = (), bounds: Bounds | None = None, free_bytes: int | None = None,
) -> Report:  # fmt: skip
    """Ask for what is lacking of the aim, newest days first, until nothing is left, or as long as `bounds` allow.

    `free_bytes` is what the database's disk has left; None where it cannot be seen. Raises `Fault` when nothing can
    be asked at all, or when it would not fit; `UsageError` for days or marketplaces that cannot be asked.
    """
    clock = settings.clock
    began = clock.now()
    async with _opened(settings, store, only) as (asked, opened):
        check(aim, began, opened.opens)
        with clock.in_flight():
            await store.ledger.release(dead(settings.home, await store.ledger.holders()))
            await ensure_marketplaces(store.pool, opened.opens)
        with presence(settings.home) as name, rarely_collecting():
            worker = await hire(settings, store, asked, opened, name, observer, stop)
            worker.bounds = replace(bounds or Bounds(), reserve=settings.backfill_reserve)
            planner = _Planner(settings=settings, store=store, aim=aim, opened=opened)
            run = _Run(planner=planner, worker=worker, observer=observer, free_bytes=free_bytes)
            await run.work()
            with clock.in_flight():
                outlook = await planner.look()
            if not stop.is_set():
                with clock.in_flight():
                    await sum_up(store.pool)
                await prune(settings, store)
    return Report(worked=worker.worked, outlook=outlook, began=began, finished=clock.now())


async def read_progress(store: Store, outlook: Outlook) -> list[Progress]:
    """Return how far each account has come as the ledger has it now, with what was left as of `outlook`."""
    spans = [days for of_datasets in outlook.spans.values() for days in of_datasets.values() if days]
    if not spans:
        return []
    names = sorted({name for of_datasets in outlook.spans.values() for name in of_datasets})
    first, last = min(days.start for days in spans), max(days.stop for days in spans) - 1
    tallies = await read_tallies(store.pool, names, date.fromordinal(first), date.fromordinal(last))
    return progress(outlook.opened.opens, outlook.spans, tallies, outlook.ahead)


@asynccontextmanager
async def _opened(
    settings: Settings, store: Store, only: Sequence[Marketplace], *, whenever_seen: bool = False
) -> AsyncIterator[tuple[Correspondents, Opened]]:
    async with open_correspondents(settings, store) as asked:
        opened = await (
            discover(settings, store, asked.amazon, only, good_for=WHENEVER_SEEN)
            if whenever_seen else discover(settings, store, asked.amazon, only)
        )  # fmt: skip
        if not opened.opens:
            raise next(iter(opened.faults.values()), nothing_open())
        yield asked, opened


@dataclass(kw_only=True)
class _Planner:
    """Plans from the ledger; remembers what was listed, which never changes under its pull."""

    settings: Settings
    store: Store
    aim: Aim
    opened: Opened
    seen: Seen = field(default_factory=Seen)

    async def look(self) -> Outlook:
        """Return what is left, as the ledger has it now."""
        now, pool = self.settings.clock.now(), self.store.pool
        scopes = [m.scope for m in self.opened.opens]
        # What is under way is read first: a listing that comes in meanwhile is then not asked for once more.
        coverage = await read_coverage(pool, [d.name for d in (*CATALOG, *LISTINGS)], now, with_plans=True)
        for dataset in LISTINGS:
            self.seen.add(await read_listed(pool, dataset.name, scopes, self.seen.pulls))
        refused = await read_refused_parts(pool, sorted(set(self.opened.opens.values())))
        knowledge = Knowledge(coverage=coverage, seen=self.seen, refused=refused)
        means = await self._means()
        steps = plan(self.aim, means, knowledge, now)
        open_ = await read_open_questions(pool)
        planned = [(q.account, q.source) for q in open_ if q.stage == "planned"]
        return Outlook(
            now=now, opened=self.opened, means=means, steps=steps, spans=self._spans(means, now),
            open=Counter((q.account, q.source) for q in open_),
            ahead=ahead(steps, planned, means, now, self.settings.backfill_reserve),
            estimate=estimate(steps, self.seen, await last_row_counts(pool)),
        )  # fmt: skip

    def _spans(self, means: Means, now: datetime) -> dict[str, dict[str, range]]:
        totals = {d.totals_in for d in self.aim.datasets}
        rows = [d for d in self.aim.datasets if d.name not in totals]
        return {
            account: {d.name: span(self.aim, d, means, account, now) for d in rows}
            for account in dict.fromkeys(self.opened.opens.values())
        }

    async def _means(self) -> Means:
        store = self.store
        return Means(
            opens=self.opened.places(self.aim.datasets),
            shut=await store.accounts.closed_sources(self.settings.accounts),
            limits=await store.accounts.limits(),
            buckets={bucket.key: bucket for bucket in await store.buckets.read()},
            quotas=self.settings.quotas,
            open_questions=open_questions(await store.ledger.slots()),
        )

    async def write_down(self, pulls: Sequence[Pull]) -> list[int]:
        """Write questions down and return the ids of their lines."""
        creation = [creation_buckets(p.source, p.box.account, self.settings.quotas) for p in pulls]
        return await self.store.ledger.plan(pulls, creation) if pulls else []


@dataclass(kw_only=True)
class _Run:
    """One run: what is written down of the plan, and what it may still spend."""

    planner: _Planner
    worker: Worker
    observer: Watching
    free_bytes: int | None
    repairs_left: Counter[str] = field(default_factory=Counter)
    _open: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Questions of the run that are not over, by account and source."""

    async def work(self) -> None:
        """Plan and ask in turns until nothing is left that can be asked, or the worker leaves."""
        self.repairs_left = Counter(dict.fromkeys(self.planner.opened.opens.values(), MOST_REPAIRS))
        self.worker.replenish = self._replenish
        with self.planner.settings.clock.in_flight():
            ids = await self._resumed() + await self._plan_on()
        while ids:
            self.worker.wanted = [*self.worker.wanted, *ids]
            await self.worker.work()
            if self.worker.worked.why_left is not None:
                return
            with self.planner.settings.clock.in_flight():
                ids = await self._plan_on()

    async def _resumed(self) -> list[int]:
        """Return what an earlier run has left open."""
        open_ = await read_open_questions(self.planner.store.pool)
        return [q.id for q in open_ if q.account in self.worker.open]

    async def _replenish(self, ended: Sequence[Ended]) -> Sequence[int]:
        for one in ended:
            self._open[one.pull.account, one.pull.source] -= 1
        if ended and not any(self._calls_for_a_plan(one) for one in ended):
            return []
        return await self._plan_on()

    def _calls_for_a_plan(self, ended: Ended) -> bool:
        """Whether there may be more to ask now: something was listed, failed or was to be asked otherwise, or few
        questions are left of those that are written down."""
        if ended.stage == "refused" or self._open[ended.pull.account, ended.pull.source] < _RUNNING_LOW:
            return True
        return any(d.name == told.slice.dataset for d in LISTINGS for told in ended.told)

    async def _plan_on(self) -> list[int]:
        self.planner.opened = self.planner.opened.narrowed(self.worker.worked.opens)
        outlook = await self.planner.look()
        self._open = outlook.open
        self._check_room(outlook.estimate)
        self.observer.planned(outlook)
        if outlook.steps.silent:
            await self.planner.store.ledger.close_silent(outlook.steps.silent, SILENT)
        chosen = list(portion(outlook.steps, self._open, self.repairs_left))
        self.repairs_left.subtract(p.box.account for p in chosen if p in outlook.steps.repairs)
        ids = await self.planner.write_down(chosen)
        self._open.update((p.box.account, p.source.name) for p in chosen)
        return ids

    def _check_room(self, needs: Estimate) -> None:
        if self.free_bytes is None or needs.bytes <= self.free_bytes:
            return
        raise Fault(
            "The database has no room for this.",
            why=f"About {needs.rows:,} rows are to come, {needs.bytes / 1e6:,.0f} MB, and its disk has"
            f" {self.free_bytes / 1e6:,.0f} MB left. What was loaded stays.",
            remedy="Make room, set CHALKOLA_HOME to a larger disk, or ask for less with --days or --marketplace.",
        )
