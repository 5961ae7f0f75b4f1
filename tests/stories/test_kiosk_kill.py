"""Workers on Data Kiosk that are killed from outside, at every kind of moment, between pages too; and two at once.

Nothing is lost, nothing is doubled, and no page is asked for twice.
"""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from chalkola.store import open_store
from kiosk import calls, left_open, not_proven, right
from night import OpenShop
from processes import Machine, kill, simulated_amazon
from truth import queries_asked_twice, wrong_cells

SEED = 20261121
CODES = ("UK", "DE", "JP")
DAYS = [date(2026, 11, 15) + timedelta(days=n) for n in range(3)]
PAGES: dict[str, Any] = {"query-page-rows": 20}
SLOW = [
    {"kind": "slow_answer", "operation": "createQuery", "seconds": 0.15, "times": None},
    {"kind": "slow_body", "seconds": 0.2, "times": None},
]
MOMENTS = {
    # The ones that earlier kills left behind are 'asking' too, with an older lease.
    "intent": "SELECT FROM sp_pulls WHERE stage = 'asking' AND lease_until > clock_timestamp() + interval '59 s'",
    "next page": "SELECT FROM sp_pulls WHERE stage IN ('planned', 'asking') AND page_token IS NOT NULL"
                 " AND finished_at IS NULL",
    "ticket": "SELECT FROM sp_pulls WHERE stage = 'asked'",
    "page's ticket": "SELECT FROM sp_pulls WHERE stage = 'asked' AND page_token IS NOT NULL",
    "documents": "SELECT FROM sp_pulls WHERE stage = 'ready'",
    "commit": "SELECT FROM pg_locks WHERE NOT granted AND locktype = 'relation'",
}  # fmt: skip


def test_a_worker_killed_at_any_moment_of_an_answers_pages_loses_nothing_and_asks_nothing_twice(
    database_url: str, tmp_path: Path
) -> None:
    dice = random.Random(SEED)
    moments = [*MOMENTS, "intent", "next page", "commit"]
    dice.shuffle(moments)
    with (
        simulated_amazon(tmp_path, speed=300, marketplaces=CODES, **PAGES) as amazon,
        Machine(home=tmp_path, url=database_url, amazon=amazon) as machine,
    ):
        amazon.goes_wrong(*SLOW)
        hit = Counter(moment for moment in moments if killed_at(moment, machine, dice))
        print(f"killed at {dict(hit)}")  # seen with -rP
        amazon.goes_wrong()

        assert machine.start(DAYS[0], DAYS[-1]).wait(timeout=120) == 0, machine.output()[-2000:]

        assert hit["next page"] >= 1
        assert hit["commit"] >= 1
        assert sum(hit.values()) >= 7
        assert wrong_cells(database_url, amazon, [(c, d) for c in CODES for d in DAYS]) == []
        assert machine.rows("SELECT id, stage FROM sp_pulls WHERE finished_at IS NULL") == []
        assert {row["state"] for row in machine.rows("SELECT DISTINCT state FROM sp_slices")} == {"proven"}
        assert queries_asked_twice(amazon.queries) == {}, "looking finds every query whose answer was lost"


def killed_at(moment: str, machine: Machine, dice: random.Random) -> bool:
    """Start a worker and kill it at this kind of moment, or a little later. Return whether the moment came."""
    worker = machine.start(DAYS[0], DAYS[-1])
    if moment == "commit":
        with psycopg.connect(machine.url) as connection:
            # Whoever writes to this table waits, with rows of others in its open transaction or not.
            connection.execute(f"LOCK TABLE {dice.choice(LOADED_TABLES)} IN SHARE MODE".encode())
            return _killed(worker, machine, moment, 0.0)
    return _killed(worker, machine, moment, dice.uniform(0, 0.1))


LOADED_TABLES = ("sp_daily_asin_data", "sp_daily_totals", "sp_daily_parent_data")


def _killed(worker: object, machine: Machine, moment: str, later: float) -> bool:
    came = _await(lambda: machine.finds(MOMENTS[moment]), lambda: worker.poll() is None)  # type: ignore[attr-defined]
    time.sleep(later)
    kill(worker)  # type: ignore[arg-type]
    return came


def _await(happens: Callable[[], bool], lives: Callable[[], bool]) -> bool:
    ends = time.monotonic() + 40
    while lives() and time.monotonic() < ends:
        if happens():
            return True
        time.sleep(0.005)
    return False


async def test_two_workers_in_one_process_share_the_queries_and_the_slots(opened_shop: OpenShop) -> None:
    shop = await opened_shop(kiosk=True, marketplaces=("US", "UK", "DE", "JP"), query_page_rows=40)
    last = shop.newest("DE")
    async with open_store(shop.settings, shop.url) as other_store:
        other = replace(shop, store=other_store)
        reports = await asyncio.gather(
            *(one.night(first=last - timedelta(days=2), last=last) for one in (shop, other))
        )
    assert [report.exit_code for report in reports] == [0, 0]
    assert queries_asked_twice(shop.queries) == {}
    assert calls(shop, "createQuery", 429) == 0, "they hold one quota and one number of open queries together"
    assert not_proven(shop) == {}
    assert left_open(shop) == []
    assert right(shop) == []


@pytest.mark.parametrize("homes", [("one", "one"), ("one", "other")], ids=["one machine", "two machines"])
def test_two_processes_share_the_queries(homes: tuple[str, str], database_url: str, tmp_path: Path) -> None:
    with simulated_amazon(tmp_path, speed=300, marketplaces=CODES, **PAGES) as amazon:
        for home in set(homes):
            (tmp_path / home).mkdir()
        machines = {home: Machine(home=tmp_path / home, url=database_url, amazon=amazon) for home in homes}
        both = [machines[home].start(DAYS[0], DAYS[-1]) for home in homes]
        assert [process.wait(timeout=120) for process in both] == [0, 0], [m.output() for m in machines.values()]
        assert queries_asked_twice(amazon.queries) == {}
        assert amazon.calls("createQuery", 429) == 0
        assert wrong_cells(database_url, amazon, [(c, d) for c in CODES for d in DAYS]) == []
        assert machines["one"].rows("SELECT id FROM sp_pulls WHERE finished_at IS NULL") == []
