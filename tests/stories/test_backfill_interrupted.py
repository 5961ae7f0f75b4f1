"""A backfill that is killed, stopped, out of time, of disk or of quota: nothing is lost, nothing asked twice."""

import asyncio
import random
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest

from chalkola.pipeline.work import Bounds, WhyLeft
from chalkola.store.connection import DatabaseFull
from history import DAYS, closed_days, open_days
from interruptions import Filling, Stopping
from kiosk import left_open, right
from night import OpenShop, Shop, open_shop
from postgres import migrated, running_server
from processes import Machine, kill, simulated_amazon
from truth import queries_asked_twice, wrong_cells

SEED = 20261127
CODES = ("US", "DE", "JP")
SLOW = [
    {"kind": "slow_answer", "operation": "createQuery", "seconds": 0.15, "times": None},
    {"kind": "slow_body", "seconds": 0.2, "times": None},
]
MOMENTS = {
    "intent": "SELECT FROM sp_pulls WHERE stage = 'asking' AND lease_until > clock_timestamp() + interval '59 s'",
    "ticket": "SELECT FROM sp_pulls WHERE stage = 'asked'",
    "window": "SELECT FROM sp_pulls WHERE stage = 'asked' AND source = 'sales_and_traffic.trends'",
    "commit": "SELECT FROM pg_locks WHERE NOT granted AND locktype = 'relation'",
}
TABLES = ("sp_daily_asin_data", "sp_daily_totals", "sp_seen_asins")
WRITTEN_TO_THE_END = "sp_daily_asin_data"


def test_a_backfill_killed_ten_times_loses_nothing_and_wastes_no_question(database_url: str, tmp_path: Path) -> None:
    dice = random.Random(SEED)
    moments = ["intent"] * 3 + ["ticket"] * 2 + ["window"] * 2 + ["commit"] * 3
    dice.shuffle(moments)
    with (
        simulated_amazon(tmp_path, speed=300, marketplaces=CODES, parents=20, children=60) as amazon,
        Machine(home=tmp_path, url=database_url, amazon=amazon) as machine,
    ):
        amazon.goes_wrong(*SLOW)
        short_windows(machine)
        hit = Counter(moment for moment in moments if killed_at(moment, machine, dice))
        print(f"killed at {dict(hit)}")  # seen with -rP
        amazon.goes_wrong()

        assert machine.command("backfill", "--days", str(DAYS)).wait(timeout=200) == 0, machine.output()[-2000:]

        assert hit["intent"] >= 1
        assert hit["commit"] >= 1
        assert sum(hit.values()) == 10
        days = machine.rows(
            "SELECT replace(scope, 'marketplace:', '') AS code, first_day AS day, state FROM sp_slices"
            " WHERE dataset = 'sales_and_traffic'"
        )
        assert {row["state"] for row in days} == {"proven"}
        assert len(days) >= 3 * DAYS
        assert wrong_cells(database_url, amazon, [(row["code"], row["day"]) for row in days]) == []
        assert machine.rows("SELECT id, stage FROM sp_pulls WHERE finished_at IS NULL") == []
        assert queries_asked_twice(amazon.queries) == {}, "looking finds every query whose answer was lost"


def short_windows(machine: Machine) -> None:
    """Have it learned that a question takes four days at most, so that there are many to be killed at."""
    learned = '{"marketplaces": 12, "days": 4, "filters": 15, "refused_days": 5}'
    machine.rows(
        "INSERT INTO sp_sources (account, source, limits) SELECT a, 'sales_and_traffic.trends', %s::jsonb"
        " FROM unnest(ARRAY['NA', 'EU', 'FE']) AS a RETURNING 1",
        learned,
    )


def killed_at(moment: str, machine: Machine, dice: random.Random) -> bool:
    """Start a backfill and kill it at this kind of moment, or a little later. Return whether the moment came."""
    worker = machine.command("backfill", "--days", str(DAYS))
    with locked(machine, dice.choice(TABLES)) if moment == "commit" else nothing():
        came = happens(lambda: machine.finds(MOMENTS[moment]), lambda: worker.poll() is None)
        time.sleep(0 if moment == "commit" else dice.uniform(0, 0.15))
        kill(worker)
    return came


@contextmanager
def locked(machine: Machine, table: str) -> Iterator[None]:
    """Make whoever writes to a table wait, with rows of others in its open transaction or not.

    Totals and months are soon complete, and nobody writes them again: the rows of ASINs are locked with them.
    """
    with psycopg.connect(machine.url) as connection:
        connection.execute(f"LOCK TABLE {', '.join({table, WRITTEN_TO_THE_END})} IN SHARE MODE".encode())
        yield


@contextmanager
def nothing() -> Iterator[None]:
    yield


def happens(what: Callable[[], bool], lives: Callable[[], bool]) -> bool:
    """Wait until something happens; return whether it did before the process ended."""
    ends = time.monotonic() + 40
    while lives() and time.monotonic() < ends:
        if what():
            return True
        time.sleep(0.005)
    return False


