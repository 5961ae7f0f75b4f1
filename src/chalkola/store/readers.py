"""Whose people may read our tables through Supabase (`access.py` says which tables, and by which policy)."""

from collections.abc import Sequence
from typing import LiteralString

from chalkola.store.connection import Pool, database_errors
from chalkola.store.database import fetched


async def set_reader_domains(pool: Pool, domains: Sequence[str]) -> None:
    """Let the people of these domains read, and nobody else's; none: nobody's. Nothing is written where it is so."""
    if set(await read_reader_domains(pool)) != {domain.lower() for domain in domains}:
        with database_errors():
            async with pool.connection() as connection:
                await connection.execute("SELECT sp_set_reader_domains(%s)", (list(domains),))


async def read_reader_domains(pool: Pool) -> list[str]:
    """Return the domains whose people may read, in alphabetical order."""
    query: LiteralString = "SELECT domain FROM sp_reader_domains ORDER BY domain"
    return [row[0] for row in await fetched(pool, query)]
