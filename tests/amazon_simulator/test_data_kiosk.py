"""Data Kiosk from question to lines: states, pages, limits, retention, roles."""

import gzip
import json
from datetime import timedelta

import pytest

from amazon_simulator import Fault

from .kiosk_queries import DE, QUERIES, US, by_asin, by_date, every_field, trends

AE = "A2VIGQ35RCS4UG"


async def test_a_query_waits_runs_and_is_done(amazon):
    created = await amazon.ask(by_asin())
    query_id = created.body["queryId"]
    queued = await amazon.query(query_id)
    entry = amazon.simulator.journal.queries[0]
    amazon.time.instant = entry.starts
    running = await amazon.query(query_id)
    amazon.time.instant = entry.ends
    done = await amazon.query(query_id)

    assert [row["processingStatus"] for row in (queued, running, done)] == ["IN_QUEUE", "IN_PROGRESS", "DONE"]
    assert queued["query"] == by_asin()
    assert "processingStartTime" not in queued
    assert "processingEndTime" not in running
    assert "dataDocumentId" not in running
    assert done.keys() >= {"processingStartTime", "processingEndTime", "dataDocumentId", "createdTime"}
    assert "pagination" not in done


async def test_lines_have_the_fields_asked_for_in_their_order(amazon):
    query = await amazon.answered(by_asin("marketplaceId sku sales { unitsOrderedB2B unitsOrdered } childAsin"))

    for line in await amazon.lines(query):
        assert list(line) == ["marketplaceId", "sku", "sales", "childAsin"]
        assert list(line["sales"]) == ["unitsOrderedB2B", "unitsOrdered"]
        assert line["sku"] is None


async def test_one_query_answers_for_several_marketplaces(amazon):
    query = await amazon.answered(by_asin("marketplaceId", marketplaceIds=f'["{DE}" "{AE}"]'))

    assert {line["marketplaceId"] for line in await amazon.lines(query)} == {DE, AE}


async def test_fields_without_a_value_are_null(amazon):
    fields = every_field("salesAndTrafficByAsin")
    business = await amazon.lines(await amazon.answered(by_asin(fields)))
    private = await amazon.lines(await amazon.answered(by_asin(fields, marketplaceIds=f'["{AE}"]')))

    for part in ("sales", "traffic"):
        assert all(value is not None for line in business for value in line[part].values())
        for line in private:
            assert {name for name, value in line[part].items() if value is None} == {
                name for name in line[part] if name.endswith("B2B")
            }


async def test_a_document_is_gzipped_and_says_so_and_lives_five_minutes(amazon):
    query = await amazon.answered(by_asin())
    said = await amazon.call("GET", f"/dataKiosk/2023-11-15/documents/{query['dataDocumentId']}")
    assert said.body.keys() == {"documentId", "documentUrl"}

    async with amazon.http.request("GET", said.body["documentUrl"], auto_decompress=False) as answer:
        assert answer.headers["Content-Encoding"] == "gzip"
        assert gzip.decompress(await answer.read()).count(b"\n") > 20
    amazon.time.pass_by(minutes=5, seconds=1)

    assert (await amazon.send("GET", said.body["documentUrl"])).status == 403


async def test_without_data_a_query_is_done_without_a_document(amazon):
    today = await amazon.answered(by_asin(startDate='"2026-11-20"', endDate='"2026-11-20"'))
    unknown = await amazon.answered(trends(["B000000000"]))

    for query in (today, unknown):
        assert query["processingStatus"] == "DONE"
        assert not query.keys() & {"dataDocumentId", "errorDocumentId", "pagination"}


async def test_weeks_and_months_that_are_cut_are_left_out(amazon):
    dates = "startDate endDate"
    weeks = await amazon.answered(
        by_date(dates, aggregateBy="WEEK", startDate='"2026-11-02"', endDate='"2026-11-19"')
    )
    months = await amazon.answered(
        by_date(dates, aggregateBy="MONTH", startDate='"2026-09-01"', endDate='"2026-11-19"')
    )
    none = await amazon.answered(by_date(dates, aggregateBy="WEEK", startDate='"2026-11-09"', endDate='"2026-11-19"'))

    assert await amazon.lines(weeks) == [{"startDate": "2026-11-08", "endDate": "2026-11-14"}]
    assert [line["startDate"] for line in await amazon.lines(months)] == ["2026-09-01", "2026-10-01"]
    assert "dataDocumentId" not in none


