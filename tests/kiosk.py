"""What the stories about Data Kiosk share: how often it was asked what, and what the ledger says about it."""

from collections import Counter
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from night import Shop

DAY = timedelta(days=1)
BY_ASIN, BY_DATE, TRENDS = "salesAndTrafficByAsin", "salesAndTrafficByDate", "salesAndTrafficTrends"
AT_ONCE: Mapping[str, Any] = {"processing_seconds": 0}
"""For long stories: an answer is there at the first look."""


def asked(shop: Shop, account: str | None = None) -> dict[str, int]:
    """Return how many queries were accepted of each kind: children, parents, totals and trends; pages count."""
    return dict(Counter(_what(e) for e in shop.queries if account in (None, e["account"])))


def first_pages(shop: Shop, what: str, account: str) -> list[Mapping[str, Any]]:
    """Return the accepted queries of a kind (as in `asked`) for their first page."""
    return [e for e in shop.queries if (_what(e), e["account"]) == (what, account) and not e["page_token"]]


def calls(shop: Shop, operation: str, *statuses: int) -> int:
    """Return how many calls of an operation were answered with one of these statuses."""
    return sum(shop.amazon.journal.calls[operation, status] for status in statuses)


def said(shop: Shop, account: str = "EU") -> str:
    """Return all that the ledger says of an account's days and pulls, in words."""
    lines = shop.rows(
        "SELECT reason FROM sp_slices WHERE (dataset, scope, first_day) IN (SELECT ps.dataset, ps.scope, ps.first_day"
        " FROM sp_pull_slices ps JOIN sp_pulls p ON p.id = ps.pull_id WHERE p.account = %s)",
        account,
    )
    pulls = shop.rows("SELECT failure, note, waiting_for FROM sp_pulls WHERE account = %s", account)
    faults = shop.rows("SELECT fault FROM sp_accounts WHERE account = %s", account)
    return " | ".join(filter(None, (text for row in (*lines, *pulls, *faults) for text in row.values())))


def not_proven(shop: Shop) -> dict[str, str]:
    """Return the state of every slice of any dataset that is not proven."""
    rows = shop.rows("SELECT dataset, scope, first_day, state FROM sp_slices WHERE state <> 'proven'")
    return {f"{row['dataset']} {row['scope']} {row['first_day']}": row["state"] for row in rows}


def left_open(shop: Shop) -> list[dict[str, Any]]:
    """Return the pulls that are not over."""
    return shop.rows("SELECT id, stage, waiting_for FROM sp_pulls WHERE finished_at IS NULL")


def alerts(shop: Shop, *, cured: bool = False) -> dict[str, str]:
    """Return the messages of the alerts that are open, or of those that are cured, by subject."""
    rows = shop.rows("SELECT subject, message FROM sp_alerts WHERE (cured_at IS NOT NULL) = %s ORDER BY id", cured)
    return {row["subject"]: row["message"] for row in rows}


def right(shop: Shop) -> list[str]:
    """Return what is wrong in any of the tables, of the days that the ledger has rows of; empty for nothing."""
    return shop.wrong_cells(shop.loaded_days())


def best_seller(shop: Shop, code: str) -> str:
    """Return the child ASIN that sold most on the newest settled day of a marketplace."""
    rows = shop.true_rows(BY_ASIN, code, shop.newest(code), shop.clock.now(), "CHILD")
    return str(max(rows, key=lambda row: row["sales"]["unitsOrdered"])["childAsin"])


def _what(entry: Mapping[str, Any]) -> str:
    return {BY_DATE: "totals", TRENDS: "trends"}.get(entry["kind"]) or (
        "parents" if entry["aggregate"] == "PARENT" else "children"
    )
