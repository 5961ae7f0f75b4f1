"""What happens to a pull is written down by the verb that does it, and read back as its day's story."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

from chalkola.clock import JumpingClock
from chalkola.datasets import dataset, source
from chalkola.datasets.model import AsinFilter, Box, Pull, Slice, SliceState, Sums
from chalkola.marketplaces import marketplace
from chalkola.settings import Account
from chalkola.store.accounts import Accounts
from chalkola.store.buckets import Buckets
from chalkola.store.connection import Pool
from chalkola.store.ledger import Ledger
from chalkola.store.lines import read_differing
from chalkola.store.pulls import Claimed, Restated, Told
from chalkola.store.stories import PullStory, count_found, read_pulls
from questions import BEGIN, NEWEST, by_asin

Planned = Callable[..., Awaitable[list[int]]]
SALES, TOTALS = dataset("sales_and_traffic"), dataset("daily_totals")
GERMANY, FRANCE = marketplace("DE"), marketplace("FR")
SECOND = timedelta(seconds=1)


async def claim(ledger: Ledger, ids: list[int], worker: str = "one") -> Claimed:
    (pull,) = await ledger.claim(worker, accounts=["EU"], wanted=ids, most=1)
    return pull


async def story(pool: Pool) -> PullStory:
    """Return the story of the one pull that covered Germany's newest day."""
    (pull,) = await read_pulls(pool, [SALES.name, TOTALS.name], GERMANY.scope, NEWEST)
    return pull


async def events(pool: Pool) -> list[tuple[str, str | None]]:
    return [(event.what, event.said) for event in (await story(pool)).events]


async def rows(pool: Pool, query: str, *values: Any) -> list[tuple[Any, ...]]:
    given = values[0] if values and isinstance(values[0], dict) else values
    async with pool.connection() as connection:
        return list(await (await connection.execute(query.encode(), given)).fetchall())


async def forget_leases(pool: Pool) -> None:
    await rows(pool, "UPDATE sp_pulls SET lease_until = clock_timestamp() - interval '1 s' RETURNING 1")


async def finish(ledger: Ledger, pull: Claimed, stage: Any = "loaded", **how: Any) -> None:
    """Close a pull: its sales are proven, of its totals the rows are not accepted."""
    async with ledger.holding(pull) as (connection, lines):
        told = [
            Told(slice=line.slice, state=SliceState.PROVEN, row_count=3, checksum="c", sums=Sums(units=4))
            if line.slice.dataset == SALES.name
            else Told(slice=line.slice, state=SliceState.LOADED, reason="the old rows stay")
            for line in lines
        ]
        await ledger.finish(connection, pull, stage, told, **how)


async def test_a_smooth_pull_is_asked_has_a_ticket_and_is_loaded(
    planned: Planned, ledger: Ledger, pool: Pool, clock: JumpingClock
) -> None:
    ids = await planned("DE")
    pull = await claim(ledger, ids)
    await ledger.ticket(pull, "50000", check_at=BEGIN + SECOND, needs=())
    clock.advance(SECOND)
    pull = await claim(ledger, ids)
    await ledger.postpone(pull, "asked", until=BEGIN + SECOND, reason="pending", waiting_for="Amazon to finish it")
    pull = await claim(ledger, ids)
    await finish(ledger, pull, note="drift", archived_as="x/1.json", row_count=3)

    found = await story(pool)

    assert [(e.at, e.what, e.said) for e in found.events] == [
        (BEGIN, "asking", None), (BEGIN, "ticket", "50000"), (BEGIN + SECOND, "loaded", "drift"),
    ]  # fmt: skip
    assert [(b.dataset, b.state, b.reason) for b in found.became] == [
        ("sales_and_traffic", "proven", None), ("daily_totals", "loaded", "the old rows stay"),
    ]  # fmt: skip
    assert (found.stage, found.ticket, found.archived_as, found.scopes) == (
        "loaded", "50000", "x/1.json", ["marketplace:DE"],
    )  # fmt: skip
    kept = await rows(pool, "SELECT dataset, loaded, checksum FROM sp_pull_slices ORDER BY 1")
    assert kept == [("daily_totals", None, None), ("sales_and_traffic", True, None)]


