"""Data Kiosk against the simulated Amazon: a question, page by page, and what goes wrong on the way."""

import json
from datetime import timedelta

import pytest

from amazon_simulator import SimulatorSettings
from amazon_simulator.mischief import Fault as Mischief
from chalkola.amazon import Uncertain
from chalkola.amazon.wording import says_too_large
from chalkola.errors import PageExpired, Refusal, Setback, SourceClosed, TooLarge
from chalkola.tickets import Empty, Pending, Ready, Refused

DE, FR = "A1PA6795UKMFR9", "A13V1IB3VIYZZH"
SMALL = {"parents": 4, "children": 20, "foreign_reports": 0}
BY_ASIN = """query { analytics_salesAndTraffic_2024_04_24 {
  salesAndTrafficByAsin(aggregateBy: CHILD, startDate: "%s", endDate: "%s", marketplaceIds: [%s]) {
    marketplaceId childAsin sales { unitsOrdered } traffic { sessions }
  } } }"""
TRENDS = """query { analytics_salesAndTraffic_2024_04_24 {
  salesAndTrafficTrends(asinAggregation: CHILD, dateAggregation: DAY, startDate: "2026-11-16", endDate: "2026-11-17",
    filters: [{marketplaceId: "A1PA6795UKMFR9", asins: ["B000000001"]},
              {marketplaceId: "A13V1IB3VIYZZH", asins: ["B000000001"]}]) {
    childAsin sales { unitsOrdered } } } }"""


def by_asin(*marketplaces, day="2026-11-17"):
    return {"query": BY_ASIN % (day, day, ", ".join(json.dumps(each) for each in marketplaces))}


@pytest.fixture
def kiosk(amazon):
    opened, accounts = amazon
    return opened.driver("data_kiosk"), accounts["EU"]


async def ask(kiosk, question, **more):
    driver, account = kiosk
    return await driver.ask(account, question, paid=False, buckets=(), **more)


async def outcome_of(kiosk, ticket, clock):
    driver, account = kiosk
    for _ in range(100):
        outcome = await driver.check(account, ticket, paid=False)
        if not isinstance(outcome, Pending):
            return outcome
        await clock.sleep_until(clock.now() + timedelta(seconds=30))
    raise AssertionError("the query was never done")


async def rows_of(kiosk, document_id):
    driver, account = kiosk
    document = await driver.fetch(account, document_id, paid=False)
    return [json.loads(line) for line in document.content().splitlines()]


async def test_a_question_becomes_rows(kiosk, simulator, clock):
    asked_at = clock.now()
    question = by_asin(DE)
    ticket = await ask(kiosk, question)
    driver, account = kiosk
    airy = {"query": question["query"].replace(" ", "\n\t ")}
    assert await driver.find(account, airy, since=asked_at) == (ticket,)
    outcome = await outcome_of(kiosk, ticket, clock)
    rows = await rows_of(kiosk, outcome.document_id)
    assert {row["marketplaceId"] for row in rows} == {DE}
    assert outcome.next_page is None


@pytest.mark.parametrize("shop", [SimulatorSettings(**SMALL, query_page_rows=7)])
async def test_pages_together_are_the_whole_answer(kiosk, simulator, clock):
    question = by_asin(DE, FR)
    pages, token = [], None
    while True:
        outcome = await outcome_of(kiosk, await ask(kiosk, question, page=token), clock)
        pages.append(await rows_of(kiosk, outcome.document_id))
        token = outcome.next_page
        if token is None:
            break
    rows = [(row["marketplaceId"], row["childAsin"]) for page in pages for row in page]
    assert len(pages) > 2
    assert all(len(page) == 7 for page in pages[:-1])
    assert len(rows) == len(set(rows))
    assert {marketplace for marketplace, _ in rows} == {DE, FR}


@pytest.mark.parametrize("shop", [SimulatorSettings(**SMALL, query_page_rows=7)])
async def test_a_page_that_was_waited_for_too_long_has_expired(kiosk, simulator, clock):
    outcome = await outcome_of(kiosk, await ask(kiosk, by_asin(DE)), clock)
    with pytest.raises(PageExpired, match="paginationToken"):
        await ask(kiosk, by_asin(FR), page=outcome.next_page)
    with pytest.raises(PageExpired, match="paginationToken"):
        await ask(kiosk, by_asin(DE), page="made up")
    await clock.sleep_until(clock.now() + timedelta(hours=25))
    with pytest.raises(PageExpired, match="paginationToken has expired"):
        await ask(kiosk, by_asin(DE), page=outcome.next_page)


