"""Around all pages: who is let in, and whose change is made. What is open to everybody is named, nothing else is.

Where nobody signs in, only this machine is to reach us. Then a request that was brought here by a proxy or a tunnel,
or under a name that is not this machine's own (a page that had its name pointed at us), is refused.
"""

from dataclasses import dataclass
from urllib.parse import parse_qs, quote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from chalkola.store.connection import DatabaseGone
from chalkola.surfaces.web.addresses import is_own_name
from chalkola.surfaces.web.bodies import TooLarge, read_body
from chalkola.surfaces.web.entry import cookies, csrf
from chalkola.surfaces.web.entry.people import LOCAL, Person
from chalkola.surfaces.web.guard import note
from chalkola.surfaces.web.house import House
from chalkola.surfaces.web.pages.rendering import sorry

OPEN, OPEN_BELOW = ("/health", "/sign-in", "/favicon.ico"), ("/api/", "/rest/", "/static/", "/sign-in/")
"""Paths at which this door asks nobody who they are: the API has its own, sheets show a token, and what all pages are
drawn with is no secret."""
_LARGEST_FORM = 1_000_000
_FORWARDED = ("x-forwarded-for", "x-forwarded-host", "forwarded", "x-real-ip", "cf-connecting-ip")


@dataclass(frozen=True, kw_only=True)
class Door:
    """The application within, and who may go there."""

    within: ASGIApp
    house: House

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let one request in, or say why not."""
        scope["chalkola.house"] = self.house
        if scope["type"] != "http" or _is_open(scope["path"]):
            return await self.within(scope, receive, send)
        request = Request(scope, receive)
        known = await self._known(request)
        if isinstance(known, Response):
            return await known(scope, receive, send)
        scope["chalkola.person"] = known
        if request.method not in csrf.SAFE:
            body = await self._body_of_ours(request)
            if isinstance(body, Response):
                return await body(scope, receive, send)
            receive = _again(body)
        return await self.within(scope, receive, send)

    async def _known(self, request: Request) -> Person | Response:
        entry = self.house.entry
        if entry is None:
            return LOCAL if is_from_this_machine(request) else await _brought_here(request)
        try:
            person = await entry.sessions.whose(cookies.read(request, cookies.SESSION))
        except DatabaseGone as error:
            note(request, "database away")
            return await sorry(request, 503, error.what, "Try again in a minute.")
        return person or await _to_sign_in(request)

    async def _body_of_ours(self, request: Request) -> bytes | Response:
        """Return the body of a change that a page of ours asks for."""
        own = f"{request.url.scheme}://{request.headers.get('host', '')}"
        if not csrf.is_from_here(own, request.headers.get("origin"), request.headers.get("sec-fetch-site")):
            return await _not_from_here(request)
        try:
            body = await read_body(request, _LARGEST_FORM)
        except (TooLarge, TimeoutError):
            return await sorry(request, 413, "This form is too large, or did not arrive in time.")
        session = cookies.read(request, cookies.SESSION)
        if not csrf.is_ours(self.house.csrf_key, session, _shown(request, body)):
            return await _not_from_here(request)
        return body


def _is_open(path: str) -> bool:
    return path in OPEN or path.startswith(OPEN_BELOW)


def is_from_this_machine(request: Request) -> bool:
    """Return whether a request came from this machine, by a name of its own, and was brought by nobody else."""
    return is_own_name(request.headers.get("host", "")) and not any(name in request.headers for name in _FORWARDED)


async def _brought_here(request: Request) -> Response:
    note(request, "not from this machine")
    return await sorry(
        request, 403, "These pages are for this machine alone, for nobody signs in.",
        "Open them by http://127.0.0.1 or http://localhost. To let others in: docs/serving.md.",
    )  # fmt: skip


async def _to_sign_in(request: Request) -> Response:
    note(request, "not signed in")
    asked = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    way = f"/sign-in?back={quote(asked if request.method == 'GET' else '/', safe='')}"
    if "hx-request" in request.headers:  # a part of a page: the whole page has to go
        return Response(status_code=401, headers={"HX-Redirect": "/sign-in"})
    if request.method not in csrf.SAFE:
        return await sorry(request, 401, "Sign in first.")
    return RedirectResponse(way, 303)


async def _not_from_here(request: Request) -> Response:
    note(request, "csrf")
    return await sorry(
        request, 403, "This change was not asked for by a page of ours.",
        "Go back, load the page again, and try once more.",
    )  # fmt: skip


def _shown(request: Request, body: bytes) -> str:
    if shown := request.headers.get(csrf.HEADER):
        return shown
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/x-www-form-urlencoded":
        return ""
    fields = parse_qs(body.decode("utf-8", "replace"), max_num_fields=1000)
    return fields.get(csrf.FIELD, [""])[0]


def _again(body: bytes) -> Receive:
    """Return what gives a body that has been read once more."""
    given = False

    async def receive() -> Message:
        nonlocal given
        if given:
            return {"type": "http.disconnect"}
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return receive
