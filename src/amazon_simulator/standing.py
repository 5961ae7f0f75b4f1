"""What may change at any time: which refresh token opens an account, and where it may sell. A restart forgets it."""

from collections.abc import Sequence
from dataclasses import replace

from amazon_simulator.accounts import Account, refresh_token
from amazon_simulator.marketplaces import marketplace


class Authorisations:
    """The refresh token that opens each account. A seller may withdraw it, and authorise the application anew."""

    def __init__(self, seed: int, accounts: Sequence[Account]) -> None:
        self._seed = seed
        self._tokens: dict[str, str | None] = {account.key: account.refresh_token for account in accounts}
        self._renewals = 0

    def token(self, account: str) -> str | None:
        """Return the token that opens an account; None while there is none."""
        return self._tokens[account]

    def withdraw(self, account: str) -> None:
        """Let no token open an account any more. Access tokens that were given stay good until they end."""
        self._check(account)
        self._tokens[account] = None

    def renew(self, account: str) -> str:
        """Give an account a new token and return it; the one before opens nothing any more."""
        self._check(account)
        self._renewals += 1
        token = refresh_token(self._seed, account, self._renewals)
        self._tokens[account] = token
        return token

    def opened_by(self, token: str) -> str | None:
        """Return the key of the account that a token opens."""
        return next((key for key, known in self._tokens.items() if known == token), None)

    def _check(self, account: str) -> None:
        if account not in self._tokens:
            raise ValueError(f"unknown account {account!r}; known are {', '.join(self._tokens)}")


class Closures:
    """The marketplaces that Amazon has closed to their seller: nothing is answered for them any more."""

    def __init__(self) -> None:
        self._closed: set[str] = set()

    def close(self, code: str) -> None:
        """Close a marketplace; raises ValueError for an unknown code."""
        self._closed.add(marketplace(code).code)

    def reopen(self, code: str) -> None:
        """Open a marketplace again."""
        self._closed.discard(marketplace(code).code)

    def are(self, code: str) -> bool:
        """Say whether a marketplace is closed."""
        return code in self._closed

    def left_of(self, account: Account) -> Account:
        """Return the account with those of its marketplaces that are not closed."""
        if self._closed.isdisjoint(account.codes):
            return account
        return replace(account, marketplaces=tuple(m for m in account.marketplaces if not self.are(m.code)))
