"""`chalkola run`: the schedule inside one process."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack

import click
from rich.console import Console

from chalkola.settings import Settings, read_settings
from chalkola.surfaces import screen
from chalkola.surfaces.logs import log_of
from chalkola.surfaces.opening import run
from chalkola.surfaces.remembered import Remembered
from chalkola.surfaces.staying.endpoint import served
from chalkola.surfaces.staying.health import Answer, answer
from chalkola.surfaces.staying.working import Staying
from chalkola.surfaces.stopping import stopped_by_signals

LOOPBACK = "127.0.0.1"


@click.command("run")
@click.option("--no-backfill", is_flag=True, help="Only pull; leave the history alone.")
@click.option(
    "--health-port", type=click.IntRange(0, 65535), metavar="N",
    help="Answer GET /health on this port; without it on PORT where that is set, else not at all.",
)  # fmt: skip
@click.option(
    "--health-host", metavar="ADDRESS", default=LOOPBACK, show_default=True,
    help="Where it listens; 0.0.0.0 for whoever can reach this machine.",
)  # fmt: skip
def run_command(no_backfill: bool, health_port: int | None, health_host: str) -> int:
    """Stay, and keep the schedule: pull at the hours of CHALKOLA_SCHEDULE, fill the history in between.

    It pulls at once when it starts, so that an hour that was missed is made up for. Ctrl-C or SIGTERM ends it in good
    order; what is under way stays in the ledger, and the next start goes on with it.
    """
    settings = read_settings(for_amazon=True)
    port = settings.port if health_port is None else health_port
    return run(_stay(settings, backfills=not no_backfill, host=health_host, port=port))


async def _stay(settings: Settings, *, backfills: bool, host: str, port: int | None) -> int:
    console, stop = screen.console(), asyncio.Event()
    staying = Staying(settings=settings, console=console, stop=stop, backfills=backfills)
    with stopped_by_signals(stop, lambda: _say_stopping(settings, console)):
        async with AsyncExitStack() as stack:
            if port is not None:
                address = await stack.enter_async_context(served(host, port, _answering(staying)))
                _say_address(settings, console, address)
            await staying.stay()
    _say_stopped(settings, console)
    return 0


def _answering(staying: Staying) -> Callable[[], Awaitable[Answer]]:
    """Return what answers for a process, and spares its database."""
    is_database_there = Remembered(look=staying.is_database_there)

    async def answering() -> Answer:
        there = await is_database_there()
        return answer(staying.state, staying.settings.clock.now(), database=there)

    return answering


def _say_address(settings: Settings, console: Console, address: str) -> None:
    if log := log_of(settings, console):
        log("listening", address=address)
    else:
        console.print(f"Health: {address}", soft_wrap=True)


def _say_stopping(settings: Settings, console: Console) -> None:
    if log := log_of(settings, console):
        log("stopping")
    else:
        console.print("Stopping: what is in hand is finished first.", soft_wrap=True)


def _say_stopped(settings: Settings, console: Console) -> None:
    if log := log_of(settings, console):
        log("stopped", exit_code=0)
    else:
        console.print("Stopped in good order; the next `chalkola run` goes on.", soft_wrap=True)
