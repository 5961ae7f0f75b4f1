"""The client of `history.py`: loads kept documents into an empty database, by our own code or by a plain insert."""

import asyncio
import json
import shutil
import sys
import time
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import psycopg
from loads import Desk
from measuring import peak_mb
from trends import plain_insert

from chalkola.datasets import SOURCES
from chalkola.datasets.model import Box, Source
from chalkola.documents import Document, spool
from chalkola.pipeline.ending import _LARGE_AT_ONCE
from chalkola.pipeline.memory import rarely_collecting
from chalkola.store.connection import open_pool


@dataclass(kw_only=True)
class Ours:
    """Loads as a run does: two large documents at once, one in Python and one in PostgreSQL."""

    database: str
    reading: float = 0.0
    rows: int = 0
    at_once: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_LARGE_AT_ONCE))

    async def load(self, kept: list[dict[str, Any]]) -> float:
        """Load the documents, totals first; return how long it took."""
        async with open_pool(self.database) as pool:
            desk = Desk(pool)
            loader, boxes = await desk.loader(), [_box(one) for one in kept]
            of_source: dict[str, list[int]] = {}
            for place, one in enumerate(kept):
                of_source.setdefault(one["source"], []).append(place)
            begun = time.perf_counter()
            for name, places in of_source.items():
                source = _source(name)
                pulls = await desk.claimed(source, [boxes[place] for place in places])
                await asyncio.gather(*(
                    self._one(desk, loader, source, pull, boxes[place], kept[place])
                    for pull, place in zip(pulls, places, strict=True)
                ))  # fmt: skip
            return time.perf_counter() - begun

    async def _one(self, desk: Desk, loader: Any, source: Source, pull: Any, box: Box, one: dict[str, Any]) -> None:
        async with self.at_once:
            document = _spooled(Path(one["path"]))
            loaded, took = await desk.load(loader, source, pull, box, document, in_thread=True)
            document.close()
            self.reading += took.reading
            self.rows += loaded.row_count if source.fills == ("sales_and_traffic",) else 0


def plain(database: str, kept: list[dict[str, Any]]) -> tuple[float, int]:
    """Insert the rows by way of a temporary table, a transaction for each document; return how long, and how many."""
    seconds, rows = 0.0, 0
    with psycopg.connect(database) as connection:
        for one in kept:
            source = _source(one["source"])
            document = _spooled(Path(one["path"]))
            answer = source.read(document, _box(one))
            (batch,) = answer.batches
            piece = plain_insert(connection, batch)
            answer.close()
            document.close()
            seconds += piece.loading
            rows += piece.rows if source.fills == ("sales_and_traffic",) else 0
    return seconds, rows


def _box(one: dict[str, Any]) -> Box:
    first, last = date.fromisoformat(one["first"]), date.fromisoformat(one["last"])
    return Box.of_scopes(one["account"], one["scopes"], first, last, one["filters"])


def _source(name: str) -> Source:
    return next(source for source in SOURCES if source.name == name)


def _spooled(path: Path) -> Document:
    """Return the document as a download leaves it: in memory while it is small, in a temporary file beyond."""
    place = spool()
    with path.open("rb") as file:
        shutil.copyfileobj(file, place)
    return Document(raw=place, size_bytes=place.tell())


def _table_bytes(database: str) -> int:
    with psycopg.connect(database) as connection:
        found = connection.execute("SELECT pg_total_relation_size('sp_daily_asin_data')").fetchone()
    return int(found[0]) if found else 0


def main(how: str, database: str, path: str) -> dict[str, float]:
    """Load everything and return what it took."""
    kept = json.loads(Path(path).read_text())
    with rarely_collecting():
        if how == "plain":
            wall, rows = plain(database, kept)
            return {"wall": wall, "rows": rows, "table_bytes": _table_bytes(database)}
        ours = Ours(database=database)
        wall = asyncio.run(ours.load(kept))
    return {
        "wall": wall, "rows": ours.rows, "reading": ours.reading, "peak_mb": peak_mb(), "documents": len(kept),
        "table_bytes": _table_bytes(database),
    }  # fmt: skip


if __name__ == "__main__":
    print(json.dumps(main(*sys.argv[1:])))
