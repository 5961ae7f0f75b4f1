"""The facts that the rules look at, read from the ledger and from the settings."""

import shutil
from collections.abc import Sequence
from datetime import timedelta

from chalkola.datasets import CATALOG, SOURCES
from chalkola.marketplaces import MARKETPLACES, Marketplace, by_scope
from chalkola.pipeline.checkup.quotas import other_rates
from chalkola.pipeline.checkup.room import is_supabase
from chalkola.pipeline.health.days import NEEDED
from chalkola.pipeline.health.model import Health, Opened, Room
from chalkola.pipeline.health.outages import HISTORY_RANK
from chalkola.pipeline.health.thresholds import Chosen
from chalkola.pipeline.metering import all_buckets
from chalkola.settings import Account, Settings
from chalkola.store import Store
from chalkola.store.alerts import read_unheard
from chalkola.store.health import (
    FirstLoaded,
    read_first_loaded,
    read_notes,
    read_pace,
    read_restatements,
    read_waiting,
)
from chalkola.store.lines import Coverage, read_coverage
from chalkola.store.overview import KnownAccount, read_accounts

_EVENTS_SHOWN = timedelta(days=7)
"""How long a restatement, an unknown field, or a document that is too large counts as present."""
_LAGS_OF = timedelta(days=21)
_LONGEST_LAG = timedelta(hours=36)
"""A day that came in later was caught up with: it says nothing about the usual hour."""


async def read_health(settings: Settings, store: Store, channels: Sequence[str], chosen: Chosen) -> Health:
    """Return the facts as they are now, and what was `chosen` of the rules. `channels` are those by which people are
    told."""
    now, pool = settings.clock.now(), store.pool
    accounts = _accounts(settings, await read_accounts(pool))
    scopes = [m.scope for account in accounts for m in account.marketplaces]
    names, since = [dataset.name for dataset in NEEDED], now.date() - _LAGS_OF
    coverage = await read_coverage(pool, [dataset.name for dataset in CATALOG], now)
    configured = all_buckets([account.key for account in settings.accounts], SOURCES, settings.quotas)
    return Health(
        now=now,
        chosen=chosen,
        accounts=accounts,
        lost=lost(settings, accounts, coverage),
        coverage=coverage,
        lags=lags(await read_first_loaded(pool, names, scopes, since)),
        # What was left open of marketplaces that are not ours any more waits for nothing.
        waiting=tuple(one for one in await read_waiting(pool) if not set(scopes).isdisjoint(one.scopes)),
        restatements=tuple(await read_restatements(pool, now - _EVENTS_SHOWN)),
        notes=tuple(await read_notes(pool, now - _EVENTS_SHOWN)),
        rates=tuple(other_rates(configured, await store.buckets.read())),
        slots=await store.ledger.slots(),
        slots_configured=settings.open_queries,
        pace=await read_pace(pool, HISTORY_RANK),
        room=_room(settings),
        secret_created=settings.secret_created,
        authorized=settings.authorized,
        repository_active=settings.repository_active,
        unheard=tuple(one for one in await read_unheard(pool) if one.channel in channels),
        unkept=tuple(await store.documents.unkept(now - _EVENTS_SHOWN)) if settings.archive else (),
    )


def lags(loaded: Sequence[FirstLoaded]) -> dict[str, tuple[timedelta, ...]]:
    """Return, by scope, how long after it had settled each day came in."""
    found: dict[str, list[timedelta]] = {}
    for one in loaded:
        m = by_scope(one.scope)
        if m is not None:
            lag = one.at - max(dataset.settles_at(one.day, m.zone) for dataset in NEEDED)
            if timedelta() <= lag <= _LONGEST_LAG:
                found.setdefault(one.scope, []).append(lag)
    return {scope: tuple(some) for scope, some in found.items()}


def lost(settings: Settings, accounts: Sequence[Opened], coverage: Coverage) -> tuple[Marketplace, ...]:
    """Return the marketplaces that are wanted, of which Amazon gave us days within the last month, and which no
    account opens any more; none while an account was never seen, for it may open them."""
    if {account.key for account in settings.accounts} - {account.key for account in accounts}:
        return ()
    opened = {m for account in accounts for m in account.marketplaces}
    came = {scope for (_, scope), known in coverage.items()
            if any(line.row_count and line.source in _ASKED for line in known.recent.values())}  # fmt: skip
    wanted = settings.marketplaces or MARKETPLACES
    return tuple(m for m in wanted if m not in opened and m.scope in came)


_ASKED = frozenset(source.name for source in SOURCES)
"""The sources that ask Amazon: what was imported or found says nothing of what it opens."""


def _accounts(settings: Settings, known: Sequence[KnownAccount]) -> tuple[Opened, ...]:
    """Return what is known of our accounts. A marketplace that several open is the last one's, as in a run."""
    seen = {one.account: one for one in known}
    ours = [(account, seen[account.key]) for account in settings.accounts if account.key in seen]
    owner = {
        m: account.key for account, one in ours for m in MARKETPLACES
        if m.amazon_id in one.marketplaces and _is_wanted(settings, account, m)
    }  # fmt: skip
    return tuple(
        Opened(
            key=account.key, marketplaces=tuple(m for m in MARKETPLACES if owner.get(m) == account.key),
            fault=one.fault, closed=one.closed,
        )
        for account, one in ours
    )  # fmt: skip


def _is_wanted(settings: Settings, account: Account, m: Marketplace) -> bool:
    return account.only in (None, m) and (not settings.marketplaces or m in settings.marketplaces)


def _room(settings: Settings) -> Room:
    if address := settings.database_url or (settings.supabase and settings.supabase.url):
        return Room(on_supabase=is_supabase(address), free_bytes=None)
    free = shutil.disk_usage(settings.home).free if settings.home.exists() else None
    return Room(on_supabase=False, free_bytes=free)
