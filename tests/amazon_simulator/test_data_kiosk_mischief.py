"""Every fault that Data Kiosk can have can be seen from outside."""

import gzip
import json
import zlib
from datetime import date

import aiohttp
import pytest

from amazon_simulator import KINDS, QUERY_KINDS, Fault

from .kiosk_queries import DE, QUERIES, by_asin, by_date, every_field, one_filter, trends

AE = "A2VIGQ35RCS4UG"
FR = "A13V1IB3VIYZZH"
BOTH = f'["{DE}" "{AE}"]'
WHOLE = by_asin(every_field("salesAndTrafficByAsin"), marketplaceIds=BOTH)

SEEN = {  # every kind that only Data Kiosk has, with the test that shows it
    "lost_answer": "call", "fields_denied": "call", "page_token_expired": "call", "query_too_large": "fate",
    "broken_line": "content", "repeated_lines": "content", "unknown_marketplace": "content",
    "marketplace_missing": "content", "asins_missing": "content", "wrapped_lines": "content",
    "undeclared_gzip": "download",
}  # fmt: skip


def test_every_kind_is_shown_here():
    assert QUERY_KINDS.keys() == SEEN.keys()
    assert not QUERY_KINDS.keys() & KINDS.keys()


@pytest.mark.parametrize(
    ("kind", "status", "accepted"),
    [
        ("lost_answer", 500, 1), ("fields_denied", 403, 0), ("throttled", 429, 0), ("server_error", 500, 0),
        ("unauthorized", 401, 0), ("access_denied", 403, 0), ("token_expired", 403, 0), ("unavailable_html", 503, 0),
    ],
)  # fmt: skip
async def test_a_creation_fails_once_and_then_succeeds(amazon, kind, status, accepted):
    amazon.simulator.mischief.add(Fault(kind=kind, operation="createQuery", marketplace="AE"))

    failed = await amazon.ask(WHOLE)

    assert failed.status == status
    assert len(amazon.simulator.journal.queries) == accepted
    assert (await amazon.ask(WHOLE)).status == 202


@pytest.mark.parametrize(("kind", "accepted"), [("reset_before", 0), ("reset_after", 1)])
async def test_a_reset_creation_was_accepted_only_if_the_answer_was_lost(amazon, kind, accepted):
    amazon.simulator.mischief.add(Fault(kind=kind, operation="createQuery"))
    token = await amazon.token()

    with pytest.raises(aiohttp.ClientConnectionError):
        await amazon.call("POST", QUERIES, token=token, json={"query": WHOLE})

    assert len(amazon.simulator.journal.queries) == accepted
    listed = (await amazon.call("GET", QUERIES)).body["queries"]
    assert [row["query"] for row in listed] == [WHOLE] * accepted


async def test_a_page_token_is_said_to_have_expired(open_amazon):
    amazon = await open_amazon(query_page_rows=15)
    amazon.simulator.mischief.add(Fault(kind="page_token_expired"))
    token = (await amazon.answered(by_asin()))["pagination"]["nextToken"]

    refused = await amazon.ask(by_asin(), paginationToken=token)

    assert "expired" in refused.body["errors"][0]["details"]
    assert (await amazon.ask(by_asin(), paginationToken=token)).status == 202


@pytest.mark.parametrize(
    ("kind", "says"), [("fatal", None), ("fatal_with_document", "try again"), ("query_too_large", "too large")]
)
async def test_a_query_is_fatal_with_a_json_document_or_without(amazon, kind, says):
    amazon.simulator.mischief.add(Fault(kind=kind, query="salesAndTrafficTrends"))
    sound = await amazon.answered(by_asin())

    query = await amazon.answered(trends(["B000000000"]))

    assert (sound["processingStatus"], query["processingStatus"]) == ("DONE", "FATAL")
    assert ("errorDocumentId" in query) == bool(says)
    if says:
        assert says in (await amazon.fetched(query["errorDocumentId"])).body["errors"][0]["message"]


async def test_a_query_is_done_without_a_document_though_there_are_data(amazon):
    amazon.simulator.mischief.add(Fault(kind="no_data", operation="createQuery"))

    first, second = await amazon.answered(by_asin()), await amazon.answered(by_asin())

    assert (first["processingStatus"], "dataDocumentId" in first) == ("DONE", False)
    assert "dataDocumentId" in second


@pytest.mark.parametrize(("kind", "status"), [("slow_queue", "IN_QUEUE"), ("slow_report", "IN_PROGRESS")])
async def test_a_slow_query_stays_where_it_is_for_hours(amazon, kind, status):
    amazon.simulator.mischief.add(Fault(kind=kind, hours=5))

    assert (await amazon.answered(by_asin()))["processingStatus"] == status


