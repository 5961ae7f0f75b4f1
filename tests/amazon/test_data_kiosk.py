import gzip
import json
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalkola.amazon import Uncertain
from chalkola.amazon.data_kiosk import DataKiosk
from chalkola.amazon.query_matching import Listed, matching
from chalkola.errors import PageExpired, Refusal, Setback, SourceClosed, TooLarge
from chalkola.tickets import Empty, Pending, Ready, Refused, Unknown

QUERIES = "/dataKiosk/2023-11-15/queries"
DOCUMENT = "/dataKiosk/2023-11-15/documents/d-1"
TEXT = 'query { domain { rows(startDate: "2026-11-17", asins: ["B000000001"]) { sales { amount } } } }'
QUESTION = {"query": TEXT}


@pytest.fixture
def kiosk(transport, clock):
    return DataKiosk(transport, clock)


def ask(kiosk, account, question=QUESTION, **more):
    return kiosk.ask(account, question, paid=True, buckets=(), **more)


def listed(query_id, created="2026-11-20T01:00:00Z", status="DONE", text=TEXT):
    return {"queryId": query_id, "query": text, "processingStatus": status, "createdTime": created}


# --- asking --------------------------------------------------------------------------------------------------------


async def test_a_question_is_sent_as_it_is_and_nothing_else(loopback, kiosk, account):
    loopback.answer(QUERIES, 202, {"queryId": "q-1"})
    assert await ask(kiosk, account) == "q-1"
    (sent,) = loopback.asked(QUERIES)
    assert (sent.method, sent.target, json.loads(sent.body)) == ("POST", QUERIES, QUESTION)


async def test_a_further_page_is_the_same_question_with_its_token(loopback, kiosk, account):
    loopback.answer(QUERIES, 202, {"queryId": "q-2"})
    assert await ask(kiosk, account, page="to+ken=/") == "q-2"
    assert json.loads(loopback.asked(QUERIES)[0].body) == {"query": TEXT, "paginationToken": "to+ken=/"}


async def test_a_query_of_more_than_8000_characters_is_not_sent(loopback, kiosk, account):
    loopback.answer(QUERIES, 202, {"queryId": "q-1"})
    query = "{" + "a" * 7_998 + "}"
    assert await ask(kiosk, account, {"query": query.replace("{", "{" + " " * 3_000)}) == "q-1"
    with pytest.raises(TooLarge, match="8,001 characters"):
        await ask(kiosk, account, {"query": query + "x"})
    assert len(loopback.asked(QUERIES)) == 1


@pytest.mark.parametrize(
    ("status", "message", "page", "error"),
    [
        (400, "The query is too complex.", None, TooLarge),
        (400, "Too many filters", "t", TooLarge),
        (413, "Payload", None, TooLarge),
        (400, "Query 'rows' is not supported.", None, Refusal),
        (400, "startDate is more than two years ago", None, Refusal),
        (415, "Too large a content type", None, Refusal),
        (400, "The paginationToken is invalid.", "t", PageExpired),
        (400, "token expired: too many days", "t", PageExpired),
        (404, "No such pagination token", "t", PageExpired),
        (400, "The paginationToken is invalid.", None, Refusal),
        (404, "No such thing", None, Refusal),
    ],
)
async def test_a_rejected_question_is_told_by_amazons_words(loopback, kiosk, account, status, message, page, error):
    loopback.error(QUERIES, status, message, code="InvalidInput", details="d")
    with pytest.raises(Refusal) as refusal:
        await ask(kiosk, account, page=page)
    assert isinstance(refusal.value, error)
    assert isinstance(refusal.value, TooLarge | PageExpired) == (error is not Refusal)
    assert f"InvalidInput: {message} (d)" in str(refusal.value)


async def test_words_that_come_late_in_a_long_answer_count(loopback, kiosk, account):
    loopback.error(QUERIES, 400, "Invalid", details="x " * 400 + "too many filters")
    with pytest.raises(TooLarge) as refusal:
        await ask(kiosk, account)
    assert len(str(refusal.value)) < 500


async def test_a_lost_answer_is_uncertain(loopback, kiosk, account):
    loopback.reset(QUERIES)
    with pytest.raises(Uncertain):
        await ask(kiosk, account)


