"""What the store needs of a database, whichever way leads there: a handful of verbs, and what may go wrong.

`direct.py` speaks PostgreSQL's own protocol; `rest/` speaks to Supabase's API, where each call is a transaction. A
statement of the store is written once, for both.
"""

import logging
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, contextmanager
from dataclasses import dataclass
from typing import LiteralString, Protocol, TypeVar, overload
from urllib.parse import urlsplit

import msgspec
import psycopg
from psycopg import sql
from psycopg.abc import Params
from psycopg.rows import AsyncRowFactory, TupleRow, class_row
from psycopg.types.json import set_json_dumps
from psycopg_pool import PoolTimeout

from chalkola.errors import ChalkolaError, Fault, LeaseLost

_TAKEN_OVER = "CH001"  # raised by sp_hold
_OVERTAKEN = "CH003"  # raised by sp_rest_write and sp_expect_staged

# What psycopg has to say of a lost connection, a line for each attempt, is said once by our own errors.
logging.getLogger("psycopg").addHandler(logging.NullHandler())

set_json_dumps(msgspec.json.encode)  # it knows our values, days and decimals

Query = LiteralString | bytes | sql.SQL | sql.Composed
Shape = Sequence[tuple[str, str]]
"""Columns by name and type."""

T = TypeVar("T")


class Cursor(Protocol[T]):
    """What a statement gives, in psycopg's words."""

    @property
    def rowcount(self) -> int: ...

    async def execute(self, query: Query, params: Params | None = None) -> object: ...

    async def fetchone(self) -> T | None: ...

    async def fetchall(self) -> list[T]: ...


class Connection(Protocol):
    """Executes statements, each of them a transaction of its own, in psycopg's words.

    Raises psycopg's errors, which `database_errors` makes ours; `transaction` raises `NeedsDatabaseUrl` on a way that
    has none.
    """

    async def execute(self, query: Query, params: Params | None = None) -> Cursor[TupleRow]: ...

    @overload
    def cursor(self) -> AbstractAsyncContextManager[Cursor[TupleRow]]: ...

    @overload
    def cursor(
        self, *, row_factory: AsyncRowFactory[T], binary: bool = False
    ) -> AbstractAsyncContextManager[Cursor[T]]:
        """Return a cursor; with `binary` values come unspelt where the way has such a thing, which is quicker."""

    def transaction(self) -> AbstractAsyncContextManager[object]: ...


@dataclass(frozen=True, kw_only=True)
class Selected:
    """Rows that are wanted as lines of CSV: the columns (expression, name, whether it is put in quotes; no booleans),
    and the query from its FROM on. NULL is `null`."""

    columns: Sequence[tuple[sql.Composable, str, bool]]
    source: sql.Composable


class Holding(Connection, Protocol):
    """A transaction in which lines of the ledger are held. What is executed only looks at things; what is to change
    is given to `later` and the like, and is done at the end at the latest, or not at all."""

    async def later(self, query: Query, params: Params | None = None) -> None:
        """Change something."""

    def lines(self, selected: Selected) -> AsyncIterator[bytes]:
        """Yield rows as lines of CSV without their ends, in no order."""

    async def write_lines(self, table: str, shape: Shape, lines: Iterable[bytes]) -> None:
        """Write lines of CSV without their ends into a table as new rows."""

    async def stage(self, name: str, shape: Shape, lines: Iterable[bytes]) -> sql.Composable:
        """Put lines of CSV aside. Return what they can be selected from until the transaction ends."""


class Pool(Protocol):
    """Gives connections to whoever needs one."""

    @property
    def has_transactions(self) -> bool:
        """Return whether statements can be executed one by one in a transaction, and tables be made."""

    def connection(self) -> AbstractAsyncContextManager[Connection]: ...

    def transaction(self) -> AbstractAsyncContextManager[Holding]:
        """Give one transaction whose changes can be looked at within it. Raises `NeedsDatabaseUrl` where there is no
        such thing."""

    def holding(self, pull_id: int, generation: int) -> AbstractAsyncContextManager[Holding]:
        """Give one transaction for a pull that is held. Raises `Overtaken` at its end where something that it has
        looked at has changed since: nothing of it was done, and it can be tried again."""

    async def look(self, *queries: tuple[Query, Params]) -> list[list[TupleRow]]:
        """Return what each query gives, all of them as one moment sees it."""


