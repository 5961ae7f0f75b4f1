"""Before a command can begin: an event loop, and a database that is there and up to date."""

import asyncio
import sys
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from chalkola.settings import Settings
from chalkola.store import Store, embedded, open_store
from chalkola.store.connection import NeedsDatabaseUrl
from chalkola.store.migrate import is_current, migrate
from chalkola.store.rest.address import address_of

T = TypeVar("T")


def run(main: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end and return what it returns."""
    # psycopg cannot work on the loop that Windows would take.
    factory = asyncio.SelectorEventLoop if sys.platform == "win32" else None
    with asyncio.Runner(loop_factory=factory) as runner:
        return runner.run(main)


def data_address(settings: Settings) -> str:
    """Return where the data is: `DATABASE_URL`, else Supabase's API where that is all that is set, else the embedded
    PostgreSQL, which is started if need be.

    It blocks, so call it before an event loop runs.
    """
    if settings.supabase and not settings.database_url:
        return address_of(settings.supabase)
    return settings.database_url or embedded.ensure(settings.home).url


def database_url(settings: Settings, what: str = "This") -> str:
    """Return where the data is, as PostgreSQL's own address. It blocks as well. Raises `NeedsDatabaseUrl` for `what`
    where there is only Supabase's API."""
    if settings.supabase and not settings.database_url:
        raise NeedsDatabaseUrl(what)
    return data_address(settings)


@asynccontextmanager
async def opened(settings: Settings, url: str) -> AsyncIterator[Store]:
    """Give the store, brought up to date first where it is not."""
    async with open_store(settings, url) as store:
        if not await is_current(store.pool):
            await migrate(store.pool)
        yield store
