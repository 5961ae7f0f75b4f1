"""How far a backfill has come and what is left: questions, until when, and how much it adds. Pure."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from chalkola.datasets import CATALOG, SOURCES
from chalkola.datasets.model import SliceState, Source
from chalkola.marketplaces import Marketplace
from chalkola.pipeline.backfill.listing import Seen
from chalkola.pipeline.backfill.plan import Steps
from chalkola.pipeline.checkup.room import BYTES_PER_ROW
from chalkola.pipeline.forecast import forecast
from chalkola.pipeline.means import Means
from chalkola.pipeline.ways import in_rounds
from chalkola.store.history import Tally

_SOURCES = {source.name: source for source in SOURCES}


@dataclass(frozen=True, kw_only=True)
class Ahead:
    """The questions that are left for an account, by source, and when the last of their rows should be in."""

    questions: Counter[str] = field(default_factory=Counter)
    done_at: datetime


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """What a backfill adds, but for the marketplaces in `unknown`, of which nothing was loaded or listed yet."""

    rows: int = 0
    bytes: int = 0
    unknown: tuple[Marketplace, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Progress:
    """How far an account has come: marketplace-days by what has become of them, rows, and what is left."""

    account: str
    days: int
    """Of all its marketplaces together, and of the datasets whose rows are held against totals."""
    closed: int = 0
    differ: int = 0
    """Of the closed ones, those that were accepted with a residual."""
    held: int = 0
    """Loaded or preliminary: they have rows, and are not closed."""
    asked: int = 0
    failed: int = 0
    rows: int = 0
    questions: int = 0
    done_at: datetime | None = None
    """When the last rows should be in by Amazon's quotas; None when nothing can be asked."""

    @property
    def waiting(self) -> int:
        """Return the days that nobody has asked for yet."""
        return self.days - self.closed - self.held - self.asked - self.failed


_HELD = (SliceState.LOADED, SliceState.PRELIMINARY)
_FAILED = (SliceState.FAILED, SliceState.CLOSED)


def progress(
    opens: Mapping[Marketplace, str], spans: Mapping[str, Mapping[str, range]], tallies: Iterable[Tally],
    left: Mapping[str, Ahead],
) -> list[Progress]:  # fmt: skip
    """Return how far each account has come. `spans` has the days by account and dataset."""
    found = []
    for account, of_datasets in spans.items():
        scopes = {m.scope for m, opener in opens.items() if opener == account}
        mine = [t for t in tallies if t.scope in scopes and t.dataset in of_datasets]
        ahead_ = left.get(account)
        found.append(Progress(
            account=account,
            days=sum(len(days) for days in of_datasets.values()) * len(scopes),
            closed=sum(t.days for t in mine if t.state.is_closed),
            differ=sum(t.days for t in mine if t.state is SliceState.DIFFERS),
            held=sum(t.days for t in mine if t.state in _HELD),
            asked=sum(t.days for t in mine if t.state is SliceState.ASKED),
            failed=sum(t.days for t in mine if t.state in _FAILED),
            rows=sum(t.rows for t in mine),
            questions=ahead_.questions.total() if ahead_ else 0,
            done_at=ahead_.done_at if ahead_ else None,
        ))  # fmt: skip
    return found


def ahead(
    steps: Steps, planned: Sequence[tuple[str, str]], means: Means, now: datetime, reserve: float
) -> dict[str, Ahead]:
    """Return what is left, by account. `planned` are account and source of the questions that are written down and
    not asked; then come the steps, and what follows these. Empty for nothing left."""
    left = [*planned, *((p.box.account, p.source.name) for p in steps.pulls), *steps.later.elements()]
    keys = [means.creation(_SOURCES[name], account) for account, name in left]
    asked = forecast(keys, means.buckets, now, reserve=reserve)
    done: dict[str, datetime] = {}
    for (account, name), expected in zip(left, asked, strict=True):
        at = expected.asked_at + _SOURCES[name].processing
        done[account] = max(at, done.get(account, now))
    questions = Counter(left)
    return {
        account: Ahead(
            questions=Counter({name: n for (key, name), n in questions.items() if key == account}),
            done_at=max(at, now + _in_slots(account, questions, means)),
        )
        for account, at in done.items()
    }


def _in_slots(account: str, questions: Counter[tuple[str, str]], means: Means) -> timedelta:
    """Return how long the questions of an account take of which only so many may be under way at once."""
    of_slots: dict[str, list[tuple[Source, int]]] = {}
    for (key, name), number in questions.items():
        source = _SOURCES[name]
        if key == account and source.slot is not None:
            of_slots.setdefault(source.slot, []).append((source, number))
    return max((_rounds(slot, account, some, means) for slot, some in of_slots.items()), default=timedelta())


def _rounds(slot: str, account: str, some: Iterable[tuple[Source, int]], means: Means) -> timedelta:
    found = list(some)
    longest = max(source.processing for source, _ in found)
    return in_rounds(sum(number for _, number in found), means.at_once(slot, account), longest)


def estimate(steps: Steps, seen: Seen, usual: Mapping[tuple[str, str], int]) -> Estimate:
    """Return what the lacking days add: by what was listed, or by the `usual` rows of a day and scope."""
    rows, unknown = 0.0, []
    for dataset, m, a_day in _rows_a_day(steps, seen, usual):
        if a_day is None:
            unknown.append(m)
        else:
            rows += a_day * steps.lacking[dataset, m]
    return Estimate(rows=round(rows), bytes=round(rows) * BYTES_PER_ROW, unknown=tuple(dict.fromkeys(unknown)))


def _rows_a_day(
    steps: Steps, seen: Seen, usual: Mapping[tuple[str, str], int]
) -> Iterator[tuple[str, Marketplace, float | None]]:
    listed = {d.name for d in CATALOG if d.listed_in}
    totals = {d.totals_in for d in CATALOG}
    for (dataset, m), days in steps.lacking.items():
        if days:
            known = seen.rows_a_day(m) if dataset in listed else None
            yield dataset, m, 1 if dataset in totals else known or usual.get((dataset, m.scope))
