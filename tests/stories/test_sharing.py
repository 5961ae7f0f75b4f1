"""Two runs at once share the work: in one process, and as two processes on one machine."""

import asyncio
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from chalkola.store import open_store
from night import OpenShop
from processes import REPORTS_ONLY, Machine, kill, simulated_amazon
from truth import asked_twice, wrong_cells

SIX = ("US", "CA", "UK", "DE", "AU", "JP")
DAYS = [date(2026, 11, 15) + timedelta(days=n) for n in range(3)]


async def test_two_workers_in_one_process_ask_each_question_once(opened_shop: OpenShop) -> None:
    shop = await opened_shop(marketplaces=SIX)
    async with open_store(shop.settings, shop.url) as other_store:
        other = replace(shop, store=other_store)
        reports = await asyncio.gather(shop.night(), other.night())
    assert [report.exit_code for report in reports] == [0, 0]
    assert asked_twice(shop.journal) == {}
    assert shop.wrong_cells(shop.newest_days(SIX)) == []
    assert shop.amazon.journal.calls["createReport", 429] == 0, "they hold one quota together"
    assert sum(len(report.worked.ended) for report in reports) == 6


@pytest.mark.parametrize("homes", [("one", "one"), ("one", "other")], ids=["one machine", "two machines"])
def test_two_processes_ask_each_question_once(homes: tuple[str, str], database_url: str, tmp_path: Path) -> None:
    with simulated_amazon(tmp_path, speed=300, marketplaces=("US", "DE", "JP"), without_role=REPORTS_ONLY) as amazon:
        for home in set(homes):
            (tmp_path / home).mkdir()
        machines = {home: Machine(home=tmp_path / home, url=database_url, amazon=amazon) for home in homes}
        machine = machines["one"]
        both = [machines[home].start(DAYS[0], DAYS[-1]) for home in homes]
        assert [process.wait(timeout=120) for process in both] == [0, 0], [m.output() for m in machines.values()]
        assert asked_twice(amazon.journal) == {}
        assert len(amazon.journal) == 9
        assert amazon.calls("createReport", 429) == 0, "they hold one quota together"
        expected = [(code, day) for code in ("US", "DE", "JP") for day in DAYS]
        assert wrong_cells(database_url, amazon, expected) == []
        assert machine.rows("SELECT id FROM sp_pulls WHERE finished_at IS NULL") == []


def test_a_process_goes_on_at_once_with_what_a_killed_one_held(database_url: str, tmp_path: Path) -> None:
    with simulated_amazon(tmp_path, speed=300, marketplaces=("US", "DE", "JP"), without_role=REPORTS_ONLY) as amazon:
        machine = Machine(home=tmp_path, url=database_url, amazon=amazon)
        amazon.goes_wrong({"kind": "slow_body", "seconds": 5, "times": 1})
        first = machine.start(DAYS[0], DAYS[0])
        while not amazon.calls("getReportDocument"):
            assert first.poll() is None, machine.output()
        kill(first)
        (held,) = machine.rows("SELECT lease_until - clock_timestamp() AS left FROM sp_pulls WHERE lease_owner <> ''")
        assert held["left"] > timedelta(seconds=30), "its lease had not ended"
        assert machine.start(DAYS[0], DAYS[0]).wait(timeout=25) == 0, machine.output()
        assert asked_twice(amazon.journal) == {}