async def _spoiled(amazon, text=WHOLE, **fault):
    """Return the lines of an answer under a fault, as they are and as they should be."""
    amazon.simulator.mischief.add(Fault(**fault))
    query = await amazon.answered(text)
    said = await amazon.fetched(query["dataDocumentId"])
    entry = amazon.simulator.journal.queries[-1]
    true = amazon.simulator.kiosk_rows(entry.kind, entry.marketplaces, entry.start, entry.end, as_of=entry.as_of)
    return said.raw.splitlines(), true


def _parsed(lines):
    return [json.loads(line) for line in lines]


async def test_a_line_ends_in_its_middle(amazon):
    lines, true = await _spoiled(amazon, kind="broken_line")

    broken = [line for line in lines if not line.endswith(b"}")]
    assert (len(broken), len(lines)) == (1, len(true))


async def test_lines_come_twice(amazon):
    lines, true = await _spoiled(amazon, kind="repeated_lines", marketplace="AE")

    assert len(set(lines)) == len(true) < len(lines)


async def test_a_line_is_of_a_marketplace_that_nobody_knows(amazon):
    lines, _ = await _spoiled(amazon, kind="unknown_marketplace")

    assert len({line["marketplaceId"] for line in _parsed(lines)} - {DE, AE}) == 1


@pytest.mark.parametrize(("named", "left"), [("DE", AE), (None, DE)])
async def test_a_marketplace_is_missing(amazon, named, left):
    lines, _ = await _spoiled(amazon, kind="marketplace_missing", marketplace=named)

    assert {line["marketplaceId"] for line in _parsed(lines)} == {left}


async def test_lines_are_wrapped_as_graphql_answers_are(amazon):
    lines, true = await _spoiled(amazon, kind="wrapped_lines")

    rows = [
        line["data"]["analytics_salesAndTraffic_2024_04_24"]["salesAndTrafficByAsin"][0] for line in _parsed(lines)
    ]
    assert [row["childAsin"] for row in rows] == [row["childAsin"] for row in true]


async def test_fields_come_and_go(amazon):
    lines, _ = await _spoiled(amazon, kind="new_field")
    assert all("videoViews" in line and "unitsReplaced" in line["sales"] for line in _parsed(lines))

    lines, _ = await _spoiled(amazon, kind="missing_field", field="sessions")
    assert sum("sessions" not in line["traffic"] for line in _parsed(lines)) == 1


async def test_a_day_of_one_marketplace_is_late_and_the_others_are_not(amazon):
    lines, true = await _spoiled(amazon, kind="late_day", marketplace="DE", day=date(2026, 11, 17))

    def count(rows, place):
        return sum(row["marketplaceId"] == place for row in rows)

    assert 0 < count(_parsed(lines), DE) < 0.2 * count(true, DE)
    assert count(_parsed(lines), AE) == count(true, AE)


async def test_a_fault_of_a_day_leaves_the_other_days_alone(amazon):
    text = by_date(every_field("salesAndTrafficByDate"))
    lines, true = await _spoiled(amazon, text, kind="totals_differ", day=date(2026, 11, 13), amount=9)

    apart = {
        line["startDate"]: line["sales"]["unitsOrdered"] - row["sales"]["unitsOrdered"]
        for line, row in zip(_parsed(lines), true, strict=True)
    }
    assert {day for day, units in apart.items() if units} == {"2026-11-13"}
    assert apart["2026-11-13"] == 9


async def test_a_fault_of_totals_waits_for_a_query_of_totals(amazon):
    amazon.simulator.mischief.add(Fault(kind="totals_differ"), Fault(kind="shrunk_rows"), Fault(kind="foreign_twin"))
    await amazon.ask(by_date())
    await amazon.ask(by_asin())

    assert [row["struck"] for row in amazon.simulator.mischief.to_json()] == [1, 1, 0]


@pytest.mark.parametrize("kind", ["shrunk_day", "shrunk_rows", "other_day", "other_currency", "b2b_null",
                                  "b2b_without_currency", "percentage_above_999"])  # fmt: skip
async def test_figures_are_spoiled(amazon, kind):
    lines, true = await _spoiled(amazon, kind=kind)
    rows = _parsed(lines)
    de = [row for row in rows if row["marketplaceId"] == DE]

    match kind:
        case "shrunk_day" | "shrunk_rows":
            units = [sum(row["sales"]["unitsOrdered"] for row in some) for some in (rows, true)]
            assert units[0] < 0.5 * units[1]
        case "other_day":
            assert {row["startDate"] for row in rows} == {"2026-11-16"}
        case "other_currency":
            assert {row["sales"]["orderedProductSales"]["currencyCode"] for row in rows} == {"SEK"}
        case "b2b_null":
            assert {row["traffic"]["sessionsB2B"] for row in de} == {None}
        case "b2b_without_currency":
            assert de[0]["sales"]["orderedProductSalesB2B"].keys() == {"amount"}
        case _:
            assert rows[0]["traffic"]["unitSessionPercentage"] == 1250.0


