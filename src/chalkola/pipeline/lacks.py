"""Why a day is not closed, and what will be done about it, when, and by which command. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property

from chalkola.datasets.model import Dataset, Limits, Past, SliceState
from chalkola.marketplaces import MARKETPLACES, WORLD, Marketplace, Place, Region
from chalkola.pipeline.due import Due, Request, calendar
from chalkola.store.lines import Coverage, Known
from chalkola.store.overview import KnownAccount
from chalkola.store.slices import Line

_REGIONS = tuple(region.value for region in Region)
PULL, BACKFILL, IMPORT, DOCTOR = "chalkola pull", "chalkola backfill", "chalkola import", "chalkola doctor"

_PLAIN = {
    SliceState.DUE: "not asked yet",
    SliceState.ASKED: "Amazon is at work on it",
    SliceState.LOADED: "not proven yet",
}
"""Why a line is not closed that says nothing itself."""
_UNDER_WAY = {SliceState.DUE: "planned, and waits for its turn", SliceState.ASKED: "Amazon is at work on it"}


@dataclass(frozen=True, kw_only=True)
class Lack:
    """Why a day of a dataset is not closed, and what will be done about it: `does` is what `command` does (None: no
    command does anything), not before `at` (None: whenever it is called)."""

    state: SliceState
    reason: str
    command: str | None
    does: str
    at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Access:
    """An account as it was seen last: why its login fails (None: it works), the sources that Amazon has closed, and
    how many days back it answers (None: as documented)."""

    account: str
    fault: str | None = None
    closed: frozenset[str] = frozenset()
    reaches_back: int | None = None


@dataclass(frozen=True, kw_only=True)
class Held:
    """What is known at the instant `now`: the ledger, and the account of every marketplace that one opens."""

    coverage: Coverage
    opens: Mapping[Place, Access]
    now: datetime

    def places(self, datasets: Sequence[Dataset]) -> tuple[Place, ...]:
        """Return the marketplaces that an account opens, or of which the ledger has heard in these datasets; and the
        world, where one of them is about it."""
        names = {dataset.name for dataset in datasets}
        heard_of = {scope for name, scope in self.coverage if name in names}
        found = (p for p in (*MARKETPLACES, WORLD) if p is WORLD or p in self.opens or p.scope in heard_of)
        return tuple(place for place in found if any(dataset.covers(place) for dataset in datasets))

    def settled(self, dataset: Dataset, place: Place) -> range:
        """Return the days (ordinals) from the oldest to the newest period that has settled and is answered for."""
        newest = dataset.newest(self.now, place.zone)
        return range(self.oldest(dataset, place).toordinal(), newest.toordinal() + 1)

    def periods(self, dataset: Dataset, place: Place) -> list[int]:
        """Return the periods that have settled and are answered for."""
        days = self.settled(dataset, place)
        return dataset.periods(days.start, days.stop - 1)

    def oldest(self, dataset: Dataset, m: Place) -> date:
        """Return the oldest period that is answered for: as documented, or as Amazon has refused."""
        access = self.opens.get(m)
        learned = access.reaches_back if access is not None else None
        return dataset.oldest(self.now, m.zone, None if learned is None else timedelta(days=learned))


def accesses(accounts: Iterable[KnownAccount], limits: Mapping[tuple[str, str], Limits]) -> dict[Place, Access]:
    """Return the account of every marketplace that one of them opens, its own before a region's; `limits` are what
    was learned, by account and source."""
    found: dict[Place, Access] = {}
    for one in sorted(accounts, key=lambda account: account.account not in _REGIONS):
        learned = (known.reaches_back for (account, _), known in limits.items() if account == one.account)
        access = Access(
            account=one.account, fault=one.fault, closed=frozenset(one.closed),
            reaches_back=min((days for days in learned if days is not None), default=None),
        )  # fmt: skip
        found |= {m: access for m in MARKETPLACES if m.amazon_id in one.marketplaces and _is_its(one.account, m)}
    return found


def _is_its(account: str, m: Marketplace) -> bool:
    """Return whether an account may open a marketplace: one that is keyed by a marketplace opens that one alone."""
    return account in _REGIONS or account == m.code


def lack_of(held: Held, dataset: Dataset, place: Place, day: date) -> Lack | None:
    """Return why a day is not closed, None where it is."""
    dues = calendar(Request(datasets=(dataset,)), [place], held.coverage, held.now, held.oldest)
    spot = Spot(held=held, dataset=dataset, place=place, due=dues.due(dataset.name, place))
    return None if day.toordinal() in spot.known.closed else spot.lack(day.toordinal())


@dataclass(frozen=True, kw_only=True)
class Spot:
    """A dataset in a place, and all that is known of it. Days are ordinals, for there are thousands."""

    held: Held
    dataset: Dataset
    place: Place
    due: Due

    @cached_property
    def known(self) -> Known:
        return self.held.coverage.get((self.dataset.name, self.place.scope), Known())

    @cached_property
    def settled(self) -> range:
        return self.held.settled(self.dataset, self.place)

    @cached_property
    def recent_from(self) -> int:
        return self.settled.stop - self.dataset.restated_for.days

    @cached_property
    def hindrance(self) -> str | None:
        """Return why nothing at all can be asked of the place, None where nothing is known to be in the way."""
        if self.dataset.of_the_world:
            return None
        access = self.held.opens.get(self.place)
        if access is not None:
            return f"account {access.account} is closed" if access.fault else None
        return f"no refresh token opens {self.place.code}" if self.held.opens else None

    @cached_property
    def no_way(self) -> str | None:
        """Return that Amazon has closed every way to ask for the dataset, None where one is open."""
        access = self.held.opens.get(self.place)
        if access is None or not access.closed.issuperset(source.name for source in self.dataset.sources):
            return None
        return f"Amazon lets account {access.account} ask in no way"

    def lacking(self) -> set[int]:
        """Return the days that are not closed. What there is of a day that Amazon no longer answers for stays."""
        heard_of = {
            day.toordinal()
            for day, line in self.known.others.items()
            if not (self._is_old(day) and (line.row_count or self.dataset.past is Past.GONE))
        }
        return (set(self.held.periods(self.dataset, self.place)) - self.known.closed) | heard_of

    def lack(self, day: int) -> Lack:
        """Return why a day is not closed, and what will be done about it."""
        line = self.known.others.get(date.fromordinal(day))
        state = line.state if line is not None else SliceState.DUE
        reason = (line.reason or _PLAIN.get(state, "")) if line is not None else self._never_asked(day)
        if day < self.settled.start and self.dataset.past is Past.BACKFILL:
            return _too_old(line, state, reason)
        if self.hindrance:
            return Lack(state=state, reason=f"{reason}; {self.hindrance}", command=DOCTOR, does="says what to do")
        if day in self.known.under_way:
            reason = _UNDER_WAY.get(state, reason)
            return Lack(state=state, reason=reason, command=self._who_asks(day), does="goes on with it")
        if self.no_way:
            reason = reason if state is SliceState.CLOSED else f"{reason}; {self.no_way}"
            return Lack(state=state, reason=reason, command=DOCTOR, does=_TRIES_AGAIN)
        return self._to_be_asked(day, line, state, reason)

    def _to_be_asked(self, day: int, line: Line | None, state: SliceState, reason: str) -> Lack:
        is_new = line is None or line.source == "found" or not line.reason
        does = "asks" if is_new else "asks again"
        if day in self.due.fresh:
            return Lack(state=state, reason=reason, command=PULL, does=does)
        at = line.next_at if line is not None else None
        if day < self.settled.stop and (line is None or line.source == "found" or at is None or at <= self.held.now):
            command = BACKFILL if self.dataset.past is Past.BACKFILL else PULL
            return Lack(state=state, reason=reason, command=command, does=does)
        settles = self._settles(day)
        return Lack(
            state=state, reason=reason, command=self._who_asks(day), does=does, at=max(at, settles) if at else settles
        )

    def _never_asked(self, day: int) -> str:
        return "never asked" if day < self.settled.stop else "never asked, and not settled yet"

    def _settles(self, day: int) -> datetime:
        return self.dataset.settles_at(date.fromordinal(day), self.place.zone)

    def _who_asks(self, day: int) -> str:
        """Return the command whose business a day is: history is the backfill's."""
        return PULL if day >= self.recent_from or self.dataset.past is not Past.BACKFILL else BACKFILL

    def _is_old(self, day: date) -> bool:
        return day.toordinal() < self.settled.start


_TRIES_AGAIN = "tries Amazon again; a run does so once a week, and with a new refresh token"


def _too_old(line: Line | None, state: SliceState, reason: str) -> Lack:
    if line is not None and line.row_count:
        return Lack(state=state, reason=reason, command=None, does="Amazon no longer answers for it: it stays")
    reason = f"{reason}, and Amazon no longer answers for it"
    return Lack(state=state, reason=reason, command=IMPORT, does="takes a Business Report of it")
