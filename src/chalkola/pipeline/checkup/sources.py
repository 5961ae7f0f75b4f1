"""Which sources are open to an account, each role by one harmless call. Closed ones are tried again.

Data Kiosk      one query for one day, taken back at once; none where Amazon accepted a question within a week
Reports         the list of reports (getReports); a report itself is too dear, so the next run tries it
Lists           none: what a run has found is said
Sales           the orders of yesterday (getOrderMetrics)
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from textwrap import shorten

from chalkola.amazon import Amazon
from chalkola.datasets import CATALOG, SOURCES
from chalkola.datasets.daily_totals_by_date import BY_DATE_QUERY
from chalkola.datasets.model import Box, Past, Source
from chalkola.errors import ChalkolaError, Setback, SourceClosed
from chalkola.marketplaces import Marketplace
from chalkola.periods import ONE_DAY, today
from chalkola.pipeline.checkup.finding import ROLES, Area, Finding, Level, from_error
from chalkola.settings import Account
from chalkola.store import Store
from chalkola.store.checks import Evidence, open_source, try_again

PROOF_GOOD_FOR = timedelta(days=7)
_LONGEST_REASON = 300  # a refusal of Data Kiosk's lists every field
_LONG_AGO = timedelta(days=100)  # a day that no night asks for: it would take our query for its own
_NAMES = {"data_kiosk": "Data Kiosk", "reports": "The Reports API"}
_OF_LISTS = tuple(source for dataset in CATALOG if dataset.past is Past.GONE for source in dataset.sources)
"""Other roles open them than sales and traffic, of which they say nothing."""


@dataclass(frozen=True, kw_only=True)
class Visit:
    """One account's sources, and what is at hand to look at them."""

    store: Store
    amazon: Amazon
    account: Account
    m: Marketplace
    evidence: Mapping[tuple[str, str], Evidence]
    now: datetime

    def known(self, sources: Sequence[Source]) -> list[Evidence]:
        """Return what is known of those of `sources` that were ever asked."""
        found = (self.evidence.get((self.account.key, source.name)) for source in sources)
        return [one for one in found if one is not None]

    @property
    def box(self) -> Box:
        """The smallest question: one day of one marketplace."""
        day = today(self.now - _LONG_AGO, self.m.zone)
        return Box(account=self.account.key, marketplaces=(self.m,), first=day, last=day)

    def finding(self, level: Level, what: str, *, why: str = "", remedy: str = "", where: str = "") -> Finding:
        """Return a finding about this account."""
        return Finding(
            area=Area.ACCOUNT, level=level, what=what, why=why, remedy=remedy, where=where, account=self.account.key
        )


async def check_sources(visit: Visit) -> list[Finding]:
    """Return what is open. A fault is only what leaves no way to ask."""
    found = [await _family(visit, "data_kiosk", _ask_data_kiosk), await _family(visit, "reports", _list_reports)]
    return [*judge_ways(found), *await _lists(visit), await _sales(visit)]


def judge_ways(found: Sequence[Finding]) -> list[Finding]:
    """Return the findings about the ways to sales and traffic; beside one that is open, a closed one is no fault."""
    if not any(finding.level is Level.OK for finding in found):
        return list(found)
    return [_eased(finding) if finding.level is Level.FAULT else finding for finding in found]


def _eased(finding: Finding) -> Finding:
    why = f"{finding.why} Data comes in by the other way to these figures; Data Kiosk is much the faster of the two."
    return replace(finding, level=Level.WARNING, why=why)


_Try = Callable[[Visit, Sequence[Source], Sequence[Evidence]], Awaitable[Finding]]


