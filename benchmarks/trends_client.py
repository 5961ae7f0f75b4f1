"""The client of `trends.py`: reads and loads one document, given a database, the document's file and its days."""

import asyncio
import json
import shutil
import sys
from datetime import date
from pathlib import Path

from loads import Desk
from measuring import peak_mb

from chalkola.datasets.model import AsinFilter, Box
from chalkola.datasets.sales_and_traffic_trends import TRENDS_QUERY
from chalkola.documents import Document, spool
from chalkola.marketplaces import Marketplace, marketplace
from chalkola.store.connection import open_pool


async def main(database: str, path: str, code: str, first: str, times: str, asins: list[str]) -> dict[str, float]:
    """Load the document and return what it took."""
    m = marketplace(code)
    begin = date.fromisoformat(first)
    last = date.fromordinal(begin.toordinal() + 30 * int(times) - 1)
    box = Box(account=m.region.value, marketplaces=(m,), first=begin, last=last, filters=_filters(m, asins))
    document = _spooled(Path(path))
    async with open_pool(database) as pool:
        desk = Desk(pool)
        loader = await desk.loader()
        (pull,) = await desk.claimed(TRENDS_QUERY, [box])
        loaded, took = await desk.load(loader, TRENDS_QUERY, pull, box, document)
    if loaded.notes:
        raise SystemExit(f"notes: {loaded.notes}")
    return {"wall": took.both, "peak_mb": peak_mb(), "rows": loaded.row_count}


def _filters(m: Marketplace, asins: list[str]) -> tuple[AsinFilter, ...]:
    return (AsinFilter(marketplace=m, asins=tuple(asins)),)


def _spooled(path: Path) -> Document:
    """Return the document as a download leaves it: in memory while it is small, in a temporary file beyond."""
    place = spool()
    with path.open("rb") as file:
        shutil.copyfileobj(file, place)
    return Document(raw=place, size_bytes=place.tell())


if __name__ == "__main__":
    _, its_database, its_path, its_code, its_first, its_times, its_asins = sys.argv
    print(json.dumps(asyncio.run(main(its_database, its_path, its_code, its_first, its_times, its_asins.split(",")))))
