"""Connections to PostgreSQL: no session state, so that any pooler may stand in between."""

import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any
from urllib.parse import urlsplit

import psycopg
from psycopg.rows import TupleRow
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from chalkola.errors import Fault, LeaseLost

Connection = psycopg.AsyncConnection[TupleRow]
Pool = AsyncConnectionPool[Connection]

_TAKEN_OVER = "CH001"  # raised by sp_hold
_OPENING_SECONDS = 15.0

# What the pool has to say of a lost connection, a line for each attempt, is said once by our own errors.
logging.getLogger("psycopg.pool").addHandler(logging.NullHandler())


class DatabaseGone(Fault):
    """The database cannot be reached, or went away in the middle."""


@asynccontextmanager
async def open_pool(url: str, *, size: int = 8) -> AsyncIterator[Pool]:
    """Give a pool of at most `size` connections in autocommit. Raises `DatabaseGone` when none can be had in 15 s."""
    # Statements are never prepared: a transaction pooler hands the next one to another session.
    options: dict[str, Any] = {"autocommit": True, "prepare_threshold": None, "application_name": "chalkola"}
    pool: Pool = AsyncConnectionPool(
        url, min_size=1, max_size=size, open=False, kwargs=options, timeout=_OPENING_SECONDS, reconnect_timeout=10
    )
    with database_errors(url):
        # The pool tries again and again and keeps the reason to itself: one connection of our own tells it at once.
        await (await psycopg.AsyncConnection.connect(url, connect_timeout=int(_OPENING_SECONDS))).close()
        await pool.open(wait=True, timeout=_OPENING_SECONDS)
    try:
        yield pool
    finally:
        await pool.close()


@contextmanager
def database_errors(url: str = "") -> Iterator[None]:
    """Turn psycopg's errors into ours: `LeaseLost`, `DatabaseGone`, or a `Fault` with what the database refuses."""
    try:
        yield
    except (psycopg.OperationalError, psycopg.InterfaceError, PoolTimeout) as error:
        raise DatabaseGone(
            f"The database{_place(url)} cannot be reached.",
            why=f"{_first_line(error)}.",
            remedy="Nothing is lost: what was under way is in the ledger, and the next run goes on with it.",
        ) from error
    except psycopg.Error as error:
        if error.sqlstate == _TAKEN_OVER:
            raise LeaseLost("This pull has been taken over by another worker.") from error
        raise Fault(
            "The database refuses a statement.",
            why=f"{_first_line(error)} (SQLSTATE {error.sqlstate}).",
            remedy="`chalkola migrate` says what blocks it.",
        ) from error


def _place(url: str) -> str:
    try:
        parts = urlsplit(url)
        return f" at {parts.hostname}:{parts.port or 5432}" if parts.hostname else ""
    except ValueError:
        return ""


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")
