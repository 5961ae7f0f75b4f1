"""Amazon changes days that it has told us already: what is read again, what is written down, and what stays."""

from datetime import timedelta

import pytest

from kiosk import AT_ONCE, DAY, left_open, not_proven, right
from night import OpenShop, Shop
from restated import history
from truth import queries_asked_twice

SMALL = {"parents": 8, "children": 24, "marketplaces": ("DE", "JP"), **AT_ONCE}
TABLES = {"sales_and_traffic": ("sp_daily_asin_data", "child_asin"), "daily_totals": ("sp_daily_totals", None)}


async def test_thirty_nights_of_restatements_end_with_amazons_truth_and_a_correct_record_of_them(
    opened_shop: OpenShop,
) -> None:
    shop = await opened_shop(kiosk=True, restated=0.1, **SMALL)

    reports = await shop.nights(30)

    assert {report.exit_code for report in reports} == {0}
    assert len(shop.loaded_days()) == 60
    assert right(shop) == []
    assert_only_parents_wait_for_the_next_night(shop)
    assert left_open(shop) == []
    assert_days_are_fresh(shop)
    compared = [*shop.loaded_days()[:20:3], *shop.loaded_days()[-12::3]]
    for code, day in compared:
        for dataset in TABLES:
            assert_recorded(shop, dataset, code, day)
    kinds = shop.rows("SELECT sum(rows_added), sum(rows_changed) AS changed, sum(rows_withdrawn) AS withdrawn"
                      " FROM sp_restatements")  # fmt: skip
    assert min(kinds[0].values()) > 0, "thirty nights had all kinds of restatements"


def assert_only_parents_wait_for_the_next_night(shop: Shop) -> None:
    """Parents are read weekly; where the totals of their day have changed since, they are read again a day later."""
    waiting = shop.rows("SELECT dataset, state, next_at FROM sp_slices WHERE state <> 'proven'")
    assert {(line["dataset"], line["state"]) for line in waiting} <= {("daily_parents", "loaded")}
    assert all(line["next_at"] <= shop.clock.now() for line in waiting)


def assert_days_are_fresh(shop: Shop) -> None:
    """No day of the last two weeks was read more than a day before the last night, none of the month more than a
    week."""
    last_night = shop.clock.now() - DAY
    for code in ("DE", "JP"):
        newest = shop.newest(code) - DAY
        lines = shop.rows("SELECT first_day, asked_at FROM sp_slices WHERE scope = %s AND dataset <> 'daily_parents'",
                          f"marketplace:{code}")  # fmt: skip
        for line in lines:
            allowed = timedelta(minutes=30) if newest - line["first_day"] < 14 * DAY else 7 * DAY
            assert last_night - line["asked_at"] <= allowed, (code, line)


def assert_recorded(shop: Shop, dataset: str, code: str, day: object) -> None:
    """The lines of restatements and the history of every row are what Amazon's consecutive answers make them."""
    expected = history(shop, dataset, code, day)  # type: ignore[arg-type]
    scope = f"marketplace:{code}"
    lines = shop.rows(
        "SELECT restated_at, rows_added, rows_changed, rows_withdrawn, units_before, units_after, sales_before,"
        " sales_after, sessions_before, sessions_after FROM sp_restatements"
        " WHERE (dataset, scope, first_day) = (%s, %s, %s) ORDER BY id", dataset, scope, day,
    )  # fmt: skip
    assert lines == expected.restatements, (dataset, code, day)
    table, key = TABLES[dataset]
    rows = shop.rows(f"SELECT t.* FROM {table} t JOIN marketplaces m ON m.id = t.marketplace_id"
                     " WHERE m.code = %s AND t.date = %s", code, day)  # fmt: skip
    held = {row[key or "currency_code"]: (row["first_loaded_at"], row["last_changed_at"], row["times_changed"])
            for row in rows}  # fmt: skip
    assert held == {name: row.history for name, row in expected.rows.items()}, (dataset, code, day)


async def test_an_answer_that_says_the_same_writes_no_row_and_no_restatement(opened_shop: OpenShop) -> None:
    shop = await opened_shop(kiosk=True, **SMALL)
    day = shop.newest("DE")
    shop.clock.advance(20 * DAY)  # nothing moves any more
    await shop.night(first=day, only=["DE"])
    before = {table: shop.rows(f"SELECT *, xmin FROM {table} ORDER BY id") for table, _ in TABLES.values()}

    await shop.night(first=day, only=["DE"], again=True)

    assert history(shop, "sales_and_traffic", "DE", day).unchanged == 1
    for table, rows in before.items():
        assert shop.rows(f"SELECT *, xmin FROM {table} ORDER BY id") == rows
    assert shop.rows("SELECT * FROM sp_restatements") == []
    assert shop.line("DE", day)["state"] == "proven"


async def test_every_reread_of_a_week_is_asked_once(opened_shop: OpenShop) -> None:
    shop = await opened_shop(kiosk=True, **SMALL)
    for _ in range(7):
        before = len(shop.queries)
        await shop.nights(1)
        tonight = shop.queries[before:]
        assert queries_asked_twice(tonight) == {}
        assert len(tonight) <= 16, "two accounts: totals, the newest day, the days before it, parents"
    assert not_proven(shop) == {}


@pytest.mark.parametrize("only_report", [False, True], ids=["data kiosk", "reports"])
async def test_a_row_keeps_its_id_and_its_first_load_through_restatements(
    opened_shop: OpenShop, only_report: bool
) -> None:
    shop = await opened_shop(kiosk=not only_report, restated=0.4, **SMALL)
    day = shop.newest("DE")
    await shop.night(only=["DE"])
    before = {row["child_asin"]: row for row in shop.rows("SELECT * FROM sp_daily_asin_data")}
    shop.clock.advance(9 * DAY)
    await shop.night(first=day, only=["DE"], again=True)
    after = {row["child_asin"]: row
             for row in shop.rows("SELECT * FROM sp_daily_asin_data WHERE date = %s", day)}  # fmt: skip
    kept = before.keys() & after.keys()
    assert kept
    # By Data Kiosk nearly every row changes with any: its share of the seller's day does.
    assert {after[a]["times_changed"] for a in kept} <= {0, 1}
    for asin in kept:
        old, new = before[asin], after[asin]
        assert (new["id"], new["created_at"], new["first_loaded_at"]) == (
            old["id"], old["created_at"], old["first_loaded_at"],
        )  # fmt: skip
        assert (new["last_changed_at"] is not None) == (new["times_changed"] == 1)
    line = shop.rows("SELECT * FROM sp_restatements WHERE dataset = 'sales_and_traffic'")[-1]
    assert line["rows_changed"] == sum(after[a]["times_changed"] for a in kept)
    assert line["rows_added"] == len(after.keys() - before.keys())
    assert line["rows_withdrawn"] == len(before.keys() - after.keys())
    assert right(shop) == []
