"""An error that nobody foresaw ends in one sentence; everything else is in a log without secrets."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from chalkola.errors import ChalkolaError, Fault, Setback, UsageError
from chalkola.surfaces import failures

SECRETS = {
    "SP_LWA_CLIENT_SECRET": "amzn1.oa2-cs.v1.topsecret",
    "SP_REFRESH_TOKEN_AE": "Atzr|refresh-of-AE",
    "DATABASE_URL": "postgresql://me:correct-horse@db.example.com/postgres",
}


def test_an_unexpected_error_leaves_a_log_and_no_traceback(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in {**SECRETS, "CHALKOLA_HOME": str(tmp_path)}.items():
        monkeypatch.setenv(name, value)
    error = ValueError(f"with Atzr|refresh-of-AE, {SECRETS['SP_LWA_CLIENT_SECRET']} and password correct-horse")

    code = failures.tell_unexpected(error, ["pull", "--json"])

    said = capsys.readouterr().err
    (log,) = (tmp_path / "log").iterdir()
    text = log.read_text(encoding="utf-8")
    assert code == 1
    assert len(said.splitlines()) == 1
    assert str(log) in said
    assert "command: pull --json" in text
    assert "ValueError: with [hidden], [hidden] and password [hidden]" in text


@pytest.mark.parametrize(
    ("error", "code", "page"),
    [
        (UsageError("XX is no marketplace."), 2, "A person is needed"),
        (Fault("The database cannot be reached."), 1, "A person is needed"),
        (Setback("Amazon cannot answer now.", until=datetime(2026, 11, 20, tzinfo=UTC)), 3, "Nothing could be asked"),
    ],
    ids=["wrong usage", "a fault", "Amazon is away"],
)
def test_an_error_that_ends_a_command_has_the_exit_code_and_the_page_of_its_kind(
    error: ChalkolaError, code: int, page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "page.md"))
    assert failures.tell(error) == code
    assert page in (tmp_path / "page.md").read_text(encoding="utf-8")
