"""What pages are made from, and for whom: reached from a request."""

import hashlib
import hmac
import secrets
from dataclasses import dataclass, field

from starlette.requests import Request
from starlette.routing import Route

from chalkola.clock import Clock
from chalkola.settings import SignIn
from chalkola.store.board.keeping import Kept
from chalkola.store.connection import Pool
from chalkola.surfaces.web.entry.google import Google
from chalkola.surfaces.web.entry.people import Person
from chalkola.surfaces.web.entry.sessions import Sessions

_DRAWN = 1_000  # a page takes ten KB, compressed


@dataclass(frozen=True, kw_only=True)
class Entry:
    """How people come in where they sign in."""

    sign_in: SignIn
    google: Google
    sessions: Sessions


@dataclass(frozen=True, kw_only=True)
class Section:
    """A part of the pages: how the navigation calls it, where it begins, and all its paths."""

    title: str
    path: str
    routes: tuple[Route, ...]


@dataclass(frozen=True, kw_only=True)
class House:
    """What all pages share. `entry` None: only this machine reaches them, and nobody signs in."""

    pool: Pool
    clock: Clock
    sections: tuple[Section, ...]
    entry: Entry | None
    csrf_key: bytes = field(repr=False)
    given: tuple[str, ...] = ()
    """The names of the settings that are set where it runs."""
    drawn: Kept = field(default_factory=lambda: Kept(most=_DRAWN))
    """Pages, by their addresses."""


def open_house(
    pool: Pool, clock: Clock, sections: tuple[Section, ...], sign_in: SignIn | None, given: tuple[str, ...] = ()
) -> House:
    """Return what all pages share."""
    if sign_in is None:
        key = secrets.token_bytes(32)
        return House(pool=pool, clock=clock, sections=sections, entry=None, csrf_key=key, given=given)
    entry = Entry(sign_in=sign_in, google=Google(sign_in=sign_in), sessions=Sessions(pool=pool, sign_in=sign_in))
    key = hmac.digest(sign_in.session_secret.encode(), b"chalkola csrf", hashlib.sha256)
    return House(pool=pool, clock=clock, sections=sections, entry=entry, csrf_key=key, given=given)


def house_of(request: Request) -> House:
    """Return what all pages share."""
    house: House = request.scope["chalkola.house"]
    return house


def person_of(request: Request) -> Person:
    """Return for whom a page is made. The door has let them in."""
    person: Person = request.scope["chalkola.person"]
    return person
