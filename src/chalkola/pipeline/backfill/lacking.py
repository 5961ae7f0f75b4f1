"""What of a span of days is lacking, of one dataset in one marketplace. Pure. Days are ordinals."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from chalkola.datasets.model import Dataset
from chalkola.errors import UsageError
from chalkola.marketplaces import Marketplace
from chalkola.pipeline.means import Means
from chalkola.store.lines import Coverage, Known
from chalkola.store.slices import Line


@dataclass(frozen=True, kw_only=True)
class Aim:
    """What a backfill is to close: all that Amazon still answers, or the days since one, or the newest so many."""

    datasets: tuple[Dataset, ...]
    since: date | None = None
    days: int | None = None


def span(aim: Aim, dataset: Dataset, means: Means, account: str, now: datetime) -> range:
    """Return the days that an account is to be asked for, the same in all its marketplaces: a day that has not yet
    settled in one of them is left to the night. Empty where nothing is wanted that Amazon answers."""
    marketplaces = means.marketplaces(account)
    last = min(dataset.newest(now, m.zone) for m in marketplaces).toordinal()
    first = max(means.oldest(dataset, m, now) for m in marketplaces).toordinal()
    if aim.since is not None:
        first = max(first, aim.since.toordinal())
    if aim.days is not None:
        first = max(first, last - aim.days + 1)
    return range(first, last + 1)


def check(aim: Aim, now: datetime, among: Iterable[Marketplace]) -> None:
    """Raise `UsageError` for days that no marketplace can be asked for."""
    if aim.days is not None and aim.days < 1:
        raise UsageError(f"--days {aim.days} is no number of days.", remedy="Write 1 or more.")
    newest = max(d.newest(now, m.zone) for m in among for d in aim.datasets)
    if aim.since is not None and aim.since > newest:
        raise UsageError(f"Nothing has settled since {aim.since}.", remedy=f"The newest settled day is {newest}.")


@dataclass(frozen=True, kw_only=True)
class Lacks:
    """The days of a span that are not closed. A day is in one of these."""

    rows: frozenset[int] = frozenset()
    """To be asked for in any way."""
    complete: frozenset[int] = frozenset()
    """To be asked for all their ASINs: they did not reconcile."""
    alone: frozenset[int] = frozenset()
    """The same, in a question of the marketplace's own: it was missing from another."""
    under_way: frozenset[int] = frozenset()
    """A pull is open for them."""
    waiting: Mapping[int, datetime] = field(default_factory=dict)
    """Not to be asked for before that instant."""

    @property
    def now(self) -> frozenset[int]:
        """Return the days that can be asked for now."""
        return self.rows | self.complete | self.alone


def lacks(days: range, known: Known, now: datetime) -> Lacks:
    """Return what is lacking of a dataset whose rows are held against totals."""
    lines = _by_ordinal(known)
    open_ = [o for o in days if o not in known.closed and o not in known.under_way]
    waiting = {o: at for o in open_ if o in lines and (at := lines[o].next_at) is not None and at > now}
    asked: dict[str | None, set[int]] = {None: set(), "complete": set(), "alone": set()}
    for o in open_:
        if o not in waiting:
            asked[lines[o].ask if o in lines else None].add(o)
    return Lacks(
        rows=frozenset(asked[None]), complete=frozenset(asked["complete"]), alone=frozenset(asked["alone"]),
        under_way=known.under_way.intersection(days), waiting=waiting,
    )  # fmt: skip


def lacks_totals(days: range, totals: Known, rows: Known, now: datetime) -> Lacks:
    """Return which totals are lacking: those never answered, and those that are to be asked again because their rows
    do not add up to them. Totals that wait for their rows are not, whether new or to be asked for whole."""
    found = lacks(days, totals, now)
    of_totals, of_rows = _by_ordinal(totals), _by_ordinal(rows)
    waits = {o for o in found.rows if _is_there(of_totals.get(o)) and not _differs(of_rows.get(o))}
    return Lacks(rows=found.rows - waits | found.complete, alone=found.alone, under_way=found.under_way)


def said_nothing(totals: Known, day: int) -> bool:
    """Return whether Amazon has answered for a day's totals, and has shown none."""
    line = totals.others.get(date.fromordinal(day))
    return line is not None and line.asked_at is not None and not line.row_count


def known_of(coverage: Coverage, dataset: str, m: Marketplace) -> Known:
    """Return what the ledger knows of a dataset in a marketplace; nothing at all where it was never heard of."""
    return coverage.get((dataset, m.scope), _UNHEARD_OF)


_UNHEARD_OF = Known()


def without(found: Lacks, days: Collection[int]) -> Lacks:
    """Return what is lacking without these days."""
    if not days:
        return found
    left = frozenset(days)
    return Lacks(
        rows=found.rows - left, complete=found.complete - left, alone=found.alone - left,
        under_way=found.under_way, waiting=found.waiting,
    )  # fmt: skip


def _by_ordinal(known: Known) -> dict[int, Line]:
    return {day.toordinal(): line for day, line in known.others.items()}


def _is_there(line: Line | None) -> bool:
    return line is not None and bool(line.row_count)


def _differs(line: Line | None) -> bool:
    return line is not None and line.residual is not None and line.ask is None
