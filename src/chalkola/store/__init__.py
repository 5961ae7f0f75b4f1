"""Where to: everything that keeps what Amazon says, and nothing that knows Amazon.

    async with open_store(settings, url) as store:
        await store.ledger.plan(pulls, creation)

What a verb does is written in `functions/*.sql`; the Python here only calls it.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from chalkola.settings import Settings
from chalkola.store.accounts import Accounts
from chalkola.store.archive import Archive, open_archive
from chalkola.store.buckets import Buckets
from chalkola.store.connection import Pool, open_pool
from chalkola.store.documents import Documents
from chalkola.store.ledger import Ledger
from chalkola.store.recording import Recorder

__all__ = ["Store", "open_store"]


@dataclass(frozen=True, kw_only=True)
class Store:
    """Everything that a run keeps: over one pool of connections, and Amazon's documents in the archive."""

    pool: Pool
    ledger: Ledger
    buckets: Buckets
    accounts: Accounts
    recorder: Recorder
    archive: Archive
    documents: Documents


@asynccontextmanager
async def open_store(settings: Settings, url: str) -> AsyncIterator[Store]:
    """Give the store at a database's address. Raises `DatabaseGone`."""
    async with open_pool(url) as pool, open_archive(settings) as archive:
        yield Store(
            pool=pool,
            ledger=Ledger(pool, settings.clock),
            buckets=Buckets(pool, settings.clock),
            accounts=Accounts(pool, settings.clock),
            recorder=Recorder(pool=pool, clock=settings.clock, kept=settings.calls_kept),
            archive=archive,
            documents=Documents(pool, settings.clock),
        )
