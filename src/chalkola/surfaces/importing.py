"""`chalkola import`: a Business Report downloaded in Seller Central, for days that Amazon no longer answers."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, Literal, TypeVar

import click

from chalkola.datasets.business_report import Import, read_import
from chalkola.datasets.business_report_columns import read_mapping, template
from chalkola.datasets.business_report_file import open_sheet
from chalkola.errors import UsageError
from chalkola.marketplaces import Marketplace, marketplace
from chalkola.periods import day_ends, read_day
from chalkola.pipeline.importing import Imported, box_of, import_file
from chalkola.settings import Settings, read_settings
from chalkola.surfaces import screen, words
from chalkola.surfaces.opening import database_url, opened, run

Command = TypeVar("Command", bound=Callable[..., Any])


@dataclass(frozen=True, kw_only=True)
class Named:
    """A file and what a person said about it."""

    given: Import
    marketplace: Marketplace
    day: date


def about_file(command: Command) -> Command:
    """Add FILE, `--date`, `--marketplace`, `--map` and `--decimal` to a command."""
    for option in reversed((
        click.argument("file", type=click.Path(path_type=Path)),
        click.option("--date", "day", metavar="DAY", help="The day of the data, like 2024-11-20; the file lacks it."),
        click.option("--marketplace", "code", metavar="CODE", help="US, DE, ...; the file lacks it too."),
        click.option("--map", "mapping", metavar="MAP", type=click.Path(path_type=Path),
                     help="What the file's columns are, where their spelling is not known."),
        click.option("--decimal", type=click.Choice([".", ","]), help="What parts decimals, if the file lacks it."),
    )):  # fmt: skip
        command = option(command)
    return command


@click.command("import")
@about_file
@click.option("--template", "to", metavar="MAP", type=click.Path(path_type=Path),
              help="Import nothing: write a mapping file of the file's columns.")  # fmt: skip
@click.option("--force", is_flag=True, help="Overwrite a day that is closed.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object on standard output.")
def import_command(file: Path, to: Path | None, force: bool, as_json: bool, **said: Any) -> int:
    """Load a Business Report that was downloaded in Seller Central, one day of one marketplace.

    FILE is Detail Page Sales and Traffic By Child Item, CSV or XLSX. The date in a download's name is the day of the
    download, so the day is never taken from it: say it with --date.
    """
    if to is not None:
        return _write_template(file, to)
    settings = read_settings()
    named = name_file(file, settings, **said)
    answer = read_import(named.given, box_of(named.marketplace, named.day))
    try:
        imported = run(_import(settings, database_url(settings, "`chalkola import`"), named, answer, force=force))
    finally:
        answer.close()
    if as_json:
        screen.emit(as_object(named, imported))
    else:
        _show(named, imported)
    return 0


def name_file(
    file: Path, settings: Settings, *, day: str | None, code: str | None, mapping: Path | None,
    decimal: Literal[".", ","] | None,
) -> Named:  # fmt: skip
    """Return the file with what was said about it. Raises `UsageError` for what is missing or cannot be."""
    if day is None or code is None:
        raise UsageError(
            "The file does not say its day and its marketplace.",
            why="The date in a download's name is the day of the download.",
            remedy="Say them: --date 2024-11-20 --marketplace DE.",
        )
    m, on = marketplace(code), read_day(day)
    _check_over(m, on, settings.clock.now())
    columns = read_mapping(_text(mapping)) if mapping is not None else {}
    given = Import(file_name=file.name, content=_content(file), columns=columns, decimal=decimal)
    return Named(given=given, marketplace=m, day=on)


async def _import(settings: Settings, url: str, named: Named, answer: Any, *, force: bool) -> Imported:
    box = box_of(named.marketplace, named.day)
    async with opened(settings, url) as store:
        return await import_file(
            store.pool, store.archive, store.documents, named.given, answer, box, settings.clock, force=force
        )


def _check_over(m: Marketplace, day: date, now: datetime) -> None:
    if day_ends(day, m.zone) > now:
        raise UsageError(f"{day} is not over in {m.name}.", remedy="Name the day that the report was downloaded for.")


def _content(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise UsageError(f"{file} cannot be read.", why=f"{error.strerror}.") from error


def _text(file: Path) -> str:
    try:
        return _content(file).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UsageError(f"{file} is not UTF-8.", remedy="Save it as UTF-8.") from error


def _write_template(file: Path, to: Path) -> int:
    sheet = open_sheet(_content(file))
    try:
        with to.open("x", encoding="utf-8", newline="\n") as place:
            place.write(template(sheet.header))
    except OSError as error:
        raise UsageError(f"{to} cannot be written.", why=f"{error.strerror}.") from error
    screen.say(f"Wrote {to}. Say in it what the columns are that are empty, and import with --map {to}.")
    return 0


def _show(named: Named, imported: Imported) -> None:
    where, count = f"{named.marketplace.code} {named.day}", imported.count
    sums = count.sums
    screen.say(
        f"{where}  {words.count(count.row_count, 'ASIN')}, {words.count(sums.units, 'unit')},"
        f" {words.money(sums.sales, named.marketplace.currency)}, {words.count(sums.sessions, 'session')}:"
        f" {_changed(imported)}, {imported.state}."
    )
    if imported.reason:
        again = f"; asked again from {words.instant(imported.next_at)}" if imported.next_at else ""
        screen.say(f"{imported.reason[0].upper()}{imported.reason[1:]}{again}.")
    for note in imported.notes:
        screen.say(f"Note: {note}.")


def _changed(imported: Imported) -> str:
    change = imported.change
    if not change.is_any:
        return "nothing changed"
    changed = change.changed + change.filled
    return f"{change.added:,} inserted, {changed:,} updated, {change.withdrawn:,} deleted"


def as_object(named: Named, imported: Imported) -> dict[str, object]:
    """Return what became of a file as `--json` prints it."""
    change = imported.change
    return {
        "file": named.given.file_name,
        "marketplace": named.marketplace.code,
        "day": named.day,
        "state": imported.state,
        "reason": imported.reason,
        "next_at": imported.next_at,
        "rows": imported.count.row_count,
        "sums": imported.count.sums,
        "inserted": change.added,
        "updated": change.changed + change.filled,
        "deleted": change.withdrawn,
        "notes": imported.notes,
        "pull": imported.pull_id,
    }
