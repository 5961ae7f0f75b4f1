"""`chalkola demo`: the main work, on a simulated Amazon and a database of its own. Needs no account."""

import time
from datetime import UTC, datetime, timedelta
from datetime import time as time_of_day

import click
from rich.console import Console

from chalkola.clock import RealClock
from chalkola.datasets import CATALOG
from chalkola.pipeline.plan import Request
from chalkola.settings import Settings, read_settings
from chalkola.store import embedded, open_store
from chalkola.store.connection import open_pool
from chalkola.store.migrate import migrate
from chalkola.store.overview import last_instant, read_day_figures
from chalkola.surfaces import screen, words
from chalkola.surfaces.demo_amazon import simulated_amazon
from chalkola.surfaces.demo_pages import is_looked_at, keep_open
from chalkola.surfaces.demo_result import Shown, tell
from chalkola.surfaces.opening import run
from chalkola.surfaces.progress import watched_pull
from chalkola.surfaces.pulling import say_if_nothing_was_due
from chalkola.surfaces.server import demo_home

_BEGINS = time_of_day(2, tzinfo=UTC)
"""From 02:00 to 06:00 UTC no marketplace's day settles, so that a second run finds nothing due whatever the hour."""


@click.command("demo")
@click.option(
    "--speed", type=click.FloatRange(1, 1200), default=60.0, show_default=True,
    help="How many times as fast as ours Amazon's time runs.",
)  # fmt: skip
@click.option("--no-serve", is_flag=True, help="End there: without it a terminal shows the pages until Ctrl-C.")
def demo_command(speed: float, no_serve: bool) -> int:
    """Show a night's work on a simulated Amazon, without an account and apart from your own data.

    Where there is a terminal it then serves the pages on this machine, and fills two months of history meanwhile.
    """
    home, console = demo_home(), screen.console()
    with console.status("Starting a PostgreSQL of the demo's own ..."):
        cluster = embedded.ensure(home)
        start = run(_begin(cluster.url))
    console.print(f"PostgreSQL {cluster.version} is up, its data in {home}.", soft_wrap=True)
    with simulated_amazon(home, start=start, speed=speed) as environment:
        console.print(
            f"A simulated Amazon is up. Its time is {words.instant(start)} and runs {speed:g} times as fast as ours.",
            soft_wrap=True,
        )
        settings = read_settings({**environment, "CHALKOLA_HOME": str(home)})
        shown = run(_demonstrate(settings, cluster.url, console))
        tell(console, shown, speed)
        if is_looked_at() and not no_serve and not shown.report.worked.stopped and shown.report.exit_code == 0:
            console.print()
            run(keep_open(settings, cluster.url, console))
    return shown.report.exit_code


async def _begin(url: str) -> datetime:
    """Bring the database up to date. Return when Amazon's time begins: it never runs back."""
    async with open_pool(url, size=2) as pool:
        await migrate(pool)
        seen = await last_instant(pool)
    today = datetime.combine(RealClock().now().date(), _BEGINS)
    return max(today, seen) if seen is not None else today


async def _demonstrate(settings: Settings, url: str, console: Console) -> Shown:
    began = time.monotonic()  # machine time: how long people waited
    async with open_store(settings, url) as store:
        request = Request(datasets=CATALOG, newest_only=True)
        report, watcher = await watched_pull(settings, store, request, console)
        took = timedelta(seconds=time.monotonic() - began)
        await say_if_nothing_was_due(console, store, settings.clock, report)
        figures = await read_day_figures(store.pool)
    return Shown(report=report, figures=figures, asked_at=watcher.asked_at, took=took)
