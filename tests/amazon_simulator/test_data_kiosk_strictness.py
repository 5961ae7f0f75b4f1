"""What Data Kiosk refuses, it refuses: one case for each refused query or request."""

import json

import pytest

from .kiosk_queries import DATASET, DE, KIOSK_DOCUMENTS, QUERIES, US, by_asin, by_date, one_filter, trends

ASIN = "B0ABCDEFGH"
FR = "A13V1IB3VIYZZH"
WHOLE = by_asin()
ALIASED = WHOLE.replace("salesAndTrafficByAsin(", "mine: salesAndTrafficByAsin(")
SECOND = by_date().partition("{ analytics_salesAndTraffic_2024_04_24 {")[2].rpartition("} }")[0]
TWICE = WHOLE.replace("{ childAsin }", f"{{ childAsin }} {SECOND}")


def asins(count: int) -> list[str]:
    return [f"B0{number:08d}" for number in range(count)]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        pytest.param("query {", "Syntax Error", id="no GraphQL"),
        pytest.param("query { salesAndTrafficByAsin { sku } }", "versioned domain field", id="no domain field"),
        pytest.param("{ __typename }", "not supported", id="introspection"),
        pytest.param(WHOLE.replace("2024_04_24", "2023_11_15"), "unknown domain field", id="a dataset that is gone"),
        pytest.param(WHOLE.replace("query {", "mutation {"), "exactly one query", id="a mutation"),
        pytest.param(f"{WHOLE} {WHOLE}", "exactly one query", id="two operations"),
        pytest.param(ALIASED, "aliases", id="an alias"),
        pytest.param(by_asin("name: childAsin"), "aliases", id="an alias of a field"),
        pytest.param(by_asin("... on SalesAndTrafficByAsin { sku }"), "fragments", id="a fragment"),
        pytest.param(by_asin("sku @skip(if: false)"), "directives", id="a directive"),
        pytest.param(TWICE, "exactly one query", id="two queries beneath the domain field"),
        pytest.param(
            by_asin(startDate="$day").replace("query {", "query ($day: Date!) {"), "variables", id="a variable"
        ),
        pytest.param(f"query {{ {DATASET} {{ economics {{ sku }} }} }}", "Cannot query", id="an unknown query"),
        pytest.param(by_asin("asin"), "Cannot query field", id="an unknown field"),
        pytest.param(by_asin("sales"), "subfields", id="no parts of a field that has some"),
        pytest.param(by_asin("sku { text }"), "no subfields", id="parts of a field that has none"),
        pytest.param(by_asin(day='"2026-11-17"'), "Unknown argument", id="an unknown argument"),
        pytest.param(by_asin(aggregateBy=""), "required", id="a missing argument"),
        pytest.param(by_asin(aggregateBy='"CHILD"'), "enum", id="an enum in quotes"),
        pytest.param(by_asin(aggregateBy="DAY"), "does not exist", id="another enum's value"),
        pytest.param(by_asin(marketplaceIds="[]"), "no marketplace", id="no marketplace"),
        pytest.param(by_asin(marketplaceIds=f'["{DE}" "{DE}"]'), "named twice", id="a marketplace twice"),
        pytest.param(by_asin(marketplaceIds='["DE"]'), "unknown marketplace", id="an unknown marketplace"),
        pytest.param(by_asin(marketplaceIds="[7]"), "String cannot represent", id="a number for a marketplace"),
        pytest.param(by_asin(startDate='"2026-11-18"'), "before startDate", id="an end before the start"),
        pytest.param(by_asin(endDate='"2026-11-21"'), "in the future", id="an end in the future"),
        pytest.param(by_asin(startDate='"2024-11-19"'), "two years", id="a start more than two years ago"),
        pytest.param(by_asin(startDate='"2026-11-17T00:00:00Z"'), "full date", id="an instant for a day"),
        pytest.param(by_asin(startDate='"2026-02-30"'), "full date", id="a day that is none"),
        pytest.param(by_asin(startDate="20261117"), "full date", id="a number for a day"),
        pytest.param(by_date(aggregateBy="CHILD"), "does not exist", id="ASINs where dates are aggregated"),
        pytest.param(trends([ASIN], asinAggregation="PARENT"), "only CHILD", id="trends by parent"),
        pytest.param(trends([ASIN], filters="[]"), "no marketplace", id="trends of no marketplace"),
        pytest.param(trends([]), "1 to 30", id="trends of no ASIN"),
        pytest.param(trends(asins(31)), "1 to 30", id="trends of 31 ASINs"),
        pytest.param(trends([ASIN, ASIN]), "named twice", id="an ASIN twice"),
        pytest.param(trends(["b0abcdefgh"]), "malformed", id="an ASIN in small letters"),
        pytest.param(
            trends([ASIN], filters=f"[{one_filter([ASIN])}, {one_filter([ASIN])}]"),
            "named twice",
            id="a filter twice",
        ),
        pytest.param(trends([ASIN], startDate='"2024-11-20"', endDate='"2026-11-20"'), "730 days", id="731 days"),
        pytest.param(
            trends([ASIN], filters=f"[{', '.join(one_filter([asin]) for asin in asins(21))}]"),
            "20 filters",
            id="21 filters",
        ),
        pytest.param(
            trends([ASIN], filters=f"[{', '.join(one_filter(asins(30), place) for place in [DE, FR] * 10)}]"),
            "8000 characters",
            id="more than 8,000 characters",
        ),
    ],
)
async def test_a_query_is_not_created_for(amazon, text, says):
    said = await amazon.ask(text)

    assert said.error == (400, "InvalidInput")
    assert says in json.dumps(said.body)
    assert amazon.simulator.journal.queries == []


