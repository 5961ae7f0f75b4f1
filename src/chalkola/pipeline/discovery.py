"""Who is open to us: which marketplaces each refresh token opens, and which accounts are closed."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from chalkola.amazon import Amazon, Participation
from chalkola.clock import Clock
from chalkola.datasets import SOURCES
from chalkola.errors import ChalkolaError, LoginFault, Setback, UsageError
from chalkola.marketplaces import MARKETPLACES, Marketplace
from chalkola.pipeline.metering import all_buckets
from chalkola.settings import Account, Settings
from chalkola.store import Store

PARTICIPATIONS_GOOD_FOR = timedelta(hours=6)
WHENEVER_SEEN = timedelta(days=36500)
_WORTH_WAITING_FOR_AN_ACCOUNT = timedelta(minutes=15)


@dataclass(frozen=True, kw_only=True)
class Opened:
    """The marketplaces that the accounts open, each with its account, and the accounts that are closed."""

    opens: Mapping[Marketplace, str]
    faults: Mapping[str, ChalkolaError] = field(default_factory=dict)


async def discover(
    settings: Settings,
    store: Store,
    amazon: Amazon,
    only: Sequence[Marketplace] = (),
    *,
    good_for: timedelta = PARTICIPATIONS_GOOD_FOR,
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
