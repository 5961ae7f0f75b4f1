"""The main job, from an empty database to twelve marketplaces."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from operator import itemgetter

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


async def test_a_night_every_night_asks_the_newest_days_and_reads_at_most_four_others_again(shop: Shop) -> None:
    nights = []
    for _ in range(5):
        newest = shop.newest_days()
        before = len(shop.journal)
        await shop.nights(1)
        nights.append([(entry["marketplace"], date.fromisoformat(entry["start"])) for entry in shop.journal[before:]])
        assert nights[-1][:3] == sorted(newest, key=nights[-1].index), "the newest days come first"
        assert len(set(nights[-1])) == len(nights[-1]), "nothing is asked twice in a night"

    assert nights[0] == [*nights[0][:3]], "on the first night there is nothing to read again"
    rereads = [set(night[3:]) for night in nights]
    assert [len(some) for some in rereads] == [0, 3, 4, 4, 4], "an hour of turns, one in 15 minutes"
    assert all(some <= set(shop.loaded_days()) for some in rereads)
    assert shop.wrong_cells([(code, day) for code, day in shop.loaded_days()]) == []
    assert len(shop.loaded_days()) == 15


async def test_a_day_is_read_again_a_day_after_it_was_read_at_the_earliest(shop: Shop) -> None:
    await shop.nights(5)
    asked: dict[tuple[str, str], list[datetime]] = {}
    for entry in sorted(shop.journal, key=itemgetter("time")):
        asked.setdefault((entry["marketplace"], entry["start"]), []).append(datetime.fromisoformat(entry["time"]))
    apart = [later - earlier for times in asked.values() for earlier, later in pairwise(times)]
    assert apart
    assert min(apart) >= timedelta(hours=20)
    assert shop.amazon.journal.calls["createReport", 429] == 0


async def test_nothing_is_asked_before_a_quota_allows_it(shop: Shop) -> None:
    await shop.night()
    asked = sorted(entry.time for entry in shop.amazon.journal.entries)
    gaps = [later - earlier for earlier, later in pairwise(asked)]
    assert min(gaps) >= timedelta(minutes=15)
    assert shop.amazon.journal.calls["createReport", 429] == 0
