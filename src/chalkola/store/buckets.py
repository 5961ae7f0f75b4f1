"""Amazon's quotas as rows: whoever asks, on whatever machine, takes turns from the same buckets."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, LiteralString

from chalkola.clock import Clock
from chalkola.quotas import Turn
from chalkola.store.connection import Pool
from chalkola.store.database import fetched


@dataclass(frozen=True, kw_only=True)
class Bucket:
    """A bucket and its state; `turns` are the ones of the last 24 hours, oldest first, where a daily limit counts."""

    key: str
    seconds_per_turn: float
    burst: int
    daily: int | None = None
    full_at: datetime | None = None
    blocked_until: datetime | None = None
    refused_in_row: int = 0
    open_at: datetime | None = None
    turns: tuple[datetime, ...] = ()


class Buckets:
    """The verbs of `functions/10_buckets.sql`; satisfies the `Meter` that `amazon/` asks for."""

    def __init__(self, pool: Pool, clock: Clock) -> None:
        self._pool, self._clock = pool, clock

    async def define(self, buckets: Sequence[Bucket]) -> None:
        """Declare buckets; those that exist keep their state."""
        await self._call(
            "SELECT sp_define_bucket(k, s, b, d)"
            " FROM unnest(%s::text[], %s::float8[], %s::int[], %s::int[]) AS u(k, s, b, d) ORDER BY k",
            [b.key for b in buckets],
            [b.seconds_per_turn for b in buckets],
            [b.burst for b in buckets],
            [b.daily for b in buckets],
        )

    async def take(self, buckets: tuple[str, ...]) -> Turn:
        """Take one turn from all of `buckets`, or from none of them."""
        now = self._clock.now()
        rows = await self._call("SELECT granted, open_at, waiting_for FROM sp_take(%s, %s)", list(buckets), now)
        granted, open_at, waiting_for = rows[0]
        return Turn(granted=granted, open_at=open_at, waiting_for=waiting_for or "")

    async def refused(self, bucket: str, *, until: datetime) -> int:
        """Note a 429: nothing leaves through `bucket` before `until`. Return how many came in a row."""
        return int((await self._call("SELECT sp_refuse_turn(%s, %s)", bucket, until))[0][0])

    async def refusals(self, bucket: str) -> int:
        """Return how many 429s came in a row through `bucket`, 0 where the last is more than an hour ago."""
        query: LiteralString = "SELECT refused_in_row FROM sp_buckets WHERE key = %s AND blocked_until > %s"
        rows = await self._call(query, bucket, self._clock.now() - timedelta(hours=1))
        return int(rows[0][0]) if rows else 0

    async def accepted(self, bucket: str) -> None:
        """Note that Amazon let a call through: the run of 429s is over."""
        await self._call("SELECT sp_accept_turn(%s)", bucket)

    async def learn(self, bucket: str, rate_per_second: float) -> None:
        """Adopt the rate that Amazon states for an operation's bucket."""
        await self._call("SELECT sp_learn_rate(%s, %s)", bucket, rate_per_second)

    async def read(self) -> tuple[Bucket, ...]:
        """Return every bucket with its state, by key; empty before the first run."""
        since = self._clock.now() - timedelta(days=1)
        rows = await self._call(
            "SELECT b.key, seconds_per_turn, burst, daily, full_at, blocked_until, refused_in_row, open_at,"
            " coalesce((SELECT array_agg(taken_at ORDER BY taken_at) FROM sp_bucket_turns t"
            "           WHERE t.key = b.key AND taken_at > %s), '{}')"
            " FROM sp_buckets b ORDER BY b.key",
            since,
        )
        return tuple(_bucket(row) for row in rows)

    async def _call(self, query: LiteralString, *values: object) -> list[tuple[Any, ...]]:
        return await fetched(self._pool, query, values)


def _bucket(row: tuple[Any, ...]) -> Bucket:
    key, seconds_per_turn, burst, daily, full_at, blocked_until, refused_in_row, open_at, turns = row
    return Bucket(
        key=key,
        seconds_per_turn=seconds_per_turn,
        burst=burst,
        daily=daily,
        full_at=full_at,
        blocked_until=blocked_until,
        refused_in_row=refused_in_row,
        open_at=open_at,
        turns=tuple(turns),
    )
