"""A run: who is open to us, what is due, and a worker that does it; then what that left to be mended, if anything."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from chalkola.amazon import Amazon
from chalkola.datasets import CATALOG, LISTINGS, SOURCES, dataset
from chalkola.datasets.model import Slice
from chalkola.errors import Fault, Setback, SourceClosed
from chalkola.marketplaces import Marketplace, place_of
from chalkola.pipeline.correspondents import Correspondents, open_correspondents
from chalkola.pipeline.discovery import PARTICIPATIONS_GOOD_FOR, WHENEVER_SEEN, Opened, discover
from chalkola.pipeline.ending import Ending
from chalkola.pipeline.load import Loader
from chalkola.pipeline.memory import rarely_collecting
from chalkola.pipeline.metering import creation_buckets
from chalkola.pipeline.plan import Means, Plan, Request, is_late, plan
from chalkola.pipeline.pruning import prune
from chalkola.pipeline.pull import Puller
from chalkola.pipeline.work import Observer, Worked
from chalkola.pipeline.worker import Worker
from chalkola.settings import PUBLIC, Settings
from chalkola.store import Store
from chalkola.store.lines import known_asins, open_pulls, read_coverage, read_lines
from chalkola.store.migrate import ensure_marketplaces
from chalkola.store.presence import dead, presence
from chalkola.store.pulls import slot_key
from chalkola.store.slices import Line
from chalkola.store.summing import sum_up
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
        """Return the lines that a person should know about: failed, late, or without an open source. A day that has
        not settled is none of these, whatever became of asking for it."""
        return tuple(line for line in self.lines if is_late(line.state) and _has_settled(line.slice, self.finished))

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
    async with open_correspondents(settings, store, needs_account=needs_account(request)) as asked:
        opened = await _opened(settings, store, asked.amazon, request, only)
        if not opened.places(request.datasets):
            raise next(iter(opened.faults.values()))
        with clock.in_flight():
            await store.ledger.release(dead(settings.home, await store.ledger.holders()))
            await ensure_marketplaces(store.pool, opened.opens)
            planned = await _plan(settings, store, request, opened)
        with presence(settings.home) as name, rarely_collecting():
            worker = await hire(settings, store, asked, opened, name, observer, stop)
            planned = await _work(settings, store, request, opened, planned, worker)
        lines = await read_lines(store.pool, _slices(planned))
        if not stop.is_set():
            with clock.in_flight():
                await sum_up(store.pool)
            await prune(settings, store)
    return Report(plan=planned, worked=worker.worked, lines=tuple(lines), began=began, finished=clock.now())


async def look_ahead(
    settings: Settings, store: Store, request: Request, *, only: Sequence[Marketplace] = ()
) -> tuple[Opened, Plan]:
    """Return what `pull` would ask now. Asks Amazon nothing but, where it was never seen, what the accounts open."""
    async with open_correspondents(settings, store, needs_account=needs_account(request)) as asked:
        opened = await _opened(settings, store, asked.amazon, request, only, good_for=WHENEVER_SEEN)
        return opened, await _plan(settings, store, request, opened)


def needs_account(request: Request) -> bool:
    """Return whether anything of a request is asked of Amazon."""
    return not all(dataset.of_the_world for dataset in request.datasets)


async def _opened(
    settings: Settings, store: Store, amazon: Amazon, request: Request, only: Sequence[Marketplace],
    good_for: timedelta = PARTICIPATIONS_GOOD_FOR,
) -> Opened:  # fmt: skip
    """Return what is open for a request. Where that is nothing at Amazon there is a fault that says why."""
    if not needs_account(request):
        return Opened(opens={})
    opened = await discover(settings, store, amazon, only, good_for=good_for)
    if opened.opens or opened.faults:
        return opened
    return replace(opened, faults={"Amazon": nothing_open()})


async def _work(
    settings: Settings, store: Store, request: Request, opened: Opened, planned: Plan, worker: Worker
) -> Plan:
    """Work in rounds: first what is due, then what that left to mend. Return the plan of all of it."""
    whole, turns, began = planned, MOST_REPAIRS, settings.clock.now()
    for round_ in range(MOST_ROUNDS):
        with settings.clock.in_flight():
            shut, open_before = await store.accounts.closed_sources(settings.accounts), opened.opens
            wanted = await _write_down(settings, store, request, opened, planned)
        # Another run may have written down meanwhile what we want as well: then we wait for it.
        if round_ and not planned.pulls and set(wanted) <= set(worker.wanted):
            break
        worker.wanted = wanted
        await worker.work()
        if worker.stop.is_set():
            break
        # What a source that has been closed was to bring goes through the next one, and what a marketplace was asked
        # for with without it; else only mending is left.
        opened = opened.narrowed(worker.worked.opens)
        with settings.clock.in_flight():
            same_ways = await store.accounts.closed_sources(settings.accounts) == shut
            repairs = same_ways and opened.opens == open_before
            rest = replace(request, answered_since=began, repairs=repairs)
            planned = await _plan(settings, store, rest, opened)
        if repairs:
            planned = replace(planned, pulls=planned.pulls[:turns])
            turns -= len(planned.pulls)
        whole = _together(whole, planned)
    return whole


def _together(first: Plan, then: Plan) -> Plan:
    return replace(
        first,
        pulls=(*first.pulls, *then.pulls),
        unreachable=then.unreachable or first.unreachable,
        extras_closed=then.extras_closed or first.extras_closed,
    )


async def _write_down(
    settings: Settings, store: Store, request: Request, opened: Opened, planned: Plan
) -> Sequence[int]:
    """Write the questions down. Return their lines in the ledger, and those already open for these scopes."""
    creation = [creation_buckets(p.source, p.box.account, settings.quotas) for p in planned.pulls]
    ids = await store.ledger.plan(planned.pulls, creation)
    scopes = [place.scope for place in opened.places(request.datasets)]
    return [*ids, *await open_pulls(store.pool, [d.name for d in request.datasets], scopes)]


async def _plan(settings: Settings, store: Store, request: Request, opened: Opened) -> Plan:
    now = settings.clock.now()
    known = await read_coverage(store.pool, [d.name for d in CATALOG], now)
    means = Means(
        opens=opened.places(request.datasets),
        shut=await store.accounts.closed_sources(settings.accounts),
        limits=await store.accounts.limits(),
        buckets={bucket.key: bucket for bucket in await store.buckets.read()},
        quotas=settings.quotas,
        open_questions=open_questions(await store.ledger.slots()),
        # Mending goes a complete way: it asks for no ASIN by name.
        asins={} if request.repairs else await known_asins(store.pool, now.date() - _SELLING),
    )
    return plan(request, means, known, now)


def open_questions(slots: Mapping[str, int]) -> dict[tuple[str, str], int]:
    """Return how many questions may be under way, by slot and account."""
    found = ((key.partition("@"), most) for key, most in slots.items())
    return {(slot, account): most for (slot, _, account), most in found}


async def hire(
    settings: Settings, store: Store, asked: Correspondents, opened: Opened, name: str, observer: Observer,
    stop: asyncio.Event,
) -> Worker:  # fmt: skip
    """Return a worker for the accounts that are open, with nothing to do yet."""
    every = (*CATALOG, *LISTINGS)
    datasets = {one.name: one for one in every}
    sources = {source.name: source for source in SOURCES}
    accounts = sorted(set(opened.opens.values()))
    slots = {slot_key(s.slot, account): settings.open_queries for s in SOURCES if s.slot for account in accounts}
    await store.ledger.define_slots({key: most for key, most in slots.items() if key})
    ending = Ending(
        ledger=store.ledger,
        archive=store.archive,
        documents=store.documents,
        loader=Loader(datasets=datasets, sources=sources, fits=await fits_of(store.pool, [d.table for d in every])),
        clock=settings.clock,
        known_accounts=store.accounts,
        sources=sources,
    )
    puller = Puller(
        drivers=asked.drivers,
        ledger=store.ledger,
        ending=ending,
        clock=settings.clock,
        accounts={account.key: account for account in (*settings.accounts, PUBLIC)},
        sources=sources,
    )
    return Worker(
        name=name,
        amazon=asked.amazon,
        puller=puller,
        ledger=store.ledger,
        accounts=store.accounts,
        clock=settings.clock,
        open=[*accounts, PUBLIC.key],
        wanted=(),
        observer=observer,
        stop=stop,
        worked=Worked(faults=dict(opened.faults)),
    )


def _has_settled(s: Slice, now: datetime) -> bool:
    place = place_of(s.scope)
    return place is None or dataset(s.dataset).settles_at(s.day, place.zone) <= now


def _slices(planned: Plan) -> list[Slice]:
    """Return what was wanted: what was asked for, and what a pull of an earlier run was open for."""
    return list(dict.fromkeys((*(s for p in planned.pulls for s in p.slices), *planned.under_way)))


def nothing_open() -> Fault:
    """Return what to say when no account opens a marketplace of ours."""
    return Fault(
        "No marketplace is open.",
        why="The refresh tokens are accepted, but Amazon lists no marketplace of ours for them.",
        remedy="Look at the marketplaces of the seller account in Seller Central.",
    )
