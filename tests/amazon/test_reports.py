import gzip
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from chalkola.amazon.reports import Reports
from chalkola.errors import Refusal, Setback, SourceClosed
from chalkola.tickets import Empty, Pending, Ready, Refused, Unknown

REPORTS = "/reports/2021-06-30/reports"
DOCUMENT = "/reports/2021-06-30/documents/d-1"
DE = "A1PA6795UKMFR9"
QUESTION = {
    "reportType": "GET_SALES_AND_TRAFFIC_REPORT",
    "marketplaceIds": [DE],
    "dataStartTime": "2026-11-17T00:00:00Z",
    "dataEndTime": "2026-11-17T00:00:00Z",
    "reportOptions": {"dateGranularity": "DAY", "asinGranularity": "CHILD"},
}


@pytest.fixture
def reports(transport, clock):
    return Reports(transport, clock)


def listed(report_id, created="2026-11-20T01:00:00+00:00", status="DONE", **more):
    return {
        "reportId": report_id, "reportType": QUESTION["reportType"], "processingStatus": status,
        "createdTime": created, "marketplaceIds": [DE],
        "dataStartTime": "2026-11-17T00:00:00+00:00", "dataEndTime": "2026-11-17T23:59:59+00:00",
    } | more  # fmt: skip


async def test_asking_brings_a_ticket(loopback, reports, account):
    loopback.answer(REPORTS, 202, {"reportId": "r-1"})
    assert await reports.ask(account, QUESTION, paid=True, buckets=()) == "r-1"


async def test_a_question_with_its_own_quota_stays_away_for_a_quarter_of_an_hour(loopback, reports, account, clock):
    loopback.error(REPORTS, 429, "Slow down")
    with pytest.raises(Setback) as setback:
        await reports.ask(account, QUESTION, paid=True, buckets=("sales_and_traffic.report",))
    assert setback.value.until - clock.now() == timedelta(minutes=15)


async def test_finding_follows_pages_with_the_next_token_alone(loopback, reports, account, clock):
    old = listed("old", "2026-11-20T00:10:00+00:00", "IN_QUEUE")
    loopback.answer(REPORTS, json={"reports": [old, listed("dead", status="FATAL")], "nextToken": "to+ken=/"})
    loopback.answer(REPORTS, json={"reports": [listed("gone", status="CANCELLED"), listed("new")]})
    found = await reports.find(account, QUESTION, since=clock.now() - timedelta(hours=2))
    assert found[:2] == ("new", "old")
    assert set(found[2:]) == {"dead", "gone"}
    first, second = (parse_qs(urlsplit(request.target).query) for request in loopback.asked(REPORTS))
    assert first == {
        "reportTypes": ["GET_SALES_AND_TRAFFIC_REPORT"],
        "marketplaceIds": [DE],
        "createdSince": ["2026-11-20T00:00:00Z"],
        "pageSize": ["100"],
    }
    assert second == {"nextToken": ["to+ken=/"]}


@pytest.mark.parametrize(
    "other",
    [
        {"reportType": "GET_FLAT_FILE_ALL_ORDERS_DATA_BY_ORDER_DATE_GENERAL"},
        {"marketplaceIds": ["A13V1IB3VIYZZH"]},
        {"marketplaceIds": [DE, "A13V1IB3VIYZZH"]},
        {"marketplaceIds": None},
        {"dataStartTime": "2026-11-16T00:00:00+00:00"},
        {"dataEndTime": "2026-11-18T00:00:00+00:00"},
        {"dataEndTime": None},
        {"dataEndTime": "yesterday"},
    ],
)
async def test_another_question_is_not_found(loopback, reports, account, clock, other):
    loopback.answer(REPORTS, json={"reports": [listed("r-1", **other)]})
    assert await reports.find(account, QUESTION, since=clock.now()) == ()


async def test_of_a_question_without_days_those_that_amazon_gives_it_are_not_compared(
    loopback, reports, account, clock
):
    asked = {name: value for name, value in QUESTION.items() if not name.startswith("data")}
    today = {"dataStartTime": "2026-11-20T02:00:01+00:00", "dataEndTime": "2026-11-20T02:00:01+00:00"}
    loopback.answer(REPORTS, json={"reports": [listed("r-1", **today), listed("r-2", marketplaceIds=["X"])]})
    assert await reports.find(account, asked, since=clock.now()) == ("r-1",)


@pytest.mark.parametrize(
    ("kind", "role"),
    [
        ("GET_SALES_AND_TRAFFIC_REPORT", "role Brand Analytics to"),
        ("GET_MERCHANT_LISTINGS_ALL_DATA", "role Inventory and Order Tracking, or Product Listing, to"),
    ],
)
async def test_a_refusal_names_the_role_that_opens_the_report(loopback, reports, account, kind, role):
    loopback.error(REPORTS, 403, "Access to requested resource is denied.", code="Unauthorized")
    with pytest.raises(SourceClosed) as closed:
        await reports.ask(account, QUESTION | {"reportType": kind}, paid=True, buckets=())
    assert role in closed.value.remedy
    assert "Access to requested resource is denied." in closed.value.why


