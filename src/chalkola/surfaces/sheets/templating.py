"""`chalkola sheets template`: the workbook of dashboard, product table and comparison, as a file."""

from pathlib import Path

import click

from chalkola.errors import Fault, UsageError
from chalkola.marketplaces import CURRENCIES, MARKETPLACES, Marketplace, marketplaces
from chalkola.settings import Settings, read_settings
from chalkola.surfaces import words
from chalkola.surfaces.exports import Format
from chalkola.surfaces.exports.place import Place
from chalkola.surfaces.server import demo_home
from chalkola.surfaces.sheets.reading import read_now
from chalkola.surfaces.sheets.snapshot import Snapshot
from chalkola.surfaces.sheets.template import write_template

DEFAULT_FILE = "chalkola.xlsx"


@click.command("template")
@click.argument("file", default=DEFAULT_FILE)
@click.option("--fill", is_flag=True, help="With the figures of the database, so that it shows something at once.")
@click.option("--marketplace", "codes", metavar="CODE", multiple=True, help="US, DE, ...; may be repeated.")
@click.option("--currency", metavar="CODE", help="Of all marketplaces together; default: CHALKOLA_CURRENCY.")
@click.option("--force", is_flag=True, help="Write over a file that is there.")
@click.option("--demo", "of_demo", is_flag=True, help="With --fill: of the demo's database.")
def template_command(
    file: str, fill: bool, codes: tuple[str, ...], currency: str | None, force: bool, of_demo: bool
) -> int:
    """Write a workbook (.xlsx) to import into Google Sheets: dashboard, products, comparison over the hidden tabs.

    Without --fill it is empty until the script or `chalkola sheets push` fills it. It is for the marketplaces that
    are named, or the database has when it is filled, or CHALKOLA_MARKETPLACES names, or all.
    """
    to = Place(path=Path(file).expanduser(), form=Format.XLSX, force=force)
    _check(to)
    settings = read_settings({"CHALKOLA_HOME": str(demo_home())}) if of_demo else read_settings()
    wanted = known_currency(currency) if currency else settings.currency
    filled = _filled(settings, wanted) if fill else None
    chosen = marketplaces(codes) or _of(filled) or settings.marketplaces or MARKETPLACES
    _write(to, chosen, wanted, filled, settings)
    return 0


def known_currency(typed: str) -> str:
    """Return a currency's code. Raises `UsageError` that lists those there are."""
    code = typed.strip().upper()
    if code not in CURRENCIES:
        raise UsageError(f"There is no currency {typed!r} here.", remedy=f"Known: {', '.join(CURRENCIES)}.")
    return code


def _check(to: Place) -> None:
    assert to.path is not None
    if to.path.suffix.lower() != ".xlsx":
        raise UsageError(f"{to.path} does not end in .xlsx.", remedy=f"Name a workbook, like {DEFAULT_FILE}.")
    to.check()


def _filled(settings: Settings, currency: str) -> Snapshot:
    snapshot = read_now(settings, currency)
    if not snapshot.tabs:
        raise Fault(
            "There is nothing to fill the workbook with: no day is closed yet.",
            remedy="Pull first (`chalkola pull`), or leave --fill out.",
        )
    return snapshot


def _of(filled: Snapshot | None) -> tuple[Marketplace, ...]:
    codes = {tab.marketplace for tab in filled.tabs} if filled else set()
    return tuple(m for m in MARKETPLACES if m.code in codes)


def _write(
    to: Place, chosen: tuple[Marketplace, ...], currency: str, filled: Snapshot | None, settings: Settings
) -> None:
    assert to.path is not None
    with to.beside(to.path) as path:
        write_template(path, chosen, currency=currency, filled=filled, now=settings.clock.now())
    size = words.size(to.path.stat().st_size)
    click.echo(f"Wrote {to.path} ({size}) for {words.listed(chosen)}. In Google Sheets: File > Import > Upload.")
