"""Only SUPABASE_URL and SUPABASE_SERVICE_KEY are set: the whole of it through Supabase's API."""

import time
from datetime import date
from pathlib import Path

from interruptions import Stopping
from lite import OLDER, Lite, lite
from night import open_shop
from postgres import migrated, running_server
from processes import REPORTS_ONLY, Machine, kill, simulated_amazon
from supabase import add_roles, project
from truth import asked_twice, queries_asked_twice, wrong_cells


async def test_a_first_night_equals_amazons_truth_and_the_second_run_asks_nothing(
    project_url: str, api: Lite, tmp_path: Path
) -> None:
    async with open_shop(project_url, tmp_path, through=api.project) as shop:
        first = await shop.night()
        assert first.exit_code == 0
        assert shop.wrong_cells(shop.newest_days()) == []
        assert set(shop.states().values()) == {"proven"}
        asked = shop.journal

        second = await shop.night()

        assert (second.exit_code, second.plan.pulls) == (0, ())
        assert shop.journal == asked
        assert api.refused == []
        assert shop.rows("SELECT count(*) AS n FROM sp_staged") == [{"n": 0}]


async def test_a_backfill_equals_amazons_truth_by_the_older_form_of_key(project_url: str, tmp_path: Path) -> None:
    with lite(project_url, tmp_path / "lite", key=OLDER) as api:
        async with open_shop(project_url, tmp_path, through=api.project, kiosk=True, marketplaces=("DE",)) as shop:
            report = await shop.backfill(days=6)

            assert not report.worked.faults
            days = [day for _, day in shop.loaded_days()]
            assert len(days) == 6
            assert shop.wrong_cells([("DE", day) for day in days]) == []
            assert queries_asked_twice(shop.queries) == {}
            assert api.refused == []


async def test_calls_that_are_lost_on_their_way_lose_and_double_nothing(
    project_url: str, api: Lite, tmp_path: Path
) -> None:
    """A query and a part that is staged are simply asked for again; a claim that was not answered is let go; and the
    last call of a pull that was carried out and not answered is found to have been."""
    async with open_shop(project_url, tmp_path, through=api.project, marketplaces=("DE", "US")) as shop:
        api.losing += [
            ("sp_rest_read", "before"), ("sp_rest_read", "after"), ("sp_rest_stage", "after"),
            ("sp_rest_stage", "before"), *[("sp_rest_write", "after")] * 3,
        ]  # fmt: skip
        report = await shop.night()
        for _ in range(2):
            api.losing += [("sp_rest_write", "before"), ("sp_rest_write", "after")]
            report = await shop.night()
        assert api.losing == []
        assert report.exit_code == 0
        assert shop.wrong_cells(shop.newest_days(("DE", "US"))) == []
        assert asked_twice(shop.journal) == {}


async def test_a_night_goes_on_when_the_database_comes_back(tmp_path: Path) -> None:
    with running_server() as server:
        add_roles(server)
        with project(server) as url:
            await migrated(url)
            with lite(url, tmp_path / "lite") as api:
                async with open_shop(url, tmp_path, through=api.project) as shop:
                    stopping = Stopping(server)
                    report = await shop.night(observer=stopping)
                    stopping.starter.join()
                    assert report.exit_code == 0
                    assert asked_twice(shop.journal) == {}
                    assert shop.wrong_cells(shop.newest_days()) == []


def test_a_worker_killed_while_it_stages_rows_loses_nothing(project_url: str, api: Lite, tmp_path: Path) -> None:
    day = date(2026, 11, 17)
    with simulated_amazon(
        tmp_path, speed=300, marketplaces=("DE",), without_role=REPORTS_ONLY, parents=200, children=700
    ) as amazon:
        machine = Machine(home=tmp_path, url=project_url, amazon=amazon, through=api.environment)
        api.passing["sp_rest_stage"] = 2  # the totals, and the first part of the rows
        asked = ("pull", "--date", str(day), "--dataset", "sales_and_traffic", "--dataset", "daily_totals")
        first = machine.command(*asked)
        ends = time.monotonic() + 60
        while api.calls["sp_rest_stage"] < 3:
            assert first.poll() is None, machine.output()
            assert time.monotonic() < ends, machine.output()
            time.sleep(0.02)
        staged = machine.rows("SELECT count(*) AS n FROM sp_staged WHERE cardinality(cells) > 1")[0]["n"]
        assert staged >= 500
        kill(first)
        api.passing.clear()
        assert machine.rows("SELECT FROM sp_daily_asin_data") == [], "nothing is there until all of it is"

        second = machine.command(*asked)

        assert second.wait(timeout=120) == 0, machine.output()
        assert asked_twice(amazon.journal) == {}
        assert wrong_cells(project_url, amazon, [("DE", day)]) == []
        assert machine.rows("SELECT FROM sp_staged") == []
        assert "Traceback" not in machine.output()
