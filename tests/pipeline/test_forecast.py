"""The forecast keeps Amazon's quotas, wastes none of them, and agrees with the buckets that decide in the end."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from chalkola.clock import JumpingClock
from chalkola.pipeline.forecast import PROCESSING, forecast
from chalkola.store.buckets import Bucket, Buckets
from chalkola.store.connection import Pool

NOW = datetime(2026, 11, 20, 2, tzinfo=UTC)
DAY = timedelta(days=1)
KEYS = ("createReport@NA", "createReport@EU", "report@app")

seconds = st.integers(-7200, 7200).map(lambda s: timedelta(seconds=s))


@st.composite
def buckets(draw: st.DrawFn) -> Mapping[str, Bucket]:
    found = {}
    for key in draw(st.sets(st.sampled_from(KEYS))):
        daily = draw(st.none() | st.integers(1, 6))
        turns = draw(st.lists(st.integers(1, 86_399), max_size=4, unique=True)) if daily else []
        found[key] = Bucket(
            key=key,
            seconds_per_turn=float(draw(st.integers(1, 3600))),
            burst=draw(st.integers(1, 5)),
            daily=daily,
            full_at=draw(st.none() | seconds.map(lambda s: NOW + s)),
            blocked_until=draw(st.none() | seconds.map(lambda s: NOW + s)),
            turns=tuple(sorted(NOW - timedelta(seconds=s) for s in turns)),
        )
    return found


pulls = st.lists(st.sampled_from([KEYS[::2], KEYS[1:], KEYS[:1]]), max_size=20)


@given(buckets(), pulls)
def test_no_bucket_is_asked_for_more_than_it_has(
    known: Mapping[str, Bucket], creation: Sequence[tuple[str, ...]]
) -> None:
    expected = forecast(creation, known, NOW)

    for key, bucket in known.items():
        asked = sorted(one.asked_at for one, keys in zip(expected, creation, strict=True) if key in keys)
        per_turn = timedelta(seconds=bucket.seconds_per_turn)
        for first, begin in enumerate(asked):
            for last in range(first + bucket.burst, len(asked)):
                assert asked[last] - begin >= per_turn * (last - first + 1 - bucket.burst)
        if bucket.daily is not None:
            taken = [*bucket.turns, *asked]
            for place in range(max(bucket.daily, len(bucket.turns)), len(taken)):
                assert taken[place] - taken[place - bucket.daily] >= DAY
        assert all(bucket.blocked_until is None or instant >= bucket.blocked_until for instant in asked)


@given(buckets(), pulls)
def test_nothing_is_asked_before_now_and_the_same_buckets_are_asked_in_order(
    known: Mapping[str, Bucket], creation: Sequence[tuple[str, ...]]
) -> None:
    expected = forecast(creation, known, NOW)

    assert all(one.asked_at >= NOW and one.done_at == one.asked_at + PROCESSING for one in expected)
    for keys in set(creation):
        asked = [one.asked_at for one, own in zip(expected, creation, strict=True) if own == keys]
        assert asked == sorted(asked)


@given(buckets(), pulls, st.sampled_from([KEYS[::2], KEYS[1:]]))
def test_one_question_more_does_not_bring_the_end_forward(
    known: Mapping[str, Bucket], creation: Sequence[tuple[str, ...]], more: tuple[str, ...]
) -> None:
    before = max((one.done_at for one in forecast(creation, known, NOW)), default=NOW)

    assert max(one.done_at for one in forecast([*creation, more], known, NOW)) >= before


def test_a_blocked_account_does_not_hold_up_the_others() -> None:
    known = {
        "createReport@NA": Bucket(key="createReport@NA", seconds_per_turn=60, burst=1, blocked_until=NOW + DAY),
        "report@app": Bucket(key="report@app", seconds_per_turn=900, burst=1),
    }

    expected = forecast([("createReport@NA", "report@app"), ("createReport@EU", "report@app")], known, NOW)

    assert [one.asked_at for one in expected] == [NOW + DAY, NOW]


def test_twelve_reports_at_one_in_15_minutes_take_165_minutes() -> None:
    known = {"report@app": Bucket(key="report@app", seconds_per_turn=900, burst=1, daily=96)}

    expected = forecast([("report@app",)] * 12, known, NOW)

    assert expected[-1].asked_at == NOW + timedelta(minutes=165)


async def test_the_buckets_of_the_store_grant_what_was_forecast_and_nothing_sooner(pool: Pool) -> None:
    clock = JumpingClock(NOW)
    store = Buckets(pool, clock)
    own = Bucket(key="report@app", seconds_per_turn=900, burst=2, daily=5)
    await store.define([own, Bucket(key="createReport@EU", seconds_per_turn=60, burst=3)])
    keys = ("createReport@EU", "report@app")
    await store.take(keys)
    await store.refused("createReport@EU", until=NOW + timedelta(minutes=7))

    expected = forecast([keys] * 9, {bucket.key: bucket for bucket in await store.read()}, NOW)

    for one in expected:
        if (wait := one.asked_at - clock.now()) > timedelta():
            clock.advance(wait - timedelta(seconds=1))
            assert not (await store.take(keys)).granted
            clock.advance(timedelta(seconds=1))
        assert (await store.take(keys)).granted
