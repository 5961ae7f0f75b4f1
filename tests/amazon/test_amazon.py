"""The whole room against the simulated Amazon: login, participations, and a report from question to document."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest

from amazon_simulator import SimulatorSettings
from amazon_simulator.mischief import Fault as Mischief
from amazon_simulator.server import Simulator
from chalkola.amazon import Uncertain, open_amazon
from chalkola.amazon.tickets import Ready, Refused
from chalkola.errors import Fault, LoginFault, Setback
from chalkola.settings import read_settings

DE = "A1PA6795UKMFR9"
QUESTION = {
    "reportType": "GET_SALES_AND_TRAFFIC_REPORT",
    "marketplaceIds": [DE],
    "dataStartTime": "2026-11-17T00:00:00Z",
    "dataEndTime": "2026-11-17T00:00:00Z",
    "reportOptions": {"dateGranularity": "DAY", "asinGranularity": "CHILD"},
}


@pytest.fixture
async def simulator(clock) -> AsyncIterator[Simulator]:
    shop = SimulatorSettings(parents=4, children=20, foreign_reports=0)
    async with Simulator(shop, clock.now) as small_amazon:
        yield small_amazon


@pytest.fixture
async def amazon(simulator, clock, buckets):
    settings = replace(read_settings(simulator.env()), clock=clock)
    async with open_amazon(settings, buckets) as opened:
        yield opened, {account.key: account for account in settings.accounts}


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


async def test_an_unknown_driver_is_a_fault(amazon):
    opened, _ = amazon
    with pytest.raises(Fault, match="These exist: reports"):
        opened.driver("telegraph")
