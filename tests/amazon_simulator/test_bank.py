"""The stand-in of the European Central Bank: its calendar, its hour, its files."""

import io
import zipfile
from datetime import UTC, date, datetime
from xml.etree import ElementTree

import pytest

from amazon_simulator.bank.files import all_days, daily, last_90_days
from amazon_simulator.bank.rates import FIRST_DAY, ReferenceRates, is_holiday

RATES = ReferenceRates(seed=7)
FRIDAY = date(2026, 11, 20)
EVENING = datetime(2026, 11, 20, 19, tzinfo=UTC)
CUBE = "{http://www.ecb.int/vocabulary/2002-08-01/eurofxref}Cube"


def test_rates_come_out_about_four_in_the_afternoon_of_working_days() -> None:
    at = RATES.published(FRIDAY)
    assert at is not None
    assert datetime(2026, 11, 20, 15, tzinfo=UTC) <= at < datetime(2026, 11, 20, 15, 15, tzinfo=UTC)
    assert RATES.published(date(2026, 11, 21)) is None
    assert RATES.published(date(2026, 12, 25)) is None


def test_good_friday_and_easter_monday_are_holidays() -> None:
    for friday, monday in ((date(2024, 3, 29), date(2024, 4, 1)), (date(2026, 4, 3), date(2026, 4, 6))):
        assert is_holiday(friday)
        assert is_holiday(monday)


def test_the_same_seed_publishes_the_same_rates_however_they_are_asked_for() -> None:
    other = ReferenceRates(seed=7)
    later = dict(other.of(FRIDAY))
    assert RATES.of(FIRST_DAY) == other.of(FIRST_DAY)
    assert RATES.of(FRIDAY) == later
    assert ReferenceRates(seed=8).of(FRIDAY) != later


def test_a_currency_that_became_the_euro_has_no_rate_any_more() -> None:
    assert "BGN" in RATES.of(date(2025, 12, 31))
    assert "BGN" not in RATES.of(date(2026, 1, 2))


@pytest.mark.parametrize(("make", "days"), [(daily, 1), (last_90_days, 65)])
def test_the_xml_has_a_cube_for_each_day_newest_first(make: object, days: int) -> None:
    assert callable(make)
    root = ElementTree.fromstring(make(RATES, EVENING))
    cubes = [cube for cube in root.iter(CUBE) if "time" in cube.attrib]
    times = [cube.attrib["time"] for cube in cubes]
    assert abs(len(times) - days) <= 3
    assert times == sorted(times, reverse=True)
    assert times[0] == "2026-11-20"
    assert {one.attrib["currency"]: one.attrib["rate"] for one in cubes[0]} == RATES.of(FRIDAY)


def test_before_the_hour_the_newest_day_is_the_one_before() -> None:
    assert b"2026-11-19" in daily(RATES, datetime(2026, 11, 20, 14, tzinfo=UTC))


def test_the_zip_has_a_line_for_each_day_since_the_first() -> None:
    with zipfile.ZipFile(io.BytesIO(all_days(RATES, EVENING))) as archive:
        (name,) = archive.namelist()
        lines = archive.read(name).decode().splitlines()
    assert name == "eurofxref-hist.csv"
    assert lines[0].startswith("Date,USD,JPY,BGN,")
    assert lines[0].endswith(",ZAR,")
    assert (lines[1][:10], lines[-1][:10]) == ("2026-11-20", str(FIRST_DAY))
    assert ",N/A," in lines[1]
