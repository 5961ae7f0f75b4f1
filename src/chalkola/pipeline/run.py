"""A run: who is open to us, what is due, and a worker that does it."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from chalkola.amazon import Amazon, Participation, open_amazon
from chalkola.clock import Clock
from chalkola.datasets import CATALOG, SOURCES
from chalkola.datasets.model import Slice
from chalkola.errors import ChalkolaError, Fault, LoginFault, Setback, UsageError
from chalkola.marketplaces import MARKETPLACES, Marketplace
from chalkola.pipeline.load import Loader
from chalkola.pipeline.metering import all_buckets, creation_buckets
from chalkola.pipeline.plan import Plan, Request, is_late, plan
from chalkola.pipeline.pull import Puller
from chalkola.pipeline.worker import Observer, Worked, Worker
from chalkola.settings import Account, Settings
from chalkola.store.accounts import Accounts
from chalkola.store.archive import Archive
from chalkola.store.buckets import Buckets
from chalkola.store.connection import Pool, open_pool
from chalkola.store.ledger import Ledger, Line
from chalkola.store.lines import read_coverage, read_lines
from chalkola.store.migrate import ensure_marketplaces
from chalkola.store.presence import dead, presence
from chalkola.store.survey import fits_of

_PARTICIPATIONS_GOOD_FOR = timedelta(hours=6)
_WORTH_WAITING_FOR_AN_ACCOUNT = timedelta(minutes=15)
_WHENEVER_SEEN = timedelta(days=36500)


@dataclass(frozen=True, kw_only=True)
class Store:
    """Everything that a run keeps, over one pool of connections."""

    pool: Pool
    ledger: Ledger
    buckets: Buckets
    accounts: Accounts


@asynccontextmanager
async def open_store(settings: Settings, url: str) -> AsyncIterator[Store]:
    """Give the store at a database's address. Raises `DatabaseGone`."""
    async with open_pool(url) as pool:
        yield Store(
            pool=pool,
            ledger=Ledger(pool, settings.clock),
            buckets=Buckets(pool, settings.clock),
            accounts=Accounts(pool, settings.clock),
        )


@dataclass(frozen=True, kw_only=True)
class Opened:
    """The marketplaces that the accounts open, each with its account, and the accounts that are closed."""

    opens: Mapping[Marketplace, str]
    faults: Mapping[str, ChalkolaError] = field(default_factory=dict)


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
        with presence(settings.home) as name:
            worker = await _hire(settings, store, amazon, opened, ids, name, observer, stop)
            worked = await worker.work()
        lines = await read_lines(store.pool, _slices(planned))
    return Report(plan=planned, worked=worked, lines=tuple(lines), began=began, finished=clock.now())


async def look_ahead(
    settings: Settings, store: Store, request: Request, *, only: Sequence[Marketplace] = ()
) -> tuple[Opened, Plan]:
    """Return what `pull` would ask now. Asks Amazon nothing but, where it was never seen, what the accounts open."""
    async with open_amazon(settings, store.buckets) as amazon:
        opened = await discover(settings, store, amazon, only, good_for=_WHENEVER_SEEN)
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


async def discover(
    settings: Settings,
    store: Store,
    amazon: Amazon,
    only: Sequence[Marketplace] = (),
    *,
    good_for: timedelta = _PARTICIPATIONS_GOOD_FOR,
) -> Opened:
    """Return which marketplaces the refresh tokens open, all accounts at once.

    What Amazon said about an account within `good_for` is believed without asking again. An account whose login
    fails is closed alone. Raises `UsageError` when a marketplace asked for is not open.
    """
    accounts = settings.accounts
    await store.buckets.define(all_buckets([a.key for a in accounts], SOURCES, settings.quotas))
    answers = await asyncio.gather(*(_opened_by(store, amazon, settings, a, good_for) for a in accounts))
    opens: dict[Marketplace, str] = {}
    faults: dict[str, ChalkolaError] = {}
    for account, answer in zip(accounts, answers, strict=True):
        if isinstance(answer, ChalkolaError):
            faults[account.key] = answer
        else:
            opens |= dict.fromkeys(answer, account.key)
    wanted = tuple(only) or settings.marketplaces
    if missing := [m.code for m in wanted if m not in opens and not faults]:
        raise UsageError(
            f"No refresh token opens {', '.join(missing)}.",
            remedy=f"Open are: {' '.join(m.code for m in MARKETPLACES if m in opens) or 'none'}.",
        )
    in_order = {m: opens[m] for m in MARKETPLACES if m in opens and (not wanted or m in wanted)}
    return Opened(opens=in_order, faults=faults)


async def _opened_by(
    store: Store, amazon: Amazon, settings: Settings, account: Account, good_for: timedelta
) -> tuple[Marketplace, ...] | ChalkolaError:
    known = await store.accounts.recall(account)
    fresh = settings.clock.now() - good_for
    if known and known.same_token and not known.fault and known.seen_at and known.seen_at > fresh:
        return _marketplaces(account, known.marketplaces)
    try:
        answers = await _asked(amazon, account, settings.clock, patient=not (known and known.marketplaces))
    except LoginFault as fault:
        await store.accounts.refused(account, str(fault))
        return fault
    except Setback as setback:
        return _marketplaces(account, known.marketplaces) if known and known.marketplaces else setback
    except ChalkolaError as fault:
        return fault
    ids = [answer.amazon_id for answer in answers if answer.is_participating]
    await store.accounts.opened(account, ids)
    return _marketplaces(account, ids)


async def _asked(amazon: Amazon, account: Account, clock: Clock, *, patient: bool) -> tuple[Participation, ...]:
    """Return what an account opens. Where that was never known, an outage is waited out: without an answer nothing of
    the account can be asked. Raises what the call raises, `Setback` when the outage lasts."""
    gives_up = clock.now() + (_WORTH_WAITING_FOR_AN_ACCOUNT if patient else timedelta())
    while True:
        try:
            with clock.in_flight():
                return await amazon.participations(account)
        except Setback as setback:
            if setback.until > gives_up:
                raise
            await clock.sleep_until(setback.until)


def _marketplaces(account: Account, ids: Sequence[str]) -> tuple[Marketplace, ...]:
    """Return the marketplaces of our table among `ids`; an account keyed by a marketplace opens that one alone."""
    found = (m for m in MARKETPLACES if m.amazon_id in ids)
    return tuple(m for m in found if account.only in (None, m))


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
