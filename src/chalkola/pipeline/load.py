"""An answer into the tables: rows and ledger lines in one transaction, fenced by the pull's lease."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from chalkola.datasets.model import Answer, Batch, Box, Count, Dataset, Proof, Slice, Source, Sums
from chalkola.datasets.spool import Spool
from chalkola.periods import day_ends
from chalkola.pipeline.judging import NEIGHBOURHOOD, Judging, rows_of
from chalkola.pipeline.lists import Said
from chalkola.pipeline.reconcile import NEVER_WAIT_LONGER
from chalkola.store.changes import Change, Difference, Lines
from chalkola.store.database import Connection, Holding
from chalkola.store.ledger import Ledger, until_not_overtaken
from chalkola.store.lines import answers_disbelieved, neighbours, parts_before, still_open
from chalkola.store.pulls import Claimed, Told
from chalkola.store.survey import Fit
from chalkola.store.tables import Origin, difference, untouched, write

_ROWS_AT_ONCE = 20_000
"""So many rows are held against the table at a time, which bounds the memory that it takes."""


@dataclass(frozen=True, kw_only=True)
class Received:
    """An answer, the box that was asked for, and the document it came in."""

    answer: Answer
    box: Box
    byte_count: int
    archived_as: str | None


@dataclass(frozen=True, kw_only=True)
class Loaded:
    """What a load did. `told` is what the ledger was told about the pull's own slices."""

    told: tuple[Told, ...]
    row_count: int
    change: Change
    notes: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Loader:
    """How rows land: the datasets and sources by name, and how rows fit into the tables that the database has."""

    datasets: Mapping[str, Dataset]
    sources: Mapping[str, Source]
    fits: Mapping[str, Fit]

    async def load(
        self, ledger: Ledger, pull: Claimed, received: Received, now: datetime, *, failure: str | None = None
    ) -> Loaded:
        """Hold the rows against the tables, judge them, write what is accepted and close the pull; all of it, or
        nothing. `failure` says why there is nothing, where Amazon said so. Raises `LeaseLost`."""
        return await until_not_overtaken(lambda: self._load(ledger, pull, received, now, failure))

    async def _load(
        self, ledger: Ledger, pull: Claimed, received: Received, now: datetime, failure: str | None
    ) -> Loaded:
        answer = received.answer
        names = [batch.dataset for batch in answer.batches]
        async with ledger.holding(pull, self._beside(names)) as (connection, lines):
            judging = Judging(
                datasets=self.datasets, sources=self.sources, pull=pull, box=received.box, now=now,
                lines={line.slice: line for line in lines}, open=await still_open(connection, pull.id),
                around=await self._around(connection, pull, received.box, names),
                disbelieved=await self._disbelieved(connection, pull, received.box, names),
                nothing_made=failure is not None,
            )  # fmt: skip
            landing = _Landing(loader=self, connection=connection, judging=judging)
            # Totals first: their rows, if they are in the same answer, are held against them.
            for batch in sorted(answer.batches, key=lambda b: self.datasets[b.dataset].totals_in is not None):
                await landing.land(batch)
            told = judging.told()
            notes = (*answer.notes, *judging.notes, *_drift(answer))
            row_count = max((batch.row_count for batch in answer.batches), default=0)
            await ledger.finish(
                connection, pull, "empty" if failure else "loaded", told, row_count=row_count,
                byte_count=received.byte_count, archived_as=received.archived_as, note="; ".join(notes) or None,
                failure=failure,
            )  # fmt: skip
        own = tuple(t for t in told if t.slice.dataset in names)
        return Loaded(told=own, row_count=row_count, change=landing.change, notes=notes)

    def _beside(self, names: Sequence[str]) -> list[str]:
        """Return the datasets that are judged together with these."""
        of_totals = {self.datasets[name].totals_in for name in names}
        of_rows = {d.name for d in self.datasets.values() if d.totals_in in names}
        return sorted(({name for name in of_totals if name} | of_rows) - set(names))

    async def _disbelieved(
        self, connection: Connection, pull: Claimed, box: Box, names: Sequence[str]
    ) -> dict[tuple[str, str], list[Said]]:
        lists = [name for name in names if self.datasets[name].proof is Proof.LIST_BEFORE]
        found = {
            (name, place.scope): await answers_disbelieved(connection, pull.id, name, place.scope)
            for name in lists for place in box.places
        }  # fmt: skip
        return {key: [Said(row_count=rows, asked_at=at) for rows, at in said] for key, said in found.items()}

    async def _around(
        self, connection: Connection, pull: Claimed, box: Box, names: Sequence[str]
    ) -> dict[str, Mapping[str, Mapping[date, Sums]]]:
        """Return the sums of the closed days around those that are so fresh that they may not be plausible yet."""
        if not any(pull.intended_at < day_ends(box.last, m.zone) + NEVER_WAIT_LONGER for m in box.marketplaces):
            return {}
        span = box.first - NEIGHBOURHOOD, box.last + NEIGHBOURHOOD
        judged = {
            d.name for name in names for d in (self.datasets[name], *rows_of(name, self.datasets)) if d.totals_in
        }
        scopes = [m.scope for m in box.marketplaces]
        return {name: await neighbours(connection, name, scopes, *span) for name in judged}


