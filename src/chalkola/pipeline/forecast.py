"""When questions can be asked, and when their rows should be in: Amazon's quotas run ahead of time. Pure.

The rules are those of `store/functions/10_buckets.sql`, which decide in the end; a test holds the two together.
"""

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from chalkola.store.buckets import Bucket

PROCESSING = timedelta(minutes=2)
"""From question to rows, once it is asked. Amazon states no figure; such reports usually take 1 to 3 minutes."""
_A_DAY = timedelta(hours=24)


@dataclass(frozen=True, kw_only=True)
class Expected:
    """When a question can be asked, and when its rows should be in."""

    asked_at: datetime
    done_at: datetime


def forecast(
    creation: Sequence[Sequence[str]],
    buckets: Mapping[str, Bucket],
    now: datetime,
    *,
    processing: timedelta = PROCESSING,
    reserve: float = 0,
) -> tuple[Expected, ...]:
    """Return what to expect of pulls, given the keys of the buckets that asking each of them draws from.

    In the given order, except that a pull whose buckets are open does not wait for one whose buckets are not. A key
    without a bucket does not hold anything up. The share `reserve` of every bucket's turns is left to others. Empty
    for no pulls.
    """
    refilling = {key: _Refilling.of(bucket, now, reserve) for key, bucket in buckets.items()}
    asked_at: dict[int, datetime] = {}
    queues = _queues(creation)
    while queues:
        instant, place, keys = min((_open_at(keys, refilling, now), queue[0], keys) for keys, queue in queues.items())
        asked_at[place] = instant
        for key in keys:
            if key in refilling:
                refilling[key].take(instant)
        queues[keys].popleft()
        if not queues[keys]:
            del queues[keys]
    return tuple(
        Expected(asked_at=asked_at[place], done_at=asked_at[place] + processing) for place in range(len(creation))
    )


def _queues(creation: Sequence[Sequence[str]]) -> dict[tuple[str, ...], deque[int]]:
    """Put pulls that draw from the same buckets into one queue: thousands of them draw from a few."""
    queues: dict[tuple[str, ...], deque[int]] = {}
    for place, keys in enumerate(creation):
        queues.setdefault(tuple(keys), deque()).append(place)
    return queues


def _open_at(keys: Sequence[str], refilling: Mapping[str, "_Refilling"], now: datetime) -> datetime:
    return max((refilling[key].open_at() for key in keys if key in refilling), default=now)


@dataclass(kw_only=True)
class _Refilling:
    """A bucket on its way through the hours to come; `not_before` is the present, or the end of a 429."""

    per_turn: timedelta
    burst: int
    daily: int | None
    full_at: datetime
    not_before: datetime
    turns: deque[datetime] = field(default_factory=deque)

    @staticmethod
    def of(bucket: Bucket, now: datetime, reserve: float = 0) -> "_Refilling":
        daily = bucket.daily and max(1, bucket.daily - int(bucket.daily * reserve))
        return _Refilling(
            per_turn=timedelta(seconds=bucket.seconds_per_turn),
            burst=bucket.burst - int(bucket.burst * reserve),
            daily=daily,
            full_at=bucket.full_at or now,
            not_before=max(now, bucket.blocked_until or now),
            turns=deque(bucket.turns, maxlen=daily),
        )

    def open_at(self) -> datetime:
        """Return from when the next turn can be had."""
        opens = max(self.not_before, self.full_at - (self.burst - 1) * self.per_turn)
        if self.daily is not None and len(self.turns) == self.daily:
            opens = max(opens, self.turns[0] + _A_DAY)
        return opens

    def take(self, instant: datetime) -> None:
        """Take a turn at `instant`."""
        self.full_at = max(self.full_at, instant) + self.per_turn
        if self.daily is not None:
            self.turns.append(instant)
