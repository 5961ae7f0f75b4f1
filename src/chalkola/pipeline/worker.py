"""Many pulls at once, politely: claim what can move now, take its step, sleep until something can move again.

All that a worker knows is in the ledger. Several workers, on one machine or ten, share the work through it; one that
is killed leaves its pulls to the others.
"""

import asyncio
import contextlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from chalkola.clock import Clock
from chalkola.errors import ChalkolaError, LeaseLost, LoginFault, Setback, SourceClosed
from chalkola.pipeline.pull import Ended, Puller
from chalkola.store.accounts import Accounts
from chalkola.store.connection import DatabaseGone
from chalkola.store.ledger import LEASE, Claimed, Ledger, Outlook

IN_HAND = 16
PATIENCE = timedelta(hours=2)
"""A run does not wait longer than this for what Amazon is slow with, or fails at: the next run goes on with it."""
_DATABASE_MAY_BE_GONE_FOR = timedelta(seconds=15)  # machine time, on top of the pool's own 15 s
_RECONNECT_EVERY = timedelta(seconds=1)  # machine time
_OTHERS_CHECKED_EVERY = timedelta(seconds=1)  # machine time


class Observer(Protocol):
    """Whoever watches a run."""

    def claimed(self, pull: Claimed) -> None:
        """A step of this pull begins."""

    def stepped(self, pull: Claimed, ended: Ended | None) -> None:
        """A step of this pull is over; `ended` is None while the pull goes on."""

    def waiting(self, until: datetime | None) -> None:
        """Nothing can move before `until` (Amazon's time; None: not known)."""


@dataclass(kw_only=True)
class Worked:
    """What a worker did, and why it stopped."""

    ended: list[Ended] = field(default_factory=list)
    faults: dict[str, ChalkolaError] = field(default_factory=dict)
    """By account: what a person has to do."""
    left: int = 0
    """Pulls that are still open: their tickets are in the ledger."""
    stopped: bool = False


