"""`chalkola compare`: a downloaded Business Report against the database, ASIN by ASIN. Changes nothing."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import click
from rich.table import Table
from rich.text import Text

from chalkola.datasets.business_report import DATASET, IMPORT, read_import
from chalkola.datasets.model import Answer, Column, Slice
from chalkola.pipeline.comparing import Comparison, Differing, columns_of, compare, figures_of
from chalkola.pipeline.importing import box_of, refuse_range
from chalkola.settings import Settings, read_settings
from chalkola.store.imports import day_totals, held_rows
from chalkola.store.lines import read_lines
from chalkola.store.slices import Line
from chalkola.surfaces import screen, words
from chalkola.surfaces.importing import Named, about_file, name_file
from chalkola.surfaces.opening import data_address, opened, run

_SHOWN = 50
_DIFFERS = 3
_LATE = {"sessions", "page_views", "buy_box_percentage"}


@click.command("compare")
@about_file
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object on standard output.")
def compare_command(file: Path, as_json: bool, **said: Any) -> int:
    """Hold a Business Report that was downloaded in Seller Central against the database, ASIN by ASIN.

    FILE and its options are those of `import`. Exit code 0: equal; 3: they differ.
    """
    settings = read_settings()
    named = name_file(file, settings, **said)
    answer = read_import(named.given, box_of(named.marketplace, named.day))
    try:
        compared, line = run(_compare(settings, data_address(settings), named, answer))
    finally:
        answer.close()
    if as_json:
        screen.emit(as_object(named, compared, line))
    else:
        _show(named, compared, line)
    return 0 if compared.is_equal else _DIFFERS


async def _compare(settings: Settings, url: str, named: Named, answer: Answer) -> tuple[Comparison, Line | None]:
    batch, m, day = answer.batches[0], named.marketplace, named.day
    columns = columns_of(batch)
    async with opened(settings, url) as store:
        ((s, count),) = batch.counts.items()
        refuse_range(count.sums, await day_totals(store.pool, m, day), day)
        here = await held_rows(store.pool, m, day, columns)
        lines = await read_lines(store.pool, [Slice(dataset=DATASET, scope=s.scope, day=day)])
    return compare(columns, figures_of(batch), here), next(iter(lines), None)


def _show(named: Named, compared: Comparison, line: Line | None) -> None:
    console = screen.console()
    screen.say(f"{named.marketplace.code} {named.day}: {_holds(line)}")
    if compared.differing:
        screen.show(console, _table(compared))
    for asins, where in ((compared.only_there, "the file"), (compared.only_here, "the database")):
        if asins:
            more = f" and {len(asins) - _SHOWN} more" if len(asins) > _SHOWN else ""
            screen.say(f"Only in {where}: {', '.join(asins[:_SHOWN])}{more}.")
    screen.show(console, _sums(compared))
    screen.say(
        f"{words.count(compared.equal, 'ASIN is', 'ASINs are')} equal, {len(compared.differing):,} differ,"
        f" {len(compared.only_there):,} only in the file, {len(compared.only_here):,} only in the database."
    )
    if any(column.name in _LATE for one in compared.differing for column in _columns_of(compared, one)):
        screen.say(
            "Amazon adds sessions and page views to a day for some days: what was asked or downloaded later has more."
        )


def _holds(line: Line | None) -> str:
    if line is None or not line.row_count:
        return "the database has no rows of this day."
    asked = f", of {words.instant(line.asked_at)}" if line.asked_at else ""
    why = f" ({line.reason})" if line.reason else ""
    source = "a file that was imported" if line.source == IMPORT.name else f"the answer of {line.source}"
    return f"the database holds {source}{asked}; {line.state}{why}."


def _table(compared: Comparison) -> Table:
    made = screen.table("ASIN", "figure", ">file", ">database", ">differs by")
    for one in compared.differing[:_SHOWN]:
        for column in _columns_of(compared, one):
            place = compared.columns.index(column)
            there, here = one.there[place], one.here[place]
            made.add_row(one.asin, _name(column), _said(there), _said(here), _by(there, here))
    if (more := len(compared.differing) - _SHOWN) > 0:
        made.add_row(Text(f"and {words.count(more, 'more ASIN')}"))
    return made


def _sums(compared: Comparison) -> Table:
    made = screen.table("sum", ">file", ">database", ">differs by")
    for column, there, here in zip(compared.columns, compared.sums_there, compared.sums_here, strict=True):
        if there is not None:
            made.add_row(_name(column), _said(there), _said(here), _by(there, here) if there != here else "")
    return made


def _columns_of(compared: Comparison, one: Differing) -> Iterator[Column]:
    return (c for c, there, here in zip(compared.columns, one.there, one.here, strict=True) if there != here)


def _name(column: Column) -> str:
    return column.name.replace("_", " ")


def _said(figure: Decimal | None) -> str:
    return "nothing" if figure is None else f"{figure:,}"


def _by(there: Decimal | None, here: Decimal | None) -> str:
    return "" if there is None or here is None else f"{here - there:+,}"


def as_object(named: Named, compared: Comparison, line: Line | None) -> dict[str, object]:
    """Return a comparison as `--json` prints it."""
    names = [column.name for column in compared.columns]
    return {
        "file": named.given.file_name,
        "marketplace": named.marketplace.code,
        "day": named.day,
        "database": line and {"source": line.source, "asked_at": line.asked_at, "state": line.state},
        "equal": compared.equal,
        "differing": [
            {
                "asin": one.asin,
                **{
                    names[place]: {"file": there, "database": here}
                    for place, (there, here) in enumerate(zip(one.there, one.here, strict=True))
                    if there != here
                },
            }
            for one in compared.differing
        ],
        "only_in_file": compared.only_there,
        "only_in_database": compared.only_here,
        "sums": {
            name: {"file": there, "database": here}
            for name, there, here in zip(names, compared.sums_there, compared.sums_here, strict=True)
            if there is not None
        },
    }
