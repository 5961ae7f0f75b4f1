"""(b) One document of 1,064 rows into a table of five million: new, unchanged, and with 5 % of its rows changed.

Timed is what happens between the document's bytes in memory and the commit: inflating, decoding, checking, one
transaction with the rows, the totals and the ledger's lines. Not timed: download, archive, planning and claiming.
"""

import asyncio
import gc
from datetime import date, timedelta
from pathlib import Path

from large_table import LAST, ROWS, large_table
from loads import Desk, Took
from measuring import spread, table

from chalkola.datasets.model import Box
from chalkola.datasets.sales_and_traffic_report import REPORT
from chalkola.documents import document_of
from chalkola.marketplaces import Marketplace, marketplace
from chalkola.pipeline.memory import rarely_collecting
from chalkola.store.connection import open_pool
from documents import document, packed, restated

_SHARE_CHANGED = 0.05
KINDS = ("new", "unchanged", "5 % changed")


def measure(url: str, folder: Path, *, small: bool) -> str:
    """Return the table."""
    days, rounds = (30, 5) if small else (390, 40)
    with large_table(url, "loading", days=days) as (database, filled):
        taken = asyncio.run(_load(database, rounds))
    return table(
        f"(b) a document of {ROWS:,} rows into a table of {filled:,}",
        ["", "bytes in hand to commit", "of it reading", "of it loading", "limit"],
        [
            [
                kind,
                spread([1000 * took.both for took in taken[kind]], " ms", 1),
                spread([1000 * took.reading for took in taken[kind]], " ms", 1),
                spread([1000 * took.loading for took in taken[kind]], " ms", 1),
                "30 ms" if kind == "new" else "less",
            ]
            for kind in KINDS
        ],
        f"{rounds} days, each loaded new, once more as it is, and once more with one row in twenty restated.",
    )


async def _load(database: str, rounds: int) -> dict[str, list[Took]]:
    taken: dict[str, list[Took]] = {kind: [] for kind in KINDS}
    germany = marketplace("DE")
    days = [LAST + timedelta(days=number + 1) for number in range(rounds)]
    documents = [contents(germany, day) for day in days]
    gc.collect()
    async with open_pool(database) as pool:
        desk = Desk(pool)
        with rarely_collecting():
            for day, three in zip(days, documents, strict=True):
                for kind, content in zip(KINDS, three, strict=True):
                    taken[kind].append(await _load_one(desk, germany, day, content))
    return taken


def contents(m: Marketplace, day: date) -> tuple[bytes, bytes, bytes]:
    first = document(ROWS, m.code, day)
    return packed(first), packed(first), packed(restated(first, _SHARE_CHANGED))


async def _load_one(desk: Desk, m: Marketplace, day: date, content: bytes) -> Took:
    """Load one document as the pipeline does and return the seconds it took."""
    loader = await desk.loader()
    box = Box(account="EU", marketplaces=(m,), first=day, last=day)
    (pull,) = await desk.claimed(REPORT, [box])
    loaded, took = await desk.load(loader, REPORT, pull, box, document_of(content))
    if loaded.row_count != ROWS or loaded.notes:
        raise SystemExit(f"{loaded.row_count} rows, {loaded.notes}")
    return took


if __name__ == "__main__":
    raise SystemExit("benchmarks/run.py b")
