"""`python -m amazon_simulator` as a process of its own."""

import json
import signal
import subprocess
import sys
import urllib.parse
import urllib.request

import pytest

from amazon_simulator import AmazonClock

COMMAND = [sys.executable, "-m", "amazon_simulator"]


def test_it_says_where_it_is_and_stops_when_told_to(tmp_path):
    ready_file = tmp_path / "ready.json"
    options = [
        "--marketplaces",
        "US,DE,UAE",
        "--own-accounts",
        "AE",
        "--clock-start",
        "2026-11-20T02:00:00Z@1764000000.0",
    ]
    process = subprocess.Popen(
        [*COMMAND, *options, "--ready-file", str(ready_file)], stdout=subprocess.PIPE, text=True
    )
    try:
        ready = json.loads(process.stdout.readline())
        with urllib.request.urlopen(ready["control"] + "/_simulator/health") as answer:
            health = json.load(answer)
        env = ready["env"]
        form = {"grant_type": "refresh_token", "refresh_token": env["SP_REFRESH_TOKEN_AE"]}
        form |= {"client_id": env["SP_LWA_CLIENT_ID"], "client_secret": env["SP_LWA_CLIENT_SECRET"]}
        with urllib.request.urlopen(env["LWA_TOKEN_URL"], urllib.parse.urlencode(form).encode()) as answer:
            token = json.load(answer)["access_token"]
    finally:
        process.send_signal(signal.SIGTERM)
        code = process.wait(10)

    assert code == 0 or sys.platform == "win32"  # where a process cannot be asked, only ended
    assert health["ok"]
    assert token.startswith("Atza|")
    assert json.loads(ready_file.read_text(encoding="utf-8")) == ready
    assert [row["key"] for row in ready["accounts"]] == ["NA", "EU", "AE"]
    assert env["CHALKOLA_CLOCK_START"] == "2026-11-20T02:00:00Z@1764000000.0"
    assert env["SP_API_ENDPOINT_EU"].startswith("http://127.0.0.1:")


def test_it_stops_with_whoever_started_it():
    process = subprocess.Popen(
        [*COMMAND, "--until-stdin-closes"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline()

    process.stdin.close()

    assert process.wait(10) == 0


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--host", "0.0.0.0"], "listens on loopback only"),
        (["--host", "example.com"], "listens on loopback only"),
        (["--marketplaces", ""], "at least one marketplace"),
        (["--marketplaces", "US,XX"], "unknown marketplace 'XX'"),
        (["--marketplaces", "US", "--own-accounts", "AE"], "AE cannot be an account of its own"),
        (["--quota", "often"], "quota 'often' is not like"),
        (["--clock-start", "tomorrow"], "write it like 2026-11-20T02:00:00Z"),
        (["--clock-start", "2026-11-20T02:00:00"], "has no offset"),
        (["--clock-speed", "0"], "must be above 0"),
        (["--parents", "9", "--children", "3"], "need 1 <= parents <= children"),
        (["--mischief", "no-such-file.json"], "no-such-file.json"),
    ],
)
def test_arguments_that_cannot_be_are_refused_in_a_sentence(options, sentence, capsys):
    from amazon_simulator.__main__ import main

    with pytest.raises(SystemExit) as stopped:
        main(options)

    assert stopped.value.code == 2
    assert sentence in capsys.readouterr().err


def test_amazons_time_runs_from_an_anchor_at_its_own_speed():
    clock = AmazonClock.parse("2026-11-20T02:00:00Z@1764000000.0", 60)

    assert clock.at(1764000001.0).isoformat() == "2026-11-20T02:01:00+00:00"
    assert str(clock) == "2026-11-20T02:00:00Z@1764000000.0"
