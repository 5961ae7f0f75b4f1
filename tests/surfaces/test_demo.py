"""`chalkola demo` from an empty machine, twice; real credentials in the environment are nothing to it."""

import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psycopg

from chalkola.store import embedded

REAL = {
    "SP_LWA_CLIENT_ID": "real", "SP_LWA_CLIENT_SECRET": "real", "SP_REFRESH_TOKEN_NA": "Atzr|real",
    "DATABASE_URL": "postgresql://real.invalid/real", "CHALKOLA_MARKETPLACES": "not-one",
}  # fmt: skip
CODES = ["US", "CA", "MX", "BR", "UK", "DE", "FR", "IT", "ES", "AE", "AU", "JP"]


def test_the_demo_fills_twelve_marketplaces_and_the_second_one_finds_nothing_due(alone: Any, tmp_path: Path) -> None:
    tmp_path.chmod(0o711)  # where we are root the server runs as another account
    try:
        began = time.monotonic()
        first = alone("demo", **REAL)
        took = time.monotonic() - began
        second = alone("demo", **REAL)
        url = embedded.ensure(tmp_path / "demo").url
        with psycopg.connect(url) as connection:
            states = connection.execute("SELECT state, count(*) FROM sp_slices GROUP BY 1").fetchall()
            asins = connection.execute("SELECT count(*) FROM sp_daily_asin_data").fetchone()
        queries = re.findall(r'psql --demo -c "(.+)"$', first.out, re.MULTILINE)
        answers = [alone("psql", "--demo", "-c", query) for query in queries]
    finally:
        stopped = alone("stop")

    assert first.code == 0, first.err
    assert took < 60
    table = {
        line.split()[0]: line for line in first.out.splitlines() if line.split()[:1] and line.split()[0] in CODES
    }
    assert sorted(table) == sorted(CODES)
    assert all("proven" in line for line in table.values())
    assert re.search(r"\d JPY ", table["JP"])
    assert not re.search(r"\.\d+ JPY", table["JP"])
    # One question an account and dataset: each account's newest settled day is the same in all its marketplaces.
    assert re.search(r"^9 questions, [\d,]+ rows, in \d min of Amazon's time", first.out, re.MULTILINE)
    assert "waits for Amazon's quota" not in first.out
    assert states == [("proven", 36)]
    assert asins is not None
    assert asins[0] > 7000
    assert second.code == 0, second.err
    assert "Nothing is due." in second.out
    assert " rows, " not in second.out
    assert len(queries) == 4
    assert all(answer.code == 0 and "rows)" in answer.out for answer in answers), answers
    assert f"Stopped the PostgreSQL of {tmp_path / 'demo'}" in stopped.out


def test_a_simulated_amazon_ends_with_the_demo_however_that_ends(tmp_path: Path) -> None:
    script = (
        "import os, sys, time; from datetime import UTC, datetime; from pathlib import Path\n"
        "from chalkola.surfaces.demo_amazon import simulated_amazon\n"
        "with simulated_amazon(Path(sys.argv[1]), start=datetime(2026, 11, 20, 2, tzinfo=UTC), speed=600) as found:\n"
        "    print(found['LWA_TOKEN_URL'], flush=True); time.sleep(60)\n"
    )
    process = subprocess.Popen([sys.executable, "-c", script, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert process.stdout
    port = int(process.stdout.readline().split(":")[2].split("/")[0])
    assert answers(port)

    process.kill()
    process.communicate()

    deadline = time.monotonic() + 10
    while answers(port) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not answers(port)


def answers(port: int) -> bool:
    import socket

    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
