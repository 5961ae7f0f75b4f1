"""(d) Planning two years of ten datasets in twelve marketplaces from the ledger.

The ten are copies of sales and traffic under names of their own, each with a report of its own, so that nothing can
be packed together: 87,240 slices are 87,240 pulls. Timed is reading the ledger and planning, in a process of its own.
The buckets are full. In the third line nobody names days: it is what a night asks, two weeks of restatements
included, with the catalog as it is.
"""

import asyncio
import gc
import json
import sys
import time
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import psycopg
from measuring import fresh_database, run_child, spread, table

from chalkola.datasets import CATALOG, SOURCES
from chalkola.datasets.model import Dataset
from chalkola.datasets.sales_and_traffic import DATASET
from chalkola.datasets.sales_and_traffic_report import REPORT
from chalkola.marketplaces import MARKETPLACES, Place
from chalkola.pipeline.means import Means
from chalkola.pipeline.metering import all_buckets
from chalkola.pipeline.plan import Plan, Request, plan
from chalkola.store.connection import Pool, open_pool
from chalkola.store.lines import read_coverage

_NOW = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)
_DAYS = 727
_OPEN = timedelta(days=2)
_LAST_READ = timedelta(hours=26)
_OPENS: dict[Place, str] = {m: m.region.value for m in MARKETPLACES}
_ASINS = {m.scope: tuple(f"B{number:09}" for number in range(1064)) for m in MARKETPLACES}


def measure(url: str, folder: Path, *, small: bool) -> str:
    """Return the table."""
    rounds = 3 if small else 15
    with fresh_database(url, "planning") as database:
        unknown = run_child("planning.py", database, str(rounds), "span")
        _close(database, [dataset.name for dataset in _datasets()])
        closed = run_child("planning.py", database, str(rounds), "span")
        _close(database, [dataset.name for dataset in CATALOG])
        night = run_child("planning.py", database, str(rounds), "night")
    said = ("nothing known", "all closed but the newest days", "the same, and the catalog's: a night")
    rows = [
        [name, f"{found['lines']:,}", f"{found['pulls']:,}", spread(found["seconds"], " s", 3)]
        for name, found in zip(said, (unknown, closed, night), strict=True)
    ]
    return table(
        f"(d) planning {_DAYS} days × {len(_OPENS)} marketplaces × 10 datasets, limit 0.3 s",
        ["ledger", "lines", "pulls planned", "reading and planning"],
        rows,
        f"{rounds} times each; the plan before is dropped first, as a run makes one only.",
    )


def _datasets() -> tuple[Dataset, ...]:
    return tuple(_dataset(f"synthetic_{number}") for number in range(10))


def _dataset(name: str) -> Dataset:
    source = replace(REPORT, name=f"{name}.report", fills=(name,))
    return replace(DATASET, name=name, sources=(source,), totals_in=None)


def _span() -> tuple[date, date]:
    last = min(DATASET.newest(_NOW, m.zone) for m in MARKETPLACES)
    return last - timedelta(days=_DAYS - 1), last


def _close(database: str, names: list[str]) -> None:
    """Write a closed line for every slice of these datasets but those of the newest days."""
    first, last = _span()
    with psycopg.connect(database, autocommit=True) as connection:
        values = _NOW - _LAST_READ, names, [m.scope for m in _OPENS], first, last - _OPEN
        connection.execute(_LINES, (values[0], *values))
        connection.execute("VACUUM ANALYZE sp_slices")


async def main(database: str, rounds: int, what: str) -> dict[str, object]:
    """Plan so many times and return the seconds of each."""
    first, last = _span()
    request = Request(datasets=_datasets(), first=first, last=last) if what == "span" else Request(datasets=CATALOG)
    seconds = []
    async with open_pool(database) as pool:
        pulls = len((await _planned(pool, request)).pulls)
        for _ in range(rounds):
            gc.collect()
            begun = time.perf_counter()
            planned = await _planned(pool, request)
            seconds.append(time.perf_counter() - begun)
            del planned
        async with pool.connection() as connection:
            found = await (await connection.execute("SELECT count(*) FROM sp_slices")).fetchone()
    return {"seconds": seconds, "pulls": pulls, "lines": found[0] if found else 0}


async def _planned(pool: Pool, request: Request) -> Plan:
    known = await read_coverage(pool, [dataset.name for dataset in request.datasets], _NOW)
    sources = {source.name: source for source in (*SOURCES, *(s for d in request.datasets for s in d.sources))}
    buckets = {bucket.key: bucket for bucket in all_buckets(sorted(set(_OPENS.values())), sources.values(), {})}
    return plan(request, Means(opens=_OPENS, buckets=buckets, asins=_ASINS), known, _NOW)


_LINES = """
INSERT INTO sp_slices (dataset, scope, first_day, state, source, pull_id, asked_at, loaded_at, row_count, checksum,
  sums)
SELECT dataset, scope, day, 'proven', 'sales_and_traffic.report', 1, %s, %s, 1064, md5(scope || day::text),
  '{"units": 4000, "order_items": 4000, "sales": "79960.00", "page_views": 300000, "sessions": 150000}'
FROM unnest(%s::text[]) AS dataset, unnest(%s::text[]) AS scope,
  generate_series(%s::date, %s::date, interval '1 day') AS day
"""


if __name__ == "__main__":
    print(json.dumps(asyncio.run(main(sys.argv[1], int(sys.argv[2]), sys.argv[3]))))
