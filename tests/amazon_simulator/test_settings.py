"""What can be chosen about the simulated Amazon, and what cannot."""

import pytest

from amazon_simulator import Fault, SimulatorSettings
from amazon_simulator.__main__ import _parser, _settings


def test_the_command_takes_what_data_kiosk_and_the_shop_can_be_told():
    options = [
        "--processing-seconds", "5", "--open-queries", "1", "--query-page-rows", "100", "--restated", "0.1",
        "--moved", "0.2", "--retired", "0.3", "--answered-days", "729",
        "--day-zones", "US=UTC,DE=America/Los_Angeles", "--without-role", "EU,FE",
    ]  # fmt: skip

    settings = _settings(_parser().parse_args(options))

    assert (settings.open_queries, settings.query_page_rows, settings.restated) == (1, 100, 0.1)
    assert (settings.moved, settings.retired, settings.answered_days) == (0.2, 0.3, 729)
    assert settings.limits.answered_days == 729
    assert settings.day_zones == {"US": "UTC", "DE": "America/Los_Angeles"}
    assert settings.without_role == ("EU", "FE")
    assert settings.query_processing_seconds is None


def test_the_command_answers_two_years_back_unless_it_is_told_otherwise():
    assert _settings(_parser().parse_args([])).answered_days is None


def test_without_quotas_any_number_of_queries_may_be_open():
    assert _settings(_parser().parse_args(["--quota", "off"])).open_queries is None


@pytest.mark.parametrize(
    ("setting", "says"),
    [
        ({"trends_beyond": "ignored"}, "neither refused nor fatal"), ({"restated": 1.5}, "between 0 and 1"),
        ({"day_zones": {"XX": "UTC"}}, "unknown marketplace"), ({"day_zones": {"DE": "Berlin"}}, "unknown day zone"),
        ({"moved": -0.1}, "moved"), ({"retired": 2}, "retired"), ({"answered_days": 0}, "a day back"),
        ({"query_page_rows": 0}, "at least one row"), ({"query_processing_seconds": -1}, "below 0"),
    ],
    ids=str,
)  # fmt: skip
def test_a_setting_that_cannot_be_is_refused(setting, says):
    with pytest.raises(ValueError, match=says):
        SimulatorSettings(**setting)


def test_a_fault_of_an_unknown_query_is_refused():
    with pytest.raises(ValueError, match="unknown query"):
        Fault(kind="fatal", query="salesAndTraffic")
