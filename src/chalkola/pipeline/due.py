"""What is due: of one dataset in one marketplace, by days. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from chalkola.datasets.model import Dataset, SliceState
from chalkola.marketplaces import Marketplace
from chalkola.periods import ONE_DAY, day_ends, newest_settled, oldest_answered
from chalkola.store.ledger import Line, Manner
from chalkola.store.lines import Coverage, Known

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


@dataclass(frozen=True, kw_only=True)
class Due:
    """What is due of one dataset in one marketplace. Days are ordinals, for there are thousands."""

    fresh: frozenset[int] = frozenset()
    """To be asked in a complete way."""
    rereads: Mapping[int, float] = field(default_factory=dict)
    """Closed days that Amazon may have restated, each with how long it has gone unread for its age."""
    manners: Mapping[int, Manner] = field(default_factory=dict)
    """How days are to be asked where not any way will do, whether or not they are due."""
    under_way: tuple[int, ...] = ()
    """Wanted, but a pull is open for them."""
    closed: int = 0
    """Days that were asked for and are closed already."""


@dataclass(frozen=True, kw_only=True)
class Calendar:
    """What is due and what is known, by dataset and marketplace."""

    dues: Mapping[tuple[str, str], Due]
    coverage: Coverage

    def due(self, dataset: str, m: Marketplace) -> Due:
        """Return what is due; nothing of a dataset that nobody asked for."""
        return self.dues.get((dataset, m.scope), _NOTHING)

    def known(self, dataset: str, m: Marketplace) -> Known:
        return self.coverage.get((dataset, m.scope), _UNHEARD_OF)


_NOTHING = Due()
_UNHEARD_OF = Known()


def calendar(request: Request, among: Iterable[Marketplace], coverage: Coverage, now: datetime) -> Calendar:
    """Return what is due of every dataset of the request in these marketplaces."""
    dues = {}
    marketplaces = tuple(among)
    for dataset in request.datasets:
        since = _began(dataset.name, coverage)
        for m in marketplaces:
            known = coverage.get((dataset.name, m.scope), Known(first=since))
            awaited = _awaited(dataset, request.datasets, m, coverage)
            dues[dataset.name, m.scope] = due(dataset, m, request, known, now, awaited)
    return Calendar(dues=dues, coverage=coverage)


def _awaited(dataset: Dataset, among: Iterable[Dataset], m: Marketplace, coverage: Coverage) -> frozenset[int]:
    """Return the days of which what this dataset is judged with, its totals or the rows of these, is under way."""
    names = [d.name for d in among if d.name == dataset.totals_in or d.totals_in == dataset.name]
    return frozenset().union(*(coverage[name, m.scope].under_way for name in names if (name, m.scope) in coverage))


def due(
    dataset: Dataset, m: Marketplace, request: Request, known: Known, now: datetime,
    awaited: frozenset[int] = frozenset(),
) -> Due:  # fmt: skip
    """Return what to ask for of a dataset in a marketplace. What is loaded and `awaited` by its verdict is not asked
    for once more, as when a run goes on where another was killed."""
    newest = newest_settled(now, m.zone, dataset.settles_after)
    closed = 0
    if request.first is None or request.last is None:
        wanted = {day.toordinal() for day in _days_due(dataset, m, newest, request, known, now)}
    else:
        span = range(request.first.toordinal(), request.last.toordinal() + 1)
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
        manners=_manners(newest, known),
        under_way=tuple(sorted(wanted & known.under_way)) if known.under_way else (),
        closed=closed,
    )


def _answered(known: Known, since: datetime) -> set[int]:
    lines = (*known.recent.values(), *known.others.values())
    return {line.slice.day.toordinal() for line in lines if line.asked_at is not None and line.asked_at >= since}


def _began(dataset: str, known: Coverage) -> date | None:
    """Return the first day of this dataset that the ledger has heard of in any marketplace: one that it has never
    heard of, whose login failed at first or which opens later, catches up with the others."""
    return min((of.first for (name, _), of in known.items() if name == dataset and of.first), default=None)


def _days_due(
    dataset: Dataset, m: Marketplace, newest: date, request: Request, known: Known, now: datetime
) -> Iterator[date]:
    """Yield the settled days to ask for: the newest; what was missed in the last two weeks since we began; and any
    older one that the ledger has open. Days found in the user's tables are left to the backfill."""
    since = max(known.first or newest, newest - dataset.restated_for + ONE_DAY)
    missed = () if request.repairs else range(newest.toordinal(), min(since, newest).toordinal() - 1, -1)
    oldest = oldest_answered(now, m.zone, dataset.kept_for)
    heard_of = (day for day in known.others if oldest <= day <= newest)
    for day in {**dict.fromkeys(map(date.fromordinal, missed)), **dict.fromkeys(heard_of)}:
        if (
            day.toordinal() not in known.closed
            and (day == newest or (not request.newest_only and not _was_found(known.others.get(day))))
            and _is_time(known, day, now)
        ):
            yield day


def _rereads_too(request: Request) -> bool:
    return request.first is None and not request.newest_only and not request.repairs


def _rereads(dataset: Dataset, m: Marketplace, newest: date, known: Known, now: datetime) -> dict[int, float]:
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


def _urgency(line: Line, m: Marketplace, unread: timedelta) -> float:
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
