"""One world, several ways to ask: report, by ASIN, by date and trends agree."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from amazon_simulator import Simulator, SimulatorSettings
from amazon_simulator.document import Question, sales_and_traffic

from .kiosk_queries import by_asin, by_date, every_field, one_filter, trends

DAY = date(2026, 11, 10)
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
SHOP = Simulator(SimulatorSettings(parents=30, children=200), lambda: NOW)
BY_ASIN, BY_DATE, TRENDS = "salesAndTrafficByAsin", "salesAndTrafficByDate", "salesAndTrafficTrends"
PLACES = st.sampled_from(["DE", "US", "JP", "AE"])
INSTANTS = st.integers(0, 400).map(lambda hours: datetime(2026, 11, 11, 8, tzinfo=UTC) + timedelta(hours=hours))
SALES = ("unitsOrdered", "totalOrderItems", "unitsRefunded", "ordersShipped", "unitsShipped")
MONEY = ("orderedProductSales", "shippedProductSales")


def without_nulls(part):
    return {name: value for name, value in part.items() if value is not None}


@settings(max_examples=15, deadline=None)
@given(code=PLACES, as_of=INSTANTS, granularity=st.sampled_from(["CHILD", "PARENT", "SKU"]))
def test_a_day_by_asin_says_what_the_report_says(code, as_of, granularity):
    report = SHOP.truth(code, DAY, as_of, asin_granularity=granularity)["salesAndTrafficByAsin"]
    rows = SHOP.kiosk_rows(BY_ASIN, [code], DAY, DAY, aggregate=granularity, as_of=as_of)

    assert len(rows) == len(report)
    for said, row in zip(report, rows, strict=True):
        assert row["parentAsin"] == said["parentAsin"]
        assert (row["childAsin"], row["sku"]) == (said.get("childAsin"), said.get("sku"))
        assert said["trafficByAsin"] == row["traffic"]
        assert said["salesByAsin"].items() <= row["sales"].items()


@settings(max_examples=15, deadline=None)
@given(code=PLACES, as_of=INSTANTS)
def test_a_day_by_date_says_what_the_report_says_and_more_of_business_customers(code, as_of):
    report = SHOP.truth(code, DAY, as_of)["salesAndTrafficByDate"]
    rows = SHOP.kiosk_rows(BY_DATE, [code], DAY, DAY, as_of=as_of)

    assert len(rows) == len(report)
    for said, row in zip(report, rows, strict=True):
        assert said["salesByDate"].items() <= row["sales"].items()
        assert said["trafficByDate"].items() <= row["traffic"].items()
        assert all(name.endswith("B2B") for name in row["sales"].keys() - said["salesByDate"].keys())


@settings(max_examples=15, deadline=None)
@given(code=PLACES, as_of=INSTANTS, data=st.data())
def test_a_day_of_trends_has_the_rows_by_asin_of_the_asins_asked_for(code, as_of, data):
    rows = {row["childAsin"]: row for row in SHOP.kiosk_rows(BY_ASIN, [code], DAY, DAY, as_of=as_of)}
    everything = [child.asin for child in SHOP.world.catalog.children]
    asked = data.draw(st.lists(st.sampled_from(everything), unique=True, min_size=1, max_size=30))

    found = SHOP.kiosk_rows(TRENDS, [code], DAY, DAY, asins=asked, as_of=as_of)

    assert found == [{"asinAggregation": "CHILD", **rows[asin]} for asin in asked if asin in rows]


@settings(max_examples=10, deadline=None)
@given(code=PLACES, as_of=INSTANTS)
def test_sales_by_child_and_by_parent_add_up_to_the_date_and_a_parents_sessions_are_fewer(code, as_of):
    whole = SHOP.kiosk_rows(BY_DATE, [code], DAY, DAY, as_of=as_of)
    children = SHOP.kiosk_rows(BY_ASIN, [code], DAY, DAY, as_of=as_of)
    parents = SHOP.kiosk_rows(BY_ASIN, [code], DAY, DAY, aggregate="PARENT", as_of=as_of)

    for row in whole:
        for name in SALES:
            sums = [sum(line["sales"][name] for line in lines) for lines in (children, parents)]
            assert sums == [row["sales"][name]] * 2
        for name in MONEY:
            total = sum(line["sales"][name]["amount"] for line in children)
            assert total == pytest.approx(row["sales"][name]["amount"])
    assert all(row["childAsin"] is None for row in parents)
    by_children = sum(row["traffic"]["sessions"] for row in children)
    assert sum(row["traffic"]["sessions"] for row in parents) <= by_children
    assert by_children < 1000 or sum(row["traffic"]["sessions"] for row in parents) < by_children


def test_a_window_by_asin_and_a_week_of_trends_are_the_sums_of_their_days():
    start, end = date(2026, 11, 8), date(2026, 11, 14)
    window = {row["childAsin"]: row for row in SHOP.kiosk_rows(BY_ASIN, ["DE"], start, end)}
    asins = list(window)[:20]
    weeks = SHOP.kiosk_rows(TRENDS, ["DE"], start, end, aggregate="WEEK", asins=asins)
    days = SHOP.kiosk_rows(TRENDS, ["DE"], start, end, asins=asins)

    for row in weeks:
        parts = [day for day in days if day["childAsin"] == row["childAsin"]]
        assert (row["startDate"], row["endDate"]) == ("2026-11-08", "2026-11-14")
        for name in ("sessions", "pageViews"):
            assert row["traffic"][name] == sum(day["traffic"][name] for day in parts)
        for name in SALES:
            assert row["sales"][name] == sum(day["sales"][name] for day in parts)
        assert window[row["childAsin"]]["traffic"] == row["traffic"]
        assert window[row["childAsin"]]["sales"] == row["sales"]


def test_refunds_and_shipments_make_sense():
    for row in SHOP.kiosk_rows(BY_ASIN, ["DE", "US"], DAY, DAY):
        sales = row["sales"]
        for twin in ("", "B2B"):
            units, shipped, refunded = (
                sales[name + twin] for name in ("unitsOrdered", "unitsShipped", "unitsRefunded")
            )
            assert 0 <= refunded <= units
            assert 0 <= sales[f"ordersShipped{twin}"] <= shipped <= units
            assert (
                sales[f"shippedProductSales{twin}"]["amount"] <= sales[f"orderedProductSales{twin}"]["amount"] + 0.001
            )


async def test_documents_have_every_field_of_the_truth(amazon):
    asins = [child.asin for child in amazon.simulator.world.catalog.children[:30]]
    for text, kind, named in [
        (by_asin(every_field(BY_ASIN)), BY_ASIN, None),
        (by_date(every_field(BY_DATE)), BY_DATE, None),
        (trends(asins, every_field(TRENDS)), TRENDS, asins),
    ]:
        lines = await amazon.lines(await amazon.answered(text))
        entry = amazon.simulator.journal.queries[-1]
        true = amazon.simulator.kiosk_rows(kind, ["DE"], entry.start, entry.end, asins=named, as_of=entry.as_of)

        assert lines
        for line, row in zip(lines, true, strict=True):
            for part in ("sales", "traffic"):
                assert without_nulls(line.pop(part)) == row.pop(part)
            assert line == row


async def test_trends_answer_filter_by_filter_and_leave_out_what_has_no_figures(amazon):
    asins = [child.asin for child in amazon.simulator.world.catalog.children]
    filters = ", ".join([one_filter(asins[:5]), one_filter([*asins[5:9], "B000000000"])])

    lines = await amazon.lines(await amazon.answered(trends([], filters=f"[{filters}]")))

    shown = {line["childAsin"] for line in lines}
    assert shown <= set(asins[:9])
    assert {line["startDate"] for line in lines} == {f"2026-11-{day}" for day in range(11, 18)}


def test_a_day_that_is_not_loaded_shows_a_few_percent():
    ends = SHOP.world.day_end(SHOP.accounts[1].marketplaces[0], DAY)
    early = SHOP.kiosk_rows(BY_DATE, ["UK"], DAY, DAY, as_of=ends + timedelta(hours=20))[0]["sales"]["unitsOrdered"]
    settled = SHOP.kiosk_rows(BY_DATE, ["UK"], DAY, DAY, as_of=ends + timedelta(hours=34))[0]["sales"]["unitsOrdered"]

    assert early < 0.15 * settled


def test_restatements_move_a_part_of_the_rows_for_two_weeks_and_are_the_same_on_every_run():
    def shown(hours, restated):
        world = Simulator(SimulatorSettings(parents=30, children=200, restated=restated), lambda: NOW).world
        place = SHOP.accounts[1].marketplaces[1]
        rows = world.day(place, DAY, world.day_end(place, DAY) + timedelta(hours=hours))
        return {row.listing.child.asin: row.units for row in rows}

    settled, final = shown(71, 0.2), shown(360, 0.2)
    usual = shown(360, 0.0)

    assert shown(360, 0.2) == final == shown(2000, 0.2)
    gone, come = settled.keys() - final.keys(), final.keys() - settled.keys()
    moved = {asin for asin in settled.keys() & final.keys() if settled[asin] != final[asin]}
    assert gone
    assert come
    assert moved
    assert any(final[asin] > settled[asin] for asin in moved)
    assert any(final[asin] < settled[asin] for asin in moved)
    assert len(gone | come | moved) < 0.35 * len(usual)


MOVING = Simulator(SimulatorSettings(parents=30, children=200, moved=0.5), lambda: NOW)


def a_move():
    """Return the child that moves last and sells, the day from which it has its new parent, and the day before."""
    children = [child for child in MOVING.world.catalog.children if 0 < child.moved < NOW.toordinal() - 20]
    child = max(children, key=lambda child: child.moved * (child.sessions > 20) * (child.rank < 0.8))
    day = date.fromordinal(child.moved)
    return child, day, day - timedelta(days=1)


def parents(kind, start, end, **more):
    child = a_move()[0]
    rows = MOVING.kiosk_rows(kind, ["DE"], start, end, **more)
    return [(row["startDate"], row["parentAsin"]) for row in rows if row["childAsin"] == child.asin]


def test_a_child_that_moved_is_listed_each_day_under_the_parent_of_that_day():
    child, day, before = a_move()
    later = day + timedelta(days=1)
    earlier, now = child.earlier_parent, child.parent_asin

    daily = parents(TRENDS, before, later, asins=[child.asin])

    assert daily == [(str(before), earlier), (str(day), now), (str(later), now)]
    assert parents(BY_ASIN, before, before) == daily[:1]
    assert parents(BY_ASIN, day, day) == daily[1:2]
    for one, parent in ((before, earlier), (day, now)):
        rows = MOVING.truth("DE", one)["salesAndTrafficByAsin"]
        assert [row["parentAsin"] for row in rows if row["childAsin"] == child.asin] == [parent]


def test_a_window_over_a_move_lists_a_child_under_the_parent_of_its_last_day():
    child, day, before = a_move()
    week_before, week_after = before - timedelta(days=6), day + timedelta(days=6)

    assert parents(BY_ASIN, week_before, week_after) == [(str(week_before), child.parent_asin)]
    assert parents(BY_ASIN, week_before, before) == [(str(week_before), child.earlier_parent)]
    for first, last in ((week_before, week_after), (week_before, before), (before, before)):
        by_parent = MOVING.kiosk_rows(BY_ASIN, ["DE"], first, last, aggregate="PARENT")
        sums = {}
        for row in MOVING.kiosk_rows(BY_ASIN, ["DE"], first, last):
            sums[row["parentAsin"]] = sums.get(row["parentAsin"], 0) + row["traffic"]["pageViews"]
        assert {row["parentAsin"]: row["traffic"]["pageViews"] for row in by_parent} == sums


def test_a_report_over_a_move_lists_what_data_kiosk_lists():
    _, day, before = a_move()
    place = next(row for row in MOVING.accounts[1].marketplaces if row.code == "DE")
    asked = Question(marketplace=place, start=before, end=day, asin_granularity="PARENT")

    report = sales_and_traffic(MOVING.world, asked, NOW)["salesAndTrafficByAsin"]
    rows = MOVING.kiosk_rows(BY_ASIN, ["DE"], before, day, aggregate="PARENT")

    assert [(row["parentAsin"], row["trafficByAsin"]) for row in report] == [
        (row["parentAsin"], row["traffic"]) for row in rows
    ]


async def test_a_restated_day_is_restated_in_every_way_to_ask(open_amazon):
    amazon = await open_amazon(restated=0.5)
    first = amazon.simulator.kiosk_rows(BY_ASIN, ["DE"], date(2026, 11, 16), date(2026, 11, 16))
    amazon.time.pass_by(days=14)
    later = amazon.simulator.kiosk_rows(BY_ASIN, ["DE"], date(2026, 11, 16), date(2026, 11, 16))
    total = amazon.simulator.kiosk_rows(BY_DATE, ["DE"], date(2026, 11, 16), date(2026, 11, 16))[0]
    report = amazon.simulator.truth("DE", date(2026, 11, 16))

    assert first != later
    units = sum(row["sales"]["unitsOrdered"] for row in later)
    assert units == total["sales"]["unitsOrdered"]
    assert units == report["salesAndTrafficByDate"][0]["salesByDate"]["unitsOrdered"]
