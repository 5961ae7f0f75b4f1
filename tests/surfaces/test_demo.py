"""`chalkola demo` from an empty machine, twice; real credentials in the environment are nothing to it."""

import os
import re
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest

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
            states = connection.execute(
                "SELECT state, count(*) FROM sp_slices WHERE scope <> 'world' GROUP BY 1"
            ).fetchall()
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
    # One question an account and dataset: each account's newest settled day is the same in all its marketplaces. And
    # one for the euro's rates, and a list of each marketplace.
    assert re.search(r"^22 questions, [\d,]+ rows, in \d+ min of Amazon's time", first.out, re.MULTILINE)
    assert "waits for Amazon's quota" not in first.out
    assert states == [("proven", 48)]
    assert asins is not None
    assert asins[0] > 7000
    assert second.code == 0, second.err
    assert "Nothing is due." in second.out
    assert " rows, " not in second.out
    assert len(queries) == 4
    assert all(answer.code == 0 and "rows)" in answer.out for answer in answers), answers
    assert f"Stopped the PostgreSQL of {tmp_path / 'demo'}" in stopped.out


@pytest.mark.skipif(sys.platform == "win32", reason="a pseudo-terminal is Unix's")
def test_in_a_terminal_it_ends_before_its_pages_and_ctrl_c_ends_those_in_good_order(
    alone: Any, tmp_path: Path
) -> None:
    tmp_path.chmod(0o711)
    try:
        with in_terminal(alone, "demo", "--speed", "600") as terminal:
            address = terminal.read_until(r"(http://127\.0\.0\.1:\d+)")
            for path in ("/", "/coverage", "/alerts", "/settings"):
                with urllib.request.urlopen(address + path, timeout=30) as page:
                    assert page.status == 200, path
            terminal.type("\x03")
            terminal.read_until(r"(Stopped in good order)")
            assert terminal.process.wait(timeout=30) == 0
        assert "Traceback" not in terminal.said
        assert not answers(int(address.rpartition(":")[2]))
        with in_terminal(alone, "demo", "--speed", "600", "--no-serve") as terminal:
            terminal.read_until(r"(The database stays up)")
            assert terminal.process.wait(timeout=30) == 0
        assert "Serving" not in terminal.said
    finally:
        alone("stop")


@dataclass
class Terminal:
    """A program in a terminal of its own, and what it has said so far."""

    process: "subprocess.Popen[bytes]"
    ours: int
    said: str = ""

    def read_until(self, pattern: str) -> str:
        while not (found := re.search(pattern, self.said)):
            read = os.read(self.ours, 65536)  # OSError once the program is gone
            self.said += read.decode("utf-8", "replace")
        return found[1]

    def type(self, keys: str) -> None:
        os.write(self.ours, keys.encode())


@contextmanager
def in_terminal(commands: Any, *arguments: str) -> Iterator[Terminal]:
    """Start a command as somebody at a terminal does: Ctrl-C reaches it, and it is as wide as most are."""
    import fcntl
    import pty
    import termios

    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (50, 200))

    def take() -> None:
        os.setsid()
        fcntl.ioctl(theirs, termios.TIOCSCTTY, 0)

    process = subprocess.Popen(
        [sys.executable, "-m", "chalkola.surfaces.cli", *arguments], env=commands.variables(), cwd=commands.folder,
        stdin=theirs, stdout=theirs, stderr=theirs, preexec_fn=take,
    )  # fmt: skip
    os.close(theirs)
    try:
        yield Terminal(process, ours)
    finally:
        process.kill()
        process.wait()
        os.close(ours)


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
