"""The whole room against the simulated Amazon: login, participations, and a report from question to document."""

import json
from dataclasses import astuple
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest

from amazon_simulator.mischief import Fault as Mischief
from chalkola.amazon import Uncertain
from chalkola.amazon.operations import OPERATIONS
from chalkola.errors import Fault, LoginFault, Setback
from chalkola.tickets import Ready, Refused

DE = "A1PA6795UKMFR9"
QUESTION = {
    "reportType": "GET_SALES_AND_TRAFFIC_REPORT",
    "marketplaceIds": [DE],
    "dataStartTime": "2026-11-17T00:00:00Z",
    "dataEndTime": "2026-11-17T00:00:00Z",
    "reportOptions": {"dateGranularity": "DAY", "asinGranularity": "CHILD"},
}


async def outcome_of(reports, account, ticket, clock):
    for _ in range(100):
        outcome = await reports.check(account, ticket, paid=False)
        if isinstance(outcome, Ready | Refused):
            return outcome
        await clock.sleep_until(clock.now() + timedelta(seconds=30))
    raise AssertionError("the report was never done")


async def test_an_account_says_where_it_sells(amazon):
    opened, accounts = amazon
    found = await opened.participations(accounts["EU"])
    assert {p.country for p in found} >= {"DE", "FR", "IT", "ES"}
    assert all(p.is_participating for p in found if p.amazon_id == DE)


async def test_a_question_becomes_a_document(amazon, simulator, clock):
    opened, accounts = amazon
    reports, account = opened.driver("reports"), accounts["EU"]
    asked_at = clock.now()
    ticket = await reports.ask(account, QUESTION, paid=False, buckets=("sales_and_traffic.report",))
    assert await reports.find(account, QUESTION, since=asked_at) == (ticket,)
    outcome = await outcome_of(reports, account, ticket, clock)
    document = await reports.fetch(account, outcome.document_id, paid=False)
    assert json.loads(document.content())["reportSpecification"]["marketplaceIds"] == [DE]
    assert len(simulator.journal.entries) == 1


async def test_a_creation_whose_answer_was_lost_is_found(amazon, simulator, clock):
    opened, accounts = amazon
    reports, account = opened.driver("reports"), accounts["EU"]
    simulator.mischief.add(Mischief(kind="reset_after", operation="createReport"))
    asked_at = clock.now()
    with pytest.raises(Uncertain):
        await reports.ask(account, QUESTION, paid=False, buckets=())
    assert len(await reports.find(account, QUESTION, since=asked_at)) == 1


async def test_the_reason_of_a_fatal_report_is_told(amazon, simulator, clock):
    opened, accounts = amazon
    reports, account = opened.driver("reports"), accounts["EU"]
    simulator.mischief.add(Mischief(kind="fatal_with_document"))
    ticket = await reports.ask(account, QUESTION, paid=False, buckets=())
    outcome = await outcome_of(reports, account, ticket, clock)
    assert isinstance(outcome, Refused)
    assert len(await reports.reason(account, outcome.document_id)) > 10


@pytest.mark.parametrize("kind", ["expired_url", "unauthorized", "token_expired"])
async def test_what_can_be_put_right_at_once_is(amazon, simulator, clock, kind):
    opened, accounts = amazon
    reports, account = opened.driver("reports"), accounts["EU"]
    ticket = await reports.ask(account, QUESTION, paid=False, buckets=())
    outcome = await outcome_of(reports, account, ticket, clock)
    simulator.mischief.add(Mischief(kind=kind))
    assert (await reports.fetch(account, outcome.document_id, paid=False)).size_bytes


@pytest.mark.parametrize("kind", ["cut_body", "unavailable_html", "server_error", "throttled", "reset_before"])
async def test_what_passes_is_a_setback(amazon, simulator, clock, kind):
    opened, accounts = amazon
    reports, account = opened.driver("reports"), accounts["EU"]
    ticket = await reports.ask(account, QUESTION, paid=False, buckets=())
    outcome = await outcome_of(reports, account, ticket, clock)
    simulator.mischief.add(Mischief(kind=kind))
    with pytest.raises(Setback) as setback:
        await reports.fetch(account, outcome.document_id, paid=False)
    await clock.sleep_until(setback.value.until)
    assert (await reports.fetch(account, outcome.document_id, paid=False)).size_bytes


async def test_a_revoked_account_is_closed_and_the_others_go_on(amazon, simulator):
    opened, accounts = amazon
    simulator.mischief.add(Mischief(kind="token_revoked", account="NA", times=None))
    with pytest.raises(LoginFault, match="invalid_grant"):
        await opened.participations(accounts["NA"])
    assert await opened.participations(accounts["EU"])


async def test_every_driver_names_operations_that_exist(amazon):
    opened, _ = amazon
    for driver in opened.drivers.values():
        create, check, fetch = (OPERATIONS[name] for name in astuple(driver.operations))
        assert (create.creates, check.creates, fetch.creates) == (True, False, False)


async def test_an_unknown_driver_is_a_fault(amazon):
    opened, _ = amazon
    with pytest.raises(Fault, match="These exist: reports"):
        opened.driver("telegraph")


async def test_orders_are_counted_by_day(amazon):
    opened, accounts = amazon
    first, last = date(2026, 10, 20), date(2026, 11, 10)  # the clocks change in between
    days = await opened.order_metrics(accounts["EU"], DE, first, last, ZoneInfo("Europe/Berlin"))
    assert [each.day for each in days] == [first + timedelta(days=number) for number in range(22)]
    assert {each.currency for each in days} == {"EUR"}
    assert sum(each.units for each in days) >= sum(each.order_items for each in days) > 0
    assert sum(each.order_items for each in days) >= sum(each.orders for each in days) > 0


async def test_orders_of_another_region_are_counted_in_its_own_zone_and_currency(amazon):
    opened, accounts = amazon
    days = await opened.order_metrics(
        accounts["FE"], "A1VC38T7YXB528", date(2026, 11, 1), date(2026, 11, 2), ZoneInfo("Asia/Tokyo")
    )
    assert [each.day for each in days] == [date(2026, 11, 1), date(2026, 11, 2)]
    assert {each.currency for each in days} == {"JPY"}
