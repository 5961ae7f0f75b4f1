"""Before a command can begin: an event loop, and a database that is there and up to date."""

import asyncio
import sys
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from chalkola.settings import Settings
from chalkola.store import Store, embedded, open_store
from chalkola.store.migrate import migrate
from chalkola.store.overview import is_current

T = TypeVar("T")


def run(main: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end and return what it returns."""
    # psycopg cannot work on the loop that Windows would take.
    factory = asyncio.SelectorEventLoop if sys.platform == "win32" else None
    with asyncio.Runner(loop_factory=factory) as runner:
        return runner.run(main)


def database_url(settings: Settings) -> str:
    """Return where the data is: `DATABASE_URL`, or the embedded PostgreSQL, which is started if need be.

    It blocks, so call it before an event loop runs.
    """
    return settings.database_url or embedded.ensure(settings.home).url


@asynccontextmanager
async def opened(settings: Settings, url: str) -> AsyncIterator[Store]:
    """Give the store, brought up to date first where it is not."""
    async with open_store(settings, url) as store:
        if not await is_current(store.pool):
            await migrate(store.pool)
        yield store
