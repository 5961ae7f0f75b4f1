"""`chalkola backfill` as a person meets it: what it says before, at the end, and when something is left."""

import json
from typing import Any

import pytest

from chalkola.errors import UsageError
from chalkola.surfaces.backfilling import read_length


def test_a_plan_asks_nothing_and_says_what_is_to_come(chalkola: Any, amazon: Any) -> None:
    before = amazon.see("queries")
    said = chalkola("backfill", "--plan", "--days", "30", "--json")

    assert said.code == 0, said.err
    plan = json.loads(said.out)
    assert [(one["account"], one["days"], one["closed"]) for one in plan["accounts"]] == [
        ("NA", 30, 0), ("EU", 30, 0), ("FE", 30, 0),
    ]  # fmt: skip
    assert plan["questions"]["EU"]["daily_totals.by_date"] == 1
    assert plan["size_unknown"] == ["US", "DE", "JP"]
    assert plan["seconds"] > 0
    assert amazon.see("queries") == before


def test_it_says_how_it_went_and_the_second_time_that_nothing_is_left(chalkola: Any) -> None:
    first = chalkola("backfill", "--days", "12")

    assert first.code == 0, first.err
    assert "Every day is closed." in first.out
    assert "12 of 12" in first.out
    second = chalkola("backfill", "--days", "12")
    assert second.code == 0
    assert "Nothing is left to ask for now." in second.out
    assert "0 questions answered" in second.out


def test_what_is_left_is_said_with_the_time_at_which_it_can_be_in(chalkola: Any) -> None:
    said = chalkola("backfill", "--days", "60", "--max-runtime", "1s", "--json")

    assert said.code == 0, said.err
    told = json.loads(said.out)
    assert (told["why_left"], told["days_left"]) == ("its time was up", 180)
    assert told["done_at"] > told["finished"]
    assert "questions to Amazon are left" in said.err


@pytest.mark.parametrize(("typed", "seconds"), [("5h30m", 19800), ("45m", 2700), ("90s", 90), ("1d 2h", 93600)])
def test_lengths_of_time_are_read(typed: str, seconds: int) -> None:
    assert read_length(typed).total_seconds() == seconds


@pytest.mark.parametrize("typed", ["", "h", "5", "five hours", "0h", "-1h"])
def test_other_lengths_of_time_are_refused_with_an_example(typed: str) -> None:
    with pytest.raises(UsageError, match="5h30m"):
        read_length(typed)
