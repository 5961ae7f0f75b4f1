"""An answer into the tables: rows and ledger lines in one transaction, fenced by the pull's lease."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from chalkola.datasets.model import Answer, Batch, Box, Count, Dataset, Slice, SliceState, Source, Sums
from chalkola.datasets.spool import Spool
from chalkola.marketplaces import Marketplace
from chalkola.periods import day_ends, settles_at
from chalkola.pipeline.reconcile import NEVER_WAIT_LONGER, Answered, Verdict, judge, judge_totals
from chalkola.store.connection import Connection
from chalkola.store.ledger import Claimed, Ledger, Line, Restated, Told
from chalkola.store.lines import neighbours, parts_before, still_open
from chalkola.store.survey import Fit
from chalkola.store.tables import Change, Difference, Lines, Origin, difference, untouched, write

_NEIGHBOURHOOD = timedelta(days=7)
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
        answer = received.answer
        names = [batch.dataset for batch in answer.batches]
        async with ledger.holding(pull, self._beside(names)) as (connection, lines):
            landing = _Landing(
                loader=self, connection=connection, pull=pull, box=received.box, now=now,
                lines={line.slice: line for line in lines},
                open=await still_open(connection, pull.id),
            )  # fmt: skip
            await landing.look_around(names)
            # Totals first: their rows, if they are in the same answer, are held against them.
            for batch in sorted(answer.batches, key=lambda b: self.datasets[b.dataset].totals_in is not None):
                await landing.land(batch)
            told = landing.told()
            notes = (*answer.notes, *landing.notes, *_drift(answer))
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

    def rows_of(self, totals: str) -> list[Dataset]:
        """Return the datasets whose rows are proven by these totals, the ones that a night needs first."""
        found = [d for d in self.datasets.values() if d.totals_in == totals]
        return sorted(found, key=lambda d: d.extra)


@dataclass(kw_only=True)
class _Landing:
    """One answer on its way into the open transaction."""

    loader: Loader
    connection: Connection
    pull: Claimed
    box: Box
    now: datetime
    lines: Mapping[Slice, Line]
    open: frozenset[Slice]
    """Slices of these days for which other pulls are open: rows are judged when the last of them is in."""

    def __post_init__(self) -> None:
        self.notes: list[str] = []
        self.change = Change()
        self._told: dict[Slice, Told] = {}
        self._new_totals: dict[Slice, Count] = {}
        self._around: Mapping[str, Mapping[str, Mapping[date, Sums]]] = {}
        self._marketplaces = {m.scope: m for m in self.box.marketplaces}
        self._with_rows: frozenset[str] = frozenset()
        self._parts: dict[Slice, str] = {}

    def told(self) -> tuple[Told, ...]:
        """Return what the ledger is to be told."""
        return tuple(self._told.values())

    async def look_around(self, names: Sequence[str]) -> None:
        """Read the closed days around those that are so fresh that they may not be plausible yet."""
        if not any(self._is_fresh(m, self.box.last) for m in self.box.marketplaces):
            return
        span = self.box.first - _NEIGHBOURHOOD, self.box.last + _NEIGHBOURHOOD
        rows = {d.name for name in names for d in (self.loader.datasets[name], *self.loader.rows_of(name))}
        self._around = {
            name: await neighbours(self.connection, name, list(self._marketplaces), *span)
            for name in rows
            if self.loader.datasets[name].totals_in
        }

    async def land(self, batch: Batch) -> None:
        """Write a batch's rows where they are accepted, and note what its slices have become."""
        lines = Lines(batch=batch, bounds=self.loader.fits[batch.table.name].bounds)
        slices, counts = list(batch.counts), list(batch.counts.values())
        self._with_rows = frozenset(s.scope for s, count in batch.counts.items() if count.row_count)
        unchanged = await self._unchanged(batch) if self.box.filters else frozenset()
        standing = {n: self._standing(slices[n], counts[n], n in unchanged) for n in range(len(slices))}
        to_compare = [n for n, stands in standing.items() if stands == "new"]
        for n, stands in standing.items():
            if stands == "superseded":
                self._supersede(slices[n])
            elif stands == "same":
                self._settle(slices[n], counts[n], Change())
        for numbers in _portions(to_compare, [self._size(slices[n], counts[n]) for n in to_compare]):
            found = await difference(self.connection, batch, self.box, numbers, lines)
            accepted = [n for n in numbers if self._settle(slices[n], counts[n], found.changes[n])]
            await self._write(batch, found, accepted, lines)
        self.notes += lines.notes

    async def _write(self, batch: Batch, found: Difference, accepted: Sequence[int], lines: Lines) -> None:
        source = self.loader.sources[self.pull.source]
        origin = Origin(pull_id=self.pull.id, source=source.short_name, now=self.now)
        await write(self.connection, batch, found, set(accepted), lines, origin)
        for n in accepted:
            self.change.added += found.changes[n].added
            self.change.changed += found.changes[n].changed + found.changes[n].filled
            self.change.withdrawn += found.changes[n].withdrawn

    async def _unchanged(self, batch: Batch) -> frozenset[int]:
        """Return the slices of which the same part was answered the same way the last time, and not touched since."""
        since, parts = await parts_before(self.connection, self.pull)
        equal = [n for n, (s, count) in enumerate(batch.counts.items()) if parts.get(s) == count.checksum]
        return await untouched(self.connection, batch, self.box, equal, since)

    def _standing(self, s: Slice, count: Count, unchanged: bool) -> str:
        before = self.lines[s]
        if before.asked_at is not None and before.asked_at > self.pull.intended_at:
            return "superseded"
        if unchanged:
            return "same"
        if self.box.is_complete and count.checksum == before.checksum and count.row_count == before.row_count:
            return "same"
        # An answer for all ASINs that has none never takes rows away: there is nothing to compare.
        compared = count.row_count or (before.row_count and not self.box.is_complete)
        return "new" if compared else "same"

    def _size(self, s: Slice, count: Count) -> int:
        return max(count.row_count, self.lines[s].row_count or 0)

    def _supersede(self, s: Slice) -> None:
        before = self.lines[s]
        note = "an answer asked for later is there already"
        if note not in self.notes:
            self.notes.append(note)
        self._told[s] = Told(
            slice=s, state=before.state, next_at=before.next_at, reason=before.reason, ask=before.ask,
            residual=before.residual, residual_since=before.residual_since,
        )  # fmt: skip

    def _settle(self, s: Slice, count: Count, change: Change) -> bool:
        """Judge a slice, note what it and its partner have become, and return whether its rows are accepted."""
        if self.loader.datasets[s.dataset].totals_in is None:
            self._settle_totals(s, count, change)
            return True
        return self._settle_rows(s, self._whole(s, count, change), change)

    def _whole(self, s: Slice, count: Count, change: Change) -> Count:
        """Return what the slice has once this answer is in: an answer for some ASINs changes a part of it."""
        if self.box.is_complete:
            return count
        self._parts[s] = count.checksum
        before = self.lines[s]
        return Count(
            row_count=(before.row_count or 0) + change.added - change.withdrawn,
            sums=(before.sums or Sums()) + change.delta,
        )

    def _settle_rows(self, s: Slice, whole: Count, change: Change) -> bool:
        before = self.lines[s]
        verdict = self._verdict(s, whole, asked_at=self.pull.intended_at, missing=self._is_missing(s))
        if s in self.open and verdict.rows_accepted:
            self._told[s] = Told(
                slice=s, state=before.state, next_at=before.next_at, reason="other parts of it are under way",
                ask=before.ask, judged=False, counts=False, row_count=whole.row_count, sums=whole.sums,
                part=self._parts.get(s), restated=_restated(before, whole, change),
            )  # fmt: skip
            return True
        self._told[s] = self._of_rows(s, whole, verdict, change)
        self._tell_totals(s, verdict)
        return verdict.rows_accepted

    def _of_rows(self, s: Slice, whole: Count, verdict: Verdict, change: Change) -> Told:
        told = _told(s, verdict)
        before = self.lines[s]
        # An empty day has been answered too: the ledger keeps when, so that it can be believed when said twice.
        if not verdict.rows_accepted or (not whole.row_count and before.row_count):
            if verdict.rows_accepted:
                return told
            return replace(told, residual=before.residual, residual_since=before.residual_since)
        return replace(
            told, row_count=whole.row_count, checksum=whole.checksum, sums=whole.sums, part=self._parts.get(s),
            restated=_restated(before, whole, change),
        )  # fmt: skip

    def _settle_totals(self, s: Slice, count: Count, change: Change) -> None:
        before = self.lines[s]
        self._new_totals[s] = count
        verdict = self._from_rows(s, count)
        told = _told(s, replace(verdict, residual=None, residual_since=None))
        # An answer that left the marketplace out is none: what was answered before, and when, stands.
        if verdict.rows_accepted and (count.row_count or not before.row_count):
            told = replace(told, row_count=count.row_count, checksum=count.checksum, sums=count.sums,
                           restated=_restated(before, count, change))  # fmt: skip
        self._told[s] = told

    def _from_rows(self, s: Slice, count: Count) -> Verdict:
        """Judge the rows that these totals prove, where they are in already, and return what the totals become."""
        missing = self._is_missing(s)
        own = judge_totals(self.lines[s], count.row_count, self.pull.intended_at, missing=missing)
        if not own.rows_accepted:
            return own
        for dataset in reversed(self.loader.rows_of(s.dataset)):
            partner = Slice(dataset=dataset.name, scope=s.scope, day=s.day)
            line = self.lines.get(partner)
            if line is None or partner in self._told or not line.row_count or line.sums is None or not line.asked_at:
                continue
            if partner in self.open or self._comes_with_it(partner):
                continue
            if dataset.extra and line.state.is_closed:
                continue  # read again in its own time: a night is complete without it
            rows = Count(row_count=line.row_count, sums=line.sums)
            verdict = self._verdict(partner, rows, asked_at=line.asked_at, missing=False)
            if verdict.rows_accepted:
                self._told[partner] = replace(_told(partner, verdict), counts=False)
                own = _following(verdict, self.now)
        return own

    def _comes_with_it(self, partner: Slice) -> bool:
        """Whether the rows are in the same answer, whose verdict is to come."""
        return partner.dataset in self.loader.sources[self.pull.source].fills

    def _tell_totals(self, rows: Slice, verdict: Verdict) -> None:
        """Note what the totals become by a verdict on the rows that a night needs."""
        dataset = self.loader.datasets[rows.dataset]
        totals = Slice(dataset=dataset.totals_in or "", scope=rows.scope, day=rows.day)
        line = self.lines.get(totals)
        if dataset.extra or line is None:
            return
        told = self._told.get(totals)
        if told is None and not line.row_count:
            return
        follows = _told(totals, _following(verdict, self.now))
        if told is None:
            self._told[totals] = replace(follows, counts=False)
        else:
            self._told[totals] = replace(
                follows, row_count=told.row_count, checksum=told.checksum, sums=told.sums, restated=told.restated
            )

    def _verdict(self, s: Slice, whole: Count, *, asked_at: datetime, missing: bool) -> Verdict:
        m, dataset = self._marketplaces[s.scope], self.loader.datasets[s.dataset]
        totals = Slice(dataset=dataset.totals_in or "", scope=s.scope, day=s.day)
        known, fresh = self.lines.get(totals), self._new_totals.get(totals)
        count = fresh or (Count(row_count=known.row_count or 0, sums=known.sums or Sums()) if known else None)
        around = self._around.get(s.dataset, {}).get(s.scope, {})
        before = self.lines[s]
        source = self.loader.sources.get(before.source or "") if s.dataset not in self._fills else None
        return judge(
            Answered(
                rows=whole.sums,
                row_count=whole.row_count,
                totals=count.sums if count is not None and count.row_count else None,
                totals_asked_at=self.pull.intended_at if fresh else known.asked_at if known else None,
                asked_at=asked_at,
                settles_at=settles_at(s.day, m.zone, dataset.settles_after),
                day_ends=day_ends(s.day, m.zone),
                now=self.now,
                complete=source.is_complete if source else self.box.is_complete,
                missing=missing,
                before=before,
                totals_before=known.sums if fresh and known else None,
                neighbours=[
                    sums
                    for day, sums in around.items()
                    if day != s.day and abs(day - s.day) <= _NEIGHBOURHOOD
                ],
            )
        )  # fmt: skip

    @property
    def _fills(self) -> tuple[str, ...]:
        return self.loader.sources[self.pull.source].fills

    def _is_missing(self, s: Slice) -> bool:
        """Whether the answer has rows for other marketplaces and none for this one."""
        return self.box.is_complete and bool(self._with_rows) and s.scope not in self._with_rows

    def _is_fresh(self, m: Marketplace, day: date) -> bool:
        return self.pull.intended_at < day_ends(day, m.zone) + NEVER_WAIT_LONGER


