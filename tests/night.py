"""A shop on a simulated Amazon, a database, and the nights that fill the one from the other."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
from psycopg.rows import dict_row

import truth
from amazon_simulator import Fault, Simulator, SimulatorSettings
from chalkola.clock import JumpingClock
from chalkola.datasets import CATALOG, DAILY, SOURCES
from chalkola.errors import ChalkolaError
from chalkola.marketplaces import Marketplace, marketplaces
from chalkola.pipeline.backfill import run as backfilling
from chalkola.pipeline.backfill.lacking import Aim
from chalkola.pipeline.backfill.run import Watching
from chalkola.pipeline.ending import Ended
from chalkola.pipeline.plan import Request
from chalkola.pipeline.run import Report, pull
from chalkola.pipeline.work import Bounds, Observer
from chalkola.settings import Settings, Supabase, read_settings
from chalkola.store import Store, open_store
from chalkola.store.pulls import Claimed
from chalkola.store.rest.address import address_of

BEGIN = datetime(2026, 11, 20, 2, tzinfo=UTC)
THREE = ("US", "DE", "JP")
ACCOUNTS = ("NA", "EU", "FE")


class Silent:
    """Watches a run and says nothing."""

    def claimed(self, pull: Claimed) -> None: ...

    def stepped(self, pull: Claimed, ended: Ended | None) -> None: ...

    def waiting(self, until: datetime | None) -> None: ...

    def planned(self, outlook: backfilling.Outlook) -> None: ...


@dataclass(frozen=True, kw_only=True)
class Shop:
    """Everything that a night needs. Amazon's time is the clock's, and stands still between nights."""

    amazon: Simulator
    settings: Settings
    clock: JumpingClock
    store: Store
    url: str
    environment: Mapping[str, str] = field(default_factory=dict)
    """Our settings, but for those that lead to Amazon."""
    reports: list[Report] = field(default_factory=list)

    async def night(
        self,
        *,
        first: date | None = None,
        last: date | None = None,
        again: bool = False,
        early: bool = False,
        only: Sequence[str] = (),
        observer: Observer | None = None,
        stop: asyncio.Event | None = None,
        datasets: Sequence[str] = tuple(d.name for d in DAILY),
        anew: bool = False,
    ) -> Report:
        """Pull what is due, or the days asked for; of sales and traffic alone, unless other datasets are named."""
        wanted = tuple(d for d in CATALOG if d.name in datasets)
        request = Request(datasets=wanted, first=first, last=last or first, again=again, early=early, anew=anew)
        watched, stopped = observer or Silent(), stop or asyncio.Event()
        report = await pull(self.settings, self.store, request, watched, stopped, only=self._marketplaces(only))
        self.reports.append(report)
        return report

    async def backfill(
        self,
        *,
        days: int | None = None,
        datasets: Sequence[str] = ("sales_and_traffic", "daily_totals"),
        only: Sequence[str] = (),
        bounds: Bounds | None = None,
        observer: Watching | None = None,
        stop: asyncio.Event | None = None,
    ) -> backfilling.Report:
        """Fill the newest `days`, or all that Amazon still answers."""
        aim = Aim(datasets=tuple(d for d in CATALOG if d.name in datasets), days=days)
        return await backfilling.backfill(
            self.settings, self.store, aim, observer or Silent(), stop or asyncio.Event(),
            only=self._marketplaces(only), bounds=bounds,
        )  # fmt: skip

    def set(self, **environment: str) -> "Shop":
        """Return the shop after a person has changed its settings; the refresh tokens are Amazon's newest."""
        changed = {**self.environment, **environment}
        settings = replace(read_settings({**self.amazon.env(), **changed}), clock=self.settings.clock)
        return replace(self, settings=settings, environment=changed)

    async def nights(self, count: int) -> list[Report]:
        """Pull on `count` nights in a row, and stop at the same hour of the day after the last."""
        reports = []
        for _ in range(count):
            evening = self.clock.now()
            reports.append(await self.night())
            self.clock.advance(evening + timedelta(days=1) - self.clock.now())
        return reports

    def goes_wrong(self, *faults: Fault) -> None:
        """Set faults up."""
        self.amazon.mischief.add(*faults)

    def newest(self, code: str = "DE") -> date:
        """Return the newest settled day of a marketplace."""
        return truth.newest_settled(code, self.clock.now())

    def newest_days(self, codes: Iterable[str] = THREE) -> list[tuple[str, date]]:
        """Return the newest settled day of each marketplace."""
        return [(code, self.newest(code)) for code in codes]

    def wrong_cells(self, expected: Iterable[tuple[str, date]]) -> list[str]:
        """Return where the tables differ from the truth; empty for nowhere."""
        return truth.wrong_cells(self.url, self, expected)

    def loaded_days(self) -> list[tuple[str, date]]:
        """Return the days that the ledger has rows of."""
        found = self.rows(
            "SELECT scope, first_day FROM sp_slices WHERE dataset = 'sales_and_traffic' AND row_count > 0"
        )
        return [(row["scope"].partition(":")[2], row["first_day"]) for row in found]

    @property
    def journal(self) -> list[Mapping[str, Any]]:
        """Every report that the simulated Amazon has accepted."""
        return [entry.to_json() for entry in self.amazon.journal.entries]

    @property
    def queries(self) -> list[Mapping[str, Any]]:
        """Every query that the simulated Amazon has accepted."""
        return [entry.to_json() for entry in self.amazon.journal.queries]

    def true_rows(self, kind: str, code: str, day: date, as_of: datetime, aggregate: str) -> list[Mapping[str, Any]]:
        """Return the rows of a day as Data Kiosk shows them at an instant, with every field."""
        return list(self.amazon.kiosk_rows(kind, [code], day, day, aggregate=aggregate, as_of=as_of))

    def asked(self, code: str, day: date) -> int:
        """Return how often the simulated Amazon has accepted the question for a day."""
        return sum(e["marketplace"] == code and e["start"] == day.isoformat() for e in self.journal)

    def rows(self, query: str, *values: object) -> list[dict[str, Any]]:
        """Ask the database."""
        with psycopg.connect(self.url, autocommit=True, row_factory=dict_row) as connection:
            return connection.execute(query.encode(), values).fetchall()

    def line(self, code: str, day: date, dataset: str = "sales_and_traffic") -> dict[str, Any]:
        """Return the ledger's line of a slice."""
        query = "SELECT * FROM sp_slices WHERE (dataset, scope, first_day) = (%s, %s, %s)"
        return self.rows(query, dataset, f"marketplace:{code}", day)[0]

    def states(self) -> dict[str, str]:
        """Return the state of every slice of sales and traffic, by marketplace and day."""
        query = "SELECT scope, first_day, state FROM sp_slices WHERE dataset = 'sales_and_traffic' ORDER BY 1, 2"
        return {f"{row['scope'].partition(':')[2]} {row['first_day']}": row["state"] for row in self.rows(query)}

    def pulls(self, code: str) -> list[dict[str, Any]]:
        """Return the pulls of a marketplace, oldest first."""
        query = (
            "SELECT p.* FROM sp_pulls p WHERE EXISTS (SELECT FROM sp_pull_slices s"
            " WHERE s.pull_id = p.id AND s.scope = %s) ORDER BY p.id"
        )
        return self.rows(query, f"marketplace:{code}")

    def faults(self, report: Report) -> dict[str, ChalkolaError]:
        """Return what a run wants a person to do."""
        return dict(report.worked.faults)

    @staticmethod
    def _marketplaces(codes: Sequence[str]) -> tuple[Marketplace, ...]:
        return marketplaces(codes)


