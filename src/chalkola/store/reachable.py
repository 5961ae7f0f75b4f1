"""Whether the database answers, asked by whoever only wants to know."""

import asyncio
from datetime import timedelta

import psycopg

from chalkola.errors import ChalkolaError
from chalkola.settings import Supabase
from chalkola.store.rest.address import project_at
from chalkola.store.rest.pool import open_rest


async def is_reachable(url: str, *, within: timedelta) -> bool:
    """Return whether the database answers within so long (machine time), over a connection of its own."""
    project = project_at(url)
    try:
        async with asyncio.timeout(within.total_seconds()):
            await (_greet(url) if project is None else _greet_project(project))
    except (ChalkolaError, psycopg.Error, TimeoutError):
        return False
    return True


async def _greet(url: str) -> None:
    async with await psycopg.AsyncConnection.connect(url, autocommit=True, prepare_threshold=None) as connection:
        await connection.execute("SELECT 1")  # a pooler lets us in before it has reached its server


async def _greet_project(project: Supabase) -> None:
    async with open_rest(project, most=1):
        pass  # it has asked already
