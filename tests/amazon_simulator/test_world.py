"""The shop: deterministic, agreeing with itself, late and restated as a real one."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from amazon_simulator.catalog import Catalog
from amazon_simulator.document import Question, sales_and_traffic
from amazon_simulator.figures import FINAL_HOURS, SETTLED_HOURS
from amazon_simulator.marketplaces import MARKETPLACES, marketplace
from amazon_simulator.world import World

DAY = date(2026, 11, 10)
LONG_AFTER = datetime(2027, 3, 1, tzinfo=UTC)
WORLD = World(catalog=Catalog(seed=7, parents=60, size=300))
SHOP = World(catalog=Catalog(seed=20261120, parents=210, size=1064))

codes = st.sampled_from(sorted(MARKETPLACES))
some_days = st.dates(date(2025, 1, 1), date(2026, 11, 15))


@settings(max_examples=25, deadline=None)
@given(code=codes, day=some_days, hours=st.integers(0, 500))
def test_totals_are_the_sums_of_the_rows_but_for_sessions(code, day, hours):
    place = MARKETPLACES[code]
    as_of = place.day_end(day) + timedelta(hours=hours)
    rows, totals = WORLD.day(place, day, as_of), WORLD.totals(place, day, as_of)

    for name in ("units", "items", "sales", "units_b", "sales_b", "browser_views", "app_views"):
        assert getattr(totals, name) == sum(getattr(row, name) for row in rows)
    assert totals.app_sessions <= sum(row.app_sessions for row in rows)
    assert totals.browser_sessions <= sum(row.browser_sessions for row in rows)


@settings(max_examples=25, deadline=None)
@given(code=codes, day=some_days)
def test_rows_make_sense(code, day):
    for row in WORLD.day(MARKETPLACES[code], day, LONG_AFTER):
        sessions, views = row.browser_sessions + row.app_sessions, row.browser_views + row.app_views
        assert 0 <= row.items <= row.units
        assert 0 <= row.units_b <= row.units
        assert 0 <= row.items_b <= row.items
        assert (row.units == 0) == (row.items == 0) == (row.sales == 0)
        assert row.browser_sessions <= row.browser_views
        assert row.app_sessions <= row.app_views
        assert row.browser_sessions_b <= row.browser_sessions
        assert row.app_sessions_b <= row.app_sessions
        assert row.browser_views_b <= row.browser_views
        assert row.app_views_b <= row.app_views
        assert row.buy_box_views <= views
        assert sessions or row.units


@settings(max_examples=15, deadline=None)
@given(code=codes, day=some_days)
def test_figures_only_grow_until_they_settle(code, day):
    place = MARKETPLACES[code]
    ends = place.day_end(day)
    shown = [WORLD.totals(place, day, ends + timedelta(hours=hours)) for hours in range(SETTLED_HOURS + 2)]

    for earlier, later in pairwise(shown):
        assert earlier.units <= later.units
        assert earlier.browser_views + earlier.app_views <= later.browser_views + later.app_views


def test_a_day_shows_nothing_before_it_is_over_and_a_few_percent_for_a_day():
    place = MARKETPLACES["US"]
    ends = place.day_end(DAY)

    def units(hours):
        return SHOP.totals(place, DAY, ends + timedelta(hours=hours)).units

    assert units(-0.1) == 0
    assert units(23.9) < 0.12 * units(SETTLED_HOURS)
    assert units(29) < units(SETTLED_HOURS)


def test_a_settled_day_is_still_restated_a_little_and_then_never_again():
    place = MARKETPLACES["US"]
    ends = place.day_end(DAY)
    settled = SHOP.totals(place, DAY, ends + timedelta(hours=SETTLED_HOURS))
    final = SHOP.totals(place, DAY, ends + timedelta(hours=FINAL_HOURS))

    assert 0.95 * settled.units < final.units < settled.units
    assert final.app_sessions > settled.app_sessions
    assert SHOP.totals(place, DAY, LONG_AFTER) == final


def test_a_seed_is_a_shop_and_another_seed_another():
    place = MARKETPLACES["DE"]
    same, other = (World(catalog=Catalog(seed=seed, parents=60, size=300)) for seed in (7, 8))

    assert list(same.day(place, DAY, LONG_AFTER)) == list(WORLD.day(place, DAY, LONG_AFTER))
    assert list(other.day(place, DAY, LONG_AFTER)) != list(WORLD.day(place, DAY, LONG_AFTER))


def test_the_catalog_has_as_many_parents_and_children_as_asked_with_asins_of_their_own():
    children = SHOP.catalog.children
    asins = [child.asin for child in children]

    assert len(asins) == len(set(asins)) == 1064
    assert len({child.parent_asin for child in children}) == 210
    assert all(len(asin) == 10 and asin.startswith("B0") for asin in asins)
    parents = {child.parent_asin for child in children}
    assert 20 < sum(asin in parents for asin in asins) < 80


def test_figures_are_those_of_the_first_day():
    def figures(code, day):
        totals = SHOP.totals(MARKETPLACES[code], day, LONG_AFTER)
        views = totals.browser_views + totals.app_views
        return totals.units, totals.sales, views, totals.offers, totals.parents

    assert figures("US", DAY) == (1979, 5890721, 32670, 1049, 210)
    assert figures("US", date(2025, 7, 9)) == (2215, 5523945, 35636, 899, 201)
    assert figures("DE", DAY) == (1088, 2837412, 15343, 986, 205)
    assert figures("BR", date(2025, 7, 9)) == (39, 400761, 635, 198, 119)


TWO_YEARS = (date(2024, 11, 20).toordinal(), date(2026, 11, 19).toordinal())


def test_children_come_out_over_the_two_years_and_go_where_a_part_is_retired():
    usual, goes = (Catalog(seed=20261120, parents=210, size=1064, retired=part) for part in (0.0, 0.3))

    def days_on_the_shelf(child):
        return max(0, min(child.retired, TWO_YEARS[1] + 1) - max(child.launched, TWO_YEARS[0]))

    assert 100 < sum(TWO_YEARS[0] < child.launched < TWO_YEARS[1] for child in usual.children) < 300
    assert all(child.retired > TWO_YEARS[1] for child in usual.children)
    gone = [child for child in goes.children if child.retired <= TWO_YEARS[1]]
    assert 0.25 < len(gone) / 1064 < 0.35
    assert sum(0 < days_on_the_shelf(child) < 90 for child in gone) > 50
    kept = [replace(child, retired=usual.children[0].retired) for child in goes.children]
    assert tuple(kept) == usual.children


def test_a_retired_child_has_no_rows_from_that_day_on():
    world = World(catalog=Catalog(seed=7, parents=60, size=300, retired=0.5))
    child = max(world.catalog.children, key=lambda child: child.sessions * (child.retired <= DAY.toordinal()))
    last = date.fromordinal(child.retired) - timedelta(days=1)

    def listed(day):
        return child.asin in {row.listing.child.asin for row in world.day(MARKETPLACES["US"], day, LONG_AFTER)}

    assert listed(last)
    assert not any(listed(last + timedelta(days=days)) for days in range(1, 10))


def test_a_part_of_the_children_moves_to_another_family_and_nothing_else_changes():
    usual, moving = (Catalog(seed=7, parents=60, size=300, moved=part) for part in (0.0, 0.4))
    moved = [child for child in moving.children if child.moved]

    assert 80 < len(moved) < 140
    assert all(child.buyable and child.earlier_parent != child.parent_asin for child in moved)
    assert {child.earlier_parent for child in moved} <= {child.parent_asin for child in moving.children}
    assert all(TWO_YEARS[0] < child.moved <= TWO_YEARS[1] + 1 for child in moved)
    assert tuple(replace(child, moved=0, earlier_parent="") for child in moving.children) == usual.children
    before, after = (World(catalog=catalog).day(MARKETPLACES["US"], DAY, LONG_AFTER) for catalog in (usual, moving))
    assert [row[1:] for row in before] == [row[1:] for row in after]


@pytest.mark.parametrize("catalog", [{"parents": 1, "size": 5}, {"parents": 5, "size": 5}])
def test_without_another_family_nobody_moves(catalog):
    assert not any(child.moved for child in Catalog(seed=7, moved=1.0, **catalog).children)


def test_marketplaces_sell_a_part_of_the_catalog():
    sizes = {code: len(SHOP.day(place, DAY, LONG_AFTER)) for code, place in MARKETPLACES.items()}

    assert max(sizes, key=sizes.__getitem__) == "US"
    assert 950 < sizes["US"] <= 1064
    assert 150 < sizes["BR"] < 500


def test_full_shelves_give_every_child_a_row_in_every_marketplace():
    world = World(catalog=Catalog(seed=7, parents=60, size=300, full_shelves=True))

    for place in MARKETPLACES.values():
        for hours in (SETTLED_HOURS, FINAL_HOURS):
            assert len(world.day(place, DAY, place.day_end(DAY) + timedelta(hours=hours))) == 300


def test_seasons_weekdays_and_sales_events_show():
    def units(day):
        return SHOP.totals(MARKETPLACES["US"], day, LONG_AFTER).units

    assert units(date(2025, 11, 28)) > 1.6 * units(date(2025, 11, 14))
    assert units(date(2025, 12, 14)) > 1.2 * units(date(2025, 2, 15))
    assert units(date(2026, 5, 18)) > units(date(2025, 5, 19)) > units(date(2024, 12, 27)) / 3


def test_a_unit_session_percentage_sometimes_exceeds_a_hundred_and_rarely_a_thousand():
    place = MARKETPLACES["US"]
    rows = [row for back in range(60) for row in SHOP.day(place, DAY - timedelta(back), LONG_AFTER)]
    ratios = [row.units / sessions for row in rows if (sessions := row.browser_sessions + row.app_sessions)]

    assert 0 < sum(ratio > 1 for ratio in ratios) < len(ratios) / 500
    assert 0 < sum(ratio > 9.9999 for ratio in ratios) < len(ratios) / 2000


def test_b2b_fields_are_there_only_where_the_seller_is_a_business_seller():
    for code, there in [("DE", True), ("JP", True), ("CA", False), ("AE", False)]:
        question = Question(marketplace=MARKETPLACES[code], start=DAY, end=DAY)
        row = sales_and_traffic(WORLD, question, LONG_AFTER)["salesAndTrafficByAsin"][0]
        assert ("unitsOrderedB2B" in row["salesByAsin"]) is there


def test_yen_have_no_decimals():
    question = Question(marketplace=MARKETPLACES["JP"], start=DAY, end=DAY)
    document = sales_and_traffic(WORLD, question, LONG_AFTER)

    amounts = [row["salesByAsin"]["orderedProductSales"] for row in document["salesAndTrafficByAsin"]]
    assert all(isinstance(money["amount"], int) and money["currencyCode"] == "JPY" for money in amounts)


@pytest.mark.parametrize(("text", "code"), [("UAE", "AE"), ("USA", "US"), ("gb", "UK"), ("A1VC38T7YXB528", "JP")])
def test_a_marketplace_is_known_by_its_other_spellings(text, code):
    assert marketplace(text).code == code


def test_a_day_ends_at_the_marketplaces_own_midnight():
    ends = {code: MARKETPLACES[code].day_end(DAY).isoformat() for code in ("US", "UK", "JP")}

    assert ends == {
        "US": "2026-11-11T08:00:00+00:00",
        "UK": "2026-11-11T00:00:00+00:00",
        "JP": "2026-11-10T15:00:00+00:00",
    }