async def test_days_are_compared_in_utc_whatever_offset_amazon_echoes(loopback, reports, account, clock):
    pacific = {"dataStartTime": "2026-11-16T16:00:00-08:00", "dataEndTime": "2026-11-17T00:00:00"}
    loopback.answer(REPORTS, json={"reports": [listed("r-1", **pacific)]})
    assert await reports.find(account, QUESTION, since=clock.now()) == ("r-1",)


async def test_finding_looks_back_no_further_than_amazon_allows(loopback, reports, account, clock):
    loopback.answer(REPORTS, json={"reports": []})
    await reports.find(account, QUESTION, since=clock.now() - timedelta(days=400))
    assert "createdSince=2026-08-22T03%3A00%3A00Z" in loopback.asked(REPORTS)[0].target


@pytest.mark.parametrize(
    ("report", "outcome"),
    [
        ({"processingStatus": "IN_QUEUE"}, Pending(status="IN_QUEUE")),
        ({"processingStatus": "IN_PROGRESS"}, Pending(status="IN_PROGRESS")),
        ({"processingStatus": "SOMETHING_NEW"}, Pending(status="SOMETHING_NEW")),
        ({"processingStatus": "DONE", "reportDocumentId": "d-1"}, Ready(document_id="d-1")),
        ({"processingStatus": "DONE"}, Refused),
        ({"processingStatus": "CANCELLED"}, Empty),
        ({"processingStatus": "FATAL", "reportDocumentId": "d-2"}, Refused),
        ({"processingStatus": "FATAL"}, Refused),
    ],
)
async def test_checking_brings_one_of_five_words(loopback, reports, account, report, outcome):
    loopback.answer(f"{REPORTS}/r-1", json={"reportId": "r-1", "aNewField": 1} | report)
    found = await reports.check(account, "r-1", paid=False)
    assert found == outcome or type(found) is outcome
    if isinstance(found, Refused):
        assert found.document_id == report.get("reportDocumentId")


async def test_a_ticket_that_amazon_does_not_know_is_unknown(loopback, reports, account):
    loopback.error(f"{REPORTS}/r-1", 404, "No such report", code="NotFound")
    found = await reports.check(account, "r-1", paid=False)
    assert isinstance(found, Unknown)
    assert "NotFound: No such report" in found.why


@pytest.mark.parametrize("status", [200, 404])
async def test_a_report_is_taken_back(loopback, reports, account, status):
    loopback.answer(f"{REPORTS}/r-1", status)
    await reports.cancel(account, "r-1")
    assert [request.method for request in loopback.asked(f"{REPORTS}/r-1")] == ["DELETE"]


async def test_a_dead_address_is_asked_for_once_more(loopback, reports, account):
    loopback.answer(DOCUMENT, json={"reportDocumentId": "d-1", "url": f"{loopback.url}/dead"})
    loopback.answer(DOCUMENT, json={"reportDocumentId": "d-1", "url": f"{loopback.url}/alive"})
    loopback.answer("/dead", 403)
    loopback.answer("/alive", body=b"{}")
    assert (await reports.fetch(account, "d-1", paid=True)).content() == b"{}"


async def test_an_address_that_is_dead_twice_is_a_setback(loopback, reports, account):
    loopback.answer(DOCUMENT, json={"reportDocumentId": "d-1", "url": f"{loopback.url}/dead"})
    loopback.answer("/dead", 403)
    with pytest.raises(Setback, match="address was dead"):
        await reports.fetch(account, "d-1", paid=True)
    assert len(loopback.asked("/dead")) == 2


async def test_a_document_that_amazon_does_not_have_is_refused(loopback, reports, account):
    loopback.error(DOCUMENT, 404, "No such document", code="NotFound")
    with pytest.raises(Refusal, match="NotFound: No such document"):
        await reports.fetch(account, "d-1", paid=True)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (
            gzip.compress(b'{"errorDetails": "The dates lie\\n in the future."}', mtime=0),
            "The dates lie in the future.",
        ),
        (b"plain text", "plain text"),
        (b'{"other": 1}', '{"other": 1}'),
        (b"x" * 600, "x" * 499 + "…"),
        (
            gzip.compress(b"{}" * 100, mtime=0)[:-9],
            "The document is cut short. Its gzip stream ends before its end mark.",
        ),
    ],
)
async def test_the_reason_of_a_fatal_report_is_read(loopback, reports, account, body, reason):
    loopback.answer(DOCUMENT, json={"reportDocumentId": "d-1", "url": f"{loopback.url}/why"})
    loopback.answer("/why", body=body)
    assert await reports.reason(account, "d-1") == reason
