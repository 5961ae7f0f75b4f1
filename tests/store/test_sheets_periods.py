"""Periods in words mean the days that they are said to mean."""

import calendar
import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sheeting import Database

CASES = json.loads((Path(__file__).parents[1] / "documents" / "periods.json").read_text(encoding="utf-8"))["cases"]
DAY = timedelta(days=1)


def asked(
    database: Database, period: str, today: str | date, closed: str | date | None, *more: str | None
) -> dict[str, Any]:
    row = database.execute(
        "SELECT * FROM sp_sheet_period(%s, %s::date, %s::date, %s, %s)",
        (period, today, closed, *(more or (None, None))),
    ).fetchone()
    assert row is not None
    return row


def test_every_case_of_the_shared_table(database: Database) -> None:
    wrong = []
    for case in CASES:
        try:
            row = asked(database, case["period"], case["today"], case["closed"], case.get("start"), case.get("end"))
        except psycopg.Error as error:
            said = str(error.diag.message_primary)
            if error.sqlstate != "CH002" or case.get("refused", "\0") not in said:
                wrong.append((case, said))
            continue
        empty = row["last"] is None or row["last"] < row["first"]
        found = {
            "from": str(row["first"]) if row["first"] and case["from"] else None,
            "to": None if empty else str(row["last"]),
            "whole": not empty and row["last"] == row["nominal_last"],
            "day": row["is_a_day"],
            "empty": empty and case["closed"] is not None,
        }  # fmt: skip
        said_of = {"whole": case["to"] is not None, "day": False, "empty": False, **case}
        if "refused" in case or found != {name: said_of[name] for name in found}:
            wrong.append((case, str(found)))
    assert wrong == []


def test_a_refusal_lists_every_word(database: Database) -> None:
    with pytest.raises(psycopg.Error) as caught:
        asked(database, "Blue moon", "2026-11-26", "2026-11-24")
    for word in ("Yesterday", "Last 7 days", "MTD", "2026-09", "2026-W40", "CUSTOM"):
        assert word in str(caught.value.diag.message_primary)


# --- a second opinion, in Python ------------------------------------------------------------------------------------

TODAYS = st.dates(date(2020, 1, 1), date(2031, 12, 31))
UNITS = ("week", "month", "quarter", "year")


def begin(unit: str, day: date) -> date:
    match unit:
        case "week":
            return day - day.weekday() * DAY
        case "month":
            return day.replace(day=1)
        case "quarter":
            return date(day.year, (day.month - 1) // 3 * 3 + 1, 1)
        case _:
            return date(day.year, 1, 1)


def months_later(day: date, months: int) -> date:
    """Return the same day of another month, or the last one of a shorter month."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def back(unit: str, day: date, count: int = 1) -> date:
    match unit:
        case "week":
            return day - 7 * count * DAY
        case _:
            return months_later(day, -count * {"month": 1, "quarter": 3, "year": 12}[unit])


def expected(word: str, today: date, closed: date) -> tuple[date, date] | None:
    """Return the days of a period as somebody else would work them out, None where none of them is closed."""
    match word.split():
        case ["last", count, "days"]:
            first, last = closed - (int(count) - 1) * DAY, closed
        case ["last", count, "days", unit, "ago"]:
            last = back(unit, closed)
            first = last - (int(count) - 1) * DAY
        case ["this", unit]:
            first, last = begin(unit, today), min(closed, today - DAY)
        case ["this", unit, shift, "ago"]:
            now = begin(unit, today)
            come = (min(closed, today - DAY) - now).days
            if come < 0:
                return None
            first = back(shift, now)
            end = begin(unit, first + 6 * DAY) + 6 * DAY if unit == "week" else back(unit, first, -1) - DAY
            last = min(first + come * DAY, end)
        case ["last", unit]:
            last = begin(unit, today) - DAY
            first = begin(unit, last)
        case ["last", count, units]:
            unit = units.removesuffix("s")
            first, last = back(unit, begin(unit, today), int(count)), begin(unit, today) - DAY
        case other:
            raise AssertionError(other)
    last = min(last, closed)
    return (first, last) if first <= last else None


WORDS = st.one_of(
    st.integers(1, 731).map(lambda n: f"last {n} days"),
    st.tuples(st.integers(1, 400), st.sampled_from(["week", "month", "year"])).map(
        lambda t: f"last {t[0]} days {t[1]} ago"
    ),
    st.sampled_from(UNITS).map(lambda unit: f"this {unit}"),
    st.sampled_from(UNITS).map(lambda unit: f"this {unit} {unit} ago"),
    st.sampled_from(["month", "quarter", "year"]).map(lambda unit: f"this {unit} year ago"),
    st.sampled_from(UNITS).map(lambda unit: f"last {unit}"),
    st.tuples(st.integers(1, 24), st.sampled_from(["weeks", "months", "quarters"])).map(
        lambda t: f"last {t[0]} {t[1]}"
    ),
)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(word=WORDS, today=TODAYS, lag=st.integers(1, 40))
def test_periods_are_those_that_python_works_out(word: str, today: date, lag: int, database: Database) -> None:
    closed = today - lag * DAY
    row = asked(database, word, today, closed)
    empty = row["last"] is None or row["last"] < row["first"]
    assert (None if empty else (row["first"], row["last"])) == expected(word, today, closed)
    assert row["is_a_day"] is False


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(day=TODAYS)
def test_iso_weeks_are_those_that_python_works_out(day: date, database: Database) -> None:
    year, week, _ = day.isocalendar()
    row = asked(database, f"{year}-W{week:02}", day + 400 * DAY, day + 399 * DAY)
    assert (row["first"], row["last"]) == (begin("week", day), begin("week", day) + 6 * DAY)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(today=TODAYS, unit=st.sampled_from(["week", "month", "year"]))
def test_the_same_day_is_the_calendars(today: date, unit: str, database: Database) -> None:
    row = asked(database, f"Same day last {unit}", today, today - 3 * DAY)
    assert (row["first"], row["last"], row["is_a_day"]) == (back(unit, today), back(unit, today), True)
