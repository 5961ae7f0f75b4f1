"""Everything that the simulated Amazon can do wrong, one at a time, to Germany: what the ledger says, that nothing is
half loaded, that the United States and Japan are not held up, and that it comes right when the fault is over."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from amazon_simulator import KINDS, Fault
from night import Shop

DAY = timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class Bad:
    """What goes wrong, and what a night makes of it. `says` is in the ledger (reason, failure, waiting or note)."""

    exit_code: int = 0
    state: str = "proven"
    says: str = ""
    questions: int = 1
    """How often Germany's question is accepted in the first night."""
    lost: int = 0
    operation: str | None = None
    times: int | None = 1
    fault: dict[str, Any] | None = None
    cured_after: timedelta = DAY
    asks_again: bool = False
    """Whether a person has to ask for the day again, because its state is closed."""
    unlike_truth: tuple[str, ...] = ()
    """Columns that rightly differ from the truth as long as the fault's answer is the last one."""


BAD: dict[str, Bad] = {
    "throttled a creation": Bad(operation="createReport"),
    "throttled a creation with Retry-After": Bad(operation="createReport", fault={"retry_after": 40}),
    "throttled a check": Bad(operation="getReport"),
    "throttled a document": Bad(operation="getReportDocument"),
    "throttled a download": Bad(operation="download"),
    "server_error a creation": Bad(operation="createReport", lost=1),
    "server_error a check": Bad(operation="getReport"),
    "server_error a document": Bad(operation="getReportDocument"),
    "server_error a download": Bad(operation="download"),
    "server_error a login": Bad(operation="login"),
    "unavailable_html a creation": Bad(operation="createReport", lost=1),
    "unavailable_html a check": Bad(operation="getReport"),
    "unavailable_html a document": Bad(operation="getReportDocument"),
    "unavailable_html a login": Bad(operation="login"),
    "reset_before a creation": Bad(operation="createReport", lost=1),
    "reset_before a check": Bad(operation="getReport"),
    "reset_before a download": Bad(operation="download"),
    "reset_before a login": Bad(operation="login"),
    "reset_after a creation": Bad(operation="createReport"),
    "reset_after a check": Bad(operation="getReport"),
    "reset_after a document": Bad(operation="getReportDocument"),
    "slow_answer a creation": Bad(operation="createReport", fault={"seconds": 0.2}),
    "slow_answer a check": Bad(operation="getReport", fault={"seconds": 0.2}),
    "unauthorized a check": Bad(operation="getReport"),
    "unauthorized a creation": Bad(operation="createReport"),
    "token_expired a creation": Bad(operation="createReport"),
    "token_expired a document": Bad(operation="getReportDocument"),
    "access_denied": Bad(
        operation="createReport",
        times=None,
        exit_code=1,
        state="closed",
        says="Brand Analytics",
        questions=0,
        cured_after=8 * DAY,  # a closed source is tried again once a week
    ),
    "token_revoked": Bad(times=None, exit_code=1, state="", says="SP_REFRESH_TOKEN_EU", questions=0),
    "invalid_client": Bad(times=None, exit_code=1, state="", says="SP_LWA_CLIENT_SECRET", questions=0),
    "slow_report": Bad(exit_code=3, state="asked", says="Amazon to finish it (IN_PROGRESS)"),
    "slow_queue": Bad(exit_code=3, state="asked", says="Amazon to finish it (IN_QUEUE)"),
    "fatal": Bad(exit_code=3, state="failed", says="FATAL"),
    "fatal_with_document": Bad(exit_code=3, state="failed", says="not available yet"),
    "no_data": Bad(exit_code=3, state="due", says="no data"),
    "foreign_twin": Bad(),
    "empty_asin_list": Bad(exit_code=3, state="due", says="lists no ASIN"),
    "child_listed_twice": Bad(says="listed twice: added; the sums agree"),
    "totals_differ": Bad(state="loaded", says="+7 units", unlike_truth=("units", "items", "sales")),
    "new_field": Bad(says="new fields in Amazon's answer"),
    "missing_field": Bad(exit_code=3, state="failed", says="unitsOrdered"),
    "other_day": Bad(exit_code=3, state="failed", says="answers another question"),
    "other_currency": Bad(exit_code=3, state="failed", says="SEK"),
    "not_json": Bad(exit_code=3, state="failed", says="JSON"),
    "late_day": Bad(asks_again=True, unlike_truth=("",)),  # nothing beside it yet to tell by: see test_late_data.py
    "shrunk_day": Bad(state="loaded", says="Amazon's total is the rows and", unlike_truth=("",)),
    "shrunk_rows": Bad(state="loaded", says="Amazon's total is the rows and", unlike_truth=("",)),
    "b2b_null": Bad(asks_again=True, unlike_truth=("_b2b",)),
    "b2b_without_currency": Bad(says="without a currency"),
    "percentage_above_999": Bad(asks_again=True, unlike_truth=("unit_session_percentage",)),
    "expired_url": Bad(),
    "expired_url ever again": Bad(times=6),
    "slow_body": Bad(fault={"seconds": 0.3}),
    "truncated_gzip": Bad(),
    "truncated_gzip for ever": Bad(times=None, exit_code=3, state="failed", says="cut short"),
    "cut_body": Bad(),
    "already_inflated": Bad(),
    "corrupt_gzip": Bad(),
    "corrupt_gzip for ever": Bad(times=None, exit_code=3, state="failed", says="inflated"),
}