async def test_a_marketplace_of_another_account_is_denied(amazon):
    assert (await amazon.ask(by_asin(marketplaceIds=f'["{DE}" "{US}"]'))).error == (403, "Unauthorized")
    assert (await amazon.ask(trends([ASIN], filters=f"[{one_filter([ASIN], US)}]"))).status == 403


async def test_needless_whitespace_does_not_count(amazon):
    spread = WHOLE.replace(" ", "\n" + " " * 900)

    assert len(spread) > 8000
    assert (await amazon.ask(spread)).status == 202


@pytest.mark.parametrize(
    "body",
    [
        pytest.param({}, id="no query"),
        pytest.param({"query": ""}, id="an empty query"),
        pytest.param({"query": 7}, id="a query that is no text"),
        pytest.param({"query": WHOLE, "marketplaceIds": [DE]}, id="a member that it does not have"),
        pytest.param({"query": WHOLE, "variables": {}}, id="variables"),
        pytest.param({"query": WHOLE, "paginationToken": ""}, id="an empty token"),
        pytest.param({"query": WHOLE, "paginationToken": None}, id="null for a token"),
        pytest.param({"query": WHOLE, "paginationToken": "never-given"}, id="a token that was never given"),
        pytest.param([WHOLE], id="a list"),
    ],
)
async def test_a_body_is_invalid_with(amazon, body):
    assert (await amazon.call("POST", QUERIES, json=body)).error == (400, "InvalidInput")
    assert amazon.simulator.journal.queries == []


async def test_a_creation_in_another_content_type_is_unsupported(amazon):
    said = await amazon.call("POST", QUERIES, data=b"{}", headers={"Content-Type": "text/plain"})

    assert said.status == 415


async def test_a_parameter_that_an_operation_does_not_have_is_denied(amazon):
    query = await amazon.answered(WHOLE)
    paths = [f"{QUERIES}/{query['queryId']}", f"{KIOSK_DOCUMENTS}/{query['dataDocumentId']}", QUERIES]

    for path in paths:
        assert (await amazon.call("GET", path)).status == 200
        said = await amazon.call("GET", path, params={"marketplaceIds": DE})
        assert said.error == (403, "Unauthorized")
        assert said.body["errors"][0]["message"] == "Access to requested resource is denied."


@pytest.mark.parametrize(
    "query",
    [
        {"processingStatuses": "READY"}, {"processingStatuses": ""}, {"pageSize": "0"}, {"pageSize": "101"},
        {"pageSize": "ten"}, {"createdSince": "yesterday"}, {"paginationToken": "never-given"},
    ],
    ids=str,
)  # fmt: skip
async def test_a_list_of_queries_is_invalid_with(amazon, query):
    assert (await amazon.call("GET", QUERIES, params=query)).error == (400, "InvalidInput")


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", f"{QUERIES}/1"), ("DELETE", f"{QUERIES}/1"), ("GET", f"{KIOSK_DOCUMENTS}/amzn1.tortuga.4.nothing")],
)
async def test_an_unknown_id_is_not_found(amazon, method, path):
    assert (await amazon.call(method, path)).error == (404, "NotFound")


async def test_what_is_too_large_is_refused_or_fails_later(open_amazon):
    several = f"[{one_filter(asins(1))}, {one_filter(asins(2)[1:])}]"
    strict = await open_amazon(trends_repeat_marketplace=False, trends_most_filters=2)
    assert (await strict.ask(trends([], filters=several))).status == 400

    late = await open_amazon(trends_longest_days=3, trends_beyond="fatal")
    query = await late.answered(trends([ASIN]))

    assert query["processingStatus"] == "FATAL"
    assert "dataDocumentId" not in query
    said = await late.fetched(query["errorDocumentId"])
    assert "too large" in said.body["errors"][0]["message"]
