"""What the workflows do on GitHub: each step is taken out of the YAML and carried out, against a simulated Amazon."""

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest

from sheets_server import BOOK, running_sheets
from storage_server import SECRET_KEY, running_storage
from workbooks import tab_names
from workflows import ROOT, WORKFLOWS, Done, Runner, step, steps

CANNOT_RUN = {
    "PostgreSQL's own packages, for its version 15": "it fetches from apt.postgresql.org, as root",
    "Everything": "it is what runs this test",
}
CARRIED_OUT = {
    "Pull": step("daily-pull.yml", "Pull"),
    "Backfill": step("backfill.yml", "Backfill"),
    "Doctor": step("doctor.yml", "Doctor"),
    "Push to spreadsheets": step("daily-pull.yml", "Push to spreadsheets"),
    "Template": step("template.yml", "Template"),
}
RunStep = Callable[..., Done]


def test_every_step_is_carried_out_here_or_it_is_said_why_not() -> None:
    scripts = [one for path in WORKFLOWS for one in steps(path) if one.run]
    assert {one.name for one in scripts} == {*CARRIED_OUT, *CANNOT_RUN}
    for one in scripts:
        subprocess.run(["bash", "-n"], input=one.run, text=True, check=True)
    assert (ROOT / ".ci" / "run").stat().st_mode & 0o100


def test_a_scheduled_pull_fills_the_database_and_writes_its_page(runner: Runner, database_url: str) -> None:
    done = runner.carry_out(CARRIED_OUT["Pull"])

    assert done.code == 0, done.said
    assert done.page.startswith("## chalkola pull: in good order\n")
    for code, currency in (("US", "USD"), ("DE", "EUR"), ("JP", "JPY")):
        (row,) = [line for line in done.page.splitlines() if line.startswith(f"| {code} ") and "proven" in line]
        assert currency in row
    assert "| preliminary |" in done.page, "yesterday, or the day before"
    assert "History: " in done.page
    assert "| quota | turns left | left today |" in done.page
    assert count(database_url, "sp_daily_asin_data") > 0
    assert done.annotations("error") == []


def test_a_pull_leaves_amazons_documents_in_the_projects_storage_where_its_secrets_are(
    runner: Runner, database_url: str
) -> None:
    with running_storage() as storage:
        env = storage.env()
        runner.secrets = {**runner.secrets, **{name: env[name] for name in ("SUPABASE_URL", "SUPABASE_SERVICE_KEY")}}
        done = runner.carry_out(CARRIED_OUT["Pull"], marketplaces="DE", date="2026-11-17")
        assert done.code == 0, done.said
        assert len(storage.objects()) == count(database_url, "sp_documents WHERE state = 'kept'") > 0
    assert SECRET_KEY not in done.said + done.page


def test_it_warns_in_time_that_github_ends_its_schedules(runner: Runner) -> None:
    done = runner.carry_out(CARRIED_OUT["Pull"], marketplaces="DE", dataset="daily_totals", date="2026-11-17")
    (warning,) = done.annotations("warning")
    assert "The repository on GitHub was last changed 50 days ago, on 2026-09-30." in warning
    assert "⚠️ **GitHub's schedules**" in done.page


def test_what_was_typed_by_hand_is_asked_for_and_nothing_else(runner: Runner, database_url: str) -> None:
    done = runner.carry_out(CARRIED_OUT["Pull"], date="2026-11-16", marketplaces="DE,JP", dataset="sales_and_traffic")
    assert done.code == 0, done.said
    with psycopg.connect(database_url) as connection:
        found = connection.execute("SELECT DISTINCT date::text FROM sp_daily_asin_data").fetchall()
        scopes = connection.execute("SELECT DISTINCT scope FROM sp_slices ORDER BY 1").fetchall()
    assert found == [("2026-11-16",)]
    assert scopes == [("marketplace:DE",), ("marketplace:JP",)]


def test_what_is_typed_is_never_taken_for_a_command(runner: Runner) -> None:
    done = runner.carry_out(CARRIED_OUT["Pull"], date="2026-11-16; touch harmed", marketplaces="$(touch harmed)")
    assert done.code == 2
    assert not (runner.folder / "project" / "harmed").exists()


