"""The whole tabs that sheets keep, as the database's own functions answer them: all of one state."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, LiteralString

from chalkola.store.connection import Connection, Pool
from chalkola.store.export import one_view


@dataclass(frozen=True, kw_only=True)
class Answers:
    """What `sheet_meta` and `sheet_snapshot` answer, with fractions as decimals."""

    version: str
    meta: Mapping[str, Any]
    tabs: tuple[Mapping[str, Any], ...]


async def read_answers(pool: Pool, currency: str, now: datetime) -> Answers:
    """Return every tab that there is, none where no day is closed yet; money of all together in `currency`."""
    async with one_view(pool) as connection:
        version = await _ask(connection, "SELECT to_jsonb(sp_sheet_version(%s))::text", now)
        meta = await _ask(connection, "SELECT sp_sheet_meta(%s, %s)::text", currency, now)
        tabs = [
            await _ask(connection, "SELECT sp_sheet_snapshot(%s, %s, %s)::text", tab["tab"], _of(tab, currency), now)
            for tab in meta["tabs"]
        ]
    return Answers(version=version, meta=meta, tabs=tuple(tabs))


def _of(tab: Mapping[str, Any], currency: str) -> str | None:
    """A marketplace's own tab is in its own currency."""
    return currency if tab["tab"] in ("_ALL", "_daily") else None


async def _ask(connection: Connection, query: LiteralString, *arguments: object) -> Any:
    row = await (await connection.execute(query, arguments)).fetchone()
    assert row is not None
    return json.loads(str(row[0]), parse_float=Decimal)
