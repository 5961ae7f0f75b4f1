"""What is due, by the best way, packed into pulls. Pure: of the catalog, the ledger, the quotas and the hour.

Newest days and whatever lacks rows go first, in a complete way; then what Amazon may have restated. Totals are asked
beside the rows.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from operator import attrgetter

from chalkola.datasets import CATALOG
from chalkola.datasets.model import Dataset, Past, Pull, Slice, SliceState
from chalkola.errors import UsageError
from chalkola.marketplaces import Place
from chalkola.periods import today
from chalkola.pipeline.choices import Choices
from chalkola.pipeline.due import Calendar, Request, calendar
from chalkola.pipeline.means import Means
from chalkola.pipeline.packing import Lot
from chalkola.pipeline.parts import parts
from chalkola.pipeline.ways import Comparison, Scales
from chalkola.store.lines import Coverage

__all__ = ["Means", "Plan", "Request", "check_days", "is_late", "plan"]


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What to ask, and what not."""

    pulls: tuple[Pull, ...]
    """In the order of asking: restatements last, newest days first, totals before their rows."""
    unreachable: tuple[Slice, ...] = ()
    """Due, but no source is open to the account."""
    extras_closed: tuple[Slice, ...] = ()
    """The same of datasets without which a night is complete."""
    closed: int = 0
    """Days that were asked for and are closed already."""
    under_way: tuple[Slice, ...] = ()
    """Wanted, but a pull is open for them."""
    comparisons: tuple[Comparison, ...] = ()
    held_back: int = 0
    """Slices that Amazon may have restated, left out for want of quota."""


def plan(request: Request, means: Means, known: Coverage, now: datetime) -> Plan:
    """Return what to ask now. Raises `UsageError` for days that Amazon cannot answer."""
    check_days(request, means.opens, now)
    catalog = {d.name: d for d in (*CATALOG, *request.datasets)}
    days = calendar(request, means.opens, known, now, lambda dataset, m: means.oldest(dataset, m, now))
    choices = Choices(calendar=days, scales=Scales(means=means, now=now), now=now)
    lots = choices.lots(parts(request.datasets, catalog, means))
    lacking = choices.unreachable
    return Plan(
        pulls=_pulls(lots, catalog, now),
        unreachable=tuple(s for s in lacking if not catalog[s.dataset].extra),
        extras_closed=tuple(s for s in lacking if catalog[s.dataset].extra),
        closed=sum(due.closed for due in days.dues.values()),
        under_way=(*_under_way(days), *choices.waiting),
        comparisons=tuple(choices.scales.comparisons),
        held_back=choices.held_back,
    )


def _under_way(days: Calendar) -> Iterator[Slice]:
    for (dataset, scope), due in days.dues.items():
        for day in due.under_way:
            yield Slice(dataset=dataset, scope=scope, day=date.fromordinal(day))


def _pulls(lots: Iterable[Lot], catalog: Mapping[str, Dataset], now: datetime) -> tuple[Pull, ...]:
    """Return the questions in the order of asking."""
    found = [p for lot in sorted(_united(lots), key=attrgetter("place")) for p in _of_lot(lot, catalog, now)]
    found.sort(key=attrgetter("box.last"), reverse=True)
    if any(pull.rank for pull in found):
        found.sort(key=attrgetter("rank"))
    return tuple(found)


def _united(lots: Iterable[Lot]) -> list[Lot]:
    """Put what goes to one source of one account together: a day that is new in one marketplace and restated in
    another is one question."""
    found: dict[tuple[str, str], Lot] = {}
    for lot in lots:
        key = lot.source.name, lot.account
        found[key] = lot if key not in found else found[key].united(lot)
    return list(found.values())


def _of_lot(lot: Lot, catalog: Mapping[str, Dataset], now: datetime) -> Iterator[Pull]:
    fills = [catalog[name] for name in lot.source.fills]
    settled = {m.code: min(dataset.newest(now, m.zone) for dataset in fills) for m in lot.days}
    settled_everywhere = min(settled.values())
    source, all_fresh = lot.source, lot.fresh is lot.days
    lists = all(dataset.past is Past.GONE for dataset in fills)
    for box in lot.boxes:
        last = box.last
        yield Pull(
            source=source,
            box=box,
            settled=last <= settled_everywhere or all(last <= settled[m.code] for m in box.places),
            rank=1 if lists else 0 if all_fresh else lot.rank(box),
        )


def check_days(request: Request, opens: Iterable[Place], now: datetime) -> None:
    """Raise `UsageError` when the days asked for are in the wrong order, in the future or beyond Amazon's memory."""
    if request.first is None or request.last is None:
        return
    if request.last < request.first:
        raise UsageError(
            f"The days end ({request.last}) before they start ({request.first}).",
            remedy="Write the earlier one after --from and the later one after --to.",
        )
    for m in opens:
        asked = [d for d in request.datasets if d.covers(m) and d.past is not Past.GONE]
        if not asked:
            continue
        latest, oldest = today(now, m.zone), max(d.oldest(now, m.zone) for d in asked)
        if request.last > latest:
            raise UsageError(
                f"{request.last} is in the future in {m.code}.", remedy=f"The latest day there is {latest}."
            )
        if request.first < oldest:
            raise UsageError(
                f"{request.first} is before what Amazon still answers for {m.code}.",
                remedy=f"The oldest day is {oldest}.",
            )


def is_late(state: SliceState) -> bool:
    """Return whether a settled slice in this state is late or failed, so that a run that leaves it ends with 3."""
    return state in (SliceState.DUE, SliceState.ASKED, SliceState.FAILED)
