"""The demo's end where there is a terminal: the pages, while the simulated Amazon answers for a history."""

import asyncio
import socket
import sys
from dataclasses import replace
from datetime import datetime

from rich.console import Console

from chalkola.clock import SlowingClock
from chalkola.datasets import DAILY
from chalkola.errors import ChalkolaError
from chalkola.pipeline.backfill.lacking import Aim
from chalkola.pipeline.backfill.run import Outlook, backfill
from chalkola.pipeline.ending import Ended
from chalkola.settings import Settings
from chalkola.store import open_store
from chalkola.store.pulls import Claimed
from chalkola.surfaces import words
from chalkola.surfaces.web.command import LOOPBACK, PORT

DAYS = 60
"""Of history: enough for the month, and the weeks and months that it is held against."""
_STOPS_WITHIN_SECONDS = 10  # machine time


def is_looked_at() -> bool:
    """Return whether somebody sits at a terminal."""
    return sys.stdin.isatty() and sys.stdout.isatty()


async def keep_open(settings: Settings, url: str, console: Console) -> None:
    """Serve the pages on this machine until a signal asks for an end; fill a history meanwhile.

    Amazon's time runs on as fast as before while that is filled, and as ours does from then on: else days would
    become late while somebody reads.
    """
    from chalkola.surfaces.web.running import serve_until_stopped  # only here: its libraries take their time

    slowing, stop = SlowingClock(within=settings.clock), asyncio.Event()
    ours = replace(settings, clock=slowing)
    filling = asyncio.create_task(_fill(ours, url, console, slowing, stop))
    try:
        await serve_until_stopped(ours, url, LOOPBACK, _port(), pages=True)
    finally:
        stop.set()
        await asyncio.wait((filling,), timeout=_STOPS_WITHIN_SECONDS)
        filling.cancel()


async def _fill(settings: Settings, url: str, console: Console, slowing: SlowingClock, stop: asyncio.Event) -> None:
    aim = Aim(datasets=tuple(dataset for dataset in DAILY if not dataset.extra), days=DAYS)
    console.print(f"The {words.count(DAYS, 'day')} before it come in meanwhile, newest first.", soft_wrap=True)
    try:
        async with open_store(settings, url) as store:
            await backfill(settings, store, aim, _Unwatched(), stop)
    except ChalkolaError as error:
        console.print(f"The history does not come in. {error}", soft_wrap=True)
    else:
        if not stop.is_set():
            console.print(f"All {words.count(DAYS, 'day')} are there.", soft_wrap=True)
    finally:
        slowing.slow_down()


def _port() -> int:
    """Return the usual port; 0, for any, where somebody else has it."""
    with socket.socket() as probe:
        return 0 if probe.connect_ex((LOOPBACK, PORT)) == 0 else PORT


class _Unwatched:
    """Watches a backfill and says nothing: the pages show it."""

    def claimed(self, pull: Claimed) -> None: ...

    def stepped(self, pull: Claimed, ended: Ended | None) -> None: ...

    def waiting(self, until: datetime | None) -> None: ...

    def planned(self, outlook: Outlook) -> None: ...
