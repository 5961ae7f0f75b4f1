"""An answer into the tables: rows and ledger lines in one transaction, fenced by the pull's lease."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

from chalkola.datasets.model import Answer, Batch, Dataset, Slice, SliceState
from chalkola.periods import day_ends, settles_at
from chalkola.pipeline.reconcile import NEVER_WAIT_LONGER, Answered, Verdict, judge
from chalkola.store.connection import Connection
from chalkola.store.ledger import Claimed, Ledger, Line, Told
from chalkola.store.lines import neighbours
from chalkola.store.survey import Fit
from chalkola.store.tables import Changed, Clamped, insert, is_bare, merge, stage

_NEIGHBOURHOOD = timedelta(days=7)


@dataclass(frozen=True, kw_only=True)
class Received:
    """An answer, and the document it came in."""

    answer: Answer
    byte_count: int
    archived_as: str | None


@dataclass(frozen=True, kw_only=True)
class Loaded:
    """What a load did."""

    told: tuple[Told, ...]
    row_count: int
    changed: Changed
    notes: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Loader:
    """How rows land: the datasets by name, and how their rows fit into the tables that the database has."""

    datasets: Mapping[str, Dataset]
    fits: Mapping[str, Fit]

    async def load(self, ledger: Ledger, pull: Claimed, received: Received) -> Loaded:
        """Land the rows, judge them, merge what is accepted and close the pull; all of it, or nothing.

        Raises `LeaseLost`, and `Refusal` from reading rows on the way.
        """
        answer, clamped = received.answer, Clamped()
        async with ledger.holding(pull) as (connection, lines):
            known = {line.slice: line for line in lines}
            landed = [await self._land(connection, batch, clamped, pull, known) for batch in answer.batches]
            verdicts = await self._judge(connection, pull, [one.batch for one in landed], known)
            changed = [await one.settle(connection, verdicts[one.batch.slice], pull) for one in landed]
            told = tuple(one.told(verdicts[one.batch.slice]) for one in landed)
            notes = (*answer.notes, *clamped.notes, *(note for one in landed for note in one.notes), *_drift(answer))
            row_count = max((batch.row_count for batch in answer.batches), default=0)
            await ledger.finish(
                connection, pull, "loaded", told, row_count=row_count, byte_count=received.byte_count,
                archived_as=received.archived_as, note="; ".join(notes) or None,
            )  # fmt: skip
        return Loaded(told=told, row_count=row_count, changed=_sum(changed), notes=notes)

    async def _land(
        self, connection: Connection, batch: Batch, clamped: Clamped, pull: Claimed, known: Mapping[Slice, Line]
    ) -> "_Landed":
        before, fit = known[batch.slice], self.fits[batch.table.name]
        if before.asked_at is not None and before.asked_at > pull.intended_at:
            return _Landed(batch=batch, before=before, superseded=True)
        if batch.checksum and batch.checksum == before.checksum:
            return _Landed(batch=batch, before=before)
        rows = clamped.rows(batch.rows, fit)
        bare = fit.exact and not before.row_count
        if bare and await is_bare(connection, batch.table, batch.slice.day, batch.marketplace.uuid):
            await insert(connection, batch, rows, pull.id)
            return _Landed(batch=batch, before=before, inserted=batch.row_count)
        return _Landed(batch=batch, before=before, staged=await stage(connection, batch, rows, pull.id))

    async def _judge(
        self, connection: Connection, pull: Claimed, batches: Iterable[Batch], known: Mapping[Slice, Line]
    ) -> dict[Slice, Verdict]:
        """Return a verdict for every batch: rows are held against their totals, and totals follow their rows."""
        by_slice = {batch.slice: batch for batch in batches}
        verdicts: dict[Slice, Verdict] = {}
        for s, batch in by_slice.items():
            if (named := self.datasets[s.dataset].totals_in) is not None:
                partner = Slice(dataset=named, scope=s.scope, day=s.day)
                verdicts[s] = judge(await self._answered(connection, pull, batch, by_slice.get(partner), known))
                if partner in by_slice:
                    verdicts[partner] = _following(verdicts[s])
        for s in by_slice:
            verdicts.setdefault(s, Verdict(state=SliceState.LOADED))
        return verdicts

    async def _answered(
        self, connection: Connection, pull: Claimed, rows: Batch, totals: Batch | None, known: Mapping[Slice, Line]
    ) -> Answered:
        zone, dataset = rows.marketplace.zone, self.datasets[rows.slice.dataset]
        ends = day_ends(rows.slice.day, zone)
        fresh = pull.intended_at < ends + NEVER_WAIT_LONGER
        return Answered(
            rows=rows.sums,
            row_count=rows.row_count,
            totals=totals.sums if totals is not None and totals.row_count else None,
            asked_at=pull.intended_at,
            settles_at=settles_at(rows.slice.day, zone, dataset.settles_after),
            day_ends=ends,
            before=known[rows.slice],
            totals_before=known.get(totals.slice) if totals is not None else None,
            neighbours=await neighbours(connection, rows.slice, _NEIGHBOURHOOD) if fresh else (),
        )


@dataclass(frozen=True, kw_only=True)
class _Landed:
    """A batch whose rows are in the open transaction: in their bare box already, staged under a name, or left out
    because nothing changed or because a later answer is there already."""

    batch: Batch
    before: Line
    inserted: int = 0
    staged: str | None = None
    superseded: bool = False

    @property
    def notes(self) -> tuple[str, ...]:
        return ("an answer asked for later is there already",) if self.superseded else ()

    async def settle(self, connection: Connection, verdict: Verdict, pull: Claimed) -> Changed:
        """Merge staged rows where the verdict accepts them and they are not the same as before."""
        if self.staged is None or not verdict.rows_accepted or self.batch.checksum == self.before.checksum:
            return Changed(inserted=self.inserted)
        return await merge(connection, self.batch, self.staged, pull.id)

    def told(self, verdict: Verdict) -> Told:
        """Return what the ledger is to be told about this slice."""
        if self.superseded:
            return Told(slice=self.batch.slice, state=self.before.state, next_at=self.before.next_at,
                        reason=self.before.reason)  # fmt: skip
        told = Told(slice=self.batch.slice, state=verdict.state, next_at=verdict.next_at, reason=verdict.reason)
        # An empty day has been answered too: the ledger keeps when, so that it can be believed when said twice.
        if not verdict.rows_accepted or (not self.batch.row_count and self.before.row_count):
            return told
        return replace(
            told,
            row_count=self.batch.row_count,
            checksum=self.batch.checksum,
            sums=self.batch.sums,
            residual=verdict.residual,
        )


def _following(rows: Verdict) -> Verdict:
    """Return the verdict on totals beside the one on their rows: Amazon's own totals are always kept."""
    if not rows.rows_accepted:
        return Verdict(state=SliceState.LOADED, next_at=rows.next_at, reason=rows.reason)
    return replace(rows, residual=None)


def _drift(answer: Answer) -> tuple[str, ...]:
    return (f"new fields in Amazon's answer: {', '.join(sorted(answer.drift))}",) if answer.drift else ()


def _sum(changes: Iterable[Changed]) -> Changed:
    total = Changed()
    for one in changes:
        total = Changed(
            inserted=total.inserted + one.inserted,
            updated=total.updated + one.updated,
            deleted=total.deleted + one.deleted,
        )
    return total