@dataclass(kw_only=True)
class _Landing:
    """One answer on its way into the open transaction."""

    loader: Loader
    connection: Holding
    judging: Judging

    def __post_init__(self) -> None:
        self.change = Change()
        self._pull, self._box = self.judging.pull, self.judging.box

    async def land(self, batch: Batch) -> None:
        """Write a batch's rows where they are accepted, and note what its slices have become."""
        lines = Lines(batch=batch, bounds=self.loader.fits[batch.table.name].bounds)
        slices, counts = list(batch.counts), list(batch.counts.values())
        self.judging.take_up(batch)
        unchanged = await self._unchanged(batch) if self._box.filters else frozenset()
        standing = {n: self._standing(slices[n], counts[n], n in unchanged) for n in range(len(slices))}
        to_compare = [n for n, stands in standing.items() if stands == "new"]
        for n, stands in standing.items():
            if stands == "superseded":
                self.judging.supersede(slices[n])
            elif stands == "same":
                self.judging.settle(slices[n], counts[n], Change())
        for numbers in _portions(to_compare, [self._size(slices[n], counts[n]) for n in to_compare]):
            found = await difference(self.connection, batch, self._box, numbers, lines)
            accepted = [n for n in numbers if self.judging.settle(slices[n], counts[n], found.changes[n])]
            await self._write(batch, found, accepted, lines)
        self.judging.notes += lines.notes

    async def _write(self, batch: Batch, found: Difference, accepted: Sequence[int], lines: Lines) -> None:
        source = self.loader.sources[self._pull.source]
        origin = Origin(pull_id=self._pull.id, source=source.short_name, now=self.judging.now)
        await write(self.connection, batch, found, set(accepted), lines, origin)
        for n in accepted:
            self.change.added += found.changes[n].added
            self.change.changed += found.changes[n].changed + found.changes[n].filled + found.changes[n].returned
            self.change.withdrawn += found.changes[n].withdrawn

    async def _unchanged(self, batch: Batch) -> frozenset[int]:
        """Return the slices of which the same part was answered the same way the last time, and not touched since."""
        since, parts = await parts_before(self.connection, self._pull)
        equal = [n for n, (s, count) in enumerate(batch.counts.items()) if parts.get(s) == count.checksum]
        return await untouched(self.connection, batch, self._box, equal, since)

    def _standing(self, s: Slice, count: Count, unchanged: bool) -> str:
        before = self.judging.lines[s]
        if before.asked_at is not None and before.asked_at > self._pull.intended_at:
            return "superseded"
        if unchanged:
            return "same"
        if self._box.is_complete and count.checksum == before.checksum and count.row_count == before.row_count:
            return "same"
        if self.loader.datasets[s.dataset].proof is Proof.LIST_BEFORE:
            return "new"  # what is there may be of another week
        # An answer for all ASINs that has none never takes rows away: there is nothing to compare.
        compared = count.row_count or (before.row_count and not self._box.is_complete)
        return "new" if compared else "same"

    def _size(self, s: Slice, count: Count) -> int:
        return max(count.row_count, self.judging.lines[s].row_count or 0)


def nothing(source: Source, box: Box, datasets: Mapping[str, Dataset]) -> Answer:
    """Return the answer that Amazon has no data for any ASIN in the box."""
    batches = (
        Batch(
            dataset=name, table=datasets[name].table, columns=datasets[name].table.columns, spool=Spool(),
            counts={s: Count() for s in source.slices(box, name)},
        )
        for name in source.fills
    )  # fmt: skip
    return Answer(batches=tuple(batches))


def _portions(numbers: Sequence[int], sizes: Sequence[int]) -> Iterator[list[int]]:
    """Yield runs of slices that have at most `_ROWS_AT_ONCE` rows together, or one alone that has more."""
    portion: list[int] = []
    held = 0
    for number, size in zip(numbers, sizes, strict=True):
        if portion and held + size > _ROWS_AT_ONCE:
            yield portion
            portion, held = [], 0
        portion.append(number)
        held += size
    if portion:
        yield portion


def _drift(answer: Answer) -> Iterable[str]:
    return (f"new fields in Amazon's answer: {', '.join(sorted(answer.drift))}",) if answer.drift else ()
