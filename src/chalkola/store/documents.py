"""What became of Amazon's documents: where each is kept, what it takes there, and why some are not kept."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import LiteralString

from chalkola.clock import Clock
from chalkola.store.archive import Kept
from chalkola.store.connection import Pool
from chalkola.store.database import fetched, fetched_as


@dataclass(frozen=True, kw_only=True)
class Stored:
    """A document that is kept."""

    id: int
    name: str


@dataclass(frozen=True, kw_only=True)
class Holding:
    """How many documents a place has, and what they take there."""

    count: int
    byte_count: int


@dataclass(frozen=True, kw_only=True)
class Unkept:
    """Documents that are not kept, as the place `failed` or they are `too large`; `why` is the last one's."""

    state: str
    count: int
    first_at: datetime
    last_at: datetime
    largest_bytes: int
    why: str
    goes_on: bool
    """No document has been kept since the last of them."""


# A name says where its document is: in a bucket, or without a prefix in the folder.
_IN_PLACE: LiteralString = (
    " state = 'kept' AND CASE WHEN %(prefix)s = '' THEN NOT starts_with(name, 'supabase:')"
    " ELSE starts_with(name, %(prefix)s) END"
)


class Documents:
    """All raise `DatabaseGone` when it is."""

    def __init__(self, pool: Pool, clock: Clock) -> None:
        self._pool, self._clock = pool, clock

    async def note(self, pull_id: int, kept: Kept) -> None:
        """Write down what became of a pull's document."""
        values = pull_id, kept.state, kept.name, kept.byte_count, kept.why, self._clock.now()
        await fetched(self._pool, "SELECT sp_note_document(%s, %s, %s, %s, %s, %s)", values)

    async def old(self, prefix: str, before: datetime, most: int) -> list[Stored]:
        """Return at most `most` documents of a place that came before an instant, the oldest first."""
        query: LiteralString = (
            "SELECT id, name FROM sp_documents WHERE at < %(before)s AND" + _IN_PLACE + " ORDER BY at, id"
            " LIMIT %(most)s"
        )
        return await fetched_as(self._pool, Stored, query, {"before": before, "prefix": prefix, "most": most})

    async def drop(self, removed: Sequence[Stored], why: str) -> None:
        """Note that documents are not there any more, and why."""
        await fetched(self._pool, "SELECT sp_drop_documents(%s, %s)", ([one.id for one in removed], why))

    async def holding(self, prefix: str) -> Holding:
        """Return what a place has."""
        query: LiteralString = (
            "SELECT count(*)::integer AS count, coalesce(sum(byte_count), 0)::bigint AS byte_count FROM sp_documents"
            " WHERE" + _IN_PLACE
        )
        return (await fetched_as(self._pool, Holding, query, {"prefix": prefix}))[0]

    async def unkept(self, since: datetime) -> list[Unkept]:
        """Return which documents that came since then are not kept, and why; empty for none."""
        query: LiteralString = (
            "SELECT state, count(*)::integer AS count, min(at) AS first_at, max(at) AS last_at,"
            " max(byte_count) AS largest_bytes, (array_agg(why ORDER BY id DESC))[1] AS why,"
            " max(at) > coalesce((SELECT max(at) FROM sp_documents WHERE state = 'kept'), '-infinity') AS goes_on"
            " FROM sp_documents WHERE at >= %(since)s AND state IN ('failed', 'too large')"
            " GROUP BY state ORDER BY state"
        )
        return await fetched_as(self._pool, Unkept, query, {"since": since})
