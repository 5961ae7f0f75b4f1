"""What the database says held against what the simulated Amazon knows to be true, cell by cell.

The names of the mission's columns are spelled out here and derived from Amazon's own field names, not from the
product's tables: the two have to agree.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from typing import Any, Protocol
from zoneinfo import ZoneInfo

import psycopg
from psycopg.rows import dict_row

Cells = dict[str, Any]


class Asked(Protocol):
    """The simulated Amazon, in this process or in another."""

    @property
    def journal(self) -> list[Mapping[str, Any]]:
        """Every report that it has accepted."""

    @property
    def queries(self) -> list[Mapping[str, Any]]:
        """Every query that it has accepted."""

    def true_rows(self, kind: str, code: str, day: date, as_of: datetime, aggregate: str) -> list[Mapping[str, Any]]:
        """Return the rows of a day as Data Kiosk shows them at an instant, with every field."""


ZONES = {
    "US": "America/Los_Angeles", "CA": "America/Los_Angeles", "MX": "America/Los_Angeles", "BR": "America/Sao_Paulo",
    "UK": "Europe/London", "DE": "Europe/Berlin", "FR": "Europe/Paris", "IT": "Europe/Rome", "ES": "Europe/Madrid",
    "AE": "Asia/Dubai", "AU": "Australia/Sydney", "JP": "Asia/Tokyo",
}  # fmt: skip

_OURS = {
    "id", "date", "marketplace_id", "amazon_marketplace_id", "created_at", "pull_id", "source", "first_loaded_at",
    "last_changed_at", "times_changed",
}  # fmt: skip

_NOT_IN_REPORTS = re.compile(
    "units_refunded|refund_rate|orders_shipped|units_shipped|shipped_product_sales"
    "|(browser|mobile_app)_(session|page_views)_percentage|session_percentage$|page_views_percentage"
)
"""What a report leaves as it is in the rows by ASIN."""
_NOT_IN_REPORTED_TOTALS = re.compile(
    "(claims_amount|claims_granted|orders_shipped|refund_rate|shipped_product_sales|units_refunded|units_shipped"
    "|feedback_received|negative_feedback_received|received_negative_feedback_rate)_b2b"
)


def newest_settled(code: str, now: datetime, *, hours: int = 34) -> date:
    """Return the newest day that ended in its marketplace at least `hours` before `now`."""
    day, zone = now.date(), ZoneInfo(ZONES[code])
    while datetime.combine(day + timedelta(days=1), time(), zone).astimezone(UTC) + timedelta(hours=hours) > now:
        day -= timedelta(days=1)
    return day


def wrong_cells(url: str, amazon: Asked, expected: Iterable[tuple[str, date]]) -> list[str]:
    """Return in which cells the tables differ from what Amazon's last answers should have said; empty for none.

    Every day in `expected` has to be there, and no other day may be. A day of parents is looked at where it is there.
    """
    answers = _Answers(amazon)
    wanted = set(expected)
    wrong: list[str] = []
    with psycopg.connect(url, row_factory=dict_row) as connection:
        held = {table: _held(connection, table) for table in (_ASINS, _TOTALS, _PARENTS)}
        given = _given(connection)
    loaded = {*held[_ASINS], *held[_TOTALS]}
    wrong += [f"{code} {day}: rows that nobody asked for" for code, day in loaded - wanted]
    for code, day in sorted(wanted):
        if ("sales_and_traffic", code, day) not in given:
            wrong.append(f"{code} {day}: nothing is loaded")
    for (dataset, code, day), pulls in sorted(given.items()):
        if (code, day) in wanted or dataset == "daily_parents":
            wrong += answers.compared(dataset, code, day, pulls, held)
    return wrong


_ASINS, _TOTALS, _PARENTS = "sp_daily_asin_data", "sp_daily_totals", "sp_daily_parent_data"
KINDS = {
    "sales_and_traffic": (_ASINS, "salesAndTrafficByAsin", "CHILD", "child_asin"),
    "daily_totals": (_TOTALS, "salesAndTrafficByDate", "DAY", "currency_code"),
    "daily_parents": (_PARENTS, "salesAndTrafficByAsin", "PARENT", "parent_asin"),
}


class _Answers:
    """What the answers to the accepted questions said, faults left out."""

    def __init__(self, amazon: Asked) -> None:
        self._amazon = amazon
        reports = {(e["account"], e["report_id"]): _instant(e["as_of"]) for e in amazon.journal}
        queries = {(e["account"], e["query_id"]): _instant(e["as_of"]) for e in amazon.queries}
        self._as_of = {**reports, **queries}

    def compared(self, dataset: str, code: str, day: date, pulls: list[Cells], held: Mapping[str, Any]) -> list[str]:
        table, kind, aggregate, key = KINDS[dataset]
        where = f"{code} {day}" + ("" if dataset == "sales_and_traffic" else f" {dataset}")
        true: dict[str, Cells] = {}
        for pull in pulls:
            # Of an answer whose pages began anew, earlier tickets are no part.
            first = [*pull["page_tickets"], pull["ticket"]][-len(pull["pages"]) - 1]
            as_of = self._as_of.get((pull["account"], first))
            if as_of is None:
                return [f"{where}: nothing is loaded"]
            asins = {a for scope, some in pull["filters"] or () for a in some if scope.endswith(f":{code}")}
            rows = {row[key]: row for row in map(kiosk_row, self._rows(kind, code, day, as_of, aggregate))}
            if pull["filters"]:
                true = {name: row for name, row in true.items() if name not in asins}
                rows = {name: row for name, row in rows.items() if name in asins}
                true |= rows
            else:
                true = rows
        ours = held[table].get((code, day), [])
        left_out = _LEFT_OUT.get((dataset, pulls[-1]["source"].endswith(".report")))
        return _compared(where, ours, list(true.values()), key, left_out)

    def _rows(self, kind: str, code: str, day: date, as_of: datetime, aggregate: str) -> list[Mapping[str, Any]]:
        return self._amazon.true_rows(kind, code, day, as_of, aggregate)


_LEFT_OUT = {("sales_and_traffic", True): _NOT_IN_REPORTS, ("daily_totals", True): _NOT_IN_REPORTED_TOTALS}


def _given(connection: psycopg.Connection[Cells]) -> dict[tuple[str, str, date], list[Cells]]:
    """Return the pulls behind each slice that has rows: the last complete one, and those for some ASINs since."""
    given: dict[tuple[str, str, date], list[Cells]] = {}
    query = """
        SELECT s.dataset, replace(s.scope, 'marketplace:', '') AS code, s.first_day, p.id, p.source, p.account,
               p.ticket, p.pages, p.page_tickets, p.filters
        FROM sp_slices s JOIN sp_pull_slices ps USING (dataset, scope, first_day) JOIN sp_pulls p ON p.id = ps.pull_id
        WHERE ps.loaded AND s.row_count > 0 AND s.dataset = ANY (%s) ORDER BY p.id
    """
    for pull in connection.execute(query, (list(KINDS),)):
        place = pull["dataset"], pull["code"], pull["first_day"]
        if pull["filters"] is None:
            given[place] = []
        given.setdefault(place, []).append(pull)
    return given


def kiosk_row(row: Mapping[str, Any]) -> Cells:
    """Return a row of Data Kiosk under the names of the mission's columns."""
    cells = _cells({**row["sales"], **row["traffic"]})
    return cells | {"parent_asin": row.get("parentAsin"), "child_asin": row.get("childAsin")}


