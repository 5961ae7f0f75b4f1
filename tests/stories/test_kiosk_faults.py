"""Everything that Data Kiosk can do wrong, one at a time, to the query for an account's children: what the ledger
says, that nothing is half loaded, that Japan is not held up, and that it comes right when the fault is over."""

from dataclasses import dataclass
from typing import Any

import pytest

from amazon_simulator import Fault
from amazon_simulator.mischief import ALL_KINDS, LIST_KINDS, QUERY_KINDS
from kiosk import AT_ONCE, BY_ASIN, BY_DATE, DAY, asked, best_seller, calls, left_open, not_proven, right, said
from night import OpenShop, Shop

SHOP = {"parents": 8, "children": 24, "marketplaces": ("UK", "DE", "JP"), **AT_ONCE}
REPORTS_ONLY = {"foreign_twin", "child_listed_twice"}
AT_LOGIN = {"token_revoked", "invalid_client"}  # stories/test_logins.py: Data Kiosk has no part in it


@dataclass(frozen=True, kw_only=True)
class Bad:
    """What goes wrong, and what a night makes of it. `says` is in the ledger (reason, failure, waiting or note)."""

    exit_code: int = 0
    germany: str = "proven"
    britain: str = "proven"
    """Which is asked in the same query."""
    says: str = ""
    children: int = 1
    """How many queries for the account's children are accepted in the first night."""
    reports: int = 0
    lost: int = 0
    operation: str | None = None
    times: int | None = 1
    query: str | None = BY_ASIN
    fault: dict[str, Any] | None = None
    nights: int = 1
    """Until it has come right."""
    asks_again: bool = False
    """Whether a person has to ask for the day again, because its state is closed."""
    unlike_truth: tuple[str, ...] = ()
    """Columns that rightly differ from the truth as long as the fault's answer is the last one."""


def neither(says: str, **more: Any) -> Bad:
    """Return a fault that spoils the whole query: neither of its marketplaces is loaded."""
    return Bad(exit_code=3, germany="failed", britain="failed", says=says, **more)


BAD: dict[str, Bad] = {
    "throttled a creation": Bad(operation="createQuery"),
    "throttled a check": Bad(operation="getQuery", query=None),
    "server_error a creation": Bad(operation="createQuery", lost=1),
    "server_error a check": Bad(operation="getQuery", query=None),
    "unavailable_html a creation": Bad(operation="createQuery", lost=1),
    "reset_before a creation": Bad(operation="createQuery", lost=1),
    "reset_after a creation": Bad(operation="createQuery"),
    "slow_answer a creation": Bad(operation="createQuery", fault={"seconds": 0.2}),
    "unauthorized a creation": Bad(operation="createQuery"),
    "token_expired a creation": Bad(operation="createQuery"),
    "access_denied": Bad(
        operation="createQuery", times=None, says="Brand Analytics", children=0, reports=2, nights=9
    ),
    "slow_report": Bad(exit_code=3, germany="asked", britain="asked", says="Amazon to finish it (IN_PROGRESS)"),
    "slow_queue": Bad(exit_code=3, germany="asked", britain="asked", says="Amazon to finish it (IN_QUEUE)"),
    "fatal": neither("(FATAL)"),
    "fatal_with_document": neither("There was a problem processing the query"),
    "no_data": Bad(exit_code=3, germany="due", britain="due", says="no data"),
    "totals_differ": Bad(query=BY_DATE, germany="loaded", says="+7 units", unlike_truth=("units", "items", "sales")),
    "new_field": Bad(says="new fields in Amazon's answer"),
    "missing_field": neither("unitsOrdered"),
    "other_day": neither("was asked for"),
    "other_currency": neither("SEK"),
    "not_json": neither("not JSON"),
    "late_day": Bad(children=2),  # a few percent of so few rows are none: see test_kiosk_days.py
    "shrunk_day": Bad(germany="loaded", says="Amazon's total is the rows and", unlike_truth=("",)),
    "shrunk_rows": Bad(germany="loaded", says="Amazon's total is the rows and", unlike_truth=("",)),
    "b2b_null": Bad(unlike_truth=("_b2b",), asks_again=True),
    "b2b_without_currency": Bad(says="without a currency"),
    "percentage_above_999": Bad(unlike_truth=("unit_session_percentage",), asks_again=True),
    "expired_url": Bad(query=None),
    "slow_body": Bad(query=None, fault={"seconds": 0.3}),
    "truncated_gzip": Bad(query=None),
    "truncated_gzip for ever": neither("cut short", times=None, query=None),
    "cut_body": Bad(query=None),
    "already_inflated": Bad(query=None),
    "corrupt_gzip": Bad(query=None),
    "corrupt_gzip for ever": neither("inflated", times=None, query=None),
    "lost_answer": Bad(operation="createQuery"),
    "fields_denied": Bad(operation="createQuery", says="unitsOrdered", children=0, reports=2, nights=9),
    "page_token_expired": Bad(operation="createQuery"),  # nothing to expire in one page: test_kiosk_pages.py
    "query_too_large": Bad(says="too large", children=3),
    "broken_line": neither("JSON"),
    "repeated_lines": Bad(says="identical lines dropped"),
    "unknown_marketplace": Bad(germany="loaded", says="unknown marketplace", unlike_truth=("missing",)),
    "marketplace_missing": Bad(children=2),
    "asins_missing": Bad(
        germany="loaded", says="Amazon's total is the rows and", unlike_truth=("missing", "percentage")
    ),
    "empty_asin_list": Bad(children=2),
    "wrapped_lines": Bad(),
    "undeclared_gzip": Bad(query=None),
}


