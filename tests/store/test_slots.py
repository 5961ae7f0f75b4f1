"""Slots: how many questions of one kind Amazon lets an account have under way, which it does not publish."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest

from chalkola.clock import JumpingClock
from chalkola.datasets import SOURCES
from chalkola.datasets.model import Pull, SliceState
from chalkola.pipeline.metering import all_buckets, creation_buckets
from chalkola.quotas import Quota
from chalkola.store.buckets import Buckets
from chalkola.store.connection import Pool
from chalkola.store.ledger import Ledger
from chalkola.store.pulls import Claimed, Told
from questions import BEGIN, by_asin

PATIENCE = timedelta(hours=2)
REGIONS = ["NA", "EU", "FE"]
SLOT = "salesAndTrafficByAsin@EU"
UNHURRIED = {
    name: Quota(count=1000, per=timedelta(minutes=1)) for name in ("createQuery", "sales_and_traffic.report")
}

Asked = Callable[..., Awaitable[list[int]]]


@pytest.fixture
async def asked(ledger: Ledger, pool: Pool, clock: JumpingClock) -> Asked:
    """Write questions to Data Kiosk down, three of a kind at once unless told otherwise."""
    await Buckets(pool, clock).define(all_buckets(REGIONS, SOURCES, UNHURRIED))

    async def write(*pulls: Pull, most: int = 3) -> list[int]:
        slots = {f"{p.source.slot}@{p.box.account}": most for p in pulls if p.source.slot}
        await ledger.define_slots(slots)
        return await ledger.plan(pulls, [creation_buckets(p.source, p.box.account, UNHURRIED) for p in pulls])

    return write


async def claim(ledger: Ledger, ids: Sequence[int], worker: str = "one", most: int = 16) -> list[Claimed]:
    return await ledger.claim(worker, accounts=REGIONS, wanted=ids, most=most)


async def accept(ledger: Ledger, pull: Claimed) -> None:
    """Let Amazon accept a question; it takes an hour for it."""
    await ledger.ticket(pull, f"Q{pull.id}", check_at=BEGIN + timedelta(hours=1), needs=())


async def end(ledger: Ledger, pull: Claimed) -> None:
    async with ledger.holding(pull) as (connection, lines):
        told = [Told(slice=line.slice, state=SliceState.FAILED, reason="x") for line in lines]
        await ledger.finish(connection, pull, "refused", told, failure="x")


async def most_of(pool: Pool) -> tuple[int, bool]:
    async with pool.connection() as connection:
        row = await (
            await connection.execute("SELECT most, accepted FROM sp_slots WHERE key = %s", (SLOT,))
        ).fetchone()
    assert row is not None
    return row[0], row[1]


@asynccontextmanager
async def known(ledger: Ledger, ids: Sequence[int]) -> AsyncIterator[Claimed]:
    """Let Amazon accept the first question, so that others may be under way beside it."""
    (first,) = await claim(ledger, ids)
    await accept(ledger, first)
    yield first


async def test_until_amazon_accepts_a_question_they_go_one_at_a_time(
    asked: Asked, ledger: Ledger, pool: Pool
) -> None:
    ids = await asked(*by_asin("DE", 5))
    (first,) = await claim(ledger, ids)
    assert await claim(ledger, ids) == []
    assert await most_of(pool) == (3, False)

    await accept(ledger, first)

    assert await most_of(pool) == (3, True)
    assert len(await claim(ledger, ids)) == 2, "the first is still under way"
    assert await claim(ledger, ids) == []


async def test_a_question_that_ends_makes_room_for_the_next(
    asked: Asked, ledger: Ledger, clock: JumpingClock
) -> None:
    ids = await asked(*by_asin("DE", 5))
    async with known(ledger, ids):
        _, last = await claim(ledger, ids)
        await end(ledger, last)
        assert len(await claim(ledger, ids)) == 1
        clock.advance(timedelta(hours=1))
        (first,) = await claim(ledger, ids)
        assert first.stage == "asked", "what is under way goes on, however full the slot is"


async def test_each_account_and_each_kind_has_slots_of_its_own(asked: Asked, ledger: Ledger) -> None:
    ids = await asked(
        *by_asin("DE", 2), *by_asin("US", 2), *by_asin("DE", 2, "daily_totals.by_date"),
        *by_asin("DE", 2, "daily_parents.by_asin"), *by_asin("DE", 2, "sales_and_traffic.report"),
    )  # fmt: skip
    found = [(pull.account, pull.source) for pull in await claim(ledger, ids)]
    assert sorted(found) == [
        ("EU", "daily_totals.by_date"), ("EU", "sales_and_traffic.by_asin"), ("EU", "sales_and_traffic.report"),
        ("EU", "sales_and_traffic.report"), ("NA", "sales_and_traffic.by_asin"),
    ], "parents are the same kind of question to Amazon as children; reports have no slots"  # fmt: skip


@pytest.mark.parametrize("most", [1, 2, 3])
async def test_claims_at_once_never_exceed_a_slot(asked: Asked, ledger: Ledger, most: int) -> None:
    ids = await asked(*by_asin("DE", 12), most=most)
    async with known(ledger, ids):
        claimed = await asyncio.gather(*(claim(ledger, ids, f"worker {n}", most=4) for n in range(6)))
    assert sum(map(len, claimed)) == most - 1


async def test_first_claims_at_once_ask_one_question(asked: Asked, ledger: Ledger) -> None:
    ids = await asked(*by_asin("DE", 12))
    claimed = await asyncio.gather(*(claim(ledger, ids, f"worker {n}", most=4) for n in range(6)))
    assert sum(map(len, claimed)) == 1


async def test_a_refused_question_lowers_the_slot_to_those_under_way(
    asked: Asked, ledger: Ledger, pool: Pool
) -> None:
    ids = await asked(*by_asin("DE", 5))
    async with known(ledger, ids):
        second, third = await claim(ledger, ids)
        await accept(ledger, second)
        await ledger.lower_slot(third)
        assert await most_of(pool) == (2, True)
        assert await ledger.slots() == {SLOT: 2}


async def test_a_question_that_is_refused_alone_says_nothing_of_slots(
    asked: Asked, ledger: Ledger, pool: Pool
) -> None:
    ids = await asked(*by_asin("DE", 5))
    (first,) = await claim(ledger, ids)
    await ledger.lower_slot(first)
    assert await most_of(pool) == (3, False)


async def test_a_lowered_slot_comes_back_by_one_a_day(
    asked: Asked, ledger: Ledger, pool: Pool, clock: JumpingClock
) -> None:
    ids = await asked(*by_asin("DE", 5), most=4)
    async with known(ledger, ids):
        second, *_ = await claim(ledger, ids, most=1)
        await ledger.lower_slot(second)
    found = []
    for hours in (0, 23, 1, 12, 12, 24, 24):
        clock.advance(timedelta(hours=hours))
        await ledger.define_slots({SLOT: 4})
        found.append((await most_of(pool))[0])
    assert found == [1, 1, 2, 2, 3, 4, 4]


async def test_a_slot_that_was_never_lowered_follows_the_setting_and_a_lowered_one_never_exceeds_it(
    asked: Asked, ledger: Ledger, pool: Pool
) -> None:
    ids = await asked(*by_asin("DE", 5))
    for most in (5, 2, 3):
        await ledger.define_slots({SLOT: most})
        assert (await most_of(pool))[0] == most
    async with known(ledger, ids):
        second, third = await claim(ledger, ids)
        await accept(ledger, second)
        await ledger.lower_slot(third)
    await ledger.define_slots({SLOT: 1})
    assert (await most_of(pool))[0] == 1


async def test_a_run_does_not_spin_while_its_slots_are_full(
    asked: Asked, ledger: Ledger, clock: JumpingClock
) -> None:
    """What waits for a slot moves when another pull frees it: that is the next instant, not the present one."""
    ids = await asked(*by_asin("DE", 5))
    (first,) = await claim(ledger, ids)
    alone = await ledger.outlook("one", accounts=REGIONS, wanted=ids, patience=PATIENCE)
    assert (alone.open, alone.next_at) == (5, None), "nothing but the question in hand can move"
    await accept(ledger, first)
    await claim(ledger, ids)
    full = await ledger.outlook("one", accounts=REGIONS, wanted=ids, patience=PATIENCE)
    assert (full.open, full.next_at) == (5, BEGIN + timedelta(hours=1)), "the first question's next check"


async def test_new_days_are_asked_before_what_may_be_restated_however_new_that_is(
    asked: Asked, ledger: Ledger
) -> None:
    reread, missed = by_asin("DE", 1, rank=1), by_asin("US", 3)[2:]
    ids = await asked(*reread, *missed)
    assert [pull.account for pull in await claim(ledger, ids, most=1)] == ["NA"]


async def test_a_closed_source_is_tried_again_with_one_question(asked: Asked, ledger: Ledger, pool: Pool) -> None:
    ids = await asked(*by_asin("DE", 5))
    async with known(ledger, ids):
        assert (await most_of(pool))[1]
    async with pool.connection() as connection:
        await connection.execute(
            "SELECT sp_close_source('EU', 'sales_and_traffic.by_asin', 'x', 'f', NULL, %s)", (BEGIN,)
        )
    assert not (await most_of(pool))[1]
