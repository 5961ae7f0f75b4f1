"""A process that stays at work: it takes one step after the other until it is told to stop.

A step that fails is told and logged, and the next one comes in its time; only `stop`, or a second signal, ends it.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from rich.console import Console

from chalkola.datasets import CATALOG
from chalkola.errors import ChalkolaError, Setback
from chalkola.pipeline.backfill import run as backfilling
from chalkola.pipeline.backfill.lacking import Aim
from chalkola.pipeline.health.outages import HISTORY_RANK
from chalkola.pipeline.plan import Request
from chalkola.pipeline.run import Report, pull
from chalkola.pipeline.work import Bounds, WhyLeft
from chalkola.settings import Settings
from chalkola.store import Store
from chalkola.store.connection import open_pool
from chalkola.store.health import read_pace
from chalkola.store.reachable import is_reachable
from chalkola.surfaces import backfill_words, failures, words
from chalkola.surfaces.alerts import alerting
from chalkola.surfaces.backfill_progress import Told
from chalkola.surfaces.backfilling import free_bytes
from chalkola.surfaces.events import tell_run
from chalkola.surfaces.logs import Log, log_of
from chalkola.surfaces.opening import data_address, opened
from chalkola.surfaces.progress import Logged, Printed
from chalkola.surfaces.pulling import show
from chalkola.surfaces.staying.deciding import (
    Backfill,
    Pull,
    Sleep,
    Standing,
    Step,
    after_backfill,
    after_pull,
    next_pull_at,
    next_step,
)
from chalkola.surfaces.staying.health import Doing, LastPull, State

_AIM = Aim(datasets=tuple(d for d in CATALOG if not d.extra))
_LISTENS_EVERY = timedelta(seconds=1)  # machine time: Windows notices a signal only between two events of the loop
_ANSWERS_WITHIN = timedelta(seconds=5)  # machine time


@dataclass(kw_only=True)
class Staying:
    """The process: what it knows, and what it is at."""

    settings: Settings
    console: Console
    stop: asyncio.Event
    backfills: bool
    state: State = field(init=False)
    _standing: Standing = field(default_factory=Standing)
    _url: str | None = None

    def __post_init__(self) -> None:
        now = self.settings.clock.now()
        self.state = State(since=now, doing_since=now, next_pull_at=now)

    async def stay(self) -> None:
        """Take step after step until told to stop; what is in hand then is finished first."""
        while not self.stop.is_set():
            step = next_step(self._standing, self.settings.schedule, self.settings.clock.now())
            self._say(step)
            match step:
                case Pull():
                    await self._pull(step)
                case Backfill():
                    await self._backfill(step)
                case Sleep():
                    await self._sleep(step)
        self._is_doing("stopping")

    async def is_database_there(self) -> bool:
        """Return whether the database answers at this moment."""
        return self._url is not None and await is_reachable(self._url, within=_ANSWERS_WITHIN)

    async def _pull(self, step: Pull) -> None:
        began = self.settings.clock.now()
        code, said, was_made = 1, None, False
        try:
            if step.is_retry:
                await self._greet()
            report = await self._pulled()
            code, was_made = report.exit_code, True
            said = next((fault.what for fault in report.worked.faults.values()), None)
        except Exception as error:
            # That Amazon is away is nothing for a person, as in a pull that begins and does not get on.
            code, said = 3 if isinstance(error, Setback) else 1, self._tell(error, "pull")
        now = self.settings.clock.now()
        self.state = replace(self.state, last_pull=LastPull(began=began, ended=now, exit_code=code, said=said))
        self._standing = after_pull(
            self._standing, began=began, now=now, was_made=was_made, is_retry=step.is_retry, backfills=self.backfills
        )

    async def _greet(self) -> None:
        """Raise `DatabaseGone` while it is still away: people were told, and a retry would tell them once more."""
        async with open_pool(await self._database(), size=1):
            pass

    async def _pulled(self) -> Report:
        async with alerting(self.settings, await self._database(), self.console) as store:
            watcher = Logged(self.console, log) if (log := self._log) else Printed(self.console)
            # Early as on GitHub: docs/operating.md says what that costs.
            report = await pull(self.settings, store, Request(datasets=CATALOG, early=True), watcher, self.stop)
            if log:
                tell_run(log, report)
            else:
                show(self.console, report)
            pulled_at = (await read_pace(store.pool, HISTORY_RANK)).pulled_at
            self.state = replace(self.state, pulled_at=pulled_at)
        return report

    async def _backfill(self, step: Backfill) -> None:
        was_made, is_left = False, True
        try:
            async with opened(self.settings, await self._database()) as store:
                report = await self._filled(store, step.until)
            was_made, is_left = True, bool(report.outlook.steps.pulls or report.worked.left)
        except Exception as error:
            self._tell(error, "backfill")
        self._standing = after_backfill(
            self._standing, now=self.settings.clock.now(), was_made=was_made, is_left=is_left
        )

    async def _filled(self, store: Store, until: datetime) -> backfilling.Report:
        watcher = Told(self.console, self._log)
        async with _followed(watcher, store):
            report = await backfilling.backfill(
                self.settings, store, _AIM, watcher, self.stop, bounds=Bounds(until=until),
                free_bytes=free_bytes(self.settings),
            )  # fmt: skip
        await self._tell_backfill(store, report)
        return report

    async def _tell_backfill(self, store: Store, report: backfilling.Report) -> None:
        """Say how a backfill ended, where it had anything to do."""
        nothing = not report.worked.ended and report.worked.why_left in (None, WhyLeft.STOPPED)
        if nothing and not report.worked.faults:
            return
        done = await backfilling.read_progress(store, report.outlook)
        if log := self._log:
            log("backfill", **backfill_words.report_as_object(report, done))
        else:
            backfill_words.end(self.console, report, done)

    async def _sleep(self, step: Sleep) -> None:
        waking = asyncio.create_task(self.settings.clock.sleep_until(step.until))
        stopping = asyncio.create_task(self.stop.wait())
        tasks = {waking, stopping}
        while not any(task.done() for task in tasks):
            await asyncio.wait(tasks, timeout=_LISTENS_EVERY.total_seconds(), return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _database(self) -> str:
        """Return where the data is. An embedded server that was stopped meanwhile is started again."""
        self._url = await asyncio.to_thread(data_address, self.settings)
        return self._url

    @property
    def _log(self) -> Log | None:
        return log_of(self.settings, self.console)

    def _tell(self, error: Exception, doing: str) -> str:
        """Tell what went wrong, as a command would that ends of it. Return it in a sentence."""
        if isinstance(error, ChalkolaError):
            failures.tell(error)
            return error.what.strip()
        failures.tell_unexpected(error, ["run", doing])
        return f"Something went wrong that this version does not know ({type(error).__name__})."

    def _is_doing(self, doing: Doing) -> None:
        now = self.settings.clock.now()
        at = next_pull_at(self._standing, self.settings.schedule, now)
        self.state = replace(self.state, doing=doing, doing_since=now, next_pull_at=at)

    def _say(self, step: Step) -> None:
        """Keep and say what is done next."""
        match step:
            case Pull():
                self._is_doing("pull")
                what = "pulling once more" if step.is_retry else "pulling"
            case Backfill():
                self._is_doing("backfill")
                what = f"filling the history until {words.instant(step.until)}"
            case Sleep():
                self._is_doing("waiting")
                what = f"waiting; the next pull is at {words.instant(self.state.next_pull_at)}"
        if log := self._log:
            log("doing", what=self.state.doing, next_pull_at=self.state.next_pull_at)
        else:
            self.console.print(f"{words.instant(self.state.doing_since)}: {what}.", soft_wrap=True)


@asynccontextmanager
async def _followed(watcher: Told, store: Store) -> AsyncIterator[None]:
    following = asyncio.create_task(watcher.follow(store))
    try:
        yield
    finally:
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)
