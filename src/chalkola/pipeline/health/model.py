"""What a rule is, what it sees, and the facts that it looks at: values."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import TypeVar

from chalkola.marketplaces import Marketplace
from chalkola.pipeline.checkup.finding import Level
from chalkola.pipeline.health.thresholds import Chosen, Threshold
from chalkola.store.alerts import Unheard
from chalkola.store.buckets import Bucket
from chalkola.store.documents import Unkept
from chalkola.store.health import Noted, Pace, Restatement, Waiting
from chalkola.store.lines import Coverage

T = TypeVar("T", int, float, timedelta)


@dataclass(frozen=True, kw_only=True)
class Concern:
    """What a rule has found: an alert, before anybody knows of it.

    `grade` says how grave it is, from 1: a person is told again when it grows. `cause` is the (rule, subject) of the
    concern that explains this one and is told instead of it; None where there is none.
    """

    subject: str
    what: str
    why: str = ""
    done: str = ""
    todo: str = ""
    grade: int = 1
    cause: tuple[str, str] | None = None


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One thing that may be wrong. Its name is its heading in docs/operating.md."""

    name: str
    severity: Level
    means: str
    over: str | None
    """What is said, once, when it is over; None: it is not said, for it was something that happened."""
    see: Callable[["Health"], Iterable[Concern]]
    calm: timedelta = timedelta()
    """How long it has to be unseen before it counts as over: for what comes and goes."""
    thresholds: tuple[Threshold, ...] = ()

    @property
    def anchor(self) -> str:
        """Return where docs/operating.md speaks of it."""
        return self.name.lower().replace(" ", "-")


@dataclass(frozen=True, kw_only=True)
class Opened:
    """An account of ours: the marketplaces wanted that it opens, why its login fails (None: it works), and the
    sources that are closed to it, each with the reason."""

    key: str
    marketplaces: tuple[Marketplace, ...] = ()
    fault: str | None = None
    closed: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Room:
    """Where the database is and what is left: `free_bytes` on our disk, None for a server elsewhere."""

    on_supabase: bool
    free_bytes: int | None


@dataclass(frozen=True, kw_only=True)
class Health:
    """Everything that the rules look at, as of `now` (Amazon's time)."""

    now: datetime
    chosen: Chosen = field(default_factory=Chosen)
    accounts: tuple[Opened, ...] = ()
    lost: tuple[Marketplace, ...] = ()
    """Marketplaces of which days came in within the last month, and which no account of ours opens any more."""
    coverage: Coverage = field(default_factory=dict)
    lags: Mapping[str, tuple[timedelta, ...]] = field(default_factory=dict)
    """By scope: how long after it had settled each of the last days came in."""
    waiting: tuple[Waiting, ...] = ()
    restatements: tuple[Restatement, ...] = ()
    notes: tuple[Noted, ...] = ()
    rates: tuple[tuple[Bucket, Bucket], ...] = ()
    """Buckets whose rate is another one than configured: as configured, as observed."""
    slots: Mapping[str, int] = field(default_factory=dict)
    """How many questions of a kind Amazon takes at once of an account, by `kind@account`."""
    slots_configured: int = 3
    pace: Pace | None = None
    room: Room | None = None
    secret_created: date | None = None
    authorized: date | None = None
    repository_active: datetime | None = None
    """When the repository of GitHub's schedules was last changed; None: not on GitHub."""
    unheard: tuple[Unheard, ...] = ()
    unkept: tuple[Unkept, ...] = ()
    """Documents of the last week that are not in the archive."""


def steps(value: T, *at: T) -> int:
    """Return a grade: 1, and one more for each of `at` that `value` has reached."""
    return 1 + sum(value >= one for one in at)


def in_hours(length: timedelta) -> str:
    """Return a length of time as it reads in an alert: `7 h`, `3 days`."""
    hours = max(1, round(length / timedelta(hours=1)))
    return f"{hours} h" if hours < 48 else f"{hours // 24} days"
