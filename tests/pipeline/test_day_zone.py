"""In which zone Amazon's day runs: what the figures tell, and when they do not."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from chalkola.marketplaces import marketplace
from chalkola.pipeline.day_zone import FEWEST_DAYS, agreeing, candidates, fitting

NOVEMBER = date(2026, 11, 2), date(2026, 11, 15)
DAYS = [NOVEMBER[0] + timedelta(days=n) for n in range(14)]
ZONES = ("Europe/Berlin", "America/Los_Angeles", "UTC")
counts = st.dictionaries(st.sampled_from(ZONES), st.integers(0, 14))


def zones(code: str, first: date = NOVEMBER[0], last: date = NOVEMBER[1]) -> list[str]:
    return [zone.key for zone in candidates(marketplace(code), first, last)]


def test_the_candidates_are_the_local_day_the_pacific_one_and_utc() -> None:
    assert zones("DE") == ["Europe/Berlin", "America/Los_Angeles", "UTC"]


def test_zones_with_the_same_days_are_compared_once_under_the_local_name() -> None:
    assert zones("US") == ["America/Los_Angeles", "UTC"]
    assert zones("UK") == ["Europe/London", "America/Los_Angeles"]
    assert zones("UK", date(2026, 7, 1), date(2026, 7, 14)) == ["Europe/London", "America/Los_Angeles", "UTC"]


def test_zones_that_part_in_the_middle_of_the_days_are_both_compared() -> None:
    assert "UTC" in zones("UK", date(2026, 10, 20), date(2026, 10, 30))


def test_a_zone_fits_when_it_agrees_on_most_days_and_clearly_better_than_the_next() -> None:
    assert fitting({"Europe/Berlin": 12, "UTC": 3}, 14) == "Europe/Berlin"
    assert fitting({"Europe/Berlin": 12, "UTC": 9}, 14) == "Europe/Berlin"


def test_figures_do_not_tell_when_days_are_few_agreement_is_poor_or_two_zones_are_close() -> None:
    assert fitting({"Europe/Berlin": 6, "UTC": 0}, 6) is None
    assert fitting({"Europe/Berlin": 11, "UTC": 0}, 14) is None
    assert fitting({"Europe/Berlin": 13, "UTC": 11}, 14) is None
    assert fitting({}, 14) is None


def test_a_day_agrees_when_its_units_are_the_same_or_within_half_a_percent() -> None:
    totals = dict.fromkeys(DAYS[:3], 1000)

    assert agreeing(totals, {DAYS[0]: 1005, DAYS[1]: 1006, DAYS[2]: 995}) == 2
    assert agreeing({DAYS[0]: 199, DAYS[1]: 199}, {DAYS[0]: 200, DAYS[1]: 199}) == 1
    assert agreeing(totals, {}) == 0


@given(counts, st.integers(0, 14))
def test_whatever_fits_agrees_on_most_of_enough_days(fits: dict[str, int], days: int) -> None:
    zone = fitting(fits, days)

    assert zone is None or (days >= FEWEST_DAYS and fits[zone] >= 0.8 * days and fits[zone] == max(fits.values()))


@given(counts, st.integers(0, 14))
def test_the_order_of_the_zones_does_not_matter(fits: dict[str, int], days: int) -> None:
    assert fitting(fits, days) == fitting(dict(reversed(fits.items())), days)
