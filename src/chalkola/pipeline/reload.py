"""Rows rebuilt from Amazon's documents as they were kept, without asking Amazon.

Each slice is rebuilt from the document of the pull that the ledger names for it: the answer that was accepted, not
merely the last one. Rows come out as that document says, whatever has happened to them since.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from chalkola.datasets import CATALOG, SOURCES
from chalkola.datasets.model import Box, Dataset, Slice
from chalkola.documents import Document
from chalkola.errors import Refusal
from chalkola.marketplaces import Marketplace, by_scope
from chalkola.store.archive import Archive
from chalkola.store.connection import Pool
from chalkola.store.rebuild import Given, given_by_pulls, mend_fixed_columns, note_rebuilt, rebuilding
from chalkola.store.survey import Fit, fits_of
from chalkola.store.tables import Changed, Clamped, merge, stage


@dataclass(frozen=True, kw_only=True)
class Rebuilt:
    """What became of one document: what changed in each slice; or why nothing could be rebuilt from it."""

    given: Given
    changed: Mapping[Slice, Changed]
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
) -> AsyncIterator[Rebuilt]:
    """Rebuild the rows of these days, the newest day first, each document in a transaction of its own."""
    scopes = [m.scope for m in marketplaces]
    documents = await given_by_pulls(pool, [d.name for d in datasets], scopes, first, last)
    fits = await fits_of(pool, [d.table for d in CATALOG])
    for given in documents:
        document = archive.open(given.archived_as) if given.archived_as else None
        if document is None:
            yield Rebuilt(given=given, changed={}, missing=True)
            continue
        try:
            yield await _rebuild(pool, given, document, fits)
        except Refusal as refusal:
            yield Rebuilt(given=given, changed={}, failure=str(refusal))
        finally:
            document.close()


async def _rebuild(pool: Pool, given: Given, document: Document, fits: Mapping[str, Fit]) -> Rebuilt:
    source = next(source for source in SOURCES if source.name == given.source)
    answer = source.read(document, _box(given))
    changed: dict[Slice, Changed] = {}
    row_count = 0
    async with rebuilding(pool, given) as (connection, held):
        for batch in answer.batches:
            if batch.slice not in held:
                continue
            rows = Clamped().rows(batch.rows, fits[batch.table.name])
            staged = await stage(connection, batch, rows, given.pull_id)
            merged = await merge(connection, batch, staged, given.pull_id)
            mended = await mend_fixed_columns(connection, batch)
            changed[batch.slice] = replace(merged, updated=merged.updated + mended)
            row_count += batch.row_count
            await note_rebuilt(connection, batch)
    return Rebuilt(given=given, changed=changed, row_count=row_count)


def _box(given: Given) -> Box:
    found = (by_scope(scope) for scope in given.scopes)
    marketplaces = tuple(m for m in found if m is not None)
    return Box(account=given.account, marketplaces=marketplaces, first=given.first_day, last=given.last_day)
