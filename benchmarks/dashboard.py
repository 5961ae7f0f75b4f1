"""(j) What eight people who click at once wait for, over two years of ten marketplaces with 1,064 ASINs."""

import asyncio
import os
import random
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import aiohttp
import dashboard_data
import psutil
import psycopg
from measuring import fresh_database, table
from painting import painted

LIMITS = {"Today": 150, "Products": 200, "A product": 100, "Coverage": 150, "JSON API": 200}
"""Milliseconds, at the 95th percentile; of the JSON API nothing is promised."""
PAGES = ("Today", "Products", "A product", "Coverage")
PEOPLE = 8
_PLACES = ("place=ALL&currency=EUR", "place=ALL&currency=USD", "place=DE", "place=US")
_SEEN_ONCE = 72  # views of a kind, for the first look
_UNSEEN = 400  # products that nobody has opened


def views(asins: int) -> Mapping[str, list[str]]:
    """Return the addresses that people open, by what they are."""
    periods, orders = ("Last 30 days", "Last 7 days", "MTD"), ("-sales", "-units", "change")
    tables = [f"period={p}&sort={o}&page={n}" for p in periods for o in orders for n in (1, 2)]
    answers = ("metrics?", "products?period=MTD&", "products/B0CHILD00001?", "coverage?page=2&", "alerts?")
    return {
        "Today": [f"/?{place}&versus={one}" for place in _PLACES for one in ("week_ago", "previous", "year_ago")],
        "Products": [f"/products?{place}&{one}" for place in _PLACES for one in tables],
        "A product": [f"/products/B0CHILD{n:05d}?{place}" for n in range(1, asins, 7) for place in _PLACES[:2]],
        "Coverage": [f"/coverage?dataset={one}" for one in ("sales_and_traffic", "daily_totals", "daily_parents")],
        "JSON API": [f"/api/v1/{one}{place.replace('place', 'marketplace')}" for one in answers for place in _PLACES],
    }  # fmt: skip


def products_unseen(asins: int) -> list[str]:
    """Return the addresses of products that are not among `views`."""
    every = [f"/products/B0CHILD{n:05d}?{place}" for n in range(asins) if n % 7 != 1 for place in _PLACES[:2]]
    return random.Random(1).sample(every, _UNSEEN)


def measure(url: str, folder: Path, *, small: bool) -> str:
    """Fill a database, serve it, and click."""
    with fresh_database(url, "dashboard") as database:
        began = time.monotonic()
        rows = dashboard_data.fill(database, days=73 if small else dashboard_data.DAYS)
        with psycopg.connect(database, autocommit=True) as connection:
            connection.execute("SELECT sp_sum_up()")
            connection.execute("VACUUM ANALYZE")
        took = time.monotonic() - began
        return clicked(database, folder, f"{rows:,} rows, made in {took:.0f} s", seconds=10 if small else 60)


def clicked(database: str, folder: Path, what: str, *, seconds: float) -> str:
    """Serve a filled database and return how long its views take."""
    with served(database, folder) as (address, process):
        first = asyncio.run(_once(address))
        before = _cpu(process)
        then = asyncio.run(_click(address, seconds))
        cpu = (_cpu(process) - before) / sum(map(len, then.values()))
        unseen = asyncio.run(_all_open(address, products_unseen(dashboard_data.ASINS)))
        paints = painted(
            address, {kind: paths[0] for kind, paths in views(dashboard_data.ASINS).items() if kind in PAGES}
        )
        memory = process.memory_info().rss / 1e6
    rows = [
        [kind, f"{len(first[kind])}", f"{_ms(statistics.median(first[kind]))}", f"{_ms(max(first[kind]))}",
         f"{len(then[kind]):,}", f"{_ms(statistics.median(then[kind]))}", f"**{_ms(_p95(then[kind]))}**", f"{limit}"]
        for kind, limit in LIMITS.items()
    ]  # fmt: skip
    head = ["", "views", "first look, median", "worst", "clicks", "median", "95th percentile", "limit"]
    return table(
        f"(j) {PEOPLE} people click at once, ms; {what}", head, rows,
        f"The process that serves holds {memory:.0f} MB (limit 200). For a click, it and its database take"
        f" {cpu * 1000:.0f} ms of a processor. Where all of them open nothing but products that nobody has opened:"
        f" median {_ms(statistics.median(unseen))} ms, 95th percentile {_ms(_p95(unseen))} ms.\n\n{paints}",
    )  # fmt: skip


