"""Sessions of people who look at the pages, as the store keeps them: by a digest of what the browser shows."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import LiteralString

from psycopg.rows import class_row

from chalkola.store.connection import Pool, database_errors
from chalkola.store.database import fetched_as


@dataclass(frozen=True, kw_only=True)
class WebSession:
    """Whose session it is, and until when (machine time)."""

    email: str
    name: str
    expires_at: datetime


@dataclass(frozen=True, kw_only=True)
class OpenSession:
    """A session that is under way, by its number. Times are machine time; `seen_at` is exact to the minute."""

    id: int
    email: str
    name: str
    signed_in_at: datetime
    seen_at: datetime
    expires_at: datetime


async def begin_web_session(pool: Pool, digest: bytes, *, email: str, name: str, lifetime: timedelta) -> None:
    """Write a session down."""
    with database_errors():
        async with pool.connection() as connection:
            await connection.execute(
                "SELECT sp_begin_web_session(%s, %s, %s, %s)", (digest, email, name, lifetime)
            )  # fmt: skip


async def see_web_session(pool: Pool, digest: bytes) -> WebSession | None:
    """Return whose session it is; None where there is none, or it is over."""
    query: LiteralString = "SELECT * FROM sp_see_web_session(%s)"
    with database_errors():
        async with pool.connection() as connection, connection.cursor(row_factory=class_row(WebSession)) as cursor:
            await cursor.execute(query, (digest,))
            return await cursor.fetchone()


async def end_web_session(pool: Pool, digest: bytes, *, by: str) -> None:
    """End a session; `by` is the address of whoever does."""
    with database_errors():
        async with pool.connection() as connection:
            await connection.execute("SELECT sp_end_web_sessions(%s, NULL, %s)", (digest, by))


async def end_web_session_by_id(pool: Pool, number: int, *, by: str) -> None:
    """End the session of this number; nothing where there is none. `by` is the address of whoever does."""
    query: LiteralString = "SELECT sp_end_web_sessions((SELECT digest FROM sp_web_sessions WHERE id = %s), NULL, %s)"
    with database_errors():
        async with pool.connection() as connection:
            await connection.execute(query, (number, by))


async def read_open_sessions(pool: Pool) -> list[OpenSession]:
    """Return the sessions under way, the one used last first."""
    query: LiteralString = (
        "SELECT id, email, name, signed_in_at, seen_at, expires_at FROM sp_web_sessions"
        " WHERE ended_at IS NULL AND expires_at > clock_timestamp() ORDER BY seen_at DESC, id"
    )
    return await fetched_as(pool, OpenSession, query)
