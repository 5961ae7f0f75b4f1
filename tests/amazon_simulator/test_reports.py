"""The Reports API on a good day."""

import gzip
import json
from collections import Counter

REPORTS = "/reports/2021-06-30/reports"
TYPE = "GET_SALES_AND_TRAFFIC_REPORT"


async def test_a_report_is_queued_then_in_progress_then_done_with_a_document(amazon):
    report_id = (await amazon.create()).body["reportId"]
    seen = []
    while not seen or seen[-1] != "DONE":
        report = await amazon.report(report_id)
        seen.append(report["processingStatus"])
        assert ("reportDocumentId" in report) == (seen[-1] == "DONE")
        amazon.time.pass_by(seconds=2)

    assert list(Counter(seen)) == ["IN_QUEUE", "IN_PROGRESS", "DONE"]


async def test_processing_times_spread_around_a_minute(open_amazon):
    amazon = await open_amazon(quotas=False)
    token = await amazon.token()
    for _ in range(40):
        question = {"reportType": TYPE, "marketplaceIds": ["A1PA6795UKMFR9"], "dataStartTime": "2026-11-17"}
        await amazon.call("POST", REPORTS, token=token, json=question | {"dataEndTime": "2026-11-17"})

    seconds = sorted((entry.as_of - entry.time).total_seconds() for entry in amazon.simulator.journal.entries)

    assert 30 < seconds[20] < 110
    assert seconds[0] < 40 < 80 < seconds[-1]


async def test_the_document_says_what_the_truth_was_when_the_report_was_finished(amazon):
    document = await amazon.document()

    entry = amazon.simulator.journal.entries[0]
    assert document == amazon.simulator.truth("DE", entry.start, entry.as_of)


async def test_the_body_is_gzip_and_says_so_only_when_asked_to(amazon):
    report = await amazon.finished()

    plain = await amazon.send("GET", await amazon.url(report))
    async with amazon.http.get(await amazon.url(report, enableContentEncodingUrlHeader="true")) as encoded:
        inflated = await encoded.read()

    assert plain.headers["Content-Encoding"] == "identity"
    assert encoded.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(plain.raw) == inflated


async def test_rows_are_by_parent_and_days_when_no_option_is_given(amazon):
    document = await amazon.document(reportOptions=None)

    assert document["reportSpecification"]["reportOptions"] == {"dateGranularity": "DAY", "asinGranularity": "PARENT"}
    assert all("childAsin" not in row for row in document["salesAndTrafficByAsin"])


async def test_rows_by_asin_are_summed_over_the_range_and_dates_are_not(amazon):
    span = {"dataStartTime": "2026-11-15T09:30:00Z", "dataEndTime": "2026-11-17T01:00:00Z"}
    document = await amazon.document(**span)

    by_day = [
        amazon.simulator.truth("DE", entry, amazon.simulator.journal.entries[0].as_of)
        for entry in (amazon.simulator.journal.entries[0].start, amazon.simulator.journal.entries[0].end)
    ]
    asins = [row["childAsin"] for row in document["salesAndTrafficByAsin"]]
    assert [row["date"] for row in document["salesAndTrafficByDate"]] == ["2026-11-15", "2026-11-16", "2026-11-17"]
    assert len(asins) == len(set(asins)) >= max(len(day["salesAndTrafficByAsin"]) for day in by_day)
    assert _units(document["salesAndTrafficByAsin"]) == sum(
        row["salesByDate"]["unitsOrdered"] for row in document["salesAndTrafficByDate"]
    )


async def test_weeks_are_widened_to_sundays_and_saturdays(amazon):
    document = await amazon.document(
        dataStartTime="2026-11-04", dataEndTime="2026-11-10", reportOptions={"dateGranularity": "WEEK"}
    )

    specification = document["reportSpecification"]
    assert (specification["dataStartTime"], specification["dataEndTime"]) == ("2026-11-01", "2026-11-14")
    assert [row["date"] for row in document["salesAndTrafficByDate"]] == ["2026-11-01", "2026-11-08"]


async def test_months_are_widened_to_whole_ones(amazon):
    document = await amazon.document(
        dataStartTime="2026-10-15", dataEndTime="2026-10-15", reportOptions={"dateGranularity": "MONTH"}
    )

    specification = document["reportSpecification"]
    assert (specification["dataStartTime"], specification["dataEndTime"]) == ("2026-10-01", "2026-10-31")
    assert [row["date"] for row in document["salesAndTrafficByDate"]] == ["2026-10-01"]


