"""Who is open to us: which marketplaces each refresh token opens, and which accounts are closed."""

import asyncio
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

from chalkola.amazon import Amazon, Participation
from chalkola.clock import Clock
from chalkola.datasets import SOURCES
from chalkola.datasets.model import Dataset
from chalkola.errors import ChalkolaError, Fault, LoginFault, Setback, UsageError
from chalkola.marketplaces import MARKETPLACES, WORLD, Marketplace, Place
from chalkola.pipeline.closing import note_opened
from chalkola.pipeline.metering import all_buckets
from chalkola.settings import PUBLIC, Account, Settings
from chalkola.store import Store

PARTICIPATIONS_GOOD_FOR = timedelta(hours=6)
WHENEVER_SEEN = timedelta(days=36500)
_WORTH_WAITING_FOR_AN_ACCOUNT = timedelta(minutes=15)


@dataclass(frozen=True, kw_only=True)
class Opened:
    """The marketplaces that the accounts open, each with its account, and the accounts that are closed."""

    opens: Mapping[Marketplace, str]
    faults: Mapping[str, ChalkolaError] = field(default_factory=dict)
    """By account, or by the scope of a marketplace that the settings name and no account opens."""

    def narrowed(self, opens: Mapping[str, Collection[str]]) -> "Opened":
        """Return it after these accounts have turned out to open no other marketplaces, given by Amazon's ids."""
        left = {m: account for m, account in self.opens.items() if m.amazon_id in opens.get(account, (m.amazon_id,))}
        return replace(self, opens=left)

    def places(self, datasets: Iterable[Dataset]) -> dict[Place, str]:
        """Return all that these datasets can be asked about, each with the account: the world needs none."""
        found: dict[Place, str] = {}
        found.update((m, account) for m, account in self.opens.items())
        if any(dataset.of_the_world for dataset in datasets):
            found[WORLD] = PUBLIC.key
        return found


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
    fails is closed alone, and so is a marketplace of the settings that is not open. Raises `UsageError` when one of
    `only` is not.
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
    missing = [m for m in wanted if m not in opens] if not faults else []
    if missing and only:
        raise UsageError(
            f"No refresh token opens {', '.join(m.code for m in missing)}.",
            remedy=f"Open are: {' '.join(m.code for m in MARKETPLACES if m in opens) or 'none'}.",
        )
    # What the settings name may be closed by Amazon any night: the others go on.
    faults |= {m.scope: not_open(m) for m in missing}
    in_order = {m: opens[m] for m in MARKETPLACES if m in opens and (not wanted or m in wanted)}
    return Opened(opens=in_order, faults=faults)


def not_open(m: Marketplace) -> Fault:
    """Return what to say of a marketplace that the settings name and no account opens."""
    return Fault(
        f"CHALKOLA_MARKETPLACES names {m.code}, and no refresh token opens it.",
        why="Nothing can be asked for it.",
        remedy=f"Take {m.code} out of CHALKOLA_MARKETPLACES, or authorise the app for its account and set the token"
        f" as SP_REFRESH_TOKEN_{m.region} or SP_REFRESH_TOKEN_{m.code}.",
    )


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
    await note_opened(store, account, ids)
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
