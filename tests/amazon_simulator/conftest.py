"""A simulated Amazon in the test's own event loop, its time moved by hand, and a caller that speaks plain HTTP."""

import gzip
import json
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import pytest

from amazon_simulator import Simulator, SimulatorSettings

REPORTS = "/reports/2021-06-30/reports"
DOCUMENTS = "/reports/2021-06-30/documents"
QUERIES = "/dataKiosk/2023-11-15/queries"
KIOSK_DOCUMENTS = "/dataKiosk/2023-11-15/documents"
DE = "A1PA6795UKMFR9"
US = "ATVPDKIKX0DER"
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
QUESTION = {
    "reportType": "GET_SALES_AND_TRAFFIC_REPORT",
    "marketplaceIds": [DE],
    "dataStartTime": "2026-11-17T00:00:00Z",
    "dataEndTime": "2026-11-17T00:00:00Z",
    "reportOptions": {"dateGranularity": "DAY", "asinGranularity": "CHILD"},
}


@dataclass
class Time:
    """Amazon's time, moved by hand."""

    instant: datetime = NOON

    def __call__(self) -> datetime:
        return self.instant

    def pass_by(self, **lengths: float) -> None:
        self.instant += timedelta(**lengths)


@dataclass
class Said:
    """An answer that has been read."""

    status: int
    headers: dict[str, str]
    raw: bytes

    @property
    def body(self) -> Any:
        return json.loads(self.raw)

    @property
    def error(self) -> tuple[int, str]:
        return self.status, self.body["errors"][0]["code"]


@dataclass
class Caller:
    """Calls one simulated Amazon as the EU account, unless told otherwise."""

    simulator: Simulator
    time: Time
    http: aiohttp.ClientSession
    account: str = "EU"

    async def send(self, method: str, url: str, **options: Any) -> Said:
        async with self.http.request(method, url, **options) as response:
            return Said(response.status, dict(response.headers), await response.read())

    async def log_in(self, account: str | None = None, **changed: str) -> Said:
        seller = next(row for row in self.simulator.accounts if row.key == (account or self.account))
        form = {
            "grant_type": "refresh_token",
            "refresh_token": seller.refresh_token,
            "client_id": self.simulator.client_id,
            "client_secret": self.simulator.client_secret,
        }
        return await self.send("POST", self.simulator.urls["lwa"], data=form | changed)

    async def token(self, account: str | None = None) -> str:
        return str((await self.log_in(account)).body["access_token"])

    async def call(self, method: str, path: str, *, token: str | None = None, **options: Any) -> Said:
        region = next(row.region for row in self.simulator.accounts if row.key == self.account)
        headers = {"x-amz-access-token": token or await self.token()} | options.pop("headers", {})
        return await self.send(method, self.simulator.urls[region] + path, headers=headers, **options)

    async def create(self, **changed: Any) -> Said:
        return await self.call("POST", REPORTS, json=QUESTION | changed)

    async def report(self, report_id: str) -> Any:
        return (await self.call("GET", f"{REPORTS}/{report_id}")).body

    async def finished(self, **changed: Any) -> Any:
        """Create a report, let its time pass and return it."""
        created = await self.create(**changed)
        self.time.pass_by(hours=1)
        return await self.report(created.body["reportId"])

    async def url(self, report: Any, **params: str) -> str:
        said = await self.call("GET", f"{DOCUMENTS}/{report['reportDocumentId']}", params=params)
        return str(said.body["url"])

    async def download(self, report: Any) -> Said:
        return await self.send("GET", await self.url(report))

    async def ask(self, text: str, **more: Any) -> Said:
        """Create a query."""
        return await self.call("POST", QUERIES, json={"query": text} | more)

    async def query(self, query_id: str) -> Any:
        return (await self.call("GET", f"{QUERIES}/{query_id}")).body

    async def answered(self, text: str, **more: Any) -> Any:
        """Create a query, let its time pass and return it."""
        created = await self.ask(text, **more)
        assert created.status == 202, created.body
        self.time.pass_by(hours=1)
        return await self.query(created.body["queryId"])

    async def fetched(self, document_id: str) -> Said:
        said = await self.call("GET", f"{KIOSK_DOCUMENTS}/{document_id}")
        return await self.send("GET", said.body["documentUrl"])

    async def lines(self, query: Any) -> Any:
        """Download a query's answer and parse its lines."""
        return [json.loads(line) for line in (await self.fetched(query["dataDocumentId"])).raw.splitlines()]

    async def document(self, **changed: Any) -> Any:
        """Ask, wait, download, inflate and parse."""
        return json.loads(gzip.decompress((await self.download(await self.finished(**changed))).raw))


OpenAmazon = Callable[..., Any]


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
async def open_amazon(time: Time) -> AsyncIterator[OpenAmazon]:
    """Start simulated Amazons with settings of the test's choice: small ones without a report-type quota."""
    async with AsyncExitStack() as stack:

        async def start(**settings: Any) -> Caller:
            chosen = {"parents": 12, "children": 40, "report_type_quota": None, "foreign_reports": 0} | settings
            simulator = await stack.enter_async_context(Simulator(SimulatorSettings(**chosen), time))
            return Caller(simulator, time, await stack.enter_async_context(aiohttp.ClientSession()))

        yield start


@pytest.fixture
async def amazon(open_amazon: OpenAmazon) -> Caller:
    return await open_amazon()
