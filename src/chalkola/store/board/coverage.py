"""The ledger as a calendar: what is held or lacking of every day, a letter a day, put together by the database."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import LiteralString

from chalkola.datasets.model import SliceState
from chalkola.store.connection import Pool, database_errors

LETTERS = "abcdefghi"
UNKNOWN = "."
"""The letter of a day that the ledger has never heard of."""
STATE_OF = dict(zip(LETTERS, SliceState, strict=True))


@dataclass(frozen=True, kw_only=True)
class Strip:
    """The days of a scope from `first` on: a letter of `STATE_OF` each, or `UNKNOWN`."""

    scope: str
    first: date
    letters: str


async def read_strips(pool: Pool, dataset: str, first: date, last: date, scope: str | None = None) -> list[Strip]:
    """Return the days from `first` to `last` of every scope of a dataset, or of one; nothing of unknown ones."""
    # Two strings a scope in the order of the index, and not 730 rows.
    query: LiteralString = (
        "SELECT scope,"
        " string_agg(substr(%(letters)s, array_position(%(states)s::text[], state), 1), '' ORDER BY first_day),"
        " string_agg((first_day - %(first)s::date)::text, ',' ORDER BY first_day)"
        " FROM sp_slices WHERE dataset = %(dataset)s AND scope = coalesce(%(scope)s, scope)"
        " AND first_day BETWEEN %(first)s AND %(last)s GROUP BY scope ORDER BY scope"
    )
    values = {
        "dataset": dataset, "first": first, "last": last, "scope": scope, "letters": LETTERS,
        "states": [state.value for state in SliceState],
    }  # fmt: skip
    with database_errors():
        async with pool.connection() as connection:
            rows = await (await connection.execute(query, values)).fetchall()
    length = (last - first).days + 1
    return [
        Strip(scope=name, first=first, letters=_placed(letters, map(int, days.split(",")), length))
        for name, letters, days in rows
    ]  # fmt: skip


def _placed(letters: str, days: Iterable[int], length: int) -> str:
    found = [UNKNOWN] * length
    for day, letter in zip(days, letters, strict=True):
        found[day] = letter
    return "".join(found)
