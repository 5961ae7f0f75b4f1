"""Two years of history: how far back Amazon answers, how much a question may ask, and very many questions."""

import asyncio
import time as machine
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from amazon_simulator.kiosk.query_book import OPEN, Query, QueryBook
from amazon_simulator.kiosk.question import KioskQuestion
from amazon_simulator.kiosk.schema import BY_ASIN, BY_DATE

from .conftest import NOON
from .kiosk_queries import QUERIES, by_asin, by_date, one_filter, trends

FR = "A13V1IB3VIYZZH"


def asins(count, start=0):
    return [f"B0{number:08d}" for number in range(start, start + count)]


@pytest.mark.parametrize(
    ("answered_days", "back", "status"),
    [(None, 730, 202), (None, 731, 400), (729, 729, 202), (729, 730, 400), (740, 740, 202), (740, 741, 400)],
)
async def test_amazon_answers_so_many_days_back_and_no_further(open_amazon, answered_days, back, status):
    amazon = await open_amazon(answered_days=answered_days)
    day = f'"{NOON.date() - timedelta(days=back)}"'

    for text in (
        by_asin(startDate=day, endDate=day),
        by_date(startDate=day),
        trends(asins(1), startDate=day, endDate=day),
    ):
        said = await amazon.ask(text)
        assert said.status == status
        if status == 400:
            assert said.body["errors"][0]["details"] == "startDate is more than two years ago"


@pytest.mark.parametrize(("back", "status"), [(100, "DONE"), (101, "CANCELLED")])
async def test_a_report_of_days_too_far_back_is_cancelled(open_amazon, back, status):
    amazon = await open_amazon(answered_days=100)
    day = f"{NOON.date() - timedelta(days=back)}T00:00:00Z"

    report = await amazon.finished(dataStartTime=day, dataEndTime=day)

    assert report["processingStatus"] == status
    assert ("reportDocumentId" in report) is (status == "DONE")


async def test_the_edge_moves_on_with_the_day_and_what_was_accepted_stays(open_amazon, tmp_path):
    journal = tmp_path / "journal.jsonl"
    amazon = await open_amazon(answered_days=50, journal=journal)
    day = f'"{NOON.date() - timedelta(days=50)}"'
    text = by_asin(startDate=day, endDate=day)
    accepted = (await amazon.ask(text)).body["queryId"]

    amazon.time.pass_by(days=1)

    assert (await amazon.ask(text)).status == 400
    assert "dataDocumentId" in await amazon.query(accepted)
    again = await open_amazon(answered_days=20, journal=journal)
    assert "dataDocumentId" in await again.query(accepted)


async def test_fifteen_filters_of_one_marketplace_fit_in_a_question_of_ninety_days(amazon):
    filters = ", ".join(one_filter(asins(30, 30 * number)) for number in range(15))
    text = trends([], filters=f"[{filters}]", startDate='"2026-08-20"')

    assert (await amazon.ask(text)).status == 202
    assert amazon.simulator.journal.queries[0].asins == 450


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        ({"trends_longest_days": 60}, trends(asins(1), startDate='"2026-09-18"')),
        ({"trends_most_filters": 1}, trends([], filters=f"[{one_filter(asins(1))}, {one_filter(asins(1), FR)}]")),
        (
            {"trends_repeat_marketplace": False},
            trends([], filters=f"[{one_filter(asins(1))}, {one_filter(asins(1, 1))}]"),
        ),
    ],
    ids=["a day too long", "a filter too many", "a marketplace twice"],
)
async def test_trends_beyond_a_limit_are_refused_at_once_or_fail_when_they_are_processed(open_amazon, settings, text):
    strict = await open_amazon(**settings)
    late = await open_amazon(**settings, trends_beyond="fatal", open_queries=1)

    assert (await strict.ask(text)).status == 400
    created = await late.ask(text)
    assert created.status == 202
    assert (await late.ask(text)).status == 429, "it counts as unfinished until it has failed"
    late.time.pass_by(hours=1)
    query = await late.query(created.body["queryId"])
    assert query["processingStatus"] == "FATAL"
    assert "too large" in (await late.fetched(query["errorDocumentId"])).body["errors"][0]["message"]


