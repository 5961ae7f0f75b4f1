"""(e) A night in Amazon's time: 1,064 children in twelve marketplaces, by a clock that jumps over the waits.

The simulated Amazon runs in this process, with its quotas and three questions of a kind under way at once. Its
questions all take equally long (the simulator's spread is switched off), so that the bound is exact. It is the
largest, over the accounts, of what each of these alone allows, for the questions that were asked:

    creations   the bucket's refill for all but the burst, then processing
    slots       the questions of a kind in rounds of three
    documents   processing, then the bucket's refill for all but the burst

What is measured is the run's own begin and end: the buckets are full when it begins.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from measuring import copied_database, fresh_database, keep_as, table
from ours import Nobody, close_data_kiosk

from amazon_simulator import ReportTypeQuota, Simulator, SimulatorSettings, report_book
from amazon_simulator.journal import QueryEntry
from chalkola.amazon.operations import OPERATIONS
from chalkola.clock import JumpingClock
from chalkola.datasets import DAILY
from chalkola.pipeline.plan import Request
from chalkola.pipeline.run import Report, pull
from chalkola.settings import Settings, read_settings
from chalkola.store import Store, open_store

_BEGIN = datetime(2026, 11, 20, 2, tzinfo=UTC)
_DAY = timedelta(days=1)
_TWO_WEEKS = 14 * _DAY
_RESTATED = 0.02
_PROCESSING = (60, 120, 180)
_SLOTS = 3
_MOST_CREATIONS = 60
_NO_QUOTAS = ";".join(f"{name}=1000000/1s" for name in (*OPERATIONS, "sales_and_traffic.report"))
_REPORT = "createReport"
_CHILDREN, _PARENTS, _TRENDS, _TOTALS = "by ASIN", "by parent", "trends", "by date"
_NAMES = {_CHILDREN: "children by ASIN", _PARENTS: "parents by ASIN", _TRENDS: "trends", _TOTALS: "totals by date"}
_SLOT_OF = {_CHILDREN: "by ASIN", _PARENTS: "by ASIN", _TRENDS: "trends", _TOTALS: "by date"}
"""By the kind of a question the name of the query: of each an account may have three under way."""
_PREPARED = "two_weeks"
_TWO_READINGS = {
    "1 in 15 min for the app": ("1/15min,daily=96,scope=app", ReportTypeQuota()),
    "3 in 5 min for each account": ("3/5min,scope=account", ReportTypeQuota.parse("3/5min,scope=account")),
}


@dataclass(frozen=True, kw_only=True)
class Night:
    """What was asked, by kind and account; how long it took, and how long it had to take."""

    asked: Counter[tuple[str, str]]
    measured: timedelta
    bound: timedelta
    bound_by: str
    late: int

    @property
    def ratio(self) -> float:
        return self.measured / self.bound

    def count(self, *kinds: str) -> int:
        """Return how many questions of these kinds were asked."""
        return sum(n for (kind, _), n in self.asked.items() if not kinds or kind in kinds)


def measure(url: str, folder: Path, *, small: bool) -> str:
    """Return the table."""
    spread, report_book._SPREAD = report_book._SPREAD, 0.0  # every question takes as long as the median
    try:
        return _measure(url, folder, small=small)
    finally:
        report_book._SPREAD = spread


def _measure(url: str, folder: Path, *, small: bool) -> str:
    size = {"parents": 21, "children": 106} if small else {"parents": 210, "children": 1064}
    processing = _PROCESSING[:1] if small else _PROCESSING
    rows = []
    for seconds in processing:
        with fresh_database(url, "night") as database:
            night = _measured(database, folder, _BEGIN, {**size, "processing_seconds": seconds})
        rows.append(_row("e1: Data Kiosk open, first night", seconds, night))
    _prepare(url, folder, size)
    for seconds in processing:
        with copied_database(url, "night", _PREPARED) as database:
            night = _measured(
                database, folder, _BEGIN + _DAY, {**size, "processing_seconds": seconds, "restated": _RESTATED}
            )
        rows.append(_row("e2: two weeks read again", seconds, night, "1.15"))
    for name, (ours, theirs) in _TWO_READINGS.items():
        with fresh_database(url, "night") as database:
            chosen = {**size, "processing_seconds": processing[0], "report_type_quota": theirs}
            env = {"CHALKOLA_QUOTAS": f"sales_and_traffic.report={ours}"}
            night = _measured(database, folder, _BEGIN, chosen, env, kiosk=False, quota=theirs)
        rows.append(_row(f"e3: Data Kiosk closed, {name}", processing[0], night, "1.10"))
    return table(
        f"(e) a night of 12 marketplaces, {size['parents']} parents, {size['children']:,} children; Amazon's time",
        ["night", "a question takes", "asked", "bound", "by", "measured", "ratio", "limit"],
        rows,
        f"Asked: {' + '.join(_NAMES.values())}; or reports. Limit of creations in e2: {_MOST_CREATIONS}.",
    )


def _row(name: str, seconds: float, night: Night, limit: str = "") -> list[str]:
    asked = " + ".join(str(night.count(kind)) for kind in _NAMES)
    return [
        name, f"{seconds:g} s", str(night.count(_REPORT) or f"{asked} = {night.count()}"), _shown(night.bound),
        night.bound_by, f"**{_shown(night.measured)}**" + (f", {night.late} late" if night.late else ""),
        f"**{night.ratio:.3f}**", limit,
    ]  # fmt: skip


def _shown(span: timedelta) -> str:
    minutes, seconds = divmod(round(span.total_seconds()), 60)
    return f"{minutes} min {seconds:02} s"


def _prepare(url: str, folder: Path, size: Mapping[str, int]) -> None:
    """Load two weeks with no quotas and at once, and keep the database as it then is."""
    with fresh_database(url, "preparing") as database:
        asyncio.run(_two_weeks(database, folder, size))
        keep_as(url, "preparing", _PREPARED)


async def _two_weeks(database: str, folder: Path, size: Mapping[str, int]) -> None:
    chosen = {**size, "processing_seconds": 0, "quotas": False, "open_queries": None, "restated": _RESTATED}
    async with _shop(database, folder, _BEGIN, chosen, {"CHALKOLA_QUOTAS": _NO_QUOTAS}) as (settings, store, _):
        pulls = (await _pulled(settings, store)).plan.pulls
        newest = min(p.box.last for p in pulls)
        report = await _pulled(settings, store, Request(datasets=DAILY, first=newest - _TWO_WEEKS, last=newest))
    if report.exit_code:
        raise SystemExit(f"the two weeks before are not there: {report.worked.faults}, {report.late[:3]}")


def _measured(*given: object, **more: object) -> Night:
    return asyncio.run(_night(*given, **more))  # type: ignore[arg-type]


async def _night(
    database: str, folder: Path, begin: datetime, chosen: Mapping[str, object], env: Mapping[str, str] | None = None,
    *, kiosk: bool = True, quota: ReportTypeQuota | None = None,
) -> Night:  # fmt: skip
    async with _shop(database, folder, begin, chosen, env or {}) as (settings, store, amazon):
        if not kiosk:
            await close_data_kiosk(settings, store)
        report = await _pulled(settings, store)
    asked = Counter((_kind(entry), entry.account) for entry in amazon.journal.queries)
    asked.update((_REPORT, entry.account) for entry in amazon.journal.entries)
    bound, by = _bound(asked, timedelta(seconds=float(str(chosen["processing_seconds"]))), quota)
    return Night(
        asked=asked, measured=report.finished - report.began, bound=bound, bound_by=by, late=len(report.late)
    )


def _bound(
    asked: Mapping[tuple[str, str], int], processing: timedelta, quota: ReportTypeQuota | None
) -> tuple[timedelta, str]:
    """Return the least time that these questions can take, and what makes it that."""
    found = [(processing, "processing")]
    for account in {account for _, account in asked}:
        reports = asked.get((_REPORT, account), 0)
        queries = sum(n for (kind, owner), n in asked.items() if owner == account and kind != _REPORT)
        for create, fetch, n in (
            ("createReport", "getReportDocument", reports),
            ("createQuery", "getDocument", queries),
        ):
            found.append((_refill(create, n) + processing, f"{n} × {create} {account}"))
            found.append((_refill(fetch, n) + processing, f"{n} × {fetch} {account}"))
    slots = Counter[tuple[str, str]]()
    for (kind, account), n in asked.items():
        if kind != _REPORT:
            slots[_SLOT_OF[kind], account] += n
    for (slot, account), n in slots.items():
        found.append((-(-n // _SLOTS) * processing, f"{n} × {slot} {account}, {_SLOTS} at once"))
    if quota:
        each = Counter({"app": 0})
        for (_, account), n in asked.items():
            each["app" if quota.scope == "app" else account] += n
        for owner, n in each.items():
            wait = max(0, n - quota.count) * quota.period / quota.count
            found.append((wait + processing, f"{n} reports {owner}"))
    return max(found)


def _kind(entry: QueryEntry) -> str:
    match entry.kind:
        case "salesAndTrafficByAsin":
            return _CHILDREN if entry.aggregate == "CHILD" else _PARENTS
        case "salesAndTrafficTrends":
            return _TRENDS
    return _TOTALS


def _refill(operation: str, turns: int) -> timedelta:
    bucket = OPERATIONS[operation]
    return timedelta(seconds=max(0, turns - bucket.burst) / bucket.rate_per_second)


@asynccontextmanager
async def _shop(
    database: str, folder: Path, begin: datetime, chosen: Mapping[str, object], env: Mapping[str, str]
) -> AsyncIterator[tuple[Settings, Store, Simulator]]:
    clock = JumpingClock(begin)
    async with Simulator(SimulatorSettings(**chosen), clock.now) as amazon:  # type: ignore[arg-type]
        given = {**amazon.env(), "CHALKOLA_HOME": str(folder / "night"), "DATABASE_URL": database, **env}
        settings = replace(read_settings({**given, "CHALKOLA_ARCHIVE": "off"}), clock=clock)
        async with open_store(settings, database) as store:
            yield settings, store, amazon


async def _pulled(settings: Settings, store: Store, request: Request | None = None) -> Report:
    wanted = request or Request(datasets=DAILY)
    return await pull(settings, store, wanted, Nobody(), asyncio.Event())


if __name__ == "__main__":
    raise SystemExit("benchmarks/run.py e")