def asked_twice(journal: Iterable[Mapping[str, Any]]) -> dict[tuple[str, str, str], int]:
    """Return the reports that the simulated Amazon accepted more than once, with how often."""
    asked = Counter((e["account"], e["marketplace"], f"{e['start']}..{e['end']}") for e in journal)
    return {question: times for question, times in asked.items() if times > 1}


def queries_asked_twice(queries: Iterable[Mapping[str, Any]]) -> dict[tuple[str, str, str], int]:
    """Return the queries, page by page, that the simulated Amazon accepted more than once, with how often."""
    asked = Counter((e["account"], e["query"], e["page_token"] or "") for e in queries)
    return {question: times for question, times in asked.items() if times > 1}


def _held(connection: psycopg.Connection[Cells], table: str) -> dict[tuple[str, date], list[Cells]]:
    held: dict[tuple[str, date], list[Cells]] = {}
    query = f"SELECT m.code, t.* FROM {table} t JOIN marketplaces m ON m.id = t.marketplace_id"
    for row in connection.execute(query.encode()):
        code = row.pop("code")
        held.setdefault((code, row["date"]), []).append(row)
    return held


def _compared(
    where: str, held: list[Cells], true: list[Cells], key: str, left_out: re.Pattern[str] | None
) -> list[str]:
    wrong = []
    ours, theirs = ({row[key]: row for row in rows} for rows in (held, true))
    if len(ours) != len(held):
        wrong.append(f"{where}: rows twice")
    wrong += [f"{where} {name}: there, and Amazon has no such row" for name in ours.keys() - theirs.keys()]
    wrong += [f"{where} {name}: missing" for name in theirs.keys() - ours.keys()]
    for name in sorted(ours.keys() & theirs.keys()):
        columns = [c for c in ours[name] if c not in _OURS and not (left_out and left_out.match(c))]
        wrong += [
            f"{where} {name}.{column}: {ours[name][column]!r}, and Amazon says {theirs[name].get(column)!r}"
            for column in sorted(columns)
            if not _same(ours[name][column], theirs[name].get(column))
        ]
    return wrong


def _cells(figures: Mapping[str, Any]) -> Cells:
    cells: Cells = {}
    for name, value in figures.items():
        if isinstance(value, Mapping):
            cells["currency_code"], value = value["currencyCode"], value["amount"]
        cells[_spelled(name)] = value
    return cells


@cache
def _spelled(name: str) -> str:
    """Turn `unitsOrderedB2B` into `units_ordered_b2b`."""
    return re.sub(r"(?<!^)([A-Z])", r"_\1", name.replace("B2B", "_b2b")).lower()


def _same(ours: Any, theirs: Any) -> bool:
    if isinstance(ours, Decimal) and theirs is not None:
        return ours == Decimal(str(theirs)).quantize(Decimal("0.01"), ROUND_HALF_UP)
    return bool(ours == theirs)


def _instant(value: Any) -> datetime:
    return value if isinstance(value, datetime) else datetime.fromisoformat(value)
