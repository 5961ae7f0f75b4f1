"""What a worker is told and what it tells: its bounds, who watches it, who plans on, and what came of its work."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from chalkola.errors import ChalkolaError
from chalkola.pipeline.ending import Ended
from chalkola.store.pulls import Claimed


class Observer(Protocol):
    """Whoever watches a run."""

    def claimed(self, pull: Claimed) -> None:
        """A step of this pull begins."""

    def stepped(self, pull: Claimed, ended: Ended | None) -> None:
        """A step of this pull is over; `ended` is None while the pull goes on."""

    def waiting(self, until: datetime | None) -> None:
        """Nothing can move before `until` (Amazon's time; None: not known)."""


class WhyLeft(StrEnum):
    """Why a worker left before its work was done."""

    STOPPED = "told to stop"
    OUT_OF_TIME = "its time was up"
    WAITING = "nothing can be asked for a while"


class Replenish(Protocol):
    """Whoever plans on while a worker is at work."""

    async def __call__(self, ended: Sequence[Ended]) -> Sequence[int]:
        """Return the ids of further pulls that are wanted, after these have ended; after none, when a source or a
        marketplace has been closed."""


@dataclass(frozen=True, kw_only=True)
class Bounds:
    """How long a worker stays. All of it is Amazon's time."""

    until: datetime | None = None
    """No step is begun at or after this instant."""
    leave_when_waiting: timedelta | None = None
    """It leaves when nothing can be done for longer than this."""
    reserve: float = 0
    """The share of every bucket's turns that questions about history leave to others."""


@dataclass(kw_only=True)
class Worked:
    """What a worker did, and why it stopped."""

    ended: list[Ended] = field(default_factory=list)
    faults: dict[str, ChalkolaError] = field(default_factory=dict)
    """By account: what a person has to do."""
    opens: dict[str, frozenset[str]] = field(default_factory=dict)
    """By account that has lost marketplaces meanwhile: those that it still opens, by Amazon's ids."""
    left: int = 0
    """Pulls that are still open: their tickets are in the ledger."""
    stopped: bool = False
    why_left: WhyLeft | None = None
    """Why it left although there was something to do; None: there was not."""
    next_at: datetime | None = None
    """When the next of what is left can move; None: nothing is left, or nobody knows."""
