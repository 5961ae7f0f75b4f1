"""A run: who is open to us, what is due, and a worker that does it; then what that left to be mended, if anything."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from chalkola.amazon import Amazon, open_amazon
from chalkola.datasets import CATALOG, SOURCES
from chalkola.datasets.model import Slice
from chalkola.errors import Fault, Setback, SourceClosed
from chalkola.marketplaces import Marketplace
from chalkola.pipeline.discovery import WHENEVER_SEEN, Opened, discover
from chalkola.pipeline.load import Loader
from chalkola.pipeline.memory import rarely_collecting
from chalkola.pipeline.metering import creation_buckets
from chalkola.pipeline.plan import Means, Plan, Request, is_late, plan
from chalkola.pipeline.pull import Puller
from chalkola.pipeline.worker import Observer, Worked, Worker
from chalkola.settings import Settings
from chalkola.store import Store
from chalkola.store.archive import Archive
from chalkola.store.ledger import Line, slot_key
from chalkola.store.lines import known_asins, open_pulls, read_coverage, read_lines
from chalkola.store.migrate import ensure_marketplaces
from chalkola.store.presence import dead, presence
from chalkola.store.survey import fits_of

MOST_ROUNDS = 4
"""A run asks, and then mends what did not reconcile, was missing, or has to go another way: so many times in all."""
MOST_REPAIRS = 60
"""Questions that one run spends on mending."""
_SELLING = timedelta(days=60)
"""ASINs without a row for so long are not asked for by name."""


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
        """Return 1 for what a person must do, 3 for slices that failed or are late, else 0.

        A closed source is a fault where no other one is open; else the night is complete without it.
        """
        faults = self.worked.faults.values()
        stuck = bool(self.plan.unreachable)
        if any(not isinstance(fault, Setback | SourceClosed) or (stuck and isinstance(fault, SourceClosed))
               for fault in faults):  # fmt: skip
            return 1
        setbacks = any(isinstance(fault, Setback) for fault in faults)
        return 3 if (self.late or stuck or setbacks) and not self.worked.stopped else 0


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
        opened = await discover(settings, store, amazon, only)
        if not opened.opens:
            raise next(iter(opened.faults.values()), _nothing_open())
        with clock.in_flight():
            await store.ledger.release(dead(settings.home, await store.ledger.holders()))
            await ensure_marketplaces(store.pool, opened.opens)
            planned = await _plan(settings, store, request, opened)
        with presence(settings.home) as name, rarely_collecting():
            worker = await _hire(settings, store, amazon, opened, name, observer, stop)
            planned = await _work(settings, store, request, opened, planned, worker)
        lines = await read_lines(store.pool, _slices(planned))
    return Report(plan=planned, worked=worker.worked, lines=tuple(lines), began=began, finished=clock.now())


async def look_ahead(
    settings: Settings, store: Store, request: Request, *, only: Sequence[Marketplace] = ()
) -> tuple[Opened, Plan]:
    """Return what `pull` would ask now. Asks Amazon nothing but, where it was never seen, what the accounts open."""
    async with open_amazon(settings, store.buckets) as amazon:
        opened = await discover(settings, store, amazon, only, good_for=WHENEVER_SEEN)
        return opened, await _plan(settings, store, request, opened)


async def _work(
    settings: Settings, store: Store, request: Request, opened: Opened, planned: Plan, worker: Worker
) -> Plan:
    """Work in rounds: first what is due, then what that left to mend. Return the plan of all of it."""
    whole, turns, began = planned, MOST_REPAIRS, settings.clock.now()
    for _ in range(MOST_ROUNDS):
        shut = _shut(worker)
        with settings.clock.in_flight():
            worker.wanted = await _write_down(settings, store, request, opened, planned)
        await worker.work()
        if worker.stop.is_set():
            break
        # What a source that has been closed was to bring goes through the next one; else only mending is left.
        repairs = _shut(worker) == shut
        with settings.clock.in_flight():
            rest = replace(request, answered_since=began, repairs=repairs)
            planned = await _plan(settings, store, rest, opened)
        if repairs:
            planned = replace(planned, pulls=planned.pulls[:turns])
            turns -= len(planned.pulls)
        whole = _together(whole, planned)
        if not planned.pulls:
            break
    return whole


def _together(first: Plan, then: Plan) -> Plan:
    return replace(
        first,
        pulls=(*first.pulls, *then.pulls),
        unreachable=then.unreachable or first.unreachable,
        extras_closed=then.extras_closed or first.extras_closed,
    )


def _shut(worker: Worker) -> set[str]:
    return {name for name, fault in worker.worked.faults.items() if isinstance(fault, SourceClosed)}


async def _write_down(
    settings: Settings, store: Store, request: Request, opened: Opened, planned: Plan
) -> Sequence[int]:
    """Write the questions down. Return their lines in the ledger, and those already open for these scopes."""
    creation = [creation_buckets(p.source, p.box.account, settings.quotas) for p in planned.pulls]
    ids = await store.ledger.plan(planned.pulls, creation)
    scopes = [m.scope for m in opened.opens]
    return [*ids, *await open_pulls(store.pool, [d.name for d in request.datasets], scopes)]


async def _plan(settings: Settings, store: Store, request: Request, opened: Opened) -> Plan:
    now = settings.clock.now()
    known = await read_coverage(store.pool, [d.name for d in CATALOG], now)
    means = Means(
        opens=opened.opens,
        shut=await store.accounts.closed_sources(settings.accounts),
        limits=await store.accounts.limits(),
        buckets={bucket.key: bucket for bucket in await store.buckets.read()},
        quotas=settings.quotas,
        open_questions=_open_questions(await store.ledger.slots()),
        asins=await known_asins(store.pool, now.date() - _SELLING),
    )
    return plan(request, means, known, now)


def _open_questions(slots: Mapping[str, int]) -> dict[tuple[str, str], int]:
    found = ((key.partition("@"), most) for key, most in slots.items())
    return {(slot, account): most for (slot, _, account), most in found}


async def _hire(
    settings: Settings, store: Store, amazon: Amazon, opened: Opened, name: str, observer: Observer,
    stop: asyncio.Event,
) -> Worker:  # fmt: skip
    datasets = {dataset.name: dataset for dataset in CATALOG}
    sources = {source.name: source for source in SOURCES}
    accounts = sorted(set(opened.opens.values()))
    slots = {slot_key(s.slot, account): settings.open_queries for s in SOURCES if s.slot for account in accounts}
    await store.ledger.define_slots({key: most for key, most in slots.items() if key})
    puller = Puller(
        amazon=amazon,
        ledger=store.ledger,
        archive=Archive(folder=settings.archive),
        loader=Loader(datasets=datasets, sources=sources, fits=await fits_of(store.pool, [d.table for d in CATALOG])),
        clock=settings.clock,
        accounts={account.key: account for account in settings.accounts},
        known_accounts=store.accounts,
        sources=sources,
    )
    return Worker(
        name=name,
        puller=puller,
        ledger=store.ledger,
        accounts=store.accounts,
        clock=settings.clock,
        open=accounts,
        wanted=(),
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
