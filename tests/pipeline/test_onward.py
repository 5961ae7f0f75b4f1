"""How often a ticket is looked at, and where a pull goes on after a setback."""

from datetime import UTC, date, datetime, timedelta
from itertools import accumulate, pairwise
from typing import Any

import pytest

from chalkola.amazon import Uncertain
from chalkola.drivers import Operations
from chalkola.errors import Setback
from chalkola.pipeline.onward import NotOurs, Onward, ReadySetback, after_setback, as_before, check_after
from chalkola.store.pulls import Claimed

MINUTE = timedelta(minutes=1)
NOW = datetime(2026, 11, 20, 2, tzinfo=UTC)
LATER = NOW + 5 * MINUTE
OPERATIONS = Operations(create="createReport", check="getReport", fetch="getReportDocument")
CREATION = ("createReport@EU", "sales@app")
CHECK, FETCH = ("getReport@EU",), ("getReportDocument@EU",)


def pull(stage: str, **known: Any) -> Claimed:
    day = date(2026, 11, 18)
    said: dict[str, Any] = {
        "id": 1, "generation": 1, "source": "report", "account": "EU", "question": {}, "first_day": day,
        "last_day": day, "settled": True, "creation": list(CREATION), "ticket": None, "document_id": None,
        "intended_at": NOW, "ticketed_at": None, "checks": 0, "setbacks": 0, "found": False, "slot": None,
        "filters": None, "page_token": None, "pages": [],
    }  # fmt: skip
    return Claimed(stage=stage, **{**said, **known})


@pytest.mark.parametrize(
    ("stage", "onward"),
    [
        ("asking", Onward(stage="planned", until=LATER, needs=CREATION)),
        ("looking", Onward(stage="looking", until=LATER)),
        ("asked", Onward(stage="asked", until=LATER, needs=CHECK)),
        ("ready", Onward(stage="ready", until=LATER, needs=FETCH, document_id="d1")),
    ],
)
def test_after_a_setback_the_same_step_is_taken_again(stage: str, onward: Onward) -> None:
    held = pull(stage, document_id="d1" if stage == "ready" else None)
    found = after_setback(held, Setback("Amazon", until=LATER), OPERATIONS, NOW)
    assert (found.stage, found.until, tuple(found.needs), found.document_id) == (
        onward.stage, onward.until, onward.needs, onward.document_id
    )  # fmt: skip
    assert as_before(held, OPERATIONS, NOW).until == NOW


@pytest.mark.parametrize("lost", [Uncertain("Amazon", until=LATER), NotOurs("another ticket", until=LATER)])
def test_an_answer_that_was_lost_or_is_not_ours_is_looked_for(lost: Setback) -> None:
    found = after_setback(pull("asking", document_id="d1"), lost, OPERATIONS, NOW)
    assert found == Onward(stage="looking", until=LATER)


def test_a_document_that_was_named_meanwhile_is_fetched_next() -> None:
    setback = ReadySetback(Setback("Amazon", until=LATER), "d2")
    found = after_setback(pull("asked"), setback, OPERATIONS, NOW)
    assert found == Onward(stage="ready", until=LATER, needs=FETCH, document_id="d2")


@pytest.mark.parametrize(("setbacks", "wait"), [(11, 5 * MINUTE), (12, 60 * MINUTE), (40, 60 * MINUTE)])
def test_a_question_that_fails_often_is_asked_once_an_hour(setbacks: int, wait: timedelta) -> None:
    setback = Setback("Amazon", until=LATER)
    assert after_setback(pull("asking", setbacks=setbacks), setback, OPERATIONS, NOW).until == NOW + wait
    assert after_setback(pull("asked", setbacks=setbacks), setback, OPERATIONS, NOW).until == LATER


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
