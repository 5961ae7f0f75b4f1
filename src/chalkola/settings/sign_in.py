"""Signing in with Google: what of it is set, and what is lacking."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

GOOGLE = "https://accounts.google.com/.well-known/openid-configuration"

_NEEDED = {
    "GOOGLE_CLIENT_ID": "from Google Cloud Console > APIs & Services > Credentials > OAuth client ID",
    "GOOGLE_CLIENT_SECRET": "beside the client id",
    "ALLOWED_EMAIL_DOMAIN": "the domain of your own addresses, like example.com",
    "SESSION_SECRET": "32 characters or more that nobody can guess; `openssl rand -hex 32` prints some",
}
_SHORTEST_SECRET = 32
_DOMAIN = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]")
_ADDRESS = re.compile(r"[^@\s,]+@[^@\s,]+")
_ANYBODYS = ("gmail.com", "googlemail.com")


@dataclass(frozen=True, kw_only=True)
class SignIn:
    """Everything that signing in needs."""

    client_id: str
    client_secret: str = field(repr=False)
    discovery_url: str
    domains: tuple[str, ...]
    """Of the addresses that are let in; in small letters."""
    session_secret: str = field(repr=False)
    owners: frozenset[str] = frozenset()
    """The addresses that may change settings; in small letters."""


def read_sign_in(
    given: Mapping[str, str], discovery_url: str, problem: Callable[[str], None]
) -> tuple[SignIn | None, tuple[str, ...]]:
    """Return how to sign in, None unless all that it needs is set; and what is lacking where a part of it is."""
    domains, owners = _domains(given, problem), _owners(given, problem)
    secret = given.get("SESSION_SECRET", "")
    if secret and len(secret) < _SHORTEST_SECRET:
        problem(f"SESSION_SECRET has fewer than {_SHORTEST_SECRET} characters. `openssl rand -hex 32` prints some.")
    lacking = [f"{name} is missing: {where}." for name, where in _NEEDED.items() if name not in given]
    if lacking:
        return None, tuple(lacking) if len(lacking) < len(_NEEDED) else ()
    return SignIn(
        client_id=given["GOOGLE_CLIENT_ID"], client_secret=given["GOOGLE_CLIENT_SECRET"], discovery_url=discovery_url,
        domains=domains, session_secret=secret, owners=owners,
    ), ()  # fmt: skip


def _domains(given: Mapping[str, str], problem: Callable[[str], None]) -> tuple[str, ...]:
    found = []
    for typed in _listed(given.get("ALLOWED_EMAIL_DOMAIN", "")):
        domain = typed.removeprefix("@")
        if not _DOMAIN.fullmatch(domain):
            problem(f"ALLOWED_EMAIL_DOMAIN: {typed!r} is no domain like example.com.")
        elif domain in _ANYBODYS:
            problem(f"ALLOWED_EMAIL_DOMAIN: anybody can have an address at {domain}; name a domain of your own.")
        found.append(domain)
    return tuple(found)


def _owners(given: Mapping[str, str], problem: Callable[[str], None]) -> frozenset[str]:
    owners = _listed(given.get("CHALKOLA_OWNERS", ""))
    for owner in owners:
        if not _ADDRESS.fullmatch(owner):
            problem(f"CHALKOLA_OWNERS: {owner!r} is no mail address.")
    return frozenset(owners)


def _listed(typed: str) -> list[str]:
    return [part.strip().lower() for part in typed.split(",") if part.strip()]