async def test_a_429_is_a_wait_for_quota(loopback, kiosk, account):
    loopback.error(QUERIES, 429, "Too many requests", code="QuotaExceeded")
    with pytest.raises(Setback) as setback:
        await kiosk.ask(account, QUESTION, paid=True, buckets=("data_kiosk.trends",))
    assert setback.value.for_quota


@pytest.mark.parametrize(
    ("dataset", "role"),
    [("analytics_salesAndTraffic_2024_04_24", "Brand Analytics"), ("analytics_economics_x", "Selling Partner Ins")],
)
async def test_a_denial_lists_the_fields_and_names_their_role(loopback, kiosk, account, dataset, role):
    fields = ", ".join(f"{dataset}.field{number}" for number in range(12))
    said = "Unauthorized to access requested fields."
    loopback.error(QUERIES, 403, said, code="Unauthorized", details=f"Unauthorized to access: [{fields}]")
    with pytest.raises(SourceClosed) as closed:
        await ask(kiosk, account)
    for part in ("createQuery", fields, f"role {role}", "SP_REFRESH_TOKEN_EU"):
        assert part in str(closed.value)


# --- finding -------------------------------------------------------------------------------------------------------


async def test_finding_follows_pages_beside_the_same_parameters(loopback, kiosk, account, clock):
    airy = TEXT.replace(" ", "\n  ")
    page = [listed("old", "2026-11-20T00:10:00Z", "IN_QUEUE", airy), listed("dead", status="FATAL")]
    loopback.answer(QUERIES, json={"queries": page, "pagination": {"nextToken": "to+ken=/"}})
    more = [listed("gone", status="CANCELLED"), listed("new"), listed("other", text=TEXT.replace("17", "18"))]
    loopback.answer(QUERIES, json={"queries": more, "pagination": {}})
    found = await kiosk.find(account, QUESTION, since=clock.now() - timedelta(hours=2))
    assert found[:2] == ("new", "old")
    assert set(found[2:]) == {"dead", "gone"}
    first, second = (parse_qs(urlsplit(request.target).query) for request in loopback.asked(QUERIES))
    assert first == {"createdSince": ["2026-11-20T00:00:00Z"], "pageSize": ["100"]}
    assert second == first | {"paginationToken": ["to+ken=/"]}


@given(
    st.lists(
        st.tuples(st.integers(0, 59), st.sampled_from(["DONE", "FATAL", "CANCELLED", "IN_QUEUE"]), st.booleans())
    )
)
def test_matching_keeps_all_of_ours_newest_first_and_dead_ones_last(made):
    queries = [
        Listed(f"q-{number}", TEXT if ours else "{ other }", status, f"2026-11-20T01:{minute:02}:00Z")
        for number, (minute, status, ours) in enumerate(made)
    ]
    by_id = {query.query_id: query for query in queries}
    found = [by_id[query_id] for query_id in matching(QUESTION, queries)]
    assert {query.query_id for query in found} == {query.query_id for query in queries if query.query == TEXT}
    dead = [query.processing_status in ("FATAL", "CANCELLED") for query in found]
    assert dead == sorted(dead)
    for some in (found[: dead.count(False)], found[dead.count(False) :]):
        times = [query.created_time for query in some]
        assert times == sorted(times, reverse=True)


# --- checking ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "outcome"),
    [
        ({"processingStatus": "IN_QUEUE"}, Pending(status="IN_QUEUE")),
        ({"processingStatus": "IN_PROGRESS"}, Pending(status="IN_PROGRESS")),
        ({"processingStatus": "SOMETHING_NEW"}, Pending(status="SOMETHING_NEW")),
        ({"processingStatus": "DONE", "dataDocumentId": "d-1"}, Ready(document_id="d-1")),
        ({"processingStatus": "DONE", "dataDocumentId": "d-1", "pagination": {}}, Ready(document_id="d-1")),
        (
            {"processingStatus": "DONE", "dataDocumentId": "d-1", "pagination": {"nextToken": "t"}},
            Ready(document_id="d-1", next_page="t"),
        ),
        ({"processingStatus": "DONE"}, Empty),
        ({"processingStatus": "DONE", "errorDocumentId": "e-1"}, Refused),
        ({"processingStatus": "DONE", "pagination": {"nextToken": "t"}}, Refused),
        ({"processingStatus": "CANCELLED"}, Refused),
        ({"processingStatus": "FATAL", "errorDocumentId": "e-1"}, Refused),
        ({"processingStatus": "FATAL"}, Refused),
    ],
)
async def test_checking_brings_one_of_five_words(loopback, kiosk, account, query, outcome):
    loopback.answer(f"{QUERIES}/q-1", json={"queryId": "q-1", "query": TEXT, "aNewField": 1} | query)
    found = await kiosk.check(account, "q-1", paid=True)
    assert found == outcome or type(found) is outcome
    assert loopback.asked(f"{QUERIES}/q-1")[0].target == f"{QUERIES}/q-1"
    if isinstance(found, Refused):
        assert found.document_id == query.get("errorDocumentId")


