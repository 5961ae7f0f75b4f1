"""Figures in words."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from chalkola.surfaces import words


@pytest.mark.parametrize(
    ("length", "said"),
    [
        (timedelta(seconds=-3), "0 s"),
        (timedelta(seconds=44.6), "45 s"),
        (timedelta(minutes=14, seconds=59), "14 min 59 s"),
        (timedelta(hours=2, minutes=45), "2 h 45 min"),
        (timedelta(days=90, hours=17, minutes=59), "90 d 17 h"),
    ],
)
def test_a_length_of_time_is_said_in_its_two_largest_units(length: timedelta, said: str) -> None:
    assert words.span(length) == said


def test_an_estimate_is_said_to_the_minute() -> None:
    assert words.about(timedelta(seconds=59)) == "less than a minute"
    assert words.about(timedelta(minutes=5, seconds=31)) == "6 min"
    assert words.about(timedelta(hours=2, seconds=10)) == "2 h"


@pytest.mark.parametrize(
    ("byte_count", "said"),
    [(0, "0 bytes"), (999, "999 bytes"), (12_530, "12.5 kB"), (999_600, "1.0 MB"), (7e12, "7000 GB")],
)
def test_a_size_is_said_in_the_unit_that_fits(byte_count: int, said: str) -> None:
    assert words.size(int(byte_count)) == said


def test_money_has_as_many_decimals_as_its_currency() -> None:
    assert words.money(Decimal("2336840.00"), "JPY") == "2,336,840 JPY"
    assert words.money(Decimal("57249.5"), "USD") == "57,249.50 USD"


def test_an_instant_says_its_zone() -> None:
    assert words.instant(datetime(2026, 11, 20, 2, 0, 59, tzinfo=UTC)) == "2026-11-20 02:00 UTC"
