"""Around everything: each answer has its headers, each request its line in the log, and a fault shows nothing."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from chalkola.surfaces.web.addresses import caller, came_by_https

_NOTED = "chalkola.noted"
_WRONG, _GONE, _BROKEN = 400, 499, 500  # 499: whoever asked did not wait for the answer, as nginx writes it
_UNLOGGED = ("/health", "/static/")

HEADERS: Mapping[str, str] = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
}
"""What every answer has unless it says otherwise itself."""
_HTTPS_ONLY = "max-age=31536000"  # a year; not for other names of the domain, which are not ours to decide


@dataclass(frozen=True, kw_only=True)
class Answered:
    """A request that is over. `noted`: what came of it, in a word, where its endpoint said so."""

    method: str
    path: str
    status: int
    noted: str | None
    seconds: float
    size: int
    """Bytes of the answer's body, as sent."""
    address: str


class Witness(Protocol):
    """Where it is told what happens."""

    def answered(self, answered: Answered) -> None:
        """Tell of a request that is over."""

    def broke(self, error: Exception, method: str, path: str) -> None:
        """Tell of an error that nobody foresaw."""


def note(request: Request, what: str) -> None:
    """Say in a word what came of a request, for its line in the log."""
    request.scope[_NOTED] = what


@dataclass(frozen=True, kw_only=True)
class Guard:
    """The application within, guarded."""

    within: ASGIApp
    witness: Witness

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return await self.within(scope, receive, send)
        headers, peer = Headers(scope=scope), (scope.get("client") or ("",))[0]
        is_https = came_by_https(scope["scheme"], peer, headers.get("x-forwarded-proto", ""))
        scope["scheme"] = "https" if is_https else "http"  # in addresses that are made from the request
        answer, began = _Answer(send=send, is_https=is_https), time.monotonic()
        try:
            await self.within(scope, receive, answer)
        except ClientDisconnect:
            answer.status = answer.status or _GONE
        except Exception as error:
            self.witness.broke(error, scope["method"], scope["path"])
            if not answer.status:  # else the application has said so before it came here
                await _SORRY(scope, receive, answer)
        finally:
            if answer.status >= _WRONG or not scope["path"].startswith(_UNLOGGED):
                self.witness.answered(Answered(
                    method=scope["method"], path=scope["path"], status=answer.status or _BROKEN,
                    noted=scope.get(_NOTED), seconds=time.monotonic() - began, size=answer.size,
                    address=caller(peer, headers.get("x-forwarded-for", "")),
                ))  # fmt: skip
        return None


_SORRY = PlainTextResponse("Something went wrong here. The server's log says what.", _BROKEN)


@dataclass(kw_only=True)
class _Answer:
    """Sends an answer on, with our headers on it, and remembers how it went."""

    send: Send
    is_https: bool
    status: int = 0
    size: int = 0

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers.setdefault(name, value)
            if self.is_https:
                headers.setdefault("Strict-Transport-Security", _HTTPS_ONLY)
        elif message["type"] == "http.response.body":
            self.size += len(message.get("body", b""))
        await self.send(message)
