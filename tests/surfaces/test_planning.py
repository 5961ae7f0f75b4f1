"""`chalkola plan` says what would be asked, how long it takes and what it adds, and asks nothing."""

from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any


def test_a_plan_asks_nothing_where_the_accounts_are_known(chalkola: Any, amazon: Any) -> None:
    chalkola("pull", "--marketplace", "DE")
    calls = amazon.see("calls")

    said = chalkola("plan")

    assert said.code == 0, said.err
    assert amazon.see("calls") == calls
    assert "US" in said.out
    assert "DE " not in said.out
    assert "1 question to account NA by sales_and_traffic.by_asin." in said.out


def test_a_plan_of_an_account_never_seen_asks_only_what_it_opens(chalkola: Any, amazon: Any) -> None:
    said = chalkola("plan")

    assert said.code == 0, said.err
    assert set(amazon.see("calls")) == {"login", "getMarketplaceParticipations"}
    assert "is not known: nothing of that marketplace was loaded yet" in said.out


def test_a_plan_says_which_ways_there_are_and_why_one_is_taken(chalkola: Any) -> None:
    ways = {
        way["source"]: way
        for one in chalkola("plan", "--json", "--marketplace", "US").object["comparisons"]
        for way in one["ways"]
        if (one["account"], one["dataset"], one["what"]) == ("NA", "sales_and_traffic", "fresh")
    }
    assert ways["sales_and_traffic.by_asin"]["why_not"] is None
    assert ways["sales_and_traffic.by_asin"]["creations"] == 1
    assert ways["sales_and_traffic.trends"]["why_not"] == "no ASINs known"
    assert ways["sales_and_traffic.report"]["why_not"] in ("slower", "costs more")

    said = chalkola("plan", "--marketplace", "US")
    assert "no: no ASINs known" in said.out


def test_a_plan_counts_time_rows_and_bytes(chalkola: Any) -> None:
    loaded = chalkola("pull", "--json", "--marketplace", "DE").object
    rows = sum(s["rows"] for s in loaded["slices"] if s["dataset"] != "listings")

    plan = chalkola(
        "plan", "--json", "--marketplace", "DE", "--from", "2026-11-08", "--to", "2026-11-17",
        CHALKOLA_QUOTAS="createQuery=1/15min;createReport=1/1d",
    ).object  # fmt: skip

    by_asin = [q["last_day"] for q in plan["questions"] if q["source"] == "sales_and_traffic.by_asin"]
    assert by_asin == [f"2026-11-{day:02}" for day in range(16, 7, -1)]
    assert plan["closed_already"] == 3
    assert plan["adds_rows"] == 9 * rows
    assert plan["adds_bytes"] > 9 * rows * 500
    asked = [datetime.fromisoformat(q["can_be_asked_at"]) for q in plan["questions"]]
    assert {later - earlier for earlier, later in pairwise(asked)} == {timedelta(minutes=15)}


def test_a_plan_with_nothing_due_says_what_comes_next(chalkola: Any) -> None:
    chalkola("pull")

    said = chalkola("plan")

    assert said.out.startswith("Nothing is due.\nNext: DE 2026-11-18, which settles at 2026-11-20 09:00 UTC")


def test_lists_are_asked_last_and_that_is_no_asking_again(chalkola: Any) -> None:
    questions = chalkola("plan", "--json", "--marketplace", "DE").object["questions"]
    assert [(one["source"], one["again"]) for one in questions][-1] == ("listings.report", False)
    assert "(again)" not in chalkola("plan", "--marketplace", "DE").out
