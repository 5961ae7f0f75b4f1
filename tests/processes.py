"""The simulated Amazon and the worker as processes of their own, as on a person's machine, on one scaled clock."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg
from psycopg.rows import dict_row

_QUOTA = "1/2min,scope=app"
_READY_SECONDS = 60.0
REPORTS_ONLY = "NA,EU,FE"
"""`without_role` of a story about reports: Data Kiosk is closed to every account, which the first run finds out."""


def inherited() -> dict[str, str]:
    """Return what a process of ours inherits: nothing of our settings."""
    ours = ("SP_", "CHALKOLA", "DATABASE_URL", "SUPABASE_")
    return {name: value for name, value in os.environ.items() if not name.startswith(ours)}


@dataclass(frozen=True, kw_only=True)
class Amazon:
    """A simulated Amazon that runs elsewhere; `env` are the settings that lead to it, its clock included."""

    env: Mapping[str, str]
    control: str

    @property
    def journal(self) -> list[Mapping[str, Any]]:
        """Every report that it has accepted."""
        return list(self._get("journal"))

    def calls(self, operation: str, status: int = 200) -> int:
        """Return how many calls of an operation it has answered so."""
        return int(self._get("calls").get(operation, {}).get(str(status), 0))

    @property
    def queries(self) -> list[Mapping[str, Any]]:
        """Every query that it has accepted."""
        return list(self._get("queries"))

    def true_rows(self, kind: str, code: str, day: date, as_of: datetime, aggregate: str) -> list[Mapping[str, Any]]:
        """Return the rows of a day as Data Kiosk shows them at an instant, with every field."""
        where = f"kind={kind}&marketplace={code}&start={day}&end={day}&aggregate={aggregate}"
        return list(self._get(f"rows?{where}&as_of={quote(as_of.isoformat())}"))

    def now(self) -> datetime:
        """Return Amazon's time."""
        return datetime.fromisoformat(self._get("health")["now"])

    def goes_wrong(self, *faults: Mapping[str, Any]) -> None:
        """Replace the faults that are set up."""
        body = json.dumps({"clear": True, "faults": faults}).encode()
        request = urllib.request.Request(f"{self.control}/_simulator/mischief", data=body, method="POST")
        urllib.request.urlopen(request, timeout=10).close()

    def _get(self, path: str) -> Any:
        with urllib.request.urlopen(f"{self.control}/_simulator/{path}", timeout=10) as answer:
            return json.load(answer)


@dataclass(kw_only=True)
class Machine:
    """A machine that pulls: its home, its database, the Amazon it asks, and the processes it has started."""

    home: Path
    url: str
    amazon: Amazon
    through: Mapping[str, str] | None = None
    """The settings that lead to its database where DATABASE_URL does not; `url` is for looking at it."""
    said: list[Path] = field(default_factory=list)
    _watching: psycopg.Connection[Any] | None = None

    def __enter__(self) -> "Machine":
        return self

    def __exit__(self, *error: object) -> None:
        if self._watching is not None:
            self._watching.close()

    def start(self, first: date | str, last: date | str) -> subprocess.Popen[bytes]:
        """Start `chalkola pull` for some days."""
        return self.command("pull", "--from", str(first), "--to", str(last))

    def command(self, *words: str) -> subprocess.Popen[bytes]:
        """Start a command. Its output goes to a file."""
        self.said.append(self.home / f"said-{len(self.said)}.txt")
        env = {
            **inherited(), **self.amazon.env, "CHALKOLA_HOME": str(self.home),
            **(self.through or {"DATABASE_URL": self.url}),
            "CHALKOLA_QUOTAS": f"sales_and_traffic.report={_QUOTA}",
        }  # fmt: skip
        with self.said[-1].open("wb") as output:
            return subprocess.Popen(
                [sys.executable, "-m", "chalkola.surfaces.cli", *words],
                env=env, stdout=output, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, cwd=self.home,
            )  # fmt: skip

    def output(self) -> str:
        """Return all that its processes have said."""
        return "\n".join(path.read_text(errors="replace") for path in self.said)

    def rows(self, query: str, *values: object) -> list[dict[str, Any]]:
        """Ask the database."""
        with psycopg.connect(self.url, autocommit=True, row_factory=dict_row) as connection:
            return connection.execute(query.encode(), values).fetchall()

    def finds(self, query: str) -> bool:
        """Return whether a query finds anything. It is for waiting: the connection stays open until `with` ends,
        so that asking often takes nothing from those who are at work."""
        if self._watching is None:
            # A pooler that stands between may send each statement to another session.
            self._watching = psycopg.connect(self.url, autocommit=True, prepare_threshold=None)
        return self._watching.execute(query.encode()).fetchone() is not None


def kill(process: subprocess.Popen[bytes]) -> None:
    """End a process as a power cut would: it gets to do nothing any more."""
    process.send_signal(signal.SIGKILL)
    process.wait(timeout=30)


@contextmanager
def simulated_amazon(
    folder: Path, *, speed: int, marketplaces: Sequence[str], begin: str = "2026-11-20T02:00:00Z", **options: object
) -> Iterator[Amazon]:
    """Give a simulated Amazon as a process, `speed` times as fast as this machine."""
    ready = folder / "ready.json"
    chosen = {
        "clock-start": f"{begin}@{time.time()!r}", "clock-speed": speed, "marketplaces": ",".join(marketplaces),
        "parents": 10, "children": 30, "quota": _QUOTA, "ready-file": ready, **options,
    }  # fmt: skip
    arguments = [word for name, value in chosen.items() for word in (f"--{name.replace('_', '-')}", str(value))]
    with (folder / "amazon.txt").open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "amazon_simulator", *arguments], stdout=output, stderr=subprocess.STDOUT
        )
    try:
        line = _read_when_there(ready, process)
        yield Amazon(env=line["env"], control=line["control"])
    finally:
        kill(process)


def _read_when_there(ready: Path, process: subprocess.Popen[bytes]) -> dict[str, Any]:
    ends = time.monotonic() + _READY_SECONDS
    while not ready.exists():
        if process.poll() is not None or time.monotonic() > ends:
            raise AssertionError(f"the simulated Amazon did not start: {(ready.parent / 'amazon.txt').read_text()}")
        time.sleep(0.02)
    line: dict[str, Any] = json.loads(ready.read_text())
    return line