class DatabaseGone(Fault):
    """The database cannot be reached, or went away in the middle."""


class DatabaseFull(Fault):
    """The database can be read and not written: its disk is full, or its host has made it read-only."""


class NeedsDatabaseUrl(Fault):
    """The way through Supabase's API does not lead there."""

    def __init__(self, what: str = "This") -> None:
        super().__init__(
            f"{what} needs DATABASE_URL.",
            why="Through SUPABASE_URL and SUPABASE_SERVICE_KEY alone it cannot be done.",
            remedy="Copy DATABASE_URL from Supabase > Connect > Session pooler.",
        )


class NotMigrated(Fault):
    """The database has not got what this version needs, and the way there cannot make it."""

    def __init__(self, why: str) -> None:
        super().__init__(
            "This database is not ready for this version, and SUPABASE_SERVICE_KEY cannot make it so.",
            why=why,
            remedy="Paste this version's supabase/paste.sql, or what `chalkola migrate --print` prints, into"
            " Supabase > SQL Editor, and run it. Or set DATABASE_URL (Supabase > Connect > Session pooler), and every"
            " command does it itself.",
        )


class Overtaken(ChalkolaError):
    """Another run has changed what a transaction had looked at; nothing of it was done."""


@contextmanager
def database_errors(url: str = "") -> Iterator[None]:
    """Turn psycopg's errors into ours: `LeaseLost`, `Overtaken`, `DatabaseGone`, `DatabaseFull`, or a `Fault` with
    what the database refuses."""
    try:
        yield
    except (psycopg.errors.DiskFull, psycopg.errors.ReadOnlySqlTransaction) as error:
        raise DatabaseFull(
            "The database takes nothing more in.",
            why=f"{_first_line(error)} (SQLSTATE {error.sqlstate}).",
            remedy="Nothing is lost: what was under way is in the ledger. Make room, or change the database's plan;"
            " then the next run goes on.",
        ) from error
    except (psycopg.OperationalError, psycopg.InterfaceError, PoolTimeout) as error:
        raise DatabaseGone(
            f"The database{_place(url)} cannot be reached.",
            why=f"{_first_line(error)}.",
            remedy="Nothing is lost: what was under way is in the ledger, and the next run goes on with it.",
        ) from error
    except psycopg.Error as error:
        if error.sqlstate == _TAKEN_OVER:
            raise LeaseLost("This pull has been taken over by another worker.") from error
        if error.sqlstate == _OVERTAKEN:
            raise Overtaken("Another run has changed what this one was about to.") from error
        raise Fault(
            "The database refuses a statement.",
            why=f"{_first_line(error)} (SQLSTATE {error.sqlstate}).",
            remedy="`chalkola migrate` says what blocks it.",
        ) from error


async def fetched(pool: Pool, query: Query, params: Params | None = None) -> list[TupleRow]:
    """Execute one statement, and return the rows that it gives. Raises what `database_errors` makes of its errors."""
    with database_errors():
        async with pool.connection() as connection:
            return await (await connection.execute(query, params)).fetchall()


async def fetched_as(pool: Pool, kind: type[T], query: Query, params: Params | None = None) -> list[T]:
    """Execute one statement, and return its rows as values of `kind`, whose fields are its columns. Raises as
    `fetched` does."""
    with database_errors():
        async with pool.connection() as connection, connection.cursor(row_factory=class_row(kind)) as cursor:
            await cursor.execute(query, params)
            return await cursor.fetchall()


def _place(url: str) -> str:
    try:
        parts = urlsplit(url)
        default = 443 if parts.scheme == "https" else 5432
        return f" at {parts.hostname}:{parts.port or default}" if parts.hostname else ""
    except ValueError:
        return ""


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")