async def test_rows_by_sku_leave_out_what_nobody_ordered(amazon):
    by_sku = await amazon.document(reportOptions={"asinGranularity": "SKU"})
    by_child = await amazon.document()

    assert all(row["sku"] and row["salesByAsin"]["unitsOrdered"] for row in by_sku["salesAndTrafficByAsin"])
    assert len(by_sku["salesAndTrafficByAsin"]) < len(by_child["salesAndTrafficByAsin"])


async def test_a_day_that_is_not_over_is_cancelled_for_want_of_data(amazon):
    report = await amazon.finished(dataStartTime="2026-11-20", dataEndTime="2026-11-20")

    assert report["processingStatus"] == "CANCELLED"
    assert "reportDocumentId" not in report


async def test_a_list_goes_on_from_page_to_page_newest_first(amazon):
    made = []
    for _ in range(5):
        made.append((await amazon.create()).body["reportId"])
        amazon.time.pass_by(minutes=1)

    first = (await amazon.call("GET", REPORTS, params={"reportTypes": TYPE, "pageSize": "3"})).body
    amazon.time.pass_by(seconds=1)
    late = (await amazon.create()).body["reportId"]
    second = (await amazon.call("GET", REPORTS, params={"nextToken": first["nextToken"]})).body

    listed = [row["reportId"] for row in first["reports"] + second["reports"]]
    assert listed == made[::-1]
    assert late not in listed
    assert "nextToken" not in second


async def test_a_list_can_be_filtered(amazon):
    old = (await amazon.create()).body["reportId"]
    amazon.time.pass_by(hours=1)
    since = amazon.time.instant.isoformat()
    new = (await amazon.create(marketplaceIds=["A1F83G8C2ARO7P"])).body["reportId"]

    async def found(**filters):
        said = await amazon.call("GET", REPORTS, params={"reportTypes": TYPE} | filters)
        return [row["reportId"] for row in said.body["reports"]]

    assert await found(createdSince=since) == [new]
    assert await found(createdUntil="2026-11-20T12:30:00Z") == [old]
    assert await found(marketplaceIds="A1F83G8C2ARO7P") == [new]
    assert await found(processingStatuses="DONE") == [old]


async def test_a_list_shows_what_other_applications_made_and_never_the_options(open_amazon):
    amazon = await open_amazon(foreign_reports=1)

    listed = (await amazon.call("GET", REPORTS, params={"reportTypes": TYPE})).body["reports"]

    assert len(listed) == 6
    assert all("reportOptions" not in row for row in listed)
    assert amazon.simulator.journal.entries == []


async def test_participations_name_the_marketplaces_of_the_account(amazon):
    said = await amazon.call("GET", "/sellers/v1/marketplaceParticipations")

    codes = [row["marketplace"]["countryCode"] for row in said.body["payload"]]
    assert codes == ["GB", "DE", "FR", "IT", "ES", "AE"]


async def test_the_journal_survives_a_restart(open_amazon, tmp_path):
    path = tmp_path / "journal" / "questions.jsonl"
    before = await open_amazon(journal=path)
    first, second = await before.create(), await before.create(dataEndTime="2026-11-17T23:59:59Z")
    await before.call("DELETE", f"{REPORTS}/{first.body['reportId']}")
    path.write_text(path.read_text(encoding="utf-8") + '{"time": "2026-', encoding="utf-8")

    after = await open_amazon(journal=path)
    third = await after.create()
    again = await open_amazon(journal=path)

    assert after.simulator.journal.entries[:2] == before.simulator.journal.entries
    assert [entry.report_id for entry in again.simulator.journal.entries] == [
        said.body["reportId"] for said in (first, second, third)
    ]
    assert (await after.report(first.body["reportId"]))["processingStatus"] == "CANCELLED"
    assert await after.report(second.body["reportId"]) == await before.report(second.body["reportId"])
    after.time.pass_by(hours=1)
    report = await after.report(second.body["reportId"])
    assert (await after.download(report)).raw == (await before.download(report)).raw


async def test_documents_can_be_indented(open_amazon):
    amazon = await open_amazon(pretty=True)

    text = gzip.decompress((await amazon.download(await amazon.finished())).raw)

    assert text.startswith(b'{\n  "reportSpecification": {\n')
    assert json.loads(text)["salesAndTrafficByAsin"]


def _units(rows):
    return sum(row["salesByAsin"]["unitsOrdered"] for row in rows)