def test_there_is_a_story_for_every_kind_of_fault_that_a_query_can_meet() -> None:
    assert {name.partition(" ")[0] for name in BAD} == set(ALL_KINDS) - set(LIST_KINDS) - REPORTS_ONLY - AT_LOGIN
    assert set(QUERY_KINDS) <= {name.partition(" ")[0] for name in BAD}


@pytest.mark.parametrize("name", BAD)
async def test_a_fault_of_data_kiosk_is_in_the_ledger_and_comes_right(opened_shop: OpenShop, name: str) -> None:
    bad, kind = BAD[name], name.partition(" ")[0]
    shop = await opened_shop(kiosk=True, **SHOP)
    day, newest = shop.newest("DE"), shop.newest_days(("UK", "DE", "JP"))
    where: dict[str, Any] = {"account": "EU", "query": bad.query, "operation": bad.operation, "times": bad.times}
    if ALL_KINDS[kind][0].name == "CONTENT":
        where["marketplace"] = "DE"
    if kind == "asins_missing":
        where["asins"] = (best_seller(shop, "DE"),)
    shop.goes_wrong(Fault(kind=kind, **where, **(bad.fault or {})))

    report = await shop.night()

    assert report.exit_code == bad.exit_code, [line.reason for line in report.late]
    assert (shop.line("DE", day)["state"], shop.line("UK", day)["state"]) == (bad.germany, bad.britain)
    assert shop.line("JP", shop.newest("JP"))["state"] == "proven"
    assert bad.says in said(shop)
    assert asked(shop, "EU").get("children", 0) == bad.children
    assert len(shop.journal) == bad.reports
    assert sum(pull["lost_asks"] for pull in shop.rows("SELECT lost_asks FROM sp_pulls")) == bad.lost
    assert loaded(shop) == {code for code, state in (("DE", bad.germany), ("UK", bad.britain))
                            if state in ("proven", "loaded")} | {"JP"}  # fmt: skip
    wrong = shop.wrong_cells([place for place in newest if place[0] in loaded(shop)])
    wrong = [cell for cell in wrong if not cell.endswith("rows that nobody asked for")]
    assert [cell for cell in wrong if not ours_to_differ(cell, bad)] == []
    assert bool(wrong) == bool(bad.unlike_truth)

    shop.amazon.mischief.clear()
    await shop.nights(bad.nights - 1)
    shop.clock.advance(DAY)
    await shop.night()
    if bad.asks_again:
        await shop.night(first=day, again=True, only=["DE"])

    assert not_proven(shop) == {}
    assert right(shop) == []
    assert loaded(shop) == {"UK", "DE", "JP"}
    assert left_open(shop) == []


