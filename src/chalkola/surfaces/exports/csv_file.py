"""CSV in UTF-8 as PostgreSQL writes it, below a header: exact figures, NULL as nothing, instants with their zone."""

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import BinaryIO

from chalkola.store.relations import Column


@contextmanager
def csv_file(file: BinaryIO, columns: Sequence[Column]) -> Iterator[Callable[[bytes], object]]:
    """Give what writes rows into an open file, below the header."""
    header = io.StringIO()
    csv.writer(header, lineterminator="\n").writerow(column.name for column in columns)
    file.write(header.getvalue().encode())
    yield file.write
    file.flush()
