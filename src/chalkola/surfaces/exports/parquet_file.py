"""Parquet: typed columns, compressed. It needs pyarrow, which is an extra of the installation."""

import importlib.util
import io
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from chalkola.errors import Fault, UsageError
from chalkola.store.relations import Column, Kind

_ROWS_IN_GROUP = 100_000
_MOST_DIGITS = 38


def require_pyarrow() -> None:
    """Raise `UsageError` that says how pyarrow is installed when it is not."""
    try:
        found = importlib.util.find_spec("pyarrow") is not None
    except ValueError:
        found = False
    if not found:
        raise UsageError(
            "Parquet needs pyarrow, which is not installed.",
            remedy=f"Install it with `{sys.executable} -m pip install pyarrow`, or write CSV.",
        )


@contextmanager
def parquet_file(path: Path, columns: Sequence[Column]) -> Iterator[Callable[[bytes], None]]:
    """Give what writes rows into a new file, in groups of 100,000."""
    import pyarrow as pa  # an extra: only who writes Parquet needs it
    from pyarrow import parquet

    schema = pa.schema([(column.name, _arrow_type(pa, column)) for column in columns])
    waiting: list[Any] = []

    with parquet.ParquetWriter(path, schema, compression="zstd") as file:

        def flush() -> None:
            if waiting:
                file.write_table(pa.concat_tables(waiting))
                waiting.clear()

        def write(rows: bytes) -> None:
            waiting.append(_table(rows, schema))
            if sum(table.num_rows for table in waiting) >= _ROWS_IN_GROUP:
                flush()

        yield write
        flush()


def _table(rows: bytes, schema: Any) -> Any:
    import pyarrow as pa
    from pyarrow import csv

    reading = csv.ReadOptions(column_names=schema.names, block_size=len(rows) + 1, use_threads=False)
    parsing = csv.ParseOptions(newlines_in_values=True, ignore_empty_lines=False)
    converting = csv.ConvertOptions(
        column_types=schema, null_values=[""], strings_can_be_null=True, quoted_strings_can_be_null=False
    )
    try:
        return csv.read_csv(io.BytesIO(rows), reading, parsing, converting)
    except pa.ArrowInvalid as error:
        raise Fault(
            "Parquet cannot hold one of the values.",
            why=f"{error}.",
            remedy="Nothing was written. CSV holds every value.",
        ) from error


def _arrow_type(pa: Any, column: Column) -> Any:
    match column.kind:
        case Kind.INTEGER:
            return {"int2": pa.int16(), "int4": pa.int32()}.get(column.type, pa.int64())
        case Kind.NUMERIC:
            # Without limits a numeric has as many decimals as a row likes, and a column of Parquet's has one number.
            exact = column.precision is not None and column.precision <= _MOST_DIGITS
            return pa.decimal128(column.precision, column.scale) if exact else pa.float64()
        case Kind.FLOAT:
            return pa.float64()
        case Kind.DATE:
            return pa.date32()
        case Kind.TIMESTAMP:
            return pa.timestamp("us")
        case Kind.INSTANT:
            return pa.timestamp("us", tz="UTC")
        case Kind.BOOLEAN:
            return pa.bool_()
    return pa.string()
