"""Quotas as people write them in CHALKOLA_QUOTAS."""

import re
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalkola.quotas import Quota, read_quotas

UNITS = {"s": 1, "sec": 1, "min": 60, "h": 3600, "d": 86400}


def test_the_example_of_the_documentation_is_understood() -> None:
    typed = "sales_and_traffic.report=3/5min,daily=864,scope=account;search_query_performance=20/1d"
    assert read_quotas(typed) == {
        "sales_and_traffic.report": Quota(count=3, per=timedelta(minutes=5), daily=864, scope="account"),
        "search_query_performance": Quota(count=20, per=timedelta(days=1)),
    }


@pytest.mark.parametrize("typed", ["", " ", ";", " ; ;"])
def test_nothing_is_no_quota(typed: str) -> None:
    assert read_quotas(typed) == {}


@given(st.integers(1, 10_000), st.integers(1, 999), st.sampled_from(sorted(UNITS)), st.none() | st.integers(1, 9999),
       st.sampled_from([None, "app", "account"]))  # fmt: skip
def test_every_quota_that_can_be_written_is_read(
    count: int, amount: int, unit: str, daily: int | None, scope: str | None
) -> None:
    extras = [f"daily={daily}"] * (daily is not None) + [f"scope={scope}"] * (scope is not None)
    (quota,) = read_quotas(" ; ".join([f" x = {' , '.join([f'{count}/{amount}{unit}', *extras])} "])).values()
    assert quota.count == count
    assert quota.per == timedelta(seconds=amount * UNITS[unit])
    assert (quota.daily, quota.scope) == (daily, scope or "account")
    assert quota.rate_per_second == pytest.approx(count / (amount * UNITS[unit]))


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("sales_and_traffic.report", "has no '='"),
        ("x=3", "'3' in 'x=3' is not a rate like 3/5min or 20/1d"),
        ("x=0/5min", "'0/5min'"),
        ("x=3/0min", "'3/0min'"),
        ("x=3/5weeks", "'3/5weeks'"),
        ("x=-3/5min", "'-3/5min'"),
        ("x=3/5min,daily=0", "'daily=0'"),
        ("x=3/5min,daily=many", "neither daily=NUMBER nor scope=app nor scope=account"),
        ("x=3/5min,scope=world", "'scope=world'"),
        ("x=3/5min,often", "'often'"),
        ("good=1/1min;x=", "'' in 'x='"),
    ],
)
def test_what_cannot_be_read_is_quoted(typed: str, says: str) -> None:
    with pytest.raises(ValueError, match=re.escape(says)) as refused:
        read_quotas(typed)
    assert "\n" not in str(refused.value)


def test_a_quota_says_itself_in_words() -> None:
    quota = Quota(count=1, per=timedelta(minutes=15), daily=96, scope="app")
    assert str(quota) == "1 per 15 min, 96 a day for the whole app"
    assert str(Quota(count=20, per=timedelta(days=1))) == "20 per 1 d for each account"
