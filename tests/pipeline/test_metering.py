"""Which buckets there are, and which of them a question draws from."""

from dataclasses import replace
from datetime import timedelta

import pytest

from chalkola.amazon.operations import OPERATIONS
from chalkola.datasets import SOURCES
from chalkola.pipeline.metering import all_buckets, creation_buckets
from chalkola.quotas import Quota

REPORT = next(source for source in SOURCES if source.name == "sales_and_traffic.report")
PER_ACCOUNT = Quota(count=3, per=timedelta(minutes=5), daily=864, scope="account")


def test_a_creation_draws_from_the_operations_bucket_and_then_from_the_tighter_one_of_the_whole_app() -> None:
    assert creation_buckets(REPORT, "EU", {}) == ("createReport@EU", "sales_and_traffic.report@app")


def test_the_scope_of_a_quota_is_overridable() -> None:
    quotas = {REPORT.name: PER_ACCOUNT}
    assert creation_buckets(REPORT, "EU", quotas) == ("createReport@EU", "sales_and_traffic.report@EU")


def test_a_source_without_a_quota_of_its_own_draws_from_the_operation_alone() -> None:
    assert creation_buckets(replace(REPORT, quota=None), "EU", {}) == ("createReport@EU",)


def test_there_is_one_bucket_for_each_account_and_operation_and_one_for_the_app() -> None:
    buckets = {bucket.key: bucket for bucket in all_buckets(["NA", "EU"], SOURCES, {})}
    assert len(buckets) == 2 * len(OPERATIONS) + 1
    own = buckets["sales_and_traffic.report@app"]
    assert (own.seconds_per_turn, own.burst, own.daily) == (900, 1, 96)
    assert (buckets["getReport@NA"].seconds_per_turn, buckets["getReport@NA"].burst) == (0.5, 15)
    assert buckets["createReport@EU"].seconds_per_turn == pytest.approx(59.88, abs=0.01)


def test_overrides_go_by_source_or_by_operation() -> None:
    quotas = {REPORT.name: PER_ACCOUNT, "getReport": Quota(count=5, per=timedelta(seconds=10))}
    buckets = {bucket.key: bucket for bucket in all_buckets(["NA", "EU"], SOURCES, quotas)}
    for account in ("NA", "EU"):
        own = buckets[f"sales_and_traffic.report@{account}"]
        assert (own.seconds_per_turn, own.burst, own.daily) == (100, 3, 864)
        assert (buckets[f"getReport@{account}"].seconds_per_turn, buckets[f"getReport@{account}"].burst) == (2, 5)
    assert "sales_and_traffic.report@app" not in buckets


def test_whatever_a_creation_draws_from_is_defined() -> None:
    for quotas in ({}, {REPORT.name: PER_ACCOUNT}):
        defined = {bucket.key for bucket in all_buckets(["NA", "EU", "FE"], SOURCES, quotas)}
        for account in ("NA", "EU", "FE"):
            assert set(creation_buckets(REPORT, account, quotas)) <= defined
