"""Rows rebuilt from Amazon's documents as they were kept, without asking Amazon.

Each slice is rebuilt from the document of the pull that the ledger names for it (the answer that was accepted, not
merely the last one), or from several, where each of them gave some ASINs. Rows come out as the documents say,
whatever has happened to them since. Of lists, which replace each other, only the newest that was believed is rebuilt.
"""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from chalkola.datasets import CATALOG, SOURCES
from chalkola.datasets.business_report import IMPORT
from chalkola.datasets.model import Batch, Box, Dataset, Past, Slice
from chalkola.documents import Document
from chalkola.errors import Refusal
from chalkola.marketplaces import Marketplace
from chalkola.store.archive import Archive
from chalkola.store.changes import Change, Lines
from chalkola.store.database import Holding, Pool
from chalkola.store.rebuild import Given, given_by_pulls, mend_fixed_columns, note_rebuilt, rebuilding
from chalkola.store.summing import sum_up
from chalkola.store.survey import Fit, fits_of
from chalkola.store.tables import Origin, difference, write


@dataclass(frozen=True, kw_only=True)
class Rebuilt:
    """What became of one document: what changed in each slice; or why nothing could be rebuilt from it."""

    given: Given
    changed: Mapping[Slice, Change]
    row_count: int = 0
    missing: bool = False
    failure: str | None = None


async def reload(
    pool: Pool,
    archive: Archive,
    *,
    datasets: Sequence[Dataset],
    marketplaces: Sequence[Marketplace],
    first: date,
    last: date,
    now: datetime,
) -> AsyncIterator[Rebuilt]:
    """Rebuild the rows of these days, the newest day first, each document in a transaction of its own.

    Raises `Fault` when the archive cannot be read; what was rebuilt until then stays.
    """
    scopes = [m.scope for m in marketplaces]
    lists = {d.name for d in datasets if d.past is Past.GONE}
    documents = _newest_lists(await given_by_pulls(pool, [d.name for d in datasets], scopes, first, last), lists)
    fits = await fits_of(pool, [d.table for d in CATALOG])
    for given in documents:
        document = await archive.open(given.archived_as) if given.archived_as else None
        if document is None:
            yield Rebuilt(given=given, changed={}, missing=True)
            continue
        try:
            yield await _rebuild(pool, given, document, fits, now)
        except Refusal as refusal:
            yield Rebuilt(given=given, changed={}, failure=str(refusal))
        finally:
            document.close()
    await sum_up(pool)


def _newest_lists(documents: Sequence[Given], lists: Collection[str]) -> list[Given]:
    """Return the documents, the newest first as they come, without those of older lists."""
    seen: set[tuple[str, str]] = set()
    found = []
    for given in documents:
        places = {(s.dataset, s.scope) for s in given.slices if s.dataset in lists}
        if not places or not places <= seen:
            found.append(given)
        seen |= places
    return found


async def _rebuild(pool: Pool, given: Given, document: Document, fits: Mapping[str, Fit], now: datetime) -> Rebuilt:
    source = next(source for source in (*SOURCES, IMPORT) if source.name == given.source)
    box = Box.of_scopes(given.account, given.scopes, given.first_day, given.last_day, given.filters)
    answer = source.read(document, box)
    changed: dict[Slice, Change] = {}
    row_count = 0
    try:
        async with rebuilding(pool, given) as (connection, held):
            for batch in answer.batches:
                numbers = [n for n, s in enumerate(batch.counts) if s in held]
                if numbers:
                    lines = Lines(batch=batch, bounds=fits[batch.table.name].bounds)
                    origin = Origin(pull_id=given.pull_id, source=source.short_name, now=now, mends=True)
                    changed |= await _rebuild_slices(connection, batch, box, numbers, lines, origin)
                    row_count += sum(count.row_count for s, count in batch.counts.items() if s in held)
    finally:
        answer.close()
    return Rebuilt(given=given, changed=changed, row_count=row_count)


async def _rebuild_slices(
    connection: Holding, batch: Batch, box: Box, numbers: Sequence[int], lines: Lines, origin: Origin
) -> dict[Slice, Change]:
    slices = list(batch.counts)
    found = await difference(connection, batch, box, numbers, lines)
    await write(connection, batch, found, set(numbers), lines, origin)
    mended = await mend_fixed_columns(connection, batch.table, [slices[n] for n in numbers])
    found.changes[numbers[0]].changed += mended
    for n in numbers:
        await note_rebuilt(connection, slices[n], batch.counts[slices[n]], origin.pull_id)
    return {slices[n]: found.changes[n] for n in numbers}