async def test_what_fails_on_the_way_is_written_down_with_amazons_words(
    planned: Planned, ledger: Ledger, pool: Pool
) -> None:
    ids = await planned("DE")
    again = {"until": BEGIN, "needs": ()}
    throttled, lost, outage = "Amazon has throttled us.", "The answer was lost.", "Amazon cannot answer now."
    await ledger.postpone(
        await claim(ledger, ids), "planned", reason="quota", waiting_for=throttled, why="429", **again
    )
    await ledger.postpone(
        await claim(ledger, ids), "looking", reason="setback", waiting_for=lost, why="HTTP 500", **again
    )
    await ledger.postpone(await claim(ledger, ids), "looking", reason="setback", waiting_for=outage, **again)
    await ledger.postpone(await claim(ledger, ids), "planned", reason="pending", waiting_for="again", **again)
    await ledger.postpone(await claim(ledger, ids), "looking", reason="setback", waiting_for=lost, **again)
    await ledger.ticket(await claim(ledger, ids), "4", check_at=BEGIN, needs=())
    await ledger.postpone(await claim(ledger, ids), "looking", reason="setback", waiting_for="Another's.", **again)
    await ledger.ticket(await claim(ledger, ids), "5", check_at=BEGIN, needs=())
    await finish(ledger, await claim(ledger, ids), "refused", failure="FATAL")

    assert await events(pool) == [
        ("asking", None), ("throttled", "Amazon has throttled us. 429"),
        ("asking", None), ("lost", "The answer was lost. HTTP 500"), ("setback", "Amazon cannot answer now."),
        ("asked again", "again"),
        ("asking", None), ("lost", "The answer was lost."), ("found", "4"), ("not ours", "Another's."),
        ("found", "5"), ("refused", "FATAL"),
    ]  # fmt: skip


async def test_pages_and_their_end_are_written_down(planned: Planned, ledger: Ledger, pool: Pool) -> None:
    ids = await planned("DE")
    for number in (1, 2):
        await ledger.ticket(await claim(ledger, ids), str(number), check_at=BEGIN, needs=())
        await ledger.next_page(await claim(ledger, ids), f"document {number}", f"token {number}")
    await ledger.first_page(await claim(ledger, ids), until=BEGIN, waiting_for="It is forgotten.")
    await claim(ledger, ids)

    assert await events(pool) == [
        ("asking", None), ("ticket", "1"), ("page", "page 1"),
        ("asking", "page 2"), ("ticket", "2"), ("page", "page 2"),
        ("asking", "page 3"), ("first page", "It is forgotten."),
        ("asking", None),
    ]  # fmt: skip


async def test_a_pull_whose_worker_is_gone_is_looked_for_or_taken_over(
    planned: Planned, ledger: Ledger, pool: Pool
) -> None:
    ids = await planned("DE")
    await claim(ledger, ids, "killed")
    await ledger.release(["killed"])
    await ledger.ticket(await claim(ledger, ids, "next"), "5", check_at=BEGIN, needs=())
    await claim(ledger, ids, "slow")
    await forget_leases(pool)
    await claim(ledger, ids, "third")

    assert await events(pool) == [("asking", None), ("looking", None), ("found", "5"), ("taken over", None)]


async def test_a_closed_way_ends_what_it_was_to_bring(
    planned: Planned, ledger: Ledger, pool: Pool, clock: JumpingClock
) -> None:
    await planned("DE")
    account = Account(key="EU", region=GERMANY.region, endpoint="", refresh_token="")

    await Accounts(pool, clock).close_source(account, "sales_and_traffic.report", "The role is missing.")

    found = await story(pool)
    assert [(e.what, e.said) for e in found.events] == [("source closed", "The role is missing.")]
    assert [one.state for one in found.became] == [None, None]


