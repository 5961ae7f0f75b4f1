"""What all pages are drawn with: scripts, styles and pictures of the package. Nothing comes from elsewhere.

Each is asked for with its digest (`/static/app.css?v=…`), so that a browser keeps it for a year and still
has the new one when there is one.
"""

import asyncio
import gzip
import hashlib
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from chalkola.surfaces.web.bodies import takes

_TYPES = {
    "css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8", "svg": "image/svg+xml",
    "png": "image/png", "txt": "text/plain; charset=utf-8",
}  # fmt: skip
_FOR_EVER, _ASK_AGAIN = "public, max-age=31536000, immutable", "public, max-age=0, must-revalidate"
_WORTH_COMPRESSING = 500  # bytes


@dataclass(frozen=True, kw_only=True)
class StaticFile:
    """One file, as it is sent."""

    name: str
    body: bytes = field(repr=False)
    compressed: bytes | None = field(repr=False)
    """None where it is not worth it."""
    version: str

    @property
    def address(self) -> str:
        """Return where a browser finds it."""
        return f"/static/{self.name}?v={self.version}"


@cache
def static_file(name: str) -> StaticFile | None:
    """Return a file, None where there is none of this name."""
    if name not in _names():
        return None
    body = files("chalkola.surfaces.web").joinpath("static", name).read_bytes()
    is_text = name.rpartition(".")[2] in ("css", "js", "svg", "txt") and len(body) >= _WORTH_COMPRESSING
    return StaticFile(
        name=name, body=body, compressed=gzip.compress(body, 9, mtime=0) if is_text else None,
        version=hashlib.sha256(body).hexdigest()[:12],
    )  # fmt: skip


def address(name: str) -> str:
    """Return where a browser finds a file. Raises `LookupError` for one that is not there."""
    found = static_file(name)
    if found is None:
        raise LookupError(name)
    return found.address


@cache
def _names() -> frozenset[str]:
    folder = files("chalkola.surfaces.web").joinpath("static")
    return frozenset(one.name for one in folder.iterdir() if one.name.rpartition(".")[2] in _TYPES)


def routes() -> list[Route]:
    """Return their paths."""
    return [Route("/static/{name}", _answer), Route("/favicon.ico", _icon)]


async def _icon(request: Request) -> Response:
    return await _sent(request, "icon.svg")


async def _answer(request: Request) -> Response:
    return await _sent(request, request.path_params["name"])


async def _sent(request: Request, name: str) -> Response:
    found = await asyncio.to_thread(static_file, name)  # compressing the largest takes a tenth of a second, once
    if found is None:
        return Response("There is no such file.", 404, media_type="text/plain")
    is_exact = request.query_params.get("v") == found.version
    headers = {
        "ETag": f'"{found.version}"', "Vary": "Accept-Encoding",
        "Cache-Control": _FOR_EVER if is_exact else _ASK_AGAIN,
    }  # fmt: skip
    if request.headers.get("if-none-match") == headers["ETag"]:
        return Response(status_code=304, headers=headers)
    body = found.body
    if found.compressed is not None and takes(request, "gzip"):
        body, headers["Content-Encoding"] = found.compressed, "gzip"
    return Response(body, headers=headers, media_type=_TYPES[name.rpartition(".")[2]])
