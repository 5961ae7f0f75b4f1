"""What a run says where nobody looks: a line a pull in words, or an object a line in JSON; never a secret."""

import json
import logging
import re
import signal
import sys
from pathlib import Path
from typing import Any

import pytest

from chalkola.surfaces import failures, screen
from chalkola.surfaces.docs import ROOT
from chalkola.surfaces.logs import warnings_as_events
from chalkola.surfaces.output import Guarded, guarded_output, unguarded_output

JSON = {"CHALKOLA_LOG": "json"}
TOKEN = "Atzr|a-refresh-token-of-EU"  # noqa: S105  made up


def events(text: str) -> list[dict[str, Any]]:
    """Return the events of a log: each line is one."""
    return [json.loads(line) for line in text.splitlines()]


def test_a_run_says_exactly_one_line_a_pull(by_reports: Any, reports_amazon: Any) -> None:
    said = by_reports("pull")

    lines = [line for line in said.out.splitlines() if "  sales_and_traffic.report: " in line]
    asked = [e for e in reports_amazon.see("journal") if e["report_type"] == "GET_SALES_AND_TRAFFIC_REPORT"]
    assert len(lines) == len(asked) == 3
    assert said.err == ""


def test_in_json_each_pull_is_one_event_with_its_facts_and_so_is_the_run(chalkola: Any, amazon: Any) -> None:
    said = chalkola("pull", "--marketplace", "DE,JP", **JSON)

    assert (said.code, said.err) == (0, "")
    *pulls, run = events(said.out)
    assert [one["event"] for one in pulls] == ["pull"] * 8
    (children,) = [p for p in pulls if p["source"] == "sales_and_traffic.by_asin" and p["account"] == "EU"]
    assert children["ts"].startswith("2026-11-20T0")
    assert {**children, "ts": "", "asked_at": "", "pull": 0} == {
        "ts": "", "event": "pull", "pull": 0, "account": "EU", "source": "sales_and_traffic.by_asin",
        "scopes": ["marketplace:DE"], "first_day": "2026-11-17", "last_day": "2026-11-17", "stage": "loaded",
        "rows": children["rows"], "states": children["states"], "asked_at": "",
        **({"reasons": children["reasons"]} if "reasons" in children else {}),
    }  # fmt: skip
    assert children["rows"] > 0
    assert set(children["states"]) <= {"loaded", "proven"}
    assert (run["event"], run["asked"], run["loaded"], run["failed"], run["exit_code"]) == ("run", 8, 8, 0, 0)
    assert run["rows"] == sum(one["rows"] for one in pulls)


def test_in_json_what_fails_and_what_a_person_must_do_are_events(by_reports: Any, reports_amazon: Any) -> None:
    reports_amazon.goes_wrong(kind="token_revoked", account="FE", times=None)
    reports_amazon.goes_wrong(kind="not_json", marketplace="DE", report_type="GET_SALES_AND_TRAFFIC_REPORT")

    said = by_reports("pull", **JSON)

    told = events(said.out)
    assert (said.code, said.err) == (1, "")
    (failed,) = [one for one in told if one["event"] == "pull" and one["stage"] == "refused"]
    assert "JSON" in failed["failure"]
    assert failed["states"] == ["failed"]
    (fault,) = [one for one in told if one["event"] == "fault" and one["account"] == "FE"]
    assert "SP_REFRESH_TOKEN_FE" in fault["remedy"]
    assert {(one["marketplace"], one["state"]) for one in told if one["event"] == "open"} >= {("DE", "failed")}
    assert told[-1]["event"] == "run"
    assert told[-1]["failed"] == 1


def test_json_on_standard_output_and_events_beside_it(by_reports: Any) -> None:
    said = by_reports("pull", "--json", "--marketplace", "DE", **JSON)

    assert said.object["loaded"] == 2
    assert [one["event"] for one in events(said.err) if one["event"] in ("pull", "run")] == ["pull", "pull", "run"]


@pytest.mark.skipif(sys.platform == "win32", reason="a process cannot be asked to end there, only ended")
def test_in_json_a_run_that_is_stopped_says_so(by_reports: Any) -> None:
    slow = {"CHALKOLA_QUOTAS": "sales_and_traffic.report=1/10min,scope=app", **JSON}
    process = by_reports.start("pull", **slow)
    process.stdout.readline()
    process.send_signal(signal.SIGTERM)
    told = events(process.communicate(timeout=30)[0])
    assert "stopping" in [one["event"] for one in told]
    assert (told[-1]["event"], told[-1]["stopped"]) == ("run", True)


def test_in_json_what_ends_a_command_is_an_event_too(alone: Any) -> None:
    for arguments, code, words in (
        (["pull"], 1, "SP_LWA_CLIENT_ID is missing"),
        (["pull", "--marketplace", "XX"], 2, "XX"),
        (["pull", "--never"], 2, "No such option"),
        (["fetch"], 2, "No such command 'fetch'"),
    ):
        said = alone(*arguments, **JSON)
        assert (said.code, said.out) == (code, "")
        (told,) = events(said.err)
        assert (told["event"], told["exit_code"]) == ("error", code)
        assert words in told["what"]


