"""Every fault can be seen from outside."""

import gzip
import json
import zlib

import aiohttp
import pytest

from amazon_simulator import KINDS, Fault

REPORTS = "/reports/2021-06-30/reports"
SELLERS = "/sellers/v1/marketplaceParticipations"

SEEN = {  # every kind, with the test that shows it
    "throttled": "call", "server_error": "call", "unavailable_html": "call", "unauthorized": "call",
    "token_expired": "call", "access_denied": "call", "reset_before": "reset", "reset_after": "reset",
    "slow_answer": "slow", "token_revoked": "login", "invalid_client": "login", "slow_report": "fate",
    "slow_queue": "fate", "fatal": "fate", "fatal_with_document": "fate", "no_data": "fate",
    "foreign_twin": "fate", "empty_asin_list": "content", "child_listed_twice": "content",
    "totals_differ": "content", "new_field": "content", "missing_field": "content", "other_day": "content",
    "other_currency": "content", "not_json": "content", "late_day": "content", "shrunk_day": "content",
    "shrunk_rows": "content", "b2b_null": "content", "b2b_without_currency": "content",
    "percentage_above_999": "content", "expired_url": "download", "slow_body": "slow",
    "truncated_gzip": "download", "cut_body": "download", "already_inflated": "download",
    "corrupt_gzip": "download",
}  # fmt: skip


def test_every_kind_is_shown_here():
    assert KINDS.keys() == SEEN.keys()


@pytest.mark.parametrize(
    ("kind", "status", "said"),
    [
        ("throttled", 429, "QuotaExceeded"),
        ("server_error", 500, "InternalFailure"),
        ("unauthorized", 401, "Unauthorized"),
        ("token_expired", 403, "has expired"),
        ("access_denied", 403, "Access to requested resource is denied."),
        ("unavailable_html", 503, "<html>"),
    ],
)
async def test_a_call_fails_once_and_then_succeeds(amazon, kind, status, said):
    amazon.simulator.mischief.add(Fault(kind=kind, operation="getMarketplaceParticipations"))

    failed = await amazon.call("GET", SELLERS)

    assert failed.status == status
    assert said in failed.raw.decode()
    assert (await amazon.call("GET", SELLERS)).status == 200


async def test_a_throttled_call_may_say_when_to_come_back(amazon):
    amazon.simulator.mischief.add(Fault(kind="throttled", retry_after=7, operation="createReport"))

    assert (await amazon.create()).headers["Retry-After"] == "7"


@pytest.mark.parametrize(("kind", "accepted"), [("reset_before", 0), ("reset_after", 1)])
async def test_a_reset_creation_was_accepted_only_if_the_answer_was_lost(amazon, kind, accepted):
    amazon.simulator.mischief.add(Fault(kind=kind, operation="createReport"))
    token = await amazon.token()

    with pytest.raises(aiohttp.ClientConnectionError):
        await amazon.call("POST", REPORTS, token=token, json=_question())

    assert len(amazon.simulator.journal.entries) == accepted
    assert amazon.simulator.journal.calls["createReport", 0] == 1


async def test_a_slow_answer_and_a_slow_body_take_their_time(amazon):
    report = await amazon.finished()
    amazon.simulator.mischief.add(Fault(kind="slow_answer", operation="getReport", seconds=0.15))
    amazon.simulator.mischief.add(Fault(kind="slow_body", seconds=0.15))
    url = await amazon.url(report)

    with pytest.raises(TimeoutError):
        await amazon.call(
            "GET", f"{REPORTS}/{report['reportId']}", token=await amazon.token(), timeout=aiohttp.ClientTimeout(0.1)
        )
    with pytest.raises(TimeoutError):
        await amazon.send("GET", url, timeout=aiohttp.ClientTimeout(0.1))


@pytest.mark.parametrize(
    ("kind", "status", "error"), [("token_revoked", 400, "invalid_grant"), ("invalid_client", 401, "invalid_client")]
)
async def test_login_fails_for_one_account_and_not_for_the_others(amazon, kind, status, error):
    amazon.simulator.mischief.add(Fault(kind=kind, account="EU", times=None))

    said = await amazon.log_in("EU")

    assert (said.status, said.body["error"]) == (status, error)
    assert (await amazon.log_in("EU")).status == status
    assert (await amazon.log_in("NA")).status == 200


async def test_a_slow_report_stays_where_it_is_for_hours(amazon):
    amazon.simulator.mischief.add(Fault(kind="slow_report", hours=5), Fault(kind="slow_queue", hours=5))
    slow, queued, usual = [(await amazon.create()).body["reportId"] for _ in range(3)]

    amazon.time.pass_by(hours=4)

    statuses = [(await amazon.report(row))["processingStatus"] for row in (slow, queued, usual)]
    assert statuses == ["IN_PROGRESS", "IN_QUEUE", "DONE"]
    amazon.time.pass_by(hours=2)
    assert (await amazon.report(slow))["processingStatus"] == "DONE"