def test_there_is_a_story_for_every_kind_of_fault() -> None:
    assert {name.partition(" ")[0] for name in BAD} == set(KINDS)


@pytest.mark.parametrize("name", BAD)
async def test_a_fault_in_germany_is_in_the_ledger_and_comes_right(shop: Shop, name: str) -> None:
    bad, newest = BAD[name], shop.newest_days()
    others = [(code, day) for code, day in newest if code != "DE"]
    germany = shop.newest("DE")
    kind = name.partition(" ")[0]
    at_login = KINDS[kind][0].name == "LOGIN" or bad.operation == "login"
    where = {"account": "EU"} if at_login else {"account": "EU", "marketplace": "DE"}
    shop.goes_wrong(Fault(kind=kind, operation=bad.operation, times=bad.times, **where, **(bad.fault or {})))

    report = await shop.night()

    assert report.exit_code == bad.exit_code, [line.reason for line in report.late]
    assert shop.states().get(f"DE {germany}", "") == bad.state
    assert bad.says in said(shop)
    assert shop.asked("DE", germany) == bad.questions
    assert sum(pull["lost_asks"] for pull in shop.pulls("DE")) == bad.lost
    loaded = bad.state in ("proven", "loaded")
    assert bool(shop.rows("SELECT FROM sp_daily_asin_data WHERE currency_code = 'EUR'")) == loaded, "half loaded"
    assert [cell for cell in shop.wrong_cells(others) if not cell.startswith("DE")] == []
    wrong = shop.wrong_cells(newest) if loaded else []
    assert [cell for cell in wrong if not ours_to_differ(cell, bad)] == []
    assert bool(wrong) == bool(bad.unlike_truth)

    shop.amazon.mischief.clear()
    shop.clock.advance(bad.cured_after)
    await shop.night()
    if bad.asks_again:
        await shop.night(first=germany, again=True, only=["DE"])

    assert shop.states()[f"DE {germany if bad.state else shop.newest()}"] == "proven"
    assert shop.wrong_cells([(code, day) for code, day in shop.loaded_days()]) == []
    assert {code for code, _ in shop.loaded_days()} == {"US", "DE", "JP"}
    assert [pull["id"] for pull in shop.rows("SELECT id FROM sp_pulls WHERE finished_at IS NULL")] == []


def said(shop: Shop) -> str:
    """Return all that the ledger says about Germany, in words."""
    lines = shop.rows("SELECT reason FROM sp_slices WHERE scope = 'marketplace:DE'")
    accounts = shop.rows("SELECT fault FROM sp_accounts WHERE account = 'EU'")
    pulls = [pull[name] for pull in shop.pulls("DE") for name in ("failure", "note", "waiting_for")]
    return " | ".join(filter(None, [*(line["reason"] for line in lines), *(a["fault"] for a in accounts), *pulls]))


def ours_to_differ(cell: str, bad: Bad) -> bool:
    return cell.startswith("DE") and any(part in cell.partition(":")[0] + cell for part in bad.unlike_truth)


async def test_a_lost_answer_is_found_beside_another_applications_report_of_the_same_day(shop: Shop) -> None:
    day = shop.newest("DE")
    shop.goes_wrong(
        Fault(kind="foreign_twin", marketplace="DE"),
        Fault(kind="reset_after", operation="createReport", marketplace="DE"),
    )
    report = await shop.night()
    assert report.exit_code == 0
    assert shop.asked("DE", day) == 1
    assert [pull["lost_asks"] for pull in shop.pulls("DE")] == [0]
    assert shop.wrong_cells(shop.newest_days()) == []


async def test_a_question_that_was_never_accepted_is_asked_again_and_that_is_recorded(shop: Shop) -> None:
    shop.goes_wrong(Fault(kind="reset_before", operation="createReport", marketplace="DE", times=3))
    report = await shop.night()
    assert report.exit_code == 0
    (pull,) = shop.pulls("DE")
    assert (pull["asks"], pull["lost_asks"]) == (4, 3)
    assert shop.asked("DE", shop.newest("DE")) == 1
    assert shop.amazon.journal.calls["getReports", 200] == 3, "it looked each time"


async def test_all_marketplaces_of_an_account_are_held_up_together_and_no_other(shop: Shop) -> None:
    shop.goes_wrong(Fault(kind="unavailable_html", account="EU", times=200))
    report = await shop.night()
    assert report.exit_code == 3 or report.worked.faults
    assert {code for code, _ in shop.loaded_days()} == {"US", "JP"}
    shop.amazon.mischief.clear()
    shop.clock.advance(DAY)
    assert (await shop.night()).exit_code == 0
    assert shop.wrong_cells(shop.loaded_days()) == []
    assert {code for code, _ in shop.loaded_days()} == {"US", "DE", "JP"}
