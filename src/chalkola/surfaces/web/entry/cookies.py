"""What the browser keeps. By https a cookie is bound to this very host: no neighbour of its domain can set it."""

import json
from datetime import timedelta
from typing import Any

from itsdangerous import BadSignature, URLSafeTimedSerializer
from starlette.requests import Request
from starlette.responses import Response

SESSION, LOGIN = "chalkola", "chalkola-login"
LOGIN_TAKES = timedelta(minutes=10)


def read(request: Request, name: str) -> str:
    """Return a cookie; an empty text where there is none."""
    return request.cookies.get(_named(request, name), "")


def write(request: Request, response: Response, name: str, value: str, lifetime: timedelta) -> None:
    """Have the browser keep a cookie. No script can read it, and no other site's form sends it."""
    response.set_cookie(
        _named(request, name), value, max_age=int(lifetime.total_seconds()), path="/", secure=_is_https(request),
        httponly=True, samesite="lax",
    )  # fmt: skip


def forget(request: Request, response: Response, name: str) -> None:
    """Have the browser forget a cookie."""
    response.delete_cookie(
        _named(request, name), path="/", secure=_is_https(request), httponly=True, samesite="lax"
    )  # fmt: skip


def signed(secret: str, what: dict[str, Any]) -> str:
    """Return what a browser may keep and show again, but not change."""
    return _signer(secret).dumps(what)


def unsigned(secret: str, shown: str) -> dict[str, Any]:
    """Return what was signed, nothing where it was not by us or is too old."""
    try:
        what = _signer(secret).loads(shown, max_age=int(LOGIN_TAKES.total_seconds()))
    except BadSignature:
        return {}
    return what if isinstance(what, dict) else {}


def _signer(secret: str) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(secret, salt="chalkola login", serializer=json)


def _is_https(request: Request) -> bool:
    return request.url.scheme == "https"


def _named(request: Request, name: str) -> str:
    return f"__Host-{name}" if _is_https(request) else name
