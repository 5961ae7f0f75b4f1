from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from chalkola.amazon.outages import Outages
from chalkola.amazon.throttle import LONGEST_WAIT, backoff

NOW = datetime(2026, 11, 20, tzinfo=UTC)


@given(st.integers(1, 10**6), st.floats(0, 1))
def test_a_wait_is_between_half_and_the_whole_of_its_step(refusals, jitter):
    step = min(timedelta(seconds=2) * 2 ** min(refusals, 20), LONGEST_WAIT)
    assert step / 2 <= backoff(refusals, jitter=jitter) <= step


@given(st.integers(1, 100), st.floats(0, 1))
def test_a_wait_never_shrinks_with_more_refusals(refusals, jitter):
    assert backoff(refusals, jitter=jitter) <= backoff(refusals + 1, jitter=jitter)


@given(st.lists(st.floats(0, 3), min_size=1, max_size=40))
def test_failures_together_count_once_and_failures_after_the_wait_count_on(shares):
    outages, now, failures = Outages(), NOW, 0
    until = NOW
    for share in shares:
        failures += now >= until
        until = outages.struck(("EU", "getReport"), now)
        assert now < until
        assert until - now <= backoff(failures, jitter=1)
        now += (until - now) * share
    outages.over(("EU", "getReport"))
    assert outages.struck(("EU", "getReport"), now) - now <= timedelta(seconds=4)
