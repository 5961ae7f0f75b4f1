"""What every benchmark needs: the machine in one line, a spread in one cell, a child process, a fresh database."""

import asyncio
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg

from chalkola.marketplaces import MARKETPLACES
from chalkola.store.connection import open_pool
from chalkola.store.migrate import ensure_marketplaces, migrate

_HERE = Path(__file__).parent
_TEMPLATE = "migrated"


def machine() -> str:
    """Return processor, system and Python of this machine."""
    return f"{os.cpu_count()} × {_processor()}, {platform.system()}, Python {platform.python_version()}"


def others_busy(seconds: float = 5.0) -> str:
    """Return how busy other programs kept the machine just now, where the system says so."""
    stat = Path("/proc/stat")
    if not stat.exists():
        return "others not measured"
    before = _busy_ticks(stat)
    time.sleep(seconds)
    cores = (_busy_ticks(stat) - before) / os.sysconf("SC_CLK_TCK") / seconds
    return f"others used {cores:.1f} of {os.cpu_count()} cores just before"


def _busy_ticks(stat: Path) -> int:
    user, nice, system, _, _, irq, softirq, steal, *_ = map(int, stat.read_text().split("\n")[0].split()[1:])
    return user + nice + system + irq + softirq + steal


def spread(values: Sequence[float], unit: str = "", digits: int = 2) -> str:
    """Return `median (min to max)`."""
    low, middle, high = (f"{v:.{digits}f}" for v in (min(values), statistics.median(values), max(values)))
    return f"**{middle}**{unit} ({low} to {high})"


def table(title: str, head: Sequence[str], rows: Sequence[Sequence[str]], *notes: str) -> str:
    """Return a Markdown table under its title."""
    lines = [f"### {title}", "", *map(_line, [head, ["---"] * len(head), *rows]), "", *notes]
    return "\n".join(lines) + "\n"


def cpu_seconds() -> float:
    """Return the processor time that this process has taken, all threads together."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def peak_mb() -> float:
    """Return the most memory that this process has ever held (ru_maxrss; Linux carries the parent's into it, so there
    from /proc)."""
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) * 1024 / 1e6
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / 1e6 if sys.platform == "darwin" else most * 1024 / 1e6


def run_child(script: str, *arguments: str, env: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Run a script of this folder in a process of its own and return what it prints as JSON."""
    done = subprocess.run(
        [sys.executable, str(_HERE / script), *arguments],
        env={**os.environ, **(env or {})}, stdout=subprocess.PIPE, check=True,
    )  # fmt: skip
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


@contextmanager
def fresh_database(url: str, name: str) -> Iterator[str]:
    """Give a database with our tables and nothing in them, and drop it afterwards."""
    with psycopg.connect(url, autocommit=True) as server:
        _make_template(server, url)
    with copied_database(url, name, _TEMPLATE) as database:
        yield database


@contextmanager
def copied_database(url: str, name: str, template: str) -> Iterator[str]:
    """Give a copy of a database, and drop it afterwards."""
    with psycopg.connect(url, autocommit=True) as server:
        server.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        server.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")
        server.execute("CHECKPOINT")
        try:
            yield _with_database(url, name)
        finally:
            server.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


def keep_as(url: str, name: str, template: str) -> None:
    """Give a database, to which nobody is connected, another name, under which it can be copied."""
    with psycopg.connect(url, autocommit=True) as server:
        server.execute(f"ALTER DATABASE {name} RENAME TO {template}")


def _make_template(server: psycopg.Connection[Any], url: str) -> None:
    if server.execute("SELECT FROM pg_database WHERE datname = %s", (_TEMPLATE,)).rowcount:
        return
    server.execute(f"CREATE DATABASE {_TEMPLATE}")
    asyncio.run(_migrate(_with_database(url, _TEMPLATE)))


async def _migrate(url: str) -> None:
    async with open_pool(url) as pool:
        await migrate(pool)
        await ensure_marketplaces(pool, MARKETPLACES)


def _with_database(url: str, name: str) -> str:
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    if info.exists():
        names = [line.partition(":")[2].strip() for line in info.read_text().splitlines() if "model name" in line]
        return names[0] if names else platform.machine()
    return platform.processor() or platform.machine()


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
