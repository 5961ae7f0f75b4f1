"""(a) 300 reports of 1,000 rows with no quotas: our pipeline beside a bare client, in turns, on fresh databases.

Ours is a whole `pull`: login, discovery, planning, ledger, buckets, archive, checks, verdicts, rows and totals. The
bare client logs in, creates, polls, downloads and copies; it keeps no ledger and checks nothing. Both copy by-ASIN
rows and totals into the same tables with the same keys, indexes and foreign keys, 16 reports in hand, 8 connections.
"""

import json
import statistics
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
from measuring import fresh_database, run_child, spread, table

_LAST_DAY_AGO = timedelta(days=60)
_NAMES = {"ours.py": "Chalkola One", "reference.py": "bare reference"}


def measure(url: str, folder: Path, *, small: bool) -> str:
    """Return the table."""
    days, rows, rounds = (3, 100, 2) if small else (25, 1000, 7)
    last = datetime.now(UTC).date() - _LAST_DAY_AGO
    span = [str(last - timedelta(days=days - 1)), str(last)]
    runs: dict[str, list[dict[str, float]]] = {script: [] for script in _NAMES}
    with _simulated_amazon(rows) as env:
        _run("reference.py", url, folder, env, span)  # makes every document once, so that later ones are at hand
        for number in range(rounds):
            for script in sorted(_NAMES, reverse=number % 2 == 0):
                runs[script].append(_run(script, url, folder, env, span))
    return _table(runs, rounds, days * 12, rows)


def _table(runs: dict[str, list[dict[str, float]]], rounds: int, reports: int, rows: int) -> str:
    lines = [
        [
            name,
            spread([run["wall"] for run in runs[script]], " s"),
            spread([run["cpu"] for run in runs[script]], " s"),
            spread([run["peak_mb"] for run in runs[script]], " MB", 0),
        ]
        for script, name in _NAMES.items()
    ]
    pairs = zip(runs["ours.py"], runs["reference.py"], strict=True)
    ratios = [ours["wall"] / bare["wall"] for ours, bare in pairs]
    medians = [statistics.median(run["wall"] for run in runs[script]) for script in _NAMES]
    return table(
        f"(a) {reports} reports × {rows:,} rows, createReport to committed rows, no quotas",
        ["", "wall", "client CPU", "peak memory"],
        lines,
        f"Wall of ours by the reference's: **{medians[0] / medians[1]:.2f}** (of the medians); "
        f"pair by pair {spread(ratios)}. {rounds} rounds in turns.",
    )


def _run(script: str, url: str, folder: Path, env: dict[str, str], span: list[str]) -> dict[str, float]:
    with fresh_database(url, "reports") as database:
        given = {**env, "DATABASE_URL": database, "CHALKOLA_HOME": str(folder / "client")}
        measured = run_child(script, *span, env=given)
        _check(database, measured["reports"])
    return measured


def _check(database: str, reports: int) -> None:
    """Raise when not everything arrived: a fast client that loses rows is not fast."""
    with psycopg.connect(database) as connection:
        query = "SELECT count(DISTINCT (date, marketplace_id)), count(*) FROM sp_daily_asin_data"
        days, rows = connection.execute(query).fetchone() or (0, 0)
        (totals,) = connection.execute("SELECT count(*) FROM sp_daily_totals").fetchone() or (0,)
    if not days == totals == reports or not rows:
        raise SystemExit(f"{reports} reports, but {days} days with {rows} rows and {totals} days of totals")


@contextmanager
def _simulated_amazon(rows: int) -> Iterator[dict[str, str]]:
    """Give the settings that reach a simulated Amazon, a process of its own, which meters nothing."""
    command = [
        sys.executable, "-m", "amazon_simulator", "--quota", "off", "--processing-seconds", "0", "--full-shelves",
        "--children", str(rows), "--parents", str(rows // 5), "--until-stdin-closes",
    ]  # fmt: skip
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin
        assert process.stdout
        env: dict[str, str] = json.loads(process.stdout.readline())["env"]
        try:
            yield env
        finally:
            process.stdin.close()  # it ends with its starter
