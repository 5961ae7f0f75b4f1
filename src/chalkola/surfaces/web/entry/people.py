"""Who somebody is and what they may do, by what Google says of them. Pure."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from chalkola.settings import SignIn


class Role(StrEnum):
    """What a person may do."""

    VIEWER = "viewer"
    """Look."""
    OWNER = "owner"
    """Look, and change settings, tokens and who is signed in."""


@dataclass(frozen=True, kw_only=True)
class Person:
    """Somebody who is let in. `email` is empty for whoever sits at this machine, where nobody signs in."""

    email: str
    name: str
    role: Role

    @property
    def is_owner(self) -> bool:
        """Return whether they may change what others see too."""
        return self.role is Role.OWNER


LOCAL = Person(email="", name="", role=Role.OWNER)
"""Whoever sits at this machine."""


@dataclass(frozen=True, kw_only=True)
class Stranger:
    """Somebody who is not let in, and why: a word for the log, and a sentence for them."""

    word: str
    why: str


def judge(claims: Mapping[str, Any], domains: Collection[str]) -> str | Stranger:
    """Return the address of whoever Google's claims describe, in small letters, or why they are not let in.

    An address is theirs only if Google has verified it, and the domain's only if Google keeps their account for the
    domain (`hd`): anybody can have a Google account of their own that is called by an address of the domain's.
    developers.google.com/identity/openid-connect/openid-connect#an-id-tokens-payload
    """
    email, hosted = claims.get("email"), claims.get("hd")
    if not isinstance(email, str) or claims.get("email_verified") is not True:
        return Stranger(word="unverified", why="Google has not verified the address of this account.")
    name, _, domain = email.lower().rpartition("@")
    allowed = " or ".join(sorted(domains))
    if not name or domain not in domains:
        return Stranger(word="wrong domain", why=f"Only addresses of {allowed} are let in.")
    if not isinstance(hosted, str) or hosted.lower() not in domains:
        return Stranger(
            word="wrong domain", why=f"Only accounts that Google keeps for {allowed} are let in, and this is another."
        )
    return email.lower()


def person(email: str, name: str, sign_in: SignIn) -> Person | None:
    """Return who is signed in under an address by the settings of today; None where they are not let in any more."""
    if email.rpartition("@")[2] not in sign_in.domains:
        return None
    return Person(email=email, name=name, role=Role.OWNER if email in sign_in.owners else Role.VIEWER)


def way_back(asked: str) -> str:
    """Return where to go after signing in: the page that was asked for, if it is one of ours, else the first."""
    is_ours = asked.startswith("/") and asked.isascii() and asked.isprintable() and not {"\\"} & set(asked)
    return asked if is_ours and not asked.startswith(("//", "/sign-")) and len(asked) <= 2000 else "/"
