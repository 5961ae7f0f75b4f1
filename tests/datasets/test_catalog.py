"""The catalog as a whole: names, sources and the question that Amazon is asked."""

from datetime import date, timedelta

import pytest
from msgspec import structs

from chalkola.datasets import CATALOG, DAILY, LISTINGS, SOURCES, dataset, source
from chalkola.datasets.cadence import EveryDay
from chalkola.datasets.model import AsinFilter, Box, Dataset, Limits, Reread, Source
from chalkola.datasets.sales_and_traffic_trends import ASINS_PER_FILTER, fits
from chalkola.errors import UsageError
from chalkola.marketplaces import MARKETPLACES, marketplace

ROOT = "analytics_salesAndTraffic_2024_04_24"


def test_names_of_datasets_tables_and_sources_are_unique() -> None:
    every = (*CATALOG, *LISTINGS)
    for names in ([d.name for d in every], [d.table.name for d in every], [s.name for s in SOURCES]):
        assert len(names) == len(set(names))


@pytest.mark.parametrize("each", [*CATALOG, *LISTINGS], ids=lambda each: each.name)
def test_a_dataset_is_filled_by_its_sources_and_keyed_by_its_columns(each: Dataset) -> None:
    assert all(each.name in source.fills for source in each.sources)
    assert set(each.table.key) <= set(each.table.column_names)
    assert len(set(each.table.column_names)) == len(each.table.columns)


@pytest.mark.parametrize("each", [*CATALOG, *LISTINGS], ids=lambda each: each.name)
def test_what_is_kept_and_what_is_not_do_not_overlap(each: Dataset) -> None:
    assert not {column.path for column in each.table.columns} & set(each.not_kept)
    assert all(each.not_kept.values())


def test_an_unknown_name_is_answered_with_the_accepted_ones() -> None:
    with pytest.raises(UsageError, match=r"no dataset 'sales'.*sales_and_traffic, daily_totals, daily_parents"):
        dataset("sales")
    with pytest.raises(UsageError, match=r"no source 'sales'.*sales_and_traffic\.report"):
        source("sales")


def test_one_report_is_asked_for_one_day_of_one_marketplace_by_child() -> None:
    report = source("sales_and_traffic.report")
    day = date(2026, 11, 18)
    box = Box(account="EU", marketplaces=(marketplace("DE"),), first=day, last=day)
    assert report.question(box) == {
        "reportType": "GET_SALES_AND_TRAFFIC_REPORT",
        "marketplaceIds": ["A1PA6795UKMFR9"],
        "dataStartTime": "2026-11-18T00:00:00Z",
        "dataEndTime": "2026-11-18T00:00:00Z",
        "reportOptions": {"dateGranularity": "DAY", "asinGranularity": "CHILD"},
    }
    assert report.limits == Limits(marketplaces=1, days=1)


def test_the_report_has_the_most_careful_reading_of_amazons_quota() -> None:
    quota = source("sales_and_traffic.report").quota
    assert quota is not None
    assert str(quota) == "1 per 15 min, 96 a day for the whole app"


def test_days_settle_are_restated_and_kept_as_declared() -> None:
    for each in DAILY:
        assert (each.cadence, each.restated_for) == (EveryDay(settles_after=timedelta(hours=34)), timedelta(days=14))
        assert each.kept_for == timedelta(days=729)


def test_closed_days_are_read_again_every_night_for_two_weeks_and_every_week_for_a_month() -> None:
    nightly = Reread(within=timedelta(days=14), every=timedelta(hours=20))
    weekly = Reread(within=timedelta(days=30), every=timedelta(days=6, hours=20))
    assert dataset("sales_and_traffic").rereads == dataset("daily_totals").rereads == (nightly, weekly)
    assert dataset("daily_parents").rereads == (Reread(within=timedelta(days=14), every=weekly.every),)


def test_data_kiosk_comes_before_the_report_and_only_trends_names_its_asins() -> None:
    names = {each.name: [source.short_name for source in each.sources] for each in DAILY}
    assert names == {
        "sales_and_traffic": ["by_asin", "trends", "report"],
        "daily_totals": ["by_date", "report"],
        "daily_parents": ["by_asin"],
    }
    assert [each.name for each in SOURCES if not each.is_complete] == ["sales_and_traffic.trends"]


def test_a_query_asks_one_thing_for_all_marketplaces_of_an_account_at_once() -> None:
    asked = {each.name: _query(each, _box("DE", "UK")) for each in SOURCES if each.driver == "data_kiosk"}
    days = 'startDate: "2026-11-18" endDate: "2026-11-18"'
    both = f'{days} marketplaceIds: ["A1PA6795UKMFR9" "A1F83G8C2ARO7P"]'
    assert {name: text.partition("{ ")[2].partition(" {startDate")[0] for name, text in asked.items()} == {
        "sales_and_traffic.by_asin": f"{ROOT} {{ salesAndTrafficByAsin(aggregateBy: CHILD {both})",
        "sales_and_traffic.trends": (
            f"{ROOT} {{ salesAndTrafficTrends(asinAggregation: CHILD dateAggregation: DAY {days} filters:"
            ' [{marketplaceId: "A1PA6795UKMFR9" asins: ["B0CHALK000"]}'
            ' {marketplaceId: "A1F83G8C2ARO7P" asins: ["B0CHALK000"]}])'
        ),
        "daily_totals.by_date": f"{ROOT} {{ salesAndTrafficByDate(aggregateBy: DAY {both})",
        "daily_parents.by_asin": f"{ROOT} {{ salesAndTrafficByAsin(aggregateBy: PARENT {both})",
        "seen_asins.by_month": f"{ROOT} {{ salesAndTrafficByAsin(aggregateBy: CHILD {both})",
    }


def test_the_longest_question_of_each_source_fits_into_a_query() -> None:
    longest = max(MARKETPLACES, key=lambda each: len(each.amazon_id))
    asins = tuple(f"B0CHALK{number:03}" for number in range(ASINS_PER_FILTER))
    trends = source("sales_and_traffic.trends")
    filters = (AsinFilter(marketplace=longest, asins=asins),) * trends.limits.filters
    box = structs.replace(_box(*(each.code for each in MARKETPLACES)), filters=filters)
    lengths = {each.name: len(_query(each, box)) for each in SOURCES if each.driver == "data_kiosk"}
    assert fits(box)
    assert max(lengths.values()) == lengths[trends.name] <= 8_000
    assert not fits(structs.replace(box, filters=filters * 2))


def _query(of: Source, box: Box) -> str:
    return str(of.question(box)["query"])


def _box(*codes: str) -> Box:
    marketplaces, day = tuple(map(marketplace, codes)), date(2026, 11, 18)
    filters = tuple(AsinFilter(marketplace=each, asins=("B0CHALK000",)) for each in marketplaces)
    return Box(account="EU", marketplaces=marketplaces, first=day, last=day, filters=filters)
