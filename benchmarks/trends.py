"""(f) Trends into a large table: 1,064 ASINs over 30 days (31,920 rows, three questions) into five million rows.

New rows beside a plain staged insert of the same rows, in turns: each round has a marketplace of its own, and each of
the two has 30 days of it for itself. The plain one copies finished lines into a temporary table of the same columns,
inserts from there and commits, three times as well; it judges nothing and knows no ledger. Then the same answers once
more, and with one row in twenty restated. Memory is that of a process of its own, for documents 1, 3 and 10 times as
long.
"""

import asyncio
import gc
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
from large_table import LAST, large_table
from loads import Desk
from measuring import fresh_database, run_child, spread, table
from trends_documents import answer, boxes, packed, restated

from chalkola.datasets.model import Batch, Box, Source
from chalkola.datasets.sales_and_traffic_trends import TRENDS_QUERY
from chalkola.documents import document_of
from chalkola.marketplaces import MARKETPLACES, Marketplace, by_scope
from chalkola.pipeline.memory import rarely_collecting
from chalkola.store.connection import Pool, open_pool

_DAYS = 30
_SHARE_CHANGED = 0.05
_KINDS = ("new", "nothing changed", "5 % changed")
_TIMES = (1, 3, 10)
_FIXED = ("date", "marketplace_id", "amazon_marketplace_id", "pull_id", "source", "first_loaded_at")


@dataclass(frozen=True, kw_only=True)
class Piece:
    """One question's answer: how many rows, and the seconds of reading it and of bringing its rows in."""

    rows: int
    reading: float
    loading: float


Run = list[Piece]


def measure(url: str, folder: Path, *, small: bool) -> str:
    """Return the tables."""
    days, rounds = (30, 2) if small else (390, 9)
    with large_table(url, "trends", days=days) as (database, filled):
        runs = asyncio.run(_rounds(database, MARKETPLACES[:rounds]))
    speeds = _speeds(runs, filled)
    return f"{speeds}\n{_memory(url, folder, small=small)}"


def _speeds(runs: dict[str, list[Run]], filled: int) -> str:
    rows = sum(piece.rows for piece in runs["new"][0])
    first = runs["new"][0][0].rows
    lines = []
    for kind, limit in zip(_KINDS, ("80 % of the plain one", "100,000 rows/s", ""), strict=True):
        lines.append([kind, *_cells(runs[kind]), limit])
    _, loading, alone, _ = _cells(runs["plain"])
    lines.append(["new, plain staged insert", "", loading, alone, "", ""])
    return table(
        f"(f) {rows:,} rows of trends into a table of {filled:,}",
        ["three questions", "reading", "loading", "rows/s loading", "rows/s with reading", "limit"],
        lines,
        _beside(runs, "the three", slice(None)),
        _beside(runs, f"the first alone ({first:,} rows)", slice(1)),
        f"{len(runs['new'])} rounds in turns, each a marketplace of its own. The plain insert is given its lines; for"
        ' "with reading" the time that ours took to read them is added to both.',
    )


def _cells(runs: Sequence[Run]) -> list[str]:
    reading = [sum(piece.reading for piece in run) for run in runs]
    loading = [sum(piece.loading for piece in run) for run in runs]
    rows = [sum(piece.rows for piece in run) for run in runs]
    alone = [n / seconds for n, seconds in zip(rows, loading, strict=True)]
    both = [n / (a + b) for n, a, b in zip(rows, reading, loading, strict=True)]
    return [spread(reading, " s"), spread(loading, " s"), _thousands(alone), _thousands(both)]


def _beside(runs: dict[str, list[Run]], name: str, some: slice) -> str:
    without, with_reading = [], []
    for new, plain in zip(runs["new"], runs["plain"], strict=True):
        ours, theirs = (sum(piece.loading for piece in run[some]) for run in (new, plain))
        reading = sum(piece.reading for piece in new[some])
        without.append(100 * theirs / ours)
        with_reading.append(100 * (theirs + reading) / (ours + reading))
    return (
        f"New, {name}: {spread(without, ' %', 0)} of the plain insert's speed pair by pair, "
        f"{spread(with_reading, ' %', 0)} with reading.\n"
    )


def _thousands(values: Sequence[float]) -> str:
    return f"**{statistics.median(values):,.0f}** ({min(values):,.0f} to {max(values):,.0f})"


