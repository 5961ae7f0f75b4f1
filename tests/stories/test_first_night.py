"""The main job, from an empty database to twelve marketplaces."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from night import OpenShop, Shop
from truth import ZONES, asked_twice

NOTHING_MORE_SETTLES = datetime(2026, 11, 20, 19, tzinfo=UTC)  # for the four hours that follow, anywhere


async def test_the_first_night_of_twelve_marketplaces_equals_amazons_truth_and_the_second_run_asks_nothing(
    opened_shop: OpenShop,
) -> None:
    shop = await opened_shop(marketplaces=tuple(ZONES), begin=NOTHING_MORE_SETTLES)
    newest = shop.newest_days(ZONES)

    first = await shop.night()

    assert first.exit_code == 0
    assert [line.reason for line in first.late] == []
    assert shop.wrong_cells(newest) == []
    assert set(shop.states().values()) == {"proven"}
    assert asked_twice(shop.journal) == {}
    asked, calls = shop.journal, dict(shop.amazon.journal.calls)

    second = await shop.night()

    assert second.exit_code == 0
    assert second.plan.pulls == ()
    assert shop.journal == asked
    assert dict(shop.amazon.journal.calls) == calls, "not even a login"


async def test_a_night_every_night_asks_each_day_once(shop: Shop) -> None:
    await shop.nights(4)
    assert asked_twice(shop.journal) == {}
    assert shop.wrong_cells([(code, day) for code, day in shop.loaded_days()]) == []
    assert len(shop.loaded_days()) == 12


async def test_nothing_is_asked_before_a_quota_allows_it(shop: Shop) -> None:
    await shop.night()
    asked = sorted(entry.time for entry in shop.amazon.journal.entries)
    gaps = [later - earlier for earlier, later in pairwise(asked)]
    assert min(gaps) >= timedelta(minutes=15)
    assert shop.amazon.journal.calls["createReport", 429] == 0
