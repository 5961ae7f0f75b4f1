"""Turns: before a call is sent, every bucket it draws from must grant one.

The buckets themselves are kept by the store, so that two runs, on one machine or ten, hold Amazon's quotas together;
this room only says what it needs of them. Instants are Amazon's time.
"""

from datetime import datetime, timedelta
from typing import Protocol

from chalkola.quotas import Turn

__all__ = ["Meter", "Turn", "backoff", "operation_bucket"]

FIRST_WAIT = timedelta(seconds=2)
LONGEST_WAIT = timedelta(minutes=15)


class Meter(Protocol):
    """The buckets, wherever they are kept."""

    async def take(self, buckets: tuple[str, ...]) -> Turn:
        """Take one turn from all of `buckets`, or from none of them."""

    async def refused(self, bucket: str, *, until: datetime) -> int:
        """Note a 429: nothing leaves through `bucket` before `until`. Return how many came in a row."""

    async def refusals(self, bucket: str) -> int:
        """Return how many 429s came in a row through `bucket`, 0 where the last is more than an hour ago."""

    async def accepted(self, bucket: str) -> None:
        """Note that Amazon let a call through: the run of 429s is over."""

    async def learn(self, bucket: str, rate_per_second: float) -> None:
        """Adopt the rate that Amazon states for an operation's bucket."""


def operation_bucket(operation: str, account: str) -> str:
    """Return the key of the bucket that Amazon keeps for one operation of one account."""
    return f"{operation}@{account}"


def backoff(refusals: int, *, jitter: float) -> timedelta:
    """Return how long to stay away after `refusals` in a row without a Retry-After, spread by `jitter` (0 to 1).

    Between half and the whole of 4 s, 8 s, 16 s … at most 15 minutes.
    """
    doublings: int = 2 ** min(refusals, 20)
    return min(FIRST_WAIT * doublings, LONGEST_WAIT) * (0.5 + jitter / 2)
