"""What the tables look like that we find: what blocks us, what is worth knowing, and how rows fit into them."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

import psycopg
from psycopg import sql

from chalkola.datasets import CATALOG
from chalkola.datasets.model import Table
from chalkola.store.database import Connection, NeedsDatabaseUrl, Pool, database_errors
from chalkola.store.placing import TYPES


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
        "SELECT column_name::text, data_type::text, is_nullable = 'YES',"
        " column_default IS NOT NULL OR is_identity = 'YES' OR is_generated = 'ALWAYS',"
        " numeric_precision::integer, numeric_scale::integer"
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
    return Fit(
        bounds=tuple(
            (place, ours.name, _holds_less_than(column.precision or 0, column.scale or 0))
            for place, ours in enumerate(table.columns)
            if _is_narrow(column := found[ours.name], ours.type)
        ),
    )


def _is_narrow(column: Found, ours: str) -> bool:
    """Return whether a column has fewer digits before the decimal point than ours."""
    if column.type != "numeric" or column.precision is None:
        return False
    precision, scale = _numeric(ours)
    return column.precision - (column.scale or 0) < precision - scale


def _rounds(column: Found, ours: str) -> bool:
    """Return whether a column keeps fewer decimals than ours, of which a plain numeric keeps all."""
    if ours == "numeric":
        return column.type == "numeric" and column.precision is not None
    return column.type == "numeric" and column.precision is not None and (column.scale or 0) < _numeric(ours)[1]


def _numeric(ours: str) -> tuple[int, int]:
    """Return precision and scale of a type of ours; an integer has ten digits."""
    digits = re.fullmatch(r"numeric\((\d+),(\d+)\)", ours)
    return (int(digits[1]), int(digits[2])) if digits else (10, 0)


def _holds_less_than(precision: int, scale: int) -> Decimal:
    """Return the least value that numeric(precision, scale) cannot hold: it rounds up to one digit more."""
    return Decimal(10) ** (precision - scale) - Decimal(5).scaleb(-scale - 1)


async def fits_of(pool: Pool, tables: Iterable[Table]) -> dict[str, Fit]:
    """Return how our rows fit into each of `tables`, by name."""
    with database_errors():
        async with pool.connection() as connection:
            return {table.name: await fit_of(connection, table) for table in tables}


_FITTING = {
    "text": {"text", "character varying"},
    "integer": {"integer", "bigint", "numeric"},
    "numeric": {"numeric"},
    "date": {"date"},
    "uuid": {"uuid"},
    "timestamptz": {"timestamp with time zone", "timestamp without time zone"},
}
_KEPT_BY_THE_STORE = {"id", "created_at", *(name for dataset in CATALOG for name in dataset.table.stamps.names)}


@dataclass(frozen=True, kw_only=True)
class _Wanted:
    """A table that may have been there before us: the columns that we write, by their type, and its key."""

    name: str
    columns: Mapping[str, str]
    key: tuple[str, ...]


def _wanted() -> Iterator[_Wanted]:
    for table in (dataset.table for dataset in CATALOG):
        placed = {name: TYPES[name] for name in table.placed_by}
        columns = {**{column.name: column.type for column in table.columns}, **placed, "pull_id": "integer"}
        yield _Wanted(name=table.name, columns=columns, key=(*table.slice_key, *table.key))
    yield _Wanted(
        name="sp_data_pulls",
        columns={
            "pull_date": "date", "marketplace_id": "uuid", "amazon_marketplace_id": "text", "report_id": "text",
            "status": "text", "asin_count": "integer", "error_message": "text", "started_at": "timestamptz",
            "completed_at": "timestamptz",
        },
        key=("pull_date", "marketplace_id"),
    )  # fmt: skip


async def survey(connection: Connection) -> tuple[list[str], list[str]]:
    """Return what blocks us and what is worth knowing about the tables that rows go into."""
    blocks: list[str] = []
    findings: list[str] = []
    identity = (await columns_of(connection, "marketplaces"))["id"]
    if identity.type != "uuid":
        blocks.append(f"marketplaces.id is {identity.type}; we rely on it being uuid.")
    for table in _wanted():
        found = await columns_of(connection, table.name)
        blocks += [*_foreign_columns(table, found), *_unfit(table, found)]
        findings += _worth_knowing(table, found)
        if not await _has_key(connection, table.name, table.key):
            blocks.append(await _add_key(connection, table.name, table.key))
    findings += await _other_pulls(connection)
    return [block for block in blocks if block], findings


def _foreign_columns(table: _Wanted, found: Mapping[str, Found]) -> Iterator[str]:
    for name in _unknown(table, found):
        if not found[name].nullable and not found[name].has_default:
            yield f"{table.name}.{name} must be filled and has no default, and we do not know it: give it a default."


def _unknown(table: _Wanted, found: Mapping[str, Found]) -> list[str]:
    return [name for name in found if name not in table.columns and name not in _KEPT_BY_THE_STORE]


def _unfit(table: _Wanted, found: Mapping[str, Found]) -> Iterator[str]:
    for name, type_ in table.columns.items():
        if found[name].type not in _FITTING[type_.partition("(")[0]]:
            yield f"{table.name}.{name} is {found[name].type}; we write {type_}."
        elif _rounds(found[name], type_):
            yield f"{table.name}.{name} is {_said(found[name])}, which would round; we write {type_}."


def _worth_knowing(table: _Wanted, found: Mapping[str, Found]) -> Iterator[str]:
    if unknown := _unknown(table, found):
        yield f"{table.name} has columns that are not ours, which are kept and never written: {', '.join(unknown)}."
    for name, type_ in table.columns.items():
        if _is_narrow(found[name], type_):
            yield (
                f"{table.name}.{name}: {_said(found[name])} is narrower than {type_} and could not be widened;"
                " what exceeds it becomes NULL."
            )


def _said(column: Found) -> str:
    return f"numeric({column.precision},{column.scale})"


async def _other_pulls(connection: Connection) -> list[str]:
    """Return what to know of `sp_api_pulls`, the mission's other name for `sp_data_pulls`: ours is a view of it."""
    rows = await connection.execute("SELECT relkind = 'v' FROM pg_class WHERE oid = to_regclass('sp_api_pulls')")
    row = await rows.fetchone()
    if row is None or row[0]:
        return []
    return ["sp_api_pulls is a table of yours and is left alone; what is pulled is listed in sp_data_pulls."]


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
    except NeedsDatabaseUrl:
        statement = f"{query.as_string(None)};"
        return f"{table} has no unique key, which merging relies on. Paste into Supabase > SQL Editor: {statement}"
    except psycopg.errors.UniqueViolation as error:
        return f"{table} has rows twice: {error.diag.message_detail} Keep one of each ({', '.join(key)})."
    return ""
