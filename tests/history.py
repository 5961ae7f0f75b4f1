"""What the stories about history share: which days are open, and what the ledger says of questions about it."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from night import Shop

DAYS = 120


def open_days(shop: Shop) -> dict[str, str]:
    """Return the state of every day of children or totals that is not closed."""
    rows = shop.rows(
        "SELECT dataset, scope, first_day, state FROM sp_slices"
        " WHERE dataset IN ('sales_and_traffic', 'daily_totals') AND state NOT IN ('proven', 'differs', 'empty')"
    )
    return {f"{row['dataset']} {row['scope']} {row['first_day']}": row["state"] for row in rows}


def closed_days(shop: Shop) -> int:
    """Return how many marketplace-days of children are closed."""
    query = (
        "SELECT count(*) FROM sp_slices WHERE dataset = 'sales_and_traffic'"
        " AND state IN ('proven', 'differs', 'empty')"
    )
    return int(shop.rows(query)[0]["count"])


def sources(shop: Shop) -> dict[str, int]:
    """Return how many pulls were loaded or found empty, by source."""
    query = "SELECT source, count(*) FROM sp_pulls WHERE stage IN ('loaded', 'empty') GROUP BY 1 ORDER BY 1"
    return {row["source"]: row["count"] for row in shop.rows(query)}


def limits(shop: Shop, account: str, source: str = "sales_and_traffic.trends") -> dict[str, Any]:
    """Return what was learned about a source; empty for nothing."""
    found = shop.rows("SELECT limits FROM sp_sources WHERE account = %s AND source = %s", account, source)
    return (found[0]["limits"] if found else None) or {}


def trends(shop: Shop, account: str) -> list[tuple[date, date]]:
    """Return first and last day of the accepted questions by name of an account, in the order of asking."""
    of_trends = (e for e in shop.queries if e["kind"] == "salesAndTrafficTrends" and e["account"] == account)
    return [(date.fromisoformat(str(e["start"])), date.fromisoformat(str(e["end"]))) for e in of_trends]


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A question by name: the days that it spans, and when it was planned and answered, in Amazon's time."""

    first: date
    last: date
    planned_at: datetime
    answered_at: datetime

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1


def answered_trends(shop: Shop, account: str) -> list[Asked]:
    """Return the answered questions by name of an account, in the order of planning."""
    query = (
        "SELECT first_day AS first, last_day AS last, created_at AS planned_at, finished_at AS answered_at"
        " FROM sp_pulls WHERE source = 'sales_and_traffic.trends' AND account = %s AND stage = 'loaded' ORDER BY id"
    )
    return [Asked(**row) for row in shop.rows(query, account)]