async def test_a_fatal_report_may_have_a_gzipped_reason_and_may_not(amazon):
    amazon.simulator.mischief.add(Fault(kind="fatal"), Fault(kind="fatal_with_document"))

    silent, told = await amazon.finished(), await amazon.finished()

    assert (silent["processingStatus"], told["processingStatus"]) == ("FATAL", "FATAL")
    assert "reportDocumentId" not in silent
    reason = json.loads(gzip.decompress((await amazon.download(told)).raw))
    assert "not available yet" in reason["errorDetails"]


async def test_a_report_without_data_is_cancelled(amazon):
    amazon.simulator.mischief.add(Fault(kind="no_data"))

    report = await amazon.finished()

    assert report["processingStatus"] == "CANCELLED"
    assert "reportDocumentId" not in report


async def test_another_applications_twin_looks_the_same_in_a_list_and_has_rows_by_parent(amazon):
    amazon.simulator.mischief.add(Fault(kind="foreign_twin"))

    ours = await amazon.finished()
    params = {"reportTypes": ours["reportType"]}
    twin = (await amazon.call("GET", REPORTS, params=params)).body["reports"][1]

    alike = ("reportType", "marketplaceIds", "dataStartTime", "dataEndTime", "processingStatus")
    assert [twin[name] for name in alike] == [ours[name] for name in alike]
    document = json.loads(gzip.decompress((await amazon.download(twin)).raw))
    assert document["reportSpecification"]["reportOptions"]["asinGranularity"] == "PARENT"
    assert len(amazon.simulator.journal.entries) == 1


async def test_an_expired_url_is_refused_and_a_new_one_works(amazon):
    amazon.simulator.mischief.add(Fault(kind="expired_url"))
    report = await amazon.finished()

    refused, served = await amazon.download(report), await amazon.download(report)

    assert (refused.status, served.status) == (403, 200)
    assert b"Request has expired" in refused.raw


async def test_a_truncated_gzip_comes_in_a_complete_answer(amazon):
    amazon.simulator.mischief.add(Fault(kind="truncated_gzip"))

    said = await amazon.download(await amazon.finished())

    assert said.status == 200
    with pytest.raises(EOFError):
        gzip.decompress(said.raw)


async def test_a_corrupt_gzip_cannot_be_inflated(amazon):
    amazon.simulator.mischief.add(Fault(kind="corrupt_gzip"))

    said = await amazon.download(await amazon.finished())

    with pytest.raises((zlib.error, gzip.BadGzipFile, EOFError)):
        gzip.decompress(said.raw)


async def test_a_cut_body_ends_the_connection(amazon):
    amazon.simulator.mischief.add(Fault(kind="cut_body"))
    report = await amazon.finished()

    with pytest.raises(aiohttp.ClientError):
        await amazon.download(report)

    assert (await amazon.download(report)).status == 200


async def test_a_body_may_be_inflated_already(amazon):
    amazon.simulator.mischief.add(Fault(kind="already_inflated"))

    said = await amazon.download(await amazon.finished())

    assert json.loads(said.raw)["salesAndTrafficByAsin"]


@pytest.mark.parametrize("kind", [kind for kind, shown in SEEN.items() if shown == "content"])
async def test_only_the_document_of_the_report_that_was_struck_is_wrong(amazon, kind):
    amazon.simulator.mischief.add(Fault(kind=kind, marketplace="DE"))
    struck, sound = await amazon.finished(), await amazon.finished()

    wrong, right = [gzip.decompress((await amazon.download(report)).raw) for report in (struck, sound)]

    assert json.loads(right) == _truth(amazon)
    if kind == "not_json":
        with pytest.raises(ValueError, match="Expecting value"):
            json.loads(wrong)
        return
    assert DIFFERENCES[kind](json.loads(wrong), _truth(amazon))


def _child_twice(wrong, right):
    twins = [row["childAsin"] for row in wrong["salesAndTrafficByAsin"]]
    twice = next(asin for asin in twins if twins.count(asin) == 2)
    pair = [row for row in wrong["salesAndTrafficByAsin"] if row["childAsin"] == twice]
    one = next(row for row in right["salesAndTrafficByAsin"] if row["childAsin"] == twice)
    assert {row["parentAsin"] for row in pair} == {one["parentAsin"], twice}
    for part, name in [
        ("salesByAsin", "unitsOrdered"),
        ("trafficByAsin", "sessions"),
        ("trafficByAsin", "pageViews"),
    ]:
        assert sum(row[part][name] for row in pair) == one[part][name]
    return _units(wrong) == _units(right)


