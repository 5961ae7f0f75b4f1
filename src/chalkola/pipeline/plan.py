"""What is due, packed into pulls. Pure: functions of the catalog, the ledger and the hour."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import groupby
from operator import attrgetter

from chalkola.datasets.model import Box, Dataset, Pull, Slice, SliceState, Source
from chalkola.errors import UsageError
from chalkola.marketplaces import Marketplace, by_scope
from chalkola.periods import ONE_DAY, newest_settled, oldest_answered, today
from chalkola.store.lines import Coverage, Known

Opens = Mapping[Marketplace, str]
"""The account that opens each marketplace."""

ClosedSources = Collection[tuple[str, str]]
"""(account, source) pairs that Amazon refuses."""


@dataclass(frozen=True, kw_only=True)
class Request:
    """What a person or a schedule asks for. Without days: what is due."""

    datasets: tuple[Dataset, ...]
    first: date | None = None
    last: date | None = None
    again: bool = False
    """Ask for closed days too."""
    newest_only: bool = False
    """Of what is due only the newest settled day of each marketplace: a first look need not catch up."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Pulls, newest day first; `unreachable` are due but no source is open to the account; `closed` counts the days
    that were asked for and are closed already."""

    pulls: tuple[Pull, ...]
    unreachable: tuple[Slice, ...] = ()
    closed: int = 0


def plan(request: Request, opens: Opens, shut: ClosedSources, known: Coverage, now: datetime) -> Plan:
    """Return what to ask now. Raises `UsageError` for days that Amazon cannot answer."""
    check_days(request, opens, now)
    wanted: list[Slice] = []
    closed = 0
    for dataset in request.datasets:
        began = _began(dataset, known)
        for m in opens:
            due, already = _due(dataset, m, request, known.get((dataset.name, m.scope), Known(first=began)), now)
            wanted += due
            closed += already
    pulls, unreachable = pack(wanted, {d.name: d for d in request.datasets}, opens, shut, now)
    return Plan(pulls=pulls, unreachable=unreachable, closed=closed)


def _began(dataset: Dataset, known: Coverage) -> date | None:
    """Return the first day of this dataset that the ledger has heard of in any marketplace: one that it has never
    heard of, whose login failed at first or which opens later, catches up with the others."""
    return min((of.first for (name, _), of in known.items() if name == dataset.name and of.first), default=None)


def check_days(request: Request, opens: Opens, now: datetime) -> None:
    """Raise `UsageError` when the days asked for are in the wrong order, in the future or beyond Amazon's memory."""
    if request.first is None or request.last is None:
        return
    if request.last < request.first:
        raise UsageError(
            f"The days end ({request.last}) before they start ({request.first}).",
            remedy="Write the earlier one after --from and the later one after --to.",
        )
    for m in opens:
        latest = today(now, m.zone)
        oldest = max(oldest_answered(now, m.zone, d.kept_for) for d in request.datasets)
        if request.last > latest:
            raise UsageError(
                f"{request.last} is in the future in {m.code}.", remedy=f"The latest day there is {latest}."
            )
        if request.first < oldest:
            raise UsageError(
                f"{request.first} is before what Amazon still answers for {m.code}.",
                remedy=f"The oldest day is {oldest}.",
            )


def _due(dataset: Dataset, m: Marketplace, request: Request, known: Known, now: datetime) -> tuple[list[Slice], int]:
    """Return the slices to ask for, and how many of the days asked for are closed already."""
    if request.first is None or request.last is None:
        days = _days_due(dataset, m, known, now)
        if request.newest_only:
            newest = newest_settled(now, m.zone, dataset.settles_after)
            days = (day for day in days if day == newest)
        return [Slice(dataset=dataset.name, scope=m.scope, day=day) for day in days], 0
    span = range(request.first.toordinal(), request.last.toordinal() + 1)
    ordinals = span if request.again else [o for o in span if o not in known.closed]
    name, scope = dataset.name, m.scope
    slices = [Slice(dataset=name, scope=scope, day=date.fromordinal(o)) for o in ordinals]
    return slices, len(span) - len(slices)