@pytest.mark.parametrize("start", ['"2026-09-19"', '"2026-09-18"'])
async def test_trends_as_long_as_they_may_be_are_answered_and_a_day_more_is_too_long(open_amazon, start):
    amazon = await open_amazon(trends_longest_days=60, trends_beyond="fatal")
    known = [child.asin for child in amazon.simulator.world.catalog.children[:30]]

    query = await amazon.answered(trends(known, startDate=start))

    assert query["processingStatus"] == ("DONE" if start == '"2026-09-19"' else "FATAL")


@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_unfinished_queries_are_counted_as_if_each_were_looked_at(data):
    book, made = QueryBook(), []
    minutes = st.integers(0, 60 * 24 * 40).map(lambda number: NOON + timedelta(minutes=number))
    for _ in range(data.draw(st.integers(1, 30))):
        created, length = data.draw(minutes), data.draw(st.sampled_from([0, 1, 60, 60 * 24 * 35]))
        kind = data.draw(st.sampled_from([BY_ASIN, BY_DATE]))
        ends = created + timedelta(minutes=length)
        made.append(book.add(a_query(book.next_id("EU"), kind, created, ends)))
        if data.draw(st.booleans()):
            book.cancel("EU", data.draw(st.sampled_from(made)).query_id, created)
    now = data.draw(minutes)

    listed = list(book.of("EU", now))

    assert [row.created for row in listed] == sorted((row.created for row in listed), reverse=True)
    for kind in (BY_ASIN, BY_DATE):
        assert book.open("EU", kind, now) == sum(
            row.question.kind == kind and row.status(now) in OPEN for row in listed
        )
    assert list(book.of("NA", now)) == []


def test_the_ten_thousandth_query_costs_no_more_than_the_first():
    book = QueryBook()

    def seconds(count):
        begun = machine.perf_counter()
        for _ in range(count):
            book.open("EU", BY_ASIN, NOON)
            book.add(a_query(book.next_id("EU"), BY_ASIN, NOON - timedelta(days=1), NOON - timedelta(hours=1)))
        return machine.perf_counter() - begun

    first = min(seconds(200) for _ in range(3))
    seconds(9000)
    last = min(seconds(200) for _ in range(3))
    assert last < 20 * first, "looking at every query would cost a hundred times as much"


async def test_other_calls_are_answered_while_it_is_found_out_what_a_long_document_has(open_amazon):
    amazon = await open_amazon(parents=40, children=400, query_page_rows=1000)
    known = [child.asin for child in amazon.simulator.world.catalog.children]
    filters = ", ".join(one_filter(known[at : at + 30]) for at in range(0, 390, 30))
    text = trends([], filters=f"[{filters}]", startDate='"2026-08-20"', endDate='"2026-11-17"')
    created = await amazon.ask(text)
    amazon.time.pass_by(hours=1)
    token, others = await amazon.token(), 0

    asked = asyncio.create_task(amazon.call("GET", f"{QUERIES}/{created.body['queryId']}", token=token))
    await asyncio.sleep(0.05)
    while not asked.done():
        await amazon.send("GET", amazon.simulator.urls["control"] + "/_simulator/health")
        others += 1

    assert others > 3
    assert "pagination" in (await asked).body


def a_query(query_id, kind, created, ends):
    asked = KioskQuestion(kind=kind, start=date(2026, 11, 1), end=date(2026, 11, 1), scopes=(), selection={})
    return Query(
        account="EU",
        query_id=query_id,
        text="",
        question=asked,
        created=created,
        starts=created,
        ends=ends,
        as_of=ends,
    )
