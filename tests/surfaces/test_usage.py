"""What cannot be done is said before anything is started: what, why, and what is accepted."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import click
import pytest

from chalkola.surfaces.cli import commands, main

LOOPBACK = {
    **{f"SP_API_ENDPOINT_{region}": "http://127.0.0.1:9" for region in ("NA", "EU", "FE")},
    "LWA_TOKEN_URL": "http://127.0.0.1:9/auth/o2/token",
    "FX_RATES_URL": "http://127.0.0.1:9",
    "SP_LWA_CLIENT_ID": "a",
    "SP_LWA_CLIENT_SECRET": "b",
    "SP_REFRESH_TOKEN_EU": "c",
    "CHALKOLA_CLOCK_START": "2026-11-20T02:00:00Z",
}


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of its own for commands that are called in this process; nobody listens where they would ask."""
    for name, value in {**LOOPBACK, "CHALKOLA_HOME": str(tmp_path)}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_every_command_answers_to_its_name_and_help_lists_them_all(capsys: pytest.CaptureFixture[str]) -> None:
    context = click.Context(commands)
    names = commands.list_commands(context)
    found = [commands.get_command(context, name) for name in names]
    assert [one and one.name for one in found] == names
    assert main(["--help"]) == 0
    listed = capsys.readouterr().out.partition("Commands:\n")[2]
    assert [line.split()[0] for line in listed.splitlines() if line[:3].strip()] == names
    assert main(["pul"]) == 2
    assert "'pul'" in capsys.readouterr().err


def started_nothing(home: Path) -> bool:
    return not (home / "postgres").exists()


def test_all_settings_that_are_wrong_are_named_in_one_message(alone: Any, tmp_path: Path) -> None:
    said = alone(
        "pull", DATABASE_URL="mysql://x", CHALKOLA_QUOTAS="often", CHALKOLA_MARKETPLACES="US,XX", SP_LWA_CLIENT_ID="a"
    )  # fmt: skip

    assert said.code == 1
    assert said.out == ""
    for part in ("DATABASE_URL", "CHALKOLA_QUOTAS", "'XX'", "SP_LWA_CLIENT_SECRET", "SP_REFRESH_TOKEN_NA"):
        assert part in said.err
    assert "Seller Central > Apps and Services" in said.err
    assert "SP_LWA_CLIENT_ID" not in said.err
    assert started_nothing(tmp_path)


@pytest.mark.parametrize(
    ("arguments", "accepted"),
    [
        (["--marketplace", "XX"], "US CA MX BR UK DE FR IT ES AE AU JP"),
        (["--dataset", "sales"], "sales_and_traffic, daily_totals"),
        (["--date", "18.11.2026"], "2026-11-20"),
        (["--from", "2026-11-18", "--to", "2026-11-17"], "the earlier one after --from"),
        (["--date", "2026-11-17", "--from", "2026-11-17"], "one or the other"),
        (["--to", "2026-11-17"], "--from"),
        (["--date", "2026-12-24"], "The latest day there is 2026-11-"),
        (["--date", "2024-11-01"], "The oldest day is 2024-11-2"),
        (["--days", "2"], "No such option"),
    ],
)
@pytest.mark.parametrize("command", ["pull", "plan"])
def test_a_wrong_choice_is_answered_with_the_accepted_ones(
    here: Path, capsys: pytest.CaptureFixture[str], command: str, arguments: list[str], accepted: str
) -> None:
    code = main([command, *arguments])

    out, err = capsys.readouterr()
    assert (code, out) == (2, ""), err
    assert accepted in err
    assert started_nothing(here)


def test_a_marketplace_that_no_token_opens_is_refused_with_those_that_are_open(chalkola: Any) -> None:
    said = chalkola("pull", "--marketplace", "fr")

    assert said.code == 2
    assert "No refresh token opens FR" in said.err
    assert "US DE JP" in said.err


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        (["--since", "2025-01-01", "--days", "9"], "--since and --days both say where to begin."),
        (["--since", "yesterday"], "'yesterday' is not a day."),
        (["--since", "2999-01-01"], "Nothing has settled since 2999-01-01."),
        (["--days", "0"], "--days 0 is no number of days."),
        (["--max-runtime", "soon"], "--max-runtime soon is no length of time."),
        (["--max-runtime", "0m"], "Write it like 5h30m or 45m."),
        (["--dataset", "seen_asins"], "Accepted: sales_and_traffic, daily_totals, daily_parents, "),
        (["--dataset", "fx_rates"], "Accepted here: sales_and_traffic, daily_totals, daily_parents."),
        (["--marketplace", "XX"], "XX"),
    ],
)
def test_a_backfill_of_nothing_sensible_is_wrong_usage(alone: Any, typed: list[str], said: str) -> None:
    answer = alone("backfill", *typed, **LOOPBACK)

    assert answer.code == 2, answer.err
    assert said in answer.err


def test_an_unknown_command_is_wrong_usage(alone: Any) -> None:
    said = alone("fetch")

    assert said.code == 2
    assert "No such command 'fetch'" in said.err


def test_the_missions_script_names_call_the_commands(alone: Any) -> None:
    scripts = Path(__file__).parents[2] / "scripts"
    for name, code, sentence in (
        ("pull_daily_sales.py", 1, "SP_LWA_CLIENT_ID is missing"),
        ("backfill_historical.py", 1, "SP_LWA_CLIENT_ID is missing"),
    ):
        done = subprocess.run(
            [sys.executable, str(scripts / name)], env=alone.variables(), cwd=alone.folder, capture_output=True,
            text=True, check=False,
        )  # fmt: skip
        assert (done.returncode, sentence in done.stderr) == (code, True), done.stderr


def test_a_simulators_option_reaches_the_simulator(alone: Any) -> None:
    said = alone("simulate", "--marketplaces", "US,XX")

    assert said.code == 2
    assert "unknown marketplace 'XX'" in said.err
