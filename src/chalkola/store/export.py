"""Reading a part of a table or view row by row, as one moment sees it, in constant memory."""

from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import date, timedelta

import psycopg
from psycopg import sql

from chalkola.errors import Fault
from chalkola.marketplaces import MARKETPLACES, Marketplace
from chalkola.store.connection import Pool, database_errors
from chalkola.store.direct import DirectConnection, as_direct
from chalkola.store.relations import Column, Kind, Relation

_BATCH_BYTES = 1 << 20


@dataclass(frozen=True, kw_only=True)
class Part:
    """Which rows: days from `first` to `last`, both included, and marketplaces; None and empty are no limit."""

    first: date | None = None
    last: date | None = None
    marketplaces: tuple[Marketplace, ...] = ()


@asynccontextmanager
async def one_view(pool: Pool) -> AsyncIterator[DirectConnection]:
    """Give a transaction that sees one state of the database however long it lasts, and can change nothing. Raises
    `NeedsDatabaseUrl` where there is none."""
    with database_errors():
        async with as_direct(pool, "An export").transaction() as connection:
            await connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            # A hosted database ends statements after two minutes; rows that a policy hides are an error, not a gap.
            await connection.execute(
                "SET LOCAL statement_timeout = 0; SET LOCAL row_security = off; SET LOCAL TimeZone = 'UTC';"
                " SET LOCAL DateStyle = 'ISO, YMD'; SET LOCAL extra_float_digits = 1"
            )
            yield connection


async def count_rows(connection: DirectConnection, relation: Relation, part: Part) -> int:
    """Return how many rows a part has."""
    query = sql.SQL("SELECT count(*) FROM {}{}").format(sql.Identifier(relation.name), _where(relation, part))
    with _complete(relation):
        row = await (await connection.execute(query)).fetchone()
    return int(row[0]) if row else 0


async def read_rows(
    connection: DirectConnection, relation: Relation, part: Part
) -> AsyncGenerator[tuple[bytes, int]]:
    """Yield whole rows as CSV in UTF-8 without a header, about a megabyte at a time, and how many they are.

    NULL is nothing at all, an empty text is `""`; instants are UTC; arrays are JSON.
    """
    copy = sql.SQL("COPY ({}) TO STDOUT (FORMAT csv, ENCODING 'UTF8')").format(selection(relation, part))
    rows: list[bytes] = []
    size = 0
    with _complete(relation):
        async with connection.cursor() as cursor, cursor.copy(copy) as copying:
            async for row in copying:  # PostgreSQL's protocol sends each row as a message of its own
                rows.append(bytes(row))
                size += len(row)
                if size >= _BATCH_BYTES:
                    yield b"".join(rows), len(rows)
                    rows, size = [], 0
    if rows:
        yield b"".join(rows), len(rows)


def selection(relation: Relation, part: Part) -> sql.Composed:
    """Return the statement that reads a part: by day, then marketplace, then key."""
    days, place = relation.days, relation.marketplace
    order = list(dict.fromkeys([*([days[0].name] if days else []), *([place.name] if place else []), *relation.key]))
    ordered = sql.SQL(" ORDER BY {}").format(sql.SQL(", ").join(map(sql.Identifier, order))) if order else sql.SQL("")
    return sql.SQL("SELECT {} FROM {}{}{}").format(
        sql.SQL(", ").join(_value(relation, column) for column in relation.columns),
        sql.Identifier(relation.name), _where(relation, part), ordered,
    )  # fmt: skip


def _where(relation: Relation, part: Part) -> sql.Composable:
    tests = [*_in_days(relation, part), *_in_marketplaces(relation, part)]
    return sql.SQL(" WHERE {}").format(sql.SQL(" AND ").join(tests)) if tests else sql.SQL("")


def _in_days(relation: Relation, part: Part) -> list[sql.Composable]:
    """A row whose days overlap those wanted belongs to them; an instant's day is its day in UTC."""
    if relation.days is None:
        return []
    begins, ends = (sql.Identifier(column.name) for column in relation.days)
    tests: list[sql.Composable] = []
    if part.first is not None:
        tests.append(sql.SQL("{} >= {}").format(ends, sql.Literal(part.first)))
    if part.last is not None and part.last < date.max:
        tests.append(sql.SQL("{} < {}").format(begins, sql.Literal(part.last + timedelta(days=1))))
    return tests


def _in_marketplaces(relation: Relation, part: Part) -> list[sql.Composable]:
    column = relation.marketplace
    if column is None or not part.marketplaces:
        return []
    wanted = sql.SQL(", ").join(_told(column, m) for m in part.marketplaces)
    return [sql.SQL("{} IN ({})").format(sql.Identifier(column.name), wanted)]


def _value(relation: Relation, column: Column) -> sql.Composable:
    if column.name == "marketplace" and relation.lacks_code:
        return _code(relation)
    name = sql.Identifier(column.name)
    match column.kind:
        case Kind.BOOLEAN:
            return sql.SQL("{}::text").format(name)  # true and false instead of t and f
        case Kind.JSON:
            return sql.SQL("to_json({})").format(name)
    return name


def _code(relation: Relation) -> sql.Composable:
    """From our own table: of the user's `marketplaces` nothing but the ids is relied on."""
    column = relation.marketplace
    assert column is not None
    known = sql.SQL(" ").join(
        sql.SQL("WHEN {} THEN {}").format(_told(column, m), sql.Literal(m.code)) for m in MARKETPLACES
    )
    return sql.SQL("CASE {} {} END").format(sql.Identifier(column.name), known)


def _told(column: Column, m: Marketplace) -> sql.Composable:
    """Return how a column tells a marketplace."""
    told = {"marketplace_id": str(m.uuid), "amazon_marketplace_id": m.amazon_id, "scope": m.scope}
    return sql.SQL("{}::{}").format(sql.Literal(told.get(column.name, m.code)), sql.Identifier(column.type))


@contextmanager
def _complete(relation: Relation) -> Iterator[None]:
    """Say what to do where the role may see some rows only, or none."""
    try:
        yield
    except psycopg.errors.InsufficientPrivilege as error:
        raise Fault(
            f"This role may not read all of {relation.name}.",
            why=f"{str(error).splitlines()[0]}.",
            remedy="A part is never passed off as the whole: let DATABASE_URL name the role that owns the tables.",
        ) from error
