"""How long a run goes on with an account of which nothing but setbacks comes. Pure, but for what it has noted."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from chalkola.errors import Setback


@dataclass(kw_only=True)
class Patience:
    """Notes what comes of an account's steps. One question that fails may be a matter of its own; where nothing else
    has come of an account for `longest`, the rest of its questions would only take turns in vain."""

    longest: timedelta
    _failing_since: dict[str, datetime] = field(default_factory=dict)

    def note(self, account: str, outcome: object, now: datetime) -> None:
        """Take up what a step has come to; a wait that Amazon's quota imposes says nothing either way."""
        if not isinstance(outcome, Setback):
            self._failing_since.pop(account, None)
        elif not outcome.for_quota:
            self._failing_since.setdefault(account, now)

    def left(self, accounts: Iterable[str], now: datetime) -> list[str]:
        """Return the accounts that are still worth waiting for."""
        return [account for account in accounts if now < self._failing_since.get(account, now) + self.longest]
