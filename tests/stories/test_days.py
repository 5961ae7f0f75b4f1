"""Days that change after they were asked for: early, late, restated, shrunk, empty, different from their totals."""

import asyncio
from datetime import UTC, datetime, timedelta

from amazon_simulator import Fault
from night import BEGIN, OpenShop, Shop
from truth import ZONES

DAY = timedelta(days=1)


async def test_a_day_asked_early_is_preliminary_and_is_asked_again_once_it_has_settled(shop: Shop) -> None:
    early = shop.newest("DE") + DAY
    report = await shop.night(first=early, only=["DE"])
    line = shop.line("DE", early)
    assert report.exit_code == 0
    assert line["state"] == "preliminary"
    assert line["reason"] == "asked before Amazon settles the day"
    rows_early = line["row_count"]

    shop.clock.advance(DAY)
    await shop.night()

    assert shop.line("DE", early)["state"] == "proven"
    assert shop.line("DE", early)["row_count"] > rows_early
    assert shop.wrong_cells(shop.loaded_days()) == []
    assert shop.asked("DE", early) == 2


async def test_a_day_whose_asins_come_later_than_its_totals_becomes_right_when_they_come(shop: Shop) -> None:
    day = shop.newest("DE")
    shop.goes_wrong(Fault(kind="empty_asin_list", marketplace="DE", day=day, times=2))

    report = await shop.night()

    assert report.exit_code == 3
    assert "its data is late" in report.late[0].reason
    assert shop.rows("SELECT units_ordered FROM sp_daily_totals WHERE currency_code = 'EUR'"), "the totals are kept"
    for _ in range(2):
        shop.clock.advance(DAY)
        await shop.night()

    assert shop.line("DE", day)["state"] == "proven"
    assert shop.asked("DE", day) == 3
    assert shop.wrong_cells(shop.loaded_days()) == []


async def test_a_day_far_below_its_neighbours_stays_preliminary_until_amazon_has_it_all(shop: Shop) -> None:
    await shop.nights(4)
    day = shop.newest("US")
    shop.goes_wrong(Fault(kind="late_day", marketplace="US", day=day))

    report = await shop.night()

    assert report.exit_code == 0
    assert shop.line("US", day)["state"] == "preliminary"
    assert "may not have loaded it yet" in shop.line("US", day)["reason"]

    shop.clock.advance(DAY)
    await shop.night()

    assert shop.line("US", day)["state"] == "proven"
    assert shop.wrong_cells(shop.loaded_days()) == []


async def test_a_restatement_updates_rows_in_place_and_leaves_the_others_untouched(shop: Shop) -> None:
    day = shop.newest("US")
    await shop.night(only=["US"])
    before = {row["child_asin"]: row for row in shop.rows("SELECT * FROM sp_daily_asin_data")}
    shop.clock.advance(15 * DAY)  # sessions have come in and units were cancelled

    await shop.night(first=day, only=["US"], again=True)

    after = {row["child_asin"]: row for row in shop.rows("SELECT * FROM sp_daily_asin_data WHERE date = %s", day)}
    kept = before.keys() & after.keys()
    figures = {name for name in next(iter(before.values())) if name not in ("pull_id",)}
    changed = {asin for asin in kept if any(before[asin][f] != after[asin][f] for f in figures)}
    assert 0 < len(changed) < len(kept)
    for asin in kept:
        assert (after[asin]["id"], after[asin]["created_at"]) == (before[asin]["id"], before[asin]["created_at"])
        assert (after[asin]["pull_id"] != before[asin]["pull_id"]) == (asin in changed)
    assert shop.wrong_cells([("US", day)]) == []
    assert shop.line("US", day)["state"] == "proven"


async def test_the_same_answer_again_writes_no_row(shop: Shop) -> None:
    day = shop.newest("US")
    shop.clock.advance(20 * DAY)
    await shop.night(first=day, only=["US"])
    before = shop.rows("SELECT * FROM sp_daily_asin_data ORDER BY id")
    await shop.night(first=day, only=["US"], again=True)
    assert shop.asked("US", day) == 2
    assert shop.rows("SELECT * FROM sp_daily_asin_data ORDER BY id") == before


async def test_rows_that_shrink_while_amazons_total_does_not_stay_as_they_are_and_the_day_is_asked_again(
    shop: Shop,
) -> None:
    day = shop.newest("US")
    await shop.night(only=["US"])
    before = shop.rows("SELECT * FROM sp_daily_asin_data ORDER BY id")
    shop.clock.advance(5 * DAY)
    shop.goes_wrong(Fault(kind="shrunk_rows", marketplace="US", day=day))

    await shop.night(first=day, only=["US"], again=True)

    assert shop.rows("SELECT * FROM sp_daily_asin_data WHERE date = %s ORDER BY id", day) == before
    line = shop.line("US", day)
    assert "while Amazon's own total did not fall: the old rows stay" in line["reason"]
    assert line["next_at"] > shop.clock.now()
    pull = shop.pulls("US")[-1]
    assert pull["archived_as"], "the document is kept"
    assert (shop.settings.archive / pull["archived_as"]).exists()

    shop.clock.advance(2 * DAY)
    await shop.night()

    assert shop.asked("US", day) == 3, "a flagged day is asked again"
    assert shop.line("US", day)["state"] == "proven"
    assert shop.wrong_cells([("US", day), *(d for d in shop.loaded_days() if d != ("US", day))]) == []


