"""What the database says held against what the simulated Amazon knows to be true, cell by cell.

The names of the mission's columns are spelled out here and derived from Amazon's own field names, not from the
product's tables: the two have to agree.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
from psycopg.rows import dict_row

Cells = dict[str, Any]
Truth = Callable[[str, date, datetime], Mapping[str, Any]]
"""A marketplace's day as Amazon shows it at an instant, in the document's shape."""

ZONES = {
    "US": "America/Los_Angeles", "CA": "America/Los_Angeles", "MX": "America/Los_Angeles", "BR": "America/Sao_Paulo",
    "UK": "Europe/London", "DE": "Europe/Berlin", "FR": "Europe/Paris", "IT": "Europe/Rome", "ES": "Europe/Madrid",
    "AE": "Asia/Dubai", "AU": "Australia/Sydney", "JP": "Asia/Tokyo",
}  # fmt: skip

_BY_ASIN = """
    parent_asin child_asin units_ordered units_ordered_b2b ordered_product_sales ordered_product_sales_b2b
    currency_code total_order_items total_order_items_b2b sessions sessions_b2b page_views page_views_b2b
    browser_sessions mobile_app_sessions browser_page_views mobile_app_page_views buy_box_percentage
    buy_box_percentage_b2b unit_session_percentage unit_session_percentage_b2b
"""
"""The mission's columns that Amazon fills."""

_OURS = {"id", "date", "marketplace_id", "amazon_marketplace_id", "created_at", "pull_id"}


def newest_settled(code: str, now: datetime, *, hours: int = 34) -> date:
    """Return the newest day that ended in its marketplace at least `hours` before `now`."""
    day, zone = now.date(), ZoneInfo(ZONES[code])
    while datetime.combine(day + timedelta(days=1), time(), zone).astimezone(UTC) + timedelta(hours=hours) > now:
        day -= timedelta(days=1)
    return day


def wrong_cells(
    url: str, journal: Iterable[Mapping[str, Any]], truth: Truth, expected: Iterable[tuple[str, date]]
) -> list[str]:
    """Return in which cells both tables differ from what Amazon's last answer should have said; empty for none.

    Every day in `expected` has to be there, and no other day may be.
    """
    as_of = {(entry["account"], entry["report_id"]): _instant(entry["as_of"]) for entry in journal}
    wanted = set(expected)
    wrong: list[str] = []
    with psycopg.connect(url, row_factory=dict_row) as connection:
        asins, totals = _held(connection, "sp_daily_asin_data"), _held(connection, "sp_daily_totals")
        answered = {(row["code"], row["first_day"]): (row["account"], row["ticket"])
                    for row in connection.execute(_ANSWERED)}  # fmt: skip
    wrong += [f"{code} {day}: rows that nobody asked for" for code, day in {*asins, *totals} - wanted]
    for code, day in sorted(wanted):
        ticket = answered.get((code, day))
        if ticket is None or ticket not in as_of:
            wrong.append(f"{code} {day}: nothing is loaded")
            continue
        document = truth(code, day, as_of[ticket])
        wrong += _compared(f"{code} {day}", asins.get((code, day), []), _asin_rows(document), key="child_asin")
        wrong += _compared(f"{code} {day} totals", totals.get((code, day), []), _date_rows(document))
    return wrong


def asked_twice(journal: Iterable[Mapping[str, Any]]) -> dict[tuple[str, str, str], int]:
    """Return the questions that the simulated Amazon accepted more than once, with how often."""
    asked = Counter((e["account"], e["marketplace"], f"{e['start']}..{e['end']}") for e in journal)
    return {question: times for question, times in asked.items() if times > 1}


_ANSWERED = """
    SELECT replace(s.scope, 'marketplace:', '') AS code, s.first_day, p.account, p.ticket
    FROM sp_slices s JOIN sp_pulls p ON p.id = s.pull_id WHERE s.dataset = 'sales_and_traffic'
"""


def _held(connection: psycopg.Connection[Cells], table: str) -> dict[tuple[str, date], list[Cells]]:
    held: dict[tuple[str, date], list[Cells]] = {}
    query = f"SELECT m.code, t.* FROM {table} t JOIN marketplaces m ON m.id = t.marketplace_id"
    for row in connection.execute(query.encode()):
        code = row.pop("code")
        held.setdefault((code, row["date"]), []).append(row)
    return held


def _compared(where: str, held: list[Cells], true: list[Cells], key: str = "currency_code") -> list[str]:
    wrong = []
    ours, theirs = ({row[key]: row for row in rows} for rows in (held, true))
    if len(ours) != len(held):
        wrong.append(f"{where}: rows twice")
    wrong += [f"{where} {name}: there, and Amazon has no such row" for name in ours.keys() - theirs.keys()]
    wrong += [f"{where} {name}: missing" for name in theirs.keys() - ours.keys()]
    for name in sorted(ours.keys() & theirs.keys()):
        columns = ours[name].keys() - _OURS
        wrong += [
            f"{where} {name}.{column}: {ours[name][column]!r}, and Amazon says {theirs[name].get(column)!r}"
            for column in sorted(columns)
            if not _same(ours[name][column], theirs[name].get(column))
        ]
    return wrong


def _asin_rows(document: Mapping[str, Any]) -> list[Cells]:
    rows = []
    for element in document["salesAndTrafficByAsin"]:
        cells = _cells({**element["salesByAsin"], **element["trafficByAsin"]})
        cells |= {"parent_asin": element["parentAsin"], "child_asin": element["childAsin"]}
        rows.append({name: cells.get(name) for name in _BY_ASIN.split()})
    return rows


def _date_rows(document: Mapping[str, Any]) -> list[Cells]:
    return [_cells({**row["salesByDate"], **row["trafficByDate"]}) for row in document["salesAndTrafficByDate"]]


def _cells(figures: Mapping[str, Any]) -> Cells:
    cells: Cells = {}
    for name, value in figures.items():
        if isinstance(value, Mapping):
            cells["currency_code"], value = value["currencyCode"], value["amount"]
        cells[_spelled(name)] = value
    return cells


def _spelled(name: str) -> str:
    """Turn `unitsOrderedB2B` into `units_ordered_b2b`."""
    return re.sub(r"(?<!^)([A-Z])", r"_\1", name.replace("B2B", "_b2b")).lower()


def _same(ours: Any, theirs: Any) -> bool:
    if isinstance(ours, Decimal) and theirs is not None:
        return ours == Decimal(str(theirs)).quantize(Decimal("0.01"), ROUND_HALF_UP)
    return bool(ours == theirs)


def _instant(value: Any) -> datetime:
    return value if isinstance(value, datetime) else datetime.fromisoformat(value)