async def test_a_document_is_no_json_at_all(amazon):
    amazon.simulator.mischief.add(Fault(kind="not_json"))
    query = await amazon.answered(by_asin())

    assert b"could not be rendered" in (await amazon.fetched(query["dataDocumentId"])).raw


@pytest.mark.parametrize("kind", ["undeclared_gzip", "already_inflated", "truncated_gzip", "corrupt_gzip"])
async def test_a_download_is_not_what_it_says(amazon, kind):
    query = await amazon.answered(by_asin())
    amazon.simulator.mischief.add(Fault(kind=kind))
    said = await amazon.call("GET", f"/dataKiosk/2023-11-15/documents/{query['dataDocumentId']}")

    async with amazon.http.get(said.body["documentUrl"], auto_decompress=False) as answer:
        raw, encoding = await answer.read(), answer.headers["Content-Encoding"]

    match kind:
        case "undeclared_gzip":
            assert (encoding, gzip.decompress(raw)[:1]) == ("identity", b"{")
        case "already_inflated":
            assert (encoding, raw[:1]) == ("identity", b"{")
        case _:
            with pytest.raises((EOFError, zlib.error, gzip.BadGzipFile)):
                gzip.decompress(raw)


async def test_queries_and_reports_meet_only_their_own_faults(amazon):
    amazon.simulator.mischief.add(Fault(kind="broken_line"), Fault(kind="empty_asin_list"))
    await amazon.create()
    await amazon.ask(by_asin())

    assert amazon.simulator.journal.entries[0].contents == ({"kind": "empty_asin_list"},)
    assert amazon.simulator.journal.queries[0].contents == ({"kind": "broken_line"},)


SIXTEENTH, SEVENTEENTH = date(2026, 11, 16), date(2026, 11, 17)
BY_ASIN, BY_DATE, TRENDS = "salesAndTrafficByAsin", "salesAndTrafficByDate", "salesAndTrafficTrends"


def children(amazon, count=30):
    return [child.asin for child in amazon.simulator.world.catalog.children[:count]]


async def test_a_month_does_not_know_an_asin_that_its_days_know(amazon):
    lost = children(amazon)[3]
    amazon.simulator.mischief.add(Fault(kind="asins_missing", asins=(lost,), longer_than_days=1, times=None))

    month = await amazon.lines(await amazon.answered(by_asin(startDate='"2026-11-01"')))
    day = await amazon.lines(await amazon.answered(by_asin()))

    assert {row["childAsin"] for row in day} - {row["childAsin"] for row in month} == {lost}


async def test_an_asin_is_missing_from_the_trends_that_name_it_and_no_others_are_struck(amazon):
    known = children(amazon)
    amazon.simulator.mischief.add(Fault(kind="asins_missing", asins=(known[0],), query=TRENDS))

    others = await amazon.lines(await amazon.answered(trends(known[1:])))
    first = await amazon.lines(await amazon.answered(trends(known)))
    second = await amazon.lines(await amazon.answered(trends(known)))

    assert {row["childAsin"] for row in first} == {row["childAsin"] for row in others}
    assert {row["childAsin"] for row in second} == {row["childAsin"] for row in [*others, {"childAsin": known[0]}]}


async def test_an_asin_is_missing_in_one_marketplace_on_one_day(amazon):
    lost = children(amazon)[3]
    where = {"marketplace": "DE", "day": SIXTEENTH}
    amazon.simulator.mischief.add(Fault(kind="asins_missing", asins=(lost,), query=TRENDS, times=None, **where))
    filters = f"[{one_filter([lost])}, {one_filter([lost], FR)}]"

    rows = await amazon.lines(await amazon.answered(trends([], "startDate marketplaceId", filters=filters)))

    assert [(row["marketplaceId"], row["startDate"][-2:]) for row in rows] == [
        (place, f"{day}") for place in (DE, FR) for day in range(11, 18) if (place, day) != (DE, 16)
    ]


async def test_without_any_row_left_there_is_no_document(amazon):
    known = children(amazon)
    amazon.simulator.mischief.add(
        Fault(kind="asins_missing", asins=tuple(known), query=TRENDS), Fault(kind="empty_asin_list", query=BY_ASIN)
    )

    for text in (trends(known), by_asin()):
        query = await amazon.answered(text)
        assert (query["processingStatus"], "dataDocumentId" in query) == ("DONE", False)
        assert "dataDocumentId" in await amazon.answered(text)


