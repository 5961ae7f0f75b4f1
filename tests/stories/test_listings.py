"""Amazon's list of listings, from its reports into the table: weekly, on demand, and not believed when it shrinks."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest

from amazon_simulator import Fault
from chalkola.datasets import dataset
from chalkola.marketplaces import MARKETPLACES
from chalkola.pipeline.reload import reload
from night import THREE, OpenShop, Shop

LIST = ("listings",)
REPORT = "GET_MERCHANT_LISTINGS_ALL_DATA"
FRIDAY = datetime(2026, 11, 20, 2, tzinfo=UTC)
MONDAY, NEXT_MONDAY = date(2026, 11, 16), date(2026, 11, 23)
DAY, WEEK = timedelta(days=1), timedelta(weeks=1)

Rows = dict[str, dict[str, Any]]


@pytest.fixture
async def selling(opened_shop: OpenShop) -> Shop:
    """A shop of 300 children, a part of which goes off the shelves."""
    return await opened_shop(parents=40, children=300, retired=0.4)


def held(shop: Shop, code: str) -> Rows:
    query = "SELECT l.* FROM sp_listings l JOIN marketplaces m ON m.id = l.marketplace_id WHERE m.code = %s"
    return {row["sku"]: row for row in shop.rows(query, code)}


def here(shop: Shop, code: str) -> Rows:
    return {sku: row for sku, row in held(shop, code).items() if row["gone_at"] is None}


def true(shop: Shop, code: str) -> Rows:
    """Return what the last list of a marketplace should have said, in our words."""
    made = [e for e in shop.journal if e["marketplace"] == code and e["report_type"] == REPORT]
    lines = shop.amazon.listings(code, datetime.fromisoformat(made[-1]["as_of"]))
    return {line["seller-sku"]: _in_our_words(line, code) for line in lines}


def _in_our_words(line: Mapping[str, str], code: str) -> dict[str, Any]:
    price = Decimal(line["price"]).quantize(Decimal("0.01")) if "price" in line else None
    currency = {"US": "USD", "DE": "EUR", "JP": "JPY"}[code]
    return {
        "asin": line.get("asin1"), "title": line.get("item-name"), "price": price,
        "currency_code": currency if price is not None else None,
        "quantity": int(line["quantity"]) if "quantity" in line else None, "status": line["status"],
        "fulfilment": "FBM" if line["fulfillment-channel"] == "DEFAULT" else "FBA",
        "listing_id": line.get("listing-id"), "open_date": line.get("open-date"),
    }  # fmt: skip


def differing(shop: Shop, code: str) -> list[str]:
    """Return where the rows that are not gone differ from the truth."""
    ours, theirs = here(shop, code), true(shop, code)
    wrong = [f"{code} {sku}" for sku in ours.keys() ^ theirs.keys()]
    return wrong + [
        f"{code} {sku}.{name}: {ours[sku][name]!r}, not {cell!r}"
        for sku in ours.keys() & theirs.keys()
        for name, cell in theirs[sku].items()
        if ours[sku][name] != cell
    ]


def lists(shop: Shop) -> list[tuple[str, str]]:
    """Return the lists that were asked for: marketplace and hour."""
    return [(e["marketplace"], e["time"][:13]) for e in shop.journal if e["report_type"] == REPORT]


async def test_the_first_week_brings_every_listing_as_amazon_has_it_and_a_later_night_asks_nothing(
    selling: Shop,
) -> None:
    report = await selling.night(datasets=LIST)

    assert report.exit_code == 0
    assert {code: differing(selling, code) for code in THREE} == {code: [] for code in THREE}
    assert all(len(held(selling, code)) > 100 for code in THREE)
    for code in THREE:
        line = selling.line(code, MONDAY, "listings")
        assert (line["state"], line["row_count"]) == ("proven", len(held(selling, code)))

    selling.clock.advance(DAY)
    assert (await selling.night(datasets=LIST)).plan.pulls == ()
    assert len(lists(selling)) == 3


async def test_the_next_week_marks_what_went_adds_what_came_and_leaves_the_rest_untouched(selling: Shop) -> None:
    selling.clock.advance(datetime(2026, 9, 3, 2, tzinfo=UTC) - selling.clock.now())
    await selling.night(datasets=LIST)
    before = {code: held(selling, code) for code in THREE}
    selling.clock.advance(10 * WEEK)
    report = await selling.night(datasets=LIST)

    assert report.exit_code == 0
    for code in THREE:
        assert differing(selling, code) == []
        after = held(selling, code)
        assert before[code].keys() <= after.keys(), "nothing is ever deleted"
        gone = {sku for sku, row in after.items() if row["gone_at"] is not None}
        assert gone == before[code].keys() - true(selling, code).keys()
        assert gone, "some have been taken off the shelves"
        for sku in gone:
            assert {**after[sku], "gone_at": None, "changed_at": None, "pull_id": None} == {
                **before[code][sku], "gone_at": None, "changed_at": None, "pull_id": None,
            }  # fmt: skip
        new = after.keys() - before[code].keys()
        stayed = after.keys() - new - gone
        assert {sku: after[sku] for sku in stayed} == {sku: before[code][sku] for sku in stayed}
        assert {after[sku]["pull_id"] for sku in stayed}.isdisjoint(after[sku]["pull_id"] for sku in new | gone)


async def test_what_comes_back_is_gone_no_more(selling: Shop) -> None:
    await selling.night(datasets=LIST, only=("DE",))
    whole = here(selling, "DE")
    selling.goes_wrong(Fault(kind="rows_missing", factor=0.95))
    selling.clock.advance(WEEK)
    await selling.night(datasets=LIST, only=("DE",))
    assert 0 < len(whole) - len(here(selling, "DE")) < len(whole) * 0.1

    selling.clock.advance(WEEK)
    await selling.night(datasets=LIST, only=("DE",))
    assert differing(selling, "DE") == []


async def test_a_list_that_shrank_is_not_believed_until_it_is_said_twice(selling: Shop) -> None:
    await selling.night(datasets=LIST, only=("DE",))
    before = held(selling, "DE")
    selling.goes_wrong(Fault(kind="rows_missing", factor=0.4, times=2))
    selling.clock.advance(WEEK)
    report = await selling.night(datasets=LIST, only=("DE",))

    assert report.exit_code == 0, "the list that is here stays, and nobody has to do anything"
    assert held(selling, "DE") == before
    line = selling.line("DE", NEXT_MONDAY, "listings")
    assert line["state"] == "loaded"
    assert "the list that is here stays, and it is asked for again" in line["reason"]
    assert (await selling.night(datasets=LIST, only=("DE",))).plan.pulls == (), "not before a day has passed"

    selling.clock.advance(DAY)
    await selling.night(datasets=LIST, only=("DE",))
    assert len(here(selling, "DE")) == int(len(true(selling, "DE")) * 0.4), "said twice, it is believed"
    assert held(selling, "DE").keys() >= before.keys()


async def test_a_list_that_was_cut_once_is_set_right_the_next_day(selling: Shop) -> None:
    await selling.night(datasets=LIST, only=("DE",))
    selling.goes_wrong(Fault(kind="rows_missing", factor=0.0))
    selling.clock.advance(WEEK)
    await selling.night(datasets=LIST, only=("DE",))
    assert here(selling, "DE"), "a list without a line takes nothing away"
    selling.clock.advance(DAY)
    await selling.night(datasets=LIST, only=("DE",))

    assert differing(selling, "DE") == []
    assert selling.line("DE", NEXT_MONDAY, "listings")["state"] == "proven"


async def test_a_first_list_without_a_line_is_believed_when_it_is_said_twice(selling: Shop) -> None:
    selling.goes_wrong(Fault(kind="rows_missing", factor=0.0))
    await selling.night(datasets=LIST, only=("DE",))
    line = selling.line("DE", MONDAY, "listings")
    assert (line["state"], line["row_count"]) == ("due", 0)
    assert "asked once more before it is believed" in line["reason"]
    selling.clock.advance(DAY)
    await selling.night(datasets=LIST, only=("DE",))
    assert differing(selling, "DE") == []


async def test_a_cancelled_list_takes_nothing_away_and_a_fatal_one_is_asked_for_again(selling: Shop) -> None:
    await selling.night(datasets=LIST)
    before = {code: held(selling, code) for code in THREE}
    selling.clock.advance(WEEK)
    selling.goes_wrong(Fault(kind="no_data", marketplace="DE"), Fault(kind="fatal_with_document", marketplace="JP"))
    report = await selling.night(datasets=LIST)

    assert report.exit_code == 3, "a list that failed is late"
    assert held(selling, "DE").keys() == before["DE"].keys()
    assert "Amazon made no list" in selling.line("DE", NEXT_MONDAY, "listings")["reason"]
    assert selling.line("JP", NEXT_MONDAY, "listings")["state"] == "failed"
    selling.clock.advance(DAY)
    assert (await selling.night(datasets=LIST)).exit_code == 0
    assert [differing(selling, code) for code in THREE] == [[], [], []]


async def test_a_list_on_demand_is_made_anew_once_amazon_would_not_only_repeat_it(selling: Shop) -> None:
    await selling.night(datasets=LIST, only=("DE",), anew=True)
    selling.clock.advance(timedelta(hours=2))
    soon = await selling.night(datasets=LIST, only=("DE",), anew=True)
    assert (soon.plan.pulls, soon.plan.closed) == ((), 1)

    selling.clock.advance(timedelta(hours=5))
    await selling.night(datasets=LIST, only=("DE",), anew=True)
    assert len(lists(selling)) == 2
    assert differing(selling, "DE") == []


async def test_a_reload_rebuilds_the_newest_list_and_no_older_one(selling: Shop) -> None:
    selling.clock.advance(datetime(2026, 9, 3, 2, tzinfo=UTC) - selling.clock.now())
    await selling.night(datasets=LIST)
    selling.clock.advance(10 * WEEK)
    await selling.night(datasets=LIST)
    before = {code: held(selling, code) for code in THREE}
    selling.rows("UPDATE sp_listings SET title = 'mine' WHERE gone_at IS NULL RETURNING sku")

    found = reload(
        selling.store.pool, selling.store.archive, datasets=(dataset("listings"),), marketplaces=MARKETPLACES,
        first=date(2000, 1, 1), last=date(9999, 12, 31), now=selling.clock.now(),
    )  # fmt: skip
    rebuilt = [one async for one in found]

    assert [one.given.first_day for one in rebuilt] == [date(2026, 11, 9)] * 3
    assert [one.failure for one in rebuilt] == [None] * 3
    assert [differing(selling, code) for code in THREE] == [[], [], []]
    gone = {code: {sku: row for sku, row in rows.items() if row["gone_at"]} for code, rows in before.items()}
    assert {code: {sku: held(selling, code)[sku] for sku in gone[code]} for code in THREE} == gone


async def test_a_list_that_amazon_is_slow_with_is_left_to_the_next_run(opened_shop: OpenShop) -> None:
    shop = await opened_shop(marketplaces=("DE",))
    shop.goes_wrong(Fault(kind="slow_report", report_type=REPORT, hours=9))
    report = await shop.night(datasets=("sales_and_traffic", "daily_totals", *LIST))
    assert shop.states()[f"DE {shop.newest()}"] == "proven"
    assert (report.worked.left, report.finished - report.began < timedelta(hours=3)) == (1, True)

    shop.clock.advance(DAY)
    await shop.night(datasets=("sales_and_traffic", "daily_totals", *LIST))
    assert shop.line("DE", MONDAY, "listings")["state"] == "proven"
    assert len(lists(shop)) == 1


@pytest.mark.parametrize("kind", ["own_language", "lines_torn", "lines_twice", "column_added"])
async def test_a_list_of_another_form_says_the_same(selling: Shop, kind: str) -> None:
    selling.goes_wrong(Fault(kind=kind, times=None))
    report = await selling.night(datasets=LIST)
    assert report.exit_code == 0
    assert [differing(selling, code) for code in THREE] == [[], [], []]


async def test_a_column_that_is_lacking_is_named(selling: Shop) -> None:
    selling.goes_wrong(Fault(kind="column_missing", field="seller-sku", marketplace="US"))
    report = await selling.night(datasets=LIST)

    assert report.exit_code == 3
    assert "The list of listings has no column seller-sku." in selling.line("US", MONDAY, "listings")["reason"]
    assert held(selling, "US") == {}
    assert differing(selling, "DE") == []


async def test_a_column_that_is_lacking_once_leaves_what_was_known(selling: Shop) -> None:
    await selling.night(datasets=LIST, only=("US",))
    before = {sku: row["status"] for sku, row in held(selling, "US").items()}
    selling.goes_wrong(Fault(kind="column_missing", field="status"))
    selling.clock.advance(WEEK)
    report = await selling.night(datasets=LIST, only=("US",))

    assert {sku: held(selling, "US")[sku]["status"] for sku in before} == before
    assert "without the columns status" in report.worked.ended[0].notes[0]


async def test_lists_come_after_the_nights_sales_and_delay_none_of_them(opened_shop: OpenShop) -> None:
    """Through reports alone, of which sales have one in a quarter of an hour."""
    shop = await opened_shop()
    report = await shop.night(datasets=("sales_and_traffic", "daily_totals", *LIST))

    assert report.exit_code == 0
    assert [(pull.source.name, pull.rank) for pull in report.plan.pulls] == [
        *[("sales_and_traffic.report", 0)] * 3, *[("listings.report", 1)] * 3,
    ]  # fmt: skip
    sales = [datetime.fromisoformat(e["time"]) for e in shop.journal if e["report_type"] != REPORT]
    spaces = [after - before for before, after in pairwise(sales)]
    assert sales[0] - report.began < timedelta(seconds=1)
    assert all(space < timedelta(minutes=15, seconds=2) for space in spaces)
    assert report.finished < sales[-1] + timedelta(minutes=10), "the lists were in long before"


async def test_a_seller_without_the_role_is_told_once_and_the_night_is_complete(opened_shop: OpenShop) -> None:
    shop = await opened_shop(marketplaces=("DE",))
    shop.goes_wrong(Fault(kind="access_denied", operation="createReport", report_type=REPORT, times=None))
    report = await shop.night(datasets=("sales_and_traffic", "daily_totals", *LIST))

    assert report.exit_code == 0
    assert shop.states()[f"DE {shop.newest()}"] == "proven"
    assert list(shop.faults(report)) == ["EU listings.report"]
    shop.clock.advance(DAY)
    again = await shop.night(datasets=("sales_and_traffic", "daily_totals", *LIST))
    assert not shop.faults(again)


async def test_a_lost_answer_is_found_among_amazons_reports_and_not_asked_twice(selling: Shop) -> None:
    selling.goes_wrong(Fault(kind="reset_after", operation="createReport", report_type=REPORT, marketplace="DE"))
    report = await selling.night(datasets=LIST)
    assert report.exit_code == 0
    assert len([code for code, _ in lists(selling) if code == "DE"]) == 1
    assert differing(selling, "DE") == []


async def test_another_applications_custom_list_is_not_taken_for_ours(selling: Shop) -> None:
    selling.goes_wrong(
        Fault(kind="foreign_twin", report_type=REPORT, marketplace="DE"),
        Fault(kind="reset_before", operation="createReport", report_type=REPORT, marketplace="DE", skip=0),
    )
    report = await selling.night(datasets=LIST)
    assert report.exit_code == 0
    assert differing(selling, "DE") == []
