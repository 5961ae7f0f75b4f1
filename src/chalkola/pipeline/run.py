"""A run: who is open to us, what is due, and a worker that does it."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from chalkola.amazon import Amazon, open_amazon
from chalkola.datasets import CATALOG, SOURCES
from chalkola.datasets.model import Slice
from chalkola.errors import Fault, Setback
from chalkola.marketplaces import Marketplace
from chalkola.pipeline.discovery import WHENEVER_SEEN, Opened, discover
from chalkola.pipeline.load import Loader
from chalkola.pipeline.memory import rarely_collecting
from chalkola.pipeline.metering import creation_buckets
from chalkola.pipeline.plan import Plan, Request, is_late, plan
from chalkola.pipeline.pull import Puller
from chalkola.pipeline.worker import Observer, Worked, Worker
from chalkola.settings import Settings
from chalkola.store import Store
from chalkola.store.archive import Archive
from chalkola.store.ledger import Line
from chalkola.store.lines import read_coverage, read_lines
from chalkola.store.migrate import ensure_marketplaces
from chalkola.store.presence import dead, presence
from chalkola.store.survey import fits_of


@dataclass(frozen=True, kw_only=True)
class Report:
    """How a run ended. `lines` are the ledger's lines of everything that was wanted."""

    plan: Plan
    worked: Worked
    lines: tuple[Line, ...]
    began: datetime
    finished: datetime

    @property
    def late(self) -> tuple[Line, ...]:
        """Return the lines that a person should know about: failed, late, or without an open source."""
        return tuple(line for line in self.lines if is_late(line.state))

    @property
    def exit_code(self) -> int:
        """Return 1 for what a person must do, 3 for slices that failed or are late, else 0."""
        faults = self.worked.faults.values()
        if any(not isinstance(fault, Setback) for fault in faults):
            return 1
        return 3 if (self.late or self.plan.unreachable or faults) and not self.worked.stopped else 0


async def pull(
    settings: Settings, store: Store, request: Request, observer: Observer, stop: asyncio.Event, *,
    only: Sequence[Marketplace] = (),
) -> Report:  # fmt: skip
    """Ask for what is due, or for the days of `request`, and load it. `only` narrows the marketplaces.

    Raises `Fault` when nothing can be asked at all, `UsageError` for days or marketplaces that cannot be asked.
    """
    clock = settings.clock
    began = clock.now()
    async with open_amazon(settings, store.buckets) as amazon:
        opened, planned, ids = await _prepare(settings, store, amazon, request, only)
        if not opened.opens:
            raise next(iter(opened.faults.values()), _nothing_open())
        with presence(settings.home) as name, rarely_collecting():
            worker = await _hire(settings, store, amazon, opened, ids, name, observer, stop)
            worked = await worker.work()
        lines = await read_lines(store.pool, _slices(planned))
    return Report(plan=planned, worked=worked, lines=tuple(lines), began=began, finished=clock.now())


async def look_ahead(
    settings: Settings, store: Store, request: Request, *, only: Sequence[Marketplace] = ()
) -> tuple[Opened, Plan]:
    """Return what `pull` would ask now. Asks Amazon nothing but, where it was never seen, what the accounts open."""
    async with open_amazon(settings, store.buckets) as amazon:
        opened = await discover(settings, store, amazon, only, good_for=WHENEVER_SEEN)
        return opened, await _plan(settings, store, request, opened)


async def _prepare(
    settings: Settings, store: Store, amazon: Amazon, request: Request, only: Sequence[Marketplace]
) -> tuple[Opened, Plan, list[int]]:
    opened = await discover(settings, store, amazon, only)
    with settings.clock.in_flight():
        await store.ledger.release(dead(settings.home, await store.ledger.holders()))
        planned = await _plan(settings, store, request, opened)
        await ensure_marketplaces(store.pool, opened.opens)
        creation = [creation_buckets(p.source, p.box.account, settings.quotas) for p in planned.pulls]
        return opened, planned, await store.ledger.plan(planned.pulls, creation)


async def _plan(settings: Settings, store: Store, request: Request, opened: Opened) -> Plan:
    known = await read_coverage(store.pool, [dataset.name for dataset in CATALOG])
    shut = await store.accounts.closed_sources(settings.accounts)
    return plan(request, opened.opens, shut, known, settings.clock.now())


async def _hire(
    settings: Settings, store: Store, amazon: Amazon, opened: Opened, ids: list[int], name: str,
    observer: Observer, stop: asyncio.Event,
) -> Worker:  # fmt: skip
    datasets = {dataset.name: dataset for dataset in CATALOG}
    puller = Puller(
        amazon=amazon,
        ledger=store.ledger,
        archive=Archive(folder=settings.archive),
        loader=Loader(datasets=datasets, fits=await fits_of(store.pool, [d.table for d in CATALOG])),
        clock=settings.clock,
        accounts={account.key: account for account in settings.accounts},
        sources={source.name: source for source in SOURCES},
    )
    return Worker(
        name=name,
        puller=puller,
        ledger=store.ledger,
        accounts=store.accounts,
        clock=settings.clock,
        open=sorted(set(opened.opens.values())),
        wanted=ids,
        observer=observer,
        stop=stop,
        worked=Worked(faults=dict(opened.faults)),
    )


def _slices(planned: Plan) -> list[Slice]:
    return [s for p in planned.pulls for s in p.slices]


def _nothing_open() -> Fault:
    return Fault(
        "No marketplace is open.",
        why="The refresh tokens are accepted, but Amazon lists no marketplace of ours for them.",
        remedy="Look at the marketplaces of the seller account in Seller Central.",
    )
