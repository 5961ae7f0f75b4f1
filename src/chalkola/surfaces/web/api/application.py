"""The API as a whole, to be mounted at `/api/v1`."""

from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp

from chalkola.errors import UsageError
from chalkola.store.board.asking import TooSlow
from chalkola.store.connection import DatabaseGone
from chalkola.surfaces.web.api.entering import DOCUMENT, ApiDoor, away
from chalkola.surfaces.web.api.problems import Problem, Refused, problem
from chalkola.surfaces.web.api.routes import router
from chalkola.surfaces.web.house import House

PATH = "/api/v1"
_ABOUT = (
    "What the pages of Chalkola One show, for programs: read only, from the database, never from Amazon. A token is"
    " made by `chalkola sheets token create NAME --for api`. A share is a fraction, null is not there and never 0,"
    " and money is in the currency beside it."
)


def api(house: House) -> ASGIApp:
    """Return the API, behind its door."""
    app = FastAPI(
        title="Chalkola One", version="1", description=_ABOUT, openapi_url=DOCUMENT, docs_url=None, redoc_url=None,
        exception_handlers=_handlers(),
    )  # fmt: skip
    app.include_router(router)
    plain = app.openapi
    setattr(app, "openapi", lambda: _completed(plain()))  # noqa: B010  as FastAPI's documentation has it
    return ApiDoor(within=app, house=house)


def _completed(document: dict[str, Any]) -> dict[str, Any]:
    """Return the OpenAPI document with what a refusal looks like, and how one shows who one is."""
    components = document.setdefault("components", {})
    components.setdefault("schemas", {})["Problem"] = Problem.model_json_schema()
    components["securitySchemes"] = {
        "token": {"type": "http", "scheme": "bearer", "description": "A token of the API's own: cs_…"},
    }
    document["security"] = [{"token": []}]
    document["servers"] = [{"url": PATH}]
    return document


def _handlers() -> dict[int | type[Exception], Any]:
    async def refused(request: Request, said: Refused) -> Response:
        return await problem(request, said)

    async def wrong(request: Request, error: RequestValidationError) -> Response:
        return await problem(request, Refused(status=422, code="bad_argument", detail=_first(error)))

    async def not_understood(request: Request, error: UsageError) -> Response:
        status, code = (503, "too_slow") if isinstance(error, TooSlow) else (400, "bad_argument")
        return await problem(request, Refused(status=status, code=code, detail=str(error)))

    async def gone(request: Request, error: DatabaseGone) -> Response:
        return await problem(request, away(error))

    async def other(request: Request, error: HTTPException) -> Response:
        code, detail = ("not_found", "There is nothing at this address.")
        if error.status_code == 405:
            code, detail = "method_not_allowed", "The API is only read: use GET."
        said = Refused(status=error.status_code, code=code, detail=detail)
        return await problem(request, said, **dict(error.headers or {}))

    async def broken(request: Request, error: Exception) -> Response:
        detail = "Something went wrong here: the server's log says what."
        return await problem(request, Refused(status=500, code="failed", detail=detail))

    return {
        Refused: refused, RequestValidationError: wrong, UsageError: not_understood, DatabaseGone: gone,
        HTTPException: other, Exception: broken,
    }  # fmt: skip


def _first(error: RequestValidationError) -> str:
    found = error.errors()
    if not found:
        return "The request is not understood."
    where = next((part for part in reversed(found[0]["loc"]) if isinstance(part, str)), "request")
    return f"{where}: {found[0]['msg']}."
