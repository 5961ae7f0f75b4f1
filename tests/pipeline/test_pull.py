"""How often a ticket is looked at."""

from datetime import timedelta
from itertools import accumulate, pairwise

from chalkola.pipeline.pull import check_after

MINUTE = timedelta(minutes=1)


def waits(until: timedelta) -> list[timedelta]:
    """Return the waits between checks of a ticket that Amazon does not finish before it is as old as `until`."""
    waited: list[timedelta] = []
    age = timedelta(seconds=20)  # the first check
    while age < until:
        waited.append(check_after(len(waited), age))
        age += waited[-1]
    return waited


def test_a_ticket_is_looked_at_soon_and_then_more_and_more_seldom() -> None:
    shown = waits(timedelta(hours=2))
    assert all(timedelta(seconds=10) <= wait <= 5 * MINUTE for wait in shown)
    assert all(later >= earlier for earlier, later in pairwise(shown[1:]))


def test_a_report_that_is_done_within_five_minutes_is_seen_within_two_more() -> None:
    for before, at in pairwise(accumulate([timedelta(seconds=20), *waits(5 * MINUTE)])):
        assert at - before <= 2 * MINUTE


def test_a_report_that_takes_hours_is_looked_at_once_an_hour() -> None:
    assert check_after(40, timedelta(hours=3)) == timedelta(hours=1)
    assert len(waits(timedelta(days=1))) < 90, "a day of waiting costs few calls"
