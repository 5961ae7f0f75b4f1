"""The euro's reference rates, from the bank's files into the table."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from amazon_simulator import Fault
from chalkola.errors import Setback
from chalkola.periods import days
from night import OpenShop, Shop

RATES = ("fx_rates",)
EVENING = datetime(2026, 11, 20, 19, 17, tzinfo=UTC)  # a Friday
FRIDAY = date(2026, 11, 20)


@pytest.fixture
async def evening(opened_shop: OpenShop) -> Shop:
    """A shop on a Friday evening, when the day's rates are out."""
    return await opened_shop(begin=EVENING)


def held(shop: Shop) -> dict[date, dict[str, Decimal]]:
    found: dict[date, dict[str, Decimal]] = {}
    for row in shop.rows("SELECT date, currency_code, per_eur FROM fx_rates"):
        found.setdefault(row["date"], {})[row["currency_code"]] = row["per_eur"]
    return found


def true(shop: Shop, first: date, last: date) -> dict[date, dict[str, Decimal]]:
    """Return what the bank has published of these days, and what follows from it."""
    published = {day: shop.amazon.rates.of(day) for day in days(first, last)}
    return {day: _with_ours(of_day) for day, of_day in published.items() if of_day}


def _with_ours(of_day: Mapping[str, str]) -> dict[str, Decimal]:
    rates = {code: Decimal(rate) for code, rate in of_day.items()}
    return rates | {"EUR": Decimal(1), "AED": rates["USD"] * Decimal("3.6725")}


def states(shop: Shop) -> dict[date, str]:
    found = shop.rows("SELECT first_day, state FROM sp_slices WHERE dataset = 'fx_rates' AND scope = 'world'")
    return {row["first_day"]: row["state"] for row in found}


async def test_two_years_of_rates_are_filled_by_one_question_and_a_run_after_it_asks_nothing(evening: Shop) -> None:
    report = await evening.night(datasets=RATES)

    assert report.exit_code == 0
    assert len(report.plan.pulls) == 1
    assert held(evening) == true(evening, FRIDAY - timedelta(days=730), FRIDAY)
    assert evening.amazon.journal.calls == {("rates", 200): 1}, "not even a login at Amazon"

    assert (await evening.night(datasets=RATES)).plan.pulls == ()
    assert evening.amazon.journal.calls["rates", 200] == 1


async def test_weekends_and_holidays_are_no_slices_and_no_gaps(evening: Shop) -> None:
    await evening.night(datasets=RATES)

    found = states(evening)
    assert set(found.values()) == {"proven"}
    assert set(found) == set(held(evening))
    for closed in (date(2025, 12, 25), date(2026, 1, 1), date(2026, 4, 3), date(2026, 4, 6), date(2026, 5, 1)):
        assert closed not in found
    assert not [day for day in found if day.weekday() > 4]
    assert date(2025, 12, 24) in found, "the bank publishes on Christmas Eve"


async def test_every_row_says_how_it_came(evening: Shop) -> None:
    await evening.night(datasets=RATES)

    found = evening.rows("SELECT currency_code, source, pull_id FROM fx_rates WHERE date = %s", FRIDAY)
    by_source: dict[str, set[str]] = {}
    for row in found:
        by_source.setdefault(row["source"], set()).add(row["currency_code"])
    assert by_source["euro"] == {"EUR"}
    assert by_source["peg"] == {"AED"}
    assert len(by_source["ecb"]) == 29
    assert {row["pull_id"] for row in found} == {1}


async def test_each_working_day_brings_its_rates_and_asks_for_nothing_else(evening: Shop) -> None:
    asked = []
    for _ in range(5):
        report = await evening.night(datasets=RATES)
        asked.append([(pull.box.first, pull.box.last) for pull in report.plan.pulls])
        evening.clock.advance(timedelta(days=1))

    assert [len(some) for some in asked] == [1, 0, 0, 1, 1], "nothing on Saturday and Sunday"
    monday, tuesday = date(2026, 11, 23), date(2026, 11, 24)
    assert asked[3:] == [[(monday, monday)], [(tuesday, tuesday)]]
    assert held(evening) == true(evening, FRIDAY - timedelta(days=730), tuesday)


async def test_days_that_were_missed_are_caught_up_with(evening: Shop) -> None:
    await evening.night(datasets=RATES)
    evening.clock.advance(timedelta(days=40))

    report = await evening.night(datasets=RATES)

    assert len(report.plan.pulls) == 1
    newest = date(2026, 12, 30)
    assert held(evening) == true(evening, FRIDAY - timedelta(days=730), newest)


