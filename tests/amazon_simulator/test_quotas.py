"""Quotas: the arithmetic for any times, and what a caller sees."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from amazon_simulator.quotas import Bucket, Quotas, ReportTypeQuota

START = datetime(2026, 11, 20, tzinfo=UTC)
gaps = st.lists(st.floats(min_value=0, max_value=4000, allow_nan=False), min_size=1, max_size=60)


@settings(max_examples=60, deadline=None)
@given(gaps=gaps, rate=st.sampled_from([0.0167, 0.0222, 2.0, 1 / 900]), burst=st.integers(1, 15))
def test_no_window_ever_grants_more_than_the_burst_and_what_was_refilled(gaps, rate, burst):
    bucket, now, granted = Bucket.full(rate, burst, START), START, []
    for gap in gaps:
        now += timedelta(seconds=gap)
        taken = bucket.taken(now)
        if taken is not None:
            bucket = taken
            granted.append(now)

    for first in range(len(granted)):
        for last in range(first, len(granted)):
            window = (granted[last] - granted[first]).total_seconds()
            assert last - first + 1 <= burst + window * rate + 1e-3


@settings(max_examples=60, deadline=None)
@given(seconds=st.floats(min_value=0, max_value=1e6), tokens=st.floats(min_value=0, max_value=15))
def test_a_bucket_fills_with_time_and_never_runs_over(seconds, tokens):
    bucket = Bucket(rate_per_second=0.0167, burst=15, tokens=tokens, at=START)

    later = bucket.refilled(START + timedelta(seconds=seconds))

    assert tokens <= later.tokens <= 15
    assert later.tokens == pytest.approx(min(15, tokens + seconds * 0.0167), abs=1e-6)


@settings(max_examples=30, deadline=None)
@given(gaps=st.lists(st.integers(0, 1200), min_size=1, max_size=300))
def test_no_twenty_four_hours_ever_hold_more_reports_than_the_daily_quota(gaps):
    quotas = Quotas(report_type=ReportTypeQuota(count=3, period=timedelta(minutes=5), daily=20))
    now, granted = START, []
    for gap in gaps:
        now += timedelta(seconds=gap)
        if quotas.take_report("EU", now):
            granted.append(now)

    for first in granted:
        assert sum(first <= at < first + timedelta(days=1) for at in granted) <= 20


@pytest.mark.parametrize(
    ("text", "quota"),
    [
        ("1/15min,daily=96,scope=app", ReportTypeQuota()),
        ("3/5min,scope=account", ReportTypeQuota(count=3, period=timedelta(minutes=5), daily=None, scope="account")),
        ("20/1d", ReportTypeQuota(count=20, period=timedelta(days=1), daily=None)),
        ("off", None),
    ],
)
def test_a_quota_is_written_as(text, quota):
    assert ReportTypeQuota.parse(text) == quota


@pytest.mark.parametrize("text", ["", "3", "0/5min", "3/5weeks", "3/5min,scope=planet", "3/5min,weekly=2", "x/y"])
def test_a_quota_is_not_written_as(text):
    with pytest.raises(ValueError, match="quota"):
        ReportTypeQuota.parse(text)


async def test_the_sixteenth_creation_at_once_is_throttled_in_amazons_words(amazon):
    said = [await amazon.create() for _ in range(16)]

    assert [row.status for row in said] == [202] * 15 + [429]
    assert said[15].body == {
        "errors": [
            {
                "code": "QuotaExceeded",
                "message": "You exceeded your quota for the requested resource.",
                "details": "",
            }
        ]
    }
    assert "Retry-After" not in said[15].headers
    assert "x-amzn-RateLimit-Limit" not in said[15].headers
    assert said[0].headers["x-amzn-RateLimit-Limit"] == "0.0167"


async def test_a_bucket_refills_in_amazons_time(amazon):
    for _ in range(15):
        await amazon.create()
    amazon.time.pass_by(seconds=59)
    assert (await amazon.create()).status == 429

    amazon.time.pass_by(seconds=1)

    assert (await amazon.create()).status == 202


async def test_accounts_and_operations_have_their_own_buckets(amazon):
    for _ in range(16):
        await amazon.create()
    report_id = amazon.simulator.journal.entries[0].report_id

    assert (await amazon.call("GET", f"/reports/2021-06-30/reports/{report_id}")).status == 200
    amazon.account = "NA"
    assert (await amazon.create(marketplaceIds=["ATVPDKIKX0DER"])).status == 202


async def test_the_report_type_has_a_tighter_quota_that_all_accounts_share(open_amazon):
    amazon = await open_amazon(report_type_quota=ReportTypeQuota())
    assert (await amazon.create()).status == 202
    said = await amazon.create()
    amazon.account = "NA"
    of_na = await amazon.create(marketplaceIds=["ATVPDKIKX0DER"])
    amazon.time.pass_by(minutes=15)

    assert (said.status, of_na.status) == (429, 429)
    assert (await amazon.create(marketplaceIds=["ATVPDKIKX0DER"])).status == 202


async def test_the_report_type_quota_can_be_each_accounts_own(open_amazon):
    amazon = await open_amazon(report_type_quota=ReportTypeQuota.parse("1/15min,scope=account"))
    await amazon.create()
    amazon.account = "NA"

    assert (await amazon.create(marketplaceIds=["ATVPDKIKX0DER"])).status == 202


async def test_a_rejected_question_costs_nothing_of_the_report_types_quota(open_amazon):
    amazon = await open_amazon(report_type_quota=ReportTypeQuota())
    await amazon.create(marketplaceIds=[])

    assert (await amazon.create()).status == 202


async def test_so_many_429s_in_a_row_turn_into_403_until_one_call_succeeds(open_amazon):
    amazon = await open_amazon(refuse_after=3)
    for _ in range(15):
        await amazon.create()

    said = [(await amazon.create()).status for _ in range(5)]
    amazon.time.pass_by(minutes=1)
    said.append((await amazon.create()).status)
    said.append((await amazon.create()).status)

    assert said == [429, 429, 429, 403, 403, 202, 429]


async def test_quotas_can_be_off(open_amazon):
    amazon = await open_amazon(quotas=False, report_type_quota=ReportTypeQuota())

    assert {(await amazon.create()).status for _ in range(20)} == {202}


async def test_the_generic_rate_can_be_shown_on_a_429(open_amazon):
    amazon = await open_amazon(report_type_quota=ReportTypeQuota(), rate_header_on_429=True)
    await amazon.create()

    assert (await amazon.create()).headers["x-amzn-RateLimit-Limit"] == "0.0167"