async def test_no_data_is_said_to_be_none(kiosk, simulator, clock):
    simulator.mischief.add(Mischief(kind="no_data"))
    assert isinstance(await outcome_of(kiosk, await ask(kiosk, by_asin(DE)), clock), Empty)


@pytest.mark.parametrize("shop", [SimulatorSettings(**SMALL, trends_most_filters=1)])
async def test_a_question_that_is_refused_for_its_size_is_too_large(kiosk, simulator):
    with pytest.raises(TooLarge, match="more than 1 filters"):
        await ask(kiosk, {"query": TRENDS})


@pytest.mark.parametrize("shop", [SimulatorSettings(**SMALL, trends_most_filters=1, trends_beyond="fatal")])
async def test_a_question_that_turns_out_too_large_says_so_in_its_document(kiosk, simulator, clock):
    outcome = await outcome_of(kiosk, await ask(kiosk, {"query": TRENDS}), clock)
    assert isinstance(outcome, Refused)
    driver, account = kiosk
    assert says_too_large(await driver.reason(account, outcome.document_id))


async def test_a_fault_of_amazons_is_not_called_too_large(kiosk, simulator, clock):
    simulator.mischief.add(Mischief(kind="fatal_with_document"))
    outcome = await outcome_of(kiosk, await ask(kiosk, by_asin(DE)), clock)
    driver, account = kiosk
    reason = await driver.reason(account, outcome.document_id)
    assert "problem processing the query" in reason
    assert not says_too_large(reason)


async def test_a_query_that_is_taken_back_is_refused_and_not_empty(kiosk, simulator, clock):
    driver, account = kiosk
    ticket = await ask(kiosk, by_asin(DE))
    await driver.cancel(account, ticket)
    assert isinstance(await driver.check(account, ticket, paid=False), Refused)
    done = await ask(kiosk, by_asin(FR))
    await outcome_of(kiosk, done, clock)
    with pytest.raises(Refusal, match="cannot be cancelled"):
        await driver.cancel(account, done)


@pytest.mark.parametrize("kind", ["lost_answer", "reset_after"])
async def test_a_creation_whose_answer_was_lost_is_found(kiosk, simulator, clock, kind):
    simulator.mischief.add(Mischief(kind=kind, operation="createQuery"))
    asked_at = clock.now()
    with pytest.raises(Uncertain):
        await ask(kiosk, by_asin(DE))
    driver, account = kiosk
    assert len(await driver.find(account, by_asin(DE), since=asked_at)) == 1
    assert await driver.find(account, by_asin(FR), since=asked_at) == ()


@pytest.mark.parametrize("shop", [SimulatorSettings(**SMALL, open_queries=None)])
async def test_a_list_of_more_than_one_page_is_looked_through(kiosk, simulator, clock):
    asked_at = clock.now()
    oldest = await ask(kiosk, by_asin(FR))
    for _ in range(100):
        await clock.sleep_until(clock.now() + timedelta(minutes=1))
        newest = await ask(kiosk, by_asin(DE))
    driver, account = kiosk
    assert await driver.find(account, by_asin(FR), since=asked_at) == (oldest,)
    assert (await driver.find(account, by_asin(DE), since=asked_at))[0] == newest


async def test_too_many_open_queries_are_a_wait_for_quota(kiosk, simulator):
    for day in (14, 15, 16):
        await ask(kiosk, by_asin(DE, day=f"2026-11-{day}"))
    with pytest.raises(Setback) as setback:
        await ask(kiosk, by_asin(DE))
    assert setback.value.for_quota


@pytest.mark.parametrize("kind", ["expired_url", "undeclared_gzip", "already_inflated"])
async def test_what_can_be_put_right_at_once_is(kiosk, simulator, clock, kind):
    outcome = await outcome_of(kiosk, await ask(kiosk, by_asin(DE)), clock)
    assert isinstance(outcome, Ready)
    simulator.mischief.add(Mischief(kind=kind))
    assert await rows_of(kiosk, outcome.document_id)


async def test_a_missing_role_closes_the_source_in_amazons_words(kiosk, simulator):
    simulator.mischief.add(Mischief(kind="fields_denied"))
    with pytest.raises(SourceClosed) as closed:
        await ask(kiosk, by_asin(DE))
    for part in ("requested fields", "salesAndTrafficByAsin.sales.unitsOrdered", "role Brand Analytics"):
        assert part in str(closed.value)
