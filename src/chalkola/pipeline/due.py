"""What is due: of one dataset in one place, by periods. Pure."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from chalkola.datasets.model import Dataset, Past, SliceState
from chalkola.marketplaces import Place
from chalkola.periods import ONE_DAY, day_ends, today
from chalkola.store.lines import Coverage, Known
from chalkola.store.slices import Line, Manner

MOST_OLD_DAYS = 20
"""Open days of a marketplace from before the last two weeks that a night asks for: history is the backfill's."""
NEVER_READ = float("inf")
_LEAST_AGE = timedelta(hours=1)


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
    repairs: bool = False
    """A later round of the same run: only what it wanted, is not closed, and whose time has come."""
    answered_since: datetime | None = None
    """With `again`: days that were answered since are left alone, as in a round after a source was closed."""
    early: bool = False
    """Without days: ask for the days up to yesterday that have not settled too, where that is cheap, each once."""
    anew: bool = False
    """Ask for lists that were answered in this period too, unless the answer would be the same one repeated."""


@dataclass(frozen=True, kw_only=True)
class Due:
    """What is due of one dataset in one place. Days are ordinals, for there are thousands; a week is its first."""

    fresh: frozenset[int] = frozenset()
    """To be asked in a complete way."""
    rereads: Mapping[int, float] = field(default_factory=dict)
    """Closed days that Amazon may have restated, each with how long it has gone unread for its age."""
    early: frozenset[int] = frozenset()
    """Over, but not settled: to be asked once where that is cheap, and again when they settle."""
    manners: Mapping[int, Manner] = field(default_factory=dict)
    """How days are to be asked where not any way will do, whether or not they are due."""
    under_way: tuple[int, ...] = ()
    """Wanted, but a pull is open for them."""
    closed: int = 0
    """Days that were asked for and are closed already."""


@dataclass(frozen=True, kw_only=True)
class Calendar:
    """What is due and what is known, by dataset and place."""

    dues: Mapping[tuple[str, str], Due]
    coverage: Coverage

    def due(self, dataset: str, m: Place) -> Due:
        """Return what is due; nothing of a dataset that nobody asked for."""
        return self.dues.get((dataset, m.scope), _NOTHING)

    def known(self, dataset: str, m: Place) -> Known:
        return self.coverage.get((dataset, m.scope), _UNHEARD_OF)


_NOTHING = Due()
_UNHEARD_OF = Known()


def calendar(
    request: Request, among: Iterable[Place], coverage: Coverage, now: datetime,
    oldest: Callable[[Dataset, Place], date],
) -> Calendar:  # fmt: skip
    """Return what is due of every dataset of the request in those of these places that it has; `oldest` is the first
    period that is still answered for."""
    dues = {}
    places = tuple(among)
    for dataset in request.datasets:
        since = _began(dataset.name, coverage)
        for m in filter(dataset.covers, places):
            known = coverage.get((dataset.name, m.scope), Known(first=since))
            awaited = _awaited(dataset, request.datasets, m, coverage)
            dues[dataset.name, m.scope] = due(dataset, m, request, known, now, oldest(dataset, m), awaited)
    return Calendar(dues=dues, coverage=coverage)


def _awaited(dataset: Dataset, among: Iterable[Dataset], m: Place, coverage: Coverage) -> frozenset[int]:
    """Return the days of which what this dataset is judged with, its totals or the rows of these, is under way."""
    names = [d.name for d in among if d.name == dataset.totals_in or d.totals_in == dataset.name]
    return frozenset().union(*(coverage[name, m.scope].under_way for name in names if (name, m.scope) in coverage))


def due(
    dataset: Dataset, m: Place, request: Request, known: Known, now: datetime, oldest: date,
    awaited: frozenset[int] = frozenset(),
) -> Due:  # fmt: skip
    """Return what to ask for of a dataset in a place. What is loaded and `awaited` by its verdict is not asked
    for once more, as when a run goes on where another was killed."""
    newest = dataset.newest(now, m.zone)
    closed = 0
    if request.first is None or request.last is None:
        wanted = {day.toordinal() for day in _days_due(dataset, newest, oldest, request, known, now)}
        if request.anew and dataset.past is Past.GONE and not request.repairs:
            may_be_new = request.again or not _is_cached(dataset, newest, known, now)
            wanted |= {newest.toordinal()} if may_be_new else set()
            closed = int(not may_be_new)
    else:
        span = _asked_for(dataset, request.first, request.last, oldest)
        wanted = set(span) if request.again and not request.repairs else set(span) - known.closed
        closed = len(span) - len(wanted)
        if not request.again:
            wanted -= {o for o in awaited & wanted if _is_loaded(known, date.fromordinal(o))}
        if request.repairs:
            wanted = {o for o in wanted if _is_time(known, date.fromordinal(o), now)}
        elif request.again and request.answered_since is not None:
            wanted -= _answered(known, request.answered_since)
    rereads = _rereads(dataset, m, newest, known, now) if _rereads_too(request) else {}
    return Due(
        fresh=frozenset(wanted - known.under_way),
        rereads={o: urgency for o, urgency in rereads.items() if o not in known.under_way and o not in wanted},
        early=frozenset(_days_early(dataset, m, newest, known, now)) if _early_too(request) else frozenset(),
        manners=_manners(newest, known),
        under_way=tuple(sorted(wanted & known.under_way)) if known.under_way else (),
        closed=closed,
    )


