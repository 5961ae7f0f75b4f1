"""The published client python-amazon-sp-api works against the simulated Amazon, only its addresses changed."""

import asyncio
import json
from datetime import UTC, datetime, timedelta

import pytest
from sp_api.api import DataKiosk, Reports, Sales, Sellers
from sp_api.auth import AccessTokenClient
from sp_api.auth.exceptions import AuthorizationError
from sp_api.base import Granularity, Marketplaces, ReportType, SellingApiRequestThrottledException

from amazon_simulator import Fault, Simulator, SimulatorSettings

PLACES = {"US": "na", "DE": "eu", "JP": "fe"}


class Time:
    """Amazon's time: a second passes whenever somebody looks."""

    def __init__(self):
        self.instant = datetime(2026, 11, 20, 12, tzinfo=UTC)

    def __call__(self):
        self.instant += timedelta(seconds=1)
        return self.instant


@pytest.fixture
async def simulator(monkeypatch):
    settings = SimulatorSettings(parents=20, children=120, report_type_quota=None, processing_seconds=5)
    async with Simulator(settings, Time()) as running:
        scheme, _, rest = running.urls["lwa"].partition("//")
        monkeypatch.setattr(AccessTokenClient, "scheme", f"{scheme}//")
        monkeypatch.setattr(AccessTokenClient, "host", rest.partition("/")[0])
        for code, region in PLACES.items():
            monkeypatch.setattr(Marketplaces[code], "endpoint", running.urls[region])
        yield running


def _credentials(simulator, code):
    account = next(row for row in simulator.accounts if code in row.codes)
    return {
        "refresh_token": account.refresh_token,
        "lwa_app_id": simulator.client_id,
        "lwa_client_secret": simulator.client_secret,
    }


def _collect(credentials, code):
    """Create, poll, download and parse a report as a user of the client does."""
    with Reports(marketplace=Marketplaces[code], credentials=credentials) as client:
        created = client.create_report(
            reportType=ReportType.GET_SALES_AND_TRAFFIC_REPORT,
            dataStartTime="2026-11-17T00:00:00Z",
            dataEndTime="2026-11-17T00:00:00Z",
            marketplaceIds=[Marketplaces[code].marketplace_id],
            reportOptions={"dateGranularity": "DAY", "asinGranularity": "CHILD"},
        )
        report = client.get_report(created.payload["reportId"])
        while report.payload["processingStatus"] in ("IN_QUEUE", "IN_PROGRESS"):
            report = client.get_report(created.payload["reportId"])
        got = client.get_report_document(report.payload["reportDocumentId"], download=True)
        listed = client.get_reports(reportTypes=[ReportType.GET_SALES_AND_TRAFFIC_REPORT], pageSize=100)
    return created.payload["reportId"], json.loads(got.payload["document"]), listed.payload["reports"]


@pytest.mark.parametrize("code", PLACES)
async def test_it_creates_polls_downloads_and_parses_a_report(simulator, code):
    report_id, document, listed = await asyncio.to_thread(_collect, _credentials(simulator, code), code)

    entry = simulator.journal.entries[0]
    assert document == simulator.truth(code, entry.start, entry.as_of)
    assert document["salesAndTrafficByAsin"]
    assert report_id in [row["reportId"] for row in listed]


QUERY = """
query {
  analytics_salesAndTraffic_2024_04_24 {
    salesAndTrafficByAsin(
      aggregateBy: CHILD
      startDate: "2026-11-17"
      endDate: "2026-11-17"
      marketplaceIds: ["%s"]
    ) { childAsin sales { unitsOrdered orderedProductSales { amount currencyCode } } }
  }
}
"""


def _query(credentials, code):
    """Create, poll, download and parse a Data Kiosk query as a user of the client does."""
    with DataKiosk(marketplace=Marketplaces[code], credentials=credentials) as client:
        created = client.create_query(QUERY % Marketplaces[code].marketplace_id)
        query = client.get_query(created.payload["queryId"])
        while query.payload["processingStatus"] in ("IN_QUEUE", "IN_PROGRESS"):
            query = client.get_query(created.payload["queryId"])
        got = client.get_document(query.payload["dataDocumentId"], download=True)
        listed = client.get_queries(processingStatuses="DONE", pageSize=100)
        document = got.payload["document"]
    return [json.loads(line) for line in document.splitlines()], listed.payload["queries"]


@pytest.mark.parametrize("code", PLACES)
async def test_it_creates_polls_downloads_and_parses_a_query(simulator, code):
    lines, listed = await asyncio.to_thread(_query, _credentials(simulator, code), code)

    entry = simulator.journal.queries[0]
    true = simulator.kiosk_rows(entry.kind, entry.marketplaces, entry.start, entry.end, as_of=entry.as_of)
    assert [line["childAsin"] for line in lines] == [row["childAsin"] for row in true]
    assert [line["sales"]["unitsOrdered"] for line in lines] == [row["sales"]["unitsOrdered"] for row in true]
    assert [row["queryId"] for row in listed] == [entry.query_id]


async def test_it_reads_order_metrics(simulator):
    def ask():
        days = ("2026-11-09T00:00:00+01:00", "2026-11-16T00:00:00+01:00")
        with Sales(marketplace=Marketplaces.DE, credentials=_credentials(simulator, "DE")) as client:
            return client.get_order_metrics(days, Granularity.DAY, granularityTimeZone="Europe/Berlin").payload

    assert len(await asyncio.to_thread(ask)) == 7


async def test_it_names_the_marketplaces_of_the_account(simulator):
    def ask():
        with Sellers(marketplace=Marketplaces.DE, credentials=_credentials(simulator, "DE")) as client:
            return client.get_marketplace_participation().payload

    found = await asyncio.to_thread(ask)

    assert len(found) == 6


async def test_it_understands_a_throttled_call_and_a_refused_login(simulator):
    simulator.mischief.add(Fault(kind="throttled", operation="createReport"))
    with pytest.raises(SellingApiRequestThrottledException):
        await asyncio.to_thread(_collect, _credentials(simulator, "DE"), "DE")

    wrong = _credentials(simulator, "JP") | {"refresh_token": "Atzr|revoked"}
    with pytest.raises(AuthorizationError) as refused:
        await asyncio.to_thread(_collect, wrong, "JP")

    assert refused.value.error_code == "invalid_grant"
