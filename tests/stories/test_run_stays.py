"""`chalkola run` as a process of its own, on a clock that runs an hour a second: good and bad days of a shop.

It is stopped in the middle of a pull, and started again when another hour has passed; the database goes away under
it; and a backfill makes way for the pull. It says how it is all the while.
"""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from postgres import migrated, running_server
from processes import Machine, kill, simulated_amazon
from truth import newest_settled, wrong_cells

CODES = ("US", "DE", "JP")
BEGIN = datetime(2026, 11, 20, 2, 5, tzinfo=UTC)
MORNING = datetime(2026, 11, 20, 8, 5, tzinfo=UTC)
DOWN_UNTIL = datetime(2026, 11, 21, 4, tzinfo=UTC)
HOUR = timedelta(hours=1)
SLOW = [{"kind": "slow_answer", "operation": "createQuery", "seconds": 0.1, "times": None}]
UNDER_WAY = "SELECT FROM sp_pulls WHERE stage IN ('asking', 'asked')"
MOST_BYTES = 200e6


@dataclass
class Server:
    """A server on which `chalkola run` is installed."""

    machine: Machine
    process: "subprocess.Popen[bytes] | None" = None
    memory_bytes: int = 0
    """The most that one of its processes has taken."""

    def start(self, *options: str, **settings: str) -> None:
        """Start it; it says its events in JSON."""
        env = {**self.machine.amazon.env, "CHALKOLA_LOG": "json", **settings}
        self.machine.amazon = replace(self.machine.amazon, env=env)
        self.process = self.machine.command("run", "--health-port", "0", *options)

    def stop(self) -> int:
        """Ask it to end, as an operating system does. Return its exit code."""
        assert self.process is not None
        self._measure()
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=60)

    def __enter__(self) -> "Server":
        return self

    def __exit__(self, *error: object) -> None:
        """Leave no process behind, whatever the test has come to."""
        if self.process is not None and self.process.poll() is None:
            kill(self.process)

    def until(self, happens: Callable[[], bool], seconds: float = 240) -> None:
        """Wait until something happens while it runs."""
        assert self.process is not None
        ends = time.monotonic() + seconds
        while not happens():
            assert self.process.poll() is None, f"it ended: {self.machine.output()[-3000:]}"
            assert time.monotonic() < ends, f"it did not happen: {self.machine.output()[-3000:]}"
            time.sleep(0.02)

    def health(self) -> tuple[int, Any]:
        """Return what GET /health answers."""
        self.until(lambda: any(e["event"] == "listening" for e in self.said(-1)))
        address = next(e["address"] for e in self.said(-1) if e["event"] == "listening")
        try:
            with urllib.request.urlopen(address, timeout=10) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)

    def said(self, which: int | None = None) -> list[dict[str, Any]]:
        """Return the events of all its processes, or of one."""
        files = self.machine.said if which is None else [self.machine.said[which]]
        lines = [line for file in files for line in file.read_text().splitlines()]
        return [json.loads(line) for line in lines if line.startswith("{") and line.endswith("}")]

    def pulls(self) -> list[datetime]:
        """Return when it has begun to pull."""
        return [datetime.fromisoformat(e["ts"]) for e in self.said() if e["event"] == "doing" and e["what"] == "pull"]

    def runs(self, which: int | None = None) -> list[dict[str, Any]]:
        """Return how its pulls have ended."""
        return [e for e in self.said(which) if e["event"] == "run"]

    def _measure(self) -> None:
        if sys.platform == "linux" and self.process is not None:
            status = Path(f"/proc/{self.process.pid}/status").read_text()
            peak = next(line for line in status.splitlines() if line.startswith("VmHWM:"))
            self.memory_bytes = max(self.memory_bytes, int(peak.split()[1]) * 1024)


