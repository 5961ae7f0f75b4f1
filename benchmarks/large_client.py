"""The client of `large_document.py`: one pull of one document, given a database and the document's address."""

import asyncio
import json
import sys
import time
from datetime import date

from loads import Desk
from measuring import cpu_seconds, peak_mb

from chalkola.amazon.documents import download
from chalkola.datasets.model import Box
from chalkola.datasets.sales_and_traffic_report import REPORT
from chalkola.marketplaces import marketplace
from chalkola.store.connection import open_pool
from chalkola.wire import open_client


async def main(database: str, address: str, day: str) -> dict[str, float]:
    """Pull the one document and return what it took."""
    its_day = date.fromisoformat(day)
    box = Box(account="EU", marketplaces=(marketplace("DE"),), first=its_day, last=its_day)
    async with open_pool(database) as pool, open_client() as client:
        desk = Desk(pool)
        loader = await desk.loader()
        (pull,) = await desk.claimed(REPORT, [box])
        begun, cpu = time.perf_counter(), cpu_seconds()
        document = await download(client, address, desk.clock)
        loaded, took = await desk.load(loader, REPORT, pull, box, document)
        ended, cpu = time.perf_counter(), cpu_seconds() - cpu
    if loaded.notes:
        raise SystemExit(f"notes: {loaded.notes}")
    return {
        "wall": ended - begun, "reading": took.reading, "load": took.loading, "cpu": cpu, "peak_mb": peak_mb(),
        "rows": loaded.row_count,
    }  # fmt: skip


if __name__ == "__main__":
    print(json.dumps(asyncio.run(main(*sys.argv[1:]))))
