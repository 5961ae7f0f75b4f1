"""Calls to Amazon, written down beside the work: nothing waits for them or ends by them, none is there twice."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.types.json import Jsonb

from chalkola.calls import Call
from chalkola.clock import JumpingClock
from chalkola.settings import read_settings
from chalkola.store import open_store
from chalkola.store.calls import Tally, Which, newest_pull, read_calls, tally
from chalkola.store.connection import Pool, open_pool
from chalkola.store.recording import BATCH, WRITTEN_EVERY_SECONDS, Recorder
from postgres import migrated, running_server
from questions import BEGIN

Database = psycopg.Connection[dict[str, Any]]
A_DAY = timedelta(days=1)
MONTH = 30 * A_DAY


def call(number: int = 0, **more: Any) -> Call:
    given = {"at": BEGIN + timedelta(seconds=number), "account": "EU", "operation": "getReport", "seconds": 0.1,
             "status": 200, "request_id": f"r-{number}"}  # fmt: skip
    return Call(**{**given, **more})


@pytest.fixture
def recorder(pool: Pool, clock: JumpingClock) -> Recorder:
    return Recorder(pool=pool, clock=clock, kept=MONTH)


async def write(recorder: Recorder, *calls: Call) -> None:
    async with recorder.recording() as take:
        assert take is not None
        for one in calls:
            take(one)


def count(database: Database) -> int:
    return int(database.execute("SELECT count(*) FROM sp_api_calls").fetchall()[0]["count"])


async def within(seconds: float, happens: Callable[[], bool]) -> bool:
    """Return whether something has happened after so much machine time at most."""
    for _ in range(round(seconds / 0.02)):
        if happens():
            return True
        await asyncio.sleep(0.02)
    return False


# --- writing -------------------------------------------------------------------------------------------------------


async def test_calls_come_back_as_they_were_told_in_their_order(recorder: Recorder, pool: Pool) -> None:
    told = [
        call(1, operation="login", account="NA", request_id=""),
        call(1, status=429, rate_per_second=0.0167, pull=7),
        call(1, status=None, failure="reset", seconds=60.0, request_id=""),
        call(2, operation="download", status=200, failure="reset", pull=7),
    ]

    await write(recorder, *told)

    assert await read_calls(pool, Which(), 10) == told


async def test_a_full_batch_is_written_at_once(recorder: Recorder, database: Database) -> None:
    async with recorder.recording() as take:
        assert take is not None
        for number in range(BATCH + 3):
            take(call(number))
        assert await within(WRITTEN_EVERY_SECONDS / 2, lambda: count(database) >= BATCH)
    assert count(database) == BATCH + 3


async def test_a_few_calls_are_written_after_a_moment(recorder: Recorder, database: Database) -> None:
    async with recorder.recording() as take:
        assert take is not None
        take(call())
        assert await within(WRITTEN_EVERY_SECONDS * 2, lambda: count(database) == 1)


async def test_what_is_left_is_written_when_a_run_ends_by_an_error(recorder: Recorder, database: Database) -> None:
    async def run() -> None:
        async with recorder.recording() as take:
            assert take is not None
            take(call())
            raise ValueError("the run's own")

    with pytest.raises(ValueError, match="the run's own"):
        await run()
    assert count(database) == 1


async def test_where_none_are_kept_none_are_taken_and_those_that_are_there_go(
    recorder: Recorder, database: Database, pool: Pool, clock: JumpingClock
) -> None:
    await write(recorder, *map(call, range(5)))
    clock.advance(timedelta(minutes=1))

    async with Recorder(pool=pool, clock=clock, kept=timedelta()).recording() as take:
        assert take is None

    assert count(database) == 0


async def test_a_batch_that_may_be_there_already_is_not_there_twice(database: Database) -> None:
    batch = [call(1), call(1, request_id="", status=None, failure="reset"), call(2)]
    database.execute("SELECT sp_note_calls(%s, false)", (Jsonb(batch[:2]),))

    database.execute("SELECT sp_note_calls(%s, true)", (Jsonb(batch),))

    assert count(database) == 3


async def test_a_database_that_goes_away_costs_nothing_and_gets_every_call_once_it_is_back(
    tmp_path: Path, clock: JumpingClock
) -> None:
    with running_server() as server:
        await migrated(server.url)
        async with open_pool(server.url) as pool:
            recorder = Recorder(pool=pool, clock=clock, kept=MONTH)
            async with recorder.recording() as take:
                assert take is not None
                for number in range(600):
                    take(call(number))
                await asyncio.sleep(0.2)
                server.stop()
                for number in range(600, 1500):
                    take(call(number))
                await asyncio.sleep(WRITTEN_EVERY_SECONDS + 0.5)  # an attempt fails meanwhile
                server.start()
            assert await ids(pool, 2000) == [f"r-{number}" for number in range(1500)]


async def test_a_database_that_stays_away_ends_no_run(clock: JumpingClock) -> None:
    with running_server() as server:
        await migrated(server.url)
        async with open_pool(server.url) as pool:
            begun = asyncio.get_running_loop().time()
            async with Recorder(pool=pool, clock=clock, kept=MONTH).recording() as take:
                assert take is not None
                take(call())
                server.stop()
            assert asyncio.get_running_loop().time() - begun < 10


async def test_the_store_keeps_calls_for_as_long_as_the_setting_says(database_url: str, tmp_path: Path) -> None:
    given = {"CHALKOLA_HOME": str(tmp_path), "CHALKOLA_CALLS_KEPT_DAYS": "3"}
    async with open_store(read_settings(given), database_url) as store:
        assert store.recorder.kept == 3 * A_DAY


# --- forgetting ----------------------------------------------------------------------------------------------------


async def test_calls_are_forgotten_after_a_month_when_a_run_ends(
    recorder: Recorder, pool: Pool, clock: JumpingClock
) -> None:
    await write(recorder, call(0), call(1))
    clock.advance(MONTH + timedelta(seconds=1))
    assert len(await read_calls(pool, Which(), 10)) == 2

    await write(recorder, call(2))

    assert [one.request_id for one in await read_calls(pool, Which(), 10)] == ["r-1", "r-2"]


async def test_many_old_calls_go_in_small_bites_and_the_rest_in_the_next_run(
    recorder: Recorder, database: Database, clock: JumpingClock
) -> None:
    database.execute(
        "INSERT INTO sp_api_calls (at, account, operation, duration_ms)"
        " SELECT %s, 'EU', 'getReport', 1 FROM generate_series(1, 21000)",
        (BEGIN - MONTH - A_DAY,),
    )
    await write(recorder, call())
    assert count(database) == 1001
    await write(recorder)
    assert count(database) == 1


def test_calls_that_another_run_is_forgetting_are_passed_over(database: Database, database_url: str) -> None:
    database.execute("SELECT sp_note_calls(%s, false)", (Jsonb([call(1), call(2)]),))
    with psycopg.connect(database_url) as other:
        other.execute("DELETE FROM sp_api_calls WHERE request_id = 'r-1'")
        found = database.execute("SELECT sp_forget_calls(%s, 10)", (BEGIN + A_DAY,)).fetchall()
        assert found == [{"sp_forget_calls": 1}]


# --- reading -------------------------------------------------------------------------------------------------------


async def ids(pool: Pool, most: int = 50, **wanted: Any) -> list[str]:
    return [one.request_id for one in await read_calls(pool, Which(**wanted), most)]


async def test_calls_are_found_by_every_filter_and_all_of_them_together(recorder: Recorder, pool: Pool) -> None:
    await write(
        recorder,
        call(0, account="NA", operation="login"),
        call(1, status=429, pull=3),
        call(2, status=404, operation="getReportDocument", pull=3),
        call(3, failure="reset", operation="download", pull=4),
        call(4, account="NA", pull=4),
    )
    assert await ids(pool, account="NA") == ["r-0", "r-4"]
    assert await ids(pool, operations=("login", "download")) == ["r-0", "r-3"]
    assert await ids(pool, pull=3) == ["r-1", "r-2"]
    assert await ids(pool, failed=True) == ["r-1", "r-2", "r-3"]
    assert await ids(pool, since=BEGIN + timedelta(seconds=3)) == ["r-3", "r-4"]
    assert await ids(pool, 2) == ["r-3", "r-4"], "the newest, oldest first"
    assert await ids(pool, account="EU", operations=("getReport",), failed=True, pull=3, since=BEGIN) == ["r-1"]
    assert await ids(pool, pull=5) == []


async def test_calls_are_found_by_the_slices_of_their_pulls(
    recorder: Recorder, pool: Pool, planned: Callable[..., Awaitable[list[int]]]
) -> None:
    first, second, *others = await planned("DE,FR", 2)
    slices = {
        (row[1].partition(":")[2], row[2]): row[0]
        for row in await rows(pool, "SELECT pull_id, scope, first_day FROM sp_pull_slices")
    }
    await write(recorder, *(call(pull, pull=pull) for pull in (first, second, *others)), call(0))

    for (code, day), pull in slices.items():
        scope = f"marketplace:{code}"
        assert f"r-{pull}" in await ids(pool, scopes=(scope,), day=day)
        assert f"r-{pull}" in await ids(pool, day=day)
        assert f"r-{pull}" in await ids(pool, scopes=(scope,))
    assert await ids(pool, scopes=("marketplace:US",)) == []
    assert "r-0" not in await ids(pool, scopes=("marketplace:DE", "marketplace:FR")), "it belongs to no pull"
    assert await newest_pull(pool) == max(first, second, *others)


async def rows(pool: Pool, query: Any) -> list[Any]:
    async with pool.connection() as connection:
        return await (await connection.execute(query)).fetchall()


async def test_each_operation_is_summed_up(recorder: Recorder, pool: Pool) -> None:
    slow = [call(n, seconds=n / 100, status=429 if n == 1 else 200) for n in range(1, 101)]
    await write(recorder, *slow, call(0, operation="login", status=None, failure="timeout"))

    assert await tally(pool, Which()) == [
        Tally(operation="getReport", calls=100, throttled=1, failed=1, median_ms=505, p95_ms=950),
        Tally(operation="login", calls=1, throttled=0, failed=1, median_ms=100, p95_ms=100),
    ]
    assert await tally(pool, Which(account="NA")) == []
    assert await newest_pull(pool) == 0