async def _rounds(database: str, among: Sequence[Marketplace]) -> dict[str, list[Run]]:
    runs: dict[str, list[Run]] = {kind: [] for kind in (*_KINDS, "plain")}
    async with open_pool(database) as pool:
        with psycopg.connect(database) as connection, rarely_collecting():
            for number, m in enumerate(among):
                windows = (LAST + timedelta(days=1), LAST + timedelta(days=1 + _DAYS))
                mine, others = (boxes(m, first, _DAYS) for first in (windows if number % 2 else windows[::-1]))
                contents = [answer(box) for box in mine]
                gc.collect()
                for what in ("ours", "plain") if number % 2 else ("plain", "ours"):
                    _checkpoint(connection)
                    if what == "ours":
                        runs["new"].append(await _ours(pool, mine, contents))
                    else:
                        runs["plain"].append([_plain(connection, TRENDS_QUERY, box) for box in others])
                _checkpoint(connection)
                runs["nothing changed"].append(await _ours(pool, mine, contents))
                _checkpoint(connection)
                changed = [restated(content, _SHARE_CHANGED) for content in contents]
                runs["5 % changed"].append(await _ours(pool, mine, changed))
    return runs


def _checkpoint(connection: psycopg.Connection[Any]) -> None:
    connection.execute("CHECKPOINT")
    connection.commit()


async def _ours(pool: Pool, mine: Sequence[Box], contents: Sequence[bytes]) -> Run:
    """Load the answers to the questions as a run does: all of them asked, then one after the other in."""
    desk = Desk(pool)
    loader = await desk.loader()
    run = []
    documents = [document_of(packed(content)) for content in contents]
    for box, pull, document in zip(mine, await desk.claimed(TRENDS_QUERY, mine), documents, strict=True):
        loaded, took = await desk.load(loader, TRENDS_QUERY, pull, box, document)
        if loaded.notes or loaded.row_count != document_rows(box):
            raise SystemExit(f"{loaded.row_count} rows, {loaded.notes}")
        run.append(Piece(rows=loaded.row_count, reading=took.reading, loading=took.loading))
    return run


def document_rows(box: Box) -> int:
    """Return how many rows the answer to a question has: the shelves are full."""
    return sum(len(f.asins) for f in box.filters) * len(box.days)


def plain_insert(connection: psycopg.Connection[Any], batch: Batch) -> Piece:
    """Insert a batch's rows, all columns of a row of ours, by way of a temporary table, and do nothing else."""
    places = [by_scope(s.scope) for s in batch.counts]
    starts = [
        f'{s.day},{m.uuid},"{m.amazon_id}",1,"plain",2026-11-20,'.encode()
        for s, m in zip(batch.counts, places, strict=True) if m is not None
    ]  # fmt: skip
    blocks = [b"".join(starts[n] + line + b"\n" for n, line in block) for block in batch.spool.blocks()]
    target, names = batch.table.name, ", ".join((*_FIXED, *(column.name for column in batch.columns)))
    begun = time.perf_counter()
    with connection.transaction(), connection.cursor() as cursor:
        cursor.execute(f"CREATE TEMPORARY TABLE plain ON COMMIT DROP AS SELECT {names} FROM {target} WITH NO DATA")
        with cursor.copy(f"COPY plain ({names}) FROM STDIN (FORMAT CSV, NULL 'null')") as copy:
            for block in blocks:
                copy.write(block)
        cursor.execute(f"INSERT INTO {target} ({names}) SELECT {names} FROM plain")
        rows = cursor.rowcount
    return Piece(rows=rows, reading=0, loading=time.perf_counter() - begun)


def _plain(connection: psycopg.Connection[Any], source: Source, box: Box) -> Piece:
    found = source.read(document_of(packed(answer(box))), box)
    (batch,) = found.batches
    try:
        return plain_insert(connection, batch)
    finally:
        found.close()


def _memory(url: str, folder: Path, *, small: bool) -> str:
    """Return the table of what a process needs for longer and longer documents."""
    lines = []
    for times in _TIMES[:2] if small else _TIMES:
        box = boxes(MARKETPLACES[0], LAST - timedelta(days=_DAYS * times), _DAYS * times)[0]
        content, asins = answer(box), ",".join(asin for f in box.filters for asin in f.asins)
        path = folder / "trends.jsonl.gz"
        path.write_bytes(packed(content))
        with fresh_database(url, "trends_memory") as database:
            arguments = database, str(path), MARKETPLACES[0].code, str(box.first), str(times), asins
            runs = [run_child("trends_client.py", *arguments) for _ in ("new", "nothing changed")]
        row = [f"{times} × 30 days", f"{document_rows(box):,}", f"{len(content) / 1e6:.0f} MB"]
        lines.append([*row, f"{path.stat().st_size / 1e6:.1f} MB", *(f"**{run['peak_mb']:.0f}** MB" for run in runs)])
    return table(
        "(f4) peak memory of the process that reads and loads one document of 450 ASINs",
        ["days", "rows", "JSON", "compressed", "new", "nothing changed"],
        lines,
        "Imports and all. A question spans at most 90 days: the longest here is never asked.",
    )


if __name__ == "__main__":
    raise SystemExit("benchmarks/run.py f")
