"""Tokens of sheets: a sheet shows one with each question. Its secret is shown once and kept as a digest."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, LiteralString

from chalkola.store.connection import Pool, database_errors
from chalkola.store.database import fetched_as

Kind = Literal["sheet", "api"]


@dataclass(frozen=True, kw_only=True)
class NotLetIn:
    """Why a token does not open. `retry_after_seconds`: when it will; 0 where waiting does not help."""

    code: str
    say: str
    retry_after_seconds: float


@dataclass(frozen=True, kw_only=True)
class SheetToken:
    """A token without its secret. `last_used_at` is exact to the minute; `revoked_at` None: it is valid."""

    id: str
    name: str
    kind: str
    """`sheet` or `api`: what it opens."""
    calls_a_minute: int
    burst: int
    created_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None


async def new_sheet_token(pool: Pool, name: str, now: datetime, *, kind: Kind = "sheet") -> str:
    """Make a token and return it whole, which is never possible again."""
    query: LiteralString = "SELECT sp_new_token(%s, %s, %s)"
    with database_errors():
        async with pool.connection() as connection:
            row = await (await connection.execute(query, (name, kind, now))).fetchone()
    assert row is not None
    return str(row[0])


async def read_sheet_tokens(pool: Pool) -> list[SheetToken]:
    """Return every token that was ever made, the latest first."""
    query: LiteralString = (
        "SELECT id, name, kind, calls_a_minute, burst, created_at, last_used_at, revoked_at FROM sp_sheet_tokens"
        " ORDER BY created_at DESC, id"
    )
    return await fetched_as(pool, SheetToken, query)


async def revoke_sheet_token(pool: Pool, named: str, now: datetime) -> int:
    """Revoke the tokens with this id or name. Return how many were valid until now; 0 when there is none."""
    with database_errors():
        async with pool.connection() as connection:
            row = await (await connection.execute("SELECT sp_revoke_sheet_token(%s, %s)", (named, now))).fetchone()
    return int(row[0]) if row else 0


async def enter_api(pool: Pool, token: str) -> NotLetIn | None:
    """Count a call of the API's against a token. Return why it is not let in; None: it is."""
    with database_errors():
        async with pool.connection() as connection:
            row = await (await connection.execute("SELECT sp_token_enter(%s, 'api')", (token,))).fetchone()
    if row is None or row[0] is None:
        return None
    said = row[0]
    return NotLetIn(code=said["code"], say=said["say"], retry_after_seconds=float(said.get("retry_after", 0)))