async def _family(visit: Visit, driver: str, attempt: _Try) -> Finding:
    """Look at all sources of one driver together: it is the account's role in that API that opens them."""
    name, sources = _NAMES[driver], [s for s in SOURCES if s.driver == driver and s not in _OF_LISTS]
    known = visit.known(sources)
    closed = [one for one in known if one.closed_at]
    asked_at = max((one.ticketed_at for one in known if one.ticketed_at), default=None)
    if not closed and asked_at and asked_at > visit.now - PROOF_GOOD_FOR:
        what = f"{name} is open: Amazon accepted a question on {asked_at:%Y-%m-%d}."
        return visit.finding(Level.OK, what)
    try:
        return await attempt(visit, sources, closed)
    except Setback as setback:
        for one in closed:
            await try_again(visit.store.pool, one.account, one.source)
        remedy = "The next run tries it." if closed else "Nothing to do: the next run will see."
        what = f"{name} cannot be tried now."
        return visit.finding(Level.WARNING, what, why=str(setback), remedy=remedy)
    except SourceClosed as refused:
        what = f"{name} is closed to this account: {', '.join(source.name for source in sources)}."
        why = shorten(refused.why, _LONGEST_REASON, placeholder="…")
        return visit.finding(Level.FAULT, what, why=why, remedy=refused.remedy, where=ROLES)
    except ChalkolaError as error:
        return from_error(Area.ACCOUNT, Level.WARNING, error, account=visit.account.key)


async def _ask_data_kiosk(visit: Visit, sources: Sequence[Source], closed: Sequence[Evidence]) -> Finding:
    driver = visit.amazon.driver("data_kiosk")
    try:
        ticket = await driver.ask(visit.account, BY_DATE_QUERY.question(visit.box), paid=False, buckets=())
    except SourceClosed as refused:
        for source in sources:
            await visit.store.accounts.close_source(visit.account, source.name, str(refused))
            await visit.store.accounts.alert("source closed", f"{source.name} {visit.account.key}", str(refused))
        raise
    for one in closed:
        await open_source(visit.store.pool, one.account, one.source, visit.now)
    with suppress(ChalkolaError):  # one that is not taken back lies there for 30 days and hurts nobody
        await driver.cancel(visit.account, ticket)
    again = f"open again: {_names(closed)}" if closed else "open"
    return visit.finding(Level.OK, f"Data Kiosk is {again}. A query for one day was accepted, and taken back.")


async def _list_reports(visit: Visit, sources: Sequence[Source], closed: Sequence[Evidence]) -> Finding:
    driver = visit.amazon.driver("reports")
    await driver.find(visit.account, sources[0].question(visit.box), since=visit.now - timedelta(minutes=1))
    if not closed:
        return visit.finding(Level.OK, "The Reports API answers; no report was asked for, since they are few.")
    for one in closed:
        await try_again(visit.store.pool, one.account, one.source)
    return visit.finding(
        Level.WARNING,
        f"Amazon has refused {_names(closed)}, and lists its reports now.",
        why=f"It was closed with these words: {closed[0].reason} Reports are few, so none was spent on trying.",
        remedy="The next run tries it, and `chalkola status` shows how that went.",
    )


async def _lists(visit: Visit) -> list[Finding]:
    """Return what is closed of that which no night needs. It is asked for once a week, so none is spent on trying."""
    found = [one for one in visit.known(_OF_LISTS) if one.closed_at]
    for one in found:
        await try_again(visit.store.pool, one.account, one.source)
    return [
        visit.finding(
            Level.WARNING, f"Amazon has refused {one.source}.", why=f"It was closed with these words: {one.reason}",
            remedy="Nights are complete without it. The next run tries it; `chalkola status` shows how that went.",
            where=ROLES,
        )
        for one in found
    ]  # fmt: skip


async def _sales(visit: Visit) -> Finding:
    """Try the Sales API. Its roles: developer-docs.amazon.com/sp-api/docs/sales-api-v1-model."""
    day = today(visit.now, visit.m.zone) - ONE_DAY
    try:
        await visit.amazon.order_metrics(visit.account, visit.m.amazon_id, day, day, visit.m.zone)
    except SourceClosed as refused:
        return visit.finding(
            Level.NOTE, "The Sales API is closed.",
            why=f"{refused.why} It is needed only for `chalkola doctor --day-zone`.",
            remedy="To use it, add the role Inventory and Order Tracking, or Product Listing, to the developer"
            " profile and to the app, and authorise the app again.",
            where=ROLES,
        )  # fmt: skip
    except Setback as setback:
        return visit.finding(Level.NOTE, "The Sales API cannot be tried now.", why=str(setback))
    except ChalkolaError as error:
        return from_error(Area.ACCOUNT, Level.WARNING, error, account=visit.account.key)
    return visit.finding(Level.OK, "The Sales API is open: it gave yesterday's orders.")


def _names(closed: Sequence[Evidence]) -> str:
    return ", ".join(one.source for one in closed)