async def test_a_ticket_that_amazon_does_not_know_is_unknown(loopback, kiosk, account):
    loopback.error(f"{QUERIES}/q-1", 404, "The provided queryId was not found.", code="NotFound")
    found = await kiosk.check(account, "q-1", paid=True)
    assert isinstance(found, Unknown)
    assert "NotFound: The provided queryId" in found.why


@pytest.mark.parametrize("status", [204, 404])
async def test_a_query_is_taken_back(loopback, kiosk, account, status):
    loopback.answer(f"{QUERIES}/q-1", status)
    await kiosk.cancel(account, "q-1")
    assert [request.method for request in loopback.asked(f"{QUERIES}/q-1")] == ["DELETE"]


# --- documents -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("headers", [{}, {"Content-Encoding": "gzip"}])
async def test_a_document_is_inflated_once_whatever_the_header_says(loopback, kiosk, account, headers):
    lines = b'{"sales": 1}\n' * 1_000
    loopback.answer(DOCUMENT, json={"documentId": "d-1", "documentUrl": f"{loopback.url}/lines"})
    loopback.answer("/lines", body=gzip.compress(lines, mtime=0), headers=headers)
    document = await kiosk.fetch(account, "d-1", paid=True)
    assert document.compressed
    assert document.content() == lines
    assert loopback.asked(DOCUMENT)[0].target == DOCUMENT


async def test_a_document_that_is_not_compressed_is_read_as_it_is(loopback, kiosk, account):
    loopback.answer(DOCUMENT, json={"documentId": "d-1", "documentUrl": f"{loopback.url}/lines"})
    loopback.answer("/lines", body=b'{"sales": 1}\n')
    assert (await kiosk.fetch(account, "d-1", paid=True)).content() == b'{"sales": 1}\n'


async def test_a_dead_address_is_asked_for_once_more(loopback, kiosk, account):
    loopback.answer(DOCUMENT, json={"documentId": "d-1", "documentUrl": f"{loopback.url}/dead"})
    loopback.answer(DOCUMENT, json={"documentId": "d-1", "documentUrl": f"{loopback.url}/alive"})
    loopback.answer("/dead", 403)
    loopback.answer("/alive", body=b"{}")
    assert (await kiosk.fetch(account, "d-1", paid=True)).content() == b"{}"


async def test_a_document_that_amazon_does_not_have_is_refused(loopback, kiosk, account):
    loopback.error(DOCUMENT, 404, "The provided documentId was not found.", code="NotFound")
    with pytest.raises(Refusal, match="NotFound: The provided documentId"):
        await kiosk.fetch(account, "d-1", paid=True)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (gzip.compress(b'{"errors": [{"message": "Please\\n try again."}]}', mtime=0), "Please try again."),
        (b'{"errors": [{"code": "C", "message": "M", "details": "D"}]}', "C: M (D)"),
        (b'{"errorDetails": "The dates lie in the future."}', "The dates lie in the future."),
        (b'{"errors": ["a", {"b": "1 < 2 > 0"}]}', '{"errors": ["a", {"b": "1 < 2 > 0"}]}'),
        (b"y" * 600, "y" * 499 + "…"),
        (b'{"at": "https://s3.example/d?X-Amz-Signature=5ecre7"}', '{"at": "https://s3.example/d?[hidden]"}'),
        (b"", "(nothing)"),
    ],
)
async def test_the_reason_of_a_fatal_query_is_in_amazons_words(loopback, kiosk, account, body, reason):
    loopback.answer(DOCUMENT, json={"documentId": "d-1", "documentUrl": f"{loopback.url}/why"})
    loopback.answer("/why", body=body)
    assert await kiosk.reason(account, "d-1") == reason
