"""The commands as a person calls them: processes of their own, against a simulated Amazon that is one too."""

import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from processes import REPORTS_ONLY
from workflows import Runner, clean_copy

COMMAND = [sys.executable, "-m", "chalkola.surfaces.cli"]
OPENED = {"CHALKOLA_QUOTAS": "sales_and_traffic.report=60/1min"}
"""No waits for the report's own quota, in a simulated Amazon that has none."""


@dataclass(frozen=True)
class Said:
    """How a command ended and what it said."""

    code: int
    out: str
    err: str

    @property
    def object(self) -> Any:
        """The one JSON object on standard output."""
        return json.loads(self.out)


@dataclass
class Commands:
    """Calls chalkola with the settings in `environment`."""

    environment: dict[str, str]
    folder: Path

    def __call__(self, *arguments: str, **changed: str) -> Said:
        done = subprocess.run(
            [*COMMAND, *arguments], env=self.variables(**changed), cwd=self.folder, stdin=subprocess.DEVNULL,
            capture_output=True, text=True, encoding="utf-8", timeout=120, check=False,
        )  # fmt: skip
        return Said(done.returncode, done.stdout, done.stderr)

    def start(self, *arguments: str, **changed: str) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [*COMMAND, *arguments], env=self.variables(**changed), cwd=self.folder, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, encoding="utf-8", bufsize=1,
        )  # fmt: skip

    def variables(self, **changed: str) -> dict[str, str]:
        ours = ("SP_", "LWA_", "ADS_", "CHALKOLA_HOME", "CHALKOLA_CLOCK", "CHALKOLA_QUOTAS", "DATABASE_URL",
                "CHALKOLA_DIGEST", "CHALKOLA_ARCHIVE", "SUPABASE_", "SLACK_", "SMTP_", "GOOGLE_", "FX_RATES",
                "SESSION_SECRET", "ALLOWED_EMAIL_DOMAIN", "PORT",
                "ALERT_", "GITHUB_")  # fmt: skip
        kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
        return {**kept, "PYTHONUTF8": "1", "PYTHONUNBUFFERED": "1", **self.environment, **changed}


@dataclass(frozen=True)
class AmazonProcess:
    """A simulated Amazon at work."""

    environment: dict[str, str]
    control: str

    def see(self, what: str) -> Any:
        """Return what one of its own paths shows: journal, calls, health."""
        with urllib.request.urlopen(f"{self.control}/_simulator/{what}") as answer:
            return json.load(answer)

    def goes_wrong(self, **fault: Any) -> None:
        """Set a fault up."""
        body = json.dumps({"faults": [fault]}).encode()
        urllib.request.urlopen(urllib.request.Request(f"{self.control}/_simulator/mischief", body)).close()


@contextmanager
def running_amazon(*options: str) -> Iterator[AmazonProcess]:
    """Give a simulated Amazon of three marketplaces and a small shop, whose time runs 300 times as fast as ours."""
    command = [
        sys.executable, "-m", "amazon_simulator", "--until-stdin-closes", "--marketplaces", "US,DE,JP",
        "--parents", "6", "--children", "20", "--clock-start", "2026-11-20T02:00:00Z", "--clock-speed", "300",
    ]  # fmt: skip
    process = subprocess.Popen([*command, *options], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdin
    assert process.stdout
    try:
        ready = json.loads(process.stdout.readline())
        yield AmazonProcess(ready["env"], ready["control"])
    finally:
        with suppress(OSError):
            process.stdin.close()
        process.wait(10)
        process.stdout.close()


@pytest.fixture
def amazon() -> Iterator[AmazonProcess]:
    """A simulated Amazon without a quota of the report's own."""
    with running_amazon("--quota", "60/1min,scope=account") as running:
        yield running


@pytest.fixture
def reports_amazon() -> Iterator[AmazonProcess]:
    """The same for stories about reports: Data Kiosk is closed to every account."""
    with running_amazon("--quota", "60/1min,scope=account", "--without-role", REPORTS_ONLY) as running:
        yield running


@pytest.fixture
def strict_amazon() -> Iterator[AmazonProcess]:
    """A simulated Amazon that allows one report in 15 minutes, to all accounts together."""
    with running_amazon() as running:
        yield running


@pytest.fixture
def chalkola(amazon: AmazonProcess, database_url: str, tmp_path: Path) -> Commands:
    """The commands, with a fresh database and that Amazon."""
    return _commands(amazon, database_url, tmp_path)


@pytest.fixture
def by_reports(reports_amazon: AmazonProcess, database_url: str, tmp_path: Path) -> Commands:
    """The commands, with a fresh database and an Amazon whose Data Kiosk is closed."""
    return _commands(reports_amazon, database_url, tmp_path)


def _commands(amazon: AmazonProcess, url: str, home: Path) -> Commands:
    return Commands({**amazon.environment, **OPENED, "DATABASE_URL": url, "CHALKOLA_HOME": str(home)}, home)


@pytest.fixture
def alone(tmp_path: Path) -> Commands:
    """The commands on a machine without any setting but a home."""
    return Commands({"CHALKOLA_HOME": str(tmp_path)}, tmp_path)


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clean copy of the project, changed 50 days before the simulated Amazon's time; steps only read it."""
    return clean_copy(tmp_path_factory.mktemp("github"), changed="2026-09-30T12:00:00+02:00")


@pytest.fixture
def runner_for(project: Path, tmp_path: Path, amazon: Any) -> Callable[[str], Runner]:
    """Make a machine of GitHub's whose repository has the simulator's settings and a database's address."""
    secret = ("SP_LWA", "SP_REFRESH", "DATABASE_URL")

    def of(database_url: str) -> Runner:
        (tmp_path / "project").symlink_to(project)
        given = {**amazon.environment, "DATABASE_URL": database_url}
        return Runner(
            folder=tmp_path,
            machine={name: value for name, value in given.items() if name.startswith("CHALKOLA_CLOCK")},
            secrets={name: value for name, value in given.items() if name.startswith(secret)},
            variables={n: value for n, value in given.items() if not n.startswith((*secret, "CHALKOLA_CLOCK"))},
        )

    return of


@pytest.fixture
def runner(runner_for: Callable[[str], Runner], database_url: str) -> Runner:
    """A machine of GitHub's with a fresh, migrated database."""
    return runner_for(database_url)