def test_it_is_stopped_in_the_middle_of_a_pull_and_down_when_the_hour_came(database_url: str, tmp_path: Path) -> None:
    with simulated_amazon(tmp_path, speed=3600, marketplaces=CODES, begin=MORNING.isoformat()) as amazon:
        amazon.goes_wrong(*SLOW)
        with Server(Machine(home=tmp_path, url=database_url, amazon=amazon)) as server:
            server.start("--no-backfill")
            server.until(lambda: len(server.runs()) == 1)
            code, first = server.health()
            assert (code, first["status"], first["database"]) == (200, "ok", True)
            server.until(lambda: len(server.pulls()) == 2 and bool(server.machine.rows(UNDER_WAY)))
            assert server.stop() == 0, server.machine.output()[-3000:]
            assert server.said()[-1]["event"] == "stopped"
            assert server.machine.rows("SELECT FROM sp_pulls WHERE finished_at IS NULL"), (
                "it was in the middle of a pull"
            )

            while amazon.now() < DOWN_UNTIL:
                time.sleep(0.02)
            server.start("--no-backfill")
            server.until(lambda: len(server.runs(-1)) == 2)
            server.until(lambda: server.health()[1]["doing"] == "waiting")
            code, last = server.health()
            assert (code, last["last_pull"]["exit_code"]) == (200, 0), last
            assert server.stop() == 0, server.machine.output()[-3000:]

            at = server.pulls()
            hours = [MORNING, at_hour(20, 19, 17), DOWN_UNTIL, at_hour(21, 19, 17)]
            assert len(at) == len(hours), f"the hour that was missed is made up for at once, and once: {at}"
            # At this speed a process needs hours to start, and a busy machine some more.
            assert all(timedelta(0) <= one - hour < 10 * HOUR for one, hour in zip(at, hours, strict=True)), at
            assert_whole(server, at[1], at[-1])
            print(f"{server.memory_bytes / 1e6:.0f} MB at most")  # seen with -rP
            assert server.memory_bytes < MOST_BYTES


def at_hour(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 11, day, hour, minute, tzinfo=UTC)


def assert_whole(server: Server, since: datetime, as_of: datetime) -> None:
    """Every day but the newest is proven, nothing is left open, and the ledger has each question that Amazon took.

    The newest may have changed at Amazon between a question and the next: they are hours apart at this speed.
    """
    machine = server.machine
    newest = {code: newest_settled(code, as_of) for code in CODES}
    held = {
        (row["scope"].removeprefix("marketplace:"), row["first_day"]): (row["state"], row["reason"])
        for row in machine.rows("SELECT * FROM sp_slices WHERE dataset = 'sales_and_traffic'")
    }
    settled = {slice_: said for slice_, said in held.items() if slice_[1] <= newest[slice_[0]]}
    older = {slice_: said for slice_, said in settled.items() if slice_[1] < newest[slice_[0]]}
    assert {state for state, _ in older.values()} == {"proven"}, older
    assert {state for state, _ in settled.values()} <= {"proven", "loaded"}, settled
    for code in CODES:
        first = newest_settled(code, since)
        days = [first + timedelta(days=n) for n in range((newest[code] - first).days + 1)]
        assert {(code, day) for day in days} <= settled.keys()
    loaded = machine.rows(
        "SELECT DISTINCT m.code, t.date FROM sp_daily_asin_data t JOIN marketplaces m ON m.id = t.marketplace_id"
    )
    assert wrong_cells(machine.url, machine.amazon, [(row["code"], row["date"]) for row in loaded]) == []
    assert machine.rows("SELECT id, stage, waiting_for FROM sp_pulls WHERE finished_at IS NULL") == []
    assert machine.rows("SELECT coalesce(sum(lost_asks), 0)::int AS lost FROM sp_pulls")[0]["lost"] == 0
    tickets = [
        (row["account"], ticket)
        for row in machine.rows("SELECT account, ticket, page_tickets FROM sp_pulls WHERE account <> 'public'")
        for ticket in {row["ticket"], *(row["page_tickets"] or ())} - {None}
    ]
    asked = [(query["account"], query["query_id"]) for query in machine.amazon.queries]
    asked += [(report["account"], report["report_id"]) for report in machine.amazon.journal]
    assert sorted(asked) == sorted(tickets), "a question that the ledger does not know was asked in vain"


