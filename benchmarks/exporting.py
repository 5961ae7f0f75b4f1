"""A million rows of a table of five million as CSV, Excel and Parquet: seconds and the most memory.

Each export is a process of its own, as a person calls it: its start, PostgreSQL's sorting and the disk are in it.
"""

import json
import os
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

from large_table import LAST, large_table
from measuring import table

_FORMATS = ("csv", "parquet", "xlsx")


def measure(url: str, folder: Path, *, small: bool) -> str:
    """Return the table."""
    filled, days = (30, 8) if small else (390, 80)
    with large_table(url, "exporting", days=filled) as (database, count):
        rows = [_row(database, folder / f"rows.{form}", days) for form in _FORMATS]
    title = f"{days} days of twelve marketplaces out of a table of {count:,} rows, to a file"
    return table(title, ["", "rows", "seconds", "rows a second", "file", "most memory"], rows)


def _row(database: str, path: Path, days: int) -> list[str]:
    first = LAST - timedelta(days=days - 1)
    command = ["export", "sp_daily_asin_data", "--from", str(first), "--output", str(path), "--json"]
    environment = {**os.environ, "DATABASE_URL": database, "CHALKOLA_HOME": str(path.parent)}
    began = time.perf_counter()
    with subprocess.Popen(
        [sys.executable, "-m", "chalkola.surfaces.cli", *command], env=environment, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout
        said = json.load(process.stdout)
        _, _, used = os.wait4(process.pid, 0)
        process.returncode = 0
    seconds = time.perf_counter() - began
    path.unlink()
    megabytes = used.ru_maxrss * (1 if sys.platform == "darwin" else 1024) / 1e6
    rows = said["rows"]
    return [
        path.suffix, f"{rows:,}", f"**{seconds:.1f}**", f"{rows / seconds:,.0f}",
        f"{said['bytes'] / 1e6:.1f} MB", f"{megabytes:.0f} MB",
    ]  # fmt: skip
