"""A preflight: everything that a night needs, looked at before it is needed. Judgements are pure, acts are few.

    findings = await check_up(settings, url, day_zone=False)

Amazon is asked, for each account and metered: a login, one call of the Sellers API and one of the Sales API, and at
most one query of Data Kiosk and one list of reports; of the central bank a small file. The database is brought up
to date, and remembers what the accounts open and which sources Amazon has opened.
"""

import asyncio
from collections.abc import Mapping
from datetime import timedelta

from chalkola.amazon import Amazon, open_amazon
from chalkola.datasets import SOURCES
from chalkola.errors import ChalkolaError
from chalkola.marketplaces import Marketplace
from chalkola.pipeline.checkup.clocks import heard_dates, judge_clock
from chalkola.pipeline.checkup.database import check_database, judge_failure
from chalkola.pipeline.checkup.finding import Area, Finding, Level, is_well
from chalkola.pipeline.checkup.keeping import check_archive
from chalkola.pipeline.checkup.marketplaces import Login, check_login, judge_wanted
from chalkola.pipeline.checkup.quotas import judge_quotas, judge_slots
from chalkola.pipeline.checkup.rates import check_rates
from chalkola.pipeline.checkup.sources import Visit, check_sources
from chalkola.pipeline.checkup.upkeep import judge_ages, judge_alerts, judge_credentials
from chalkola.pipeline.checkup.zones import compare, judge_zones
from chalkola.pipeline.metering import all_buckets
from chalkola.settings import Account, Settings
from chalkola.store import Store, open_store
from chalkola.store.checks import Evidence, read_evidence
from chalkola.store.day_zones import read_day_zones

__all__ = ["Area", "Finding", "Level", "check_up", "is_well"]


async def check_up(settings: Settings, url: str, *, day_zone: bool = False) -> list[Finding]:
    """Return everything found, in the order of `Area`. What cannot be looked at is a finding, not an error."""
    credentials = judge_credentials(settings)
    findings = [credentials, *judge_ages(settings, settings.clock.now().date())]
    dates: list[timedelta] = []
    ahead: timedelta | None = None
    rates: Finding | None = None
    try:
        async with open_store(settings, url) as store:
            of_database, facts = await check_database(settings, store, url)
            findings += [*of_database, await check_archive(settings, store.archive)]
            if facts:
                ahead = facts.ahead
            if facts and credentials.level is not Level.FAULT:
                findings += await _ask_amazon(settings, store, dates, day_zone=day_zone)
            async with store.recorder.recording() as note:
                rates = await check_rates(settings, on_call=note)
    except ChalkolaError as error:
        findings.append(judge_failure(error))
    findings.append(rates or await check_rates(settings))
    return [*findings, judge_alerts(settings), judge_clock(dates, ahead)]


async def _ask_amazon(settings: Settings, store: Store, dates: list[timedelta], *, day_zone: bool) -> list[Finding]:
    """Look at every account at once; `dates` hears how far ahead of ours Amazon's clock is."""
    configured = all_buckets([account.key for account in settings.accounts], SOURCES, settings.quotas)
    await store.buckets.define(configured)
    evidence = await read_evidence(store.pool)
    async with store.recorder.recording() as note, open_amazon(settings, store.buckets, on_call=note) as amazon:
        with heard_dates(amazon.transport.client, dates):
            visits = (_visit(settings, store, amazon, one, evidence, day_zone=day_zone) for one in settings.accounts)
            visited = await asyncio.gather(*visits)
    opens = {account.key: login.opens for account, login in zip(settings.accounts, visited, strict=True)}
    findings = [finding for login in visited for finding in login.findings] + judge_wanted(settings, opens)
    now = settings.clock.now()
    findings += judge_quotas(configured, await store.buckets.read(), SOURCES, settings.quotas, now)
    findings += judge_slots(await store.ledger.slots(), settings.open_queries)
    return sorted([*findings, *judge_zones(await read_day_zones(store.pool))], key=lambda f: _ORDER.index(f.area))


async def _visit(
    settings: Settings, store: Store, amazon: Amazon, account: Account,
    evidence: Mapping[tuple[str, str], Evidence], *, day_zone: bool,
) -> Login:  # fmt: skip
    """Look at one account: its login, its sources, and where asked for the zones of its days."""
    with settings.clock.in_flight():
        login = await check_login(store, amazon, account)
        if not login.opens:
            return login
        wanted = _wanted(settings, login.opens)
        visit = Visit(
            store=store, amazon=amazon, account=account, m=wanted[0], evidence=evidence, now=settings.clock.now()
        )
        findings = [*login.findings, *await check_sources(visit)]
        if day_zone:
            findings += await compare(store, amazon, account, wanted, settings.clock)
    return Login(opens=login.opens, findings=tuple(findings))


def _wanted(settings: Settings, opens: tuple[Marketplace, ...]) -> tuple[Marketplace, ...]:
    return tuple(m for m in opens if m in settings.marketplaces) or opens


_ORDER = tuple(Area)
