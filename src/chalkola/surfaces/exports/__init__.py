"""Files for other programs: each format takes the same batches of rows and says how its values are written."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from enum import StrEnum
from pathlib import Path

from chalkola.errors import UsageError
from chalkola.store.relations import Column
from chalkola.surfaces.exports.csv_file import csv_file
from chalkola.surfaces.exports.parquet_file import parquet_file, require_pyarrow
from chalkola.surfaces.exports.xlsx_file import MOST_ROWS, xlsx_file

Write = Callable[[bytes], object]
"""Takes whole rows as the store reads them."""


class Format(StrEnum):
    """A format, by the ending of its files."""

    CSV = "csv"
    XLSX = "xlsx"
    PARQUET = "parquet"

    @property
    def most_rows(self) -> int | None:
        """How many rows a file can hold; None when there is no limit."""
        return MOST_ROWS if self is Format.XLSX else None


def check_installed(form: Format) -> None:
    """Raise `UsageError` when a format needs a library that is not there."""
    if form is Format.PARQUET:
        require_pyarrow()


def check_count(form: Format, count: int) -> None:
    """Raise `UsageError` when so many rows do not fit."""
    if form.most_rows is not None and count > form.most_rows:
        raise UsageError(
            f"{count:,} rows do not fit into an Excel sheet, which holds {form.most_rows:,} below its header.",
            why="Nothing was written.",
            remedy="Write CSV or Parquet (--format csv, --format parquet), or fewer days or marketplaces.",
        )


@contextmanager
def writing(form: Format, path: Path, columns: Sequence[Column]) -> Iterator[Write]:
    """Give what writes rows into a new file at `path`, which is whole when this ends without an error."""
    opened: AbstractContextManager[Write]
    match form:
        case Format.CSV:
            with path.open("xb") as file, csv_file(file, columns) as write:
                yield write
            return
        case Format.XLSX:
            opened = xlsx_file(path, columns)
        case Format.PARQUET:
            opened = parquet_file(path, columns)
    with opened as write:
        yield write