def test_ctrl_c_ends_it_in_good_order_with_what_is_left(database_url: str, tmp_path: Path) -> None:
    with (
        simulated_amazon(tmp_path, speed=60, marketplaces=("JP",)) as amazon,
        Machine(home=tmp_path, url=database_url, amazon=amazon) as machine,
    ):
        worker = machine.command("backfill", "--days", "60")
        assert happens(lambda: machine.finds(MOMENTS["ticket"]), lambda: worker.poll() is None)
        worker.send_signal(signal.SIGINT)
        assert worker.wait(timeout=60) == 0, machine.output()
        said = machine.output()
        assert "Stopped in good order: 60 marketplace-days are left." in said
        assert "The next `chalkola backfill` goes on from here" in said
        tickets = machine.rows("SELECT ticket FROM sp_pulls WHERE stage = 'asked' AND finished_at IS NULL")
        assert tickets != []
        assert machine.rows("SELECT FROM sp_pulls WHERE lease_until >= clock_timestamp()") == [], "nothing is held"


async def test_when_its_time_is_up_tickets_stay_in_the_ledger_and_are_resumed_first(kiosk_shop: Shop) -> None:
    shop = kiosk_shop
    until = shop.clock.now() + timedelta(seconds=90)

    first = await shop.backfill(days=60, bounds=Bounds(until=until))

    assert first.worked.why_left is WhyLeft.OUT_OF_TIME
    assert first.finished == until
    tickets = {row["ticket"] for row in shop.rows("SELECT ticket FROM sp_pulls WHERE stage = 'asked'")}
    assert tickets != set()
    assert first.outlook.done_at is not None
    asked = len(shop.queries)
    second = await shop.backfill(days=60)
    assert second.worked.why_left is None
    assert tickets <= {ended.pull.ticket for ended in second.worked.ended}, "they are not asked for once more"
    assert len(shop.queries) > asked
    assert queries_asked_twice(shop.queries) == {}
    assert open_days(shop) == {}
    assert right(shop) == []


async def test_it_leaves_rather_than_wait_for_a_quota(shop: Shop) -> None:
    leaving = Bounds(leave_when_waiting=timedelta(minutes=5))
    first = await shop.backfill(days=3, bounds=leaving)
    assert first.worked.why_left is WhyLeft.WAITING
    assert first.finished - first.began < timedelta(minutes=5), "one report is asked for and loaded, and no more"
    assert closed_days(shop) == 1
    assert first.worked.next_at is not None
    assert timedelta(minutes=5) < first.worked.next_at - first.finished <= timedelta(minutes=15)
    for _ in range(9):
        shop.clock.advance(timedelta(minutes=15))
        await shop.backfill(days=3, bounds=leaving)
    assert open_days(shop) == {}
    assert closed_days(shop) == 9


async def test_a_night_does_not_wait_for_a_backfill_that_was_left(kiosk_shop: Shop) -> None:
    shop = kiosk_shop
    await shop.backfill(days=60, bounds=Bounds(until=shop.clock.now() + timedelta(seconds=30)))
    assert left_open(shop) != []
    night = await shop.night()
    assert night.exit_code == 0
    assert night.finished - night.began < timedelta(minutes=6)
    for code in CODES:
        assert shop.line(code, shop.newest(code))["state"] == "proven"
    await shop.backfill(days=60)
    assert open_days(shop) == {}
    assert queries_asked_twice(shop.queries) == {}
    assert right(shop) == []


async def test_a_full_disk_ends_it_with_a_sentence_and_loses_nothing(kiosk_shop: Shop) -> None:
    shop, filling = kiosk_shop, Filling(kiosk_shop)
    with pytest.raises(DatabaseFull, match=r"No space left on device.*Nothing is lost"):
        await shop.backfill(days=60, observer=filling)
    filling.make_room()
    await shop.backfill(days=60)
    assert open_days(shop) == {}
    assert queries_asked_twice(shop.queries) == {}
    assert right(shop) == []


async def test_it_goes_on_when_the_database_comes_back(tmp_path: Path) -> None:
    with running_server() as server:
        await migrated(server.url)
        async with open_shop(server.url, tmp_path, kiosk=True) as shop:
            stopping = Stopping(server)
            report = await shop.backfill(days=60, observer=stopping)
            stopping.starter.join()
            assert report.worked.why_left is None
            assert open_days(shop) == {}
            assert queries_asked_twice(shop.queries) == {}
            assert right(shop) == []


async def test_two_backfills_and_a_night_at_once_share_one_quota(opened_shop: OpenShop) -> None:
    shop = await opened_shop(kiosk=True)
    await asyncio.gather(shop.backfill(days=60), shop.night(), shop.backfill(days=60))
    assert open_days(shop) == {}
    assert shop.amazon.journal.calls["createQuery", 429] == 0
    assert queries_asked_twice(shop.queries) == {}
    assert right(shop) == []
