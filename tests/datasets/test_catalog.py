"""The catalog as a whole: names, sources and the question that Amazon is asked."""

from datetime import date, timedelta

import pytest

from chalkola.datasets import CATALOG, SOURCES, dataset, source
from chalkola.datasets.model import Box, Dataset
from chalkola.errors import UsageError
from chalkola.marketplaces import marketplace


def test_names_of_datasets_tables_and_sources_are_unique() -> None:
    for names in ([d.name for d in CATALOG], [d.table.name for d in CATALOG], [s.name for s in SOURCES]):
        assert len(names) == len(set(names))


@pytest.mark.parametrize("each", CATALOG, ids=lambda each: each.name)
def test_a_dataset_is_filled_by_its_sources_and_keyed_by_its_columns(each: Dataset) -> None:
    assert all(each.name in source.fills for source in each.sources)
    assert set(each.table.key) <= set(each.table.column_names)
    assert len(set(each.table.column_names)) == len(each.table.columns)


@pytest.mark.parametrize("each", CATALOG, ids=lambda each: each.name)
def test_what_is_kept_and_what_is_not_do_not_overlap(each: Dataset) -> None:
    assert not {column.path for column in each.table.columns} & set(each.not_kept)
    assert all(each.not_kept.values())


def test_an_unknown_name_is_answered_with_the_accepted_ones() -> None:
    with pytest.raises(UsageError, match=r"no dataset 'sales'.*sales_and_traffic, daily_totals"):
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
    assert (report.marketplaces_per_pull, report.days_per_pull) == (1, 1)


def test_the_report_has_the_most_careful_reading_of_amazons_quota() -> None:
    quota = source("sales_and_traffic.report").quota
    assert quota is not None
    assert str(quota) == "1 per 15 min, 96 a day for the whole app"


def test_days_settle_are_restated_and_kept_as_declared() -> None:
    for each in CATALOG:
        assert (each.settles_after, each.restated_for) == (timedelta(hours=34), timedelta(days=14))
        assert each.kept_for == timedelta(days=729)
