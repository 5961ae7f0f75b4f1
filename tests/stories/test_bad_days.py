"""Days on which something around us is broken: a name that does not resolve, a clock that is wrong, a pooler that
drops every connection, a database that turns read-only. Each ends in good order, and the next run goes on."""

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest

from amazon_simulator import Fault
from chalkola.clock import JumpingClock
from chalkola.pipeline.ending import Ended
from chalkola.pipeline.health import look_for_alerts
from chalkola.store import open_store
from chalkola.store.connection import DatabaseFull, DatabaseGone
from chalkola.store.pulls import Claimed
from cutting import cut
from kiosk import AT_ONCE
from night import OpenShop, Shop, Silent
from postgres import Server
from truth import queries_asked_twice

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
NOWHERE = "https://nobody.invalid"  # RFC 2606: a name that no resolver knows
SMALL: Mapping[str, Any] = {"kiosk": True, "parents": 4, "children": 10, **AT_ONCE}


@dataclass(frozen=True)
class Wrong:
    """A machine's clock that is wrong by some minutes."""

    right: JumpingClock
    by: timedelta

    def now(self) -> datetime:
        return self.right.now() + self.by

    async def sleep_until(self, instant: datetime) -> None:
        await self.right.sleep_until(instant - self.by)

    @contextmanager
    def in_flight(self) -> Iterator[None]:
        with self.right.in_flight():
            yield


@pytest.fixture
async def elsewhere() -> Any:
    """Give a shop as another machine has it: with another clock, or by another way to the database."""
    async with AsyncExitStack() as stack:

        async def opened(shop: Shop, *, wrong_by: timedelta = timedelta(), url: str = "") -> Shop:
            settings = replace(shop.settings, clock=Wrong(shop.clock, wrong_by) if wrong_by else shop.clock)
            store = await stack.enter_async_context(open_store(settings, url or shop.url))
            return replace(shop, settings=settings, store=store)

        yield opened


def expect_all_right(shop: Shop, *, asked_before: int = 0) -> None:
    """Expect the newest day of every marketplace as Amazon has it, and that nothing was asked twice."""
    assert queries_asked_twice(shop.queries[asked_before:]) == {}
    assert {*shop.newest_days()} <= {*shop.loaded_days()}
    assert shop.wrong_cells(shop.loaded_days()) == []
    assert {shop.line(code, day)["state"] for code, day in shop.newest_days()} == {"proven"}


@pytest.mark.parametrize("whose", ["an account's", "the login's"])
async def test_a_name_of_amazons_that_does_not_resolve_costs_the_time_until_it_does(
    opened_shop: OpenShop, whose: str
) -> None:
    shop = await opened_shop(**SMALL)
    await shop.night()
    shop.clock.advance(timedelta(days=1))
    accounts = tuple(replace(a, endpoint=NOWHERE) if a.key == "EU" else a for a in shop.settings.accounts)
    there = {"accounts": accounts} if whose == "an account's" else {"login_url": f"{NOWHERE}/auth/o2/token"}
    before = len(shop.queries)

    report = await replace(shop, settings=replace(shop.settings, **there)).night()

    assert report.exit_code == 3
    lost = ["DE"] if whose == "an account's" else ["US", "DE", "JP"]
    assert [code for code, day in shop.newest_days() if (code, day) not in shop.loaded_days()] == lost
    said = {row["said"] for row in shop.rows("SELECT said FROM sp_pull_events WHERE what = 'setback'")}
    assert any("ConnectError: name not found." in one for one in said)
    alerts = await look_for_alerts(shop.settings, shop.store, ())
    assert [(one.rule, one.cured_at) for one in alerts] == [("outage", None)]

    shop.clock.advance(HOUR)
    assert (await shop.night()).exit_code == 0
    expect_all_right(shop, asked_before=before)
    assert all(one.cured_at for one in await look_for_alerts(shop.settings, shop.store, ()))


async def test_a_database_whose_name_does_not_resolve_is_said_at_once_and_without_its_password(
    opened_shop: OpenShop, elsewhere: Any
) -> None:
    shop = await opened_shop(**SMALL)
    with pytest.raises(DatabaseGone, match=r"at db\.nobody\.invalid:6543 cannot be reached") as told:
        await elsewhere(shop, url="postgresql://postgres:swordfish@db.nobody.invalid:6543/postgres")
    assert "Nothing is lost" in str(told.value)
    assert "swordfish" not in str(told.value)


@pytest.mark.parametrize("minutes", [-10, 10])
async def test_a_machine_whose_clock_is_ten_minutes_wrong_fills_the_same_tables(
    opened_shop: OpenShop, elsewhere: Any, minutes: int
) -> None:
    shop = await opened_shop(**SMALL)
    # The answer to a question is lost: it has to be found among those that Amazon says were made since then.
    shop.goes_wrong(Fault(kind="reset_after", operation="createQuery", account="EU"))

    report = await (await elsewhere(shop, wrong_by=minutes * MINUTE)).night()

    assert report.exit_code == 0
    expect_all_right(shop)
    assert shop.rows("SELECT sum(lost_asks)::int AS lost FROM sp_pulls")[0]["lost"] == 0


async def test_two_machines_whose_clocks_are_twenty_minutes_apart_share_a_night(
    opened_shop: OpenShop, elsewhere: Any
) -> None:
    shop = await opened_shop(**SMALL)
    fast, slow = [await elsewhere(shop, wrong_by=minutes * MINUTE) for minutes in (10, -10)]

    reports = await asyncio.gather(fast.night(), slow.night())

    assert [report.exit_code for report in reports] == [0, 0]
    expect_all_right(shop)


@pytest.mark.parametrize("then", [None, b"COMMIT"], ids=["before they are written", "written and unanswered"])
async def test_a_pooler_that_drops_every_connection_in_the_middle_of_loads_costs_no_row_and_no_question(
    opened_shop: OpenShop, elsewhere: Any, then: bytes | None
) -> None:
    shop = await opened_shop(**SMALL)
    async with cut(shop.url, before=b"sp_finish", then=then, times=3) as (url, cutter):
        report = await (await elsewhere(shop, url=url)).night()
        assert cutter.cuts >= 3, "several loads may be at that point when it happens"

    assert report.exit_code == 0
    expect_all_right(shop)
    assert shop.rows("SELECT FROM sp_pulls WHERE finished_at IS NULL") == []


class TurningReadOnly(Silent):
    """Makes the database read-only after the first load, as Supabase does when a plan's size is used up."""

    def __init__(self, server: Server, shop: Shop) -> None:
        self.server, self.shop, self.is_on = server, shop, False

    def stepped(self, pull: Claimed, ended: Ended | None) -> None:
        if ended is not None and not self.is_on:
            self.switch("on")

    def switch(self, to: str) -> None:
        self.is_on = to == "on"
        name = urlsplit(self.shop.url).path.strip("/")
        self.server.execute(f"ALTER DATABASE {{}} SET default_transaction_read_only = {to}", name)
        with psycopg.connect(self.server.direct_url, autocommit=True) as connection:
            connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (name,))


async def test_a_database_that_turns_read_only_in_the_middle_of_a_night_ends_it_and_loses_nothing(
    server: Server, opened_shop: OpenShop, elsewhere: Any
) -> None:
    shop = await opened_shop(**SMALL)
    turning = TurningReadOnly(server, shop)
    with pytest.raises(DatabaseFull, match=r"read-only transaction.*Nothing is lost"):
        await shop.night(observer=turning)
    turning.switch("off")

    again = await elsewhere(shop)
    assert (await again.night()).exit_code == 0
    expect_all_right(again)
