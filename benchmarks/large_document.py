"""(c) One document of 100,000 rows (150 MB of JSON), downloaded, read and loaded in a process of its own.

Its memory is that process's peak, imports and all. A plain file server in another process has the document.
"""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

from measuring import fresh_database, run_child, spread, table

from documents import write_large

_DAY = date(2026, 9, 1)
_NAME = "large.json.gz"


def measure(url: str, folder: Path, *, small: bool) -> str:
    """Return the table."""
    rows, rounds = (10_000, 1) if small else (100_000, 3)
    size = write_large(folder / _NAME, rows, "DE", _DAY)
    with _served(folder) as address:
        runs = []
        for _ in range(rounds):
            with fresh_database(url, "large") as database:
                runs.append(run_child("large_client.py", database, address, str(_DAY)))
    packed = (folder / _NAME).stat().st_size
    if any(run["rows"] != rows for run in runs):
        raise SystemExit(f"{rows} rows were sent, {[run['rows'] for run in runs]} are there")
    return table(
        f"(c) one document of {rows:,} rows: {size / 1e6:.0f} MB of JSON, {packed / 1e6:.0f} MB compressed",
        ["", "wall", "client CPU", "peak memory (limit 120 MB)"],
        [
            [
                "download, read and load",
                spread([run["wall"] for run in runs], " s", 1),
                spread([run["cpu"] for run in runs], " s", 1),
                spread([run["peak_mb"] for run in runs], " MB", 0),
            ],
            ["of it reading", spread([run["reading"] for run in runs], " s", 1), "", ""],
            ["of it loading", spread([run["load"] for run in runs], " s", 1), "", ""],
        ],
        f"{rounds} times, each into a fresh database.",
    )


@contextmanager
def _served(folder: Path) -> Iterator[str]:
    command = [sys.executable, "-u", "-m", "http.server", "0", "--bind", "127.0.0.1", "--directory", str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout
        port = process.stdout.readline().split("port ")[1].split(" ")[0]
        try:
            yield f"http://127.0.0.1:{port}/{_NAME}"
        finally:
            process.terminate()
