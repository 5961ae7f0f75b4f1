from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalkola.amazon import DayMetrics
from chalkola.amazon.sales import interval, order_metrics
from chalkola.errors import Refusal, SourceClosed
from chalkola.marketplaces import MARKETPLACES

METRICS = "/sales/v1/orderMetrics"
DE, BERLIN = "A1PA6795UKMFR9", ZoneInfo("Europe/Berlin")
ONE_DAY = timedelta(days=1)


def metrics(interval, units=3, amount="29.97"):
    return {
        "interval": interval, "unitCount": units, "orderItemCount": 2, "orderCount": 1, "aNewField": None,
        "averageUnitPrice": {"amount": "9.99", "currencyCode": "EUR"},
        "totalSales": {"amount": amount, "currencyCode": "EUR"},
    }  # fmt: skip


def ask(transport, account, first=date(2026, 10, 24), last=date(2026, 10, 25)):
    return order_metrics(transport, account, DE, first, last, BERLIN)


async def test_days_are_asked_with_the_offset_of_their_own_date(loopback, transport, account):
    loopback.answer(METRICS, json={"payload": []})
    assert await ask(transport, account) == ()
    assert parse_qs(urlsplit(loopback.asked(METRICS)[0].target).query) == {
        "marketplaceIds": [DE],
        "interval": ["2026-10-24T00:00:00+02:00--2026-10-26T00:00:00+01:00"],  # summer time ends in between
        "granularity": ["Day"],
        "granularityTimeZone": ["Europe/Berlin"],
    }


async def test_an_answer_becomes_days_oldest_first(loopback, transport, account):
    second = metrics("2026-10-25T00:00+02:00--2026-10-26T00:00+01:00", units=0, amount="0")
    loopback.answer(METRICS, json={"payload": [second, metrics("2026-10-24T00:00+02:00--2026-10-25T00:00+02:00")]})
    first_day, second_day = await ask(transport, account)
    assert first_day == DayMetrics(
        day=date(2026, 10, 24), units=3, order_items=2, orders=1, sales=Decimal("29.97"), currency="EUR"
    )
    assert (second_day.day, second_day.units, second_day.sales) == (date(2026, 10, 25), 0, Decimal("0"))


@pytest.mark.parametrize("start", ["2026-10-23T22:00Z", "2026-10-24T00:00:00+02:00", "2026-10-24T00:00"])
async def test_a_day_is_told_whatever_offset_amazon_writes(loopback, transport, account, start):
    loopback.answer(METRICS, json={"payload": [metrics(f"{start}--whenever")]})
    (day,) = await ask(transport, account)
    assert day.day == date(2026, 10, 24)


@pytest.mark.parametrize(
    "answer",
    [{"errors": [{"code": "X", "message": "no"}]}, {"payload": [metrics("yesterday")]}, {"payload": [{}]}],
)
async def test_an_answer_that_cannot_be_read_is_a_refusal(loopback, transport, account, answer):
    loopback.answer(METRICS, json=answer)
    with pytest.raises(Refusal, match="cannot be read"):
        await ask(transport, account)


async def test_a_denial_names_no_role_that_would_not_help(loopback, transport, account):
    loopback.error(METRICS, 403, "Access to requested resource is denied.", code="Unauthorized")
    with pytest.raises(SourceClosed, match="role that Amazon's reference names for getOrderMetrics"):
        await ask(transport, account)


@given(
    zone=st.sampled_from([marketplace.zone for marketplace in MARKETPLACES]),
    first=st.dates(date(2024, 1, 1), date(2035, 1, 1)),
    more=st.integers(0, 800),
)
def test_an_interval_runs_from_local_midnight_to_local_midnight(zone, first, more):
    after = first + more * ONE_DAY + ONE_DAY
    start, end = (datetime.fromisoformat(part) for part in interval(first, after - ONE_DAY, zone).split("--"))
    for moment, day in ((start, first), (end, after)):
        assert moment.astimezone(zone).date() == day
        assert (moment.astimezone(UTC) - timedelta(seconds=1)).astimezone(zone).date() == day - ONE_DAY
        assert moment.utcoffset() == moment.astimezone(zone).utcoffset()
        assert moment.utcoffset() == datetime.combine(day, time(), zone).utcoffset()


def test_a_day_that_has_no_midnight_begins_at_its_first_hour():
    assert interval(date(2018, 11, 4), date(2018, 11, 4), ZoneInfo("America/Sao_Paulo")) == (
        "2018-11-04T01:00:00-02:00--2018-11-05T00:00:00-02:00"
    )