async def test_parents_know_no_missing_children(amazon):
    amazon.simulator.mischief.add(Fault(kind="asins_missing", asins=tuple(children(amazon))))

    await amazon.ask(by_asin(aggregateBy="PARENT"))
    await amazon.ask(by_date())

    assert amazon.simulator.mischief.to_json()[0]["struck"] == 0


async def test_a_day_has_totals_and_no_asins_for_ever(amazon):
    fault = Fault(kind="empty_asin_list", marketplace="DE", day=SIXTEENTH, times=None)
    amazon.simulator.mischief.add(fault)
    asked = ("childAsin startDate marketplaceId sales { unitsOrdered }", f'["{DE}" "{FR}"]')
    filters = f"[{one_filter(children(amazon))}, {one_filter(children(amazon), FR)}]"

    for _ in range(2):
        rows = await amazon.lines(await amazon.answered(trends([], asked[0], filters=filters)))
        months = await amazon.lines(
            await amazon.answered(by_asin(asked[0], marketplaceIds=asked[1], startDate='"2026-11-11"'))
        )
        totals = await amazon.lines(
            await amazon.answered(by_date("startDate marketplaceId sales { unitsOrdered }", marketplaceIds=asked[1]))
        )
        days = {(row["marketplaceId"], row["startDate"]) for row in rows}
        units = {(row["marketplaceId"], row["startDate"]): row["sales"]["unitsOrdered"] for row in totals}
        assert units.keys() - days == {(DE, "2026-11-16")}
        assert units[DE, "2026-11-16"] > 0
        for place in (DE, FR):
            listed = sum(row["sales"]["unitsOrdered"] for row in months if row["marketplaceId"] == place)
            left_out = units[DE, "2026-11-16"] if place == DE else 0
            assert listed == sum(units[key] for key in units if key[0] == place) - left_out


async def test_totals_never_differ_by_the_same_amount_twice(amazon):
    fault = Fault(kind="totals_differ", query=BY_DATE, day=SIXTEENTH, marketplace="DE", times=None, grows=True)
    amazon.simulator.mischief.add(fault)
    true = amazon.simulator.kiosk_rows(BY_DATE, ["DE"], SIXTEENTH, SIXTEENTH)[0]["sales"]["unitsOrdered"]

    apart = []
    for _ in range(3):
        rows = await amazon.lines(await amazon.answered(by_date(every_field(BY_DATE))))
        apart += [row["sales"]["unitsOrdered"] - true for row in rows if row["startDate"] == "2026-11-16"]
        await amazon.ask(by_asin())

    assert apart == [7, 14, 21]


async def test_faults_that_last_strike_together_and_of_the_others_one(amazon):
    lasting = [
        Fault(kind="totals_differ", day=day, amount=amount, times=None)
        for day, amount in ((SIXTEENTH, 5), (SEVENTEENTH, 9))
    ]
    amazon.simulator.mischief.add(Fault(kind="repeated_lines"), *lasting, Fault(kind="broken_line"))
    true = amazon.simulator.kiosk_rows(BY_DATE, ["DE"], date(2026, 11, 11), SEVENTEENTH)

    query = await amazon.answered(by_date(every_field(BY_DATE)))
    rows = await amazon.lines(query)

    assert len(rows) > len(true)
    apart = [
        row["sales"]["unitsOrdered"] - other["sales"]["unitsOrdered"] for row, other in zip(rows, true, strict=False)
    ]
    assert apart == [0, 0, 0, 0, 0, 5, 9]
    assert [fault["kind"] for fault in amazon.simulator.journal.queries[0].contents] == [
        "repeated_lines", "totals_differ", "totals_differ",
    ]  # fmt: skip
    assert [row["struck"] for row in amazon.simulator.mischief.to_json()] == [1, 1, 1, 0]


@pytest.mark.parametrize(("days", "struck"), [(6, True), (7, False)])
async def test_a_fault_spares_questions_that_are_not_longer_than_it_says(amazon, days, struck):
    amazon.simulator.mischief.add(Fault(kind="query_too_large", longer_than_days=days))

    query = await amazon.answered(by_date())

    assert (query["processingStatus"] == "FATAL") is struck


@pytest.mark.parametrize("values", [{"kind": "asins_missing"}, {"kind": "asins_missing", "asins": "B000000000"},
                                    {"kind": "fatal", "asins": [7]}])  # fmt: skip
def test_a_fault_says_which_asins_in_a_list(values):
    with pytest.raises(ValueError, match="asins"):
        Fault.from_json(values)


def test_a_fault_of_asins_is_the_same_after_json():
    fault = Fault(kind="asins_missing", asins=("B000000000", "B000000001"), longer_than_days=27, grows=True)

    assert Fault.from_json(json.loads(json.dumps(fault.to_json()))) == fault