async def test_a_day_that_is_late_is_asked_for_again_and_one_that_never_comes_is_no_gap(evening: Shop) -> None:
    evening.goes_wrong(Fault(kind="late_day", operation="rates"))
    report = await evening.night(datasets=RATES)

    assert report.exit_code == 3, "the day is late"
    assert states(evening)[FRIDAY] == "due"
    line = evening.rows("SELECT * FROM sp_slices WHERE dataset = 'fx_rates' AND first_day = %s", FRIDAY)[0]
    assert line["reason"] == "not published yet"

    evening.clock.advance(timedelta(hours=2))
    await evening.night(datasets=RATES)
    assert states(evening)[FRIDAY] == "proven"
    assert held(evening) == true(evening, FRIDAY - timedelta(days=730), FRIDAY)


async def test_the_bank_does_not_hold_a_night_up(evening: Shop) -> None:
    evening.goes_wrong(Fault(kind="server_error", operation="rates", times=None))

    report = await evening.night(datasets=RATES)

    assert report.finished - report.began < timedelta(minutes=10)
    assert report.exit_code == 3
    assert evening.amazon.journal.calls["rates", 500] == 3
    assert {line.state for line in report.lines} == {"failed"}
    assert "cannot be fetched now. HTTP 500." in (report.lines[0].reason or "")
    assert not any(isinstance(fault, Setback) for fault in report.worked.faults.values())

    evening.amazon.mischief.clear()
    evening.clock.advance(timedelta(hours=9))
    assert (await evening.night(datasets=RATES)).exit_code == 0
    assert held(evening) == true(evening, FRIDAY - timedelta(days=730), FRIDAY)


async def test_a_question_that_a_stopped_run_left_behind_is_asked_by_the_next(evening: Shop) -> None:
    at_once = asyncio.Event()
    at_once.set()
    await evening.night(datasets=RATES, stop=at_once)
    assert len(evening.rows("SELECT FROM sp_pulls WHERE finished_at IS NULL")) == 1

    assert (await evening.night(datasets=RATES)).exit_code == 0
    assert evening.rows("SELECT FROM sp_pulls WHERE finished_at IS NULL") == []
    assert evening.amazon.journal.calls["rates", 200] == 1
    assert held(evening) == true(evening, FRIDAY - timedelta(days=730), FRIDAY)


@pytest.mark.parametrize("kind", ["truncated_gzip", "reset_before", "throttled", "unavailable_html"])
async def test_what_goes_wrong_once_is_over_in_minutes(evening: Shop, kind: str) -> None:
    evening.goes_wrong(Fault(kind=kind, operation="rates"))

    report = await evening.night(datasets=RATES)

    assert report.exit_code == 0
    assert report.finished - report.began < timedelta(minutes=10)
    assert held(evening) == true(evening, FRIDAY - timedelta(days=730), FRIDAY)


async def test_a_page_in_place_of_the_file_is_refused_and_what_is_here_stays(evening: Shop) -> None:
    await evening.night(datasets=RATES)
    before = held(evening)
    evening.clock.advance(timedelta(days=3))
    evening.goes_wrong(Fault(kind="not_json", operation="rates", times=None))

    report = await evening.night(datasets=RATES)

    assert report.exit_code == 3
    assert "no day in it" in (report.worked.ended[-1].failure or "")
    assert held(evening) == before


async def test_rates_come_in_although_amazon_refuses_every_login(evening: Shop) -> None:
    evening.goes_wrong(Fault(kind="token_revoked", times=None))

    report = await evening.night(datasets=("sales_and_traffic", "daily_totals", *RATES))

    assert report.exit_code == 1, "a person has to do something about the logins"
    assert set(report.worked.faults) == {"NA", "EU", "FE"}
    assert held(evening) == true(evening, FRIDAY - timedelta(days=730), FRIDAY)


async def test_named_days_are_asked_for_by_the_file_that_has_them(evening: Shop) -> None:
    await evening.night(datasets=RATES, first=date(2025, 3, 3), last=date(2025, 3, 9))
    assert set(held(evening)) == {date(2025, 3, day) for day in range(3, 8)}

    await evening.night(datasets=RATES, first=FRIDAY)
    assert held(evening) == true(evening, date(2025, 3, 3), date(2025, 3, 9)) | true(evening, FRIDAY, FRIDAY)