@dataclass(kw_only=True)
class Worker:
    """Takes the steps of pulls until nothing is left that is worth waiting for, or until it is told to stop."""

    name: str
    puller: Puller
    ledger: Ledger
    accounts: Accounts
    clock: Clock
    open: list[str]
    """The accounts whose pulls it takes."""
    wanted: Sequence[int]
    observer: Observer
    stop: asyncio.Event
    patience: timedelta = PATIENCE
    worked: Worked = field(default_factory=Worked)
    _in_hand: dict[asyncio.Task[None], Claimed] = field(default_factory=dict)
    _dropped: list[int] = field(default_factory=list)
    """Pulls whose step the database has ended; their leases are still ours."""

    async def work(self) -> Worked:
        """Work until done. Raises `DatabaseGone` when the database does not come back within half a minute."""
        heart = asyncio.create_task(self._beat())
        try:
            while not self.stop.is_set() and await self._once():
                pass
            self.worked.stopped = self.stop.is_set()
            await self._land_all()
            with self.clock.in_flight():
                self.worked.left = (await self._outlook()).open
        finally:
            heart.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await heart
            for task in self._in_hand:
                task.cancel()
            await asyncio.gather(*self._in_hand, return_exceptions=True)
        return self.worked

    async def _once(self) -> bool:
        """Claim, begin steps, and wait for the next thing to happen. Return False when nothing is to come."""
        try:
            with self.clock.in_flight():
                await self._let_go()
                free = IN_HAND - len(self._in_hand)
                claimed = await self._claim(free)
                outlook = await self._outlook() if len(claimed) < free else None
        except DatabaseGone as gone:
            await self._reconnect(gone)
            return True
        if outlook is None:
            await self._wait_for(self._in_hand)
            return True
        if not self._in_hand and (not outlook.open or (outlook.next_at is None and outlook.leased_for is None)):
            return False
        self.observer.waiting(outlook.next_at)
        others = outlook.leased_for is not None and len(self._in_hand) < outlook.open
        await self._wait(outlook.next_at, machine=_OTHERS_CHECKED_EVERY if others else None)
        return True

    async def _claim(self, most: int) -> list[Claimed]:
        if not most or not self.open:
            return []
        pulls = await self.ledger.claim(self.name, accounts=self.open, wanted=self.wanted, most=most)
        for pull in pulls:
            self.observer.claimed(pull)
            self._in_hand[asyncio.create_task(self._step(pull))] = pull
        return pulls

    async def _step(self, pull: Claimed) -> None:
        with self.clock.in_flight():
            ended: Ended | None = None
            try:
                ended = await self._step_or_close(pull)
            except LeaseLost:
                return  # whoever took it over goes on with it, or its source has been closed meanwhile
            if ended is not None:
                self.worked.ended.append(ended)
                await self._report_drift(ended)
            self.observer.stepped(pull, ended)

    async def _step_or_close(self, pull: Claimed) -> Ended | None:
        try:
            return await self.puller.step(pull)
        except LoginFault as fault:
            await self._close_account(pull, fault)
        except SourceClosed as fault:
            await self._close_source(pull, fault)
        return None

    async def _close_account(self, pull: Claimed, fault: LoginFault) -> None:
        self.open = [account for account in self.open if account != pull.account]
        self.worked.faults[pull.account] = fault
        await self.accounts.refused(self.puller.accounts[pull.account], str(fault))
        await self.puller.put_back(pull, fault.what)

    async def _close_source(self, pull: Claimed, fault: SourceClosed) -> None:
        """Close a source for an account, unless the account is refused everything: then it is closed itself."""
        try:
            await self.puller.amazon.participations(self.puller.accounts[pull.account])
        except (LoginFault, SourceClosed) as refused:
            await self._close_account(
                pull, LoginFault(pull.account, refused.what, why=refused.why, remedy=refused.remedy)
            )
            return
        except Setback:
            pass  # nothing is known of the rest: what Amazon said of this source stands
        self.worked.faults[f"{pull.account} {pull.source}"] = fault
        account = self.puller.accounts[pull.account]
        await self.accounts.close_source(account, pull.source, str(fault), showed_on=pull.id)
        await self.accounts.alert("source closed", f"{pull.source} {pull.account}", str(fault))

    async def _report_drift(self, ended: Ended) -> None:
        for note in ended.notes:
            if note.startswith(("new fields", "unknown marketplace")):
                await self.accounts.alert("schema drift", ended.pull.source, note)

    async def _outlook(self) -> Outlook:
        return await self.ledger.outlook(self.name, accounts=self.open, wanted=self.wanted, patience=self.patience)

    async def _wait(self, until: datetime | None, *, machine: timedelta | None) -> None:
        """Wait for a step to end, for `until`, or for others: whatever comes first."""
        waiting: set[asyncio.Task[None]] = set()
        if until is not None:
            waiting.add(asyncio.create_task(self.clock.sleep_until(until)))
        if machine is not None:
            waiting.add(asyncio.create_task(_machine_time(machine)))
        await self._wait_for({*waiting, *self._in_hand})
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)

    async def _wait_for(self, tasks: Iterable[asyncio.Task[None]]) -> None:
        stopping = asyncio.create_task(self.stop.wait())
        try:
            await asyncio.wait({*tasks, stopping}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            stopping.cancel()
        self._drop_done()

    async def _land_all(self) -> None:
        if self._in_hand:
            await asyncio.wait(self._in_hand)
        self._drop_done()

    def _drop_done(self) -> None:
        """Forget the steps that are over. The pull of one that lost the database is let go, to be claimed again; any
        other error ends the run."""
        for task in [task for task in self._in_hand if task.done()]:
            pull, error = self._in_hand.pop(task), task.exception()
            if isinstance(error, DatabaseGone):
                self._dropped.append(pull.id)
            elif error is not None:
                raise error

    async def _let_go(self) -> None:
        if self._dropped:
            await self.ledger.let_go(self.name, self._dropped)
            self._dropped.clear()

    async def _reconnect(self, gone: DatabaseGone) -> None:
        """Wait for the database to come back, and let go of the pulls that were in hand when it went."""
        await self._land_all()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_DATABASE_MAY_BE_GONE_FOR.total_seconds()):
                while True:
                    try:
                        await self.ledger.release([self.name])
                    except DatabaseGone as still:
                        gone = still
                        await _machine_time(_RECONNECT_EVERY)
                    else:
                        return
        raise gone

    async def _beat(self) -> None:
        while True:
            await _machine_time(LEASE / 4)
            if self._in_hand:
                with contextlib.suppress(ChalkolaError):
                    await self.ledger.renew(self.name, [pull.id for pull in self._in_hand.values()])


async def _machine_time(span: timedelta) -> None:
    """Let machine time pass, which leases and the database go by; never for anything of Amazon's."""
    await asyncio.sleep(span.total_seconds())  # noqa: TID251