def test_a_backfill_makes_way_for_the_pull_when_its_hour_comes(database_url: str, tmp_path: Path) -> None:
    slow = {"query_processing_seconds": 1200}  # three at a time: two years take the most of a day
    with (
        simulated_amazon(tmp_path, speed=600, marketplaces=("JP",), begin=BEGIN.isoformat(), **slow) as amazon,
        Server(Machine(home=tmp_path, url=database_url, amazon=amazon)) as server,
    ):
        server.start(CHALKOLA_SCHEDULE="05:00")
        server.until(lambda: doing(server) == ["pull", "backfill", "pull", "backfill"])
        assert server.health()[1]["doing"] == "backfill"
        ended = next(e for e in server.said() if e["event"] == "backfill")
        assert server.stop() == 0, server.machine.output()[-3000:]
        assert timedelta(0) <= server.pulls()[1] - at_hour(20, 5) < HOUR
        assert ended["why_left"] == "its time was up", ended
        print(f"{server.memory_bytes / 1e6:.0f} MB at most")
        assert server.memory_bytes < MOST_BYTES


def doing(server: Server) -> list[str]:
    return [e["what"] for e in server.said() if e["event"] == "doing"]


async def test_a_database_that_goes_away_is_told_and_outlived(tmp_path: Path) -> None:
    with running_server() as database, simulated_amazon(tmp_path, speed=1200, marketplaces=("JP",)) as amazon:
        await migrated(database.url)
        with Server(Machine(home=tmp_path, url=database.url, amazon=amazon)) as server:
            server.start("--no-backfill", CHALKOLA_SCHEDULE="02:00,04:00")
            server.until(lambda: bool(server.runs()) and server.health()[1]["doing"] == "waiting")
            done = len(server.pulls())  # where it takes long to start there are two
            database.stop()
            server.until(lambda: len(server.pulls()) >= done + 2)
            server.until(lambda: server.health()[1]["database"] is False)  # it is looked at every ten seconds
            code, sick = server.health()
            assert (code, sick["status"]) == (503, "trouble")
            assert "cannot be reached" in sick["trouble"][0]
            database.start()
            ended = len(server.runs())
            server.until(lambda: len(server.runs()) > ended)
            server.until(lambda: server.health()[0] == 200)
            assert server.stop() == 0, server.machine.output()[-3000:]
            assert any(e["event"] == "error" and "cannot be reached" in e["what"] for e in server.said())


@pytest.mark.parametrize(
    ("options", "settings", "code", "said"),
    [
        (["--health-port", "seventy"], {}, 2, "--health-port"),
        ([], {"CHALKOLA_SCHEDULE": "two"}, 1, "write hours in UTC, like 02:00,19:17"),
        ([], {}, 1, "SP_LWA_CLIENT_ID is missing"),
    ],
    ids=["usage", "schedule", "nothing set"],
)
def test_what_cannot_be_started_ends_at_once(
    options: list[str], settings: dict[str, str], code: int, said: str, tmp_path: Path
) -> None:
    clean = {n: v for n, v in os.environ.items() if not n.startswith(("SP_", "CHALKOLA", "DATABASE", "PORT"))}
    done = subprocess.run(
        [sys.executable, "-m", "chalkola.surfaces.cli", "run", *options], cwd=tmp_path, text=True,
        capture_output=True, env={**clean, "CHALKOLA_HOME": str(tmp_path), **settings}, timeout=60, check=False,
    )  # fmt: skip
    assert (done.returncode, said in done.stderr) == (code, True), done.stderr
