"""Pulls: written once, claimed once, fenced, and found again after a death; by PostgreSQL's own protocol, and as it
goes through Supabase's API."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta

import pytest

from chalkola.clock import JumpingClock
from chalkola.datasets.model import SliceState
from chalkola.errors import LeaseLost
from chalkola.store.buckets import Buckets
from chalkola.store.connection import Pool
from chalkola.store.ledger import Ledger
from chalkola.store.pulls import Claimed, Told, question_key
from questions import BEGIN, questions
from rest import either_pool

Planned = Callable[..., Awaitable[list[int]]]
REGIONS = ["NA", "EU", "FE"]


@pytest.fixture(params=["direct", "through the API"])
async def pool(request: pytest.FixtureRequest, database_url: str) -> AsyncIterator[Pool]:
    async with either_pool(database_url, request.param) as opened:
        yield opened


async def rows(pool: Pool, query: str, *values: object) -> list[tuple[object, ...]]:
    async with pool.connection() as connection:
        return list(await (await connection.execute(query.encode(), values)).fetchall())


async def claim(ledger: Ledger, ids: list[int], worker: str = "one", most: int = 16) -> list[Claimed]:
    return await ledger.claim(worker, accounts=REGIONS, wanted=ids, most=most)


async def expire(pool: Pool) -> None:
    """Let every lease have ended a second ago."""
    await rows(pool, "UPDATE sp_pulls SET lease_until = clock_timestamp() - interval '1 s' WHERE lease_owner <> ''"
                     " RETURNING 1")  # fmt: skip


async def test_planning_twice_writes_each_question_once(planned: Planned, pool: Pool) -> None:
    first = await planned("DE,FR,JP", days=3)
    assert await planned("DE,FR,JP", days=3) == first
    assert len(set(first)) == 9
    assert (await rows(pool, "SELECT count(*) FROM sp_pulls"))[0][0] == 9
    assert (await rows(pool, "SELECT count(*) FROM sp_pull_slices"))[0][0] == 18
    assert (await rows(pool, "SELECT count(*) FROM sp_slices"))[0][0] == 18


async def test_two_runs_that_plan_at_once_share_the_lines(planned: Planned, pool: Pool) -> None:
    answers = await asyncio.gather(*(planned("DE,FR,JP,US", days=5) for _ in range(6)))
    assert len({tuple(sorted(ids)) for ids in answers}) == 1
    assert (await rows(pool, "SELECT count(*) FROM sp_pulls"))[0][0] == 20


async def test_a_question_that_was_answered_can_be_asked_anew(planned: Planned, ledger: Ledger, pool: Pool) -> None:
    (first,) = await planned("DE")
    (pull,) = await claim(ledger, [first])
    await refuse(ledger, pull)
    assert await planned("DE") != [first]
    assert (await rows(pool, "SELECT count(*) FROM sp_pulls WHERE finished_at IS NULL"))[0][0] == 1


async def test_no_pull_is_claimed_twice_by_workers_at_once(planned: Planned, ledger: Ledger) -> None:
    ids = await planned("US,CA,MX,UK,DE,FR,IT,ES,AE,AU,JP", days=2)
    claimed = await asyncio.gather(*(claim(ledger, ids, f"worker {n}", most=5) for n in range(8)))
    times = Counter(pull.id for pulls in claimed for pull in pulls)
    assert sorted(times) == sorted(ids)
    assert set(times.values()) == {1}


async def test_the_newest_day_is_claimed_first_and_tickets_before_questions(
    planned: Planned, ledger: Ledger, clock: JumpingClock
) -> None:
    ids = await planned("DE", days=4)
    (newest,) = await claim(ledger, ids, most=1)
    assert newest.last_day.isoformat() == "2026-11-17"
    await ledger.ticket(newest, "50000", check_at=BEGIN + timedelta(minutes=1), needs=())
    clock.advance(timedelta(minutes=1))
    assert [pull.stage for pull in await claim(ledger, ids, most=2)] == ["asked", "asking"]


async def test_the_intent_is_written_before_anybody_asks(planned: Planned, ledger: Ledger, pool: Pool) -> None:
    ids = await planned("DE")
    (pull,) = await claim(ledger, ids)
    assert (pull.stage, pull.intended_at, pull.ticket) == ("asking", BEGIN, None)
    assert await rows(pool, "SELECT stage, asks, lease_owner FROM sp_pulls") == [("asking", 1, "one")]
    assert await rows(pool, "SELECT DISTINCT state FROM sp_slices") == [("asked",)]
    assert await rows(pool, "SELECT status, report_id FROM sp_data_pulls") == [("processing", None)]


async def test_a_claim_takes_the_turns_that_asking_costs(planned: Planned, ledger: Ledger, buckets: Buckets) -> None:
    ids = await planned("DE,FR,IT,ES,UK,AE", days=3)
    assert len(await claim(ledger, ids, most=100)) == 15, "createReport lets 15 go at once"
    assert await claim(ledger, ids, most=100) == []
    outlook = await ledger.outlook("one", accounts=REGIONS, wanted=ids, patience=timedelta(hours=2))
    assert outlook.open == 18
    assert outlook.next_at is not None
    assert timedelta(seconds=59) < outlook.next_at - BEGIN < timedelta(seconds=61)


async def test_a_pull_left_asking_is_looked_for_and_not_asked_again(
    planned: Planned, ledger: Ledger, pool: Pool
) -> None:
    ids = await planned("DE")
    (first,) = await claim(ledger, ids, "killed")
    assert await claim(ledger, ids, "next") == [], "its lease has not ended"
    await expire(pool)
    (second,) = await claim(ledger, ids, "next")
    assert (second.stage, second.generation, second.intended_at) == ("looking", first.generation + 1, BEGIN)
    assert await rows(pool, "SELECT asks, lost_asks FROM sp_pulls") == [(1, 0)]


async def test_a_dead_workers_pulls_are_free_at_once(planned: Planned, ledger: Ledger) -> None:
    ids = await planned("DE,FR")
    await claim(ledger, ids, "killed")
    assert await ledger.holders() == ["killed"]
    assert await ledger.release(["killed", "unknown"]) == 2
    assert {pull.stage for pull in await claim(ledger, ids, "next")} == {"looking"}


async def test_who_lost_the_lease_writes_nothing(planned: Planned, ledger: Ledger, pool: Pool) -> None:
    ids = await planned("DE")
    (old,) = await claim(ledger, ids, "slow")
    await expire(pool)
    await claim(ledger, ids, "next")
    before = await rows(pool, "SELECT * FROM sp_pulls, sp_slices ORDER BY dataset")

    with pytest.raises(LeaseLost):
        await ledger.ticket(old, "50000", check_at=BEGIN, needs=())
    with pytest.raises(LeaseLost):
        await ledger.postpone(old, "planned", until=BEGIN, reason="setback", waiting_for="x")
    with pytest.raises(LeaseLost):
        await refuse(ledger, old)

    assert await rows(pool, "SELECT * FROM sp_pulls, sp_slices ORDER BY dataset") == before


async def test_who_lost_the_lease_in_the_middle_of_loading_writes_nothing(
    planned: Planned, ledger: Ledger, pool: Pool
) -> None:
    ids = await planned("DE")
    (old,) = await claim(ledger, ids, "slow")
    await refuse(ledger, old)
    with pytest.raises(LeaseLost):
        await refuse(ledger, old)
    assert (await rows(pool, "SELECT count(*) FROM sp_pulls"))[0][0] == 1


async def test_a_living_worker_keeps_its_pulls_by_renewing(planned: Planned, ledger: Ledger, pool: Pool) -> None:
    ids = await planned("DE,FR")
    mine = await claim(ledger, ids, "one", most=1)
    await claim(ledger, ids, "other", most=1)
    await expire(pool)
    await ledger.renew("one", ids)
    assert await rows(pool, "SELECT id FROM sp_pulls WHERE lease_until > clock_timestamp()") == [(mine[0].id,)]


async def test_a_ticket_lets_the_pull_go_and_shifts_its_turns_to_the_answer(
    planned: Planned, ledger: Ledger, pool: Pool, clock: JumpingClock
) -> None:
    ids = await planned("DE")
    (pull,) = await claim(ledger, ids)
    clock.advance(timedelta(seconds=3))
    await ledger.ticket(pull, "50000", check_at=clock.now() + timedelta(seconds=20), needs=("getReport@EU",))
    line = await rows(pool, "SELECT stage, ticket, ticketed_at, lease_owner, needs, waiting_for FROM sp_pulls")
    assert line == [("asked", "50000", clock.now(), None, ["getReport@EU"], "Amazon to finish it")]
    assert await rows(pool, "SELECT report_id, status FROM sp_data_pulls") == [("50000", "processing")]
    full = await rows(pool, "SELECT full_at FROM sp_buckets WHERE key = 'createReport@EU'")
    assert full[0][0] == clock.now() + timedelta(seconds=1 / 0.0167)  # type: ignore[operator]
    assert await ledger.known_tickets("EU", ["50000", "50001"]) == {"50000"}
    assert await ledger.known_tickets("NA", ["50000"]) == set(), "ids are unique with their account only"


async def test_an_answer_that_could_not_be_found_is_counted(planned: Planned, ledger: Ledger, pool: Pool) -> None:
    ids = await planned("DE")
    (pull,) = await claim(ledger, ids)
    await ledger.postpone(pull, "looking", until=BEGIN, reason="setback", waiting_for="a look")
    (pull,) = await claim(ledger, ids)
    await ledger.postpone(pull, "planned", until=BEGIN, reason="pending", waiting_for="x", needs=pull.creation)
    (pull,) = await claim(ledger, ids)
    assert pull.stage == "asking"
    assert await rows(pool, "SELECT asks, lost_asks, setbacks FROM sp_pulls") == [(2, 1, 1)]


async def test_pulls_of_other_days_are_resumed_when_they_have_been_asked_and_not_begun_otherwise(
    planned: Planned, ledger: Ledger, pool: Pool
) -> None:
    ids = await planned("DE,FR")
    (asked,) = await claim(ledger, ids, most=1)
    await expire(pool)
    assert [pull.id for pull in await claim(ledger, [])] == [asked.id]


async def test_another_accounts_pulls_are_left_alone(planned: Planned, ledger: Ledger) -> None:
    ids = await planned("DE,JP,US")
    claimed = await ledger.claim("one", accounts=["EU"], wanted=ids, most=16)
    assert [pull.account for pull in claimed] == ["EU"]


async def test_the_outlook_says_how_long_others_hold_what_is_left(planned: Planned, ledger: Ledger) -> None:
    ids = await planned("DE")
    await claim(ledger, ids, "other")
    outlook = await ledger.outlook("one", accounts=REGIONS, wanted=ids, patience=timedelta(hours=2))
    assert (outlook.open, outlook.next_at) == (1, None)
    assert outlook.leased_for is not None
    assert timedelta(seconds=50) < outlook.leased_for <= timedelta(seconds=60)


async def test_a_pull_that_has_kept_us_waiting_too_long_is_left_to_the_next_run(
    planned: Planned, ledger: Ledger, clock: JumpingClock
) -> None:
    ids = await planned("DE")
    (pull,) = await claim(ledger, ids)
    await ledger.ticket(pull, "50000", check_at=BEGIN + timedelta(hours=3), needs=())
    patience = timedelta(hours=2)
    soon = await ledger.outlook("one", accounts=REGIONS, wanted=ids, patience=patience)
    assert soon.next_at == BEGIN + timedelta(hours=3)
    clock.advance(patience)
    late = await ledger.outlook("one", accounts=REGIONS, wanted=ids, patience=patience)
    assert (late.open, late.next_at) == (1, None)


async def test_the_missions_statuses_follow_the_states(planned: Planned, ledger: Ledger, pool: Pool) -> None:
    statuses = {}
    for state in SliceState:
        (pull_id,) = await planned("DE")
        (pull,) = await claim(ledger, [pull_id])
        await refuse(ledger, pull, state)
        ((statuses[state.value],),) = await rows(pool, "SELECT status FROM sp_data_pulls")  # type: ignore[assignment]
    assert statuses == {
        "due": "pending", "asked": "processing", "preliminary": "completed", "loaded": "completed",
        "proven": "completed", "differs": "completed", "empty": "completed", "failed": "failed", "closed": "failed",
    }  # fmt: skip
    assert await rows(pool, "SELECT * FROM sp_api_pulls") == await rows(pool, "SELECT * FROM sp_data_pulls")


async def refuse(ledger: Ledger, pull: Claimed, state: SliceState = SliceState.FAILED) -> None:
    async with ledger.holding(pull) as (connection, lines):
        told = [Told(slice=line.slice, state=state, reason="x") for line in lines]
        await ledger.finish(connection, pull, "refused", told, failure="x")


def test_questions_are_told_apart_by_account_source_and_body() -> None:
    pulls = questions("DE,FR,JP", days=3)
    assert len({question_key(pull) for pull in pulls}) == 9
    assert question_key(pulls[0]) == question_key(questions("DE,FR,JP", days=3)[0])
