"""Running sums brought up to date, after rows were written (`migrations/0018_running_sums.sql`)."""

import logging
from typing import LiteralString

from chalkola.errors import ChalkolaError
from chalkola.store.database import Pool, database_errors

MONTHS_AT_ONCE = 5
"""A marketplace's months in one transaction: a second or two, and Supabase lets no call last longer than a minute."""
_log = logging.getLogger(__name__)


async def sum_up(pool: Pool) -> int:
    """Sum anew whatever months were written since they were summed. Return how many, 0 where there are none.

    Raises nothing of its own: what is not summed is read from the rows, as right and slower; the next run sums it.
    """
    query: LiteralString = "SELECT s.summed, s.remaining FROM sp_sum_up(%s) s"
    done, summed, left = 0, 1, 1
    try:
        with database_errors():
            async with pool.connection() as connection:
                while summed and left:
                    row = await (await connection.execute(query, (MONTHS_AT_ONCE,))).fetchone()
                    assert row is not None
                    summed, left = row
                    done += summed
    except ChalkolaError as error:
        _log.warning("The sums beside the rows are not up to date; sheets are answered from the rows. %s", error)
    return done
