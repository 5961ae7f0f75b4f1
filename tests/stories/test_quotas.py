"""Amazon's quotas: held when known, learned when tighter than configured, and told from login faults."""

from datetime import datetime, timedelta
from itertools import pairwise

from amazon_simulator import Fault, ReportTypeQuota
from night import OpenShop, Shop, Silent
from truth import asked_twice

FIVE = ("US", "CA", "UK", "DE", "FR")
MINUTE = timedelta(minutes=1)


async def test_creations_keep_the_report_types_own_quota_across_accounts_and_runs(opened_shop: OpenShop) -> None:
    shop = await opened_shop(marketplaces=FIVE)
    await shop.night(only=("US", "DE"))
    await shop.night()
    asked = sorted(entry.time for entry in shop.amazon.journal.entries)
    assert len(asked) == 5
    assert min(later - earlier for earlier, later in pairwise(asked)) >= 15 * MINUTE
    assert shop.amazon.journal.calls["createReport", 429] == 0


async def test_a_quota_that_is_tighter_than_configured_is_learned_from_429s(opened_shop: OpenShop) -> None:
    shop = await opened_shop(
        marketplaces=FIVE,
        report_type_quota=ReportTypeQuota(count=1, period=30 * MINUTE, daily=None),
        environment={"CHALKOLA_QUOTAS": "sales_and_traffic.report=5/1min,scope=account"},
    )
    report = await shop.night()
    assert report.exit_code == 0
    assert shop.wrong_cells(shop.newest_days(FIVE)) == []
    assert asked_twice(shop.journal) == {}
    assert shop.amazon.journal.calls["createReport", 429] > 0
    waited = shop.rows("SELECT key, blocked_until FROM sp_buckets WHERE blocked_until IS NOT NULL")
    assert {row["key"].partition("@")[0] for row in waited} == {"sales_and_traffic.report"}


async def test_a_429_with_retry_after_waits_just_that_long(shop: Shop) -> None:
    shop.goes_wrong(Fault(kind="throttled", operation="createReport", account="EU", retry_after=1200))
    began = shop.clock.now()
    await shop.night(only=("DE",))
    (entry,) = shop.journal
    assert entry["time"] == (began + timedelta(seconds=1200)).isoformat()


async def test_a_429_of_sales_and_traffic_without_retry_after_waits_fifteen_minutes(shop: Shop) -> None:
    shop.goes_wrong(Fault(kind="throttled", operation="createReport", account="EU"))
    began = shop.clock.now()
    await shop.night(only=("DE",))
    (entry,) = shop.journal
    assert entry["time"] == (began + 15 * MINUTE).isoformat()


async def test_a_run_of_429s_that_turns_into_403_is_throttling_and_closes_nothing(opened_shop: OpenShop) -> None:
    shop = await opened_shop(refuse_after=4, marketplaces=("DE",))
    shop.goes_wrong(Fault(kind="throttled", operation="createReport", times=6))
    report = await shop.night()
    assert report.exit_code == 0
    assert report.worked.faults == {}
    assert shop.amazon.journal.calls["createReport", 403] > 0
    assert shop.wrong_cells(shop.newest_days(("DE",))) == []
    assert shop.rows("SELECT * FROM sp_sources WHERE source = 'sales_and_traffic.report'") == []
    assert shop.rows("SELECT * FROM sp_alerts") == []


async def test_the_rate_that_amazon_states_adjusts_the_operations_bucket_and_never_the_report_types(
    shop: Shop,
) -> None:
    await shop.store.buckets.define([])
    await shop.night()
    rates = {row["key"]: row for row in shop.rows("SELECT key, seconds_per_turn, learned FROM sp_buckets")}
    assert rates["sales_and_traffic.report@app"] == {
        "key": "sales_and_traffic.report@app", "seconds_per_turn": 900.0, "learned": False,
    }  # fmt: skip


async def test_the_daily_limit_is_held_over_two_nights(opened_shop: OpenShop) -> None:
    shop = await opened_shop(
        marketplaces=FIVE,
        report_type_quota=ReportTypeQuota(count=1, period=MINUTE, daily=4),
        environment={"CHALKOLA_QUOTAS": "sales_and_traffic.report=1/1min,daily=4,scope=app"},
    )
    await shop.nights(2)
    assert shop.amazon.journal.calls["createReport", 429] == 0
    asked = sorted(entry.time for entry in shop.amazon.journal.entries)
    assert all(later - earlier >= timedelta(days=1) for earlier, later in zip(asked, asked[4:], strict=False))


async def test_every_wait_has_a_reason_that_a_person_can_read(opened_shop: OpenShop) -> None:
    shop = await opened_shop(marketplaces=FIVE)
    seen: list[dict[str, object]] = []

    class Watching:
        def claimed(self, pull: object) -> None: ...

        def stepped(self, pull: object, ended: object) -> None: ...

        def waiting(self, until: object) -> None:
            seen.extend(
                shop.rows("SELECT id, stage, waiting_for, needs, run_at FROM sp_pulls"
                          " WHERE finished_at IS NULL AND lease_until IS NULL")
            )  # fmt: skip

    await shop.night(observer=Watching())  # type: ignore[arg-type]
    shown = [row for row in seen if row["run_at"] > shop.settings.clock.now() or row["waiting_for"] or row["needs"]]  # type: ignore[operator]
    assert len(seen) == len(shown) > 0, "a pull waits, and neither a bucket nor a sentence says for what"


async def test_questions_that_wait_for_each_other_are_asked_one_after_the_other_and_nobody_spins(
    opened_shop: OpenShop,
) -> None:
    shop = await opened_shop(kiosk=True, environment={"CHALKOLA_OPEN_QUERIES": "1"})
    waits = 0

    class Counting(Silent):
        def waiting(self, until: object) -> None:
            nonlocal waits
            waits += 1

    newest = shop.newest("DE")
    report = await shop.night(first=newest - timedelta(days=2), last=newest, observer=Counting())

    assert report.exit_code == 0
    pulls = shop.rows("SELECT slot, intended_at, finished_at FROM sp_pulls WHERE slot IS NOT NULL ORDER BY id")
    by_slot: dict[str, list[tuple[datetime, datetime]]] = {}
    for pull in pulls:
        by_slot.setdefault(pull["slot"], []).append((pull["intended_at"], pull["finished_at"]))
    assert {len(spans) for spans in by_slot.values()} == {1, 6}, "totals; children and parents day by day"
    for spans in by_slot.values():
        spans.sort()
        assert all(ended <= begun for (_, ended), (begun, _) in pairwise(spans))
    assert waits < 12 * len(pulls)
