"""Documents that are older than they are to be kept, removed at the end of a run, so many at a time."""

import asyncio
import logging
from contextlib import suppress

from chalkola.errors import ChalkolaError
from chalkola.settings import Settings
from chalkola.store import Store

MOST_REMOVED = 500
"""By one run. A night brings fewer, so what is left of a longer time than before goes within some nights."""
_LONGEST_SECONDS = 60.0  # machine time
_log = logging.getLogger(__name__)


async def prune(settings: Settings, store: Store) -> int:
    """Remove documents from the archive that are too old. Return how many; raises nothing of its own: what an archive
    or database that is away costs is taken up by the next run."""
    place, kept = store.archive.place, settings.archive_kept
    if place is None or kept is None:
        return 0
    with suppress(TimeoutError), settings.clock.in_flight():
        async with asyncio.timeout(_LONGEST_SECONDS):
            try:
                old = await store.documents.old(place.prefix, settings.clock.now() - kept, MOST_REMOVED)
                if old:
                    # Removed first: what is not written down then is removed once more, which is no matter.
                    await store.archive.remove([one.name for one in old])
                    await store.documents.drop(old, f"Removed after {kept.days} days.")
                return len(old)
            except ChalkolaError as error:
                _log.warning("Old documents were not removed from the archive. %s", error)
    return 0
