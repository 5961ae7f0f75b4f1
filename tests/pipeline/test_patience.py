"""For how long a run waits for an account of which nothing but setbacks comes."""

from datetime import UTC, datetime, timedelta

from chalkola.errors import Setback
from chalkola.pipeline.patience import Patience

NOW = datetime(2026, 11, 20, 2, tzinfo=UTC)
HOUR = timedelta(hours=1)
OUTAGE = Setback("Amazon cannot answer now.", until=NOW + HOUR)
THROTTLED = Setback("Amazon has throttled it.", until=NOW + HOUR, for_quota=True)


def test_an_account_that_fails_for_so_long_is_not_waited_for_and_the_others_are() -> None:
    patience = Patience(longest=2 * HOUR)
    for hours in (0, 1):
        patience.note("EU", OUTAGE, NOW + hours * HOUR)
    assert patience.left(["NA", "EU"], NOW + 1.9 * HOUR) == ["NA", "EU"]
    assert patience.left(["NA", "EU"], NOW + 2 * HOUR) == ["NA"]


def test_anything_that_comes_of_it_begins_the_wait_anew() -> None:
    patience = Patience(longest=2 * HOUR)
    patience.note("EU", OUTAGE, NOW)
    patience.note("EU", None, NOW + HOUR)
    assert patience.left(["EU"], NOW + 3 * HOUR) == ["EU"]
    patience.note("EU", OUTAGE, NOW + 3 * HOUR)
    assert patience.left(["EU"], NOW + 4 * HOUR) == ["EU"]


def test_a_wait_for_amazons_quota_is_no_failure_and_no_success() -> None:
    patience = Patience(longest=2 * HOUR)
    patience.note("EU", THROTTLED, NOW)
    assert patience.left(["EU"], NOW + 9 * HOUR) == ["EU"]
    patience.note("EU", OUTAGE, NOW)
    patience.note("EU", THROTTLED, NOW + HOUR)
    assert patience.left(["EU"], NOW + 2 * HOUR) == []
