"""What was written down is what Amazon was called for: every call, once, with its outcome and its pull."""

import json
import time
import urllib.request
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from amazon_simulator import Fault
from chalkola.pipeline.checkup import check_up, is_well
from chalkola.store.recording import WRITTEN_EVERY_SECONDS
from night import OpenShop, Shop
from processes import REPORTS_ONLY, Amazon, Machine, kill, simulated_amazon

STORM = [
    Fault(kind="throttled", operation="createReport", account="NA", retry_after=30),
    Fault(kind="server_error", operation="createReport", account="EU"),
    Fault(kind="reset_after", operation="createReport", account="FE"),
    Fault(kind="reset_before", operation="getReport", account="EU"),
    Fault(kind="unauthorized", operation="getReport", account="NA"),
    Fault(kind="token_expired", operation="getReportDocument", account="NA"),
    Fault(kind="unavailable_html", operation="login", times=2),
    Fault(kind="reset_before", operation="login", account="EU"),
    Fault(kind="slow_answer", operation="getReport", account="FE", seconds=0.3),
    Fault(kind="expired_url", times=2),
    Fault(kind="cut_body"),
    Fault(kind="truncated_gzip"),
    Fault(kind="server_error", operation="download"),
    Fault(kind="reset_before", operation="download"),
]

_A_MOMENT = 2 * WRITTEN_EVERY_SECONDS  # machine time


def outcomes(rows: Iterable[Mapping[str, Any]]) -> Counter[tuple[str, int]]:
    """Count calls as the simulated Amazon does: by operation and status, which is 0 where a connection was reset."""
    return Counter((row["operation"], 0 if row["failure"] else row["status"]) for row in rows)


def calls(shop: Shop) -> list[dict[str, Any]]:
    return shop.rows("SELECT * FROM sp_api_calls ORDER BY id")


async def test_a_stormy_nights_calls_are_exactly_those_that_amazon_counted(opened_shop: OpenShop) -> None:
    shop = await opened_shop(faults=tuple(STORM), processing_seconds=900.0)

    await shop.nights(2)

    assert all(fault["struck"] for fault in shop.amazon.mischief.to_json()), "the storm has not come to an end"
    found = calls(shop)
    assert outcomes(found) == shop.amazon.journal.calls
    assert {row["failure"] for row in found} == {None, "reset"}
    assert {row["status"] for row in found if row["operation"] == "createReport"} == {None, 202, 429, 500}
    assert all(row["request_id"] for row in found if row["operation"] == "getReport" and row["status"] == 200)
    assert max(row["duration_ms"] for row in found if row["operation"] == "getReport") >= 300


async def test_a_night_with_data_kiosk_has_every_call_with_its_pull(kiosk_shop: Shop) -> None:
    await kiosk_shop.night()

    found = calls(kiosk_shop)
    assert outcomes(found) == kiosk_shop.amazon.journal.calls
    pulls = {row["id"]: row["account"] for row in kiosk_shop.rows("SELECT id, account FROM sp_pulls")}
    of_pulls = [row for row in found if row["pull_id"] is not None]
    assert {row["pull_id"] for row in of_pulls} == set(pulls)
    assert all(pulls[row["pull_id"]] == row["account"] for row in of_pulls)
    assert {row["operation"] for row in of_pulls} == {"createQuery", "getQuery", "getDocument", "download"}
    assert {row["operation"] for row in found if row["pull_id"] is None} == {"login", "getMarketplaceParticipations"}
    rates = {row["operation"]: row["rate_per_second"] for row in of_pulls}
    assert (rates["createQuery"], rates["getQuery"], rates["download"]) == (0.0167, 2.0, None)


async def test_a_preflights_calls_are_written_down_too(kiosk_shop: Shop) -> None:
    assert is_well(await check_up(kiosk_shop.settings, kiosk_shop.url))

    found = calls(kiosk_shop)
    written, made = outcomes(found), kiosk_shop.amazon.journal.calls
    assert written.pop(("getReferenceRates", 200)) == made.pop(("rates", 200)) == 1, "the bank's, by our name for it"
    assert written == made
    assert {row["pull_id"] for row in found} == {None}


async def test_calls_are_at_amazons_time_and_forgotten_after_a_month_of_it(shop: Shop) -> None:
    begun = shop.clock.now()
    await shop.night()
    assert all(begun <= row["at"] <= shop.clock.now() for row in calls(shop))

    shop.clock.advance(timedelta(days=31))
    begun = shop.clock.now()
    await shop.night()

    assert min(row["at"] for row in calls(shop)) >= begun


@pytest.mark.parametrize("kept", ["0", "1"])
async def test_a_night_is_the_same_whether_its_calls_are_kept_or_not(opened_shop: OpenShop, kept: str) -> None:
    shop = await opened_shop(environment={"CHALKOLA_CALLS_KEPT_DAYS": kept})

    report = await shop.night()

    assert report.exit_code == 0
    assert shop.wrong_cells(shop.newest_days()) == []
    assert bool(calls(shop)) == (kept == "1")


def test_a_worker_that_is_killed_leaves_all_calls_but_those_of_its_last_moments(
    database_url: str, tmp_path: Path
) -> None:
    with simulated_amazon(tmp_path, speed=300, marketplaces=("US", "DE"), without_role=REPORTS_ONLY) as amazon:
        machine = Machine(home=tmp_path, url=database_url, amazon=amazon)
        worker = machine.start("2026-11-08", "2026-11-17")
        counted, long_ago = [(time.monotonic(), 0)], 0  # machine time and calls until then
        while long_ago < 20:
            assert worker.poll() is None, machine.output()
            counted.append((time.monotonic(), _all_calls(amazon)))
            long_ago = max(count for at, count in counted if at <= max(counted[0][0], counted[-1][0] - _A_MOMENT))
            time.sleep(0.1)
        kill(worker)

        assert long_ago <= len(machine.rows("SELECT FROM sp_api_calls")) <= _all_calls(amazon)


def _all_calls(amazon: Amazon) -> int:
    with urllib.request.urlopen(f"{amazon.control}/_simulator/calls", timeout=10) as answer:
        return sum(sum(by_status.values()) for by_status in json.load(answer).values())
