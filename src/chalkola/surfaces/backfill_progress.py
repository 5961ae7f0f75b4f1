"""A backfill as it goes: a bar for each account in a terminal, one line a minute and account anywhere else."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from datetime import date, timedelta

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from chalkola.errors import ChalkolaError
from chalkola.marketplaces import Marketplace
from chalkola.pipeline.backfill.lacking import Aim
from chalkola.pipeline.backfill.outlook import Progress
from chalkola.pipeline.backfill.run import Outlook, Report, backfill, read_progress
from chalkola.pipeline.ending import Ended
from chalkola.pipeline.work import Bounds
from chalkola.settings import Settings
from chalkola.store import Store
from chalkola.store.pulls import Claimed
from chalkola.surfaces import screen, words
from chalkola.surfaces.logs import Log, log_of
from chalkola.surfaces.stopping import stopped_by_signals

_REPAINTED_EVERY = timedelta(seconds=1)  # machine time: eyes and logs are the machine's
_TOLD_EVERY = timedelta(minutes=1)
_BAR_WIDTH = 30


async def watched_backfill(
    settings: Settings, store: Store, aim: Aim, console: Console, *, only: Sequence[Marketplace], bounds: Bounds,
    free_bytes: int | None,
) -> Report:  # fmt: skip
    """Run a backfill with the display that `console` allows. The first Ctrl-C ends it in good order."""
    watcher = Painted(console) if console.is_terminal else Told(console, log_of(settings, console))
    stop = asyncio.Event()
    with stopped_by_signals(stop, watcher.stopping):
        following = asyncio.create_task(watcher.follow(store))
        try:
            return await backfill(
                settings, store, aim, watcher, stop, only=only, bounds=bounds, free_bytes=free_bytes
            )
        finally:
            following.cancel()
            await asyncio.gather(following, return_exceptions=True)


class Told:
    """A line for each account once a minute, and one for each question that failed."""

    every = _TOLD_EVERY

    def __init__(self, console: Console, log: Log | None = None) -> None:
        self.console, self.log = console, log
        self.outlook: Outlook | None = None
        self.is_stopping = False

    def claimed(self, pull: Claimed) -> None: ...

    def stepped(self, pull: Claimed, ended: Ended | None) -> None:
        if ended is None or ended.stage != "refused":
            return
        days = words.days(pull.first_day, pull.last_day)
        if self.log:
            self.log("question failed", account=pull.account, source=pull.source, days=days, failure=ended.failure)
        else:
            self.console.print(f"{pull.account} {days}  {pull.source} failed: {ended.failure}", soft_wrap=True)

    def waiting(self, until: object) -> None: ...

    def planned(self, outlook: Outlook) -> None:
        before, self.outlook = self.outlook, outlook
        if before is not None and before.estimate.unknown and not outlook.estimate.unknown:
            self._say_size(outlook)

    def _say_size(self, outlook: Outlook) -> None:
        """Say how much is to come, which could not be known before the first months were listed."""
        adds = outlook.estimate
        if self.log:
            self.log("size", adds_rows=adds.rows, adds_bytes=adds.bytes)
        else:
            rows, size = words.count(adds.rows, "row"), words.size(adds.bytes)
            self.console.print(
                f"A month of each marketplace is listed: about {rows} are to come, {size}.", soft_wrap=True
            )

    def stopping(self) -> None:
        self.is_stopping = True
        if self.log:
            self.log("stopping")
        else:
            self.console.print("Stopping: what is in hand is finished first.", soft_wrap=True)

    async def follow(self, store: Store) -> None:
        """Show how far it is until cancelled. A database that is gone is said by the run itself."""
        while True:
            await asyncio.sleep(self.every.total_seconds())  # noqa: TID251  machine time
            with suppress(ChalkolaError):
                if self.outlook is not None:
                    self.show(self.outlook, await read_progress(store, self.outlook))

    def show(self, outlook: Outlook, done: list[Progress]) -> None:
        """Show how far each account has come."""
        for one in done:
            if self.log:
                self.log("progress", **{**screen.plain(one), "waiting": one.waiting})
            else:
                self.console.print(line(one, outlook), soft_wrap=True)


class Painted(Told):
    """A table that is painted again and again."""

    every = _REPAINTED_EVERY

    def __init__(self, console: Console) -> None:
        super().__init__(console)
        self.live: Live | None = None

    def stopping(self) -> None:
        self.is_stopping = True

    async def follow(self, store: Store) -> None:
        with Live(console=self.console, auto_refresh=False, transient=True) as self.live:
            await super().follow(store)

    def show(self, outlook: Outlook, done: list[Progress]) -> None:
        foot = (
            "Stopping: what is in hand is finished first. Ctrl-C once more leaves at once."
            if self.is_stopping
            else ""
        )
        if self.live is not None:
            self.live.update(Group(table(outlook, done), Text(foot, style="dim")), refresh=True)


def line(one: Progress, outlook: Outlook) -> str:
    """Return how far an account has come, in one line."""
    share = 100 * one.closed / one.days if one.days else 100
    return (
        f"{one.account}  {one.closed:,} of {words.count(one.days, 'day')} closed ({share:.0f} %),"
        f" {one.held:,} loaded, {one.asked:,} asked, {one.waiting:,} waiting"
        f"{f', {one.failed:,} failed' if one.failed else ''};"
        f" {words.count(one.rows, 'row')}; {words.count(one.questions, 'question')} left{_done(one, outlook)}"
    )


def table(outlook: Outlook, done: Sequence[Progress]) -> Table:
    """Return how far each account has come, a line and a bar for each."""
    made = screen.table(
        "account", "days", "", ">closed", ">loaded", ">asked", ">waiting", ">rows", ">questions left", "done about"
    )
    for one in done:
        spans = [days for days in outlook.spans.get(one.account, {}).values() if days]
        made.add_row(
            one.account, _span(spans), ProgressBar(total=max(1, one.days), completed=one.closed, width=_BAR_WIDTH),
            f"{one.closed:,} of {one.days:,}", f"{one.held:,}", f"{one.asked:,}",
            f"{one.waiting:,}" + (f" ({one.failed:,} failed)" if one.failed else ""), f"{one.rows:,}",
            f"{one.questions:,}", words.instant(one.done_at) if one.done_at else "",
        )  # fmt: skip
    return made


def _span(spans: Sequence[range]) -> str:
    if not spans:
        return "none"
    first, last = min(days.start for days in spans), max(days.stop for days in spans) - 1
    return words.days(date.fromordinal(first), date.fromordinal(last))


def _done(one: Progress, outlook: Outlook) -> str:
    return f", done about {words.instant(one.done_at)}" if one.done_at is not None else ""
