"""Whose doing a failure is, and when a closed day is read again."""

from dataclasses import replace
from datetime import timedelta

import pytest

from chalkola.pipeline.why import Whose, read_again_at, whose
from ledgers import DAY, GERMANY, NOW, PARENTS, SALES, newest, proven


@pytest.mark.parametrize(
    ("what", "said", "is_of"),
    [
        ("throttled", 'Amazon has throttled createReport (account EU). Amazon says: "QuotaExceeded".', Whose.QUOTA),
        ("throttled", "Amazon's quota is used up: createReport@EU.", Whose.QUOTA),
        ("lost", "Amazon's answer to createQuery (account EU) was lost. ReadError: .", Whose.NETWORK),
        ("lost", 'Amazon\'s answer to createQuery (account EU) was lost. HTTP 500: "InternalFailure".', Whose.AMAZON),
        ("setback", 'Amazon cannot answer getReport (account EU) now. HTTP 503: "503".', Whose.AMAZON),
        ("setback", "Login with Amazon (account EU) cannot be used now. ConnectError.", Whose.NETWORK),
        ("setback", "Login with Amazon refuses account EU (region EU); the others go on.", Whose.ACCOUNT),
        ("setback", "A document's address was dead before the document was fetched. HTTP 403.", Whose.AMAZON),
        ("setback", 'Amazon does not know report 5 (any more): "NotFound".', Whose.AMAZON),
        ("first page", "Amazon has forgotten where the next page begins.", Whose.AMAZON),
        ("source closed", "Amazon does not let account EU use createQuery; the others go on.", Whose.ACCOUNT),
        ("refused", "Amazon could not answer query 5 (FATAL). ReadTimeout: of a database of theirs", Whose.AMAZON),
        ("refused", "The document is cut short. Its gzip stream ends before its end mark.", Whose.NETWORK),
        ("refused", 'Amazon refuses createReport (account EU). Amazon says (HTTP 400): "InvalidInput".', Whose.OURS),
        ("refused", None, Whose.AMAZON),
        ("asking", None, None),
        ("loaded", "children listed twice: added; the sums agree", None),
        ("asked again", "asked again: Amazon knows nothing of the first time", None),
    ],
)
def test_a_failure_is_somebodys_and_other_events_are_nobodys(
    what: str, said: str | None, is_of: Whose | None
) -> None:
    assert whose(what, said) is is_of


def test_a_closed_day_is_read_again_as_often_as_its_age_asks_for() -> None:
    young, older, old = (proven(newest() - DAY * back, asked_at=NOW - DAY) for back in (2, 20, 40))

    assert read_again_at(SALES, GERMANY, young, NOW) == NOW - DAY + timedelta(hours=20)
    assert read_again_at(SALES, GERMANY, older, NOW) == NOW - DAY + timedelta(days=6, hours=20)
    assert read_again_at(SALES, GERMANY, old, NOW) is None
    assert read_again_at(PARENTS, GERMANY, older, NOW) is None


def test_a_flagged_day_is_read_again_when_it_says_and_one_without_rows_never() -> None:
    flagged = proven(newest() - DAY, next_at=NOW + DAY)

    assert read_again_at(SALES, GERMANY, flagged, NOW) == NOW + DAY
    assert read_again_at(SALES, GERMANY, replace(flagged, next_at=None, row_count=0), NOW) is None
