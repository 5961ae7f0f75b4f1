"""How figures are spelt on pages."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalkola.store.board.definitions import BY_KEY, METRICS
from chalkola.store.board.shapes import Compared, Span
from chalkola.surfaces.web.pages import spelling

amounts = st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**12), max_value=10**12, places=4)
lines = st.lists(st.none() | amounts, max_size=80)


def span(first: date | None, last: date | None) -> Span:
    return Span(period="", first=first, last=last, state="closed", say=None, missing=0, whole=True)


@pytest.mark.parametrize(
    ("key", "value", "currency", "whole", "short"),
    [
        ("units", "1871", "EUR", "1,871", "1,871"),
        ("sales", "57249.295", "USD", "57,249.30", "57,249"),
        ("sales", "999.5", "USD", "999.50", "999.50"),
        ("sales", "2336840", "JPY", "2,336,840", "2,336,840"),
        ("cvr", "0.09876", "EUR", "9.88%", "9.9%"),
        ("average_price", "30.42", "EUR", "30.42", "30.42"),
        ("sales", "-0.001", "EUR", "0.00", "0.00"),
    ],
)
def test_a_figure_has_the_decimals_that_it_needs(key: str, value: str, currency: str, whole: str, short: str) -> None:
    assert spelling.figure(BY_KEY[key], Decimal(value), currency) == whole
    assert spelling.figure(BY_KEY[key], Decimal(value), currency, short=True) == short


def test_what_is_not_there_is_a_dash_and_nothing_is_a_nought() -> None:
    for metric in METRICS:
        assert spelling.figure(metric, None, "EUR") == spelling.NOTHING
        assert spelling.figure(metric, Decimal(0), "EUR") != spelling.NOTHING
    assert spelling.change(BY_KEY["units"], None).text == spelling.NOTHING


@pytest.mark.parametrize(
    ("key", "change", "ratio", "text", "way", "tone"),
    [
        ("units", "5", "0.124", "+12.4%", "up", "good"),
        ("units", "-5", "-0.124", "−12.4%", "down", "bad"),
        ("units", "5", "1.244", "+124%", "up", "good"),
        ("units", "0", "0", "0%", "flat", "neutral"),
        ("units", "0.1", "0.0001", "0%", "flat", "neutral"),
        ("units", "7", None, "new", "none", "neutral"),
        ("cvr", "0.0042", "0.05", "+0.4 pp", "up", "good"),
        ("average_price", "-2", "-0.1", "−10.0%", "down", "neutral"),
    ],
)
def test_a_change_is_spelt(key: str, change: str, ratio: str | None, text: str, way: str, tone: str) -> None:
    by = Compared(then=Decimal(1), change=Decimal(change), ratio=None if ratio is None else Decimal(ratio))
    found = spelling.change(BY_KEY[key], by)
    assert (found.text, found.way, found.tone) == (text, way, tone)


@given(change=amounts, ratio=amounts)
def test_a_change_points_where_its_sign_does(change: Decimal, ratio: Decimal) -> None:
    for metric in METRICS:
        amount = change if metric.unit == "share" else ratio
        found = spelling.change(metric, Compared(then=Decimal(1), change=change, ratio=ratio))
        assert (found.way == "flat") == (found.text in ("0%", "0 pp"))
        assert found.way == "flat" or (found.way == "up") == (amount > 0) == found.text.startswith("+")


@pytest.mark.parametrize(
    ("first", "last", "text", "label"),
    [
        ("2026-11-24", "2026-11-24", "Tue 24 Nov 2026", "24 Nov"),
        ("2026-11-01", "2026-11-24", "1–24 Nov 2026", "1–24 Nov"),
        ("2026-10-25", "2026-11-23", "25 Oct – 23 Nov 2026", "from 25 Oct"),
        ("2024-12-30", "2025-01-02", "30 Dec 2024 – 2 Jan 2025", "from 30 Dec ’24"),
    ],
)
def test_days_are_spelt(first: str, last: str, text: str, label: str) -> None:
    days = span(date.fromisoformat(first), date.fromisoformat(last))
    assert spelling.days(days) == text
    assert spelling.short_days(days, date(2026, 11, 26)) == label


def test_a_period_without_days_is_a_dash() -> None:
    for days in (span(None, None), span(date(2026, 11, 2), date(2026, 11, 1))):
        assert spelling.days(days) == spelling.short_days(days, date(2026, 11, 26)) == spelling.NOTHING


@given(lines)
def test_a_small_line_stays_in_its_box_and_has_a_point_for_each_day_that_is_known(
    values: list[Decimal | None],
) -> None:
    drawn = [[point.split(",") for point in line.split()] for line in spelling.sparkline(values)]
    assert all(-0.1 <= float(x) <= 97 and -0.1 <= float(y) <= 24.1 for line in drawn for x, y in line)
    assert all(len(line) >= 2 for line in drawn)
    assert bool(drawn) == any(value is not None for value in values)
    known = sum(value is not None for value in values)
    assert known <= sum(map(len, drawn)) <= 2 * known
