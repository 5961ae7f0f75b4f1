"""/sign-in: to Google, and back with a session; /sign-out: its end."""

import asyncio
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from chalkola.surfaces.web.addresses import caller
from chalkola.surfaces.web.entry import cookies
from chalkola.surfaces.web.entry.google import Away, Unproven
from chalkola.surfaces.web.entry.people import Stranger, judge, way_back
from chalkola.surfaces.web.guard import note
from chalkola.surfaces.web.house import Entry, house_of, person_of
from chalkola.surfaces.web.pace import Pace
from chalkola.surfaces.web.pages.rendering import page, sorry

DONE = "/sign-in/done"
_BACK = "back"


def routes() -> list[Route]:
    """Return the paths. Of one address only so many journeys begin in a minute."""
    pace = Pace(at_once=10, seconds=6)

    async def leave(request: Request) -> Response:
        now = asyncio.get_running_loop().time()  # machine time
        address = _address(request)
        if wait := pace.wait(address, now):
            note(request, "slow down")
            answer = await sorry(
                request, 429, "Too many tries to sign in came from your address.", "Try again in a minute."
            )
            answer.headers["Retry-After"] = str(round(wait) + 1)
            return answer
        pace.take(address, now)
        return await _to_google(request)

    return [
        Route("/sign-in", _ask, methods=["GET"]),
        Route("/sign-in/google", leave, methods=["GET"]),
        Route(DONE, _done, methods=["GET"]),
        Route("/sign-out", _out, methods=["POST"]),
    ]


async def _ask(request: Request) -> Response:
    entry = house_of(request).entry
    back = way_back(request.query_params.get(_BACK, "/"))
    if entry is None or await entry.sessions.whose(cookies.read(request, cookies.SESSION)):
        return RedirectResponse(back, 303)
    return await page(request, "sign_in.html", back=back, domains=entry.sign_in.domains)


async def _to_google(request: Request) -> Response:
    entry = house_of(request).entry
    if entry is None:
        return RedirectResponse("/", 303)
    keeps: dict[str, Any] = {_BACK: way_back(request.query_params.get(_BACK, "/"))}
    try:
        answer = await entry.google.leave(request, str(request.url.replace(path=DONE, query="")), keeps)
    except (Away, Unproven) as error:
        return await _no_answer(request, error)
    kept = cookies.signed(entry.sign_in.session_secret, keeps)
    cookies.write(request, answer, cookies.LOGIN, kept, cookies.LOGIN_TAKES)
    return answer


async def _done(request: Request) -> Response:
    entry = house_of(request).entry
    if entry is None:
        return RedirectResponse("/", 303)
    keeps = cookies.unsigned(entry.sign_in.session_secret, cookies.read(request, cookies.LOGIN))
    try:
        claims = await entry.google.come_back(request, keeps)
    except Away as error:
        return await _no_answer(request, error)
    except Unproven as error:
        answer = await _unproven(request, error)
    else:
        answer = await _judged(request, entry, claims, way_back(str(keeps.get(_BACK, "/"))))
    cookies.forget(request, answer, cookies.LOGIN)
    return answer


async def _judged(request: Request, entry: Entry, claims: Mapping[str, Any], back: str) -> Response:
    judged = judge(claims, entry.sign_in.domains)
    if isinstance(judged, Stranger):
        note(request, judged.word)
        return await sorry(request, 403, judged.why, "Choose another account: /sign-in")
    word = await entry.sessions.begin(judged, str(claims.get("name") or ""))
    note(request, "signed in")
    answer = RedirectResponse(back, 303)
    cookies.write(request, answer, cookies.SESSION, word, entry.sessions.lifetime)
    return answer


async def _out(request: Request) -> Response:
    """End the session. The door has made sure that a page of ours asks for it."""
    answer = RedirectResponse("/sign-in", 303)
    if entry := house_of(request).entry:
        await entry.sessions.end(cookies.read(request, cookies.SESSION), person_of(request))
        answer.headers["Clear-Site-Data"] = '"cache"'
    cookies.forget(request, answer, cookies.SESSION)
    note(request, "signed out")
    return answer


async def _no_answer(request: Request, error: Exception) -> Response:
    note(request, f"Google: {error}")
    return await sorry(
        request, 502, "Google does not answer at this moment.", "Try again in a minute: /sign-in"
    )  # fmt: skip


async def _unproven(request: Request, error: Exception) -> Response:
    note(request, f"unproven: {error}")
    return await sorry(
        request, 403, "This way of signing in was not finished, was begun in another window, or took too long.",
        "Begin again: /sign-in",
    )  # fmt: skip


def _address(request: Request) -> str:
    peer = request.client.host if request.client else ""
    return caller(peer, request.headers.get("x-forwarded-for", ""))
