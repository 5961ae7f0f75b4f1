"""Answers of several pages, sources that open again, limits that are learned, and what else is under way."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from chalkola.clock import JumpingClock
from chalkola.datasets import SOURCES, source
from chalkola.datasets.model import AsinFilter, Box, Limits, Pull, Slice
from chalkola.errors import LeaseLost
from chalkola.marketplaces import Region, marketplaces
from chalkola.pipeline.metering import all_buckets, creation_buckets
from chalkola.quotas import Quota
from chalkola.settings import Account
from chalkola.store.accounts import Accounts
from chalkola.store.buckets import Buckets
from chalkola.store.connection import Pool
from chalkola.store.ledger import Ledger
from chalkola.store.lines import still_open
from chalkola.store.pulls import Claimed
from questions import BEGIN, NEWEST, by_asin

HOUR = timedelta(hours=1)
REGIONS = ["NA", "EU", "FE"]
NAME = "sales_and_traffic.by_asin"
QUOTAS = {"createQuery": Quota(count=60, per=timedelta(hours=1))}


def europe(token: str = "Atzr|one") -> Account:
    return Account(key="EU", region=Region.EU, endpoint="https://eu.invalid", refresh_token=token)


EU = europe()
Written = Callable[..., Awaitable[list[int]]]


@pytest.fixture
async def written(ledger: Ledger, pool: Pool, clock: JumpingClock) -> Written:
    """Write questions down, with the turns that they cost."""
    await Buckets(pool, clock).define(all_buckets(REGIONS, SOURCES, QUOTAS))
    await ledger.define_slots({"salesAndTrafficByAsin@EU": 3, "salesAndTrafficTrends@EU": 3})

    async def write(*pulls: Pull) -> list[int]:
        return await ledger.plan(pulls, [creation_buckets(p.source, p.box.account, QUOTAS) for p in pulls])

    return write


async def claim(ledger: Ledger, ids: list[int], most: int = 16) -> list[Claimed]:
    return await ledger.claim("one", accounts=REGIONS, wanted=ids, most=most)


async def line(pool: Pool, pull: Claimed, columns: str) -> tuple[object, ...]:
    async with pool.connection() as connection:
        query = f"SELECT {columns} FROM sp_pulls WHERE id = {pull.id}"
        row = await (await connection.execute(query.encode())).fetchone()
    assert row is not None
    return row


async def asked(ledger: Ledger, clock: JumpingClock, ids: list[int], ticket: str) -> Claimed:
    """Ask for a page, and claim the pull once its answer can be looked at."""
    (pull,) = await claim(ledger, ids, most=1)
    assert pull.stage == "asking"
    await ledger.ticket(pull, ticket, check_at=clock.now() + HOUR, needs=())
    clock.advance(HOUR)
    (pull,) = await claim(ledger, ids, most=1)
    return pull


async def test_a_next_page_is_asked_for_with_the_documents_so_far_written_down(
    written: Written, ledger: Ledger, pool: Pool, clock: JumpingClock
) -> None:
    ids = await written(*by_asin("DE", 1))
    first = await asked(ledger, clock, ids, "Q1")
    await ledger.next_page(first, "D1", "token 2")
    assert await line(pool, first, "stage, ticket, document_id, page_token, pages, page_tickets, needs") == (
        "planned", None, None, "token 2", ["D1"], ["Q1"], first.creation,
    )  # fmt: skip

    second = await asked(ledger, clock, ids, "Q2")
    assert (second.page_token, second.pages, second.ticket) == ("token 2", ["D1"], "Q2")
    await ledger.next_page(second, "D2", "token 3")
    third = await asked(ledger, clock, ids, "Q3")
    assert (third.page_token, third.pages) == ("token 3", ["D1", "D2"])
    assert await ledger.known_tickets("EU", ["Q1", "Q2", "Q3", "Q4"]) == {"Q1", "Q2", "Q3"}, "all three are ours"
    assert await line(pool, third, "asks, page_tickets") == (3, ["Q1", "Q2"]), "each page costs a turn"


async def test_a_next_page_goes_before_new_questions(written: Written, ledger: Ledger, clock: JumpingClock) -> None:
    older, newer = by_asin("DE", 2)[1:], by_asin("DE", 1)
    ids = await written(*older)
    pull = await asked(ledger, clock, ids, "Q1")
    await ledger.next_page(pull, "D1", "token 2")
    ids += await written(*newer)
    (first,) = await claim(ledger, ids, most=1)
    assert (first.id, first.page_token) == (pull.id, "token 2")


async def test_a_page_that_amazon_has_forgotten_is_begun_anew_with_the_first(
    written: Written, ledger: Ledger, pool: Pool, clock: JumpingClock
) -> None:
    ids = await written(*by_asin("DE", 1))
    pull = await asked(ledger, clock, ids, "Q1")
    await ledger.next_page(pull, "D1", "token 2")
    (pull,) = await claim(ledger, ids)
    await ledger.first_page(pull, until=clock.now() + HOUR, waiting_for="Amazon has forgotten the next page")
    assert await line(pool, pull, "stage, page_token, pages, ticket, waiting_for, setbacks, run_at, lease_owner") == (
        "planned", None, [], None, "Amazon has forgotten the next page", 1, clock.now() + HOUR, None,
    )  # fmt: skip
    assert await ledger.known_tickets("EU", ["Q1"]) == {"Q1"}, "still ours, and not to be found again"
    assert await claim(ledger, ids) == []
    clock.advance(HOUR)
    (again,) = await claim(ledger, ids)
    assert (again.stage, again.page_token, again.pages) == ("asking", None, [])


async def test_who_lost_the_lease_turns_no_page(written: Written, ledger: Ledger, pool: Pool) -> None:
    ids = await written(*by_asin("DE", 1))
    (old,) = await claim(ledger, ids)
    await ledger.release(["one"])
    await claim(ledger, ids)
    with pytest.raises(LeaseLost):
        await ledger.next_page(old, "D1", "token 2")
    with pytest.raises(LeaseLost):
        await ledger.first_page(old, until=BEGIN, waiting_for="x")
    assert await line(pool, old, "page_token, pages") == (None, [])


@pytest.fixture
def accounts(pool: Pool, clock: JumpingClock) -> Accounts:
    return Accounts(pool, clock)


async def open_alerts(pool: Pool) -> set[str]:
    async with pool.connection() as connection:
        rows = await connection.execute("SELECT subject FROM sp_alerts WHERE cured_at IS NULL")
        return {row[0] for row in await rows.fetchall()}


async def test_a_closed_source_that_amazon_accepts_a_question_of_is_open_and_its_alert_is_cured(
    written: Written, accounts: Accounts, ledger: Ledger, pool: Pool, clock: JumpingClock
) -> None:
    for name in (NAME, "daily_totals.by_date"):
        await accounts.close_source(EU, name, "no role")
        await accounts.alert("source closed", f"{name} EU", "no role")
    assert await accounts.closed_sources([EU]) == {("EU", NAME), ("EU", "daily_totals.by_date")}

    await asked(ledger, clock, await written(*by_asin("DE", 1)), "Q1")

    assert await accounts.closed_sources([EU]) == {("EU", "daily_totals.by_date")}
    assert await open_alerts(pool) == {"daily_totals.by_date EU"}


async def test_a_closed_source_is_tried_again_with_a_new_token_and_once_a_week(
    accounts: Accounts, clock: JumpingClock
) -> None:
    await accounts.close_source(EU, NAME, "no role")
    assert await accounts.closed_sources([europe("Atzr|two")]) == set()
    clock.advance(timedelta(days=6))
    assert await accounts.closed_sources([EU]) == {("EU", NAME)}
    clock.advance(timedelta(days=1))
    assert await accounts.closed_sources([EU]) == set()


async def test_what_one_question_may_span_is_learned_for_an_account_and_kept_when_the_source_closes(
    accounts: Accounts,
) -> None:
    assert await accounts.limits() == {}
    await accounts.learn_limits("EU", NAME, Limits(marketplaces=4, days=1))
    await accounts.close_source(EU, NAME, "no role")
    await accounts.learn_limits("EU", NAME, Limits(marketplaces=2, days=1, filters=3, repeats=False))
    await accounts.learn_limits("NA", NAME, Limits(marketplaces=1, days=1))
    assert await accounts.limits() == {
        ("EU", NAME): Limits(marketplaces=2, days=1, filters=3, repeats=False),
        ("NA", NAME): Limits(marketplaces=1, days=1),
    }
    assert await accounts.closed_sources([EU]) == {("EU", NAME)}, "limits do not open it"


async def test_slices_are_judged_when_the_last_of_their_pulls_is_in(
    written: Written, ledger: Ledger, pool: Pool
) -> None:
    germany, france = marketplaces(["DE", "FR"])

    def some(asin: str, *among: object) -> Pull:
        box = Box(
            account="EU", marketplaces=among or (germany,), first=NEWEST - timedelta(days=1), last=NEWEST,  # type: ignore[arg-type]
            filters=(AsinFilter(marketplace=germany, asins=(asin,)),),
        )  # fmt: skip
        return Pull(source=source("sales_and_traffic.trends"), box=box, settled=True)

    one, other, totals = await written(
        some("B0A"), some("B0B", germany, france), *by_asin("FR", 1, "daily_totals.by_date")
    )
    days = [NEWEST - timedelta(days=1), NEWEST]
    rows = {Slice(dataset="sales_and_traffic", scope=germany.scope, day=day) for day in days}
    async with pool.connection() as connection:
        assert await still_open(connection, one) == rows
        assert await still_open(connection, other) == rows | {
            Slice(dataset="daily_totals", scope=france.scope, day=NEWEST)
        }
        assert await still_open(connection, totals) == {
            Slice(dataset="sales_and_traffic", scope=france.scope, day=NEWEST)
        }
        await connection.execute("UPDATE sp_pulls SET finished_at = %s WHERE id = %s", (BEGIN, other))
        assert await still_open(connection, one) == frozenset()
