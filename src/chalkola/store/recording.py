"""Writing calls to Amazon down, a batch at a time and beside the work: nothing waits for it or ends by it."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta

from psycopg.types.json import Jsonb

from chalkola.calls import Call, Sink
from chalkola.clock import Clock
from chalkola.errors import ChalkolaError
from chalkola.store.connection import Pool, database_errors

BATCH = 500
"""Calls that are written at once."""
WRITTEN_EVERY_SECONDS = 2.0
"""Machine time; what a process that is killed has not written is no older."""
_MOST_HELD = 20_000  # while the database is away: then the oldest are let go
_LAST_SECONDS = 4.0  # machine time that the end of a run gives to what is left; psycopg adds 5 where a pooler waits
_FORGOTTEN_AT_ONCE = 2_000
_MOST_BITES = 10


@dataclass(frozen=True, kw_only=True)
class Recorder:
    """Writes calls down for `kept`; with none, forgets those that are there."""

    pool: Pool
    clock: Clock
    kept: timedelta

    @asynccontextmanager
    async def recording(self) -> AsyncIterator[Sink | None]:
        """Give what takes calls, None where none are kept. At the end what is left is written, and old lines go.

        Raises nothing of its own: a database that is away costs lines, never the run.
        """
        batches = _Batches(pool=self.pool)
        beside = asyncio.create_task(batches.write_along())
        try:
            yield batches.take if self.kept else None
        finally:
            beside.cancel()
            await asyncio.gather(beside, return_exceptions=True)
            with suppress(ChalkolaError, TimeoutError):
                async with asyncio.timeout(_LAST_SECONDS):
                    await batches.write()
                    await self._forget()

    async def _forget(self) -> None:
        before = self.clock.now() - self.kept
        for _ in range(_MOST_BITES):
            with database_errors():
                async with self.pool.connection() as connection:
                    found = await connection.execute("SELECT sp_forget_calls(%s, %s)", (before, _FORGOTTEN_AT_ONCE))
                    row = await found.fetchone()
            if not row or row[0] < _FORGOTTEN_AT_ONCE:
                return


@dataclass(kw_only=True)
class _Batches:
    """The calls that are not written yet, oldest first."""

    pool: Pool
    held: list[Call] = field(default_factory=list)
    full: asyncio.Event = field(default_factory=asyncio.Event)
    unsure: int = 0
    """So many of the oldest may have been written by an attempt that was not answered."""

    def take(self, call: Call, /) -> None:
        self.held.append(call)
        if len(self.held) >= BATCH:
            self.full.set()

    async def write_along(self) -> None:
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(WRITTEN_EVERY_SECONDS):
                    await self.full.wait()
            try:
                await self.write()
            except ChalkolaError:
                self._let_go()
                await asyncio.sleep(WRITTEN_EVERY_SECONDS)  # noqa: TID251  machine time, which the database goes by

    async def write(self) -> None:
        """Write what is held. Raises `DatabaseGone` and `Fault`, upon which what is not written is held still."""
        self.full.clear()
        while batch := self.held[: self.unsure or BATCH]:
            again, self.unsure = self.unsure > 0, len(batch)
            await self._insert(batch, again=again)
            self.unsure = 0
            del self.held[: len(batch)]

    async def _insert(self, batch: Sequence[Call], *, again: bool) -> None:
        with database_errors():
            async with self.pool.connection() as connection:
                await connection.execute("SELECT sp_note_calls(%s, %s)", (Jsonb(batch), again))

    def _let_go(self) -> None:
        if (beyond := len(self.held) - _MOST_HELD) > 0:
            del self.held[:beyond]
            self.unsure = max(0, self.unsure - beyond)
