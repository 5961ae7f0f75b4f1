"""How the documents' storage refuses: XML, as Amazon S3's REST errors are."""

from collections.abc import Callable
from datetime import datetime

from aiohttp import web

from amazon_simulator.resets import reset


def storage_error(status: int, code: str, message: str, more: str = "") -> web.Response:
    """Return an error; `more` is XML of its own."""
    text = (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{code}</Code><Message>{message}</Message>{more}'
        "<RequestId>8Q0R5Y2V1N7T3K4M</RequestId><HostId>c2ltdWxhdGVk</HostId></Error>"
    )
    return web.Response(status=status, text=text, content_type="application/xml")


def expired(seconds: str, ends: datetime, now: datetime) -> web.Response:
    """Return what an outdated URL gets."""
    more = (
        f"<X-Amz-Expires>{seconds}</X-Amz-Expires><Expires>{ends:%Y-%m-%dT%H:%M:%SZ}</Expires>"
        f"<ServerTime>{now:%Y-%m-%dT%H:%M:%SZ}</ServerTime>"
    )
    return storage_error(403, "AccessDenied", "Request has expired", more)


ERRORS: dict[str, Callable[[web.Request], web.Response]] = {
    "reset_before": reset,
    "server_error": lambda _: storage_error(500, "InternalError", "We encountered an internal error."),
    "unavailable_html": lambda _: storage_error(503, "SlowDown", "Please reduce your request rate."),
    "throttled": lambda _: storage_error(503, "SlowDown", "Please reduce your request rate."),
    "unauthorized": lambda _: storage_error(403, "AccessDenied", "Access Denied"),
    "token_expired": lambda _: storage_error(403, "AccessDenied", "Access Denied"),
    "access_denied": lambda _: storage_error(403, "AccessDenied", "Access Denied"),
}
