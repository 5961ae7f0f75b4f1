"""What the tables look like that we find: what blocks us, what is worth knowing, and how rows fit into them."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

import psycopg
from psycopg import sql

from chalkola.datasets import CATALOG
from chalkola.datasets.model import Table
from chalkola.store.connection import Connection, Pool, database_errors


@dataclass(frozen=True, kw_only=True)
class Found:
    """A column as the database has it."""

    type: str
    nullable: bool
    has_default: bool
    precision: int | None = None
    scale: int | None = None


async def columns_of(connection: Connection, table: str) -> dict[str, Found]:
    rows = await connection.execute(
        "SELECT column_name, data_type, is_nullable = 'YES',"
        " column_default IS NOT NULL OR is_identity = 'YES' OR is_generated = 'ALWAYS',"
        " numeric_precision, numeric_scale"
        " FROM information_schema.columns WHERE table_schema = current_schema() AND table_name = %s",
        (table,),
    )
    return {
        name: Found(type=type_, nullable=nullable, has_default=default, precision=precision, scale=scale)
        for name, type_, nullable, default, precision, scale in await rows.fetchall()
    }


@dataclass(frozen=True, kw_only=True)
class Fit:
    """How our rows fit into a table: `bounds` are the places in a row whose column is narrower than ours, from which
    value on it cannot hold it."""

    bounds: tuple[tuple[int, str, Decimal], ...] = ()


async def fit_of(connection: Connection, table: Table) -> Fit:
    """Return how our rows fit into `table` as the database has it."""
    found = await columns_of(connection, table.name)
    types = [(column.name, column.type.partition("(")[0]) for column in table.columns]
    return Fit(
        bounds=tuple(
            (place, name, _holds_less_than(column.precision, column.scale or 0))
            for place, (name, _) in enumerate(types)
            if (column := found[name]).precision is not None and column.type == "numeric" and column.precision < 7
        ),
    )


def _holds_less_than(precision: int, scale: int) -> Decimal:
    """Return the least value that numeric(precision, scale) cannot hold: it rounds up to one digit more."""
    return Decimal(10) ** (precision - scale) - Decimal(5).scaleb(-scale - 1)


async def fits_of(pool: Pool, tables: Iterable[Table]) -> dict[str, Fit]:
    """Return how our rows fit into each of `tables`, by name."""
    with database_errors():
        async with pool.connection() as connection:
            return {table.name: await fit_of(connection, table) for table in tables}


_KEYS = {"date": "date", "marketplace_id": "uuid", "amazon_marketplace_id": "text", "pull_id": "integer"}
_FITTING = {
    "text": {"text", "character varying"},
    "integer": {"integer", "bigint", "numeric"},
    "numeric": {"numeric"},
    "date": {"date"},
    "uuid": {"uuid"},
}


async def survey(connection: Connection) -> tuple[list[str], list[str]]:
    """Return what blocks us and what is worth knowing about the tables that rows go into."""
    blocks: list[str] = []
    findings: list[str] = []
    identity = (await columns_of(connection, "marketplaces"))["id"]
    if identity.type != "uuid":
        blocks.append(f"marketplaces.id is {identity.type}; we rely on it being uuid.")
    for dataset in CATALOG:
        table = dataset.table
        found = await columns_of(connection, table.name)
        ours = {column.name: column.type for column in table.columns}
        blocks += _foreign_columns(table.name, found, {*ours, *_KEYS})
        for name, type_ in {**ours, **_KEYS}.items():
            if found[name].type not in _FITTING[type_.partition("(")[0]]:
                blocks.append(f"{table.name}.{name} is {found[name].type}; we write {type_}.")
        findings += [f"{table.name}.{name}: {note}" for name, note in _narrow(found, ours)]
        if not await _has_key(connection, table.name, ("date", "marketplace_id", *table.key)):
            blocks.append(await _add_key(connection, table.name, ("date", "marketplace_id", *table.key)))
    return [block for block in blocks if block], findings


def _foreign_columns(table: str, found: dict[str, Found], ours: set[str]) -> list[str]:
    return [
        f"{table}.{name} must be filled and has no default, and we do not know it: give it a default."
        for name, column in found.items()
        if name not in ours and not column.nullable and not column.has_default
    ]


def _narrow(found: dict[str, Found], ours: dict[str, str]) -> Iterator[tuple[str, str]]:
    for name, type_ in ours.items():
        column = found[name]
        if type_.startswith("numeric(7,2)") and column.precision is not None and column.precision < 7:
            yield (
                name,
                f"numeric({column.precision},{column.scale}) could not be widened; what exceeds it becomes NULL.",
            )


async def _has_key(connection: Connection, table: str, key: Sequence[str]) -> bool:
    rows = await connection.execute(
        "SELECT 1 FROM pg_index i"
        " WHERE i.indrelid = to_regclass(%s) AND i.indisunique AND i.indpred IS NULL AND %s = ("
        " SELECT array_agg(a.attname::text ORDER BY a.attname) FROM pg_attribute a"
        " WHERE a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey))",
        (table, sorted(key)),
    )
    return await rows.fetchone() is not None


async def _add_key(connection: Connection, table: str, key: Sequence[str]) -> str:
    """Add the unique key that merging relies on. Return what blocks it, or an empty text."""
    query = sql.SQL("CREATE UNIQUE INDEX {} ON {} ({})").format(
        sql.Identifier(f"uq_{table}"), sql.Identifier(table), sql.SQL(", ").join(map(sql.Identifier, key))
    )
    try:
        async with connection.transaction():
            await connection.execute(query)
    except psycopg.errors.UniqueViolation as error:
        return f"{table} has rows twice: {error.diag.message_detail} Keep one of each ({', '.join(key)})."
    return ""
