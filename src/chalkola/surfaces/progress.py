"""A run as it goes: a live table in a terminal, one line a pull anywhere else, in words or as JSON."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from typing import Protocol

from rich.console import Console
from rich.live import Live

from chalkola.clock import Clock
from chalkola.datasets import dataset
from chalkola.datasets.model import SliceState
from chalkola.errors import ChalkolaError
from chalkola.marketplaces import Marketplace
from chalkola.pipeline.ending import Ended
from chalkola.pipeline.plan import Request
from chalkola.pipeline.run import Report, pull
from chalkola.settings import Settings
from chalkola.store import Store
from chalkola.store.overview import read_open_pulls
from chalkola.store.pulls import Claimed
from chalkola.surfaces import words
from chalkola.surfaces.board import board
from chalkola.surfaces.events import tell_pull
from chalkola.surfaces.logs import Log, log_of
from chalkola.surfaces.stopping import stopped_by_signals

_REPAINTED_EVERY_SECONDS = 0.25  # machine time
_PULLS_SHOWN = 300


async def watched_pull(
    settings: Settings, store: Store, request: Request, console: Console, *, only: Sequence[Marketplace] = ()
) -> tuple[Report, "Watcher"]:
    """Run `pull` with the display that `console` allows. The first Ctrl-C ends it in good order, the next at once."""
    watcher = _watcher(settings, console)
    stop = asyncio.Event()
    with stopped_by_signals(stop, watcher.stopping):
        following = asyncio.create_task(watcher.follow(store, settings.clock))
        try:
            return await pull(settings, store, request, watcher, stop, only=only), watcher
        finally:
            following.cancel()
            await asyncio.gather(following, return_exceptions=True)


def _watcher(settings: Settings, console: Console) -> "Watcher":
    if log := log_of(settings, console):
        return Logged(console, log)
    return Painted(console) if console.is_terminal else Printed(console)


class Watcher(Protocol):
    """Somebody who watches a run, and shows it until it is over."""

    asked_at: list[datetime]
    """When each question was asked, in Amazon's time."""

    def claimed(self, pull: Claimed) -> None: ...

    def stepped(self, pull: Claimed, ended: Ended | None) -> None: ...

    def waiting(self, until: datetime | None) -> None: ...

    def stopping(self) -> None:
        """Say that the run ends as soon as what is in hand is finished."""

    async def follow(self, store: Store, clock: Clock) -> None:
        """Show the run until cancelled."""


class Printed:
    """One line a pull that has ended: for logs."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.asked_at: list[datetime] = []

    def claimed(self, pull: Claimed) -> None:
        if pull.stage == "asking":
            self.asked_at.append(pull.intended_at)

    def stepped(self, pull: Claimed, ended: Ended | None) -> None:
        if ended is not None:
            self.console.print(line_of(ended), soft_wrap=True)

    def waiting(self, until: datetime | None) -> None: ...

    def stopping(self) -> None:
        self.console.print("Stopping: what is in hand is finished first.", soft_wrap=True)

    async def follow(self, store: Store, clock: Clock) -> None:
        while True:  # Windows notices a signal only between two events of the loop.
            await asyncio.sleep(_REPAINTED_EVERY_SECONDS)  # noqa: TID251  machine time: for the machine's own sake


class Logged(Printed):
    """One event a pull that has ended: for whoever collects logs."""

    def __init__(self, console: Console, log: Log) -> None:
        super().__init__(console)
        self.log = log

    def stepped(self, pull: Claimed, ended: Ended | None) -> None:
        if ended is not None:
            tell_pull(self.log, ended)

    def stopping(self) -> None:
        self.log("stopping")


class Painted(Printed):
    """A table that is painted again and again from what the ledger says."""

    def __init__(self, console: Console) -> None:
        super().__init__(console)
        self.ended: list[Ended] = []
        self.is_stopping = False

    def stepped(self, pull: Claimed, ended: Ended | None) -> None:
        if ended is not None:
            self.ended.append(ended)

    def stopping(self) -> None:
        self.is_stopping = True

    async def follow(self, store: Store, clock: Clock) -> None:
        with Live(console=self.console, auto_refresh=False, transient=True) as live:
            while True:
                with suppress(ChalkolaError):  # the worker is the one that says when the database is gone
                    opened = await read_open_pulls(store.pool, _PULLS_SHOWN)
                    buckets = {bucket.key: bucket for bucket in await store.buckets.read()}
                    live.update(board(opened, self.ended, buckets, clock.now(), self.is_stopping), refresh=True)
                await asyncio.sleep(_REPAINTED_EVERY_SECONDS)  # noqa: TID251  machine time: eyes are the machine's


def line_of(ended: Ended) -> str:
    """Return how a pull ended in one line: whose days, by which source, what came of it, and what was remarkable."""
    whose = words.scopes(told.slice.scope for told in ended.told)
    return f"{whose} {words.days(ended.pull.first_day, ended.pull.last_day)}  {ended.pull.source}: {outcome(ended)}"


def outcome(ended: Ended) -> str:
    """Return what came of a pull, in words."""
    named = ", ".join(dict.fromkeys(told.state for told in ended.told))
    # Totals by themselves only wait for their rows, which is nothing remarkable.
    reasons = dict.fromkeys(t.reason for t in ended.told if t.reason and dataset(t.slice.dataset).totals_in)
    match ended.stage:
        case "loaded":
            said = f"{words.count(ended.row_count, 'row')}, {named}"
        case "empty":
            said = f"Amazon has no data: {named}"
            reasons = dict.fromkeys(reason for reason in reasons if SliceState.DUE in named.split(", "))
        case _:
            said = f"failed: {ended.failure}"
            reasons = {}
    return "; ".join((said, *reasons, *ended.notes))
