"""What is to be exported: a table or view that is there, and days and marketplaces that its rows tell."""

import difflib
from datetime import date

from chalkola.errors import UsageError
from chalkola.marketplaces import marketplaces
from chalkola.periods import read_day
from chalkola.store.connection import Connection
from chalkola.store.export import Part
from chalkola.store.relations import Relation, read_names, read_relation


def choose_part(day: str | None, first: str | None, last: str | None, codes: tuple[str, ...]) -> Part:
    """Return what was typed. Raises `UsageError` that says what is accepted."""
    if day is not None and (first is not None or last is not None):
        raise UsageError("--date is one day; --from and --to are several.", remedy="Write one or the other.")
    begin, end = (_day(text) for text in ((day, day) if day is not None else (first, last)))
    if begin and end and end < begin:
        raise UsageError(
            f"The days end ({end}) before they start ({begin}).",
            remedy="Write the earlier one after --from and the later one after --to.",
        )
    return Part(first=begin, last=end, marketplaces=marketplaces(codes))


async def named(connection: Connection, table: str) -> Relation:
    """Return the table or view of this name. Raises `UsageError` that lists those there are, the likeliest first."""
    names = await read_names(connection)
    if table in names:
        return await read_relation(connection, table)
    there = f"There are: {', '.join(names)}." if names else "The database has none yet: run `chalkola migrate` first."
    if not table:
        raise UsageError("Which table or view?", remedy=there)
    close = difflib.get_close_matches(table, names, n=1)
    guess = f" Is it {close[0]}?" if close else ""
    raise UsageError(f"There is no table or view {table!r} that this role can read.{guess}", remedy=there)


def check_part(relation: Relation, part: Part) -> None:
    """Raise `UsageError` when a table's rows do not tell what they are to be chosen by."""
    if (part.first or part.last) and relation.days is None:
        raise UsageError(f"The rows of {relation.name} have no day.", remedy="Leave --date, --from and --to out.")
    if part.marketplaces and relation.marketplace is None:
        raise UsageError(
            f"The rows of {relation.name} do not tell their marketplace.", remedy="Leave --marketplace out."
        )


def _day(typed: str | None) -> date | None:
    return None if typed is None else read_day(typed)
