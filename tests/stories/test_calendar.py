"""Nights around the days on which clocks change, in each zone of a marketplace that changes them, and around a 29th
of February: every day is asked for once it has settled, is there once, and is what Amazon says."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from chalkola.datasets import CATALOG
from kiosk import AT_ONCE
from night import OpenShop, Shop
from truth import ZONES

DAY = timedelta(days=1)
SMALL: Mapping[str, Any] = {"kiosk": True, "parents": 8, "children": 24, **AT_ONCE}
EUROPE = ("UK", "DE", "FR", "IT", "ES")
CHANGES = [
    (("US", "CA", "MX", "BR"), date(2026, 3, 8), 23),
    (("US", "CA", "MX"), date(2026, 11, 1), 25),
    (EUROPE, date(2026, 3, 29), 23),
    ((*EUROPE, "AE"), date(2026, 10, 25), 25),
    (("AU", "JP"), date(2026, 4, 5), 25),
    (("AU",), date(2026, 10, 4), 23),
]


def hours(code: str, day: date) -> float:
    """Return how long a day is in a marketplace's zone."""
    zone = ZoneInfo(ZONES[code])
    begins, ends = (datetime.combine(at, time(), zone).astimezone(UTC) for at in (day, day + DAY))
    return (ends - begins) / timedelta(hours=1)


def closed(shop: Shop, code: str) -> list[date]:
    """Return the days of a marketplace that are proven, in order."""
    rows = shop.rows(
        "SELECT first_day FROM sp_slices WHERE dataset = 'sales_and_traffic' AND scope = %s AND state = 'proven'"
        " ORDER BY 1",
        f"marketplace:{code}",
    )
    return [row["first_day"] for row in rows]


@pytest.mark.parametrize(("codes", "day", "long"), CHANGES, ids=lambda value: str(value).replace("'", ""))
async def test_the_day_on_which_clocks_change_is_a_day_like_any_other(
    opened_shop: OpenShop, codes: tuple[str, ...], day: date, long: int
) -> None:
    assert hours(codes[0], day) == long
    # The night on which the day before is the newest that has settled, and two more.
    begin = datetime.combine(day + 2 * DAY, time(2), UTC)
    shop = await opened_shop(**SMALL, marketplaces=codes, begin=begin)
    first = {code: shop.newest(code) for code in codes}

    for _ in range(3):
        assert (await shop.night()).late == ()
        assert {code: max(closed(shop, code)) for code in codes} == {code: shop.newest(code) for code in codes}
        shop.clock.advance(begin + DAY - shop.clock.now())
        begin += DAY

    for code in codes:
        days = closed(shop, code)
        assert days == [first[code] + n * DAY for n in range(3)]
        assert day in days
    assert shop.wrong_cells(shop.loaded_days()) == []


@pytest.mark.parametrize("minutes", [-1, 1])
async def test_a_day_of_23_or_25_hours_settles_34_hours_after_its_own_end_to_the_minute(
    opened_shop: OpenShop, minutes: int
) -> None:
    settles = datetime(2026, 10, 25, 23, tzinfo=UTC) + timedelta(hours=34)  # Berlin's day of 25 hours
    shop = await opened_shop(**SMALL, marketplaces=("DE",), begin=settles + timedelta(minutes=minutes))
    await shop.night()
    assert (date(2026, 10, 25) in closed(shop, "DE")) is (minutes > 0)


async def test_the_29th_of_february_is_there_and_so_is_the_year_before_it(opened_shop: OpenShop) -> None:
    leap = date(2028, 2, 29)
    shop = await opened_shop(**SMALL, marketplaces=("US", "DE", "JP"), begin=datetime(2028, 3, 2, 12, tzinfo=UTC))
    await shop.nights(3)
    await shop.night(first=date(2027, 2, 28), last=date(2027, 3, 1))

    for code in ("US", "DE", "JP"):
        days = closed(shop, code)
        assert days[:2] == [date(2027, 2, 28), date(2027, 3, 1)], "that year has no such day"
        assert leap in days
        assert [day for day in days[2:] if day <= leap + DAY] == _span(days[2], leap + DAY)
    assert shop.wrong_cells(shop.loaded_days()) == []


async def test_two_years_before_a_29th_of_february_begin_on_a_day_that_amazon_still_answers(
    opened_shop: OpenShop,
) -> None:
    shop = await opened_shop(**SMALL, marketplaces=("DE",), begin=datetime(2028, 2, 29, 12, tzinfo=UTC))
    await shop.night()
    oldest = date(2028, 2, 29) - max(d.kept_for for d in CATALOG if d.name == "sales_and_traffic")
    await shop.night(first=oldest, last=oldest + DAY)
    assert {oldest, oldest + DAY} <= {*closed(shop, "DE")}
    assert shop.wrong_cells(shop.loaded_days()) == []


def _span(first: date, last: date) -> list[date]:
    return [first + n * DAY for n in range((last - first).days + 1)]
