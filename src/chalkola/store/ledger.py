"""The ledger's verbs, as Python sees them. What each of them does is written in `functions/`."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, LiteralString, TypeVar

from psycopg.types.json import Jsonb

from chalkola.clock import Clock
from chalkola.datasets.model import Pull, Slice
from chalkola.store.database import (
    Connection,
    DatabaseGone,
    Holding,
    Overtaken,
    Pool,
    database_errors,
    fetched,
    fetched_as,
)
from chalkola.store.pulls import CLAIMED, Claimed, Told, as_planned, as_told, as_travelling
from chalkola.store.slices import LINE, Line, line_of

LEASE = timedelta(seconds=60)  # machine time
_OVERTAKEN_AT_MOST = 8

Reason = Literal["quota", "pending", "setback"]
T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Outlook:
    """What a run has before it: open pulls, when the next can move (None: nothing worth waiting for), and how long
    (machine time) until the first lease of another worker ends (None: nobody else holds any)."""

    open: int
    next_at: datetime | None
    leased_for: timedelta | None


class Ledger:
    """Every verb is one transaction. All raise `DatabaseGone` when it is, and the fenced ones `LeaseLost`."""

    def __init__(self, pool: Pool, clock: Clock) -> None:
        self._pool, self._clock = pool, clock

    async def plan(self, pulls: Sequence[Pull], creation: Sequence[Sequence[str]]) -> list[int]:
        """Write questions down, each with the buckets that asking draws from. Return the ids of their open lines."""
        planned = [as_planned(pull, buckets) for pull, buckets in zip(pulls, creation, strict=True)]
        rows = await self._call("SELECT * FROM sp_plan(%s, %s)", Jsonb(planned), self._clock.now())
        return [row[0] for row in rows]

    async def claim(
        self, worker: str, *, accounts: Sequence[str], wanted: Sequence[int], most: int, reserve: float = 0
    ) -> list[Claimed]:
        """Claim up to `most` pulls whose next step can be done now; empty when there is none. Questions about history
        leave the share `reserve` (0 to 1) of every bucket's turns to others."""
        query: LiteralString = "SELECT " + CLAIMED + " FROM sp_claim(%s, %s, %s::bigint[], %s, %s, %s, %s)"
        values = worker, list(accounts), _array(wanted), most, LEASE, reserve, self._clock.now()
        return await fetched_as(self._pool, Claimed, query, values)

    async def ticket(self, pull: Claimed, ticket: str, *, check_at: datetime, needs: Sequence[str]) -> None:
        """Write the ticket down at once, and let the pull go until its first check."""
        now = self._clock.now()
        await self._call(
            "SELECT sp_ticket(%s, %s, %s, %s, %s, %s)", pull.id, pull.generation, ticket, check_at, list(needs), now
        )

    async def postpone(
        self,
        pull: Claimed,
        stage: str,
        *,
        until: datetime,
        reason: Reason,
        waiting_for: str,
        why: str = "",
        needs: Sequence[str] = (),
        document_id: str | None = None,
    ) -> None:
        """Let the pull go; its next step is in `stage` and not before `until`. `why` is for the pull's story."""
        await self._call(
            "SELECT sp_postpone(%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
            pull.id, pull.generation, stage, until, list(needs), reason, waiting_for, why, document_id,
            self._clock.now(),
        )  # fmt: skip

    async def renew(self, worker: str, pulls: Sequence[int]) -> None:
        """Lengthen the leases of the pulls in hand."""
        await self._call("SELECT sp_renew(%s, %s, %s)", worker, list(pulls), LEASE)

    async def let_go(self, worker: str, pulls: Sequence[int]) -> None:
        """Let go of pulls in hand whose step the database has ended: a deadlock, a lost connection."""
        await self._call("SELECT sp_let_go(%s, %s)", worker, list(pulls))

    async def release(self, workers: Sequence[str]) -> int:
        """Free what dead workers held. Return how many pulls that were."""
        return int((await self._call("SELECT sp_release(%s)", list(workers)))[0][0])

    async def holders(self) -> list[str]:
        """Return the workers that hold a lease."""
        query: LiteralString = (
            "SELECT DISTINCT lease_owner FROM sp_pulls WHERE finished_at IS NULL AND lease_owner IS NOT NULL"
        )
        return [row[0] for row in await self._call(query)]

    async def outlook(
        self, worker: str, *, accounts: Sequence[str], wanted: Sequence[int], patience: timedelta, reserve: float = 0
    ) -> Outlook:
        """Return what is left to do for these accounts, as `worker` sees it; `reserve` as in `claim`."""
        now = self._clock.now()
        query: LiteralString = "SELECT open, next_at, leased_for FROM sp_outlook(%s, %s, %s::bigint[], %s, %s, %s)"
        rows = await self._call(query, worker, list(accounts), _array(wanted), patience, reserve, now)
        return Outlook(open=rows[0][0], next_at=rows[0][1], leased_for=rows[0][2])

    async def withdraw(self, account: str, source: str) -> None:
        """Drop the questions about history that were planned for a source of an account and never asked."""
        await self._call("SELECT sp_withdraw(%s, %s)", account, source)

    async def close_silent(self, slices: Sequence[Slice], reason: str) -> None:
        """Close days of which Amazon has shown twice that there is nothing: by date, and in a listing of ASINs."""
        silent = [{**as_travelling(s), "reason": reason} for s in slices]
        await self._call("SELECT sp_close_silent(%s, %s)", Jsonb(silent), self._clock.now())

    async def slices_of(self, pull: Claimed) -> list[Slice]:
        """Return the slices that travel in a pull, by dataset, scope and day."""
        rows = await self._call(
            "SELECT dataset, scope, first_day FROM sp_pull_slices WHERE pull_id = %s ORDER BY 1, 2, 3", pull.id
        )
        return [Slice(dataset=row[0], scope=row[1], day=row[2]) for row in rows]

    async def known_tickets(self, account: str, tickets: Sequence[str]) -> set[str]:
        """Return those of `tickets` that some pull of this account has or had, or has found not to be ours."""
        query: LiteralString = (
            "SELECT DISTINCT known FROM sp_pulls p, unnest(p.not_ours || p.page_tickets || p.ticket) AS known"
            " WHERE p.account = %s AND (p.ticket = ANY (%s) OR (p.not_ours || p.page_tickets) && %s)"
            " AND known = ANY (%s)"
        )
        asked = list(tickets)
        return {row[0] for row in await self._call(query, account, asked, asked, asked)} if tickets else set()

    async def next_page(self, pull: Claimed, document_id: str, token: str) -> None:
        """Write the document of a page down, and let the pull go to ask for the page after it."""
        await self._call(
            "SELECT sp_next_page(%s, %s, %s, %s, %s)", pull.id, pull.generation, document_id, token, self._clock.now()
        )

    async def first_page(self, pull: Claimed, *, until: datetime, waiting_for: str) -> None:
        """Let the pull go to ask for its first page again."""
        await self._call(
            "SELECT sp_first_page(%s, %s, %s, %s, %s)",
            pull.id, pull.generation, until, waiting_for, self._clock.now(),
        )  # fmt: skip

    async def lower_slot(self, pull: Claimed) -> None:
        """Note that Amazon takes no more questions of this kind at once than are under way beside this one."""
        await self._call("SELECT sp_lower_slot(%s, %s)", pull.id, self._clock.now())

    async def define_slots(self, slots: Mapping[str, int]) -> None:
        """Declare how many questions of a kind may be under way; what was learned comes back by one a day."""
        query: LiteralString = "SELECT sp_define_slot(k, m, %s) FROM unnest(%s::text[], %s::int[]) AS u (k, m)"
        await self._call(query, self._clock.now(), list(slots), list(slots.values()))

    async def slots(self) -> Mapping[str, int]:
        """Return how many questions of each kind may be under way."""
        return {row[0]: row[1] for row in await self._call("SELECT key, most FROM sp_slots")}

    @asynccontextmanager
    async def holding(self, pull: Claimed, beside: Sequence[str] = ()) -> AsyncIterator[tuple[Holding, list[Line]]]:
        """Give one transaction that holds the pull, its slices' lines and those of the datasets `beside` it, for
        loading. Raises `LeaseLost`; and `Overtaken` at its end, upon which it can be tried again."""
        with database_errors():
            async with self._pool.holding(pull.id, pull.generation) as connection:
                yield connection, await hold_slices(connection, pull, beside)

    async def finish(
        self,
        connection: Holding,
        pull: Claimed,
        stage: Literal["loaded", "empty", "refused"],
        told: Sequence[Told],
        *,
        row_count: int | None = None,
        byte_count: int = 0,
        archived_as: str | None = None,
        note: str | None = None,
        failure: str | None = None,
        redo_at: datetime | None = None,
    ) -> None:
        """Close a pull and tell its slices, in the caller's transaction. From `redo_at` on, what a refused one asked
        for may be asked for anew."""
        await connection.later(
            "SELECT sp_finish(%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
            (
                pull.id, pull.generation, stage, row_count, byte_count, archived_as, note, failure,
                Jsonb([as_told(t) for t in told]), self._clock.now(),
            ),
        )  # fmt: skip
        if redo_at is not None:
            await connection.later("UPDATE sp_pulls SET redo_at = %s WHERE id = %s", (redo_at, pull.id))

    async def _call(self, query: LiteralString, *values: object) -> list[tuple[Any, ...]]:
        return await fetched(self._pool, query, values)


async def hold_slices(connection: Connection, pull: Claimed, beside: Sequence[str]) -> list[Line]:
    """Hold the pull, its slices' lines and those of the datasets `beside` it until the transaction ends, and return
    the lines. Raises psycopg's error that `database_errors` makes `LeaseLost`."""
    query: LiteralString = "SELECT " + LINE + " FROM sp_hold_slices(%s, %s, %s) s"
    rows = await (await connection.execute(query, (pull.id, pull.generation, list(beside)))).fetchall()
    return [line_of(row) for row in rows]


async def until_not_overtaken(transaction: Callable[[], Awaitable[T]]) -> T:
    """Carry a transaction out, again when another run has changed what it looked at. Raises `DatabaseGone` when that
    does not end: then the pull is let go, and claimed anew."""
    for _ in range(_OVERTAKEN_AT_MOST):
        try:
            return await transaction()
        except Overtaken as error:
            overtaken = error
    raise DatabaseGone(overtaken.what, remedy="The next run goes on with it.")


def _array(ids: Sequence[int]) -> str:
    """Return an array in PostgreSQL's spelling: a run has thousands of ids, which psycopg would dump one by one."""
    return f"{{{','.join(map(str, ids))}}}"