def test_every_event_is_explained_to_who_runs_it() -> None:
    explained = (ROOT / "docs" / "operating.md").read_text(encoding="utf-8")
    told = {
        event
        for name in ("events", "failures", "logs", "progress")
        for event in re.findall(
            r'log\(\s*"(\w+)"', (ROOT / f"src/chalkola/surfaces/{name}.py").read_text(encoding="utf-8")
        )
    }
    assert told > {"pull", "run", "fault", "error", "warning"}
    assert [event for event in told if f"| `{event}` |" not in explained] == []


def test_a_wrong_form_is_answered_with_the_accepted_ones(alone: Any) -> None:
    said = alone("status", CHALKOLA_LOG="xml")
    assert said.code == 1
    assert "CHALKOLA_LOG: 'xml' is neither text nor json." in said.err


# --- the edge ------------------------------------------------------------------------------------------------------


@pytest.fixture
def secret(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    """A password that looks like none, in a setting."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE_URL", "postgresql://me:correct-horse@127.0.0.1:9/none")
    return "correct-horse"


def library(name: str) -> logging.Logger:
    """Return a library's log that nobody handles: pytest neither, if it meets the name here for the first time."""
    logger = logging.getLogger(name)
    logger.propagate = False
    return logger


def test_what_is_printed_loses_its_secrets_whoever_prints_it(secret: str, capsys: pytest.CaptureFixture[str]) -> None:
    with guarded_output():
        print(f"by print {secret}")
        print(f"by print {TOKEN}", file=sys.stderr)
        screen.say(f"by say {secret}")
        screen.emit({"a": f"by emit {secret}", TOKEN: None})
        screen.console().print(f"by console {secret}")
        sys.stdout.writelines(["by writelines ", secret, "\n"])
        library("one.library").warning("by log %s and %s", secret, TOKEN)
        with unguarded_output():
            print("of the simulator: Atza|open")
    said = capsys.readouterr()
    assert secret not in said.out + said.err
    assert "refresh-token" not in said.out + said.err
    assert (said.out.count("[hidden]"), said.err.count("[hidden]")) == (6, 3)
    emitted = said.out[said.out.index("{") : said.out.index("}") + 1]
    assert json.loads(emitted) == {"a": "by emit [hidden]", "[hidden]": None}
    assert "of the simulator: Atza|open" in said.out
    assert not isinstance(sys.stdout, Guarded), "and it is as before"


@pytest.mark.parametrize("form", ["text", "json"])
def test_a_setting_with_a_password_in_its_address_is_told_without_it(alone: Any, form: str) -> None:
    settings = {"SP_API_ENDPOINT_EU": "http://me:hunter2@example.com", "SP_REFRESH_TOKEN_EU": TOKEN}

    said = alone("pull", CHALKOLA_LOG=form, **settings)

    assert said.code == 1
    assert "http://[hidden]@example.com" in said.err
    assert "hunter2" not in said.err + said.out


def test_an_error_that_nobody_foresaw_leaves_its_secrets_in_neither_log_nor_event(
    secret: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CHALKOLA_HOME", str(tmp_path))
    monkeypatch.setenv("CHALKOLA_LOG", "json")
    error = ValueError(f"https://s3.example/d?X-Amz-Signature=5ecre7 and {secret} and {TOKEN}")

    with guarded_output():
        assert failures.tell_unexpected(error, ["pull"]) == 1

    (told,) = events(capsys.readouterr().err)
    (log,) = (tmp_path / "log").iterdir()
    assert str(log) in told["what"]
    assert "ValueError: https://s3.example/d?[hidden] and [hidden] and [hidden]" in log.read_text(encoding="utf-8")


def test_in_json_what_a_library_warns_of_is_an_event(
    secret: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CHALKOLA_LOG", "json")
    with guarded_output(), warnings_as_events():
        library("some.library").warning("retrying with %s", secret)
        library("some.library").info("nothing to see")
    (warning,) = events(capsys.readouterr().err)
    assert (warning["event"], warning["of"], warning["what"]) == ("warning", "some.library", "retrying with [hidden]")


def test_a_password_that_is_only_a_name_hides_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path,
                                                      capsys: pytest.CaptureFixture[str]) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE_URL", "postgresql://chalkola:chalkola@localhost/chalkola")
    with guarded_output():
        print("`chalkola status` of postgresql://chalkola:chalkola@localhost/chalkola")
        print("postgresql://chalkola:chalkola@elsewhere/x")
    assert capsys.readouterr().out == "`chalkola status` of [hidden]\npostgresql://[hidden]@elsewhere/x\n"
