"""What is said instead of an answer: a problem (RFC 9457) with a sentence in it."""

import math
from dataclasses import dataclass
from typing import Any

import msgspec
from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response

from chalkola.redaction import without_secrets
from chalkola.surfaces.web.bodies import answered
from chalkola.surfaces.web.guard import note

MEDIA_TYPE = "application/problem+json"


class Problem(BaseModel):
    """Why there is no answer."""

    type: str = "about:blank"
    title: str = Field(description="The status in words.")
    status: int
    detail: str = Field(description="What is wrong, and what to do, in a sentence.")
    code: str = Field(description="The same in a word, for programs.")


_TITLES = {
    400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed",
    422: "Unprocessable Content", 429: "Too Many Requests", 500: "Internal Server Error", 503: "Service Unavailable",
}  # fmt: skip


@dataclass(kw_only=True, eq=False)
class Refused(Exception):
    """A request is not answered. `wait_seconds`: when it may be tried again, where that is known."""

    status: int
    code: str
    detail: str
    wait_seconds: float = 0.0


async def problem(request: Request, said: Refused, **headers: str) -> Response:
    """Return a refusal as an answer."""
    note(request, said.code)
    if said.status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    if said.wait_seconds:
        headers["Retry-After"] = str(math.ceil(said.wait_seconds))
    body: dict[str, Any] = {
        "type": "about:blank", "title": _TITLES.get(said.status, "Error"), "status": said.status,
        "detail": without_secrets(said.detail), "code": said.code,
    }  # fmt: skip
    return await answered(request, msgspec.json.encode(body), MEDIA_TYPE, status=said.status, headers=headers)


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return how the OpenAPI document describes refusals with these statuses."""
    schema = {"schema": {"$ref": "#/components/schemas/Problem"}}
    return {status: {"description": _TITLES[status], "content": {MEDIA_TYPE: schema}} for status in statuses}
