"""How the board asks: the database only for what is not kept, and nobody waits for another's connection."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import psycopg
import pytest

from chalkola.store.board import asking
from chalkola.store.board.asking import TooSlow, looking, moment, version_of, written
from chalkola.store.board.notes import add_note, delete_note, notes_of
from chalkola.store.connection import Pool, open_pool
from sheeting import NOW


async def _one(look: asking.Look, n: int) -> int:
    async def read() -> int:
        (row,) = await look.rows("SELECT %s::integer AS n, pg_sleep(0.01)::text", (n,))
        return int(row["n"])

    return await look.once(("one", n), read)


async def test_what_is_kept_takes_no_connection(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "_FRESH_SECONDS", 60)  # however slow the machine is
    async with open_pool(database_url, size=1) as pool:
        async with looking(pool) as look:
            assert await _one(look, 7) == 7
        async with pool.connection(), asyncio.timeout(2), looking(pool) as look:
            assert await _one(look, 7) == 7


async def test_more_people_than_connections_get_their_answers(database_url: str) -> None:
    async def person(pool: Pool, n: int) -> list[int]:
        async with looking(pool) as look:
            return [await _one(look, (n + turn) % 5) for turn in range(5)]

    async with open_pool(database_url, size=2) as pool, asyncio.timeout(20):
        found = await asyncio.gather(*(person(pool, n) for n in range(12)))
    assert found == [[(n + turn) % 5 for turn in range(5)] for n in range(12)]


async def test_what_we_write_is_seen_at_once(pool: Pool) -> None:
    assert await notes_of(pool, ["B01"]) == ()
    note = await add_note(pool, asin="B01", day=NOW.date(), author="ann", text="Sale", now=NOW)
    assert await notes_of(pool, ["B01"]) == (note,)
    assert await notes_of(pool, ["B02"]) == ()
    assert await delete_note(pool, note.id, author=None)
    assert await notes_of(pool, ["B01"]) == ()


async def test_a_version_changes_with_whatever_is_committed_and_with_nothing_else(
    pool: Pool, database: psycopg.Connection[Any]
) -> None:
    async def version() -> str:
        written(pool)
        return await version_of(pool)

    first = await version()
    database.execute("CREATE TABLE another (n integer)")  # nothing of ours
    assert await version() == first
    with database.transaction():
        database.execute("INSERT INTO sp_slices (dataset, scope, first_day, state)"
                         " VALUES ('sales_and_traffic', 'marketplace:DE', '2026-11-01', 'proven')")  # fmt: skip
        assert await version() == first
    assert await version() != first


async def test_a_database_that_does_not_answer_in_time_is_too_slow(
    pool: Pool, database: psycopg.Connection[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asking, "_BEGIN", asking._BEGIN.replace("20s", "200ms"))
    with database.transaction():
        database.execute("LOCK sp_slices")
        for _ in range(2):
            with pytest.raises(TooSlow):
                await version_of(pool)
    assert await version_of(pool)


@pytest.mark.parametrize("minutes", [0, 9.99, 10, 59])
def test_a_moment_is_of_ten_minutes_and_begins_with_the_day(minutes: float) -> None:
    midnight = datetime(2026, 11, 24, tzinfo=NOW.tzinfo)
    now = midnight + timedelta(minutes=minutes)
    assert now - timedelta(minutes=10) < moment(now) <= now
    assert moment(midnight) == midnight