async def test_pages_together_are_the_whole_answer_and_each_costs_a_query(open_amazon):
    amazon = await open_amazon(query_page_rows=15)
    text = by_asin("childAsin sales { unitsOrdered }")
    query = await amazon.answered(text)
    lines = await amazon.lines(query)
    while "pagination" in query:
        amazon.time.pass_by(hours=5)
        token = query["pagination"]["nextToken"]
        query = await amazon.answered(text.replace(" ", "\n  "), paginationToken=token)
        lines += await amazon.lines(query)

    entries = amazon.simulator.journal.queries
    true = amazon.simulator.kiosk_rows(
        "salesAndTrafficByAsin", ["DE"], entries[0].start, entries[0].end, as_of=entries[0].as_of
    )
    assert [line["childAsin"] for line in lines] == [row["childAsin"] for row in true]
    assert len(entries) == -(-len(true) // 15) > 1
    assert [entry.page_token is None for entry in entries] == [True] + [False] * (len(entries) - 1)
    assert {entry.as_of for entry in entries} == {entries[0].ends}


async def test_a_page_token_is_good_for_its_query_its_account_and_a_day(open_amazon):
    amazon = await open_amazon(query_page_rows=15, own_accounts=("AE",))
    token = (await amazon.answered(by_asin()))["pagination"]["nextToken"]

    assert (await amazon.ask(by_asin("childAsin sku"), paginationToken=token)).status == 400
    assert (await amazon.ask(by_asin(), paginationToken=f"{token}0")).status == 400
    amazon.time.pass_by(hours=22)
    assert (await amazon.ask(by_asin(), paginationToken=token)).status == 202
    amazon.time.pass_by(hours=2)
    expired = await amazon.ask(by_asin(), paginationToken=token)
    assert "expired" in expired.body["errors"][0]["details"]


async def test_three_queries_of_a_kind_may_be_open_in_an_account(amazon):
    assert [(await amazon.ask(by_asin())).status for _ in range(4)] == [202, 202, 202, 429]
    assert (await amazon.ask(by_date())).status == 202
    amazon.account = "NA"
    assert (await amazon.ask(by_asin(marketplaceIds=f'["{US}"]'))).status == 202
    amazon.account = "EU"
    assert (await amazon.ask(by_asin())).error == (429, "QuotaExceeded")

    first = amazon.simulator.journal.queries[0].query_id
    assert (await amazon.call("DELETE", f"{QUERIES}/{first}")).status == 204

    assert (await amazon.ask(by_asin())).status == 202
    assert len(amazon.simulator.journal.queries) == 6


async def test_only_an_unfinished_query_can_be_cancelled(amazon):
    first, second = [(await amazon.ask(by_asin())).body["queryId"] for _ in range(2)]

    cancelled = await amazon.call("DELETE", f"{QUERIES}/{first}")
    again = await amazon.call("DELETE", f"{QUERIES}/{first}")
    amazon.time.pass_by(hours=1)
    late = await amazon.call("DELETE", f"{QUERIES}/{second}")

    assert (cancelled.status, cancelled.raw, again.status, late.status) == (204, b"", 204, 400)
    assert (await amazon.query(first))["processingStatus"] == "CANCELLED"
    assert (await amazon.query(second))["processingStatus"] == "DONE"


async def test_a_list_is_newest_first_filtered_and_paged(amazon):
    done = [(await amazon.answered(by_asin(f"childAsin sku {'sku ' * n}")))["queryId"] for n in range(3)]
    waiting = (await amazon.ask(by_date())).body["queryId"]

    async def listed(**params):
        body = (await amazon.call("GET", QUERIES, params=params)).body
        return [row["queryId"] for row in body["queries"]], body.get("pagination", {}).get("nextToken")

    assert (await listed())[0] == [waiting, *reversed(done)]
    assert (await listed(processingStatuses="IN_QUEUE,IN_PROGRESS"))[0] == [waiting]
    since = (amazon.time() - timedelta(hours=1, minutes=30)).isoformat()
    assert (await listed(createdSince=since, processingStatuses="DONE"))[0] == [done[2]]
    page, token = await listed(pageSize="2", processingStatuses="DONE")
    rest, end = await listed(pageSize="1", processingStatuses="DONE", paginationToken=token)
    assert (page, rest, end) == ([done[2], done[1]], [done[0]], None)
    changed = {"processingStatuses": "FATAL", "paginationToken": token}
    assert (await amazon.call("GET", QUERIES, params=changed)).status == 400


async def test_queries_and_documents_are_kept_thirty_days(amazon):
    query = await amazon.answered(by_asin())
    paths = [f"{QUERIES}/{query['queryId']}", f"/dataKiosk/2023-11-15/documents/{query['dataDocumentId']}"]

    amazon.time.pass_by(days=29, hours=22)
    assert [(await amazon.call("GET", path)).status for path in paths] == [200, 200]
    amazon.time.pass_by(hours=2)

    assert [(await amazon.call("GET", path)).status for path in paths] == [404, 404]
    assert (await amazon.call("GET", QUERIES)).body == {"queries": []}


@pytest.mark.parametrize(("state", "status"), [("denied", 403), ("unauthorized", 401), ("fields", 403)])
async def test_an_account_may_lose_its_role_and_get_it_back_while_other_apis_go_on(amazon, state, status):
    amazon.simulator.roles.set("EU", state)

    said = await amazon.ask(by_asin("childAsin sales { orderedProductSales { amount } }"))

    assert said.error == (status, "Unauthorized")
    if state == "fields":
        head = "analytics_salesAndTraffic_2024_04_24.salesAndTrafficByAsin"
        assert said.body["errors"][0] == {
            "code": "Unauthorized",
            "message": "Unauthorized to access requested fields.",
            "details": f"Unauthorized to access: [{head}.childAsin, {head}.sales.orderedProductSales.amount]",
        }
    assert (await amazon.create()).status == 202
    assert (await amazon.call("GET", "/sellers/v1/marketplaceParticipations")).status == 200
    amazon.account = "NA"
    assert (await amazon.ask(by_asin(marketplaceIds=f'["{US}"]'))).status == 202
    amazon.account = "EU"
    amazon.simulator.roles.set("EU", "granted")
    assert (await amazon.ask(by_asin())).status == 202


async def test_the_control_tells_queries_rows_and_roles(amazon):
    await amazon.ask(by_asin(marketplaceIds=f'["{DE}" "{AE}"]'))
    await amazon.ask(trends(["B000000000", "B000000001"]))
    control = amazon.simulator.urls["control"]

    async def told(path, **params):
        return (await amazon.send("GET", f"{control}/_simulator/{path}", params=params)).body

    first, second = await told("queries", account="EU", marketplace="DE")
    assert (first["kind"], first["aggregate"], first["marketplaces"]) == (
        "salesAndTrafficByAsin",
        "CHILD",
        ["DE", "AE"],
    )
    assert (second["asins"], second["start"], second["end"]) == (2, "2026-11-11", "2026-11-17")
    assert second["filters"] == [["DE", ["B000000000", "B000000001"]]]
    assert first["filters"] == []
    assert await told("queries", kind="salesAndTrafficByDate") == []
    rows = await told("rows", kind="salesAndTrafficByDate", marketplace="DE,FR", start="2026-11-16", end="2026-11-17")
    assert len(rows) == 4
    whole = await told("rows", account="EU", queryId=first["query_id"])
    assert {row["marketplaceId"] for row in whole} == {DE, AE}
    assert "error" in await told("rows", account="EU", queryId="1")
    refused = await amazon.send("POST", f"{control}/_simulator/roles", json={"EU": "taken"})
    assert refused.status == 400
    await amazon.send("POST", f"{control}/_simulator/roles", json={"EU": "denied"})
    assert (await told("roles"))["EU"] == "denied"


async def test_a_restart_knows_queries_cancellations_and_page_tokens(open_amazon, tmp_path):
    settings = {"journal": tmp_path / "journal.jsonl", "query_page_rows": 15}
    before = await open_amazon(**settings)
    query = await before.answered(by_asin("childAsin"))
    lines = await before.lines(query)
    gone = (await before.ask(by_date())).body["queryId"]
    await before.call("DELETE", f"{QUERIES}/{gone}")

    after = await open_amazon(**settings)

    assert await after.query(query["queryId"]) == query
    assert await after.lines(query) == lines
    assert (await after.query(gone))["processingStatus"] == "CANCELLED"
    assert (await after.ask(by_asin("childAsin"), paginationToken=query["pagination"]["nextToken"])).status == 202
    assert len(after.simulator.journal.queries) == 3


async def test_a_restart_knows_what_an_earlier_version_wrote_and_its_faults(open_amazon, tmp_path):
    journal = tmp_path / "journal.jsonl"
    before = await open_amazon(journal=journal)
    before.simulator.mischief.add(Fault(kind="broken_line"), Fault(kind="fatal"))
    await before.ask(by_asin())
    await before.create()
    lines = [json.loads(line) for line in journal.read_text().splitlines()]
    for line in lines:
        (line["content"],) = line.pop("contents") or (None,)
    journal.write_text("".join(json.dumps(line) + "\n" for line in lines))

    after = await open_amazon(journal=journal)

    assert after.simulator.journal.queries == before.simulator.journal.queries
    assert after.simulator.journal.entries == before.simulator.journal.entries
    assert after.simulator.journal.queries[0].contents == ({"kind": "broken_line"},)