def nothing(source: Source, box: Box, datasets: Mapping[str, Dataset]) -> Answer:
    """Return the answer that Amazon has no data for any ASIN in the box."""
    batches = (
        Batch(
            dataset=name, table=datasets[name].table, columns=(), spool=Spool(),
            counts={s: Count() for s in box.slices(name)},
        )
        for name in source.fills
    )  # fmt: skip
    return Answer(batches=tuple(batches))


def _told(s: Slice, verdict: Verdict) -> Told:
    return Told(
        slice=s, state=verdict.state, next_at=verdict.next_at, reason=verdict.reason, ask=verdict.ask,
        residual=verdict.residual, residual_since=verdict.residual_since,
    )  # fmt: skip


def _following(rows: Verdict, now: datetime) -> Verdict:
    """Return the verdict on totals beside the one on their rows: Amazon's own totals are always kept."""
    if rows.totals_again:
        return Verdict(state=SliceState.LOADED, next_at=now, reason=rows.reason)
    state = rows.state if rows.rows_accepted else SliceState.LOADED
    return Verdict(state=state, next_at=rows.next_at, reason=rows.reason)


def _restated(before: Line, whole: Count, change: Change) -> Restated | None:
    """Return what Amazon changed of what it had told us before; None when that is nothing."""
    if before.sums is None or not before.row_count or not (change.added or change.changed or change.withdrawn):
        return None
    return Restated(
        before=before.sums, after=whole.sums, rows_added=change.added, rows_changed=change.changed,
        rows_withdrawn=change.withdrawn,
    )  # fmt: skip


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