@contextmanager
def served(database: str, folder: Path) -> Iterator[tuple[str, psutil.Process]]:
    """Run `chalkola serve` over a database."""
    environment = {**os.environ, "DATABASE_URL": database, "CHALKOLA_HOME": str(folder), "PYTHONUNBUFFERED": "1"}
    command = [sys.executable, "-m", "chalkola.surfaces.cli", "serve", "--port", "0"]
    log = folder / "serve.log"
    with log.open("w") as out:
        process = subprocess.Popen(command, env=environment, stdout=out, stderr=subprocess.STDOUT)
    try:
        for _ in range(300):
            if found := re.search(r"http://127\.0\.0\.1:\d+", log.read_text()):
                break
            time.sleep(0.2)
        else:
            raise RuntimeError(f"it does not serve: {log.read_text()}")
        yield found[0], psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait(60)


def _cpu(serving: psutil.Process) -> float:
    """Return the processor time of the process that serves, and of its connections' ends in the database."""
    ports = {one.laddr.port for one in serving.net_connections() if one.laddr}
    ends = [serving, *(one for one in psutil.process_iter() if _listens_to(one, ports))]
    return float(sum(one.cpu_times().user + one.cpu_times().system for one in ends))


def _listens_to(process: psutil.Process, ports: set[int]) -> bool:
    try:
        return "postgres" in process.name() and any(
            one.raddr and one.raddr.port in ports for one in process.net_connections()
        )
    except psutil.Error:
        return False


async def _once(address: str) -> dict[str, list[float]]:
    """Open every view once, alone."""
    first: dict[str, list[float]] = {}
    async with aiohttp.ClientSession(address) as client:
        for kind, paths in views(dashboard_data.ASINS).items():
            first[kind] = [
                await _opened(client, path) for path in (paths[:_SEEN_ONCE] if kind == "A product" else paths)
            ]
    return first


async def _click(address: str, seconds: float) -> dict[str, list[float]]:
    """Have everybody open one view after the other for so long, without a pause."""
    every = views(dashboard_data.ASINS)
    then: dict[str, list[float]] = {kind: [] for kind in every}
    async with aiohttp.ClientSession(address, connector=aiohttp.TCPConnector(limit=0)) as client:
        ends = time.monotonic() + seconds

        async def person(n: int) -> None:
            choice = random.Random(n)
            while time.monotonic() < ends:
                kind = choice.choice(list(every))
                then[kind].append(await _opened(client, choice.choice(every[kind])))

        await asyncio.gather(*(person(n) for n in range(PEOPLE)))
    return then


async def _all_open(address: str, paths: list[str]) -> list[float]:
    """Have everybody open some views, each of them once."""
    left, took = list(paths), []
    async with aiohttp.ClientSession(address, connector=aiohttp.TCPConnector(limit=0)) as client:

        async def person() -> None:
            while left:
                took.append(await _opened(client, left.pop()))

        await asyncio.gather(*(person() for _ in range(PEOPLE)))
    return took


async def _opened(client: aiohttp.ClientSession, path: str) -> float:
    while True:
        began = time.perf_counter()
        async with client.get(path.replace(" ", "%20")) as answer:
            await answer.read()
        if answer.status == 429:  # nobody clicks that fast: not counted
            await asyncio.sleep(float(answer.headers["Retry-After"]))
            continue
        answer.raise_for_status()
        return time.perf_counter() - began


def _p95(values: list[float]) -> float:
    return statistics.quantiles(values, n=20)[-1]


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.0f}"


if __name__ == "__main__":  # over a database that is filled already
    print(clicked(sys.argv[1], Path(sys.argv[2]), "filled before", seconds=float(sys.argv[3])))
