"""What can be read: tables and views as the database describes them."""

from dataclasses import dataclass
from enum import Enum
from typing import LiteralString

from chalkola.store.connection import Connection

_NOT_SHOWN = ("token_fingerprint",)
"""They tell nothing to a reader, and files travel further than databases. No table holds a secret itself."""


class Kind(Enum):
    """What a column's values are, as a spreadsheet has to know it."""

    INTEGER = "integer"
    NUMERIC = "numeric"
    FLOAT = "float"
    DATE = "date"
    TIMESTAMP = "timestamp"
    INSTANT = "instant"
    BOOLEAN = "boolean"
    TEXT = "text"
    JSON = "json"


_KINDS = {
    "int2": Kind.INTEGER, "int4": Kind.INTEGER, "int8": Kind.INTEGER, "numeric": Kind.NUMERIC,
    "float4": Kind.FLOAT, "float8": Kind.FLOAT, "date": Kind.DATE, "timestamp": Kind.TIMESTAMP,
    "timestamptz": Kind.INSTANT, "bool": Kind.BOOLEAN,
}  # fmt: skip

_DAYS = (
    ("date", "date"), ("pull_date", "pull_date"), ("first_day", "last_day"), ("first_day", "first_day"),
    ("day", "day"), ("week_start", "week_end"), ("restated_at", "restated_at"), ("raised_at", "raised_at"),
    ("called_at", "called_at"), ("found_at", "found_at"), ("seen_at", "seen_at"), ("taken_at", "taken_at"),
)  # fmt: skip
"""The columns that say when a row's time begins and ends, the likeliest first."""


@dataclass(frozen=True, kw_only=True)
class Column:
    """A column as it is written. `precision` and `scale` are None for a numeric without limits."""

    name: str
    kind: Kind
    type: str
    precision: int | None = None
    scale: int | None = None


@dataclass(frozen=True, kw_only=True)
class Relation:
    """A table or view and what is told of its rows."""

    name: str
    stored: tuple[Column, ...]
    key: tuple[str, ...] = ()

    @property
    def days(self) -> tuple[Column, Column] | None:
        """The columns in which a row's days begin and end; None when it has none."""
        dated = {c.name: c for c in self.stored if c.kind in (Kind.DATE, Kind.TIMESTAMP, Kind.INSTANT)}
        for first, last in _DAYS:
            if first in dated and last in dated:
                return dated[first], dated[last]
        only = [c for c in dated.values() if c.kind is Kind.DATE]
        return (only[0], only[0]) if len(only) == 1 else None

    @property
    def marketplace(self) -> Column | None:
        """The column that tells a row's marketplace; None when there is none."""
        names = ("marketplace_id", "amazon_marketplace_id", "scope", "marketplace_code", "marketplace", "code")
        by_name = {c.name: c for c in self.stored if c.type in ("uuid", "text", "varchar")}
        return next((by_name[name] for name in names if name in by_name), None)

    @property
    def lacks_code(self) -> bool:
        """Whether a row's marketplace is told by an id alone, which nobody can read."""
        named = {c.name for c in self.stored} & {"marketplace", "marketplace_code", "code"}
        return bool(self.marketplace and self.marketplace.name.endswith("_id") and not named)

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns that are written: the stored ones, and the marketplace's code before its id."""
        found: list[Column] = []
        for column in self.stored:
            if self.lacks_code and column == self.marketplace:
                found.append(Column(name="marketplace", kind=Kind.TEXT, type="text"))
            found.append(column)
        return tuple(found)


async def read_names(connection: Connection) -> list[str]:
    """Return the tables and views of our schema that this role can read, by name."""
    query: LiteralString = (
        "SELECT relname FROM pg_class WHERE relnamespace = current_schema()::regnamespace"
        " AND relkind IN ('r', 'p', 'v', 'm', 'f') AND has_table_privilege(oid, 'SELECT') ORDER BY 1"
    )
    return [row[0] for row in await (await connection.execute(query)).fetchall()]


async def read_relation(connection: Connection, name: str) -> Relation:
    """Return a table or view of `read_names`."""
    query: LiteralString = (
        "SELECT a.attname, t.typname, t.typcategory, a.atttypmod"
        " FROM pg_attribute a JOIN pg_type o ON o.oid = a.atttypid"
        " JOIN pg_type t ON t.oid = coalesce(nullif(o.typbasetype, 0), o.oid)"
        " WHERE a.attrelid = format('%%I.%%I', current_schema(), %s::text)::regclass"
        " AND a.attnum > 0 AND NOT a.attisdropped AND a.attname <> ALL (%s) ORDER BY a.attnum"
    )
    key: LiteralString = (
        "SELECT a.attname FROM pg_index i"
        " JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey)"
        " WHERE i.indisprimary AND i.indrelid = format('%%I.%%I', current_schema(), %s::text)::regclass"
        " ORDER BY array_position(i.indkey::smallint[], a.attnum)"
    )
    columns = await (await connection.execute(query, (name, list(_NOT_SHOWN)))).fetchall()
    keys = await (await connection.execute(key, (name,))).fetchall()
    return Relation(name=name, stored=tuple(_column(*row) for row in columns), key=tuple(row[0] for row in keys))


def _column(name: str, type_name: str, category: str, modifier: int) -> Column:
    nested = category in ("A", "C")
    kind = Kind.JSON if nested else _KINDS.get(type_name, Kind.TEXT)
    precision, scale = (modifier - 4) >> 16 & 0xFFFF, (modifier - 4) & 0x7FF
    if kind is not Kind.NUMERIC or modifier < 0 or scale > precision:
        return Column(name=name, kind=kind, type=type_name)
    return Column(name=name, kind=kind, type=type_name, precision=precision, scale=scale)
