"""The key of a service account of Google's, and what is wrong with a file that is none."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from chalkola.errors import Fault

SCOPE = "https://www.googleapis.com/auth/spreadsheets"
_WHERE = "Google Cloud > IAM & Admin > Service accounts > your account > Keys > Add key > JSON"
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True, kw_only=True)
class ServiceAccount:
    """Whom a spreadsheet has to be shared with, and the key that proves it is us."""

    email: str
    project: str
    key: Mapping[str, Any] = field(repr=False)

    def credentials(self) -> Any:
        """Return what signs requests, for spreadsheets and nothing else. Raises `Fault` for a damaged key."""
        from google.oauth2.service_account import Credentials  # it takes a while, and other commands do without

        try:
            return Credentials.from_service_account_info(self.key, scopes=[SCOPE])  # type: ignore[no-untyped-call]
        except (ValueError, TypeError) as error:
            raise Fault(
                "The private key in the service account's file is damaged.", remedy=f"Download it anew: {_WHERE}."
            ) from error


def read_service_account(path: Path | None) -> ServiceAccount:
    """Return the account in a file. Raises `Fault` that says what is wrong with it and where the right one is."""
    if path is None:
        raise Fault("GOOGLE_SERVICE_ACCOUNT_FILE is not set.", remedy=f"It names the key's file, from {_WHERE}.")
    named = f"GOOGLE_SERVICE_ACCOUNT_FILE names {path}"
    try:
        key = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise Fault(f"{named}, and there is no such file.", remedy=f"Download it: {_WHERE}.") from error
    except OSError as error:
        raise Fault(f"{named}, which cannot be read.", why=f"{error.strerror}.") from error
    except ValueError as error:
        raise Fault(f"{named}, which is no JSON.", remedy=f"Download the key again: {_WHERE}.") from error
    if wrong := _wrong_with(key):
        raise Fault(f"{named}, which is no key of a service account.", why=wrong, remedy=f"The right one: {_WHERE}.")
    return ServiceAccount(email=key["client_email"], project=key.get("project_id", ""), key=key)


def _wrong_with(key: Any) -> str:
    if not isinstance(key, dict):
        return "It holds no JSON object."
    if "installed" in key or "web" in key:
        return "It is an OAuth client, with which people log in."
    if (kind := key.get("type")) != "service_account":
        return f"Its type is {kind!r} and not 'service_account'."
    lacking = [name for name in ("client_email", "private_key", "token_uri") if not isinstance(key.get(name), str)]
    if lacking:
        return f"It lacks {', '.join(lacking)}."
    address = urlsplit(key["token_uri"])
    if address.scheme != "https" and address.hostname not in _LOOPBACK:
        return "Its token_uri would be asked without encryption."
    return ""
