"""(h) One document of 1,064 rows through Supabase's API beside the same through DATABASE_URL, into the same table.

In place of the API stands what the tests use (tests/lite.py), on this machine: what is measured is how many calls a
load takes and what they cost here. It says nothing about Supabase's speed, whose calls take the way there and back
besides. Timed as in (b). Needs Node.js.
"""

import asyncio
import sys
import time
from datetime import timedelta
from pathlib import Path

import httpx2
from large_table import LAST, ROWS
from loading import KINDS, contents
from loads import Desk, Took
from measuring import spread, table

from chalkola.datasets.model import Box
from chalkola.datasets.sales_and_traffic_report import REPORT
from chalkola.documents import document_of
from chalkola.marketplaces import marketplace
from chalkola.store.connection import Pool, open_pool
from chalkola.store.migrate import migrate

sys.path.append(str(Path(__file__).resolve().parents[1] / "tests"))

from lite import Lite, lite
from postgres import Server
from supabase import add_roles, project

Rounds = dict[str, list[Took]]


def measure(url: str, folder: Path, *, small: bool) -> str:
    """Return the table."""
    server = Server(home=folder, url=url, direct_url=url, version="")
    add_roles(server)
    rounds = 3 if small else 15
    with project(server) as database:
        asyncio.run(_migrate(database))
        with lite(database, folder / "lite") as api:
            direct, through, calls = asyncio.run(_load_both(database, api, rounds))
            one_call = asyncio.run(_one_call(api))
    return table(
        f"(h) a document of {ROWS:,} rows through Supabase's API, beside DATABASE_URL",
        ["", "DATABASE_URL", "through the API", "times as long", "calls"],
        [
            [
                kind,
                spread([1000 * took.both for took in direct[kind]], " ms", 0),
                spread([1000 * took.both for took in through[kind]], " ms", 0),
                spread([b.both / a.both for a, b in zip(direct[kind], through[kind], strict=True)], "", 1),
                f"{calls[kind]:.0f}",
            ]
            for kind in KINDS
        ],
        f"{rounds} days each, in turns. A call that does nothing takes {spread(one_call, ' ms', 1)} here. The"
        " stand-in's speed says nothing about Supabase's: there each call takes the way there and back as well.",
    )


async def _migrate(database: str) -> None:
    async with open_pool(database) as pool:
        await migrate(pool)


async def _load_both(database: str, api: Lite, rounds: int) -> tuple[Rounds, Rounds, dict[str, float]]:
    """Return what loads took, and how many calls each of them made, by the kind of answer."""
    direct: Rounds = {kind: [] for kind in KINDS}
    through: Rounds = {kind: [] for kind in KINDS}
    calls = dict.fromkeys(KINDS, 0.0)
    async with open_pool(database) as own, open_pool(api.address) as rest:
        for number in range(rounds + 1):
            for taken, pool, code in ((direct, own, "DE"), (through, rest, "FR")):
                for kind, took, made in await _load_three(pool, code, number, api):
                    if number:  # the first is to warm up
                        taken[kind].append(took)
                        calls[kind] += made / rounds if pool is rest else 0
    return direct, through, calls


async def _load_three(pool: Pool, code: str, number: int, api: Lite) -> list[tuple[str, Took, int]]:
    """Load a day new, unchanged and restated. Return what each took, and how many calls it made."""
    m, day, desk = marketplace(code), LAST + timedelta(days=number), Desk(pool)
    box = Box(account="EU", marketplaces=(m,), first=day, last=day)
    loader, done = await desk.loader(), []
    for kind, content in zip(KINDS, contents(m, day), strict=True):
        (pull,) = await desk.claimed(REPORT, [box])
        before = api.calls.total()
        loaded, took = await desk.load(loader, REPORT, pull, box, document_of(content))
        if loaded.row_count != ROWS or loaded.notes:
            raise SystemExit(f"{loaded.row_count} rows, {loaded.notes}")
        done.append((kind, took, api.calls.total() - before))
    return done


async def _one_call(api: Lite) -> list[float]:
    """Return the milliseconds of calls that do nothing."""
    taken = []
    async with httpx2.AsyncClient(headers=dict(api.project.headers), trust_env=False) as client:
        for _ in range(40):
            begun = time.perf_counter()
            await client.post(f"{api.url}/rest/v1/rpc/sp_rest_read", json={"steps": "[]"})
            taken.append(1000 * (time.perf_counter() - begun))
    return taken
