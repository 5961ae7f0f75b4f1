"""The ledger as a calendar: what is drawn of states of days."""

import re
from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from chalkola.datasets import CATALOG, dataset
from chalkola.datasets.model import SliceState
from chalkola.marketplaces import MARKETPLACES, WORLD, marketplace
from chalkola.store.board.coverage import STATE_OF, UNKNOWN, Strip
from chalkola.surfaces.web.pages import calendar

NOW = datetime(2026, 11, 20, 19, tzinfo=UTC)
GERMANY, SALES, RATES = marketplace("DE"), dataset("sales_and_traffic"), dataset("fx_rates")
FIRST, LAST = calendar.span(NOW)
LENGTH = (LAST - FIRST).days + 1
PROVEN = next(letter for letter, state in STATE_OF.items() if state is SliceState.PROVEN)


def strip(letters: str, scope: str = GERMANY.scope) -> Strip:
    return Strip(scope=scope, first=FIRST, letters=letters.ljust(LENGTH, UNKNOWN))


def drawn_days(month: calendar.Month) -> dict[int, str]:
    """Return which days of a month have a bar, and of which state."""
    found: dict[int, str] = {}
    for key, path in re.findall(r'<path class="b-(\w+)" d="([^"]+)"/>', month.drawing):
        for x, width in re.findall(r"M(\d+) \d+h(\d+)", path):
            found |= dict.fromkeys(range(int(x), int(x) + int(width)), key)
    return found


def test_the_calendar_has_two_years_and_the_month_that_has_begun_anywhere() -> None:
    assert calendar.span(NOW) == (date(2024, 11, 1), date(2026, 11, 30))
    assert calendar.span(datetime(2026, 11, 30, 15, tzinfo=UTC))[1] == date(2026, 12, 31), "December in Sydney"
    assert len(calendar.months(FIRST, LAST)) == calendar.MONTHS


def test_every_state_has_a_look_of_its_own() -> None:
    assert {look.letter for look in calendar.LOOKS} >= set(STATE_OF)
    for what in ("key", "word", "sign"):
        assert len({getattr(look, what) for look in calendar.LOOKS}) == len(calendar.LOOKS)
    heights = {look.height for look in calendar.LOOKS if look.key in ("proven", "differs", "empty", "due", "failed")}
    assert len(heights) == 5, "told apart without colours"


def test_a_day_that_nobody_asked_for_is_lacking_not_settled_yet_or_beyond_what_amazon_answers() -> None:
    (row,) = calendar.rows(SALES, [], [GERMANY], FIRST, LAST, NOW)
    newest, oldest = SALES.newest(NOW, GERMANY.zone), SALES.oldest(NOW, GERMANY.zone)
    looks = {one.day: one.look.key for month in row.months for one in month.days}
    assert (looks[newest], looks[newest + timedelta(days=1)]) == ("never", "soon")
    assert (looks[oldest], min(looks)) == ("never", oldest)
    assert max(looks) == date(2026, 11, 20)
    assert (row.closed, row.settled) == (0, (newest - oldest).days + 1)


@given(st.text("".join(STATE_OF) + UNKNOWN, max_size=LENGTH), st.sampled_from(MARKETPLACES))
def test_a_row_tells_each_period_once_and_draws_no_more_than_its_days(letters: str, place: object) -> None:
    assert isinstance(place, type(GERMANY))
    found = calendar.rows(SALES, [strip(letters, place.scope)], [place], FIRST, LAST, NOW)
    (row,) = found
    assert sum(len(month.told) for month in row.months) == LENGTH
    for month in row.months:
        days = month.days
        assert sum(int(part.split()[0]) for part in month.said.split(", ") if part != "nothing") == len(days)
        assert drawn_days(month) == {one.day.day - 1: one.look.key for one in days if one.look.height}
        assert [one for week in month.weeks for one in week if one] == days
        assert all(one.day.weekday() == place_ for week in month.weeks for place_, one in enumerate(week) if one)
    assert 0 <= row.closed <= row.settled + 3, "what is closed early counts, of days that have begun"


def test_a_weekend_without_rates_is_drawn_with_the_friday_before_it_and_is_no_day_of_its_own() -> None:
    letters = "".join(
        PROVEN if RATES.cadence.begins(FIRST + n * timedelta(days=1)) else UNKNOWN for n in range(LENGTH)
    )
    (row,) = calendar.rows(RATES, [strip(letters, WORLD.scope)], [GERMANY, WORLD], FIRST, LAST, NOW)
    october = next(month for month in row.months if month.first == date(2026, 10, 1))
    assert row.place is WORLD
    assert october.said == "22 proven"
    assert drawn_days(october) == dict.fromkeys(range(31), "proven")
    assert row.closed == row.settled


def test_each_dataset_has_a_calendar() -> None:
    for one in CATALOG:
        assert calendar.rows(one, [], [*MARKETPLACES, WORLD], FIRST, LAST, NOW)
