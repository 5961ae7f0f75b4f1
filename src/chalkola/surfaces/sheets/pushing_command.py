"""`chalkola sheets push`: fill spreadsheets' hidden tabs from here, for those who want no script in them."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import click

from chalkola.errors import Fault, UsageError
from chalkola.settings import Settings, read_settings
from chalkola.settings.spreadsheets import spreadsheet_ids
from chalkola.surfaces import screen, words
from chalkola.surfaces.sheets.google import Book
from chalkola.surfaces.sheets.pushing import Pushed, push
from chalkola.surfaces.sheets.reading import read_now
from chalkola.surfaces.sheets.service_account import ServiceAccount, read_service_account
from chalkola.surfaces.sheets.snapshot import Snapshot
from chalkola.surfaces.sheets.templating import known_currency


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What has become of one spreadsheet; `failure` says in sentences why it is not filled."""

    spreadsheet: str
    written: tuple[str, ...] = ()
    cells: int = 0
    failure: str | None = None


@click.command("push")
@click.argument("sheets", metavar="[ADDRESS]...", nargs=-1)
@click.option("--currency", metavar="CODE", help="Of all marketplaces together; default: CHALKOLA_CURRENCY.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object on standard output.")
def push_command(sheets: tuple[str, ...], currency: str | None, as_json: bool) -> int:
    """Write what is new into the hidden tabs of spreadsheets, through Google's Sheets API and a service account.

    ADDRESS is a spreadsheet's address or id; without one: those of CHALKOLA_SHEETS. What is there already is not
    written again, so a run that was cut off goes on, and a second one writes nothing.
    """
    settings = read_settings()
    ids = spreadsheet_ids(sheets) or settings.spreadsheets
    if not ids:
        raise UsageError("Which spreadsheet?", remedy="Name its address, or set CHALKOLA_SHEETS.")
    account = read_service_account(settings.google_service_account)
    snapshot = read_now(settings, known_currency(currency) if currency else settings.currency)
    if not snapshot.tabs:
        raise Fault("There is nothing to push: no day is closed yet.", remedy="Pull first: `chalkola pull`.")
    outcomes = [_push(settings, account, one, snapshot) for one in ids]
    _tell(outcomes, snapshot, as_json=as_json)
    return 1 if any(one.failure for one in outcomes) else 0


def _push(settings: Settings, account: ServiceAccount, id: str, snapshot: Snapshot) -> Outcome:
    try:
        book = Book(account, id, endpoint=settings.sheets_endpoint)
        with _progress() as say:
            done: Pushed = push(book, snapshot, settings.clock.now(), say)
    except Fault as error:
        return Outcome(spreadsheet=id, failure=str(error))
    return Outcome(spreadsheet=id, written=done.written, cells=done.cells)


@contextmanager
def _progress() -> Iterator[Callable[[str], None]]:
    """Give what shows, on a terminal, which tab is under way."""
    console = screen.console(stderr=True)
    if not console.is_terminal:
        yield lambda text: None
        return
    with console.status("Comparing ...") as status:
        yield status.update


def _tell(outcomes: list[Outcome], snapshot: Snapshot, *, as_json: bool) -> None:
    if as_json:
        screen.emit({"version": snapshot.version, "currency": snapshot.currency, "spreadsheets": outcomes})
        return
    for one in outcomes:
        if one.failure:
            click.echo(one.failure, err=True)
        elif one.written:
            tabs = words.count(len(one.written), "tab")
            click.echo(f"Wrote {tabs} of {one.spreadsheet}: {', '.join(one.written)}. {snapshot.freshness}")
        else:
            click.echo(f"Nothing new: {one.spreadsheet} is as it should be. {snapshot.freshness}")
