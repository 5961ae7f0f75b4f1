"""`chalkola migrate`: bring the database to this version, and say what was found in it; or print the SQL for it."""

import click

from chalkola.settings import Settings, read_settings
from chalkola.store import open_store
from chalkola.store.as_sql import lacking, printed
from chalkola.store.connection import DatabaseGone, NotMigrated
from chalkola.store.migrate import Migrated, migrate, scripts
from chalkola.store.readers import set_reader_domains
from chalkola.surfaces import screen, words
from chalkola.surfaces.opening import data_address, run


@click.command("migrate")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object on standard output.")
@click.option(
    "--print", "as_sql", is_flag=True, help="Change nothing: print the SQL, to paste into Supabase's editor."
)
def migrate_command(as_json: bool, as_sql: bool) -> int:
    """Bring the database to this version. Your own tables, columns and rows are kept."""
    settings = read_settings()
    if as_sql:
        screen.say(_sql(settings).rstrip())
        return 0
    migrated = run(_migrate(settings, data_address(settings)))
    if as_json:
        screen.emit(migrated)
    else:
        _show(migrated)
    return 0


async def _migrate(settings: Settings, url: str) -> Migrated:
    async with open_store(settings, url) as store:
        migrated = await migrate(store.pool)
        if settings.sign_in is not None:
            await set_reader_domains(store.pool, settings.sign_in.domains)
        return migrated


def _sql(settings: Settings) -> str:
    """Return what the database lacks; all of it where it cannot be looked at. An embedded one needs no pasting."""
    if settings.is_embedded:
        return printed(scripts(), "DATABASE_URL is not set: this is all of it.")
    try:
        return run(
            _lacking(settings, data_address(settings), "DATABASE_URL" if settings.database_url else "SUPABASE_URL")
        )
    except NotMigrated:
        return printed(scripts(), "The database has not got what reading it takes: this is all of it.")
    except DatabaseGone:
        return printed(scripts(), "The database could not be reached to see what it lacks: this is all of it.")


async def _lacking(settings: Settings, url: str, name: str) -> str:
    async with open_store(settings, url) as store:
        wanted = await lacking(store.pool)
    if not wanted:
        return "-- The database lacks nothing: there is no SQL to paste."
    return printed(wanted, f"This is what the database of {name} lacks.")


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
