"""A downloaded Business Report into the tables, by the code that loads Amazon's answers."""

import gzip
from dataclasses import dataclass, replace
from datetime import date, datetime

import msgspec

from chalkola.clock import Clock
from chalkola.datasets import CATALOG, SOURCES, dataset
from chalkola.datasets.business_report import DATASET, IMPORT, Import
from chalkola.datasets.business_report_file import UnusableFile
from chalkola.datasets.model import Answer, Box, Count, Slice, SliceState, Sums
from chalkola.documents import document_of
from chalkola.marketplaces import Marketplace
from chalkola.pipeline.ending import label_of
from chalkola.pipeline.load import Loader, Received
from chalkola.store.archive import Archive, Kept
from chalkola.store.changes import Change
from chalkola.store.connection import Pool
from chalkola.store.documents import Documents
from chalkola.store.imports import ACCOUNT, ImportLedger, Wanted, day_totals, refuse_closed
from chalkola.store.lines import read_lines
from chalkola.store.slices import Line
from chalkola.store.summing import sum_up
from chalkola.store.survey import fits_of

_MORE_THAN_A_DAY = 1.5
"""Amazon restates a day by far less; two days of a shop come to about the double."""


@dataclass(frozen=True, kw_only=True)
class Imported:
    """What became of a file; `pull_id` is None where it brought nothing new."""

    slice: Slice
    count: Count
    state: SliceState
    change: Change
    reason: str | None = None
    next_at: datetime | None = None
    notes: tuple[str, ...] = ()
    pull_id: int | None = None


def box_of(m: Marketplace, day: date) -> Box:
    """Return what a file is about."""
    return Box(account=ACCOUNT, marketplaces=(m,), first=day, last=day)


async def import_file(
    pool: Pool, archive: Archive, documents: Documents, given: Import, answer: Answer, box: Box, clock: Clock, *,
    force: bool,
) -> Imported:  # fmt: skip
    """Load what `read_import` has read: all of it, or nothing.

    Raises `UnusableFile` when it holds more than the day, and `NotTaken` for a day that is closed, unless forced.
    """
    ((s, count),) = answer.batches[0].counts.items()
    m = box.marketplaces[0]
    refuse_range(count.sums, await day_totals(pool, m, s.day), s.day)
    line = next(iter(await read_lines(pool, [s])), None)
    if line is not None and _is_same(line, count):
        return Imported(slice=s, count=count, state=line.state, change=Change(), reason=line.reason,
                        next_at=line.next_at)  # fmt: skip
    if line is not None and not force:
        refuse_closed(line)
    ledger = ImportLedger(pool, clock, _wanted(given, box, s, clock.now(), force=force))
    pull = await ledger.begin()
    file = document_of(gzip.compress(msgspec.json.encode(given), mtime=0))
    try:
        kept = await archive.keep(file, replace(label_of(pull), source=IMPORT.name))
    finally:
        file.close()
    if kept is not None:
        await documents.note(pull.id, kept)
    name = kept.name if kept else None
    received = Received(answer=answer, box=box, byte_count=len(given.content), archived_as=name)
    loaded = await (await _loader(pool)).load(ledger, pull, received, clock.now())
    await sum_up(pool)
    line = (await read_lines(pool, [s]))[0]
    return Imported(slice=s, count=count, state=line.state, change=loaded.change, reason=line.reason,
                    next_at=line.next_at, notes=(*loaded.notes, *_unkept(kept)), pull_id=pull.id)  # fmt: skip


def _unkept(kept: Kept | None) -> tuple[str, ...]:
    return (f"the file is not in the archive. {kept.why}".rstrip("."),) if kept and kept.name is None else ()


def refuse_range(found: Sums, totals: tuple[int | None, int | None], day: date) -> None:
    """Raise `UnusableFile` when a file holds far more units or page views than Amazon's own total of the day."""
    for name, here, there, besides in (
        ("units", found.units, totals[0], 10),
        ("page views", found.page_views, totals[1], 100),
    ):
        # A little more is no evidence, for a shop that sells little.
        if there is not None and here > there * _MORE_THAN_A_DAY + besides:
            raise UnusableFile(
                f"The file has {here:,} {name}; Amazon's own total of {day} is {there:,}.",
                why="So it is for several days, or for another one: it would be stored as that day.",
                remedy="Download the report for this one day.",
            )


def _is_same(line: Line, count: Count) -> bool:
    return (line.source, line.row_count, line.checksum) == (IMPORT.name, count.row_count, count.checksum)


def _wanted(given: Import, box: Box, s: Slice, now: datetime, *, force: bool) -> Wanted:
    m, of = box.marketplaces[0], dataset(DATASET)
    return Wanted(
        box=box,
        slice=s,
        question=given.question,
        question_key=f"{IMPORT.name} {s.scope} {s.day} {given.sha256[:32]}",
        settled=of.settles_at(s.day, m.zone) <= now,
        force=force,
        answered_still=s.day >= of.oldest(now, m.zone),
    )


async def _loader(pool: Pool) -> Loader:
    return Loader(
        datasets={d.name: d for d in CATALOG},
        sources={source.name: source for source in (*SOURCES, IMPORT)},
        fits=await fits_of(pool, [d.table for d in CATALOG]),
    )
