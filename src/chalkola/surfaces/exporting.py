"""`chalkola export`: a table or view, or a part of it, as a file for another program."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, aclosing, contextmanager
from dataclasses import dataclass

import click

from chalkola.errors import Fault, UsageError
from chalkola.settings import read_settings
from chalkola.store.connection import open_pool
from chalkola.store.direct import DirectConnection
from chalkola.store.export import Part, count_rows, one_view, read_rows
from chalkola.store.relations import Relation
from chalkola.surfaces import screen, words
from chalkola.surfaces.exports import Format, Write, check_count, check_installed, writing
from chalkola.surfaces.exports.choosing import check_part, choose_part, named
from chalkola.surfaces.exports.csv_file import csv_file
from chalkola.surfaces.exports.place import Place, place
from chalkola.surfaces.opening import database_url, run
from chalkola.surfaces.server import demo_home


@dataclass(frozen=True, kw_only=True)
class Written:
    """What has become of an export."""

    table: str
    part: Part
    place: Place
    columns: tuple[str, ...]
    rows: int


@click.command("export")
@click.argument("table", required=False)
@click.option("--date", "day", metavar="DAY", help="One day, like 2026-11-20.")
@click.option("--from", "first", metavar="DAY", help="The first of several days.")
@click.option("--to", "last", metavar="DAY", help="The last of them.")
@click.option("--marketplace", "codes", metavar="CODE", multiple=True, help="US, DE, ...; may be repeated.")
@click.option("--output", "-o", metavar="FILE", help="Its ending is the format: .csv, .xlsx, .parquet; - is a pipe.")
@click.option("--format", "form", type=click.Choice([*map(str, Format)]), help="Without --output: csv if not given.")
@click.option("--force", is_flag=True, help="Write over a file that is there.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object on standard output.")
@click.option("--demo", "of_demo", is_flag=True, help="Of the demo's database.")
def export_command(
    table: str | None, day: str | None, first: str | None, last: str | None, codes: tuple[str, ...],
    output: str | None, form: str | None, force: bool, as_json: bool, of_demo: bool,
) -> int:  # fmt: skip
    """Write a table or view, or some days and marketplaces of it, to a file: CSV, Excel or Parquet.

    Without a table: say which there are. Reads one state of the database and changes nothing in it.
    """
    part = choose_part(day, first, last, codes)
    to = place(output, form, force, table=table or "", part=part)
    if as_json and to.path is None:
        raise UsageError("--json and --output - both want standard output.", remedy="Name a file after --output.")
    check_installed(to.form)
    to.check()
    settings = read_settings({"CHALKOLA_HOME": str(demo_home())}) if of_demo else read_settings()
    url = database_url(settings, "`chalkola export`")
    try:
        written = run(_export(url, table or "", part, to))
    except OSError as error:  # of standard output: a file's own errors are told by its place
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # Python tries once more at its end
        if isinstance(error, BrokenPipeError):
            return 0  # whoever reads has enough
        raise Fault("Standard output cannot be written.", why=f"{error.strerror}.") from error
    _tell(written, as_json=as_json)
    return 0


async def _export(url: str, table: str, part: Part, to: Place) -> Written:
    async with open_pool(url, size=1) as pool, one_view(pool) as connection:
        relation = await named(connection, table)
        check_part(relation, part)
        if to.form.most_rows is not None:
            check_count(to.form, await count_rows(connection, relation, part))
        rows = await _write(connection, relation, part, to)
    return Written(table=table, part=part, place=to, columns=tuple(c.name for c in relation.columns), rows=rows)


async def _write(connection: DirectConnection, relation: Relation, part: Part, to: Place) -> int:
    total = 0
    with _opened(to, relation) as write, _progress() as show:
        async with aclosing(read_rows(connection, relation, part)) as batches:
            async for rows, count in batches:
                write(rows)
                total += count
                show(total)
    return total


@contextmanager
def _opened(to: Place, relation: Relation) -> Iterator[Write]:
    with ExitStack() as stack:
        if to.path is None:
            yield stack.enter_context(csv_file(sys.stdout.buffer, relation.columns))
        else:
            path = stack.enter_context(to.beside(to.path))
            yield stack.enter_context(writing(to.form, path, relation.columns))


@contextmanager
def _progress() -> Iterator[Callable[[int], None]]:
    """Give what shows how many rows are written, on a terminal."""
    console = screen.console(stderr=True)
    if not console.is_terminal:
        yield lambda rows: None
        return
    with console.status("Reading ...") as status:
        yield lambda rows: status.update(f"{words.count(rows, 'row')} ...")


def _tell(written: Written, *, as_json: bool) -> None:
    path = written.place.path
    size = path.stat().st_size if path else None
    if as_json:
        screen.emit(as_object(written, size))
        return
    rows = words.count(written.rows, "row")
    said = f"Wrote {rows}, {words.size(size)}, to {path}." if size is not None else f"Wrote {rows}."
    click.echo(said, err=path is None)


def as_object(written: Written, byte_count: int | None) -> dict[str, object]:
    """Return what was written as `--json` prints it."""
    return {
        "table": written.table,
        "first_day": written.part.first,
        "last_day": written.part.last,
        "marketplaces": [m.code for m in written.part.marketplaces],
        "file": str(written.place.path),
        "format": written.place.form,
        "columns": written.columns,
        "rows": written.rows,
        "bytes": byte_count,
    }
