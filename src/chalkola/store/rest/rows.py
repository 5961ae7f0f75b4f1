"""Rows as they come through the API: PostgreSQL's binary form of a record, in base64. It says the types of its
values, so that psycopg's own loaders make of them what they make of a row of its protocol. Pure."""

import struct
from base64 import b64decode
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import msgspec
from psycopg import pq
from psycopg.adapt import Transformer

from chalkola.errors import Fault

_INT = struct.Struct("!i")
_FIELD = struct.Struct("!Ii")  # type and length of a value, -1 for NULL
_VOID = 2278


class Answer(msgspec.Struct, frozen=True):
    """What a statement gave. `columns` is None or empty where there are no rows, or rows without columns; equal rows,
    in whatever order, have the same `digest`."""

    columns: list[str] | None
    rows: list[str]
    digest: str

    def read(self) -> list[tuple[Any, ...]]:
        """Return the rows as Python has them."""
        loading = _Loading()
        return [loading.row(b64decode(row)) for row in self.rows]


class _Loading:
    """Loads rows of one statement, which all have the same types."""

    def __init__(self) -> None:
        self._transformer = Transformer()
        self._types: Sequence[int] | None = None

    def row(self, record: bytes) -> tuple[Any, ...]:
        types, values = _fields(record)
        if types != self._types:
            self._set(types)
        return self._transformer.load_sequence(values) if values else ()

    def _set(self, types: list[int]) -> None:
        for oid in types:
            if oid != _VOID and self._transformer.adapters.get_loader(oid, pq.Format.BINARY) is None:
                raise Fault(
                    "The database has a column of a type that is not read through Supabase's API.",
                    why=f"The type's number is {oid}.",
                    remedy="Set DATABASE_URL (Supabase > Connect > Session pooler): that way every type is read.",
                )
        self._transformer.set_loader_types(types, pq.Format.BINARY)
        self._types = types


@dataclass(frozen=True)
class Described:
    """What psycopg's row factories look at in a result: its status, and its columns' names."""

    columns: Sequence[str]
    status: int = pq.ExecStatus.TUPLES_OK

    @cached_property
    def nfields(self) -> int:
        return len(self.columns)

    def fname(self, place: int) -> bytes:
        """Return the name of a column."""
        return self.columns[place].encode()


def _fields(record: bytes) -> tuple[list[int], list[bytes | None]]:
    """Return types and values of a record."""
    (count,) = _INT.unpack_from(record)
    types: list[int] = []
    values: list[bytes | None] = []
    place = _INT.size
    for _ in range(count):
        oid, length = _FIELD.unpack_from(record, place)
        place += _FIELD.size
        types.append(oid)
        values.append(None if length < 0 else record[place : place + length])
        place += max(length, 0)
    return types, values
