"""`chalkola migrate`: bring the database to this version, and say what was found in it."""

import click

from chalkola.settings import Settings, read_settings
from chalkola.store import open_store
from chalkola.store.migrate import Migrated, migrate
from chalkola.surfaces import screen, words
from chalkola.surfaces.opening import database_url, run


@click.command("migrate")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object on standard output.")
def migrate_command(as_json: bool) -> int:
    """Bring the database to this version. Your own tables, columns and rows are kept."""
    settings = read_settings()
    migrated = run(_migrate(settings, database_url(settings)))
    if as_json:
        screen.emit(migrated)
    else:
        _show(migrated)
    return 0


async def _migrate(settings: Settings, url: str) -> Migrated:
    async with open_store(settings, url) as store:
        return await migrate(store.pool)


def _show(migrated: Migrated) -> None:
    for name in migrated.applied:
        screen.say(f"Applied {name}.")
    if not migrated.applied:
        screen.say("The database is up to date.")
    if migrated.adopted:
        days = words.count(migrated.adopted, "day that was", "days that were")
        screen.say(f"Adopted {days} in your tables already, as found and unproven; none of it is ever deleted.")
    for finding in migrated.findings:
        screen.say(f"Found: {finding}")