def _asked_for(dataset: Dataset, first: date, last: date, oldest: date) -> list[int]:
    """Return the periods of the days that are named; none of a dataset of which only the present can be asked for."""
    if dataset.past is Past.GONE:
        return []
    return dataset.periods(max(first, oldest).toordinal(), last.toordinal())


def _is_cached(dataset: Dataset, newest: date, known: Known, now: datetime) -> bool:
    """Return whether an answer would be the one that is here, repeated."""
    line = known.recent.get(newest) or known.others.get(newest)
    return line is not None and line.asked_at is not None and now < line.asked_at + dataset.cached_for


def _answered(known: Known, since: datetime) -> set[int]:
    lines = (*known.recent.values(), *known.others.values())
    return {line.slice.day.toordinal() for line in lines if line.asked_at is not None and line.asked_at >= since}


def _began(dataset: str, known: Coverage) -> date | None:
    """Return the first day of this dataset that the ledger has heard of in any marketplace: one that it has never
    heard of, whose login failed at first or which opens later, catches up with the others."""
    return min((of.first for (name, _), of in known.items() if name == dataset and of.first), default=None)


def _days_due(
    dataset: Dataset, newest: date, oldest: date, request: Request, known: Known, now: datetime
) -> Iterator[date]:
    """Yield the settled days to ask for: the newest; what was missed in the last two weeks since we began, or at all
    where one question brings it; and a few of the older ones that the ledger has open. Days found in the user's
    tables are left to the backfill."""
    since = min(newest, _catches_up_from(dataset, newest, oldest, known))
    missed = [] if request.repairs else dataset.periods(since.toordinal(), newest.toordinal())[::-1]
    at_once = dataset.past is Past.AT_ONCE
    heard_of = (day for day in sorted(known.others, reverse=True) if (at_once or oldest <= day) and day <= newest)
    left = MOST_OLD_DAYS
    for day in {**dict.fromkeys(map(date.fromordinal, missed)), **dict.fromkeys(heard_of)}:
        if (
            day.toordinal() not in known.closed
            and (day == newest or at_once or (not request.newest_only and not _was_found(known.others.get(day))))
            and _is_time(known, day, now)
        ):
            left -= day <= newest - dataset.restated_for and not at_once
            if left < 0:
                return
            yield day


def _catches_up_from(dataset: Dataset, newest: date, oldest: date, known: Known) -> date:
    match dataset.past:
        case Past.GONE:
            return newest
        case Past.AT_ONCE:
            return oldest
    return max(known.first or newest, newest - dataset.restated_for + ONE_DAY)


def _rereads_too(request: Request) -> bool:
    return request.first is None and not request.newest_only and not request.repairs


def _early_too(request: Request) -> bool:
    return request.early and _rereads_too(request)


def _days_early(dataset: Dataset, m: Place, newest: date, known: Known, now: datetime) -> Iterator[int]:
    """Yield the days that are over and have not settled. One that was answered has its time in the ledger: the hour
    at which it settles, or half a day later where Amazon had nothing yet."""
    if dataset.extra:
        return
    for ordinal in range((newest + ONE_DAY).toordinal(), today(now, m.zone).toordinal()):
        if ordinal not in known.under_way and _is_time(known, date.fromordinal(ordinal), now):
            yield ordinal


def _rereads(dataset: Dataset, m: Place, newest: date, known: Known, now: datetime) -> dict[int, float]:
    """Return the closed days to read again, each with its urgency: those that Amazon may have restated, and those
    whose last answer was not believed."""
    found = {}
    for day, line in known.recent.items():
        if day.toordinal() in known.closed and line.row_count and not _was_found(line):
            unread = now - line.asked_at if line.asked_at else timedelta.max
            flagged = line.next_at is not None and line.next_at <= now
            if flagged or any(newest - day < r.within and unread >= r.every for r in dataset.rereads):
                found[day.toordinal()] = _urgency(line, m, unread)
    return found


def _urgency(line: Line, m: Place, unread: timedelta) -> float:
    """Return how long a day has gone unread, relative to its age when last read: the young ones change most."""
    if line.asked_at is None:
        return NEVER_READ
    return unread / max(line.asked_at - day_ends(line.slice.day, m.zone), _LEAST_AGE)


def _manners(newest: date, known: Known) -> dict[int, Manner]:
    lines = (line for lines in (known.recent, known.others) for line in lines.values() if line.ask)
    told: dict[int, Manner] = {line.slice.day.toordinal(): line.ask for line in lines if line.ask}
    # ASINs that sell for the first time are only found in a complete answer.
    return {newest.toordinal(): "complete", **told}


def _is_loaded(known: Known, day: date) -> bool:
    line = known.others.get(day)
    return line is not None and line.state is SliceState.LOADED


def _was_found(line: Line | None) -> bool:
    return line is not None and line.source == "found"


def _is_time(known: Known, day: date, now: datetime) -> bool:
    line = known.others.get(day)
    return line is None or line.next_at is None or line.next_at <= now
