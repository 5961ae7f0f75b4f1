"""The database goes away in the middle of a run."""

import asyncio
from datetime import date
from pathlib import Path

from interruptions import Stopping
from night import open_shop
from postgres import migrated, running_server
from processes import REPORTS_ONLY, Machine, simulated_amazon
from truth import asked_twice, wrong_cells

DAYS = [date(2026, 11, 16), date(2026, 11, 17)]


async def test_a_run_goes_on_when_the_database_comes_back(tmp_path: Path) -> None:
    with running_server() as server:
        await migrated(server.url)
        async with open_shop(server.url, tmp_path) as shop:
            stopping = Stopping(server)
            report = await shop.night(observer=stopping)
            stopping.starter.join()
            assert report.exit_code == 0
            assert asked_twice(shop.journal) == {}
            assert shop.wrong_cells(shop.newest_days()) == []


def test_a_run_whose_database_stays_away_ends_with_1_and_the_next_goes_on(tmp_path: Path) -> None:
    with running_server() as server:
        asyncio.run(migrated(server.url))
        with (
            simulated_amazon(
                tmp_path, speed=300, marketplaces=("US", "DE", "JP"), without_role=REPORTS_ONLY
            ) as amazon,
            Machine(home=tmp_path, url=server.url, amazon=amazon) as machine,
        ):
            first = machine.start("2026-11-16", "2026-11-17")
            while not machine.finds("SELECT FROM sp_pulls WHERE stage = 'asked'"):
                assert first.poll() is None, machine.output()
            server.stop()
            assert first.wait(timeout=120) == 1, machine.output()
            assert "cannot be reached" in machine.output()
            assert "Nothing is lost" in machine.output()
            assert "Traceback" not in machine.output()
            assert "error connecting in" not in machine.output(), "the pool's own complaints"

            server.start()
            second = machine.start("2026-11-16", "2026-11-17")
            assert second.wait(timeout=60) == 0, machine.output()
            assert asked_twice(amazon.journal) == {}
            expected = [(code, day) for code in ("US", "DE", "JP") for day in DAYS]
            assert wrong_cells(server.url, amazon, expected) == []
