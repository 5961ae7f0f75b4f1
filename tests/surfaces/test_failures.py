"""An error that nobody foresaw ends in one sentence; everything else is in a log without secrets."""

from pathlib import Path

import pytest

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
