"""What slices become by an answer: rows held against totals, totals against rows, and what the ledger is told.

Rows, parents and totals of one day may come in one answer or in three, in any order: whichever comes later judges.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

from chalkola.datasets.model import Batch, Box, Count, Dataset, Proof, Slice, SliceState, Source, Sums
from chalkola.periods import day_ends
from chalkola.pipeline.lists import Held, Said, judge_list, judge_no_list
from chalkola.pipeline.publications import judge_publication
from chalkola.pipeline.reconcile import judge, judge_listing, judge_totals, not_yet
from chalkola.pipeline.verdict import Answered, Verdict
from chalkola.store.changes import Change
from chalkola.store.pulls import Claimed, Restated, Told
from chalkola.store.slices import Line

NEIGHBOURHOOD = timedelta(days=7)


def rows_of(totals: str, datasets: Mapping[str, Dataset]) -> list[Dataset]:
    """Return the datasets whose rows are proven by these totals, the ones that a night needs first."""
    found = [d for d in datasets.values() if d.totals_in == totals]
    return sorted(found, key=lambda d: d.extra)


@dataclass(kw_only=True)
class Judging:
    """One answer before its judge. Batches are taken up one after the other, totals first."""

    datasets: Mapping[str, Dataset]
    sources: Mapping[str, Source]
    pull: Claimed
    box: Box
    now: datetime
    lines: Mapping[Slice, Line]
    open: frozenset[Slice]
    """Slices of these days for which other pulls are open: rows are judged when the last of them is in."""
    around: Mapping[str, Mapping[str, Mapping[date, Sums]]]
    """The sums of the closed days nearby, by dataset, scope and day."""
    disbelieved: Mapping[tuple[str, str], Sequence[Said]] = field(default_factory=dict)
    """Of lists, by dataset and scope: the answers that were not believed since the last one that was."""
    nothing_made: bool = False
    """Whether there is no document: Amazon says that there is no data."""

    def __post_init__(self) -> None:
        self.notes: list[str] = []
        self._told: dict[Slice, Told] = {}
        self._new_totals: dict[Slice, Count] = {}
        self._places = {place.scope: place for place in self.box.places}
        self._with_rows: frozenset[str] = frozenset()
        self._parts: dict[Slice, str] = {}

    def told(self) -> tuple[Told, ...]:
        """Return what the ledger is to be told."""
        return tuple(self._told.values())

    def take_up(self, batch: Batch) -> None:
        """Turn to a batch."""
        self._with_rows = frozenset(s.scope for s, count in batch.counts.items() if count.row_count)
        self._last_day = max((s.day for s, count in batch.counts.items() if count.row_count), default=date.min)

    def supersede(self, s: Slice) -> None:
        """Leave a slice as it is: an answer asked for later is there already."""
        before = self.lines[s]
        note = "an answer asked for later is there already"
        if note not in self.notes:
            self.notes.append(note)
        self._told[s] = Told(
            slice=s, state=before.state, next_at=before.next_at, reason=before.reason, ask=before.ask,
            residual=before.residual, residual_since=before.residual_since,
        )  # fmt: skip

    def settle(self, s: Slice, count: Count, change: Change) -> bool:
        """Judge a slice, note what it and its partner have become, and return whether its rows are accepted."""
        match self.datasets[s.dataset].proof:
            case Proof.LIST_BEFORE:
                return self._settle_alone(s, count, self._of_list(s, count, change))
            case Proof.PUBLICATION:
                passed_over = s.day < self._last_day
                before, asked_at = self.lines[s], self.pull.intended_at
                verdict = judge_publication(count.row_count, before, asked_at, passed_over=passed_over)
                return self._settle_alone(s, count, verdict)
        if self.datasets[s.dataset].totals_in is None:
            self._settle_totals(s, count, change)
            return True
        return self._settle_rows(s, self._whole(s, count, change), change)

    def _of_list(self, s: Slice, count: Count, change: Change) -> Verdict:
        there = count.row_count - change.added - change.returned + change.withdrawn
        if self.nothing_made or not (count.row_count or there):
            return judge_no_list(there, self.lines[s], self.pull.intended_at)
        held = Held(row_count=count.row_count, there=there, lacks=change.withdrawn)
        return judge_list(held, self.disbelieved.get((s.dataset, s.scope), ()), self.pull.intended_at)

    def _settle_alone(self, s: Slice, count: Count, verdict: Verdict) -> bool:
        """Note what has become of a slice that no other one is held against."""
        told = _told(s, verdict)
        if verdict.rows_accepted:
            told = replace(told, row_count=count.row_count, checksum=count.checksum, sums=count.sums)
        self._told[s] = told
        return verdict.rows_accepted

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
        if verdict.state is SliceState.DIFFERS and self._totals_of(s) in self.open:
            verdict = not_yet(verdict, self.pull.intended_at)
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
        proven_by_it = rows_of(s.dataset, self.datasets)
        if not proven_by_it:
            return judge_listing(count.row_count)
        missing = self._is_missing(s)
        own = judge_totals(
            self.lines[s], count.row_count, self.pull.intended_at, missing=missing, settles_at=self._settles(s)
        )
        if not own.rows_accepted:
            return own
        for dataset in reversed(proven_by_it):
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
        return partner.dataset in self.sources[self.pull.source].fills

    def _tell_totals(self, rows: Slice, verdict: Verdict) -> None:
        """Note what the totals become by a verdict on the rows that a night needs."""
        dataset, totals = self.datasets[rows.dataset], self._totals_of(rows)
        line = self.lines.get(totals)
        if dataset.extra or line is None:
            return
        told = self._told.get(totals)
        if told is None and not line.row_count and verdict.state is not SliceState.EMPTY:
            return
        follows = _told(totals, _following(verdict, self.now))
        if told is None:
            self._told[totals] = replace(follows, counts=False)
        else:
            self._told[totals] = replace(
                follows, row_count=told.row_count, checksum=told.checksum, sums=told.sums, restated=told.restated
            )

    def _verdict(self, s: Slice, whole: Count, *, asked_at: datetime, missing: bool) -> Verdict:
        m, totals = self._places[s.scope], self._totals_of(s)
        known, fresh = self.lines.get(totals), self._new_totals.get(totals)
        count = fresh or (Count(row_count=known.row_count or 0, sums=known.sums or Sums()) if known else None)
        around = self.around.get(s.dataset, {}).get(s.scope, {})
        before = self.lines[s]
        source = self.sources.get(before.source or "") if s.dataset not in self._fills else None
        return judge(
            Answered(
                rows=whole.sums,
                row_count=whole.row_count,
                totals=count.sums if count is not None and count.row_count else None,
                totals_asked_at=self.pull.intended_at if fresh else known.asked_at if known else None,
                asked_at=asked_at,
                settles_at=self._settles(s),
                day_ends=day_ends(s.day, m.zone),
                now=self.now,
                complete=source.is_complete if source else self.box.is_complete,
                missing=missing,
                before=before,
                totals_before=known.sums if fresh and known else None,
                neighbours=[
                    sums
                    for day, sums in around.items()
                    if day != s.day and abs(day - s.day) <= NEIGHBOURHOOD
                ],
            )
        )  # fmt: skip

    def _settles(self, s: Slice) -> datetime:
        return self.datasets[s.dataset].settles_at(s.day, self._places[s.scope].zone)

    def _totals_of(self, rows: Slice) -> Slice:
        return Slice(dataset=self.datasets[rows.dataset].totals_in or "", scope=rows.scope, day=rows.day)

    @property
    def _fills(self) -> tuple[str, ...]:
        return self.sources[self.pull.source].fills

    def _is_missing(self, s: Slice) -> bool:
        """Whether the answer has rows for other marketplaces and none for this one."""
        return self.box.is_complete and bool(self._with_rows) and s.scope not in self._with_rows


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
