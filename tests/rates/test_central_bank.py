"""Which of the bank's files has the days, and what becomes of fetching it."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from amazon_simulator import Fault, Simulator, SimulatorSettings
from chalkola.calls import Call
from chalkola.clock import JumpingClock
from chalkola.errors import Refusal, Setback
from chalkola.rates import open_rates
from chalkola.rates.central_bank import ALL_DAYS, DAILY, LAST_90_DAYS, file_of
from chalkola.settings import PUBLIC, Settings, read_settings
from chalkola.tickets import Ready

EVENING = datetime(2026, 11, 20, 19, tzinfo=UTC)
TODAY = date(2026, 11, 20)


CLOCK = JumpingClock(EVENING)


@pytest.fixture
async def bank() -> AsyncIterator[Simulator]:
    async with Simulator(SimulatorSettings(marketplaces=("DE",)), CLOCK.now) as simulator:
        yield simulator


@pytest.fixture
def settings(bank: Simulator) -> Settings:
    return replace(read_settings(bank.env()), clock=CLOCK)


@pytest.mark.parametrize(
    ("first", "last", "name"),
    [
        (TODAY, TODAY, DAILY),
        (TODAY - timedelta(days=1), TODAY - timedelta(days=1), LAST_90_DAYS),
        (TODAY - timedelta(days=85), TODAY, LAST_90_DAYS),
        (TODAY - timedelta(days=86), TODAY, ALL_DAYS),
        (date(2024, 11, 20), TODAY, ALL_DAYS),
    ],
)
def test_the_smallest_file_that_has_the_days_is_fetched(first: date, last: date, name: str) -> None:
    assert file_of(first, last, EVENING) == name


def test_the_banks_day_is_that_of_frankfurt() -> None:
    assert file_of(TODAY, TODAY, datetime(2026, 11, 19, 23, 30, tzinfo=UTC)) == DAILY


async def test_asking_and_checking_need_no_call(settings: Settings, bank: Simulator) -> None:
    async with open_rates(settings) as drivers:
        driver = drivers["central_bank"]
        ticket = await driver.ask(PUBLIC, {"first": "2026-11-20", "last": "2026-11-20"}, paid=True, buckets=())
        assert (ticket, await driver.check(PUBLIC, ticket, paid=True)) == (DAILY, Ready(document_id=DAILY))
        assert await driver.find(PUBLIC, {}, since=EVENING) == ()
    assert bank.journal.calls == {}


@pytest.mark.parametrize("name", [DAILY, LAST_90_DAYS, ALL_DAYS])
async def test_a_file_arrives_as_it_was_sent(settings: Settings, name: str) -> None:
    calls: list[Call] = []
    async with open_rates(settings, on_call=calls.append) as drivers:
        document = await drivers["central_bank"].fetch(PUBLIC, name, paid=True)
    assert document.size_bytes > 1000
    document.raw.seek(0)
    assert document.raw.read(4) == (b"PK\x03\x04" if name == ALL_DAYS else b"<?xm")
    assert [(call.operation, call.account, call.status) for call in calls] == [("getReferenceRates", "public", 200)]


@pytest.mark.parametrize("kind", ["server_error", "throttled", "unavailable_html", "reset_before"])
async def test_a_bank_that_is_away_is_a_setback(settings: Settings, bank: Simulator, kind: str) -> None:
    bank.mischief.add(Fault(kind=kind, operation="rates"))
    async with open_rates(settings) as drivers:
        with pytest.raises(Setback, match="cannot be fetched now") as setback:
            await drivers["central_bank"].fetch(PUBLIC, DAILY, paid=True)
    assert setback.value.until > EVENING


async def test_a_file_that_is_not_there_is_refused_with_what_to_do(settings: Settings) -> None:
    async with open_rates(settings) as drivers:
        with pytest.raises(Refusal, match="FX_RATES_URL"):
            await drivers["central_bank"].fetch(PUBLIC, "eurofxref-tomorrow.xml", paid=True)