def test_spreadsheets_are_filled_after_a_pull_with_a_key_that_is_a_secret(runner: Runner, tmp_path: Path) -> None:
    pulled = runner.carry_out(CARRIED_OUT["Pull"], marketplaces="DE", date="2026-11-17")
    assert pulled.code == 0, pulled.said
    with running_sheets() as google:
        key = google.key_file(tmp_path).read_text()
        runner.secrets = {**runner.secrets, "GOOGLE_SERVICE_ACCOUNT": key}
        runner.variables = {**runner.variables, "SHEETS_API_ENDPOINT": google.url, "CHALKOLA_SHEETS": BOOK}
        for name in ("LWA_TOKEN_URL", "FX_RATES_URL"):  # for the clock's sake
            runner.machine = {**runner.machine, name: runner.variables[name]}
        done = runner.carry_out(CARRIED_OUT["Push to spreadsheets"])
        assert done.code == 0, done.said
        assert [tab.title for tab in google.document.tabs] == ["Sheet1", "_DE", "_ALL", "_daily", "_meta"]
    assert "PRIVATE KEY" not in done.said
    assert (tmp_path / "service-account.json").stat().st_mode & 0o077 == 0


def test_a_workbook_is_made_for_the_marketplaces_that_are_typed(runner: Runner) -> None:
    runner.machine = {}
    done = runner.carry_out(CARRIED_OUT["Template"], marketplaces="DE", currency="EUR")
    assert done.code == 0, done.said
    assert "_DE" in tab_names(runner.folder / "project" / "chalkola.xlsx")


def test_days_that_are_late_leave_a_run_green_with_a_warning(runner: Runner, amazon: Any) -> None:
    amazon.goes_wrong(kind="empty_asin_list", marketplace="DE", day="2026-11-17", times=9)

    done = runner.carry_out(CARRIED_OUT["Pull"])

    assert done.code == 0, done.said
    assert done.page.startswith("## chalkola pull: some days failed or are late\n")
    (warning,) = [
        line for line in done.annotations("warning") if "late" in line.partition("::")[2].partition("::")[0]
    ]
    assert "::DE 2026-11-17 due: Amazon " in warning
    assert "asked again from 2026-11-20 " in warning


def test_what_only_a_person_can_mend_makes_it_red_and_is_said_without_secrets(runner: Runner) -> None:
    token = runner.secrets["SP_REFRESH_TOKEN_EU"]
    runner.secrets = {name: value for name, value in runner.secrets.items() if name != "DATABASE_URL"}

    done = runner.carry_out(CARRIED_OUT["Pull"])

    assert done.code == 1
    assert done.page.startswith("## ❌ A person is needed\n")
    assert "DATABASE_URL is missing, and a machine of GitHub's forgets what is on its disk." in done.page
    assert len(done.annotations("error")) == 1
    assert token not in done.page + done.said


def test_an_account_that_is_refused_makes_it_red_while_the_others_go_on(runner: Runner, amazon: Any) -> None:
    amazon.goes_wrong(kind="token_revoked", account="EU", times=9)

    done = runner.carry_out(CARRIED_OUT["Pull"])

    assert done.code == 1
    assert "❌ **Account EU**" in done.page
    assert "| US | 2026-11-17 | proven |" in done.page
    assert any("invalid_grant" in line or "refuses" in line for line in done.annotations("error"))


def test_a_backfill_fills_the_days_asked_for_and_says_how_far_it_is(runner: Runner, database_url: str) -> None:
    done = runner.carry_out(CARRIED_OUT["Backfill"], days="4", marketplaces="DE")

    assert done.code == 0, done.said
    assert done.page.startswith("## chalkola backfill: in good order\n")
    assert "History: all 4 marketplace-days are closed." in done.page
    assert count(database_url, "(SELECT DISTINCT date FROM sp_daily_asin_data) AS d") == 4


@pytest.mark.parametrize("day_zone", ["false", "true"])
def test_doctor_says_on_its_page_what_it_found(runner: Runner, day_zone: str) -> None:
    done = runner.carry_out(CARRIED_OUT["Doctor"], day_zone=day_zone)

    assert done.code == 0, done.said
    assert done.page.startswith("## chalkola doctor\n\nNo fault")
    assert "| ✅ | EU | " in done.page


def test_doctor_is_red_without_secrets_and_names_what_is_missing(runner: Runner) -> None:
    runner.secrets = {}
    done = runner.carry_out(CARRIED_OUT["Doctor"])
    assert done.code == 1
    assert "SP_LWA_CLIENT_ID is missing" in done.page
    assert done.annotations("error")


def count(url: str, of: str) -> int:
    with psycopg.connect(url) as connection:
        row = connection.execute(f"SELECT count(*) FROM {of}".encode()).fetchone()
    assert row
    return int(row[0])