OpenShop = Callable[..., Awaitable[Shop]]


@asynccontextmanager
async def open_shop(
    url: str, home: Path, *, begin: datetime = BEGIN, clock: JumpingClock | None = None,
    environment: Mapping[str, str] | None = None, kiosk: bool = False, through: Supabase | None = None, **chosen: Any,
) -> AsyncIterator[Shop]:  # fmt: skip
    """Give a shop of 20 parents and 60 children in three marketplaces; `chosen` are the simulator's settings,
    `environment` ours. Without `kiosk` Data Kiosk is closed to it, and it knows that: everything goes by reports.
    With `through` its store is reached through that project's API; `url` is for looking at it."""
    clock = clock or JumpingClock(begin)
    if not kiosk:
        chosen = {"without_role": ACCOUNTS, **chosen}
    shop = {"parents": 20, "children": 60, "marketplaces": THREE} | chosen
    async with Simulator(SimulatorSettings(**shop), clock.now) as amazon:
        way = {"SUPABASE_URL": through.url, "SUPABASE_SERVICE_KEY": through.key} if through else {"DATABASE_URL": url}
        ours = {"CHALKOLA_HOME": str(home), **way, **(environment or {})}
        settings = replace(read_settings({**amazon.env(), **ours}), clock=clock)
        async with open_store(settings, address_of(through) if through else url) as store:
            if not kiosk:
                await _close_kiosk(settings, store)
            yield Shop(amazon=amazon, settings=settings, clock=clock, store=store, url=url, environment=ours)


async def _close_kiosk(settings: Settings, store: Store) -> None:
    for account in settings.accounts:
        for source in SOURCES:
            if source.driver == "data_kiosk":
                await store.accounts.close_source(account, source.name, "closed before the story begins")
