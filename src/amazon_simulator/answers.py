"""Answers as the Selling Partner API gives them: bodies, errors, headers."""

import json
import uuid
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

# The statuses for which Amazon's models declare x-amzn-RateLimit-Limit (and do not call it withdrawn).
RATE_HEADER_STATUSES = frozenset({200, 202, 204, 400, 404})
_HTML = "<html><head><title>503 Service Temporarily Unavailable</title></head><body><h1>503</h1></body></html>"


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What an operation says."""

    status: int
    body: dict[str, Any] | None = None
    headers: dict[str, str] = field(default_factory=dict)


class Rejection(Exception):
    """A request that Amazon rejects, with the status and the one error its body has."""

    def __init__(
        self, status: int, code: str, message: str, details: str = "", headers: dict[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.answer = Answer(
            status=status,
            body={"errors": [{"code": code, "message": message, "details": details}]},
            headers=headers or {},
        )


def invalid(message: str, details: str = "") -> Rejection:
    """Return a 400: the request cannot be understood."""
    return Rejection(400, "InvalidInput", message, details)


def denied(details: str = "", status: int = 403) -> Rejection:
    """Return a 403 in Amazon's words (bodies: selling-partner-api-docs#2147, #2336)."""
    return Rejection(status, "Unauthorized", "Access to requested resource is denied.", details)


def not_found(details: str) -> Rejection:
    """Return a 404: the account has nothing of that id."""
    return Rejection(404, "NotFound", "The requested resource could not be found.", details)


def throttled(retry_after: int | None = None) -> Rejection:
    """Return a 429 in Amazon's words (selling-partner-api-models#5152); Retry-After is not documented."""
    headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
    message = "You exceeded your quota for the requested resource."
    return Rejection(429, "QuotaExceeded", message, headers=headers)


def server_error() -> Rejection:
    """Return a 500."""
    return Rejection(500, "InternalFailure", "We encountered an internal error. Please try again.")


def response(answer: Answer, rate_per_second: float | None = None) -> web.Response:
    """Return an answer as HTTP, with a request id and, where Amazon has it, the rate."""
    headers = {"x-amzn-RequestId": str(uuid.uuid4()), **answer.headers}
    if rate_per_second is not None and answer.status in RATE_HEADER_STATUSES:
        headers["x-amzn-RateLimit-Limit"] = f"{rate_per_second:g}"
    body = b"" if answer.body is None else json.dumps(answer.body).encode()
    return web.Response(status=answer.status, body=body, headers=headers, content_type="application/json")


def unavailable_page() -> web.Response:
    """Return a 503 as a load balancer gives it: HTML, without Amazon's headers."""
    return web.Response(status=503, text=_HTML, content_type="text/html")
