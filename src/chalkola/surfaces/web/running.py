"""A server from its start to its end."""

import asyncio
from datetime import timedelta

from rich.console import Console

from chalkola.settings import Settings
from chalkola.store.connection import Pool, open_pool
from chalkola.store.migrate import is_current, migrate
from chalkola.store.reachable import is_reachable
from chalkola.store.readers import set_reader_domains
from chalkola.surfaces import screen
from chalkola.surfaces.logs import Log, log_of
from chalkola.surfaces.remembered import Remembered
from chalkola.surfaces.stopping import stopped_by_signals
from chalkola.surfaces.web.addresses import is_loopback
from chalkola.surfaces.web.application import Parts, application
from chalkola.surfaces.web.house import open_house
from chalkola.surfaces.web.pages import SECTIONS
from chalkola.surfaces.web.rpc.endpoint import open_rpc
from chalkola.surfaces.web.serving import address_of, listening, serve
from chalkola.surfaces.web.telling import Told

_CONNECTIONS = 5  # a database of Supabase's smallest size has 15 for everybody
_ANSWERS_WITHIN = timedelta(seconds=3)  # machine time


async def serve_until_stopped(
    settings: Settings, url: str, host: str, port: int, *, pages: bool, given: tuple[str, ...] = ()
) -> None:
    """Serve until a signal asks for an end; `given` are the names of the settings that are set. Raises `Fault` when
    the port or the database cannot be had."""
    console, stop = screen.console(), asyncio.Event()
    log = log_of(settings, console)
    with listening(host, port) as taken:
        async with open_pool(url, size=_CONNECTIONS) as pool:
            if not await is_current(pool):
                await migrate(pool)
            if settings.sign_in is not None:
                await set_reader_domains(pool, settings.sign_in.domains)
            parts = await _parts(settings, pool, url, Told(console=console, log=log), given, pages=pages)
            _say_address(console, log, address_of(host, taken), parts, is_open=not is_loopback(host))
            with stopped_by_signals(stop, lambda: _say(console, log, "stopping", _STOPPING)):
                await serve(application(parts), taken, stop)
    _say(console, log, "stopped", "Stopped in good order.")


async def _parts(
    settings: Settings, pool: Pool, url: str, told: Told, given: tuple[str, ...], *, pages: bool
) -> Parts:
    async def look() -> bool:
        return await is_reachable(url, within=_ANSWERS_WITHIN)

    return Parts(
        rpc=await open_rpc(pool, settings.clock), clock=settings.clock, witness=told,
        house=open_house(pool, settings.clock, SECTIONS, settings.sign_in, given) if pages else None,
        is_database_there=Remembered(look=look),
    )  # fmt: skip


def _say_address(console: Console, log: Log | None, address: str, parts: Parts, *, is_open: bool) -> None:
    role, signs_in = parts.rpc.call.role, parts.house is not None and parts.house.entry is not None
    if log:
        log(
            "listening", address=address, reached_by="others" if is_open else "this machine",
            pages=parts.house is not None, sign_in="Google" if signs_in else None, role=role,
        )  # fmt: skip
        return
    what = "sheets" if parts.house is None else "pages and sheets"
    who = "whoever can reach this machine" if is_open else "this machine alone"
    console.print(f"Serving {what} at {address}, for {who}. Ctrl-C stops it.", soft_wrap=True)
    if parts.house is not None:
        console.print(_SIGNED_IN if signs_in else _NOBODY_SIGNS_IN, soft_wrap=True)
    if role is None:
        console.print(_NO_ROLE, soft_wrap=True)


_SIGNED_IN = "People sign in to the pages with Google; a sheet shows its token."
_NOBODY_SIGNS_IN = (
    "Nobody signs in: the pages are for this machine alone, and an address that others reach is refused. To let a"
    " team in: docs/serving.md."
)
_STOPPING = "Stopping: what is being answered is answered first."
_NO_ROLE = (
    "The database has no role chalkola_sheets that ours can take on: calls run with all the rights of DATABASE_URL's"
    " role. `chalkola migrate` by a role that may create roles adds it."
)


def _say(console: Console, log: Log | None, event: str, words: str) -> None:
    if log:
        log(event)
    else:
        console.print(words, soft_wrap=True)
