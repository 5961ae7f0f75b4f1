"""The role that Data Kiosk's sales and traffic needs: accounts have it or not, and that may change at any time.

Refusals: selling-partner-api-models#5290 (fields), #5296 (denied). Support names the Brand Analytics role.
"""

from collections.abc import Iterable

from amazon_simulator.answers import denied
from amazon_simulator.kiosk.question import KioskQuestion
from amazon_simulator.kiosk.reading import fields_denied

STATES = ("granted", "denied", "fields", "unauthorized")
"""`denied`: 403 for every operation; `fields`: 403 with the fields, for createQuery; `unauthorized`: 401 for all."""


class Roles:
    """Which accounts may use Data Kiosk; those that were never spoken of may."""

    def __init__(self, without: Iterable[str] = (), refusal: str = "denied") -> None:
        self._states: dict[str, str] = {}
        for account in without:
            self.set(account, refusal)

    def set(self, account: str, state: str) -> None:
        """Give an account the role or take it away; raises ValueError for an unknown state."""
        if state not in STATES:
            raise ValueError(f"unknown role state {state!r}; known are {', '.join(STATES)}")
        self._states[account] = state

    def state(self, account: str) -> str:
        """Return an account's state."""
        return self._states.get(account, "granted")

    def check(self, account: str) -> None:
        """Raise the Rejection that an account without the role gets from any operation."""
        match self.state(account):
            case "denied":
                raise denied()
            case "unauthorized":
                raise denied(status=401)

    def check_fields(self, account: str, question: KioskQuestion) -> None:
        """Raise the Rejection that an account without the role gets for a query."""
        if self.state(account) == "fields":
            raise fields_denied(question)
