"""The client of `large_document.py`: one pull of one document, given a database and the document's address."""

import asyncio
import json
import sys
import time
from datetime import date

from measuring import cpu_seconds, peak_mb

from chalkola.amazon.documents import download
from chalkola.amazon.wire import open_client
from chalkola.clock import RealClock
from chalkola.datasets import CATALOG
from chalkola.datasets.model import Box, Pull
from chalkola.datasets.sales_and_traffic_report import REPORT
from chalkola.marketplaces import marketplace
from chalkola.pipeline.load import Loader, Received
from chalkola.store.connection import open_pool
from chalkola.store.ledger import Ledger
from chalkola.store.survey import fits_of


async def main(database: str, address: str, day: str) -> dict[str, float]:
    """Pull the one document and return what it took."""
    box = Box(
        account="EU", marketplaces=(marketplace("DE"),), first=date.fromisoformat(day), last=date.fromisoformat(day)
    )
    async with open_pool(database) as pool, open_client() as client:
        ledger = Ledger(pool, RealClock())
        fits = await fits_of(pool, [dataset.table for dataset in CATALOG])
        loader = Loader(datasets={dataset.name: dataset for dataset in CATALOG}, fits=fits)
        ids = await ledger.plan([Pull(source=REPORT, box=box, settled=True)], [["createReport@EU"]])
        (pull,) = await ledger.claim("benchmark", accounts=["EU"], wanted=ids, most=1)
        begun, cpu = time.perf_counter(), cpu_seconds()
        document = await download(client, address, RealClock())
        answer = REPORT.read(document, box)
        loading = time.perf_counter()
        received = Received(answer=answer, byte_count=document.size_bytes, archived_as=None)
        loaded = await loader.load(ledger, pull, received)
        ended, cpu = time.perf_counter(), cpu_seconds() - cpu
    if loaded.notes:
        raise SystemExit(f"notes: {loaded.notes}")
    wall = ended - begun
    return {"wall": wall, "load": ended - loading, "cpu": cpu, "peak_mb": peak_mb(), "rows": loaded.row_count}


if __name__ == "__main__":
    print(json.dumps(asyncio.run(main(*sys.argv[1:]))))