async def test_a_day_that_shrinks_with_amazons_own_total_is_accepted(shop: Shop) -> None:
    day = shop.newest("US")
    await shop.night(only=["US"])
    units = sum(row["units_ordered"] for row in shop.rows("SELECT units_ordered FROM sp_daily_asin_data"))
    shop.clock.advance(5 * DAY)
    shop.goes_wrong(Fault(kind="shrunk_day", marketplace="US", day=day, factor=0.5))
    await shop.night(first=day, only=["US"], again=True)
    now = shop.rows("SELECT sum(units_ordered) AS units FROM sp_daily_asin_data WHERE date = %s", day)
    assert now[0]["units"] < units * 0.6


async def test_a_difference_that_two_answers_a_day_apart_agree_on_is_accepted_as_it_is(shop: Shop) -> None:
    day = shop.newest("DE")
    shop.clock.advance(20 * DAY)  # nothing moves any more
    shop.goes_wrong(Fault(kind="totals_differ", marketplace="DE", day=day, times=None))
    await shop.night(first=day, only=["DE"])
    assert shop.line("DE", day)["state"] == "loaded"
    assert shop.line("DE", day)["residual"]["units"] == 7

    shop.clock.advance(2 * DAY)
    await shop.night()

    line = shop.line("DE", day)
    assert line["state"] == "differs"
    assert line["residual"]["units"] == 7
    assert line["reason"].endswith("twice")
    assert shop.asked("DE", day) == 2

    shop.clock.advance(2 * DAY)
    await shop.night()
    assert shop.asked("DE", day) == 2, "an accepted difference is closed"


async def test_a_day_without_data_is_believed_when_amazon_says_so_twice(opened_shop: OpenShop) -> None:
    shop = await opened_shop(marketplaces=("DE",))
    day = shop.newest("DE")
    shop.goes_wrong(Fault(kind="no_data", marketplace="DE", day=day, times=None))
    await shop.night()
    assert shop.line("DE", day)["state"] == "due"
    shop.clock.advance(DAY)
    await shop.night()
    assert shop.line("DE", day)["state"] == "empty"
    assert shop.line("DE", day, "daily_totals")["state"] == "empty"
    assert shop.rows("SELECT status, error_message FROM sp_data_pulls WHERE pull_date = %s", day)[0]["status"] == (
        "completed"
    )
    shop.clock.advance(DAY)
    await shop.night()
    assert shop.asked("DE", day) == 2


async def test_no_data_for_a_day_that_has_rows_keeps_them(shop: Shop) -> None:
    day = shop.newest("DE")
    await shop.night(only=["DE"])
    before = shop.rows("SELECT * FROM sp_daily_asin_data ORDER BY id")
    shop.goes_wrong(Fault(kind="no_data", marketplace="DE", day=day))
    await shop.night(first=day, only=["DE"], again=True)
    assert shop.rows("SELECT * FROM sp_daily_asin_data ORDER BY id") == before
    assert "stay" in shop.line("DE", day)["reason"]


async def test_a_slow_report_is_left_in_the_ledger_and_the_next_run_resumes_its_ticket(shop: Shop) -> None:
    shop.goes_wrong(Fault(kind="slow_report", marketplace="DE", hours=9))
    report = await shop.night()
    assert report.exit_code == 3
    assert report.worked.left == 1
    assert report.finished - report.began < timedelta(hours=4)
    shop.clock.advance(timedelta(hours=10))
    report = await shop.night()
    assert shop.asked("DE", shop.newest("DE")) <= 1
    assert shop.wrong_cells(shop.loaded_days()) == []
    assert asked_at_most_once(shop)


async def test_both_sides_of_the_clock_change_are_whole_days(opened_shop: OpenShop) -> None:
    shop = await opened_shop(begin=datetime(2026, 11, 4, 12, tzinfo=UTC), marketplaces=("US", "DE", "AU"))
    await shop.night(first=shop.newest("US") - 12 * DAY, last=shop.newest("US"), only=["US"])
    await shop.night(first=shop.newest("DE") - 12 * DAY, last=shop.newest("DE"), only=["DE"])
    assert len(shop.loaded_days()) == 26
    assert shop.wrong_cells(shop.loaded_days()) == []
    assert set(shop.states().values()) == {"proven"}


async def test_brazil_is_a_marketplace_of_its_own_once_a_token_opens_it(opened_shop: OpenShop) -> None:
    shop = await opened_shop(marketplaces=("US", "BR"), own_accounts=("BR",))
    assert "BR" not in {row["code"] for row in shop.rows("SELECT code FROM marketplaces")}
    report = await shop.night()
    assert report.exit_code == 0
    assert {row["code"] for row in shop.rows("SELECT code FROM marketplaces")} == set(ZONES)
    assert shop.wrong_cells(shop.newest_days(("US", "BR"))) == []


def asked_at_most_once(shop: Shop) -> bool:
    return all(shop.asked(code, day) == 1 for code, day in shop.loaded_days())


async def test_a_run_that_was_stopped_in_good_order_ends_with_0_and_the_next_goes_on(shop: Shop) -> None:
    stop = asyncio.Event()

    class Stopping:
        def claimed(self, pull: object) -> None: ...

        def stepped(self, pull: object, ended: object) -> None:
            if ended is not None:
                stop.set()

        def waiting(self, until: object) -> None: ...

    report = await shop.night(observer=Stopping(), stop=stop)  # type: ignore[arg-type]
    assert report.exit_code == 0
    assert report.worked.stopped
    assert report.worked.left > 0
    assert shop.clock.now() > BEGIN
    await shop.night()
    assert shop.wrong_cells(shop.newest_days()) == []
    assert asked_at_most_once(shop)
