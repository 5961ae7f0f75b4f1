"""What is lacking: the days that are not closed, in runs that have one reason. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from chalkola.datasets.model import Dataset, SliceState
from chalkola.marketplaces import Place
from chalkola.pipeline.due import Request, calendar
from chalkola.pipeline.lacks import Held, Lack, Spot
from chalkola.store.lines import Known


@dataclass(frozen=True, kw_only=True)
class Gap:
    """Periods in a row of a place that lack in the same datasets for one reason; `lack.at` is the earliest."""

    place: Place
    first: date
    last: date
    datasets: tuple[str, ...]
    lack: Lack
    days: int
    """How many periods they are: days, but for a dataset that does not have each."""


def gaps(
    held: Held, datasets: Sequence[Dataset], among: Sequence[Place], first: date = date.min,
    last: date = date.max,
) -> Iterator[Gap]:  # fmt: skip
    """Yield what is lacking of these datasets from `first` to `last`, by place, the oldest days first: of the
    settled days that Amazon still answers for, and of any other that the ledger has heard of."""
    dues = calendar(Request(datasets=tuple(datasets)), among, held.coverage, held.now, held.oldest)
    for m in among:
        spots = [Spot(held=held, dataset=d, place=m, due=dues.due(d.name, m)) for d in datasets if d.covers(m)]
        yield from sorted(_gaps_of(m, spots, first, last), key=lambda gap: (gap.first, gap.last))


def count_closed(
    held: Held, datasets: Sequence[Dataset], among: Sequence[Place], first: date = date.min,
    last: date = date.max,
) -> tuple[int, int]:  # fmt: skip
    """Return how many days are closed, and how many there are: of those that have settled and that Amazon still
    answers for, each counted once a dataset and place."""
    closed = there = 0
    for dataset in datasets:
        for place in filter(dataset.covers, among):
            settled = held.settled(dataset, place)
            within = range(max(settled.start, first.toordinal()), min(settled.stop, last.toordinal() + 1))
            known = held.coverage.get((dataset.name, place.scope), Known())
            closed += sum(day in within for day in known.closed)
            there += len(dataset.periods(within.start, within.stop - 1))
    return closed, there


_Why = tuple[SliceState, str, str | None, str]
"""All of a `Lack` but its time."""
_OfDay = dict[_Why, tuple[tuple[str, ...], datetime | None]]
"""Of which datasets a day lacks for one reason, and the earliest time at which something is done about it."""


def _gaps_of(place: Place, spots: Sequence[Spot], first: date, last: date) -> Iterator[Gap]:
    """Yield the gaps of a place in no order."""
    found: dict[tuple[tuple[str, ...], _Why], dict[int, datetime | None]] = {}
    for day, of_day in _lacks(spots, range(first.toordinal(), last.toordinal() + 1)).items():
        for why, (names, at) in of_day.items():
            found.setdefault((names, why), {})[day] = at
    for (names, (state, reason, command, does)), days in found.items():
        of = next(spot.dataset for spot in spots if spot.dataset.name in names)
        for row in _in_a_row(sorted(days), of):
            at = _earliest(days[day] for day in row)
            yield Gap(
                place=place, first=date.fromordinal(row[0]), last=date.fromordinal(row[-1]), datasets=names,
                lack=Lack(state=state, reason=reason, command=command, does=does, at=at), days=len(row),
            )  # fmt: skip


def _lacks(spots: Iterable[Spot], within: range) -> dict[int, _OfDay]:
    found: dict[int, _OfDay] = {}
    for spot in spots:
        for day in spot.lacking():
            if day in within:
                lack, of_day = spot.lack(day), found.setdefault(day, {})
                why = lack.state, lack.reason, lack.command, lack.does
                names, at = of_day.get(why, ((), lack.at))
                of_day[why] = (*names, spot.dataset.name), _earliest((at, lack.at))
    return found


def _earliest(instants: Iterable[datetime | None]) -> datetime | None:
    """Return the earliest instant; None, which is at once, comes before all."""
    found = list(instants)
    return None if None in found else min(at for at in found if at is not None)


def _in_a_row(days: Sequence[int], of: Dataset) -> Iterator[Sequence[int]]:
    """Yield the runs of days between which there is no period; `days` are in order."""
    start = 0
    for end in range(1, len(days) + 1):
        if end == len(days) or of.periods(days[end - 1] + 1, days[end] - 1):
            yield days[start:end]
            start = end