async def test_a_story_has_every_pull_in_the_order_in_which_they_ended_and_what_was_restated(
    ledger: Ledger, buckets: Buckets, pool: Pool, clock: JumpingClock
) -> None:
    asins = (AsinFilter(marketplace=GERMANY, asins=("B01", "B02")), AsinFilter(marketplace=FRANCE, asins=("B03",)))
    box = Box(account="EU", marketplaces=(GERMANY, FRANCE), first=NEWEST, last=NEWEST, filters=asins)
    trends = Pull(source=source("sales_and_traffic.trends"), box=box, settled=True)
    (by_name,) = await ledger.plan([trends], [["createQuery@EU"]])
    (whole,) = await ledger.plan(by_asin("DE", 1), [["createQuery@EU"]])
    await finish(ledger, await claim(ledger, [whole]))
    clock.advance(SECOND)
    pull = await claim(ledger, [by_name])
    before, after = Sums(units=4, sales=Decimal("9.50")), Sums(units=3, sales=Decimal("7.50"))
    restated = Restated(before=before, after=after, rows_added=0, rows_changed=1, rows_withdrawn=2)
    async with ledger.holding(pull) as (connection, _):
        slice_ = Slice(dataset=SALES.name, scope=GERMANY.scope, day=NEWEST)
        told = [Told(slice=slice_, state=SliceState.PROVEN, row_count=2, restated=restated)]
        await ledger.finish(connection, pull, "loaded", told, row_count=2)

    first, second = await read_pulls(pool, [SALES.name], GERMANY.scope, NEWEST)

    assert (first.id, first.asins, first.restatements) == (whole, None, ())
    assert (second.id, second.asins, second.scopes) == (by_name, 2, ["marketplace:DE", "marketplace:FR"])
    (one,) = second.restatements
    assert (one.units_before, one.units_after, one.sales_before, one.rows_withdrawn) == (4, 3, Decimal("9.50"), 2)
    assert await read_pulls(pool, [SALES.name], GERMANY.scope, NEWEST - timedelta(days=1)) == []


async def test_events_go_with_their_pull(planned: Planned, ledger: Ledger, pool: Pool) -> None:
    await claim(ledger, await planned("DE"))

    await rows(pool, "WITH s AS (DELETE FROM sp_pull_slices) SELECT 1")
    await rows(pool, "DELETE FROM sp_pulls RETURNING 1")

    assert await rows(pool, "SELECT * FROM sp_pull_events") == []


async def test_rows_that_were_there_before_the_first_pull_are_counted_also_once_they_are_ours(pool: Pool) -> None:
    await rows(
        pool,
        "INSERT INTO sp_daily_asin_data (date, marketplace_id, amazon_marketplace_id, child_asin, pull_id,"
        " first_loaded_at) VALUES (%(day)s, %(m)s, %(id)s, 'B01', NULL, NULL),"
        " (%(day)s, %(m)s, %(id)s, 'B02', 7, NULL), (%(day)s, %(m)s, %(id)s, 'B03', 7, now()) RETURNING 1",
        {"day": NEWEST, "m": GERMANY.uuid, "id": GERMANY.amazon_id},
    )  # fmt: skip

    assert await count_found(pool, SALES, GERMANY, NEWEST) == 2
    assert await count_found(pool, SALES, FRANCE, NEWEST) == 0


async def test_days_that_differ_are_read_with_their_residual(planned: Planned, ledger: Ledger, pool: Pool) -> None:
    await planned("DE,FR", days=2)
    await rows(
        pool,
        """UPDATE sp_slices SET state = 'differs', residual = '{"units": 7, "sales": "9.50"}', reason = '+7 units'
        WHERE dataset = 'sales_and_traffic' AND first_day = %s RETURNING 1""",
        NEWEST,
    )

    found = await read_differing(pool, [SALES.name, TOTALS.name], [FRANCE.scope, GERMANY.scope])

    assert [(line.slice.scope, line.residual) for line in found] == [
        (m.scope, Sums(units=7, sales=Decimal("9.50"))) for m in (FRANCE, GERMANY)
    ]
    assert await read_differing(pool, [TOTALS.name], [FRANCE.scope]) == []
