"""`chalkola pull` as a person meets it: what it prints, how it ends, what it leaves."""

import re
import signal
import sys
from pathlib import Path
from typing import Any

import psycopg
import pytest

DUE = [("US", "2026-11-17"), ("DE", "2026-11-17"), ("JP", "2026-11-18")]
SALES, LIST = "GET_SALES_AND_TRAFFIC_REPORT", "GET_MERCHANT_LISTINGS_ALL_DATA"


def test_a_pull_loads_what_is_due_and_a_second_one_says_that_nothing_is(by_reports: Any, reports_amazon: Any) -> None:
    first, second = by_reports("pull"), by_reports("pull")

    assert first.code == 0, first.err
    lines = first.out.splitlines()
    for code, day in DUE:
        start = f"{code} {day}  sales_and_traffic.report: "
        assert any(line.startswith(start) and line.endswith(" rows, proven") for line in lines), first.out
        assert re.search(rf"^{code} .* 2026-11-16 \(listings\) .* proven", first.out, re.MULTILINE), first.out
    assert re.search(r"^world .* \(fx_rates\) .* proven", first.out, re.MULTILINE)
    assert "7 pulls loaded" in first.out
    assert "\x1b" not in first.out
    assert second.code == 0, second.err
    assert second.out.startswith("Nothing is due.\nNext: DE 2026-11-18, which settles at 2026-11-20 09:00 UTC")
    assert sorted(entry["report_type"] for entry in reports_amazon.see("journal")) == [*[LIST] * 3, *[SALES] * 3]


def test_a_pull_with_data_kiosk_says_what_came_of_each_question(chalkola: Any, amazon: Any) -> None:
    first, second = chalkola("pull"), chalkola("pull")

    assert (first.code, second.code) == (0, 0), first.out + second.out
    for code, day in DUE:
        for source in ("sales_and_traffic.by_asin", "daily_totals.by_date", "daily_parents.by_asin"):
            assert f"{code} {day}  {source}: " in first.out
    assert "13 pulls loaded" in first.out
    assert "Account" not in first.out
    assert second.out.startswith("Nothing is due.")
    assert [entry["report_type"] for entry in amazon.see("journal")] == [LIST] * 3
    assert len(amazon.see("queries")) == 9


def test_json_is_one_object_on_standard_output_and_nothing_else(by_reports: Any) -> None:
    said = by_reports("pull", "--json", "--marketplace", "DE")

    assert said.code == 0, said.err
    report = said.object
    assert (report["exit_code"], report["loaded"], report["left_in_ledger"]) == (0, 2, 0)
    assert {(fault["account"], fault["source"].partition(".")[0]) for fault in report["faults"]} == {
        ("EU", "sales_and_traffic"), ("EU", "daily_totals"), ("EU", "daily_parents"),
    }, "Data Kiosk is closed, which the first run says"  # fmt: skip
    assert {(s["dataset"], s["marketplace"], s["day"], s["state"]) for s in report["slices"]} == {
        ("sales_and_traffic", "DE", "2026-11-17", "proven"),
        ("daily_totals", "DE", "2026-11-17", "proven"),
        ("daily_parents", "DE", "2026-11-17", "closed"),
        ("listings", "DE", "2026-11-16", "proven"),
    }
    assert "DE 2026-11-17  sales_and_traffic.report: " in said.err
    assert by_reports("pull", "--json", "--marketplace", "DE").object["faults"] == [], "and the second does not"


def test_a_day_that_has_not_settled_is_loaded_as_preliminary(by_reports: Any) -> None:
    said = by_reports("pull", "--date", "2026-11-18", "--marketplace", "DE")

    assert said.code == 0, said.err
    assert "preliminary" in said.out
    assert "asked again from 2026-11-20 09:00 UTC" in said.out


def test_days_that_are_closed_are_asked_for_only_again(by_reports: Any, reports_amazon: Any) -> None:
    day = ("--date", "2026-11-16", "--marketplace", "DE")
    by_reports("pull", *day)

    said = by_reports("pull", *day)
    again = by_reports("pull", *day, "--again")

    assert "2 days are closed already" in said.out
    assert "1 pull loaded" in again.out
    assert len(reports_amazon.see("journal")) == 2


def test_an_account_that_is_refused_is_told_about_and_the_others_finish(by_reports: Any, reports_amazon: Any) -> None:
    reports_amazon.goes_wrong(kind="token_revoked", account="EU", times=None)

    said = by_reports("pull")
    status = by_reports("status")

    assert said.code == 1
    assert "Account EU" in said.out
    for place in ("JP 2026-11-18", "US 2026-11-17"):
        assert re.search(f"^{place}  sales_and_traffic.report: .*, proven$", said.out, re.MULTILINE)
    assert "Account EU is closed" in status.out


def test_a_day_that_fails_ends_with_3_and_says_why_and_when_it_is_asked_again(
    by_reports: Any, reports_amazon: Any
) -> None:
    reports_amazon.goes_wrong(kind="not_json", marketplace="DE", report_type=SALES)

    said = by_reports("pull")
    status = by_reports("status", "--json").object

    assert said.code == 3
    assert "DE 2026-11-17  sales_and_traffic.report: failed: " in said.out
    assert "asked again from 2026-11-20 0" in said.out
    late = {one["marketplace"]: one["late"] for one in status["marketplaces"]}
    assert late["DE"][0]["state"] == "failed"
    assert late["US"] == []
    assert status["failures"][0]["failure"] == late["DE"][0]["why"]


def test_a_database_that_is_not_there_is_said_without_its_password(by_reports: Any, tmp_path: Path) -> None:
    said = by_reports("pull", DATABASE_URL="postgresql://me:hunter2hunter2@127.0.0.1:9/none?connect_timeout=2")

    assert said.code == 1
    assert "The database at 127.0.0.1:9 cannot be reached" in said.err
    assert "hunter2" not in said.err + said.out


@pytest.mark.skipif(sys.platform == "win32", reason="a process cannot be asked to end there, only ended")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_pull_that_is_stopped_ends_in_good_order_and_the_next_goes_on(
    by_reports: Any, reports_amazon: Any, database_url: str, number: signal.Signals
) -> None:
    slow = {"CHALKOLA_QUOTAS": "sales_and_traffic.report=1/10min,scope=app"}  # 2 s a report
    process = by_reports.start("pull", "--dataset", "sales_and_traffic", **slow)
    first_line = process.stdout.readline()
    process.send_signal(number)
    rest, _ = process.communicate(timeout=30)

    assert process.returncode == 0, first_line + rest
    assert first_line.endswith(" rows, proven\n")
    assert "Stopped in good order: " in rest
    with psycopg.connect(database_url) as connection:
        held = connection.execute("SELECT count(*) FROM sp_pulls WHERE lease_until > clock_timestamp()").fetchone()
    assert held == (0,)
    assert by_reports("pull").code == 0
    asked = (e for e in reports_amazon.see("journal") if e["report_type"] == SALES)
    assert sorted((e["marketplace"], e["start"]) for e in asked) == sorted(DUE)