def loaded(shop: Shop) -> set[str]:
    rows = shop.rows(
        "SELECT DISTINCT m.code FROM sp_daily_asin_data t JOIN marketplaces m ON m.id = t.marketplace_id"
    )
    return {row["code"] for row in rows}


def ours_to_differ(cell: str, bad: Bad) -> bool:
    return cell.startswith("DE") and any(part in cell for part in bad.unlike_truth)


async def test_a_query_that_is_too_large_is_halved_and_what_amazon_takes_is_remembered(opened_shop: OpenShop) -> None:
    shop = await opened_shop(kiosk=True, **SHOP)
    shop.goes_wrong(Fault(kind="query_too_large", account="EU", query=BY_ASIN))
    await shop.night()
    (learned,) = shop.rows("SELECT account, source, limits FROM sp_sources")
    assert (learned["account"], learned["source"], learned["limits"]["marketplaces"]) == (
        "EU", "sales_and_traffic.by_asin", 1,
    )  # fmt: skip
    assert calls(shop, "createQuery", 202) == len(shop.queries)
    shop.clock.advance(DAY)
    await shop.night()
    spans = {tuple(e["marketplaces"]) for e in shop.queries if e["account"] == "EU" and e["aggregate"] == "CHILD"
             and e["start"] == shop.newest("DE").isoformat()}  # fmt: skip
    assert spans == {("DE",), ("UK",)}, "the next night asks in halves at once"
    assert right(shop) == []


TRENDS_TAKES: dict[str, tuple[dict[str, Any], tuple[str, ...], int, int, tuple[str, Any]]] = {
    "two filters": ({"trends_most_filters": 2}, ("UK", "DE", "FR"), 24, 3, ("filters", 1)),
    "two days": ({"trends_longest_days": 2}, ("DE",), 24, 4, ("days", 1)),
    "a marketplace once": ({"trends_repeat_marketplace": False}, ("DE",), 60, 3, ("repeats", False)),
}


@pytest.mark.parametrize("beyond", ["refused", "fatal"])
@pytest.mark.parametrize("takes", TRENDS_TAKES)
async def test_what_a_query_for_trends_may_span_is_learned_from_one_refusal(
    opened_shop: OpenShop, takes: str, beyond: str
) -> None:
    limit, marketplaces, children, nights, (name, learned) = TRENDS_TAKES[takes]
    given = {**SHOP, **limit, "trends_beyond": beyond, "marketplaces": marketplaces, "children": children}
    shop = await opened_shop(kiosk=True, **given)

    reports = await shop.nights(nights)

    assert {report.exit_code for report in reports} == {0}
    (known,) = shop.rows("SELECT account, source, limits FROM sp_sources")
    assert (known["account"], known["source"]) == ("EU", "sales_and_traffic.trends")
    assert known["limits"][name] == learned
    (refused,) = _refused(shop)
    assert "HTTP 400" in refused or "too large" in refused
    assert not_proven(shop) == {}, "the days came the complete way in the same night"
    assert right(shop) == []

    shop.clock.advance(DAY)
    await shop.night()

    assert len(_refused(shop)) == 1, "not asked for too much again"
    assert asked(shop)["trends"] >= 2
    assert not_proven(shop) == {}
    assert left_open(shop) == []
    assert right(shop) == []


def _refused(shop: Shop) -> list[str]:
    rows = shop.rows("SELECT failure FROM sp_pulls WHERE stage = 'refused' AND source = 'sales_and_traffic.trends'")
    return [row["failure"] for row in rows]
