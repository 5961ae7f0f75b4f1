"""The seller accounts, and the one application they have authorised."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from amazon_simulator.marketplaces import Marketplace, marketplace

REGIONS = ("na", "eu", "fe")


@dataclass(frozen=True, kw_only=True, slots=True)
class Account:
    """What one refresh token opens: `refresh_token`, until it is renewed. `key` is the suffix that client settings
    use: NA, EU, FE or a code."""

    key: str
    region: str
    refresh_token: str
    marketplaces: tuple[Marketplace, ...]

    @property
    def codes(self) -> tuple[str, ...]:
        """Return the codes of the marketplaces in which the account sells."""
        return tuple(row.code for row in self.marketplaces)

    def sells_in(self, amazon_id: str) -> bool:
        """Say whether the account participates in a marketplace, by Amazon's id."""
        return any(row.amazon_id == amazon_id for row in self.marketplaces)


@dataclass(frozen=True, kw_only=True, slots=True)
class Application:
    """The application's Login with Amazon credentials."""

    client_id: str
    client_secret: str


def application(seed: int) -> Application:
    """Return the application under a seed, so that a restart knows the same credentials."""
    return Application(
        client_id=f"amzn1.application-oa2-client.{digest(seed, 'client')[:32]}",
        client_secret=f"amzn1.oa2-cs.v1.{digest(seed, 'secret')}",
    )


def accounts(seed: int, codes: Sequence[str], own_accounts: Sequence[str] = ()) -> tuple[Account, ...]:
    """Return one account a region that sells in any of `codes`, and one for each code in `own_accounts`.

    Raises ValueError for an unknown marketplace, or an own account in a marketplace that is not listed.
    """
    sold = {row.code: row for row in map(marketplace, codes)}
    alone = [marketplace(code) for code in own_accounts]
    for row in alone:
        if sold.pop(row.code, None) is None:
            raise ValueError(f"{row.code} cannot be an account of its own: it is not among the marketplaces")
    by_region = {region: tuple(row for row in sold.values() if row.region == region) for region in REGIONS}
    shared = [_account(seed, region.upper(), region, rows) for region, rows in by_region.items() if rows]
    return (*shared, *(_account(seed, row.code, row.region, (row,)) for row in alone))


def digest(seed: int, name: str) -> str:
    """Return 64 hexadecimal letters that depend on the seed and a name."""
    return hashlib.sha256(f"{seed}/{name}".encode()).hexdigest()


def refresh_token(seed: int, key: str, renewals: int = 0) -> str:
    """Return the token that opens an account, after so many renewals."""
    return f"Atzr|IwEBI{digest(seed, f'refresh/{key}/{renewals}' if renewals else f'refresh/{key}')}"


def _account(seed: int, key: str, region: str, rows: tuple[Marketplace, ...]) -> Account:
    return Account(key=key, region=region, refresh_token=refresh_token(seed, key), marketplaces=rows)
