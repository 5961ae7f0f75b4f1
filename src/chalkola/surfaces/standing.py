"""How a marketplace stands: its newest days, what is not closed though it has settled, what comes next. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from chalkola.datasets import CATALOG
from chalkola.datasets.model import Dataset, Past, SliceState
from chalkola.marketplaces import MARKETPLACES, WORLD, Marketplace, Place
from chalkola.periods import ONE_DAY
from chalkola.store.lines import Coverage, Known
from chalkola.store.slices import Line

_NEEDED = tuple(dataset for dataset in CATALOG if not dataset.extra)


@dataclass(frozen=True, kw_only=True)
class Late:
    """A settled day that is not closed: in which datasets, why, and when it is asked next (None: by the next run)."""

    day: date
    datasets: tuple[str, ...]
    state: SliceState
    why: str
    next_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class Standing:
    """A marketplace as the ledger has it; of the datasets that a night needs the one furthest behind counts."""

    marketplace: Marketplace
    newest_settled: date
    newest_closed: date | None
    newest_loaded: date | None
    closed_days: int
    late: tuple[Late, ...]


@dataclass(frozen=True, kw_only=True)
class Next:
    """The next thing that there will be to ask; `why` reads after the day."""

    place: Place
    day: date
    at: datetime
    why: str
    dataset: str | None = None
    """The only dataset that it is about; None: those of the nights."""

    def __str__(self) -> str:
        """Return what it is: `DE 2026-11-19, which settles`."""
        return f"{self.place.code} {self.day}{f' ({self.dataset})' if self.dataset else ''}, {self.why}"


def standings(coverage: Coverage, also: Iterable[Marketplace], now: datetime) -> tuple[Standing, ...]:
    """Return how every marketplace stands that the ledger knows, or that is in `also`."""
    asked_for = set(also)
    return tuple(
        _standing(m, coverage, now)
        for m in MARKETPLACES
        if m in asked_for or any((d.name, m.scope) in coverage for d in CATALOG)
    )


def next_to_ask(coverage: Coverage, now: datetime) -> Next | None:
    """Return what will be asked next of the places that the ledger knows, None when it knows none."""
    found = [
        one
        for dataset in CATALOG
        for m in (*MARKETPLACES, WORLD)
        if (dataset.name, m.scope) in coverage
        for one in _to_come(dataset, m, coverage[dataset.name, m.scope], now)
    ]
    return min((one for one in found if one.at > now), key=lambda one: one.at, default=None)


def _to_come(dataset: Dataset, m: Place, known: Known, now: datetime) -> Iterator[Next]:
    newest = dataset.newest(now, m.zone)
    day = dataset.after(newest)
    name, why = (None, "which settles") if dataset.past is Past.BACKFILL else (dataset.name, "which begins")
    yield Next(place=m, day=day, at=dataset.settles_at(day, m.zone), why=why, dataset=name)
    for day, line in known.others.items():
        if line.next_at is not None and (dataset.past is not Past.GONE or day == newest):
            at = max(line.next_at, dataset.settles_at(day, m.zone))
            yield Next(place=m, day=day, at=at, why="which is asked again", dataset=name)


def _standing(m: Marketplace, coverage: Coverage, now: datetime) -> Standing:
    known = [coverage.get((d.name, m.scope), Known()) for d in _NEEDED]
    return Standing(
        marketplace=m,
        newest_settled=min(d.newest(now, m.zone) for d in _NEEDED),
        newest_closed=_least(_newest(k.closed) for k in known),
        newest_loaded=_least(_newest({*k.closed, *_loaded(k)}) for k in known),
        closed_days=min(len(k.closed) for k in known),
        late=_late(m, known, now),
    )


def _least(days: Iterable[date | None]) -> date | None:
    found = list(days)
    return min((day for day in found if day is not None), default=None) if None not in found else None


def _newest(ordinals: Iterable[int]) -> date | None:
    newest = max(ordinals, default=None)
    return date.fromordinal(newest) if newest is not None else None


def _loaded(known: Known) -> Iterator[int]:
    return (day.toordinal() for day, line in known.others.items() if line.row_count is not None)


def _late(m: Marketplace, known: Sequence[Known], now: datetime) -> tuple[Late, ...]:
    by_day: dict[date, list[tuple[str, Line | None]]] = {}
    for dataset, one in zip(_NEEDED, known, strict=True):
        for day in _settled_and_open(dataset, m, one, now):
            by_day.setdefault(day, []).append((dataset.name, one.others.get(day)))
    return tuple(_one_late(day, by_day[day]) for day in sorted(by_day, reverse=True))


def _settled_and_open(dataset: Dataset, m: Marketplace, known: Known, now: datetime) -> set[date]:
    """Return the days that a run has to bother with: as `plan` sees them, whether or not it is time to ask again."""
    newest = dataset.newest(now, m.zone)
    since = max(known.first or newest, newest - dataset.restated_for + ONE_DAY)
    lacking = {date.fromordinal(o) for o in range(since.toordinal(), newest.toordinal() + 1) if o not in known.closed}
    found = {day for day, line in known.others.items() if line.source == "found" and day != newest}
    # What is held of a day that Amazon no longer answers for stays as it is.
    oldest = dataset.oldest(now, m.zone)
    held = {day for day, line in known.others.items() if line.row_count and day < oldest}
    return (lacking | {day for day in known.others if day <= newest}) - found - held


def _one_late(day: date, lines: list[tuple[str, Line | None]]) -> Late:
    names = tuple(name for name, _ in lines)
    written = [line for _, line in lines if line is not None]
    if not written:
        return Late(day=day, datasets=names, state=SliceState.DUE, why="not asked yet", next_at=None)
    worst = max(written, key=lambda line: _GRAVITY.get(line.state, 0))
    return Late(
        day=day,
        datasets=names,
        state=worst.state,
        why=worst.reason or _PLAIN.get(worst.state, ""),
        next_at=min((line.next_at for line in written if line.next_at), default=None),
    )


_GRAVITY = {SliceState.LOADED: 1, SliceState.PRELIMINARY: 2, SliceState.ASKED: 3, SliceState.DUE: 4,
            SliceState.FAILED: 5, SliceState.CLOSED: 6}  # fmt: skip
_PLAIN = {
    SliceState.DUE: "not asked yet",
    SliceState.ASKED: "Amazon is at work on it",
    SliceState.LOADED: "not proven yet",
}
