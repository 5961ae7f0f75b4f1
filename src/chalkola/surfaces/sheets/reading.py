"""The snapshot of this moment, from the database."""

from chalkola.settings import Settings
from chalkola.store.sheets_snapshot import read_answers
from chalkola.surfaces.opening import database_url, opened, run
from chalkola.surfaces.sheets.snapshot import Snapshot, read_snapshot


def read_now(settings: Settings, currency: str) -> Snapshot:
    """Return all tabs as they are now; none of them where no day is closed yet. Blocks until they are here."""
    return run(_read(settings, database_url(settings), currency))


async def _read(settings: Settings, url: str, currency: str) -> Snapshot:
    async with opened(settings, url) as store:
        return read_snapshot(await read_answers(store.pool, currency, settings.clock.now()), currency)
