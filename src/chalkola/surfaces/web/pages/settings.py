"""Settings: tokens of sheets and programs, who has access, what is configured, and how fresh all of it is."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

import chalkola
from chalkola.datasets import CATALOG
from chalkola.marketplaces import MARKETPLACES, Marketplace
from chalkola.periods import ONE_DAY
from chalkola.settings import SETTINGS
from chalkola.store.board.coverage import STATE_OF, Strip, read_strips
from chalkola.store.overview import read_past_pulls
from chalkola.store.readers import read_reader_domains
from chalkola.store.sheet_tokens import Kind, new_sheet_token, read_sheet_tokens, revoke_sheet_token
from chalkola.store.web_sessions import read_open_sessions
from chalkola.surfaces import words
from chalkola.surfaces.web.house import House, house_of, person_of
from chalkola.surfaces.web.pages.forms import fields_of, owners_only, who
from chalkola.surfaces.web.pages.rendering import page, sorry

_LONGEST_NAME = 60
_FRESH_WITHIN = timedelta(days=60)
_NUMBER = re.compile(r"\d{1,18}")


@dataclass(frozen=True, kw_only=True)
class _Fresh:
    """The newest closed day of a marketplace; None: none of the last weeks is."""

    place: Marketplace
    closed: date | None


async def _settings(request: Request) -> Response:
    return await _show(request)


async def _show(request: Request, *, made: str = "", name: str = "", wrong: str = "", status: int = 200) -> Response:
    """Return the page; `made` is a new token, which is shown here and never again."""
    house = house_of(request)
    pool, now = house.pool, house.clock.now()
    last, of = await read_past_pulls(pool, 1), CATALOG[0]
    strips = await read_strips(pool, of.name, now.date() - _FRESH_WITHIN, now.date() + ONE_DAY)
    return await page(
        request, "settings.html", status=status, words=words, made=made, name=name, wrong=wrong,
        tokens=await read_sheet_tokens(pool), may_change=person_of(request).is_owner,
        sessions=await read_open_sessions(pool) if house.entry else [], sign_in=house.entry and house.entry.sign_in,
        readers=await read_reader_domains(pool), configured=configured(house), version=chalkola.__version__,
        pulled_at=_pulled_at([one.finished_at for one in last]), fresh=_fresh(strips), of=of,
    )  # fmt: skip


def configured(house: House) -> list[tuple[str, str]]:
    """Return the names of what is set, each with what it means; never a value."""
    meanings = {setting.name.partition("<")[0]: setting.meaning for setting in SETTINGS}
    open_ended = {stem: meaning for stem, meaning in meanings.items() if stem.endswith("_")}
    return [
        (name, meanings.get(name) or next((m for stem, m in open_ended.items() if name.startswith(stem)), ""))
        for name in house.given
    ]


def _pulled_at(ends: Sequence[datetime]) -> datetime | None:
    return max(ends, default=None)


def _fresh(strips: Sequence[Strip]) -> list[_Fresh]:
    by_scope = {strip.scope: strip for strip in strips}
    return [_Fresh(place=m, closed=_newest_closed(by_scope[m.scope])) for m in MARKETPLACES if m.scope in by_scope]


def _newest_closed(strip: Strip) -> date | None:
    closed = "".join(letter for letter, state in STATE_OF.items() if state.is_closed)
    place = max(map(strip.letters.rfind, closed))
    return strip.first + place * ONE_DAY if place >= 0 else None


@owners_only
async def _make_token(request: Request) -> Response:
    """Make a token, and show it once."""
    house = house_of(request)
    fields = await fields_of(request)
    name = " ".join(fields.get("name", "").split())
    kind: Kind = "api" if fields.get("kind") == "api" else "sheet"
    if not name or len(name) > _LONGEST_NAME or not name.isprintable():
        wrong = f"A token's name has 1 to {_LONGEST_NAME} letters that can be printed."
        return await _show(request, wrong=wrong, status=422)
    if any(one.revoked_at is None and name in (one.name, one.id) for one in await read_sheet_tokens(house.pool)):
        return await _show(request, wrong=f"There is a token called {name} already.", status=422)
    made = await new_sheet_token(house.pool, name, house.clock.now(), kind=kind)
    return await _show(request, made=made, name=name)


@owners_only
async def _revoke_token(request: Request) -> Response:
    """Shut out whoever uses a token."""
    house = house_of(request)
    named = (await fields_of(request)).get("id", "")
    tokens = [one for one in await read_sheet_tokens(house.pool) if one.id == named and one.revoked_at is None]
    if not tokens:
        return await sorry(request, 404, "There is no such token, or it was revoked already.")
    await revoke_sheet_token(house.pool, named, house.clock.now())
    return RedirectResponse("/settings#tokens", 303)


@owners_only
async def _end_session(request: Request) -> Response:
    """End somebody's session."""
    entry, number = house_of(request).entry, (await fields_of(request)).get("id", "")
    if entry is None or not _NUMBER.fullmatch(number):
        return await sorry(request, 404, "There is no such session.")
    await entry.sessions.end_by_id(int(number), who(request))
    return RedirectResponse("/settings#access", 303)


ROUTES = (
    Route("/settings", _settings, methods=["GET"]),
    Route("/settings/tokens", _make_token, methods=["POST"]),
    Route("/settings/tokens/revoke", _revoke_token, methods=["POST"]),
    Route("/settings/sessions/end", _end_session, methods=["POST"]),
)