def _units(document):
    return sum(row["salesByAsin"]["unitsOrdered"] for row in document["salesAndTrafficByAsin"])


def _total(document):
    return document["salesAndTrafficByDate"][0]["salesByDate"]["unitsOrdered"]


DIFFERENCES = {
    "empty_asin_list": lambda wrong, right: not wrong["salesAndTrafficByAsin"] and _total(wrong) == _total(right),
    "child_listed_twice": _child_twice,
    "totals_differ": lambda wrong, right: _units(wrong) == _units(right) and _total(wrong) == _total(right) + 7,
    "new_field": lambda wrong, right: "unitsReplaced" in wrong["salesAndTrafficByAsin"][0]["salesByAsin"],
    "missing_field": lambda wrong, right: (
        sum("unitsOrdered" not in row["salesByAsin"] for row in wrong["salesAndTrafficByAsin"]) == 1
    ),
    "other_day": lambda wrong, right: wrong["salesAndTrafficByDate"][0]["date"] == "2026-11-16",
    "other_currency": lambda wrong, right: '"EUR"' not in json.dumps(wrong) and '"SEK"' in json.dumps(wrong),
    "late_day": lambda wrong, right: (
        len(wrong["salesAndTrafficByAsin"]) < len(right["salesAndTrafficByAsin"]) / 3
        and _total(wrong) == _units(wrong)
    ),
    "shrunk_day": lambda wrong, right: _total(wrong) < _total(right) / 2 and _units(wrong) < _units(right) / 2,
    "shrunk_rows": lambda wrong, right: _total(wrong) == _total(right) and _units(wrong) < _units(right) / 2,
    "b2b_null": lambda wrong, right: wrong["salesAndTrafficByAsin"][0]["salesByAsin"]["unitsOrderedB2B"] is None,
    "b2b_without_currency": lambda wrong, right: (
        wrong["salesAndTrafficByAsin"][0]["salesByAsin"]["orderedProductSalesB2B"].keys() == {"amount"}
    ),
    "percentage_above_999": lambda wrong, right: (
        wrong["salesAndTrafficByAsin"][0]["trafficByAsin"]["unitSessionPercentage"] == 1250.0
    ),
}


@pytest.mark.parametrize(
    ("filters", "struck"),
    [
        ({}, True),
        ({"marketplace": "DE"}, True),
        ({"marketplace": "FR"}, False),
        ({"account": "NA"}, False),
        ({"day": "2026-11-17"}, True),
        ({"day": "2026-11-16"}, False),
        ({"skip": 1}, False),
        ({"times": 0}, False),
    ],
)
async def test_a_fault_strikes_where_its_filters_say(amazon, filters, struck):
    amazon.simulator.mischief.add(Fault.from_json({"kind": "fatal"} | filters))

    assert ((await amazon.finished())["processingStatus"] == "FATAL") is struck


async def test_faults_are_set_up_and_cleared_while_it_runs(amazon):
    url = amazon.simulator.urls["control"] + "/_simulator/mischief"
    faults = [{"kind": "server_error", "times": None, "operation": "getMarketplaceParticipations"}]

    await amazon.send("POST", url, json={"faults": faults})
    failed = await amazon.call("GET", SELLERS)
    listed = (await amazon.send("GET", url)).body
    await amazon.send("POST", url, json={"clear": True})

    assert failed.status == 500
    assert listed == [faults[0] | {"struck": 1}]
    assert (await amazon.call("GET", SELLERS)).status == 200


@pytest.mark.parametrize(
    "faults",
    [{}, [{}], [{"kind": "earthquake"}], [{"kind": "fatal", "where": "DE"}], [{"kind": "fatal", "marketplace": "XX"}],
     [{"kind": "fatal", "day": "17.11.2026"}]],
)  # fmt: skip
async def test_a_fault_that_cannot_be_is_refused_with_a_reason(amazon, faults):
    url = amazon.simulator.urls["control"] + "/_simulator/mischief"

    said = await amazon.send("POST", url, json={"faults": faults})

    assert said.status == 400
    assert said.body["error"]


def test_a_fault_is_the_same_after_json():
    fault = Fault.from_json({"kind": "late_day", "day": "2026-11-17", "marketplace": "GB", "times": None})

    assert Fault.from_json(json.loads(json.dumps(fault.to_json()))) == fault
    assert fault.marketplace == "UK"


def _truth(amazon):
    entry = amazon.simulator.journal.entries[0]
    return amazon.simulator.truth("DE", entry.start, entry.as_of)


def _question():
    return {
        "reportType": "GET_SALES_AND_TRAFFIC_REPORT",
        "marketplaceIds": ["A1PA6795UKMFR9"],
        "dataStartTime": "2026-11-17",
        "dataEndTime": "2026-11-17",
    }
