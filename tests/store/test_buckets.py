"""Amazon's quotas as rows: never more than a bucket holds and what comes back, whoever asks, however often."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chalkola.clock import JumpingClock
from chalkola.store.buckets import Bucket, Buckets
from chalkola.store.connection import Pool

BEGIN = datetime(2026, 11, 20, 2, tzinfo=UTC)
A_DAY = timedelta(days=1)
Database = psycopg.Connection[dict[str, Any]]

on_a_database = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
quotas = st.tuples(st.integers(1, 900), st.integers(1, 6), st.none() | st.integers(1, 8))
waits = st.lists(st.integers(0, 40_000) | st.integers(0, 600), min_size=1, max_size=40)


def define(database: Database, key: str, seconds: float, burst: int, daily: int | None = None) -> None:
    database.execute("SELECT sp_define_bucket(%s, %s, %s, %s)", (key, float(seconds), burst, daily))


def take(database: Database, keys: Sequence[str], now: datetime) -> dict[str, Any]:
    row = database.execute("SELECT * FROM sp_take(%s, %s)", (list(keys), now)).fetchone()
    assert row is not None
    return row


@contextmanager
def undone(database: Database) -> Iterator[None]:
    """Leave no trace, so that every example begins with an empty table."""
    with database.transaction(force_rollback=True):
        yield


def most_within(instants: Sequence[datetime], span: timedelta) -> int:
    """Return how many of the instants lie in the fullest stretch of this length, its end left out."""
    return max((sum(start <= one < start + span for one in instants) for start in instants), default=0)


@on_a_database
@given(quota=quotas, gaps=waits)
def test_no_stretch_of_time_has_more_turns_than_the_bucket_holds_and_what_came_back(
    database: Database, quota: tuple[int, int, int | None], gaps: list[int]
) -> None:
    seconds, burst, daily = quota
    with undone(database):
        define(database, "b", seconds, burst, daily)
        now, granted = BEGIN, []
        for gap in gaps:
            now += timedelta(seconds=gap)
            if take(database, ["b"], now)["granted"]:
                granted.append(now)
        assert granted[0] == BEGIN + timedelta(seconds=gaps[0]), "a fresh bucket is full"
        for i, start in enumerate(granted):
            for j, end in enumerate(granted[i:], start=1):
                assert j <= burst + (end - start).total_seconds() / seconds, "more than Amazon allows"
        if daily is not None:
            assert most_within(granted, A_DAY) <= daily


@on_a_database
@given(quota=quotas, gaps=waits)
def test_a_turn_that_is_not_granted_can_be_had_at_the_instant_that_is_named_and_not_before(
    database: Database, quota: tuple[int, int, int | None], gaps: list[int]
) -> None:
    with undone(database):
        define(database, "b", *quota)
        now = BEGIN
        for gap in gaps:
            now += timedelta(seconds=gap)
            said = take(database, ["b"], now)
            if said["granted"]:
                continue
            assert said["open_at"] > now
            assert said["waiting_for"] == "b"
            assert not take(database, ["b"], said["open_at"] - timedelta(microseconds=1))["granted"]
            now = said["open_at"]
            assert take(database, ["b"], now)["granted"]


@on_a_database
@given(first=quotas, second=quotas, gaps=waits)
def test_a_turn_is_taken_from_all_buckets_or_from_none(
    database: Database,
    first: tuple[int, int, int | None],
    second: tuple[int, int, int | None],
    gaps: list[int],
) -> None:
    with undone(database):
        define(database, "a", *first)
        define(database, "b", *second)
        now = BEGIN
        for gap in gaps:
            now += timedelta(seconds=gap)
            before = database.execute("SELECT * FROM sp_buckets ORDER BY key").fetchall()
            turns = database.execute("SELECT count(*) FROM sp_bucket_turns").fetchall()
            said = take(database, ["b", "a"], now)
            after = database.execute("SELECT * FROM sp_buckets ORDER BY key").fetchall()
            if said["granted"]:
                assert all(a["full_at"] != b["full_at"] for a, b in zip(after, before, strict=True))
            else:
                assert after == before
                assert database.execute("SELECT count(*) FROM sp_bucket_turns").fetchall() == turns
                assert said["open_at"] == max(row["open_at"] for row in before if row["open_at"])


def test_eight_takers_at_once_do_not_get_more_than_the_bucket_holds(database: Database, database_url: str) -> None:
    define(database, "b", 900, 11, 30)
    granted: list[bool] = []

    def taker() -> None:
        with psycopg.connect(database_url, autocommit=True, prepare_threshold=None) as own:
            for _ in range(10):
                row = own.execute("SELECT granted FROM sp_take(%s, %s)", (["b"], BEGIN)).fetchone()
                granted.append(bool(row and row[0]))

    threads = [threading.Thread(target=taker) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(granted), sum(granted)) == (80, 11)


def test_eight_takers_of_crossing_buckets_do_not_lock_each_other_out(database: Database, database_url: str) -> None:
    for key in "abc":
        define(database, key, 1, 1000)
    failed: list[Exception] = []

    def taker(keys: list[str]) -> None:
        try:
            with psycopg.connect(database_url, autocommit=True, prepare_threshold=None) as own:
                for _ in range(20):
                    own.execute("SELECT granted FROM sp_take(%s, %s)", (keys, BEGIN))
        except psycopg.Error as error:
            failed.append(error)

    threads = [threading.Thread(target=taker, args=(list(keys),)) for keys in ("abc", "cba", "bca", "cab") * 2]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []


def test_the_daily_limit_holds_in_any_24_hours_and_not_by_the_calendar(database: Database) -> None:
    define(database, "b", 1, 100, 3)
    for hours in (0, 10, 20):
        assert take(database, ["b"], BEGIN + timedelta(hours=hours))["granted"]
    said = take(database, ["b"], BEGIN + timedelta(hours=23))
    assert (said["granted"], said["open_at"]) == (False, BEGIN + A_DAY)
    assert take(database, ["b"], BEGIN + A_DAY)["granted"]
    assert take(database, ["b"], BEGIN + A_DAY)["open_at"] == BEGIN + timedelta(hours=34)


def test_turns_that_a_daily_limit_no_longer_counts_are_forgotten(database: Database) -> None:
    define(database, "b", 1, 1, 96)
    for day in range(5):
        take(database, ["b"], BEGIN + day * A_DAY)
    assert database.execute("SELECT count(*) FROM sp_bucket_turns").fetchall() == [{"count": 1}]


async def test_a_429_closes_the_bucket_until_the_instant_it_names(buckets: Buckets, clock: JumpingClock) -> None:
    key = "getReport@EU"
    assert await buckets.refused(key, until=BEGIN + timedelta(seconds=40)) == 1
    assert await buckets.refused(key, until=BEGIN + timedelta(seconds=30)) == 2
    turn = await buckets.take((key,))
    assert (turn.granted, turn.open_at) == (False, BEGIN + timedelta(seconds=40)), "the later one holds"
    assert turn.waiting_for == key
    clock.advance(timedelta(seconds=40))
    assert (await buckets.take((key,))).granted


async def test_a_run_of_429s_ends_with_a_call_that_amazon_lets_through(buckets: Buckets, clock: JumpingClock) -> None:
    key = "getReport@EU"
    for _ in range(3):
        await buckets.refused(key, until=BEGIN)
    assert await buckets.refusals(key) == 3
    await buckets.accepted(key)
    assert await buckets.refusals(key) == 0
    await buckets.refused(key, until=BEGIN)
    clock.advance(timedelta(hours=2))
    assert await buckets.refusals(key) == 0, "one of two hours ago says nothing any more"


async def test_a_429_of_a_bucket_that_nobody_has_defined_is_no_error(buckets: Buckets) -> None:
    assert await buckets.refused("nobody@EU", until=BEGIN) == 1


def test_a_turn_counts_from_the_answer_since_amazon_counted_it_in_between(database: Database) -> None:
    define(database, "b", 900, 1, 96)
    take(database, ["b"], BEGIN)
    answered = BEGIN + timedelta(seconds=7)
    database.execute("SELECT sp_settle_turn(%s, %s, %s)", (["b"], BEGIN, answered))
    assert take(database, ["b"], BEGIN + timedelta(seconds=900))["open_at"] == answered + timedelta(seconds=900)
    assert database.execute("SELECT taken_at FROM sp_bucket_turns").fetchall() == [{"taken_at": answered}]


async def test_the_rate_that_amazon_states_survives_a_new_definition(buckets: Buckets) -> None:
    await buckets.learn("getReport@EU", 0.25)
    await buckets.define([Bucket(key="getReport@EU", seconds_per_turn=0.5, burst=7)])
    (bucket,) = [bucket for bucket in await buckets.read() if bucket.key == "getReport@EU"]
    assert (bucket.seconds_per_turn, bucket.burst) == (4, 7)


@pytest.mark.parametrize("stated", [2.0, 2.0001, 0, -1])
async def test_a_rate_that_is_the_same_or_none_is_not_learned(buckets: Buckets, pool: Pool, stated: float) -> None:
    await buckets.learn("getReport@EU", stated)
    async with pool.connection() as connection:
        rows = await (await connection.execute("SELECT key FROM sp_buckets WHERE learned")).fetchall()
    assert rows == []


async def test_a_second_run_finds_the_bucket_as_the_first_has_left_it(
    buckets: Buckets, pool: Pool, clock: JumpingClock
) -> None:
    key = "createReport@EU"
    assert all([(await buckets.take((key,))).granted for _ in range(15)])
    clock.advance(timedelta(minutes=5))
    second = Buckets(pool, clock)
    await second.define([Bucket(key=key, seconds_per_turn=1 / 0.0167, burst=15)])
    assert [(await second.take((key,))).granted for _ in range(6)] == [True] * 5 + [False]
