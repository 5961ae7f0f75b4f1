"""Login with Amazon: a refresh token and the application's credentials give an access token for an hour.

Codes: clients/sellingpartner-api-aa-python/auth/LwaExceptionErrorCode.py in amzn/selling-partner-api-models. The
descriptions are those that people met (selling-partner-api-docs#2379, selling-partner-api-models#2542).
"""

import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from amazon_simulator.accounts import Account, Application
from amazon_simulator.standing import Authorisations

LIFETIME = timedelta(hours=1)
_REQUIRED = ("refresh_token", "client_id", "client_secret")


@dataclass(frozen=True, kw_only=True)
class TokenAnswer:
    """What Login with Amazon says."""

    status: int
    body: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Login:
    """Gives and recognises access tokens. They carry their own end, so nothing is kept and a restart knows them."""

    accounts: Sequence[Account]
    authorisations: Authorisations
    application: Application
    now: Callable[[], datetime]

    def token(self, content_type: str, form: Mapping[str, str]) -> TokenAnswer:
        """Answer a token request."""
        if content_type != "application/x-www-form-urlencoded":
            return refused("invalid_request", "The Content-Type header is invalid")
        grant = form.get("grant_type", "")
        if not grant:
            return refused("invalid_request", "The request is missing a required parameter : grant_type")
        if grant != "refresh_token":
            return refused("unsupported_grant_type", f"The grant type {grant} is not supported")
        for name in _REQUIRED:
            if not form.get(name):
                return refused("invalid_request", f"The request is missing a required parameter : {name}")
        if Application(client_id=form["client_id"], client_secret=form["client_secret"]) != self.application:
            return invalid_client()
        account = self.opened_by(form["refresh_token"])
        return invalid_grant() if account is None else self._granted(account)

    def opened_by(self, refresh_token: str) -> Account | None:
        """Return the account that a refresh token opens."""
        key = self.authorisations.opened_by(refresh_token)
        return next((row for row in self.accounts if row.key == key), None)

    def holder(self, access_token: str) -> tuple[Account, bool] | None:
        """Return the account of an access token and whether it is still valid, or None when it was never given."""
        try:
            key, ends, _, seal = _unpack(access_token)
        except ValueError:
            return None
        account = next((row for row in self.accounts if row.key == key), None)
        if account is None or not hmac.compare_digest(seal, self._seal(access_token.rpartition(".")[0])):
            return None
        return account, self.now() < datetime.fromtimestamp(float(ends), UTC)

    def _granted(self, account: Account) -> TokenAnswer:
        ends = (self.now() + LIFETIME).timestamp()
        packed = base64.urlsafe_b64encode(json.dumps([account.key, ends, secrets.token_hex(24)]).encode()).decode()
        unsealed = f"Atza|{packed}"
        body = {
            "access_token": f"{unsealed}.{self._seal(unsealed)}",
            "refresh_token": self.authorisations.token(account.key),
            "token_type": "bearer",
            "expires_in": int(LIFETIME.total_seconds()),
        }
        return TokenAnswer(status=200, body=body)

    def _seal(self, text: str) -> str:
        return hmac.new(self.application.client_secret.encode(), text.encode(), hashlib.sha256).hexdigest()


def refused(error: str, description: str, status: int = 400) -> TokenAnswer:
    """Return an OAuth error."""
    return TokenAnswer(status=status, body={"error": error, "error_description": description})


def invalid_client() -> TokenAnswer:
    """Return the answer to credentials that are not the application's."""
    return refused("invalid_client", "Client authentication failed", 401)


def invalid_grant() -> TokenAnswer:
    """Return the answer to a refresh token that opens nothing."""
    text = "The request has an invalid grant parameter : refresh_token."
    return refused("invalid_grant", f"{text} User may have revoked or didn't grant the permission.")


def _unpack(access_token: str) -> tuple[str, str, str, str]:
    packed, dot, seal = access_token.removeprefix("Atza|").rpartition(".")
    if not dot or not access_token.startswith("Atza|"):
        raise ValueError("not an access token")
    key, ends, nonce = json.loads(base64.urlsafe_b64decode(packed))
    return key, ends, nonce, seal
