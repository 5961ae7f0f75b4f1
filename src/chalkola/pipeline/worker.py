"""Many pulls at once, politely: claim what can move now, take its step, sleep until something can move again.

All that a worker knows is in the ledger. Several workers, on one machine or ten, share the work through it; one that
is killed leaves its pulls to the others.
"""

import asyncio
import contextlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from chalkola.amazon import Amazon
from chalkola.clock import Clock
from chalkola.errors import ChalkolaError, LeaseLost, LoginFault, Setback, SourceClosed
from chalkola.pipeline.closing import Lost, what_closed
from chalkola.pipeline.ending import Ended
from chalkola.pipeline.patience import Patience
from chalkola.pipeline.pull import Puller
from chalkola.pipeline.work import Bounds, Observer, Replenish, WhyLeft, Worked
from chalkola.store.accounts import Accounts
from chalkola.store.connection import DatabaseGone
from chalkola.store.ledger import LEASE, Ledger, Outlook
from chalkola.store.pulls import Claimed

IN_HAND = 16
PATIENCE = timedelta(hours=2)
"""A run does not wait longer than this for what Amazon is slow with, or fails at: the next run goes on with it."""
_DATABASE_MAY_BE_GONE_FOR = timedelta(seconds=15)  # machine time, on top of the pool's own 15 s
_RECONNECT_EVERY = timedelta(seconds=1)  # machine time
_OTHERS_CHECKED_EVERY = timedelta(seconds=1)  # machine time


@dataclass(kw_only=True)
class Worker:
    """Takes the steps of pulls until nothing is left that is worth waiting for, or until it is told to stop."""

    name: str
    amazon: Amazon
    puller: Puller
    ledger: Ledger
    accounts: Accounts
    clock: Clock
    open: list[str]
    """The accounts whose pulls it takes."""
    wanted: Sequence[int]
    observer: Observer
    stop: asyncio.Event
    patience: Patience = field(default_factory=lambda: Patience(longest=PATIENCE))
    bounds: Bounds = field(default_factory=Bounds)
    replenish: Replenish | None = None
    worked: Worked = field(default_factory=Worked)
    _in_hand: dict[asyncio.Task[None], Claimed] = field(default_factory=dict)
    _dropped: list[int] = field(default_factory=list)
    """Pulls whose step the database has ended; their leases are still ours."""
    _news: list[Ended] = field(default_factory=list)
    """What has ended since it was last planned on."""
    _closed: bool = False
    """Whether a source or a marketplace has been closed since."""

    async def work(self) -> Worked:
        """Work until done. Raises `DatabaseGone` when the database does not come back within half a minute."""
        heart = asyncio.create_task(self._beat())
        try:
            while not self.stop.is_set() and await self._once():
                pass
            if self.stop.is_set():
                self.worked.stopped, self.worked.why_left = True, WhyLeft.STOPPED
            await self._land_all()
            with self.clock.in_flight():
                left = await self._outlook(self.open)
                self.worked.left, self.worked.next_at = left.open, left.next_at
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
        if self.bounds.until is not None and self.clock.now() >= self.bounds.until:
            self.worked.why_left = WhyLeft.OUT_OF_TIME
            return False
        try:
            with self.clock.in_flight():
                await self._let_go()
                await self._plan_on()
                free = IN_HAND - len(self._in_hand)
                claimed = await self._claim(free)
                waited_for = self.patience.left(self.open, self.clock.now())
                outlook = await self._outlook(waited_for) if len(claimed) < free else None
        except DatabaseGone as gone:
            await self._reconnect(gone)
            return True
        if outlook is None:
            await self._wait_for(self._in_hand)
            return True
        if not self._in_hand and (not outlook.open or (outlook.next_at is None and outlook.leased_for is None)):
            return False
        if self._waits_too_long(outlook):
            self.worked.why_left = WhyLeft.WAITING
            return False
        self.observer.waiting(outlook.next_at)
        others = outlook.leased_for is not None and len(self._in_hand) < outlook.open
        until = min((at for at in (outlook.next_at, self.bounds.until) if at is not None), default=None)
        await self._wait(until, machine=_OTHERS_CHECKED_EVERY if others else None)
        return True

    def _waits_too_long(self, outlook: Outlook) -> bool:
        longest = self.bounds.leave_when_waiting
        if longest is None or self._in_hand:
            return False
        return outlook.next_at is None or outlook.next_at > self.clock.now() + longest

    async def _plan_on(self) -> None:
        if self.replenish is not None and (self._news or self._closed):
            news, self._news, self._closed = [] if self._closed else self._news, [], False
            self.wanted = [*self.wanted, *await self.replenish(news)]

    async def _claim(self, most: int) -> list[Claimed]:
        if not most or not self.open:
            return []
        pulls = await self.ledger.claim(
            self.name, accounts=self.open, wanted=self.wanted, most=most, reserve=self.bounds.reserve
        )
        for pull in pulls:
            self.observer.claimed(pull)
            self._in_hand[asyncio.create_task(self._step(pull))] = pull
        return pulls

    async def _step(self, pull: Claimed) -> None:
        with self.clock.in_flight():
            ended: Ended | None = None
            try:
                outcome = await self._step_or_close(pull)
                self.patience.note(pull.account, outcome, self.clock.now())
                ended = outcome if isinstance(outcome, Ended) else None
            except LeaseLost:
                return  # whoever took it over goes on with it, or its source has been closed meanwhile
            if ended is not None:
                # Whoever plans on has been told of the slices; a run of hours does not keep all of them.
                self.worked.ended.append(replace(ended, told=()) if self.replenish else ended)
                self._news.append(ended)
                await self._report_drift(ended)
            self.observer.stepped(pull, ended)

    async def _step_or_close(self, pull: Claimed) -> Ended | Setback | None:
        try:
            return await self.puller.step(pull)
        except LoginFault as fault:
            await self._close_account(pull, fault)
        except SourceClosed as fault:
            await self._close(pull, fault)
        return None

    async def _close_account(self, pull: Claimed, fault: LoginFault) -> None:
        self.open = [account for account in self.open if account != pull.account]
        self.worked.faults[pull.account] = fault
        await self.accounts.refused(self.puller.accounts[pull.account], str(fault))
        await self.puller.put_back(pull, fault.what)

    async def _close(self, pull: Claimed, fault: SourceClosed) -> None:
        """Close what Amazon's refusal is about: the source, marketplaces, or the whole account."""
        account = self.puller.accounts[pull.account]
        scopes = {s.scope for s in await self.ledger.slices_of(pull)}
        match await what_closed(self.amazon, account, scopes, fault):
            case LoginFault() as refused:
                await self._close_account(pull, refused)
            case Lost(opens=opens, reason=reason):
                self.worked.opens[pull.account], self._closed = opens, True
                await self.accounts.lose_marketplaces(account, opens, reason, showed_on=pull.id)
            case SourceClosed():
                self.worked.faults[f"{pull.account} {pull.source}"], self._closed = fault, True
                await self.accounts.close_source(account, pull.source, str(fault), showed_on=pull.id)
                await self.accounts.alert("source closed", f"{pull.source} {pull.account}", str(fault))

    async def _report_drift(self, ended: Ended) -> None:
        for note in ended.notes:
            if note.startswith(("new fields", "unknown marketplace")):
                await self.accounts.alert("schema drift", ended.pull.source, note)

    async def _outlook(self, accounts: Sequence[str]) -> Outlook:
        return await self.ledger.outlook(
            self.name, accounts=accounts, wanted=self.wanted, patience=self.patience.longest,
            reserve=self.bounds.reserve,
        )  # fmt: skip

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