def _days_due(dataset: Dataset, m: Marketplace, known: Known, now: datetime) -> Iterator[date]:
    """Yield the settled days to ask for: the newest; what was missed in the last two weeks since we began; and any
    older one that the ledger has open. Days found in the user's tables are left to the backfill."""
    newest = newest_settled(now, m.zone, dataset.settles_after)
    since = max(known.first or newest, newest - dataset.restated_for + ONE_DAY)
    for ordinal in range(newest.toordinal(), min(since, newest).toordinal() - 1, -1):
        day = date.fromordinal(ordinal)
        if (
            ordinal not in known.closed
            and (day == newest or not _was_found(known, day))
            and _is_time(known, day, now)
        ):
            yield day
    oldest = oldest_answered(now, m.zone, dataset.kept_for)
    for day in known.others:
        if oldest <= day < since and not _was_found(known, day) and _is_time(known, day, now):
            yield day


def _was_found(known: Known, day: date) -> bool:
    line = known.others.get(day)
    return line is not None and line.source == "found"


def _is_time(known: Known, day: date, now: datetime) -> bool:
    line = known.others.get(day)
    return line is None or line.next_at is None or line.next_at <= now


def pack(
    wanted: Sequence[Slice], datasets: Mapping[str, Dataset], opens: Opens, shut: ClosedSources, now: datetime
) -> tuple[tuple[Pull, ...], tuple[Slice, ...]]:
    """Return pulls that cover `wanted`, newest first, each within what its source may span; and what no open source
    covers. A pull carries every dataset that its source fills, also where only one of them was wanted."""
    lots: dict[tuple[str, str], _Lot] = {}
    unreachable: list[Slice] = []
    for (name, scope), slices in groupby(wanted, attrgetter("dataset", "scope")):
        m = _marketplace(scope)
        source = _open_source(datasets[name], opens[m], shut)
        if source is None:
            unreachable += slices
        else:
            lot = lots.setdefault((source.name, opens[m]), _Lot(source=source, account=opens[m]))
            lot.add(m, slices)
    pulls = [p for lot in lots.values() for p in lot.pulls(datasets, now)]
    return tuple(sorted(pulls, key=attrgetter("box.last"), reverse=True)), tuple(unreachable)


@dataclass(frozen=True, kw_only=True)
class _Lot:
    """What one source is to be asked of one account: the days that are wanted of each marketplace. Days come by the
    ten thousand, so what is the same for all of them is worked out once."""

    source: Source
    account: str
    days: dict[Marketplace, dict[date, None]] = field(default_factory=dict)

    def add(self, m: Marketplace, slices: Iterable[Slice]) -> None:
        self.days.setdefault(m, {}).update((s.day, None) for s in slices)

    def pulls(self, datasets: Mapping[str, Dataset], now: datetime) -> Iterator[Pull]:
        waits = (datasets[n].settles_after for n in self.source.fills if n in datasets)
        settles_after = max(waits, default=timedelta())
        settled = {m.code: newest_settled(now, m.zone, settles_after) for m in self.days}
        settled_everywhere = min(settled.values())
        for day, marketplaces in self._by_day().items():
            for some in _chunks(marketplaces, self.source.marketplaces_per_pull):
                yield Pull(
                    source=self.source,
                    box=Box(account=self.account, marketplaces=some, first=day, last=day),
                    settled=day <= settled_everywhere or all(day <= settled[m.code] for m in some),
                )

    def _by_day(self) -> dict[date, tuple[Marketplace, ...]]:
        found: dict[date, tuple[Marketplace, ...]] = {}
        for m, days in self.days.items():
            alone = (m,)
            for day in days:
                found[day] = (*found[day], m) if day in found else alone
        return found


def _open_source(dataset: Dataset, account: str, shut: ClosedSources) -> Source | None:
    return next((source for source in dataset.sources if (account, source.name) not in shut), None)


def _marketplace(scope: str) -> Marketplace:
    m = by_scope(scope)
    if m is None:
        raise ValueError(f"{scope} is not the scope of a marketplace")
    return m


def _chunks(marketplaces: tuple[Marketplace, ...], size: int) -> Sequence[tuple[Marketplace, ...]]:
    if len(marketplaces) <= size:
        return (marketplaces,)
    return [marketplaces[start : start + size] for start in range(0, len(marketplaces), size)]


def is_late(state: SliceState) -> bool:
    """Return whether a settled slice in this state is late or failed, so that a run that leaves it ends with 3."""
    return state in (SliceState.DUE, SliceState.ASKED, SliceState.FAILED)
