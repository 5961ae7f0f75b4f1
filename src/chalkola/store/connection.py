"""The way to the database, told by its address: PostgreSQL's own protocol, or Supabase's API."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from chalkola.store.database import (
    Connection,
    DatabaseFull,
    DatabaseGone,
    Holding,
    NeedsDatabaseUrl,
    NotMigrated,
    Overtaken,
    Pool,
    database_errors,
)
from chalkola.store.direct import open_direct
from chalkola.store.rest.address import project_at
from chalkola.store.rest.pool import open_rest

__all__ = [
    "Connection", "DatabaseFull", "DatabaseGone", "Holding", "NeedsDatabaseUrl", "NotMigrated", "Overtaken",
    "Pool", "database_errors", "open_pool",
]  # fmt: skip


@asynccontextmanager
async def open_pool(url: str, *, size: int = 8) -> AsyncIterator[Pool]:
    """Give a pool of at most `size` connections, each statement a transaction. Raises `DatabaseGone` when none can be
    had in 15 s, and what else the way there may raise."""
    project = project_at(url)
    opening: AbstractAsyncContextManager[Pool] = (
        open_direct(url, size=size) if project is None else open_rest(project, most=size)
    )
    async with opening as pool:
        yield pool
