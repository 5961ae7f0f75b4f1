"""The whole application, from its parts."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import msgspec
from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp

from chalkola.clock import Clock
from chalkola.errors import ChalkolaError
from chalkola.store.connection import DatabaseGone
from chalkola.surfaces.screen import plain
from chalkola.surfaces.web import static_files
from chalkola.surfaces.web.api.application import PATH, api
from chalkola.surfaces.web.entry import routes as entry
from chalkola.surfaces.web.entry.door import Door
from chalkola.surfaces.web.guard import Guard, Witness, note
from chalkola.surfaces.web.house import House
from chalkola.surfaces.web.pages.rendering import sorry
from chalkola.surfaces.web.rpc import problems
from chalkola.surfaces.web.rpc.endpoint import Rpc


@dataclass(frozen=True, kw_only=True)
class Parts:
    """What the application is made of. `house` None: no pages, sheets alone. `is_database_there`: asked for each look
    at how the process is."""

    rpc: Rpc
    house: House | None
    clock: Clock
    is_database_there: Callable[[], Awaitable[bool]]
    witness: Witness


def application(parts: Parts) -> ASGIApp:
    """Return the application, guarded."""
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None, exception_handlers=_handlers(parts.house))
    app.router.routes.extend([Route("/health", _health(parts)), *parts.rpc.routes()])
    if parts.house is None:
        return Guard(within=app, witness=parts.witness)
    pages = [route for section in parts.house.sections for route in section.routes]
    app.router.routes.extend([Mount(PATH, api(parts.house)), *static_files.routes(), *entry.routes(), *pages])
    return Guard(within=Door(within=app, house=parts.house), witness=parts.witness)


def _health(parts: Parts) -> Callable[[Request], Awaitable[Response]]:
    """Return what answers how the process is. Without its database it can answer nothing else: that is a 503."""

    async def health(request: Request) -> Response:
        there = await parts.is_database_there()
        said = {
            "status": "ok" if there else "trouble", "now": parts.clock.now(), "database": there,
            "trouble": [] if there else ["The database cannot be reached."],
        }  # fmt: skip
        return Response(msgspec.json.encode(plain(said)), 200 if there else 503, media_type="application/json")

    return health


def _handlers(house: House | None) -> dict[int | type[Exception], Any]:
    """Return what is said where nothing is there, or something went wrong: to people a page, to sheets JSON."""

    async def refused(request: Request, error: HTTPException) -> Response:
        if house is None or request.url.path.startswith("/rest/"):
            return Response(problems.NO_SUCH_PATH.body(), error.status_code, media_type="application/json")
        said = "There is nothing at this address." if error.status_code == 404 else "This is not possible here."
        return await sorry(request, error.status_code, said)

    async def away(request: Request, error: ChalkolaError) -> Response:
        note(request, "database away")
        if house is None or request.url.path.startswith("/rest/"):
            return Response(problems.AWAY.body(), problems.AWAY.status, media_type="application/json")
        return await sorry(request, 503, error.what, "Try again in a minute.")

    async def broken(request: Request, error: Exception) -> Response:
        if house is None or request.url.path.startswith("/rest/"):
            return Response(problems.BROKEN.body(), problems.BROKEN.status, media_type="application/json")
        return await sorry(request, 500, "Something went wrong here.", "The server's log says what.")

    return {HTTPException: refused, DatabaseGone: away, Exception: broken}
