"""What we know of the accounts: which marketplaces they open, whose login fails, which sources are closed to them."""

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, LiteralString

from psycopg.types.json import Jsonb

from chalkola.clock import Clock
from chalkola.datasets.model import Limits
from chalkola.settings import Account
from chalkola.store.connection import Pool
from chalkola.store.database import fetched

TRY_CLOSED_AGAIN_AFTER = timedelta(days=7)


@dataclass(frozen=True, kw_only=True)
class Remembered:
    """What the Sellers API said last about an account, and the fault of its login if it has one."""

    account: str
    marketplaces: tuple[str, ...]
    seen_at: datetime | None
    fault: str | None
    same_token: bool


class Accounts:
    """The verbs on `sp_accounts`, `sp_sources` and `sp_alerts`."""

    def __init__(self, pool: Pool, clock: Clock) -> None:
        self._pool, self._clock = pool, clock

    async def recall(self, account: Account) -> Remembered | None:
        """Return what is known of an account, None when it was never seen."""
        rows = await self._call(
            "SELECT account, marketplaces, seen_at, fault, token_fingerprint = %s"
            " FROM sp_accounts WHERE account = %s",
            fingerprint(account),
            account.key,
        )
        return next((_remembered(row) for row in rows), None)

    async def opened(self, account: Account, marketplaces: Sequence[str]) -> None:
        """Note the marketplaces (Amazon's ids) that an account opens: its login works."""
        await self._call(
            "INSERT INTO sp_accounts VALUES (%s, %s, %s, %s, NULL, %s) ON CONFLICT (account) DO UPDATE SET"
            " region = excluded.region, marketplaces = excluded.marketplaces, seen_at = excluded.seen_at,"
            " fault = NULL, token_fingerprint = excluded.token_fingerprint RETURNING 1",
            account.key, account.region and account.region.value, list(marketplaces), self._clock.now(),
            fingerprint(account),
        )  # fmt: skip

    async def refused(self, account: Account, fault: str) -> None:
        """Note that an account's login fails, and why."""
        await self._call(
            "INSERT INTO sp_accounts (account, region, fault, token_fingerprint) VALUES (%s, %s, %s, %s)"
            " ON CONFLICT (account) DO UPDATE SET fault = excluded.fault,"
            " token_fingerprint = excluded.token_fingerprint RETURNING 1",
            account.key, account.region and account.region.value, fault, fingerprint(account),
        )  # fmt: skip

    async def close_source(self, account: Account, source: str, reason: str, showed_on: int | None = None) -> None:
        """Close a source for an account: what it was to be asked for ends, with the reason, and so does the pull it
        showed on, ticket or not."""
        await self._call(
            "SELECT sp_close_source(%s, %s, %s, %s, %s, %s)",
            account.key, source, reason, fingerprint(account), showed_on, self._clock.now(),
        )  # fmt: skip

    async def lose_marketplaces(
        self, account: Account, opens: Collection[str], reason: str, showed_on: int | None = None
    ) -> None:
        """Note that an account opens only these marketplaces (Amazon's ids) any more: what was to be asked of others
        ends, with the reason, and so does the pull it showed on, ticket or not."""
        await self._call(
            "SELECT sp_lose_marketplaces(%s, %s, %s, %s, %s)",
            account.key, sorted(opens), reason, showed_on, self._clock.now(),
        )  # fmt: skip

    async def closed_sources(self, accounts: Sequence[Account]) -> set[tuple[str, str]]:
        """Return the (account, source) pairs that are closed. One is tried again with a new refresh token, and once a
        week."""
        rows = await self._call(
            "SELECT account, source, token_fingerprint FROM sp_sources WHERE closed_at > %s",
            self._clock.now() - TRY_CLOSED_AGAIN_AFTER,
        )
        tokens = {account.key: fingerprint(account) for account in accounts}
        return {(row[0], row[1]) for row in rows if tokens.get(row[0]) == row[2]}

    async def limits(self) -> dict[tuple[str, str], Limits]:
        """Return what one question may span where Amazon has refused more, by account and source."""
        rows = await self._call("SELECT account, source, limits FROM sp_sources WHERE limits IS NOT NULL")
        return {(row[0], row[1]): Limits(**row[2]) for row in rows}

    async def learn_limits(self, account: str, source: str, limits: Limits) -> None:
        """Remember what one question of a source may span for an account."""
        await self._call("SELECT sp_learn_limits(%s, %s, %s)", account, source, Jsonb(limits))

    async def alert(self, rule: str, subject: str, message: str) -> None:
        """Raise an alert; one that is open already is brought up to date."""
        await self._call("SELECT sp_raise_alert(%s, %s, %s, %s)", rule, subject, message, self._clock.now())

    async def _call(self, query: LiteralString, *values: object) -> list[tuple[Any, ...]]:
        return await fetched(self._pool, query, values)


def fingerprint(account: Account) -> str:
    """Return what tells that a refresh token has changed, and nothing else about it."""
    return hashlib.blake2b(account.refresh_token.encode(), digest_size=8, person=b"chalkola").hexdigest()


def _remembered(row: tuple[Any, ...]) -> Remembered:
    account, marketplaces, seen_at, fault, same_token = row
    return Remembered(
        account=account,
        marketplaces=tuple(marketplaces),
        seen_at=seen_at,
        fault=fault,
        same_token=bool(same_token),
    )
