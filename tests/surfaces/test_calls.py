"""`chalkola calls`: what Amazon was called for, newest last, and what came of it."""

import sys
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from chalkola.calls import Call
from chalkola.datasets import DAILY
from chalkola.store.calls import Tally
from chalkola.surfaces import screen
from chalkola.surfaces.calls import read_since, show
from chalkola.surfaces.cli import main

NOW = datetime(2026, 11, 20, 2, tzinfo=UTC)


def test_calls_are_shown_with_their_outcomes_and_request_ids(by_reports: Any, reports_amazon: Any) -> None:
    reports_amazon.goes_wrong(kind="throttled", operation="getReport", account="EU", retry_after=30)
    assert by_reports("pull", "--marketplace", "DE").code == 0

    said = by_reports("calls", "--json").object

    counted = reports_amazon.see("calls")
    assert said["found"] == len(said["calls"]) == sum(sum(by_status.values()) for by_status in counted.values())
    times = [one["at"] for one in said["calls"]]
    assert times == sorted(times)
    refused = next(one for one in said["calls"] if one["status"] == 429)
    assert (refused["operation"], refused["account"], refused["failure"]) == ("getReport", "EU", None)
    assert len(refused["request_id"]) == 36
    assert refused["pull"] > 0
    sums = {one["operation"]: (one["calls"], one["throttled"], one["failed"]) for one in said["operations"]}
    assert sums["getReport"] == (counted["getReport"]["200"] + 1, 1, 1)
    assert {name: count for name, (count, _, _) in sums.items()} == {
        name: sum(by_status.values()) for name, by_status in counted.items()
    }

    table = by_reports("calls", "--pull", str(refused["pull"]))
    assert table.code == 0
    assert table.out.split("\n")[1].split() == [
        "time", "(UTC)", "account", "operation", "outcome", "ms", "rate/s", "pull", "request", "id",
    ]  # fmt: skip
    (line,) = [line for line in table.out.splitlines() if refused["request_id"] in line]
    assert line.split()[2:5] == ["EU", "getReport", "429"]
    assert "getMarketplaceParticipations" not in table.out, "it was made for no pull"
    assert "median ms" in table.out


def test_calls_are_narrowed_down(chalkola: Any) -> None:
    datasets = (part for dataset in DAILY for part in ("--dataset", dataset.name))
    chalkola("pull", "--marketplace", "DE,JP", *datasets)

    def found(*arguments: str) -> list[dict[str, Any]]:
        said = chalkola("calls", "--json", "--limit", "1000", *arguments)
        assert said.code == 0, said.err
        return list(said.object["calls"])

    everything = found()
    logins_and_downloads = found("--operation", "LOGIN", "--operation", "download")
    assert {one["operation"] for one in logins_and_downloads} == {"login", "download"}
    assert {one["account"] for one in found("--account", "fe")} == {"FE"}
    of_germany = found("--marketplace", "DE", "--date", "2026-11-17")
    assert {one["account"] for one in of_germany} == {"EU"}
    assert of_germany == [one for one in everything if one["account"] == "EU" and one["pull"]]
    assert found("--marketplace", "DE", "--date", "2026-11-16") == []
    assert found("--failed") == [one for one in everything if not 200 <= one["status"] < 300]
    assert found("--since", "2d") == everything
    assert found("--since", "2026-12-24") == []
    newest = chalkola("calls", "--json", "--limit", "3").object
    assert (newest["calls"], newest["found"]) == (everything[-3:], len(everything))
    assert f"The newest 3 of {len(everything)}; --limit shows more." in chalkola("calls", "--limit", "3").out


def test_where_there_is_nothing_it_says_why(alone: Any, database_url: str) -> None:
    place = {"DATABASE_URL": database_url}
    assert alone("calls", **place).out == "No call is written down. They are kept for 30 days.\n"
    some = alone("calls", "--failed", **place)
    assert (some.code, some.out) == (0, "No call is written down that meets this. They are kept for 30 days.\n")
    none = alone("calls", **place, CHALKOLA_CALLS_KEPT_DAYS="0")
    assert none.out == "No call is kept: CHALKOLA_CALLS_KEPT_DAYS is 0.\n"
    assert alone("calls", "--json", **place).object == {"found": 0, "calls": [], "operations": []}
    pull = alone("calls", "--pull", "7", **place)
    assert (pull.code, pull.err.splitlines()[0]) == (2, "There is no pull 7.")
    assert "Nothing has been pulled yet." in pull.err


@pytest.mark.parametrize(
    ("arguments", "accepted"),
    [
        (["--account", "XX"], "NA EU FE US CA MX"),
        (["--operation", "getEverything"], "createReport, getReports"),
        (["--operation", "getEverything"], "getMarketplaceParticipations, login, download"),
        (["--pull", "x"], "'x' is not a valid integer"),
        (["--pull", "0"], "x>=1"),
        (["--marketplace", "XX"], "US CA MX BR UK DE FR IT ES AE AU JP"),
        (["--date", "yesterday"], "2026-11-20"),
        (["--since", "yesterday"], "how long ago (45min, 2h, 1d), a day (2026-11-20)"),
        (["--since", "-2h"], "how long ago"),
        (["--limit", "0"], "1<=x<=100000"),
        (["DE"], "unexpected extra argument"),
    ],
)
def test_a_wrong_choice_is_answered_with_the_accepted_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
    arguments: list[str], accepted: str,
) -> None:  # fmt: skip
    monkeypatch.setenv("CHALKOLA_HOME", str(tmp_path))
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.chdir(tmp_path)

    code = main(["calls", *arguments])

    out, err = capsys.readouterr()
    assert (code, out) == (2, ""), err
    assert accepted in err
    assert not (tmp_path / "postgres").exists()


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("90s", NOW - timedelta(seconds=90)),
        ("45 min", NOW - timedelta(minutes=45)),
        ("45m", NOW - timedelta(minutes=45)),
        ("2H", NOW - timedelta(hours=2)),
        ("1d", NOW - timedelta(days=1)),
        ("2w", NOW - timedelta(days=14)),
        ("2026-11-19", NOW - timedelta(hours=26)),
        ("2026-11-20T01:00", NOW - timedelta(hours=1)),
        ("2026-11-20 01:00", NOW - timedelta(hours=1)),
        ("2026-11-20T01:00Z", NOW - timedelta(hours=1)),
        ("2026-11-20T02:00+02:00", NOW - timedelta(hours=2)),
    ],
)
def test_a_time_to_begin_from_is_written_in_several_ways(typed: str, meant: datetime) -> None:
    assert read_since(typed, NOW) == meant


class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


def test_in_a_narrow_terminal_a_request_id_can_be_copied_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    call = Call(
        at=NOW, account="EU", operation="getMarketplaceParticipations", seconds=12.3456, status=200, failure="reset",
        request_id="0c7a7f4e-7b2f-4c1e-9f1e-0c7a7f4e7b2f", rate_per_second=0.016, pull=1234,
    )  # fmt: skip
    tally = Tally(operation=call.operation, calls=1, throttled=0, failed=1, median_ms=12346, p95_ms=12346)
    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    monkeypatch.setenv("COLUMNS", "60")

    show(screen.console(whole=True), [call], [tally])

    (line,) = [line for line in terminal.getvalue().splitlines() if "0c7a7f4e" in line]
    assert line.split() == [
        "2026-11-20", "02:00:00", "EU", "getMarketplaceParticipations", "200,", "then", "reset", "12,346", "0.016",
        "1234", call.request_id,
    ]  # fmt: skip
