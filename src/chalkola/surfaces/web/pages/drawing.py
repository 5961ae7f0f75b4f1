"""Pages that look the same to everybody: drawn and compressed once for a version of the data, sent with each one's
own filled in.

A template marks what is each one's own as a slot. It cannot reach the person who looks, so nothing of one person
can come to another.
"""

import asyncio
import re
import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from itertools import chain, zip_longest
from typing import Any

from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import Response

from chalkola.store.board.asking import moment, version_of
from chalkola.surfaces.web.deflating import Deflated, deflated, joined
from chalkola.surfaces.web.house import house_of
from chalkola.surfaces.web.pages.rendering import own, rendered, sent, shared

_MARK = secrets.token_hex(16)  # of this process: no text from outside can be taken for a slot
_SLOT = re.compile(rf"{_MARK}-(\w+);")


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """A page without what is each one's own: that comes between its pieces. `beside`: what slots are filled from."""

    pieces: tuple[Deflated, ...]
    slots: tuple[str, ...]
    headers: Mapping[str, str] = field(default_factory=dict)
    beside: Mapping[str, Any] = field(default_factory=dict)


async def draw(
    request: Request,
    template: str,
    *,
    headers: Mapping[str, str] | None = None,
    beside: Mapping[str, Any] | None = None,
    **values: Any,
) -> Drawn:
    """Draw a page, whoever looks. A template finds `values`, `slot(name)` and what `rendering.shared` names."""
    given = {**shared(request), "is_inside": True, "status": 200, "slot": _slot}
    given |= {"csrf": lambda: _slot("csrf"), "who": lambda: _slot("who")}
    parts = _SLOT.split(rendered(template, {**given, **values}))
    # In a thread: a large one takes some hundredths of a second, in which others want their answers.
    pieces = await asyncio.to_thread(lambda: tuple(deflated(part.encode()) for part in parts[::2]))
    return Drawn(
        pieces=pieces, slots=tuple(parts[1::2]), headers=headers or {},
        beside=beside or {},
    )  # fmt: skip


def _slot(name: str) -> Markup:
    return Markup(f"{_MARK}-{name};")


async def once(request: Request, make: Callable[[], Awaitable[Drawn]]) -> Drawn:
    """Return what an address leads to, drawn once for a version of the data and a moment (`asking.moment`)."""
    house = house_of(request)
    is_part = request.headers.get("hx-request-type") == "partial"
    key = (request.url.path, request.url.query, is_part, moment(house.clock.now()))
    return await house.drawn.once(await version_of(house.pool), key, make)


async def filled(request: Request, drawn: Drawn, *, status: int = 200, **slots: str) -> Response:
    """Return a drawn page for the person who looks; `slots` are those that the page has of its own."""
    mine = own(request)
    texts = [(slots[name] if name in slots else str(mine[name]())).encode() for name in drawn.slots]
    parts = chain.from_iterable(zip_longest(drawn.pieces, map(deflated, texts)))
    html = joined(part for part in parts if part is not None)
    return await sent(request, html, status=status, headers=drawn.headers)
