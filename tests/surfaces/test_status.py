"""`chalkola status`: what is here, what is late and why, what is waited for."""

import time
from datetime import UTC, datetime, timedelta
from typing import Any

from amazon_simulator import Fault
from chalkola.store.buckets import Bucket
from chalkola.surfaces.status_value import turns_left

NOW = datetime(2026, 11, 20, 2, tzinfo=UTC)


def test_a_status_before_the_first_pull_says_so_without_any_credentials(alone: Any, database_url: str) -> None:
    said = alone("status", DATABASE_URL=database_url)

    assert (said.code, said.err) == (0, "")
    assert "Nothing has been pulled yet" in said.out


def test_a_status_after_a_pull_has_every_marketplace_quota_and_document(chalkola: Any) -> None:
    chalkola("pull", "--marketplace", "DE,JP")

    status = chalkola("status", "--json").object

    assert _newest_days(status) == {"DE": ("2026-11-17", "2026-11-17"), "JP": ("2026-11-18", "2026-11-18")}
    assert [one["account"] for one in status["accounts"]] == ["EU", "FE", "NA"]
    assert sorted((one["source"], one["stage"], one["scopes"]) for one in status["last"]) == [
        (source, "loaded", [scope])
        for source in (
            "daily_parents.by_asin",
            "daily_totals.by_date",
            "listings.report",
            "sales_and_traffic.by_asin",
        )
        for scope in ("marketplace:DE", "marketplace:JP")
    ]
    assert {one["key"] for one in status["quotas"]} > {
        "createReport@EU",
        "sales_and_traffic.report@EU",
        "createQuery@EU",
    }
    assert status["archive_bytes"] > 0
    assert (status["waiting"], status["failures"], status["alerts"]) == ([], [], [])


def test_a_status_where_data_kiosk_is_closed_is_complete_without_what_only_it_has(by_reports: Any) -> None:
    by_reports("pull", "--marketplace", "DE,JP")

    status, said = by_reports("status", "--json").object, by_reports("status")

    assert _newest_days(status) == {"DE": ("2026-11-17", "2026-11-17"), "JP": ("2026-11-18", "2026-11-18")}
    assert [one["late"] for one in status["marketplaces"]] == [[], []], "parents are an extra"
    loaded = [(one["source"], one["scopes"]) for one in status["last"] if one["stage"] == "loaded"]
    assert sorted(loaded) == [
        (source, [f"marketplace:{code}"])
        for source in ("listings.report", "sales_and_traffic.report")
        for code in ("DE", "JP")
    ]
    closed = {one["account"]: sorted(one["closed"]) for one in status["accounts"]}
    kiosk = ["daily_parents.by_asin", "daily_totals.by_date", "sales_and_traffic.by_asin"]
    assert closed == {"EU": kiosk, "FE": kiosk, "NA": []}
    assert sorted({one["rule"] for one in status["alerts"]}) == ["source closed"]
    assert "sales_and_traffic.by_asin is closed to account EU. " in said.out


def _newest_days(status: Any) -> dict[str, tuple[str, str]]:
    return {one["marketplace"]: (one["newest_closed"], one["newest_loaded"]) for one in status["marketplaces"]}


async def test_a_status_shows_what_is_waited_for_and_until_when(shop: Any, alone: Any, database_url: str) -> None:
    shop.goes_wrong(Fault(kind="slow_report", marketplace="DE", hours=30))
    await shop.night()
    clock = f"{shop.clock.now().isoformat()}@{time.time()}"
    settings = {**shop.amazon.env(), "DATABASE_URL": database_url, "CHALKOLA_CLOCK_START": clock}

    status, said = alone("status", "--json", **settings).object, alone("status", **settings)

    (waiting,) = status["waiting"]
    assert (waiting["marketplaces"], waiting["stage"], waiting["ticket"] is not None) == (["DE"], "asked", True)
    assert waiting["waiting_for"] == "waiting for Amazon to finish it (IN_PROGRESS)"
    assert datetime.fromisoformat(waiting["until"]) > shop.clock.now()
    late = {one["marketplace"]: [day["state"] for day in one["late"]] for one in status["marketplaces"]}
    assert late == {"US": [], "DE": ["asked"], "JP": []}
    assert "Under way" in said.out
    assert "asked: asked; Amazon is at work on it" not in said.out


def test_turns_left_are_what_the_bucket_would_grant_at_once() -> None:
    bucket = Bucket(key="createReport@EU", seconds_per_turn=60, burst=15, full_at=NOW + timedelta(seconds=150))

    assert turns_left(bucket, NOW) == 12
    assert turns_left(bucket, NOW + timedelta(seconds=150)) == 15
    assert turns_left(Bucket(key="x", seconds_per_turn=9, burst=3, daily=2, turns=(NOW,)), NOW) == 1
    assert turns_left(Bucket(key="x", seconds_per_turn=9, burst=3, blocked_until=NOW + timedelta(1)), NOW) == 0
