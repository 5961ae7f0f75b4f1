"""The Sales API: what it refuses, its buckets, and the zone in which a shop's days run."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from amazon_simulator import Fault

PATH = "/sales/v1/orderMetrics"
DE, US = "A1PA6795UKMFR9", "ATVPDKIKX0DER"
WEEK = {
    "marketplaceIds": DE,
    "interval": "2026-11-09T00:00:00+01:00--2026-11-16T00:00:00+01:00",
    "granularity": "Day",
    "granularityTimeZone": "Europe/Berlin",
}


async def metrics(amazon, **changed):
    params = {name: value for name, value in (WEEK | changed).items() if value is not None}
    return await amazon.call("GET", PATH, params=params)


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param({"marketplaceIds": None}, id="no marketplace"),
        pytest.param({"marketplaceIds": f"{DE},A13V1IB3VIYZZH"}, id="two marketplaces"),
        pytest.param({"marketplaceIds": "DE"}, id="an unknown marketplace"),
        pytest.param({"interval": None}, id="no interval"),
        pytest.param({"interval": "2026-11-09--2026-11-16"}, id="days for instants"),
        pytest.param({"interval": "2026-11-09T00:00:00--2026-11-16T00:00:00"}, id="no offset"),
        pytest.param({"interval": "2026-11-09T00:00:00 01:00--2026-11-16T00:00:00 01:00"}, id="plus became a space"),
        pytest.param(
            {"interval": "2026-11-16T00:00:00+01:00--2026-11-09T00:00:00+01:00"}, id="an end before its start"
        ),
        pytest.param({"interval": "2026-11-16T00:00:00+01:00--2026-11-16T00:00:00+01:00"}, id="an empty interval"),
        pytest.param({"interval": "2026-11-31T00:00:00+01:00--2026-12-02T00:00:00+01:00"}, id="a day that is none"),
        pytest.param({"interval": "2026-11-16T00:00:00+01:00--2026-11-21T00:00:00+01:00"}, id="an end in the future"),
        pytest.param({"interval": "2024-11-18T00:00:00+01:00--2026-11-16T00:00:00+01:00"}, id="more than two years"),
        pytest.param({"granularity": None}, id="no granularity"),
        pytest.param({"granularity": "day"}, id="an unknown granularity"),
        pytest.param(
            {"granularity": "Hour", "interval": "2026-10-20T00:00:00+02:00--2026-10-22T00:00:00+02:00"},
            id="hours more than 30 days ago",
        ),
        pytest.param({"granularityTimeZone": None}, id="days without a zone"),
        pytest.param({"granularity": "Total", "granularityTimeZone": None}, id="a total without a zone"),
        pytest.param({"granularityTimeZone": "Berlin"}, id="an unknown zone"),
        pytest.param({"granularityTimeZone": "UTC"}, id="a zone of another offset"),
        pytest.param(
            {"interval": "2026-10-20T00:00:00+01:00--2026-10-30T00:00:00+01:00"}, id="an offset of the wrong season"
        ),
        pytest.param(
            {
                "interval": "2026-11-09T00:00:00Z--2026-11-16T00:00:00Z",
                "granularityTimeZone": "Europe/London",
            },
            id="Z with a zone that is not UTC",
        ),
        pytest.param({"buyerType": "b2b"}, id="an unknown buyer type"),
        pytest.param({"fulfillmentNetwork": "FBA"}, id="an unknown network"),
        pytest.param({"firstDayOfWeek": "Saturday"}, id="a week from Saturday"),
        pytest.param({"amazonProgram": "Haul"}, id="an unknown program"),
        pytest.param({"asin": "B000000000", "sku": "CK-1"}, id="an ASIN and a SKU"),
        pytest.param({"asin": ""}, id="an empty ASIN"),
    ],
)
async def test_metrics_are_refused_for(amazon, changed):
    assert (await metrics(amazon, **changed)).error == (400, "InvalidInput")


async def test_a_marketplace_of_another_account_is_denied(amazon):
    assert (await metrics(amazon, marketplaceIds=US)).error == (403, "Unauthorized")


async def test_every_bucket_is_there_those_without_orders_too(amazon):
    said = await metrics(amazon, asin="B000000000")

    rows = said.body["payload"]
    assert [row["interval"] for row in rows][::6] == [
        "2026-11-09T00:00+01:00--2026-11-10T00:00+01:00",
        "2026-11-15T00:00+01:00--2026-11-16T00:00+01:00",
    ]
    assert len(rows) == 7
    assert all(row["unitCount"] == 0 and row["totalSales"] == {"amount": "0", "currencyCode": "EUR"} for row in rows)


@pytest.mark.parametrize(
    ("granularity", "more", "first", "count"),
    [
        ("Hour", {}, "2026-10-24T22:00+02:00--2026-10-24T23:00+02:00", 51),
        ("Day", {}, "2026-10-24T22:00+02:00--2026-10-25T00:00+02:00", 3),
        ("Week", {}, "2026-10-24T22:00+02:00--2026-10-26T00:00+01:00", 2),
        ("Week", {"firstDayOfWeek": "Sunday"}, "2026-10-24T22:00+02:00--2026-10-25T00:00+02:00", 2),
        ("Month", {}, "2026-10-24T22:00+02:00--2026-10-27T00:00+01:00", 1),
        ("Year", {}, "2026-10-24T22:00+02:00--2026-10-27T00:00+01:00", 1),
        ("Total", {}, "2026-10-24T22:00+02:00--2026-10-27T00:00+01:00", 1),
    ],
)
async def test_buckets_follow_the_zone_over_the_end_of_summer_time(amazon, granularity, more, first, count):
    interval = "2026-10-24T22:00:00+02:00--2026-10-27T00:00:00+01:00"
    rows = (await metrics(amazon, granularity=granularity, interval=interval, **more)).body["payload"]

    assert rows[0]["interval"] == first
    assert len(rows) == count


async def test_finer_buckets_add_up_to_coarser_ones(amazon):
    names = ("unitCount", "orderItemCount")
    sums = {}
    for granularity in ("Hour", "Day", "Week", "Total"):
        rows = (await metrics(amazon, granularity=granularity)).body["payload"]
        sums[granularity] = [sum(row[name] for row in rows) for name in names]
        sums[granularity].append(round(sum(float(row["totalSales"]["amount"]) for row in rows), 2))

    assert sums["Hour"] == sums["Day"] == sums["Week"] == sums["Total"]
    assert sums["Total"][0] > 20


def _offset(day, zone):
    text = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone)).isoformat()
    return text.replace("+00:00", "Z") if zone == "UTC" else text


@pytest.mark.parametrize("zone", ["America/Los_Angeles", "UTC", "Asia/Tokyo"])
async def test_the_zone_of_the_shops_days_can_be_found_by_comparing(open_amazon, zone):
    amazon = await open_amazon(day_zones={"US": zone}, children=120)
    amazon.account = "NA"
    start, end = date(2026, 11, 2), date(2026, 11, 16)
    rows = amazon.simulator.kiosk_rows("salesAndTrafficByDate", ["US"], start, end - timedelta(days=1))
    by_date = [row["sales"]["unitsOrdered"] for row in rows]

    async def ordered(candidate):
        interval = f"{_offset(start, candidate)}--{_offset(end, candidate)}"
        said = await metrics(amazon, marketplaceIds=US, interval=interval, granularityTimeZone=candidate)
        return [row["unitCount"] for row in said.body["payload"]]

    for candidate in ("America/Los_Angeles", "UTC", "Asia/Tokyo"):
        assert (await ordered(candidate) == by_date) is (candidate == zone)


async def test_orders_show_at_once_and_not_before_they_are_made(amazon):
    noon = "2026-11-20T00:00:00+01:00--2026-11-20T13:00:00+01:00"
    rows = (await metrics(amazon, granularity="Hour", interval=noon)).body["payload"]
    yesterday = "2026-11-19T00:00:00+01:00--2026-11-20T00:00:00+01:00"
    whole = (await metrics(amazon, granularity="Day", interval=yesterday)).body["payload"]

    assert sum(row["unitCount"] for row in rows) > 0
    late = amazon.simulator.kiosk_rows("salesAndTrafficByDate", ["DE"], date(2026, 11, 19), date(2026, 11, 19))
    assert whole[0]["unitCount"] > sum(row["sales"]["unitsOrdered"] for row in late)
    settled = amazon.simulator.kiosk_rows(
        "salesAndTrafficByDate", ["DE"], date(2026, 11, 19), date(2026, 11, 19),
        as_of=datetime(2026, 11, 21, 10, tzinfo=UTC),
    )  # fmt: skip
    assert whole[0]["unitCount"] == settled[0]["sales"]["unitsOrdered"]


async def test_business_and_other_customers_are_everyone(amazon):
    counts = {
        buyers: (await metrics(amazon, granularity="Total", buyerType=buyers)).body["payload"][0]["unitCount"]
        for buyers in ("B2B", "B2C", "All")
    }

    assert 0 < counts["B2B"] < counts["B2C"]
    assert counts["B2B"] + counts["B2C"] == counts["All"]


async def test_an_asin_and_its_sku_say_the_same_and_other_networks_nothing(amazon):
    rows = amazon.simulator.kiosk_rows("salesAndTrafficByAsin", ["DE"], date(2026, 11, 9), date(2026, 11, 15))
    best = max(rows, key=lambda row: row["sales"]["unitsOrdered"])
    sku = next(child.sku for child in amazon.simulator.world.catalog.children if child.asin == best["childAsin"])

    by_asin = (await metrics(amazon, granularity="Total", asin=best["childAsin"])).body["payload"]
    by_sku = (await metrics(amazon, granularity="Total", sku=sku)).body["payload"]
    elsewhere = (await metrics(amazon, granularity="Total", fulfillmentNetwork="MFN")).body["payload"]

    assert by_asin == by_sku
    assert by_asin[0]["unitCount"] == best["sales"]["unitsOrdered"]
    assert elsewhere[0]["unitCount"] == 0


@pytest.mark.parametrize(("kind", "status"), [("throttled", 429), ("server_error", 500), ("access_denied", 403)])
async def test_faults_apply(amazon, kind, status):
    amazon.simulator.mischief.add(
        Fault(kind=kind, operation="getOrderMetrics", marketplace="DE", day=date(2026, 11, 10))
    )

    assert (await metrics(amazon, marketplaceIds="A13V1IB3VIYZZH")).status == 200
    assert (await metrics(amazon)).status == status
    assert (await metrics(amazon)).status == 200


async def test_unknown_parameters_are_ignored(amazon):
    assert (await metrics(amazon, MarketplaceId=DE)).status == 200


async def test_the_burst_is_fifteen(amazon):
    assert {(await metrics(amazon)).status for _ in range(15)} == {200}
    assert (await metrics(amazon)).error == (429, "QuotaExceeded")
